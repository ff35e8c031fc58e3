"""Lines of a log as the console keeps them: in little memory, for there may be a million."""

from collections.abc import Iterable
from sys import intern

from msgspec.structs import force_setattr

from nodeagent.contract.api import LogLine

NAMES = ("node", "module", "origin")
"""The same few in all lines, yet each line that arrives brings its own."""


def slim(lines: Iterable[LogLine]) -> tuple[LogLine, ...]:
    """The same lines, just read, whose names are kept once for all of them."""
    found = tuple(lines)
    for line in found:
        for name in NAMES:
            force_setattr(line, name, intern(getattr(line, name)))
    return found
