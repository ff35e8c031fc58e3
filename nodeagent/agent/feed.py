"""What readers of the event stream get: the latest status, and log lines as they come."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable

import msgspec

from nodeagent.contract.api import Event, LogLine
from nodeagent.contract.status import NodeStatus

PACE = 0.1
"""Seconds between two messages to one reader: at most 10 a second."""

REMEMBERED = 2000
"""Log lines kept in memory for readers that fall behind; what is older they read from the log."""


class Feed:
    """Wakes its readers when the status changed or a line was written."""

    def __init__(self, status: Callable[[], NodeStatus]) -> None:
        self._status = status
        self._lines: deque[LogLine] = deque(maxlen=REMEMBERED)
        self._changed = asyncio.Event()

    def status_changed(self) -> None:
        """The snapshot has a new revision."""
        self._wake()

    def line_written(self, line: LogLine) -> None:
        """A line of the log is on its way to the disk."""
        self._lines.append(line)
        self._wake()

    async def changed(self) -> None:
        """Wait for the next change of anything."""
        await self._changed.wait()

    async def read(self, after: int) -> AsyncIterator[Event]:
        """The status at once and whenever its revision changed, with the lines after this cursor (0: from now on)."""
        cursor = after or (self._lines[-1].cursor if self._lines else 0)
        told = -1
        while True:
            waiting = self._changed
            status = self._status()
            lines = tuple(line for line in self._lines if line.cursor > cursor)
            cursor = lines[-1].cursor if lines else cursor
            if status.revision != told or lines:
                fresh = msgspec.Raw(msgspec.json.encode(status)) if status.revision != told else msgspec.UNSET
                told = status.revision
                yield Event(fresh, lines)
            await asyncio.sleep(PACE)
            await waiting.wait()

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
