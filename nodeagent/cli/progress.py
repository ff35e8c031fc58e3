"""How far something long is, for somebody who looks at a terminal."""

import sys
from types import TracebackType
from typing import Self

from nodeagent.cli.tables import progress_wanted

_STEP = 1_000_000
"""Bytes between two words where the whole is not known."""


class Progress:
    """A line on stderr that is written over as it goes; nothing where nobody looks. A context manager."""

    def __init__(self, what: str) -> None:
        self._what, self._shown, self._wanted = what, "", progress_wanted()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            sys.stderr.write("\n")

    def at(self, done: int, total: int) -> None:
        """So many bytes of so many, 0 = not known."""
        said = f"{100 * done // total} %" if total else f"{done // _STEP} MB"
        if self._wanted and said != self._shown:
            self._shown = said
            sys.stderr.write(f"\r{self._what}: {said}")
            sys.stderr.flush()
