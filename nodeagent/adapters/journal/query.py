"""Reading the log, through an own read-only connection per question."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.states import LogType
from nodeagent.engine.ports import Refused


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
    if not path.exists():
        return LogPage((), question.after)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            lines = _lines(connection, question)
    except sqlite3.Error as error:
        raise Refused(503, "log-unreadable", f"the log cannot be read now: {error}") from None
    return LogPage(tuple(lines), lines[-1].cursor if lines else question.after)


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
        conditions.append(_text_condition(connection, question.text, parameters))
    order = "DESC" if question.newest else "ASC"
    rows = connection.execute(
        "SELECT cursor, time, node, module, origin, type, text, cause, output FROM line "
        f"WHERE {' AND '.join(conditions)} ORDER BY cursor {order} LIMIT ?",
        [*parameters, max(1, question.limit)],
    ).fetchall()
    typed = ((*row[:5], LogType(row[5]), *row[6:]) for row in rows)
    lines = [LogLine(*row) for row in typed]
    return lines[::-1] if question.newest else lines


def _text_condition(connection: sqlite3.Connection, text: str, parameters: list[object]) -> str:
    """SQLite's own LIKE ignores the case of ASCII letters only, but is much faster than a call of Python per line."""
    if text.isascii():
        escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        parameters.append(f"%{escaped}%")
        return "text LIKE ? ESCAPE '\\'"
    wanted = text.casefold()
    connection.create_function("holds", 1, lambda line: wanted in str(line).casefold(), deterministic=True)
    return "holds(text)"
