"""The log of the node as the loop sees it.

A line gets its cursor in memory and is written in a batch by the writer's thread, one batch at a time. It is told
(`on_line`) once it is committed, so that nobody has seen a line that a crash takes back. While the disk does not take
lines, they wait in memory and are told all the same; when too many wait, the verbose ones go first.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from nodeagent.adapters.journal.backlog import Backlog, Batch
from nodeagent.adapters.journal.query import Question, read_page
from nodeagent.adapters.journal.records import Limits, Records, is_damage
from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.record_api import AuditLine, ResourceChange
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.durable import wall_time
from nodeagent.engine.writer import Writer

_RETRY = 1.0
_TIDY, _TIDY_ON = 600.0, 1.0
"""Seconds until old records are looked for again; the same while the last look has not found them all."""
_LONGEST = 4000
_NOT_TAKEN = "the disk does not take the lines of the log"
_DEFAULT_LIMITS = Limits()


class SqliteJournal:
    """Log, audit and resource history (engine/ports.Journal). Except for `query`, for the loop's thread."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        node_name: Callable[[], str],
        on_line: Callable[[LogLine], None],
        *,
        limits: Limits = _DEFAULT_LIMITS,
        waiting_limit: int = 10_000,
        tidy_every: float = _TIDY,
    ) -> None:
        """Opens the file (blocks a moment). `waiting_limit` lines may wait for a disk that does not take them."""
        self._path = path
        self._writer = writer
        self._node_name = node_name
        self._on_line = on_line
        self._records = Records(path, limits)
        self._backlog = Backlog(waiting_limit)
        self._busy = False
        self._closed = False
        self._retry: asyncio.TimerHandle | None = None
        self._settled: list[asyncio.Future[None]] = []
        self._failure = ""
        self._alarms: list[str] = []
        aside, self._cursor = self._begin()
        self._told = self._cursor
        if aside is not None:
            self._say_damage(aside)
        self._tidy_every = tidy_every
        self._tidying = asyncio.get_running_loop().call_later(tidy_every, self._tidy)

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
        if not self._backlog.add(line):
            self._say_failure(_NOT_TAKEN)
        self._write_next()
        return line

    def audit(self, who: str, source: str, command: str, result: str) -> None:
        """One line for a changing command; append-only."""
        self._backlog.add_audit(AuditLine(0, wall_time(), *map(_clean, (who, source, command, result))))
        self._write_next()

    def resource_changed(
        self, module: str, name: str, state: ResourceState, detail: str, took: float = 0.0, by: str = ""
    ) -> None:
        """A resource took another state (or the same for another reason): one line of its history."""
        words = (_clean(module), _clean(name), state, _clean(detail), took, _clean(by))
        self._backlog.add_change(ResourceChange(0, wall_time(), *words))
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
        while self._busy or (self._backlog.waits(wanted) and not self._failure):
            future = asyncio.get_running_loop().create_future()
            self._settled.append(future)
            self._write_next()
            await future

    async def close(self) -> None:
        """Write what waits, give the file back; lines appended later are lost."""
        await self.flush()
        self._closed = True
        self._tidying.cancel()
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
        if self._busy or self._closed or self._retry is not None:
            return
        batch = self._backlog.next()
        if not batch:
            return
        job, done = partial(self._records.write, batch), partial(self._written, batch)
        self._busy = self._writer.submit(job, done, droppable=batch.verbose)
        if not self._busy:
            self._backlog.dropped += len(batch)
            self._backlog.forget(batch)
            self._say_failure(_NOT_TAKEN)

    def _written(self, batch: Batch, result: object) -> None:
        self._busy = False
        if isinstance(result, Exception):
            self._retry = asyncio.get_running_loop().call_later(_RETRY, self._try_again)
            self._say_failure(f"the log cannot be written ({result})")
            self._tell(tuple(self._backlog.lines))
        else:
            self._backlog.forget(batch)
            self._tell(batch.lines)
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

    def _tidy(self) -> None:
        """Records grow old while nothing is written, too."""
        self._writer.submit(self._records.tidy, self._tidied)

    def _tidied(self, more: object) -> None:
        """What went wrong there, the next write meets, too."""
        if not self._closed:
            after = _TIDY_ON if more is True else self._tidy_every
            self._tidying = asyncio.get_running_loop().call_later(after, self._tidy)

    def _tell(self, lines: tuple[LogLine, ...]) -> None:
        for line in lines:
            if line.cursor > self._told:
                self._told = line.cursor
                self._on_line(line)

    def _say_failure(self, what: str) -> None:
        if not self._failure:
            self._failure = f"{what}: they wait in memory, verbose ones are dropped first; supervision goes on"
            self.append(LogType.CRITICAL, self._failure)

    def _say_recovery(self) -> None:
        lost = self._backlog.dropped
        dropped = f"{lost} lines were dropped" if lost else "no line was dropped"
        self._failure, self._backlog.dropped = "", 0
        self.append(LogType.INFO, f"the log is written again, {dropped}")

    def _say_damage(self, aside: Path) -> None:
        text = f"the log was corrupt: it was renamed to {aside}, a new one begins"
        self._alarms.append(text)
        self.append(LogType.CRITICAL, text)


def _clean(text: str) -> str:
    """Text that every encoder takes, of bearable length."""
    short = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return short.encode("utf-8", "replace").decode()
