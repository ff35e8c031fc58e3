"""Undo and redo over whole snapshots, each step with its name."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
LONGEST = 500
"""Steps kept; the oldest go first."""


@dataclass(frozen=True)
class _Step(Generic[T]):
    before: T
    name: str
    merge: str


class EditHistory(Generic[T]):
    """The present snapshot and the way back and forth. Snapshots are values that never change."""

    def __init__(self, first: T) -> None:
        self.now = first
        self._back: list[_Step[T]] = []
        self._forth: list[_Step[T]] = []

    def change(self, to: T, name: str, merge: str = "") -> None:
        """A step called `name`. Steps in a row with the same `merge` are one, so that typing is undone at once."""
        if to == self.now:
            return
        last = self._back[-1] if self._back else None
        if not (merge and last and last.merge == merge and not self._forth):
            self._back.append(_Step(self.now, name, merge))
            del self._back[:-LONGEST]
        elif to == last.before:
            self._back.pop()
        self._forth.clear()
        self.now = to

    def close_step(self) -> None:
        """What comes next is a step of its own, whatever its `merge`."""
        if self._back and self._back[-1].merge:
            last = self._back[-1]
            self._back[-1] = _Step(last.before, last.name, "")

    def undo(self) -> bool:
        """One step back; False when there is none."""
        return self._move(self._back, self._forth)

    def redo(self) -> bool:
        """One step forth; False when there is none."""
        return self._move(self._forth, self._back)

    @property
    def undo_name(self) -> str:
        """The step that undo takes back, "" when there is none."""
        return self._back[-1].name if self._back else ""

    @property
    def redo_name(self) -> str:
        """The step that redo makes again, "" when there is none."""
        return self._forth[-1].name if self._forth else ""

    def _move(self, from_: list[_Step[T]], to: list[_Step[T]]) -> bool:
        if not from_:
            return False
        step = from_.pop()
        to.append(_Step(self.now, step.name, ""))
        self.now = step.before
        return True


class Undoable(Generic[T]):
    """A document with a history: what its undo and redo would do, for tooltips."""

    _history: EditHistory[T]

    @property
    def undo_name(self) -> str:
        """The step that undo takes back, "" when there is none."""
        return self._history.undo_name

    @property
    def redo_name(self) -> str:
        """The step that redo makes again, "" when there is none."""
        return self._history.redo_name
