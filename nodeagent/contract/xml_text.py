"""Where the characters of an element's text stand in the source, through CDATA, comments, entities and macros."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nodeagent.contract.xml_scan import NEWLINE, ElementSpan

_PART = re.compile(r"<!\[CDATA\[|<!--.*?-->|<\?.*?\?>|&[^;]*;|\r\n", re.DOTALL)
_CDATA_END = re.compile(r"\]\]>|\r\n")


class Replaced(NamedTuple):
    """A use of a macro in a text, from `start` to `end`, that became `length` characters."""

    start: int
    end: int
    length: int

    def moved(self, by: int) -> "Replaced":
        """The same in a longer text."""
        return Replaced(self.start + by, self.end + by, self.length)


class _Run(NamedTuple):
    """Characters from `text` on stand at `source` and what follows; all at `source` when `fixed`."""

    text: int
    source: int
    fixed: bool = False


class TextPlaces:
    """The places of one element's text (its own and that behind its children, put together)."""

    def __init__(self, source: str, element: ElementSpan, replaced: Sequence[Replaced] = ()) -> None:
        self._lines = [1 if source.startswith("\ufeff") else 0, *(end.end() for end in NEWLINE.finditer(source))]
        self._written = list(_written(source, element))
        self._expanded = list(_expanded(replaced))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1, of a character of the text after macro expansion."""
        source = _at(self._written, _at(self._expanded, offset))
        line = bisect_right(self._lines, source)
        return line, source - self._lines[line - 1] + 1


def _at(runs: Sequence[_Run], offset: int) -> int:
    run = runs[bisect_right(runs, offset, key=lambda run: run.text) - 1]
    return run.source if run.fixed else run.source + offset - run.text


def _expanded(replaced: Sequence[Replaced]) -> Iterator[_Run]:
    yield _Run(0, 0)
    grown = 0
    for use in replaced:
        yield _Run(use.start + grown, use.start, fixed=True)
        grown += use.length - (use.end - use.start)
        yield _Run(use.end + grown, use.end)


def _written(source: str, element: ElementSpan) -> Iterator[_Run]:
    """The runs of the text as it is written: a piece before, between and behind the children."""
    count = 0
    start = element.tag_end
    for end, after in [*((child.start, child.end) for child in element.children), (element.close_start, 0)]:
        for run in _pieces(source, start, end, count):
            yield run
            count = run.text
        start = after


def _pieces(source: str, start: int, end: int, count: int) -> Iterator[_Run]:
    """Ends with a run that begins where the text goes on behind `end`."""
    yield _Run(count, start)
    at, within = start, False
    while found := (_CDATA_END if within else _PART).search(source, at, end):
        count += found.start() - at
        at = found.end()
        if found[0] in ("<![CDATA[", "]]>"):
            within = found[0] == "<![CDATA["
        elif found[0] == "\r\n" or found[0].startswith("&"):
            count += 1
        yield _Run(count, at)
    yield _Run(count + end - at, end)
