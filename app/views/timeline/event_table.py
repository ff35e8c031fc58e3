"""The events of the range as a table; the chosen one is where the cursor is."""

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.viewmodels.timeline_events import EVENT_ROLE, EventColumn, RangeEvents, TimelineEvent
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import TableView
from app.views.widgets.painting import elided, paint_silhouette
from app.views.widgets.tables import EDGE, PADDING, ROW, Index, paint_row

WIDTHS = {EventColumn.TIME: 116, EventColumn.MODULE: 104, EventColumn.NODE: 112, EventColumn.ORIGIN: 128}
WIDE = 900
"""Pixels from which the origin has its column."""
NEAR = 8


class _Events(QStyledItemDelegate):
    """Time and origin quiet, the text with its silhouette or icon, the chosen row strong."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        selected = paint_row(painter, option, index)
        event: TimelineEvent = index.data(EVENT_ROLE)
        left = box.left() + (PADDING if index.column() else EDGE)
        column = index.column()
        if column == EventColumn.TEXT:
            y = box.center().y() - 6
            if event.icon in set(Silhouette):
                paint_silhouette(painter, left, y, 14, Silhouette(event.icon))
            else:
                icons.paint(painter, event.icon, Token(event.token), left, y, 14)
            left += 24
        quiet = column in {EventColumn.TIME, EventColumn.ORIGIN}
        named = column in {EventColumn.MODULE, EventColumn.NODE}
        size = fonts.SIDE if quiet else fonts.BASE
        font = theme.font(size, medium=named, strong=selected and column == EventColumn.TEXT)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT2 if quiet else Token.TEXT))
        room = box.right() - left - 4
        where = Qt.TextElideMode.ElideMiddle if named else Qt.TextElideMode.ElideRight
        words = elided(str(index.data()), font, room, where)
        painter.drawText(QRect(left, box.top(), room, box.height()), Qt.AlignmentFlag.AlignVCenter, words)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(80, ROW)


class EventTable(TableView):
    """`chosen(event)` when the user picks one, `opened(event)` for Enter or a double click."""

    chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, events: RangeEvents) -> None:
        super().__init__(tr("Events in this range"))
        self._events = events
        self._at_end = True
        self.setItemDelegate(_Events(self))
        self.setModel(events)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(EventColumn.TEXT, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setStretchLastSection(False)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        self.clicked.connect(lambda index: self.chosen.emit(index.data(EVENT_ROLE)))
        self.doubleClicked.connect(lambda index: self.opened.emit(index.data(EVENT_ROLE)))
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._follow)
        events.rowsRemoved.connect(self._removed)
        theme.changed.connect(self.viewport().update)

    def show_chosen(self, event: TimelineEvent | None) -> None:
        """Select the row of this event, or none. It is brought into view when it was not selected before."""
        row = self._events.row_of(event)
        if row < 0:
            self.clearSelection()
            self.setCurrentIndex(QModelIndex())
        elif row != self.currentIndex().row() or not self.selectionModel().isRowSelected(row, QModelIndex()):
            self.selectRow(row)
            self.scrollTo(self._events.index(row, 0))

    def fold(self, narrow: bool) -> None:
        """Without the origin where there is little room."""
        self.setColumnHidden(EventColumn.ORIGIN, narrow)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        before = self.currentIndex().row()
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter} and self.currentIndex().isValid():
            self.opened.emit(self.currentIndex().data(EVENT_ROLE))
            return
        super().keyPressEvent(event)
        if self.currentIndex().isValid() and self.currentIndex().row() != before:
            self.chosen.emit(self.currentIndex().data(EVENT_ROLE))

    def _scrolled(self, value: int) -> None:
        self._at_end = value >= self.verticalScrollBar().maximum() - NEAR

    def _removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        """The range moves on: what is read keeps its place."""
        if first == 0 and not self._at_end:
            bar = self.verticalScrollBar()
            wanted = bar.value() - (last + 1) * ROW
            self.updateGeometries()
            bar.setValue(wanted)

    def _follow(self, _low: int, _high: int) -> None:
        """The newest stays in view while it is, and nothing is chosen."""
        if self._at_end and not self.currentIndex().isValid():
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())
