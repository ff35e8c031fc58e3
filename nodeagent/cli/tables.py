"""What a person sees: tables, glyphs and times, on any terminal and any encoding."""

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.states import State, Status

_GLYPHS = {"✖": "x", "◌": "o", "↻": "~", "✔": "+", "?": "?"}
_STYLES = {"✖": "red", "◌": "red", "↻": "yellow", "✔": "green", "?": "bright_black"}
_SEVERITY_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_CONTROLS = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "�")
_PIPE_WIDTH = 400


class _Output(Console):
    def on_broken_pipe(self) -> None:
        """The command line ends in one way when its reader is gone, whoever wrote: entry.guarded."""
        raise BrokenPipeError


def console() -> Console:
    """Writes to stdout: no markup, no colours off a terminal, characters replaced that it cannot show."""
    return _Output(
        file=sys.stdout,
        markup=False,
        emoji=False,
        highlight=False,
        width=None if sys.stdout.isatty() else _PIPE_WIDTH,
    )


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """A table without lines, one row per line where the width allows."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    console().print(table)


def say(text: str, style: str = "") -> None:
    """One sentence, not wrapped."""
    console().print(Text(clean(text), style=style), soft_wrap=True)


def show_problems(problems: Iterable[Problem]) -> None:
    """Every finding on a line of its own."""
    for problem in problems:
        say(str(problem), _SEVERITY_STYLES[problem.severity])


def clean(text: str) -> str:
    """Without control characters: what a script said must not drive the terminal; new lines and tabs stay."""
    return text.translate(_CONTROLS)


def coloured_status(state: State, status: Status, known: bool = True) -> Text:
    """Status with its glyph in its colour; grey `?` when nothing is known."""
    glyph = "?"
    if known and status is Status.READY:
        glyph = "✔"
    elif known and status is Status.TRANSIENT:
        glyph = "↻"
    elif known:
        glyph = "◌" if state is State.WAIT else "✖"
    word = str(status) if known else "unknown"
    return Text(f"{_shown(glyph)} {word}", style=_STYLES[glyph])


def since(moment: float, now: float) -> str:
    """How long ago, in the two largest units; empty for a moment that is not known."""
    if moment <= 0:
        return ""
    return span(max(0.0, now - moment)) + " ago"


def span(seconds: float) -> str:
    """A length of time in the two largest units, e.g. `2h 5m`."""
    left = int(seconds)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def clock(moment: float) -> str:
    """A moment as local date and time with milliseconds."""
    try:
        local = datetime.fromtimestamp(moment, UTC).astimezone()
    except (OverflowError, ValueError, OSError):
        return str(moment)
    return local.isoformat(sep=" ", timespec="milliseconds")[:23]


def number(value: float) -> str:
    """A number without needless digits."""
    return f"{value:.1f}".removesuffix(".0")


def progress_wanted() -> bool:
    """Whether somebody looks at stderr and wants to see that something goes on."""
    return sys.stderr.isatty() and os.environ.get("TERM") != "dumb"


def _shown(glyph: str) -> str:
    try:
        glyph.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return _GLYPHS[glyph]
    return glyph
