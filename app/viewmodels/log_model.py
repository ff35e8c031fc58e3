"""The log of a node as a table: up to a million lines, filtered, live or held still.

Lines arrive in batches; the table grows at most ten times a second. A filter shows the newest lines at once and
works through the older ones in slices, so that the window never waits for it.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from enum import IntEnum
from itertools import islice
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal

from app.viewmodels.text import clock_fine, number, tr, trn
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

AnyIndex = QModelIndex | QPersistentModelIndex

CAPACITY = 1_000_000
BATCH_MILLISECONDS = 100
SLICE = 50_000
"""Lines looked at in one go: about 10 ms."""
ALL_TYPES = frozenset(LogType)


class LogColumn(IntEnum):
    """The columns."""

    TIME = 0
    TYPE = 1
    ORIGIN = 2
    TEXT = 3


class LogRole(IntEnum):
    """What a delegate asks for beside the words."""

    LINE = Qt.ItemDataRole.UserRole.value + 1
    """The LogLine."""
    TOKEN = LINE + 1
    """Colour token of the type."""
    ICON = LINE + 2
    """Icon name of the type, empty for none."""
    OUTPUT = LINE + 3
    """Name of the script output file, empty for none."""


def type_words(kind: LogType) -> str:
    """`Critical`, `Error`, …"""
    match kind:
        case LogType.CRITICAL:
            return tr("Critical")
        case LogType.ERROR:
            return tr("Error")
        case LogType.USER:
            return tr("User")
        case LogType.SCRIPT:
            return tr("Script")
        case LogType.INFO:
            return tr("Info")
        case LogType.DEBUG:
            return tr("Debug")


def type_token(kind: LogType) -> str:
    """The colour token of a type."""
    return {LogType.CRITICAL: "red", LogType.ERROR: "red", LogType.USER: "link", LogType.SCRIPT: "text"}.get(
        kind, "text2"
    )


def type_icon(kind: LogType) -> str:
    """The icon of a type, empty for none."""
    return {LogType.CRITICAL: "problem", LogType.ERROR: "problem", LogType.SCRIPT: "script"}.get(kind, "")


class LogModel(QAbstractTableModel):
    """The shown lines, oldest first."""

    waiting_changed = Signal()
    """`waiting` is another number now."""
    counts_changed = Signal()
    """`counts` or the number of shown lines changed."""

    def __init__(self, parent: QObject | None = None, *, capacity: int = CAPACITY) -> None:
        super().__init__(parent)
        self._capacity = capacity
        self._lines: list[LogLine] = []
        self._shown: list[LogLine] = []
        self._incoming: list[LogLine] = []
        self._types, self._text, self._module = ALL_TYPES, "", ""
        self._held = False
        self.live = True
        """Whether lines may still come: not those of a snapshot."""
        self._shift = 0.0
        self._unsifted = 0
        self.counts: Counter[LogType] = Counter()
        """Lines kept per type, whatever the filter."""
        self.waiting = 0
        """Lines that arrived while held and that the filter lets through."""
        self._batch = QTimer(self, singleShot=True, interval=BATCH_MILLISECONDS)
        self._batch.timeout.connect(self.flush)
        self._sift = QTimer(self, singleShot=True, interval=0)
        self._sift.timeout.connect(self._sift_older)

    # --- lines --------------------------------------------------------------------------------

    def append(self, lines: Iterable[LogLine]) -> None:
        """Newer lines; shown with the next batch, or when the log is no longer held."""
        fresh = list(lines)
        if not fresh:
            return
        self._incoming += fresh
        if self._held:
            if passing := sum(map(self._passes, fresh)):
                self.waiting += passing
                self.waiting_changed.emit()
            if len(self._incoming) > self._capacity:
                del self._incoming[: -self._capacity]
        elif not self._batch.isActive():
            self._batch.start()

    def prepend(self, lines: Sequence[LogLine]) -> None:
        """Older lines, in order, read because somebody scrolled up; as many of the newest as there is room for."""
        room = self._capacity - len(self._lines)
        older = list(lines[-room:]) if room > 0 else []
        self._lines[0:0] = older
        self.counts.update(line.type for line in older)
        if self._unsifted:
            self._unsifted += len(older)
        else:
            self._show_above([line for line in older if self._passes(line)])
        self.counts_changed.emit()

    def flush(self) -> None:
        """Show what has arrived, now."""
        self._batch.stop()
        fresh, self._incoming = self._incoming, []
        if fresh:
            self._lines += fresh
            self.counts.update(line.type for line in fresh)
            if passing := [line for line in fresh if self._passes(line)]:
                first = len(self._shown)
                self.beginInsertRows(QModelIndex(), first, first + len(passing) - 1)
                self._shown += passing
                self.endInsertRows()
            self._forget_oldest()
            self.counts_changed.emit()
        if self.waiting:
            self.waiting = 0
            self.waiting_changed.emit()

    def clear(self) -> None:
        """Forget all lines: another node's log follows."""
        self._batch.stop()
        self.beginResetModel()
        self._lines, self._shown, self._incoming, self._unsifted = [], [], [], 0
        self.counts = Counter()
        self.endResetModel()
        self.counts_changed.emit()
        if self.waiting:
            self.waiting = 0
            self.waiting_changed.emit()

    @property
    def oldest_cursor(self) -> int:
        """The cursor of the oldest line kept, 0 without lines: what to read before it."""
        return self._lines[0].cursor if self._lines else 0

    @property
    def oldest_line(self) -> LogLine | None:
        """The oldest line kept, whatever the filter."""
        return self._lines[0] if self._lines else None

    def row_of(self, cursor: int) -> int:
        """The row that shows this line, or the next newer one; -1 when there is none."""
        low, high = 0, len(self._shown)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._shown[middle].cursor < cursor else (low, middle)
        return low if low < len(self._shown) else -1

    def line_at(self, time: float) -> LogLine | None:
        """The last line shown that was written up to this time on the node's clock, else the first one."""
        place = bisect_right(self._shown, time, key=lambda line: line.time) - 1
        return self._shown[max(place, 0)] if self._shown else None

    # --- what is shown ------------------------------------------------------------------------

    @property
    def held(self) -> bool:
        """Whether new lines wait."""
        return self._held

    def set_held(self, held: bool) -> None:
        """Hold the log still (pause, or not scrolled to its end), or let it run on."""
        self._held = held
        if held:
            self._batch.stop()
        else:
            self.flush()

    @property
    def waiting_text(self) -> str:
        """`37 new lines`, empty without any."""
        return trn("{count} new line", "{count} new lines", self.waiting) if self.waiting else ""

    @property
    def shown_text(self) -> str:
        """`Live; 248 of 250 lines shown`."""
        values = {"shown": number(len(self._shown)), "all": number(len(self._lines))}
        if not self.live:
            return tr("{shown} of {all} lines shown", **values)
        if self._held:
            return tr("Paused; {shown} of {all} lines shown", **values)
        return tr("Live; {shown} of {all} lines shown", **values)

    def set_filter(
        self, *, types: frozenset[LogType] | None = None, text: str | None = None, module: str | None = None
    ) -> None:
        """Show only these types, with this text in text or origin, of this module; what is None stays as it was."""
        wanted = (
            self._types if types is None else types,
            self._text if text is None else text.strip().casefold(),
            self._module if module is None else module,
        )
        if wanted == (self._types, self._text, self._module):
            return
        self._types, self._text, self._module = wanted
        self.beginResetModel()
        self._unsifted = max(len(self._lines) - SLICE, 0)
        self._shown = [line for line in islice(self._lines, self._unsifted, None) if self._passes(line)]
        self.endResetModel()
        if self._held:
            self.waiting = sum(map(self._passes, self._incoming))
            self.waiting_changed.emit()
        self.counts_changed.emit()
        if self._unsifted:
            self._sift.start()

    @property
    def sifting(self) -> bool:
        """Whether older lines are still being looked through."""
        return self._unsifted > 0

    def set_shift(self, seconds: float) -> None:
        """Seconds to add to the times of the lines to have this computer's clock."""
        if abs(seconds - self._shift) < 0.001:
            return
        self._shift = seconds
        if self._shown:
            column = LogColumn.TIME.value
            self.dataChanged.emit(self.index(0, column), self.index(len(self._shown) - 1, column))

    def _passes(self, line: LogLine) -> bool:
        if line.type not in self._types or (self._module and line.module not in ("", self._module)):
            return False
        return not self._text or self._text in line.text.casefold() or self._text in line.origin.casefold()

    def _sift_older(self) -> None:
        end = self._unsifted
        self._unsifted = max(end - SLICE, 0)
        self._show_above([line for line in islice(self._lines, self._unsifted, end) if self._passes(line)])
        self.counts_changed.emit()
        if self._unsifted:
            self._sift.start()

    def _show_above(self, lines: list[LogLine]) -> None:
        if lines:
            self.beginInsertRows(QModelIndex(), 0, len(lines) - 1)
            self._shown[0:0] = lines
            self.endInsertRows()

    def _forget_oldest(self) -> None:
        """A twentieth at once: the rest of the list moves each time."""
        if len(self._lines) <= self._capacity:
            return
        gone = len(self._lines) - self._capacity + self._capacity // 20
        self.counts.subtract(line.type for line in islice(self._lines, gone))
        last = self._lines[gone - 1].cursor
        del self._lines[:gone]
        self._unsifted = max(self._unsifted - gone, 0)
        rows = next((row for row, line in enumerate(self._shown) if line.cursor > last), len(self._shown))
        if rows:
            self.beginRemoveRows(QModelIndex(), 0, rows - 1)
            del self._shown[:rows]
            self.endRemoveRows()

    # --- QAbstractTableModel ------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self._shown)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(LogColumn)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if orientation != Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Time"), tr("Type"), tr("Origin"), tr("Text"))[section]

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        line = self._shown[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(line, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return line.text if index.column() == LogColumn.TEXT else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(self._words(line, column) for column in LogColumn)
            case LogRole.LINE:
                return line
            case LogRole.TOKEN:
                return type_token(line.type)
            case LogRole.ICON:
                return type_icon(line.type)
            case LogRole.OUTPUT:
                return line.output
        return None

    def _words(self, line: LogLine, column: int) -> str:
        match column:
            case LogColumn.TIME:
                return clock_fine(line.time + self._shift)
            case LogColumn.TYPE:
                return type_words(line.type)
            case LogColumn.ORIGIN:
                return line.origin
            case _:
                return line.text
