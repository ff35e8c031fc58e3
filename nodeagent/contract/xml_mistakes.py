"""What is wrong in a text that is no XML, and the same text with what is evident put right."""

import re
from bisect import bisect_right
from dataclasses import dataclass

from nodeagent.contract.xml_scan import NEWLINE

MAX_MISTAKES = 100
"""More are not looked for: nobody reads them, and each may cost a look at the whole text."""
ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


@dataclass(frozen=True, slots=True)
class Repair:
    """These characters become `new`; it holds as many line ends as what it replaces."""

    start: int
    end: int
    new: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake at an offset. Without `repair` nobody can tell what was meant."""

    offset: int
    text: str
    repair: Repair | None = None
    in_text: bool = False
    """It stands between tags, where nothing is read outside the root element."""


class FullError(Exception):
    """`MAX_MISTAKES` are found."""


class Mistakes:
    """Those of one text, in the order in which they were found."""

    def __init__(self) -> None:
        self.found: list[Mistake] = []

    @property
    def full(self) -> bool:
        """Whether there may be more."""
        return len(self.found) >= MAX_MISTAKES

    def say(self, offset: int, text: str, repair: Repair | None = None, *, in_text: bool = False) -> None:
        """Adds one. Raises FullError when it is the last one."""
        if not self.full:
            self.found.append(Mistake(offset, text, repair, in_text))
        if self.full:
            raise FullError


class Lines:
    """Lines and columns of a text, both from 1; `gaps` are the (offset, length) of what was taken out of it."""

    def __init__(self, text: str, gaps: tuple[tuple[int, int], ...] = ()) -> None:
        self._starts = [1 if text.startswith("\ufeff") else 0, *(end.end() for end in NEWLINE.finditer(text))]
        self._gaps = gaps

    def line(self, offset: int) -> int:
        """The line of a character."""
        return max(1, bisect_right(self._starts, offset))

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of a character; the column counts what was taken out."""
        line = self.line(offset)
        start = self._starts[line - 1]
        return line, offset - start + 1 + sum(length for at, length in self._gaps if start <= at < offset)


def repaired(text: str, repairs: list[Repair]) -> tuple[str, list[int]]:
    """The text with all repairs, and where each of them then begins, in the order of the text."""
    pieces: list[str] = []
    places: list[int] = []
    at = length = 0
    for repair in sorted(repairs, key=lambda one: (one.start, one.end)):
        if repair.start < at:
            continue
        pieces += (text[at : repair.start], repair.new)
        places.append(length + repair.start - at)
        length += repair.start - at + len(repair.new)
        at = repair.end
    return "".join([*pieces, text[at:]]), places
