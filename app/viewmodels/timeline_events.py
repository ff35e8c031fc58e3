"""What happened, as lines on the timeline and as a table of those in the range that is looked at."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.viewmodels.text import clock_fine, tr
from app.viewmodels.timeline_story import frozen_for, state_of
from nodeagent.client.timeline import TimedLine
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

AnyIndex = QModelIndex | QPersistentModelIndex

SHOWN = 2000
"""Lines of the table at most; of more the newest are shown."""


class About(StrEnum):
    """What an event is about."""

    STATE = "state"
    PROBLEM = "problem"
    FREEZE = "freeze"
    ORDER = "order"
    NODE = "node"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event; `time` is on the axis, `icon` an icon or silhouette name, `token` its colour."""

    time: float
    module: str
    """Empty for what concerns all modules of the node."""
    node: str
    about: About
    icon: str
    token: str
    line: LogLine

    @property
    def where(self) -> str:
        """The module's name, or that it is about all of them."""
        return self.module or tr("all")

    @property
    def words(self) -> str:
        """All of it, for a screen reader and a tooltip."""
        return ", ".join((clock_fine(self.time), self.where, self.node, self.line.text))


def event_of(node: str, timed: TimedLine) -> TimelineEvent:
    """The event that a line tells."""
    line = timed.line
    if (told := state_of(line)) is not None:
        about, icon, token = About.STATE, str(told[0]), told[0].token
    elif frozen_for(line) is not None:
        about, icon, token = About.FREEZE, "freeze", "text"
    elif line.type is LogType.USER:
        about, icon, token = About.ORDER, "user", "text2"
    elif line.type is LogType.INFO:
        about, icon, token = About.NODE, "node", "text2"
    else:
        about, icon, token = About.PROBLEM, "problem", "red"
    return TimelineEvent(timed.time, line.module, node, about, icon, token, line)


class EventColumn(IntEnum):
    """The columns."""

    TIME = 0
    MODULE = 1
    NODE = 2
    TEXT = 3
    ORIGIN = 4


EVENT_ROLE = Qt.ItemDataRole.UserRole.value + 1
"""The TimelineEvent of a row."""


class RangeEvents(QAbstractTableModel):
    """The events of a range, oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: Sequence[TimelineEvent] = ()
        self._shown: list[TimelineEvent] = []
        self._range = (0.0, 0.0)
        self.count = 0
        """Events in the range, those that are not shown included."""

    def set_events(self, events: Iterable[TimelineEvent]) -> None:
        """All events there are, by time."""
        self._all = tuple(events)
        self.show_range(*self._range)

    def show_range(self, start: float, end: float) -> None:
        """Show those from `start` to `end`. Rows that stay are not touched, so that a selection keeps its place."""
        self._range = (start, end)
        first = bisect_left(self._all, start, key=_time)
        last = bisect_left(self._all, end, lo=first, key=_time)
        self.count = last - first
        self._replace(list(self._all[max(first, last - SHOWN) : last]))

    def row_of(self, event: TimelineEvent | None) -> int:
        """Its row; -1 when it is not shown."""
        if event is None:
            return -1
        first = bisect_left(self._shown, event.time, key=_time)
        for row in range(first, len(self._shown)):
            if self._shown[row].line == event.line:
                return row
            if self._shown[row].time > event.time:
                break
        return -1

    @property
    def shown(self) -> Sequence[TimelineEvent]:
        """The rows."""
        return self._shown

    def _replace(self, wanted: list[TimelineEvent]) -> None:
        """Take the head and the tail off, and put others there: a range that moves keeps most of its rows."""
        if wanted == self._shown:
            return
        if not wanted or not self._shown or not self._overlaps(wanted):
            self.beginResetModel()
            self._shown = wanted
            self.endResetModel()
            return
        gone = next((at for at, event in enumerate(self._shown) if event.time >= wanted[0].time), 0)
        self._drop(0, gone)
        common = 0
        while common < min(len(self._shown), len(wanted)) and self._shown[common] == wanted[common]:
            common += 1
        self._drop(common, len(self._shown))
        self._append(wanted[common:])

    def _overlaps(self, wanted: Sequence[TimelineEvent]) -> bool:
        return wanted[0].time >= self._shown[0].time and wanted[0].time <= self._shown[-1].time

    def _drop(self, first: int, end: int) -> None:
        if end > first:
            self.beginRemoveRows(QModelIndex(), first, end - 1)
            del self._shown[first:end]
            self.endRemoveRows()

    def _append(self, events: list[TimelineEvent]) -> None:
        if events:
            first = len(self._shown)
            self.beginInsertRows(QModelIndex(), first, first + len(events) - 1)
            self._shown += events
            self.endInsertRows()

    # --- QAbstractTableModel ------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(EventColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Time"), tr("Module"), tr("Node"), tr("Event"), tr("Origin"))[section]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        event = self._shown[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(event, index.column())
            case Qt.ItemDataRole.ToolTipRole | Qt.ItemDataRole.AccessibleTextRole:
                return event.words
            case _:
                return event if role == EVENT_ROLE else None


def _words(event: TimelineEvent, column: int) -> str:
    match column:
        case EventColumn.TIME:
            return clock_fine(event.time)
        case EventColumn.MODULE:
            return event.where
        case EventColumn.NODE:
            return event.node
        case EventColumn.TEXT:
            return event.line.text
        case _:
            return event.line.origin


def _time(event: TimelineEvent) -> float:
    return event.time
