"""The lines of a log: fixed rows, painted by one delegate, at its end while live, else at rest."""

from PySide6.QtCore import QModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QPainter
from PySide6.QtWidgets import QHeaderView, QStyledItemDelegate, QStyleOptionViewItem

from app.viewmodels.log_model import LogColumn, LogModel, LogRole, type_words
from app.viewmodels.text import tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import TableView
from app.views.widgets.painting import elided, text_width
from app.views.widgets.tables import EDGE, PADDING, Index, paint_row
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

ROW = 24
WIDTHS = {LogColumn.TIME: 108, LogColumn.ORIGIN: 96}
NEAR = 8
"""Pixels from the end that still count as the end."""


class _Lines(QStyledItemDelegate):
    """Time quiet, type with its icon and colour, what is critical strong."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        paint_row(painter, option, index)
        line: LogLine = index.data(LogRole.LINE)
        left = box.left() + (PADDING if index.column() else EDGE)
        ink, font = self._look(line, index.column())
        if index.column() == LogColumn.TYPE:
            if icon := index.data(LogRole.ICON):
                icons.paint(painter, icon, Token(index.data(LogRole.TOKEN)), left, box.center().y() - 6, 14)
            left += 20
        painter.setFont(font)
        painter.setPen(theme.colour(ink))
        room = box.right() - left - 4
        words = elided(str(index.data()), font, room)
        painter.drawText(QRect(left, box.top(), room, box.height()), Qt.AlignmentFlag.AlignVCenter, words)

    @staticmethod
    def _look(line: LogLine, column: int) -> tuple[Token, QFont]:
        critical = line.type is LogType.CRITICAL
        match column:
            case LogColumn.TIME | LogColumn.ORIGIN:
                return Token.TEXT2, theme.font(fonts.SIDE)
            case LogColumn.TYPE:
                token = {LogType.CRITICAL: Token.RED, LogType.ERROR: Token.RED, LogType.USER: Token.LINK}.get(line.type)
                plain = Token.TEXT if line.type is LogType.SCRIPT else Token.TEXT2
                return token or plain, theme.font(fonts.SIDE, medium=line.type is LogType.SCRIPT or token is not None)
            case _:
                return Token.TEXT, theme.font(fonts.BASE, strong=critical)

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(80, ROW)


class LogTable(TableView):
    """`line_chosen(LogLine)` when the user picks one; `at_end_changed`; `top_reached` when the oldest is in view."""

    line_chosen = Signal(object)
    opened = Signal(object)
    at_end_changed = Signal(bool)
    top_reached = Signal()

    def __init__(self, model: LogModel) -> None:
        super().__init__(tr("Log"), row=ROW)
        self._log = model
        self._at_end = True
        self._cursor = 0
        self.setItemDelegate(_Lines(self))
        self.setModel(model)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        widest = max(text_width(type_words(kind), theme.font(fonts.SIDE, medium=True)) for kind in LogType)
        self.setColumnWidth(LogColumn.TYPE, 8 + 20 + widest + 12)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setSectionResizeMode(LogColumn.TEXT, QHeaderView.ResizeMode.Stretch)
        self.verticalScrollBar().valueChanged.connect(self._scrolled)
        self.verticalScrollBar().rangeChanged.connect(self._follow)
        self.selectionModel().currentRowChanged.connect(self._current)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._removed)
        model.modelReset.connect(self._reset)

    @property
    def at_end(self) -> bool:
        """Whether the newest line is in view: the log then runs on."""
        return self._at_end

    def fold(self, narrow: bool) -> None:
        """Without the origin where there is little room."""
        self.setColumnHidden(LogColumn.ORIGIN, narrow)

    def to_end(self) -> None:
        """Show the newest line and stay there."""
        self._set_at_end(True)
        self.scrollToBottom()

    def chosen_line(self) -> LogLine | None:
        """The selected line."""
        index = self.currentIndex()
        return index.data(LogRole.LINE) if index.isValid() else None

    def _current(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            line: LogLine = index.data(LogRole.LINE)
            self._cursor = line.cursor
            self.line_chosen.emit(line)

    def _scrolled(self, value: int) -> None:
        bar = self.verticalScrollBar()
        if value <= 0 < bar.maximum():
            self.top_reached.emit()
        self._set_at_end(value >= bar.maximum() - NEAR)

    def _set_at_end(self, at_end: bool) -> None:
        if at_end != self._at_end:
            self._at_end = at_end
            self.at_end_changed.emit(at_end)

    def _follow(self, _low: int, _high: int) -> None:
        """The table has grown: stay at the end when it was there."""
        if self._at_end:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        """Older lines above what is read must not move it."""
        if first == 0 and last + 1 < self._log.rowCount() and not self._at_end:
            self._shift((last - first + 1) * ROW)

    def _removed(self, _parent: QModelIndex, first: int, last: int) -> None:
        if not self._at_end:
            self._shift(-(last - first + 1) * ROW)

    def _shift(self, pixels: int) -> None:
        bar = self.verticalScrollBar()
        wanted = bar.value() + pixels
        self.updateGeometries()
        bar.setValue(wanted)

    def _reset(self) -> None:
        """After another filter: the same line selected where it is still shown."""
        row = self._log.row_of(self._cursor) if self._cursor else -1
        index = self._log.index(row, 0)
        if row >= 0 and index.data(LogRole.LINE).cursor == self._cursor:
            self.selectionModel().blockSignals(True)
            self.selectRow(row)
            self.selectionModel().blockSignals(False)
            if not self._at_end:
                self.scrollTo(index, TableView.ScrollHint.PositionAtCenter)
        if self._at_end:
            self.scrollToBottom()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self.chosen_line() is not None:
                self.opened.emit(self.chosen_line())
            case Qt.Key.Key_End:
                super().keyPressEvent(event)
                self.to_end()
            case _:
                super().keyPressEvent(event)
