"""Reading what was written down, through an own read-only connection per question."""

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.record_api import AuditLine, AuditPage, RecordQuery, ResourceChange, ResourcePage
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.durable import wall_time
from nodeagent.engine.ports import Refused

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; empty and 0 mean "all". Times are wall-clock seconds, `since` and `until` included."""

    after: int = 0
    module: str = ""
    types: str = ""
    text: str = ""
    since: float = 0.0
    until: float = 0.0
    limit: int = 500
    newest: bool = False


def read_page(path: Path, question: Question) -> LogPage:
    """The lines, oldest first. Raises Refused (503) when the file cannot be read."""
    lines = _read(path, lambda connection: _lines(connection, question))
    return LogPage(tuple(lines), lines[-1].cursor if lines else question.after, wall_time())


def read_audit(path: Path, query: RecordQuery) -> AuditPage:
    """The audit lines, oldest first. Raises Refused (503) when the file cannot be read."""
    columns, words = "id, time, who, source, command, result", ("who", "source", "command", "result")
    lines = tuple(AuditLine(*row) for row in _rows(path, "audit", columns, words, {}, query))
    return AuditPage(lines, lines[-1].cursor if lines else query.after, wall_time())


def read_history(path: Path, module: str, name: str, query: RecordQuery) -> ResourcePage:
    """What became of a resource (an empty name: of all of the module), oldest first. Raises Refused (503)."""
    columns, words = "id, time, module, name, state, detail, took, who", ("name", "state", "detail", "who")
    meant = {"module": module, "name": name} if name else {"module": module}
    rows = _rows(path, "change", columns, words, meant, query)
    changes = tuple(
        ResourceChange(cursor, time, of, which, ResourceState(state), detail, took, by)
        for cursor, time, of, which, state, detail, took, by in rows
    )
    return ResourcePage(changes, changes[-1].cursor if changes else query.after, wall_time())


def _read(path: Path, work: Callable[[sqlite3.Connection], list[T]]) -> list[T]:
    if not path.exists():
        return []
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return work(connection)
    except sqlite3.Error as error:
        raise Refused(503, "log-unreadable", f"the log cannot be read now: {error}") from None


def _rows(
    path: Path, table: str, columns: str, words: tuple[str, ...], meant: Mapping[str, str], query: RecordQuery
) -> list[tuple[Any, ...]]:
    """Rows of a table whose key is `id`, oldest first; `text` is looked for in the columns `words`."""

    def work(connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        conditions, parameters = ["id > ?"], [query.after, *meant.values()]
        conditions += [f"{column} = ?" for column in meant]
        for bound, sign in ((query.since, ">="), (query.until, "<=")):
            if bound:
                conditions.append(f"time {sign} ?")
                parameters.append(bound)
        if query.text:
            found = [_text_condition(connection, column, query.text, parameters) for column in words]
            conditions.append(f"({' OR '.join(found)})")
        order = "DESC" if query.newest else "ASC"
        rows = connection.execute(
            f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)} ORDER BY id {order} LIMIT ?",
            [*parameters, query.limit],
        ).fetchall()
        return rows[::-1] if query.newest else rows

    return _read(path, work)


def _lines(connection: sqlite3.Connection, question: Question) -> list[LogLine]:
    conditions = ["cursor > ?"]
    parameters: list[object] = [question.after]
    if question.module:
        conditions.append("module = ?")
        parameters.append(question.module)
    if question.types:
        letters = [letter for letter in LogType if letter in question.types.upper()]
        conditions.append(f"type IN ({','.join('?' * len(letters))})")
        parameters += letters
    if question.since:
        conditions.append("time >= ?")
        parameters.append(question.since)
    if question.until:
        conditions.append("time <= ?")
        parameters.append(question.until)
    if question.text:
        conditions.append(_text_condition(connection, "text", question.text, parameters))
    order = "DESC" if question.newest else "ASC"
    rows = connection.execute(
        "SELECT cursor, time, node, module, origin, type, text, cause, output FROM line "
        f"WHERE {' AND '.join(conditions)} ORDER BY cursor {order} LIMIT ?",
        [*parameters, max(1, question.limit)],
    ).fetchall()
    typed = ((*row[:5], LogType(row[5]), *row[6:]) for row in rows)
    lines = [LogLine(*row) for row in typed]
    return lines[::-1] if question.newest else lines


def _text_condition(connection: sqlite3.Connection, column: str, text: str, parameters: list[Any]) -> str:
    """SQLite's own LIKE ignores the case of ASCII letters only, but is much faster than a call of Python per line."""
    if text.isascii():
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        parameters.append(f"%{escaped}%")
        return f"{column} LIKE ? ESCAPE '\\'"
    wanted = text.casefold()
    connection.create_function("holds", 1, lambda line: wanted in str(line).casefold(), deterministic=True)
    return f"holds({column})"
