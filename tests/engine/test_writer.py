import asyncio
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest

from nodeagent.engine.writer import Writer


@pytest.fixture
async def writer() -> AsyncIterator[Writer]:
    one = Writer(asyncio.get_running_loop(), capacity=3)
    yield one
    assert await asyncio.to_thread(one.close)


@pytest.mark.covers("storage writer")
async def test_jobs_run_in_order_in_one_other_thread_and_answer_on_the_loop(writer: Writer) -> None:
    here = threading.get_ident()
    threads: list[int] = []
    answers: list[object] = []
    finished = asyncio.Event()

    def job(number: int) -> int:
        threads.append(threading.get_ident())
        return number

    def done(result: object) -> None:
        assert threading.get_ident() == here
        answers.append(result)
        if result == 99:
            finished.set()

    for number in range(100):
        writer.submit(lambda n=number: job(n), done)  # type: ignore[misc]
    await asyncio.wait_for(finished.wait(), 10)
    assert answers == list(range(100))
    assert len(set(threads)) == 1
    assert here not in threads


async def test_an_error_is_an_answer_and_the_thread_goes_on(writer: Writer) -> None:
    answers: asyncio.Queue[object] = asyncio.Queue()

    def fail() -> None:
        raise OSError(28, "No space left on device")

    writer.submit(fail, answers.put_nowait)
    writer.submit(lambda: "next", answers.put_nowait)
    assert isinstance(await asyncio.wait_for(answers.get(), 10), OSError)
    assert await asyncio.wait_for(answers.get(), 10) == "next"


async def test_an_error_that_nobody_waits_for_is_told_to_the_loop(writer: Writer) -> None:
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.put_nowait(context))
    writer.submit(lambda: 1 / 0)
    context = await asyncio.wait_for(told.get(), 10)
    assert isinstance(context["exception"], ZeroDivisionError)


@pytest.mark.covers("storage writer")
async def test_only_droppable_jobs_are_not_taken_when_the_disk_hangs(writer: Writer) -> None:
    hanging = threading.Event()
    begun = threading.Event()
    ran: list[int] = []

    def hang() -> None:
        begun.set()
        hanging.wait(20)

    writer.submit(hang)
    assert await asyncio.to_thread(begun.wait, 10)
    assert [writer.submit(lambda n=n: ran.append(n), droppable=n % 2 == 0) for n in range(8)] == [  # type: ignore[misc]
        True,
        True,
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    assert not await asyncio.to_thread(writer.flush, 0.05)
    hanging.set()
    assert await asyncio.to_thread(writer.flush, 10)
    assert ran == [0, 1, 2, 3, 5, 7]


async def test_close_finishes_what_waits() -> None:
    writer = Writer(asyncio.get_running_loop())
    ran: list[int] = []
    for number in range(50):
        writer.submit(lambda n=number: ran.append(n))  # type: ignore[misc]
    assert await asyncio.to_thread(writer.close)
    assert ran == list(range(50))
    with pytest.raises(RuntimeError, match="closed"):
        writer.submit(lambda: None)


def test_the_loop_may_end_first() -> None:
    ran: list[str] = []
    hanging = threading.Event()

    async def begin() -> Writer:
        writer = Writer(asyncio.get_running_loop())
        writer.submit(lambda: hanging.wait(20), lambda _: ran.append("answer"))
        writer.submit(lambda: ran.append("last"))
        return writer

    writer = asyncio.run(begin())
    hanging.set()
    assert writer.close()
    assert ran == ["last"]
