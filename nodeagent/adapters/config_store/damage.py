"""How the stores say that the disk does not hold, or does not take, what it should."""

from collections.abc import Iterator
from contextlib import contextmanager

from nodeagent.engine.ports import Refused


class Damaged(Exception):
    """One sentence for the administrator: which file, and what to do."""


@contextmanager
def writing() -> Iterator[None]:
    """What the operating system refuses to write is an expected refusal; the old content is still there."""
    try:
        yield
    except OSError as error:
        place = f" {error.filename}" if error.filename else ""
        raise Refused(507, "disk", f"it could not be written{place}: {error.strerror or error}") from None
