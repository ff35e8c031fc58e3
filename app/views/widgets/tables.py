"""Tables of fixed rows, painted by one delegate; no widgets in cells."""

from enum import IntEnum

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from app.viewmodels.silhouettes import Silhouette
from app.views import icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import elided, paint_focus, paint_silhouette

ROW = 28
EDGE, PADDING = 16, 8
"""Before the words of the first column, in line with the title of the card around it, and of the others; pixels."""
Index = QModelIndex | QPersistentModelIndex


class CellRole(IntEnum):
    """What a model may say of a cell beside its text; tokens are given by their names."""

    SILHOUETTE = Qt.ItemDataRole.UserRole + 101
    ICON = Qt.ItemDataRole.UserRole + 102
    INK = Qt.ItemDataRole.UserRole + 103
    STRONG = Qt.ItemDataRole.UserRole + 104


def paint_row(painter: QPainter, option: QStyleOptionViewItem, index: Index) -> bool:
    """The ground of a cell whose row is chosen or pointed at, with a bar before the first one; whether it is chosen."""
    box: QRect = option.rect
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    if selected:
        painter.fillRect(box, theme.colour(Token.SELECTED))
        if index.column() == 0:
            painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), theme.colour(Token.LINK))
    elif isinstance(option.widget, TableView) and option.widget.pointed == index.row():
        painter.fillRect(box, theme.colour(Token.HOVER))
    return selected


class CellDelegate(QStyledItemDelegate):
    """Paints ground, selection, silhouette or icon, and the elided text of a cell."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        paint_row(painter, option, index)
        x = box.left() + (PADDING if index.column() else EDGE)
        silhouette = index.data(CellRole.SILHOUETTE)
        icon = index.data(CellRole.ICON)
        ink = Token(index.data(CellRole.INK) or Token.TEXT)
        if silhouette is not None:
            paint_silhouette(painter, x, box.center().y() - 6.5, 14, Silhouette(silhouette))
            x += 20
        elif icon:
            icons.paint(painter, str(icon), ink, x, box.center().y() - 6.5, 14)
            x += 20
        font = theme.font(strong=bool(index.data(CellRole.STRONG)))
        painter.setFont(font)
        painter.setPen(theme.colour(ink))
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        room = QRect(x, box.top(), box.right() - x - PADDING + 1, box.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, elided(text, font, room.width()))
        painter.fillRect(QRect(box.left(), box.bottom(), box.width(), 1), theme.colour(Token.DIVIDER))
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, box.adjusted(1, 1, -1, -1))

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(80, ROW)


class TableView(QTableView):
    """A table of rows of one height: hairlines, whole rows selected, head of 11/600, hover, scroll by pixel."""

    def __init__(self, name: str, parent: QWidget | None = None, *, row: int = ROW) -> None:
        super().__init__(parent)
        self.pointed = -1
        """The row under the pointer, -1 for none."""
        self.entered.connect(lambda index: self._point_at(index.row()))
        self.viewportEntered.connect(lambda: self._point_at(-1))
        self.setAccessibleName(name)
        self.setItemDelegate(CellDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setMinimumSectionSize(row)
        self.verticalHeader().setDefaultSectionSize(row)
        head = self.horizontalHeader()
        head.setObjectName("cardHead")
        head.setFixedHeight(28)
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setStretchLastSection(True)

    def leaveEvent(self, event: QEvent) -> None:
        self._point_at(-1)
        super().leaveEvent(event)

    def _point_at(self, row: int) -> None:
        before, self.pointed = self.pointed, row
        for changed in {before, row} - {-1}:
            top, height = self.rowViewportPosition(changed), self.rowHeight(changed)
            self.viewport().update(0, top, self.viewport().width(), height)
