"""The SQLite file of what is written down: by one thread, mended when it is corrupt, bounded by age and size."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nodeagent.adapters.journal.backlog import Batch
from nodeagent.durable import make_private, set_aside, wall_time

T = TypeVar("T")

DAY = 86400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS line (
  cursor INTEGER PRIMARY KEY, time REAL NOT NULL, node TEXT NOT NULL, module TEXT NOT NULL, origin TEXT NOT NULL,
  type TEXT NOT NULL, text TEXT NOT NULL, cause TEXT NOT NULL, output TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, who TEXT NOT NULL, source TEXT NOT NULL,
  command TEXT NOT NULL, result TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_append_only BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TABLE IF NOT EXISTS change (
  id INTEGER PRIMARY KEY AUTOINCREMENT, time REAL NOT NULL, module TEXT NOT NULL, name TEXT NOT NULL,
  state TEXT NOT NULL, detail TEXT NOT NULL, took REAL NOT NULL, who TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS change_of_resource ON change (module, name, id);
"""
_CHUNK = 500
_STEP = 4000
"""Rows that one look may delete of each table, so that no write waits long."""
_PRUNE_EVERY_LINES = 2000
_PRUNE_EVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the file may hold; the oldest goes first. The audit lives longer than the rest."""

    age: float = 90 * DAY
    size: int = 200 * 1024 * 1024
    """Bytes in use; the file itself is a little larger."""
    audit_age: float = 365 * DAY
    audit_rows: int = 200_000
    history_age: float = 90 * DAY


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken (and not that the disk is full, or the file locked)."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


class Records:
    """The writing end. Used by one thread at a time; everything raises sqlite3.Error or OSError."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        self._limits = limits
        self._connection: sqlite3.Connection | None = None
        self._unpruned = _PRUNE_EVERY_LINES
        self._pruned_at = 0.0

    def last_cursor(self) -> int:
        """The highest cursor in the file, 0 in a new one."""
        (last,) = self._open().execute("SELECT coalesce(max(cursor), 0) FROM line").fetchone()
        return int(last)

    def write(self, batch: Batch) -> Path | None:
        """Commit it whole. A corrupt file is renamed first, a new one begun; its new name is the answer."""
        try:
            self._insert(batch)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            aside = self.set_aside()
            self._insert(batch)
            return aside
        return None

    def tidy(self) -> bool:
        """Delete a bounded number of what is too old or too much; True when there is more of it."""
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        return self._committed(connection, lambda: self._prune(connection))

    def set_aside(self) -> Path:
        """Rename the file (with its write-ahead log) so that a new one can begin."""
        with suppress(sqlite3.Error):
            self.close()
        aside = set_aside(self._path)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                self._path.with_name(self._path.name + suffix).replace(aside.with_name(aside.name + suffix))
        return aside

    def close(self) -> None:
        """Give the file back; the next use opens it again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
            try:
                make_private(self._path)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=NORMAL")
                connection.execute("PRAGMA journal_size_limit=16777216")
                connection.executescript(_SCHEMA)
                for beside in self._path.parent.glob(f"{self._path.name}-*"):
                    make_private(beside)  # on Windows it has the rights of the folder, not of the file it belongs to
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _insert(self, batch: Batch) -> None:
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        self._committed(connection, lambda: self._put(connection, batch))

    @staticmethod
    def _committed(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
        try:
            result = work()
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise
        return result

    def _put(self, connection: sqlite3.Connection, batch: Batch) -> None:
        connection.executemany(
            "INSERT INTO line VALUES (?,?,?,?,?,?,?,?,?)",
            [(x.cursor, x.time, x.node, x.module, x.origin, x.type, x.text, x.cause, x.output) for x in batch.lines],
        )
        connection.executemany(
            "INSERT INTO audit (time, who, source, command, result) VALUES (?,?,?,?,?)",
            [(x.time, x.who, x.source, x.command, x.result) for x in batch.audits],
        )
        connection.executemany(
            "INSERT INTO change (time, module, name, state, detail, took, who) VALUES (?,?,?,?,?,?,?)",
            [(x.time, x.module, x.name, x.state, x.detail, x.took, x.by) for x in batch.changes],
        )
        self._unpruned += len(batch)
        if self._unpruned >= _PRUNE_EVERY_LINES or not 0 <= wall_time() - self._pruned_at < _PRUNE_EVERY_SECONDS:
            self._prune(connection)

    def _prune(self, connection: sqlite3.Connection) -> bool:
        """Looks at the oldest rows only: a scan of the whole file would keep other writers waiting."""
        now, limits = wall_time(), self._limits
        more = False
        for table, key, age in (
            ("line", "cursor", limits.age),
            ("audit", "id", limits.audit_age),
            ("change", "id", limits.history_age),
        ):
            oldest = f"SELECT {key}, time FROM {table} ORDER BY {key} LIMIT ?"
            expired = f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM ({oldest}) WHERE time < ?)"
            more |= connection.execute(expired, (_STEP, now - age)).rowcount == _STEP
        surplus = "DELETE FROM audit WHERE id IN (SELECT id FROM audit ORDER BY id LIMIT ?)"
        (audits,) = connection.execute("SELECT count(*) FROM audit").fetchone()
        connection.execute(surplus, (min(_STEP, max(0, audits - limits.audit_rows)),))
        more |= audits - limits.audit_rows > _STEP
        for _ in range(_STEP // _CHUNK):
            if _bytes_in_use(connection) <= limits.size or not _drop_oldest(connection):
                break
        else:
            more = True
        self._unpruned, self._pruned_at = (_PRUNE_EVERY_LINES if more else 0), now
        return more


def _drop_oldest(connection: sqlite3.Connection) -> bool:
    """Delete some of the oldest lines or resource changes; False when there are none."""
    heads = "SELECT * FROM (SELECT {} FROM {} ORDER BY {} LIMIT 1)"
    line, change = (
        heads.format("time, 'line', 'cursor'", "line", "cursor"),
        heads.format("time, 'change', 'id'", "change", "id"),
    )
    oldest = connection.execute(f"{line} UNION ALL {change} ORDER BY 1 LIMIT 1").fetchone()
    if oldest is None:
        return False
    _, table, key = oldest
    connection.execute(
        f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} ORDER BY {key} LIMIT ?)", (_CHUNK,)
    )
    return True


def _bytes_in_use(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
