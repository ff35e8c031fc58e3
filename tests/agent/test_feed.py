"""A reader of the event stream that comes back: no line is lost and none comes twice."""

import asyncio

import msgspec
import pytest

from nodeagent.agent.feed import AT_ONCE, GATHERED, RATE, REMEMBERED, Allowance, Feed
from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.states import LogType
from nodeagent.contract.status import NodeStatus
from nodeagent.engine.ports import Refused
from tests.fakes.control import STATUS


class FakeLog:
    """A log on a disk that can be broken, read in pages, and the feed that is told of its lines."""

    def __init__(self, page: int = 500) -> None:
        self.page = page
        self.lines: list[LogLine] = []
        self.broken = False
        self.asked = 0
        self.revision = 1
        self.feed = Feed(self.status, self.after)

    def status(self) -> NodeStatus:
        return msgspec.structs.replace(STATUS, revision=self.revision)

    async def after(self, cursor: int) -> LogPage:
        self.asked += 1
        await asyncio.sleep(0)
        if self.broken:
            raise Refused(503, "log-unreadable", "the log cannot be read now")
        found = tuple(line for line in self.lines if line.cursor > cursor)[: self.page]
        return LogPage(found, found[-1].cursor if found else cursor)

    def write(self, count: int, *, told: bool = True) -> None:
        """Lines come to the disk; `told` False: by an earlier agent, or not told yet."""
        for _ in range(count):
            cursor = self.lines[-1].cursor + 1 if self.lines else 1
            self.lines.append(LogLine(cursor, 1.0, "node1", "", "agent", LogType.INFO, f"line {cursor}"))
            if told:
                self.feed.line_written(self.lines[-1])


async def read(log: FakeLog, after: int, until: int) -> list[int]:
    """Cursors as a console gets them, up to one of them."""
    found: list[int] = []
    async with asyncio.timeout(20):
        async for event in log.feed.read(after):
            found += [line.cursor for line in event.lines]
            if found and found[-1] >= until:
                return found
    raise AssertionError("the stream has ended")


async def test_zero_means_from_now_on() -> None:
    log = FakeLog()
    log.write(10)
    stream = log.feed.read(0)
    assert (await anext(stream)).lines == ()
    log.write(2)
    assert [line.cursor for line in (await anext(stream)).lines] == [11, 12]


async def test_a_reader_gets_what_came_while_it_was_away() -> None:
    log = FakeLog()
    log.write(30)
    assert await read(log, 12, 30) == list(range(13, 31))
    assert log.asked == 0


async def test_what_memory_has_forgotten_comes_from_the_disk() -> None:
    log = FakeLog(page=700)
    log.write(REMEMBERED + 1500)
    assert await read(log, 100, REMEMBERED + 1500) == list(range(101, REMEMBERED + 1501))


async def test_a_new_agent_gives_the_lines_of_the_last_one() -> None:
    log = FakeLog()
    log.write(50, told=False)
    log.write(5)
    assert await read(log, 20, 55) == list(range(21, 56))


async def test_a_reader_that_comes_before_the_first_line_misses_nothing() -> None:
    log = FakeLog()
    log.write(50, told=False)
    stream = log.feed.read(20)
    assert (await anext(stream)).lines == ()
    log.write(1)
    assert [line.cursor for line in (await anext(stream)).lines] == list(range(21, 52))


async def test_a_reader_that_falls_behind_is_served_from_the_disk() -> None:
    log = FakeLog()
    log.write(10)
    stream = log.feed.read(10)
    await anext(stream)
    log.write(REMEMBERED * 2)
    found: list[int] = []
    while len(found) < REMEMBERED * 2:
        found += [line.cursor for line in (await anext(stream)).lines]
    assert found == list(range(11, REMEMBERED * 2 + 11))


async def test_a_page_that_is_ahead_of_the_stream_doubles_nothing() -> None:
    """GET /log may give a line that is on the disk and not yet told."""
    log = FakeLog()
    log.write(10)
    log.write(3, told=False)
    stream = log.feed.read(13)
    assert (await anext(stream)).lines == ()
    for line in log.lines[10:]:
        log.feed.line_written(line)
    log.write(1)
    found = [line.cursor for line in (await anext(stream)).lines]
    assert found == [14]


async def test_a_cursor_of_a_log_that_is_gone_begins_with_the_present_one() -> None:
    log = FakeLog()
    log.write(5)
    assert await read(log, 4000, 5) == [1, 2, 3, 4, 5]


async def test_an_unreadable_disk_costs_only_what_memory_has_not() -> None:
    log = FakeLog()
    log.write(50, told=False)
    log.write(5)
    log.broken = True
    assert await read(log, 20, 55) == [51, 52, 53, 54, 55]


@pytest.mark.parametrize("seed", range(5))
async def test_reconnecting_again_and_again(seed: int) -> None:
    """Each connection lasts for a few messages; the sum is every line once."""
    log = FakeLog(page=40)
    log.write(3)
    page = await log.after(0)
    cursor, found = page.next, [line.cursor for line in page.lines]
    for round in range(8):
        log.write((round * 37 + seed * 11) % 90 + 1)
        stream = log.feed.read(cursor)
        for _ in range((round + seed) % 3 + 1):
            async with asyncio.timeout(20):
                event = await anext(stream)
            found += [line.cursor for line in event.lines]
            cursor = found[-1]
            log.revision += 1
            log.feed.status_changed()
        await stream.aclose()  # type: ignore[attr-defined]
    assert found == list(range(1, found[-1] + 1))
    assert found[-1] == log.lines[-1].cursor


def test_after_quiet_a_few_at_once_then_so_many_a_second() -> None:
    allowance, now = Allowance(1000.0), 1000.0
    waits = []
    for _ in range(60):
        waits.append(allowance.spent(now))
        now += waits[-1]
    assert waits[: AT_ONCE - 1] == [GATHERED] * (AT_ONCE - 1)
    assert waits[-40:] == pytest.approx([1 / RATE] * 40)
    assert (now - 1000.0) * RATE == pytest.approx(60 - AT_ONCE + 1)


def test_the_allowance_comes_back_but_never_adds_up() -> None:
    allowance = Allowance(0.0)
    assert [allowance.spent(3600.0) for _ in range(AT_ONCE)] == pytest.approx([GATHERED] * (AT_ONCE - 1) + [1 / RATE])
    assert allowance.spent(3600.0 + 1 / RATE) == pytest.approx(1 / RATE)
