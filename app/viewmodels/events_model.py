"""What happened in all clusters, newest first: the event strip and the number on the bell.

Fed by the log (critical, error, user lines) and by what the console sees itself: a module that is green again, a node
that falls silent or comes back. What was there before the console looked is shown but counts as read.
"""

import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from itertools import groupby
from operator import itemgetter
from typing import Any
from weakref import WeakKeyDictionary

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from app.services.nodes import NodeView
from app.viewmodels.reach import shift, silent, trouble_words
from app.viewmodels.session_model import SessionModel, Watched
from app.viewmodels.silhouettes import Silhouette, of_module
from app.viewmodels.text import clock, counted, labelled, moment, tr, trn
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

AnyIndex = QModelIndex | QPersistentModelIndex

KEPT = 5000
BATCH_MILLISECONDS = 100
TOLD = {LogType.CRITICAL, LogType.ERROR, LogType.USER}
_MIDNIGHT = (0, 0, 0, 0, 0, -1)
"""Behind year, month and day; whether clocks are changed then is not known."""


@dataclass(frozen=True)
class Event:
    """One event; `time` on this computer's clock, `icon` an icon or silhouette name, `token` its colour."""

    time: float
    icon: str
    token: str
    session: str
    """The console's own name of the cluster."""
    cluster: str
    """Its title, which another one may bear as well."""
    module: str
    node: str
    text: str
    line: LogLine | None = None
    """The log line it comes from: a click leads there."""


class EventColumn(IntEnum):
    """The columns."""

    TIME = 0
    KIND = 1
    MODULE = 2
    NODE = 3
    TEXT = 4


EVENT_ROLE = Qt.ItemDataRole.UserRole.value + 1
"""The Event of a row."""


@dataclass
class _Seen:
    """What was known of a node at the last look."""

    view: NodeView
    cursor: int = 0
    states: dict[str, tuple[Silhouette, float]] = field(default_factory=dict)


@dataclass
class _Followed:
    """A cluster, and each of its nodes for as long as it is watched."""

    model: SessionModel
    unsubscribe: Callable[[], object]
    seen: WeakKeyDictionary[Watched, _Seen] = field(default_factory=WeakKeyDictionary)


class EventsModel(QAbstractTableModel):
    """The list. `follow` each cluster once."""

    unread_changed = Signal(int)
    happened = Signal(object)
    """New events, not those that were there before the console looked."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._events: list[Event] = []
        self._followed: dict[str, _Followed] = {}
        self.unread = 0
        """New events since the list was last looked at."""
        self._batch = QTimer(self, singleShot=True, interval=BATCH_MILLISECONDS)
        self._batch.timeout.connect(self.look)

    def follow(self, model: SessionModel) -> None:
        """Tell what happens in this cluster from now on, and its recent past."""
        self._followed[model.id] = _Followed(model, model.session.subscribe(self._soon))
        self._soon()

    def forget(self, model: SessionModel) -> None:
        """Hear no more of this cluster; its events stay."""
        self._followed.pop(model.id).unsubscribe()

    def close(self) -> None:
        """Hear no more of any cluster, and tell nothing that was not told yet."""
        for followed in self._followed.values():
            followed.unsubscribe()
        self._followed.clear()
        self._batch.stop()

    def mark_read(self) -> None:
        """Somebody looked at the list."""
        if self.unread:
            self.unread = 0
            self.unread_changed.emit(self.unread)

    def today_text(self, now: float) -> str:
        """`38 today`."""
        begin, end = _day(now)
        return trn("{count} today", "{count} today", sum(begin <= event.time < end for event in self._events))

    def look(self) -> None:
        """Take up what has happened since the last look."""
        self._batch.stop()
        past: list[Event] = []
        fresh: list[Event] = []
        for followed in self._followed.values():
            for watched in followed.model.session.nodes:
                self._look_at(followed, watched, past, fresh)
        if past:
            self._add_past(past)
        if fresh:
            self.unread += len(fresh)  # first: the page in view has read them as soon as they are there
            self._add(0, fresh)
            self._forget_oldest()
            self.unread_changed.emit(self.unread)
            self.happened.emit(tuple(fresh))

    def _soon(self) -> None:
        if not self._batch.isActive():
            self._batch.start()

    def _look_at(self, followed: _Followed, watched: Watched, past: list[Event], fresh: list[Event]) -> None:
        model, view = followed.model, watched.view
        seen = followed.seen.get(watched)
        first = seen is None or not seen.cursor
        if seen is None:
            seen = followed.seen[watched] = _Seen(view)
        lines, seen.cursor = new_lines(watched, seen.cursor)
        told = [_of_line(model, view, line) for line in lines if line.type in TOLD]
        (past if first else fresh).extend(told)
        if view is not seen.view:
            fresh += _of_reach(model, seen.view, view)
        fresh += _of_states(model, seen, view)
        seen.view = view

    def _add_past(self, events: list[Event]) -> None:
        """Each by its time among those that are there: who answers last has not the newest to tell."""
        places = ((bisect_left(self._events, -event.time, key=lambda known: -known.time), event) for event in events)
        runs = groupby(sorted(places, key=itemgetter(0), reverse=True), key=itemgetter(0))
        for place, run in runs:  # from below, so that the places above stay what they are
            self._add(place, [event for _, event in run])
        self._forget_oldest()

    def _add(self, place: int, events: list[Event]) -> None:
        """By time, newest first, above the row that is at this place; rows that are shown keep their order."""
        newest = sorted(events, key=lambda event: event.time, reverse=True)[:KEPT]
        self.beginInsertRows(QModelIndex(), place, place + len(newest) - 1)
        self._events[place:place] = newest
        self.endInsertRows()

    def _forget_oldest(self) -> None:
        if len(self._events) > KEPT:
            self.beginRemoveRows(QModelIndex(), KEPT, len(self._events) - 1)
            del self._events[KEPT:]
            self.endRemoveRows()

    # --- QAbstractTableModel ------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self._events)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(EventColumn)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        event = self._events[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(event, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return f"{moment(event.time, datetime.now(UTC).timestamp())} {labelled(event.cluster, event.text)}"
            case Qt.ItemDataRole.AccessibleTextRole:
                parts = (clock(event.time), event.cluster, event.module, event.node, event.text)
                return ", ".join(part for part in parts if part)
            case _:
                return event if role == EVENT_ROLE else None


def _words(event: Event, column: int) -> str:
    match column:
        case EventColumn.TIME:
            return clock(event.time)
        case EventColumn.MODULE:
            return event.module
        case EventColumn.NODE:
            return event.node
        case EventColumn.TEXT:
            return event.text
        case _:
            return ""


def new_lines(watched: Watched, cursor: int) -> tuple[list[LogLine], int]:
    """The lines after this cursor, oldest first, and the new cursor. A log that began anew is read from its start."""
    lines = watched.lines
    if not lines:
        return [], cursor
    newest = lines[-1].cursor
    if newest < cursor:
        cursor = 0
    found = []
    for line in reversed(lines):
        if line.cursor <= cursor:
            break
        found.append(line)
    return found[::-1], newest


def _of_line(model: SessionModel, view: NodeView, line: LogLine) -> Event:
    icon, token = ("user", "text2") if line.type == LogType.USER else ("problem", "red")
    when, node = line.time + shift(view), line.node or view.name
    return Event(when, icon, token, model.id, model.title, line.module, node, line.text, line)


def _of_reach(model: SessionModel, before: NodeView, now: NodeView) -> list[Event]:
    if silent(now) and not silent(before):
        text = tr("no longer answers this console: {trouble}", trouble=trouble_words(now))
        return [Event(now.since, Silhouette.UNREACHABLE, "grey", model.id, model.title, "", now.name, text)]
    if silent(before) and now.reached:
        text = tr("answers again after {time}", time=counted(now.since - before.since))
        return [Event(now.since, Silhouette.READY, "green", model.id, model.title, "", now.name, text)]
    return []


def _of_states(model: SessionModel, seen: _Seen, view: NodeView) -> list[Event]:
    """Modules that have become green. How they ceased to be is in the log."""
    if view.status is None:
        return []
    found = []
    states: dict[str, tuple[Silhouette, float]] = {}
    for module in view.status.modules:
        now = states[module.name] = (of_module(module), module.since)
        before = seen.states.get(module.name)
        if before and before[0] != Silhouette.READY and now[0] == Silhouette.READY:
            when, text = module.since + shift(view), f"{module.state} {module.status}"
            found.append(Event(when, Silhouette.READY, "green", model.id, model.title, module.name, view.name, text))
    seen.states = states
    return found


def _day(when: float) -> tuple[float, float]:
    """When its day begins and ends here; one with a change of the clocks is shorter or longer."""
    year, month, day, *_ = time.localtime(when)
    return time.mktime((year, month, day, *_MIDNIGHT)), time.mktime((year, month, day + 1, *_MIDNIGHT))
