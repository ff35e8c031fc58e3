"""Notifications of the desktop: what they say of events that have just happened, and how often."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, Signal

from app.viewmodels.events_model import Event
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import labelled, tr, trn

MOST = 3
"""Lines of one notification; more are counted."""
REST = 10_000
"""Milliseconds between two notifications at least: what happens meanwhile is told by the next one."""


@dataclass(frozen=True)
class Notice:
    """A title and at most `MOST` + 1 lines."""

    title: str
    text: str


class Notices(QObject):
    """Makes notifications of events: `made(Notice)` at once, then once in `REST`."""

    made = Signal(Notice)

    def __init__(self, parent: QObject | None = None, *, rest: int = REST) -> None:
        super().__init__(parent)
        self._waiting: list[Event] = []
        self._rest = QTimer(self, singleShot=True, interval=rest)
        self._rest.timeout.connect(self._tell)

    def take(self, events: Sequence[Event]) -> None:
        """These have happened; only errors and nodes that fell silent are told."""
        self._waiting += [event for event in events if event.icon in {"problem", Silhouette.UNREACHABLE}]
        if not self._rest.isActive():
            self._tell()

    def drop(self) -> None:
        """What waits is not told any more: somebody has seen it."""
        self._waiting.clear()

    def _tell(self) -> None:
        if self._waiting:
            told, self._waiting = self._waiting, []
            self._rest.start()
            self.made.emit(notice(told))


def notice(events: Sequence[Event]) -> Notice:
    """One for all of these, of which there is at least one."""
    if len(events) == 1:
        (event,) = events
        where = tr("{module} on {node}", module=event.module, node=event.node) if event.module else event.node
        return Notice(labelled(event.cluster, where), event.text)
    lines = [labelled(" ".join(part for part in (event.module, event.node) if part), event.text) for event in events]
    rest = len(lines) - MOST
    shown = [*lines[:MOST], *([trn("{count} more", "{count} more", rest)] if rest > 0 else [])]
    return Notice(trn("{count} problem", "{count} problems", len(events)), "\n".join(shown))
