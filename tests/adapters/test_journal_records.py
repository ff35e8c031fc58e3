"""Audit, resource history and retention of the journal; what is dropped first while the disk is full."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from nodeagent.adapters.journal import Limits, SqliteJournal, read_audit, read_history
from nodeagent.adapters.journal.backlog import Backlog
from nodeagent.contract.api import LogLine
from nodeagent.contract.record_api import RecordQuery, ResourceChange
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.durable import wall_time
from nodeagent.engine.writer import Writer
from tests.fakes.waiting import until

DAY = 86400.0


class Log:
    """A journal with its writer."""

    def __init__(self, path: Path, limits: Limits | None = None, tidy_every: float = 600.0) -> None:
        self.path = path
        self.writer = Writer(asyncio.get_running_loop())
        self.journal = SqliteJournal(
            path, self.writer, lambda: "n1", lambda line: None, limits=limits or Limits(), tidy_every=tidy_every
        )

    async def close(self) -> None:
        await self.journal.close()
        assert await asyncio.to_thread(self.writer.close)

    def audited(self, **query: object) -> list[str]:
        return [line.command for line in read_audit(self.path, RecordQuery(**query)).lines]  # type: ignore[arg-type]

    def history(self, name: str, **query: object) -> tuple[ResourceChange, ...]:
        return read_history(self.path, "m", name, RecordQuery(**query)).changes  # type: ignore[arg-type]

    def grow_old(self, days: float) -> None:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.execute("DROP TRIGGER audit_is_append_only")
            for table in ("line", "audit", "change"):
                connection.execute(f"UPDATE {table} SET time = time - ?", (days * DAY,))
            connection.commit()

    def counts(self) -> list[int]:
        with closing(sqlite3.connect(self.path)) as connection:
            return [
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("line", "audit", "change")
            ]


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    one = Log(tmp_path / "records.db")
    yield one
    await one.close()


async def test_the_audit_log_is_asked(log: Log) -> None:
    assert read_audit(log.path, RecordQuery()).lines == ()
    before = wall_time()
    for number in range(5):
        log.journal.audit(
            "anna" if number % 2 else "Bert", "10.0.0.1", f"stop web {number}", "ok" if number else "100%"
        )
    await log.journal.flush()
    page = read_audit(log.path, RecordQuery())
    assert [line.cursor for line in page.lines] == [1, 2, 3, 4, 5]
    assert page.next == 5
    assert before - 1 < page.now < wall_time() + 1
    assert log.audited(text="BERT") == ["stop web 0", "stop web 2", "stop web 4"]
    assert log.audited(text="100%") == log.audited(text="web 0") == ["stop web 0"]
    assert log.audited(text="' OR 1=1 --") == []
    assert log.audited(limit=2, newest=True) == ["stop web 3", "stop web 4"]
    assert log.audited(after=3) == ["stop web 3", "stop web 4"]
    second = page.lines[2].time
    assert log.audited(since=second, until=second) == [x.command for x in page.lines if x.time == second]


async def test_the_history_of_a_resource(log: Log) -> None:
    for state in (ResourceState.INIT, ResourceState.UP, ResourceState.DOWN):
        log.journal.resource_changed("m", "tcp.db", state, f"is {state}", 0.25, "checker")
        log.journal.resource_changed("other", "tcp.db", state, "")
    log.journal.resource_changed("m", "custom.x", ResourceState.UP, "odd \udcff")
    await log.journal.flush()
    changes = log.history("tcp.db")
    assert [change.state for change in changes] == ["init", "up", "down"]
    last = changes[-1]
    assert last == ResourceChange(last.cursor, last.time, "m", "tcp.db", ResourceState.DOWN, "is down", 0.25, "checker")
    assert len(log.history("")) == 4
    assert [change.state for change in log.history("tcp.db", text="IS UP")] == ["up"]
    assert log.history("custom.x")[0].detail == "odd ?"


@pytest.mark.covers("records.history_days", "storage age")
async def test_old_records_go_without_a_new_one(tmp_path: Path) -> None:
    log = Log(tmp_path / "records.db", Limits(age=90 * DAY, audit_age=365 * DAY, history_age=30 * DAY), tidy_every=0.05)
    for number in range(9000):
        log.journal.append(LogType.INFO, str(number))
        log.journal.resource_changed("m", "tcp.db", ResourceState.UP, str(number))
    log.journal.audit("anna", "", "stop", "ok")
    await log.journal.flush()
    log.grow_old(40)
    await until(lambda: log.counts() == [9000, 1, 0])
    await log.close()


async def test_the_history_counts_for_the_size(tmp_path: Path) -> None:
    limit = 2 * 1024 * 1024
    log = Log(tmp_path / "records.db", Limits(size=limit))
    for number in range(30_000):
        log.journal.resource_changed("m", "tcp.db", ResourceState.UP, f"{number} " + "x" * 200)
        if number % 1000 == 999:
            await log.journal.flush()
    log.journal.append(LogType.INFO, "the youngest line stays")
    await log.close()
    assert log.path.stat().st_size < 2.5 * limit
    assert log.history("tcp.db", limit=1, newest=True)[0].detail.startswith("29999 ")
    assert log.counts()[0] == 1


async def test_cursors_never_come_twice(tmp_path: Path) -> None:
    for _ in range(2):
        log = Log(tmp_path / "records.db")
        log.journal.audit("anna", "", "stop", "ok")
        await log.journal.flush()
        cursor = read_audit(log.path, RecordQuery()).next
        await log.close()
        with closing(sqlite3.connect(log.path)) as connection:
            connection.execute("DELETE FROM audit")
            connection.commit()
    assert cursor == 2


@pytest.mark.covers("storage verbose first")
def test_what_is_dropped_first() -> None:
    backlog = Backlog(100)

    def add(cursor: int, kind: LogType) -> bool:
        return backlog.add(LogLine(cursor, 0.0, "n", "", "a", kind, "x"))

    mixed = (LogType.ERROR, LogType.INFO, LogType.SCRIPT, LogType.DEBUG)
    assert all(add(number, mixed[number % 4]) for number in range(100))
    assert backlog.dropped == 0
    assert not add(100, LogType.CRITICAL)
    assert backlog.dropped == 11
    assert next(line.cursor for line in backlog.lines if line.type is LogType.DEBUG) == 47, "the oldest go"
    vanished: list[LogType] = []
    for number in range(101, 400):
        add(number, LogType.CRITICAL)
        left = {line.type for line in backlog.lines}
        vanished += [kind for kind in mixed if kind not in left and kind not in vanished]
    assert vanished == [LogType.DEBUG, LogType.SCRIPT, LogType.INFO, LogType.ERROR]
    assert len(backlog.lines) + backlog.dropped == 400


STORY = """
import asyncio, subprocess, sys
from pathlib import Path
from nodeagent.adapters.journal import SqliteJournal
from nodeagent.contract.states import LogType
from nodeagent.engine.writer import Writer

async def main(place):
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place], check=True)
    told = []
    writer = Writer(asyncio.get_running_loop())
    journal = SqliteJournal(Path(place) / "records.db", writer, lambda: "n1", told.append, waiting_limit=2000)
    for number in range(6000):
        kind = (LogType.DEBUG, LogType.SCRIPT, LogType.INFO, LogType.ERROR)[number % 4]
        journal.append(kind, f"line {number} " + "x" * 600)
        if number % 200 == 199:  # nothing waits until the disk is full
            await (asyncio.sleep(0.01) if journal.problems() else journal.flush())
    assert "supervision goes on" in journal.problems()[0]
    subprocess.run(["mount", "-o", "remount,size=64m", place], check=True)
    while journal.problems():
        await asyncio.sleep(0.05)
    await journal.flush()
    lines = (await asyncio.to_thread(lambda: journal.query(limit=100000))).lines
    kept = [line for line in lines if line.text.startswith("line ")]
    said = next(line.text for line in lines if "written again" in line.text)
    lost = 6000 - len(kept)
    assert f"{lost} lines were dropped" in said, (lost, said)
    assert sum(line.type is LogType.ERROR for line in kept) == 1500
    # Only what came after the first lost line has waited: before it the disk took all kinds alike.
    waited = [line for place, line in enumerate(kept) if line.text.split()[1] != str(place)]
    count = {kind: sum(line.type is kind for line in waited) for kind in LogType}
    assert count[LogType.DEBUG] <= count[LogType.SCRIPT] <= count[LogType.INFO], count
    assert count[LogType.DEBUG] < count[LogType.INFO], count
    await journal.close()
    writer.close()
    print("told to the end")

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.covers("storage disk full")
@pytest.mark.skipif(
    sys.platform == "win32" or not shutil.which("unshare") or os.geteuid() != 0,
    reason="only root on Linux may mount a disk in a namespace of its own",
)
def test_a_disk_of_one_megabyte(tmp_path: Path) -> None:
    command = ["unshare", "--mount", "--propagation", "private", sys.executable, "-c", STORY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, timeout=90, check=False, cwd=Path(__file__).parents[2])
    assert done.stdout == b"told to the end\n", done.stderr.decode()
