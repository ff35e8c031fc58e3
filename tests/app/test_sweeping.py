"""No worker thread ever collects what belongs to the window."""

import asyncio
import gc
import sys
import threading
import weakref

from app.sweeping import OLDEST, due, sweep


class FakeWidget:
    """Only a collector can end it: it refers to itself. Tells in which thread that was."""

    def __init__(self, ended_in: list[threading.Thread]) -> None:
        self.itself = self
        weakref.finalize(self, lambda: ended_in.append(threading.current_thread()))


def make_garbage() -> list[list[object]]:
    """Enough of what is kept for a collection or two of an ordinary interpreter."""
    return [[] for _ in range(20_000)]


async def test_a_worker_leaves_it_to_the_loop() -> None:
    gc.enable()
    gc.collect()
    ended_in: list[threading.Thread] = []
    async with asyncio.TaskGroup() as group:
        sweeping = group.create_task(sweep())
        await asyncio.sleep(0)
        assert not gc.isenabled()
        FakeWidget(ended_in)
        kept = await asyncio.to_thread(make_garbage)
        assert ended_in == []
        async with asyncio.timeout(60):
            while not ended_in:
                await asyncio.sleep(0.01)
        assert ended_in == [threading.current_thread()]
        assert kept
        sweeping.cancel()
    assert gc.isenabled()


async def test_without_it_the_worker_collects() -> None:
    """What the test before proves would not be worth a test otherwise."""
    gc.enable()
    gc.collect()
    ended_in: list[threading.Thread] = []
    FakeWidget(ended_in)
    await asyncio.to_thread(make_garbage)
    assert ended_in
    assert ended_in[0] is not threading.current_thread()


def test_what_is_kept_is_looked_through_again_only_after_growth() -> None:
    """A log of a million lines takes a second to look through: not every minute, for nothing."""
    gc.disable()
    try:
        gc.collect()
        for _ in range(gc.get_threshold()[2] + 1):
            gc.collect(1)
        allocated = sys.getallocatedblocks()
        assert due(allocated / 2) == OLDEST
        assert due(allocated * 2) is None
        kept = make_garbage()
        assert due(allocated * 2) == 0
        gc.collect(OLDEST)
        assert due(0) is None
        assert kept
    finally:
        gc.enable()
