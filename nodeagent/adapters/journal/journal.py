"""The log of the node as the loop sees it.

A line gets its cursor in memory and is written in a batch by the writer's thread, one batch at a time. It is told
(`on_line`) once it is committed, so that nobody has seen a line that a crash takes back. While the disk does not take
lines, they wait in memory and are told all the same; when too many wait, the verbose ones go first.
"""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path

from nodeagent.adapters.journal.query import Question, read_page
from nodeagent.adapters.journal.records import AuditLine, Limits, Records, is_damage
from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.states import LogType
from nodeagent.durable import wall_time
from nodeagent.engine.writer import Writer

_BATCH = 1000
_RETRY = 1.0
_LONGEST = 4000
_NOT_TAKEN = "the disk does not take the lines of the log"
_DEFAULT_LIMITS = Limits()


class SqliteJournal:
    """Log and audit (engine/ports.Journal). `append`, `audit`, `flush` and `close` are for the loop's thread."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        node_name: Callable[[], str],
        on_line: Callable[[LogLine], None],
        *,
        limits: Limits = _DEFAULT_LIMITS,
        waiting_limit: int = 10_000,
    ) -> None:
        """Opens the file (blocks a moment). `waiting_limit` lines may wait for a disk that does not take them."""
        self._path = path
        self._writer = writer
        self._node_name = node_name
        self._on_line = on_line
        self._records = Records(path, limits)
        self._waiting_limit = waiting_limit
        self._lines: deque[LogLine] = deque()
        self._audits: deque[AuditLine] = deque()
        self._busy = False
        self._closed = False
        self._retry: asyncio.TimerHandle | None = None
        self._settled: list[asyncio.Future[None]] = []
        self._dropped = 0
        self._failure = ""
        self._alarms: list[str] = []
        aside, self._cursor = self._begin()
        self._told = self._cursor
        if aside is not None:
            self._say_damage(aside)

    def append(
        self,
        type: LogType,
        text: str,
        *,
        module: str = "",
        origin: str = "agent",
        cause: str = "",
        output: str = "",
    ) -> LogLine:
        """Give the line its cursor and time, hand it to the writer; never blocks."""
        self._cursor += 1
        said = (_clean(text), _clean(cause), _clean(output))
        line = LogLine(self._cursor, wall_time(), self._node_name(), _clean(module), _clean(origin), type, *said)
        if self._closed:
            return line
        self._lines.append(line)
        if len(self._lines) > self._waiting_limit:
            self._make_room()
        self._write_next()
        return line

    def audit(self, who: str, source: str, command: str, result: str) -> None:
        """One line for a changing command; append-only."""
        if len(self._audits) < self._waiting_limit:
            self._audits.append(AuditLine(wall_time(), *map(_clean, (who, source, command, result))))
        else:
            self._dropped += 1
        self._write_next()

    def query(
        self,
        *,
        after: int = 0,
        module: str = "",
        types: str = "",
        text: str = "",
        since: float = 0.0,
        until: float = 0.0,
        limit: int = 500,
        newest: bool = False,
    ) -> LogPage:
        """Read committed lines, oldest first (`newest`: the last `limit` of them). Blocks: call in a thread."""
        return read_page(self._path, Question(after, module, types, text, since, until, limit, newest))

    def problems(self) -> tuple[str, ...]:
        """What the administrator must know of the log, one sentence each."""
        return (*self._alarms, *((self._failure,) if self._failure else ()))

    async def flush(self) -> None:
        """Until everything appended so far is committed, or the disk has refused it."""
        wanted = self._cursor
        while self._busy or ((self._audits or (self._lines and self._lines[0].cursor <= wanted)) and not self._failure):
            future = asyncio.get_running_loop().create_future()
            self._settled.append(future)
            self._write_next()
            await future

    async def close(self) -> None:
        """Write what waits, give the file back; lines appended later are lost."""
        await self.flush()
        self._closed = True
        if self._retry is not None:
            self._retry.cancel()
        closed = asyncio.get_running_loop().create_future()
        self._writer.submit(self._records.close, closed.set_result)
        await closed

    def _begin(self) -> tuple[Path | None, int]:
        """Where a corrupt file went, and the last cursor; of an unreadable file, the milliseconds since 1970."""
        above_all = int(wall_time() * 1000)
        try:
            return None, self._records.last_cursor()
        except (sqlite3.Error, OSError) as error:
            if not is_damage(error):
                return None, above_all
        with suppress(OSError):  # somebody holds it: every write tries to rename it again
            return self._records.set_aside(), above_all
        return None, above_all

    def _write_next(self) -> None:
        if self._busy or self._closed or self._retry is not None or not (self._lines or self._audits):
            return
        lines = tuple(islice(self._lines, _BATCH))
        audits = tuple(islice(self._audits, _BATCH))
        verbose = not audits and all(line.type is LogType.DEBUG for line in lines)
        job = partial(self._records.write, lines, audits)
        self._busy = self._writer.submit(job, partial(self._written, lines, audits), droppable=verbose)
        if not self._busy:
            self._dropped += len(lines)
            self._forget(lines)
            self._say_failure(_NOT_TAKEN)

    def _written(self, lines: tuple[LogLine, ...], audits: tuple[AuditLine, ...], result: object) -> None:
        self._busy = False
        if isinstance(result, Exception):
            self._retry = asyncio.get_running_loop().call_later(_RETRY, self._try_again)
            self._say_failure(f"the log cannot be written ({result})")
            self._tell(tuple(self._lines))
        else:
            self._forget(lines)
            for _ in audits:
                self._audits.popleft()
            self._tell(lines)
            if isinstance(result, Path):
                self._say_damage(result)
            if self._failure:
                self._say_recovery()
            self._write_next()
        settled, self._settled = self._settled, []
        for future in settled:
            if not future.done():
                future.set_result(None)

    def _try_again(self) -> None:
        self._retry = None
        self._write_next()

    def _forget(self, lines: tuple[LogLine, ...]) -> None:
        """They are on the disk, or dropped; some may have been dropped while they were being written."""
        while lines and self._lines and self._lines[0].cursor <= lines[-1].cursor:
            self._lines.popleft()

    def _tell(self, lines: tuple[LogLine, ...]) -> None:
        for line in lines:
            if line.cursor > self._told:
                self._told = line.cursor
                self._on_line(line)

    def _make_room(self) -> None:
        """A tenth of the room at once: verbose lines, then others that are no error, then the oldest."""
        room = max(1, self._waiting_limit // 10)
        before = len(self._lines)
        for worthless in ((LogType.DEBUG,), (LogType.DEBUG, LogType.INFO, LogType.SCRIPT), tuple(LogType)):
            excess = len(self._lines) - (self._waiting_limit - room)
            if excess <= 0:
                break
            kept: deque[LogLine] = deque()
            for line in self._lines:
                if excess > 0 and line.type in worthless:
                    excess -= 1
                else:
                    kept.append(line)
            self._lines = kept
        self._dropped += before - len(self._lines)
        self._say_failure(_NOT_TAKEN)

    def _say_failure(self, what: str) -> None:
        if not self._failure:
            self._failure = f"{what}: they wait in memory, verbose ones are dropped first; supervision goes on"
            self.append(LogType.CRITICAL, self._failure)

    def _say_recovery(self) -> None:
        dropped = f"{self._dropped} lines were dropped" if self._dropped else "no line was dropped"
        self._failure, self._dropped = "", 0
        self.append(LogType.INFO, f"the log is written again, {dropped}")

    def _say_damage(self, aside: Path) -> None:
        text = f"the log was corrupt: it was renamed to {aside}, a new one begins"
        self._alarms.append(text)
        self.append(LogType.CRITICAL, text)


def _clean(text: str) -> str:
    """Text that every encoder takes, of bearable length."""
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return short.encode("utf-8", "replace").decode()
