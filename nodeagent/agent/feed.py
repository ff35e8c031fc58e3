"""What readers of the event stream get: the latest status, and log lines as they come."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from time import monotonic

import msgspec

from nodeagent.contract.api import Event, LogLine, LogPage
from nodeagent.contract.status import NodeStatus
from nodeagent.engine.ports import Refused

RATE = 10.0
"""Messages a second to one reader, in the long run."""

AT_ONCE = 5
"""Messages that do not wait for their turn after a quiet time: a change is seen when it happens."""

GATHERED = 0.02
"""Seconds between two messages in any case: what happens within them comes together."""

REMEMBERED = 2000
"""Log lines kept in memory for readers that fall behind; what is older they read from the log."""


class Allowance:
    """What one reader may still be told at once; it grows with time, up to `AT_ONCE`. Times in seconds."""

    def __init__(self, now: float) -> None:
        self._left, self._at = float(AT_ONCE), now

    def spent(self, now: float) -> float:
        """A message goes out now; how long the next has to wait."""
        self._left = min(AT_ONCE, self._left + (now - self._at) * RATE) - 1
        self._at = now
        return max(GATHERED, (1 - self._left) / RATE)


class Feed:
    """Wakes its readers when the status changed or a line was written.

    `log_after` reads a page of the log from the disk: what is older than the lines remembered here.
    """

    def __init__(self, status: Callable[[], NodeStatus], log_after: Callable[[int], Awaitable[LogPage]]) -> None:
        self._status, self._log_after = status, log_after
        self._lines: deque[LogLine] = deque(maxlen=REMEMBERED)
        self._changed = asyncio.Event()

    def status_changed(self) -> None:
        """The snapshot has a new revision."""
        self._wake()

    def line_written(self, line: LogLine) -> None:
        """A line is in the log."""
        self._lines.append(line)
        self._wake()

    async def changed(self) -> None:
        """Wait for the next change of anything."""
        await self._changed.wait()

    async def read(self, after: int) -> AsyncIterator[Event]:
        """The status at once and whenever its revision changed, with the lines after this cursor (0: from now on).

        No line is left out and none comes twice, however long the reader was away. A cursor that the log has not
        reached is one of a log that is gone: then the lines of the present one come.
        """
        cursor, told = await self._place(after), -1
        allowance = Allowance(monotonic())
        while True:
            waiting = self._changed
            lines, more = await self._lines_after(cursor)
            cursor = lines[-1].cursor if lines else cursor
            status = self._status()
            if status.revision != told or lines:
                fresh = msgspec.Raw(msgspec.json.encode(status)) if status.revision != told else msgspec.UNSET
                told = status.revision
                yield Event(fresh, lines)
                await asyncio.sleep(allowance.spent(monotonic()))
            if not more:
                await waiting.wait()

    async def _place(self, after: int) -> int:
        """The cursor to begin at."""
        newest = self._lines[-1].cursor if self._lines else 0
        if after <= newest:
            return after or newest
        with suppress(Refused):
            known = await self._log_after(after - 1)
            return after if known.lines else 0
        return after

    async def _lines_after(self, cursor: int) -> tuple[tuple[LogLine, ...], bool]:
        """The next lines, and whether there are more of them already."""
        older: tuple[LogLine, ...] = ()
        if cursor and self._lines and self._lines[0].cursor > cursor + 1:
            with suppress(Refused):  # The disk does not give them; what is remembered is still told.
                older = (await self._log_after(cursor)).lines
        if older and older[-1].cursor < self._lines[0].cursor - 1:
            return older, True
        last = older[-1].cursor if older else cursor
        return (*older, *(line for line in self._lines if line.cursor > last)), False

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
