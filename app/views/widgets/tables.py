"""Tables of fixed rows, painted by one delegate; no widgets in cells."""

from enum import IntEnum

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
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
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import elided, paint_focus, paint_silhouette

ROW = 28
Index = QModelIndex | QPersistentModelIndex


class CellRole(IntEnum):
    """What a model may say of a cell beside its text; tokens are given by their names."""

    SILHOUETTE = Qt.ItemDataRole.UserRole + 101
    ICON = Qt.ItemDataRole.UserRole + 102
    INK = Qt.ItemDataRole.UserRole + 103
    GROUND = Qt.ItemDataRole.UserRole + 104
    STRONG = Qt.ItemDataRole.UserRole + 105
    MONO = Qt.ItemDataRole.UserRole + 106
    RIGHT = Qt.ItemDataRole.UserRole + 107


def paint_row(painter: QPainter, option: QStyleOptionViewItem, *, first: bool) -> bool:
    """The ground of a cell whose row is chosen or pointed at, with a bar before the first one; whether it is chosen."""
    box: QRect = option.rect
    selected = bool(option.state & QStyle.StateFlag.State_Selected)
    if selected:
        painter.fillRect(box, theme.colour(Token.SELECTED))
        if first:
            painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), theme.colour(Token.LINK))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(box, theme.colour(Token.HOVER))
    return selected


class CellDelegate(QStyledItemDelegate):
    """Paints ground, selection, silhouette or icon, and the elided text of a cell."""

    padding = 8

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        state = option.state
        selected = bool(state & QStyle.StateFlag.State_Selected)
        ground = index.data(CellRole.GROUND)
        if ground is not None and not selected:
            painter.fillRect(box, theme.colour(Token(ground)))
        elif selected:
            painter.fillRect(box, theme.colour(Token.SELECTED))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.colour(Token.HOVER))
        x = box.left() + self.padding
        silhouette = index.data(CellRole.SILHOUETTE)
        icon = index.data(CellRole.ICON)
        ink = Token(index.data(CellRole.INK) or Token.TEXT)
        if silhouette is not None:
            paint_silhouette(painter, x, box.center().y() - 6.5, 14, Silhouette(silhouette))
            x += 20
        elif icon:
            icons.paint(painter, str(icon), ink, x, box.center().y() - 6.5, 14)
            x += 20
        mono = bool(index.data(CellRole.MONO))
        font = theme.font(fonts.SIDE if mono else fonts.BASE, strong=bool(index.data(CellRole.STRONG)), mono=mono)
        painter.setFont(font)
        painter.setPen(theme.colour(ink))
        text = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        room = QRect(x, box.top(), box.right() - x - self.padding + 1, box.height())
        side = Qt.AlignmentFlag.AlignRight if index.data(CellRole.RIGHT) else Qt.AlignmentFlag.AlignLeft
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, elided(text, font, room.width()))
        painter.fillRect(QRect(box.left(), box.bottom(), box.width(), 1), theme.colour(Token.DIVIDER))
        if state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, box.adjusted(1, 1, -1, -1))

    def sizeHint(self, _option: QStyleOptionViewItem, _index: Index) -> QSize:
        return QSize(80, ROW)


class TableView(QTableView):
    """A table of rows of one height: hairlines, whole rows selected, head of 11/600, hover, scroll by pixel."""

    def __init__(self, name: str, parent: QWidget | None = None, *, row: int = ROW) -> None:
        super().__init__(parent)
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
        head.setFixedHeight(28)
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        head.setStretchLastSection(True)
