"""Calls that wait for a wake-up of somebody else."""

import asyncio
import time
from collections.abc import Callable

from nodeagent.engine.leisure import Leisure
from tests.fakes.waiting import until


def noted(done: list[str], word: str) -> Callable[[], None]:
    return lambda: done.append(word)


async def test_what_is_due_comes_with_the_next_wake_up_each_once() -> None:
    leisure, done, now = Leisure(), list[str](), asyncio.get_running_loop().time()
    leisure.call_at(now + 1000, noted(done, "second"), 3600)
    leisure.call_at(now + 500, noted(done, "first"), 3600)
    leisure.call_at(now + 2000, noted(done, "third"), 3600)
    leisure.woken(now + 499)
    assert done == []
    leisure.woken(now + 500)
    assert done == ["first"]
    leisure.woken(now + 1500)
    leisure.woken(now + 1500)
    assert done == ["first", "second"]
    leisure.woken(now + 2000)
    assert done == ["first", "second", "third"]


async def test_nobody_wakes_up_and_it_comes_all_the_same() -> None:
    leisure, done, loop = Leisure(), list[str](), asyncio.get_running_loop()
    due = loop.time() + 0.05
    leisure.call_at(due, noted(done, "late"), 0.05)
    await until(lambda: bool(done))
    assert loop.time() >= due + 0.05
    leisure.woken(due + 1)
    assert done == ["late"]


async def test_what_was_cancelled_never_comes() -> None:
    leisure, done, now = Leisure(), list[str](), asyncio.get_running_loop().time()
    by_itself = leisure.call_at(now, noted(done, "by itself"), 0.01)
    woken = leisure.call_at(now, noted(done, "woken"), 3600)
    leisure.call_at(now, noted(done, "stays"), 3600)
    by_itself.cancel()
    woken.cancel()
    await asyncio.sleep(0.05)
    leisure.woken(now)
    assert done == ["stays"]


async def test_a_call_may_ask_for_the_next_one_or_cancel_a_neighbour() -> None:
    leisure, done, now = Leisure(), list[str](), asyncio.get_running_loop().time()
    neighbours = []

    def first_of_two() -> None:
        done.append("one")
        for neighbour in neighbours:
            neighbour.cancel()
        leisure.call_at(now, noted(done, "again"), 3600)

    neighbours += [leisure.call_at(now, first_of_two, 3600), leisure.call_at(now, first_of_two, 3600)]
    leisure.woken(now)
    assert done == ["one"]
    leisure.woken(now)
    assert done == ["one", "again"]


async def test_a_sleeper_is_woken_or_cancelled() -> None:
    leisure, slept = Leisure(), list[float]()

    async def sleeper(seconds: float) -> None:
        began = time.monotonic()
        await leisure.sleep(seconds, 3600)
        slept.append(time.monotonic() - began)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sleeper(0.05))
        forever = tasks.create_task(sleeper(3600))
        while not slept:
            await asyncio.sleep(0.01)
            leisure.woken(asyncio.get_running_loop().time())
        forever.cancel()
    assert slept[0] >= 0.05
