import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from nodeagent.adapters.journal import Limits, SqliteJournal
from nodeagent.adapters.journal.query import Question, read_page
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from nodeagent.durable import wall_time
from nodeagent.engine.ports import Refused
from nodeagent.engine.writer import Writer

DAY = 86400.0


class Log:
    """A journal with its writer, and the lines it told."""

    def __init__(self, path: Path, limits: Limits | None = None, waiting_limit: int = 10_000) -> None:
        self.path = path
        self.told: list[LogLine] = []
        self.writer = Writer(asyncio.get_running_loop())
        self.journal = SqliteJournal(
            path, self.writer, lambda: "n1", self.told.append, limits=limits or Limits(), waiting_limit=waiting_limit
        )

    async def close(self) -> None:
        await self.journal.close()
        assert await asyncio.to_thread(self.writer.close)

    def texts(self, **query: object) -> list[str]:
        return [line.text for line in self.journal.query(**query).lines]  # type: ignore[arg-type]

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()


@pytest.fixture
async def log(tmp_path: Path) -> AsyncIterator[Log]:
    one = Log(tmp_path / "var" / "records.db")
    yield one
    await one.close()


def contents(directory: Path, pattern: str) -> list[bytes]:
    return [file.read_bytes() for file in directory.glob(pattern)]


async def eventually(condition: object) -> None:
    assert callable(condition)
    deadline = asyncio.get_running_loop().time() + 20
    while not condition():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


@pytest.mark.covers("storage log line")
async def test_lines_are_told_once_they_are_committed(log: Log) -> None:
    for number in range(2500):
        line = log.journal.append(LogType.INFO, f"line {number}", module="m", origin="life", cause="c", output="o")
    assert log.told == []
    await log.journal.flush()
    assert [told.cursor for told in log.told] == list(range(1, 2501))
    page = log.journal.query(after=2499)
    assert page.lines == (line,)
    assert page.next == 2500
    assert line == LogLine(2500, line.time, "n1", "m", "life", LogType.INFO, "line 2499", "c", "o")
    assert abs(line.time - wall_time()) < 60


async def test_cursors_go_on_after_a_restart(tmp_path: Path) -> None:
    for first in (1, 3, 5):
        log = Log(tmp_path / "records.db")
        assert log.journal.append(LogType.INFO, "a").cursor == first
        log.journal.append(LogType.INFO, "b")
        await log.close()
        assert [line.cursor for line in log.told] == [first, first + 1]


async def test_queries(log: Log) -> None:
    log.journal.append(LogType.INFO, "Start of Café", module="shop")
    log.journal.append(LogType.ERROR, "100% of a_b gone", module="shop")
    log.journal.append(LogType.DEBUG, "100 of aXb", module="mail")
    log.journal.append(LogType.USER, "started", module="mail")
    await log.journal.flush()
    everything = log.texts()
    assert everything == ["Start of Café", "100% of a_b gone", "100 of aXb", "started"]
    assert log.texts(module="mail") == everything[2:]
    assert log.texts(types="eU") == ["100% of a_b gone", "started"]
    assert log.texts(types="X") == []
    assert log.texts(text="START") == ["Start of Café", "started"]
    assert log.texts(text="CAFÉ") == ["Start of Café"]
    assert log.texts(text="100%") == log.texts(text="a_b") == ["100% of a_b gone"]
    assert log.texts(text="'; DROP TABLE line; --") == []
    assert log.texts(limit=2) == everything[:2]
    assert log.texts(limit=2, newest=True) == everything[2:]
    assert log.texts(after=3) == ["started"]
    assert log.journal.query(after=99).next == 99
    second = log.told[1].time
    assert log.texts(since=second) == [line.text for line in log.told if line.time >= second]
    assert log.texts(until=second) == [line.text for line in log.told if line.time <= second]
    assert log.texts(since=wall_time() + DAY) == []


def test_a_query_needs_no_file(tmp_path: Path) -> None:
    page = read_page(tmp_path / "records.db", Question(after=7))
    assert page.lines == ()
    assert page.next == 7
    assert list(tmp_path.iterdir()) == []


async def test_audit_is_append_only(log: Log) -> None:
    log.journal.audit("anna", "10.0.0.1", "stop m", "accepted")
    await log.journal.flush()
    assert log.rows("SELECT who, source, command, result FROM audit") == [("anna", "10.0.0.1", "stop m", "accepted")]
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        log.rows("UPDATE audit SET who = 'bert'")


async def test_odd_text_is_kept_readable(log: Log) -> None:
    log.journal.append(LogType.SCRIPT, "bad \udcff byte", origin="\udc80")
    log.journal.append(LogType.SCRIPT, "x" * 10_000)
    log.journal.audit("a\udcff", "", "", "")
    await log.journal.flush()
    assert log.texts()[0] == "bad ? byte"
    assert len(log.texts()[1]) == 4000
    assert log.journal.problems() == ()


@pytest.mark.covers("records.log_days", "records.audit_days", "storage age")
async def test_bounded_by_age(tmp_path: Path) -> None:
    log = Log(tmp_path / "records.db")
    log.journal.append(LogType.INFO, "old")
    log.journal.audit("old", "", "", "")
    log.journal.audit("very old", "", "", "")
    await log.close()
    log.rows("SELECT 1")
    with closing(sqlite3.connect(log.path)) as connection:
        connection.execute("DROP TRIGGER audit_is_append_only")
        connection.execute("UPDATE line SET time = time - ?", (91 * DAY,))
        connection.execute("UPDATE audit SET time = time - ?", (91 * DAY,))
        connection.execute("UPDATE audit SET time = time - ? WHERE who = 'very old'", (310 * DAY,))
        connection.commit()
    log = Log(tmp_path / "records.db")
    log.journal.append(LogType.INFO, "new")
    await log.close()
    assert log.rows("SELECT cursor, text FROM line") == [(2, "new")]
    assert log.rows("SELECT who FROM audit") == [("old",)]


@pytest.mark.covers("records.log_mb", "storage size")
async def test_bounded_by_size(tmp_path: Path) -> None:
    limit = 2 * 1024 * 1024
    log = Log(tmp_path / "records.db", Limits(size=limit, audit_rows=50))
    for number in range(12_000):
        log.journal.append(LogType.INFO, f"{number} " + "x" * 500)
        if number % 100 == 0:
            log.journal.audit(str(number), "", "", "")
        if number % 1000 == 0:
            await log.journal.flush()
    await log.close()
    assert len(log.told) == 12_000
    assert log.path.stat().st_size < 2.5 * limit
    (kept,) = log.rows("SELECT min(cursor), max(cursor), count(*) FROM line")
    assert kept[1] == 12_000
    assert kept[2] == 12_000 - int(str(kept[0])) + 1
    assert len(log.rows("SELECT * FROM audit")) <= 50 + 20


@pytest.mark.covers("storage corrupt")
@pytest.mark.parametrize("damage", ["no database", "header", "page"])
async def test_a_corrupt_file_is_renamed_at_the_start(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "records.db"
    log = Log(path)
    for _ in range(500):
        log.journal.append(LogType.INFO, "x" * 100)
    await log.close()
    data = bytearray(path.read_bytes())
    if damage == "no database":
        data[:] = b"this is a text " * 1000
    elif damage == "header":
        data[20:60] = b"\xff" * 40
    else:
        data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    log = Log(path)
    line = log.journal.append(LogType.INFO, "after")
    await log.journal.flush()
    assert line.cursor > 500
    assert log.texts()[-1] == "after"
    (alarm,) = log.journal.problems()
    assert "corrupt" in alarm
    assert alarm in [told.text for told in log.told if told.type is LogType.CRITICAL]
    assert contents(tmp_path, "records.db.corrupt-*Z") == [bytes(data)]
    await log.close()
    again = Log(path)
    assert again.journal.append(LogType.INFO, "x").cursor > line.cursor
    assert again.journal.problems() == ()
    await again.close()


@pytest.mark.covers("storage corrupt")
async def test_a_file_that_becomes_corrupt_loses_no_new_line(log: Log) -> None:
    for number in range(8000):
        log.journal.append(LogType.INFO, "x" * 600)
        if number % 1000 == 999:
            await log.journal.flush()
    size = log.path.stat().st_size
    with log.path.open("r+b") as file:
        file.write(b"\xff" * size)
    wal = log.path.with_name(log.path.name + "-wal")
    with wal.open("r+b") as file:
        file.write(b"\xff" * wal.stat().st_size)
    for number in range(5000):
        log.journal.append(LogType.INFO, f"new {number}")
        if number % 500 == 0:
            await log.journal.flush()
    await log.journal.flush()
    assert any("corrupt" in alarm for alarm in log.journal.problems())
    assert [text for text in log.texts(limit=100_000) if text.startswith("new")][-1] == "new 4999"
    cursors = [line.cursor for line in log.told]
    assert cursors == list(range(1, len(cursors) + 1))


def test_reading_a_corrupt_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "records.db").write_bytes(b"this is a text " * 1000)
    with pytest.raises(Refused, match="cannot be read now") as refused:
        read_page(tmp_path / "records.db", Question())
    assert refused.value.status == 503


@pytest.mark.covers("storage disk full")
async def test_a_disk_that_refuses(log: Log) -> None:
    """The directory takes the place of the file: nothing can be opened, as on a full or read-only disk."""
    journal_path = log.path.with_name("refusing.db")
    journal_path.mkdir()
    refusing = Log(journal_path, waiting_limit=100)
    for number in range(50):
        refusing.journal.append(LogType.INFO, f"kept {number}")
    await refusing.journal.flush()
    assert [line.text for line in refusing.told if line.type is LogType.INFO] == [f"kept {n}" for n in range(50)]
    for number in range(500):
        refusing.journal.append(LogType.DEBUG, f"verbose {number}")
    refusing.journal.append(LogType.ERROR, "last")
    (problem,) = refusing.journal.problems()
    assert "supervision goes on" in problem
    await eventually(lambda: any(line.text == "last" for line in refusing.told))
    assert [line.text for line in refusing.told].count(problem) == 1
    journal_path.rmdir()
    await eventually(lambda: refusing.journal.problems() == ())
    await refusing.journal.flush()
    texts = refusing.texts(limit=1000)
    assert [text for text in texts if text.startswith("kept")] == [f"kept {n}" for n in range(50)]
    assert "last" in texts
    assert 0 < len([text for text in texts if text.startswith("verbose")]) < 100
    assert any("written again" in text and "were dropped" in text for text in texts)
    await refusing.close()


@pytest.mark.covers("storage verbose first")
async def test_a_disk_that_hangs_drops_verbose_lines_first(tmp_path: Path) -> None:
    log = Log(tmp_path / "records.db", waiting_limit=1000)
    hanging = threading.Event()
    log.writer.submit(lambda: hanging.wait(60))
    for number in range(5000):
        log.journal.append(LogType.DEBUG if number % 10 else LogType.ERROR, str(number))
    assert log.journal.problems()
    hanging.set()
    await log.journal.flush()
    await eventually(lambda: log.journal.problems() == ())
    errors = [int(line.text) for line in log.told if line.type is LogType.ERROR]
    assert errors == list(range(0, 5000, 10))
    assert len(log.told) < 1200
    await log.close()
