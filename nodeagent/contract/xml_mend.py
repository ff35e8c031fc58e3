"""All that is wrong in a text that is no XML, and the text put right where it is evident what was meant.

expat tells the first mistake only. This reads on behind each one, guessing as a person would; a guess never becomes
part of a configuration, it only lets the rest of the file be looked at.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from nodeagent.contract.xml_mistakes import ILLEGAL, MAX_MISTAKES, FullError, Lines, Mistake, Mistakes, Repair, repaired
from nodeagent.contract.xml_nesting import Nesting
from nodeagent.contract.xml_tags import Tags

_AND_MORE = f"the error number {MAX_MISTAKES} is here: it and those that follow are not listed"


@dataclass(frozen=True, slots=True)
class Said:
    """One mistake at its place, both numbers from 1."""

    line: int
    column: int
    text: str


@dataclass(frozen=True, slots=True)
class Mended:
    """What was found. `text` is "" unless every mistake is evident, then the file as it was meant, line by line."""

    mistakes: tuple[Said, ...]
    text: str = ""
    places: tuple[int, ...] = ()
    """Where in `text` something was put right."""


def mend(source: str) -> Mended:
    """Looks at a text that is no XML, up to `xml_mistakes.MAX_MISTAKES`; no mistakes when it finds nothing wrong."""
    if not source:
        return Mended(())
    mistakes = Mistakes()
    text, gaps = _legal(source, mistakes)
    lines = Lines(text, gaps)
    reading = Tags(text, mistakes)
    nesting = Nesting(reading.tags, lines, len(text), mistakes)
    with suppress(FullError):
        reading.read()
        nesting.look()
    found = [one for one in mistakes.found if _counts(one, nesting)]
    found.sort(key=lambda one: one.offset)
    said = tuple(Said(*lines.place(one.offset), one.text) for one in found)
    if mistakes.full:
        said = (*said[:-1], replace(said[-1], text=_AND_MORE))
    repairs = [one.repair for one in found if one.repair is not None]
    if mistakes.full or len(repairs) < len(found):
        return Mended(said)
    mended, places = repaired(text, repairs)
    return Mended(said, mended, tuple(places))


def _counts(mistake: Mistake, nesting: Nesting) -> bool:
    """Outside the root element no text is read, and one sentence says so."""
    start, end = nesting.root
    return mistake.offset <= end and not (mistake.in_text and nesting.text_before and mistake.offset < start)


def _legal(source: str, mistakes: Mistakes) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text without the characters that XML cannot hold, and where they stood."""
    gaps: list[tuple[int, int]] = []
    taken = 0
    with suppress(FullError):
        for found in ILLEGAL.finditer(source):
            at = found.start() - taken
            taken += len(found[0])
            gaps.append((at, len(found[0])))
            said = f"this is not well-formed XML: the character U+{ord(found[0][0]):04X} cannot stand in it"
            mistakes.say(at, said, Repair(at, at, ""))
    return ILLEGAL.sub("", source), tuple(gaps)
