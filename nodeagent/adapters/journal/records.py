"""The SQLite file of the log: written by one thread, mended when it is corrupt, bounded by age and size."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nodeagent.contract.api import LogLine
from nodeagent.durable import make_private, set_aside, wall_time

DAY = 86400.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS line (
  cursor INTEGER PRIMARY KEY, time REAL NOT NULL, node TEXT NOT NULL, module TEXT NOT NULL, origin TEXT NOT NULL,
  type TEXT NOT NULL, text TEXT NOT NULL, cause TEXT NOT NULL, output TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS audit (
  id INTEGER PRIMARY KEY, time REAL NOT NULL, who TEXT NOT NULL, source TEXT NOT NULL, command TEXT NOT NULL,
  result TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS audit_is_append_only BEFORE UPDATE ON audit
  BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""
_CHUNK = 500
_PRUNE_EVERY_LINES = 2000
_PRUNE_EVERY_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What the file may hold; the oldest goes first. The audit lives longer than the log."""

    age: float = 90 * DAY
    size: int = 512 * 1024 * 1024
    """Bytes in use; the file itself is a little larger."""
    audit_age: float = 400 * DAY
    audit_rows: int = 200_000


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One changing command."""

    time: float
    who: str
    source: str
    command: str
    result: str


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

    def write(self, lines: Sequence[LogLine], audits: Sequence[AuditLine]) -> Path | None:
        """Commit them together. A corrupt file is renamed first, a new one begun; its new name is the answer."""
        try:
            self._insert(lines, audits)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            aside = self.set_aside()
            self._insert(lines, audits)
            return aside
        return None

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
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _insert(self, lines: Sequence[LogLine], audits: Sequence[AuditLine]) -> None:
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            connection.executemany(
                "INSERT INTO line VALUES (?,?,?,?,?,?,?,?,?)",
                [(x.cursor, x.time, x.node, x.module, x.origin, x.type, x.text, x.cause, x.output) for x in lines],
            )
            connection.executemany(
                "INSERT INTO audit (time, who, source, command, result) VALUES (?,?,?,?,?)",
                [(x.time, x.who, x.source, x.command, x.result) for x in audits],
            )
            self._prune(connection, len(lines) + len(audits))
            connection.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
            raise

    def _prune(self, connection: sqlite3.Connection, added: int) -> None:
        """Looks at the oldest lines only: a scan of the whole file would keep other writers waiting."""
        now = wall_time()
        self._unpruned += added
        if self._unpruned < _PRUNE_EVERY_LINES and 0 <= now - self._pruned_at < _PRUNE_EVERY_SECONDS:
            return
        self._unpruned, self._pruned_at = 0, now
        limits = self._limits
        oldest = "SELECT cursor, time FROM line ORDER BY cursor LIMIT ?"
        expired = f"DELETE FROM line WHERE cursor IN (SELECT cursor FROM ({oldest}) WHERE time < ?)"
        connection.execute(expired, (2 * _PRUNE_EVERY_LINES, now - limits.age))
        connection.execute("DELETE FROM audit WHERE time < ?", (now - limits.audit_age,))
        connection.execute(
            "DELETE FROM audit WHERE id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?)",
            (limits.audit_rows,),
        )
        surplus = f"DELETE FROM line WHERE cursor IN (SELECT cursor FROM ({oldest}))"
        while _bytes_in_use(connection) > limits.size:
            if connection.execute(surplus, (_CHUNK,)).rowcount < 1:
                break


def _bytes_in_use(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size
