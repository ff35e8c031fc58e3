"""*Go to or run…*: a field in the top bar, and under it what fits the typed words."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.viewmodels.goto_model import GotoEntry, GotoModel, GotoRole
from app.viewmodels.text import tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import SearchField
from app.views.widgets.painting import elided, paint_panel, text_width

ROW = 32
WIDTH = 440
MOST_ROWS = 12
Index = QModelIndex | QPersistentModelIndex


class _Lines(QStyledItemDelegate):
    """Paints a line: icon, words, and behind them where it is or why it is not possible."""

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(WIDTH, ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        if option.state & QStyle.StateFlag.State_Selected:
            paint_panel(painter, box, Token.SELECTED, None, 4)
        possible = bool(index.flags() & Qt.ItemFlag.ItemIsEnabled)
        ink = Token.TEXT if possible else Token.TEXT3
        icons.paint(painter, str(index.data(GotoRole.ICON)), ink, box.x() + 12, box.y() + 8)
        hint = str(index.data(GotoRole.HINT) or "")
        side = theme.font(fonts.SIDE)
        room = box.width() - 56 - (text_width(hint, side) + 16 if hint else 0)
        painter.setFont(theme.font())
        painter.setPen(theme.colour(ink))
        words = elided(str(index.data()), theme.font(), max(room, 120))
        painter.drawText(box.adjusted(40, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, words)
        painter.setFont(side)
        painter.setPen(theme.colour(Token.TEXT3))
        edge = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = box.adjusted(40 + max(room, 120) + 8, 0, -12, 0)
        painter.drawText(box.adjusted(0, 0, -12, 0), edge, elided(hint, side, left.width()))


class _Found(QListView):
    """The list under the field; the focus stays in the field."""

    def __init__(self, model: GotoModel, parent: QWidget) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_Lines(self))
        self.setUniformItemSizes(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setViewportMargins(4, 4, 4, 4)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setObjectName("goTo")
        self.setAccessibleName(tr("What fits"))
        self.hide()


class GoTo(SearchField):
    """Type a part of the words; arrows choose, Enter goes, Esc gives the focus back.

    `opened` when the field gets the focus: the owner then fills the model. `chosen(GotoEntry)` for the one picked.
    """

    opened = Signal()
    chosen = Signal(object)

    def __init__(self, model: GotoModel, parent: QWidget | None = None) -> None:
        super().__init__(tr("Go to or run"), tr("Go to or run…"), "Ctrl+K", parent)
        self._model = model
        self._found: _Found | None = None
        self._back: QWidget | None = None
        keys = 44
        self.setFixedWidth(max(200, text_width(self.placeholderText(), self.font()) + 48 + keys))
        self.textChanged.connect(self._typed)

    def take_focus(self, back: QWidget | None) -> None:
        """Ctrl+K; `back` gets the focus again on Esc."""
        self._back = back if back is not self else self._back
        self.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.selectAll()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.opened.emit()
        self._show()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if self._found is not None:
            self._found.hide()

    def _typed(self, text: str) -> None:
        self._model.set_text(text)
        if self.hasFocus():
            self._show()

    def _show(self) -> None:
        if self._found is None:
            self._found = _Found(self._model, self.window())
            self._found.clicked.connect(self._pick)
        rows = self._model.rowCount()
        if not rows:
            self._found.hide()
            return
        place = self.mapTo(self.window(), QPoint(self.width() - WIDTH, self.height() + 4))
        self._found.setGeometry(place.x(), place.y(), WIDTH, min(rows, MOST_ROWS) * ROW + 10)
        self._found.setCurrentIndex(self._model.index(0, 0))
        self._found.raise_()
        self._found.show()

    def _pick(self, index: QModelIndex) -> None:
        if index.isValid() and index.flags() & Qt.ItemFlag.ItemIsEnabled:
            entry: GotoEntry = self._model.entry(index.row())
            self._leave()
            self.chosen.emit(entry)

    def _leave(self) -> None:
        self.clear()
        if self._found is not None:
            self._found.hide()
        if self._back is not None and self._back.isVisible():
            self._back.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.clearFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._leave()
        elif self._found is not None and event.key() in {Qt.Key.Key_Down, Qt.Key.Key_Up}:
            step = 1 if event.key() == Qt.Key.Key_Down else -1
            row = min(max(self._found.currentIndex().row() + step, 0), self._model.rowCount() - 1)
            self._found.setCurrentIndex(self._model.index(row, 0))
        elif self._found is not None and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._pick(self._found.currentIndex())
        else:
            super().keyPressEvent(event)
