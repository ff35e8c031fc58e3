"""Many nodes at once: a row per node, a column per module. Its order never changes by itself."""

from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.viewmodels import menus
from app.viewmodels.farm import FarmModel, NodeRow
from app.viewmodels.menus import MenuEntry
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import percent, tr
from app.viewmodels.tile import NodeTile
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import TableView
from app.views.widgets.painting import EDGE, GROUND, INK, elided, paint_bar, paint_focus, paint_panel, paint_silhouette

Index = QModelIndex | QPersistentModelIndex
NAME, MACHINE, MODULES = 0, 1, 2
NAME_WIDTH, MACHINE_WIDTH, LEAST = 128, 152, 124
CELL = Qt.ItemDataRole.UserRole.value + 1
FINE = {Silhouette.READY, Silhouette.UNCONFIGURED}


@dataclass(frozen=True)
class Cell:
    """What stands at one place; `tile` is None where the node does not have the module."""

    row: NodeRow
    tile: NodeTile | None


class _Farm(QAbstractTableModel):
    """The farm as cells."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.farm = FarmModel("")
        self.now = 0.0

    def set_farm(self, farm: FarmModel, now: float) -> None:
        """Show this: row by row while nodes and modules are the same, so that nothing moves."""
        before, self.farm, self.now = self.farm, farm, now
        if _shape(before) != _shape(farm):
            self.beginResetModel()
            self.endResetModel()
            return
        for number, (old, new) in enumerate(zip(before.nodes, farm.nodes, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(number, 0), self.index(number, self.columnCount() - 1))
        self.headerDataChanged.emit(Qt.Orientation.Horizontal, MODULES, self.columnCount() - 1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.farm.nodes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else MODULES + len(self.farm.modules)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        if section < MODULES:
            return (tr("Node"), tr("CPU / RAM"))[section]
        card = self.farm.modules[section - MODULES]
        serving = tr("{serving} of {count}", serving=len(card.serving), count=len(card.tiles))
        return f"{card.name}  {serving}"

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.farm.nodes[index.row()]
        cell = Cell(row, row.cells[index.column() - MODULES] if index.column() >= MODULES else None)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole:
                return self._words(cell, index.column())
            case Qt.ItemDataRole.ToolTipRole:
                return cell.tile.sentence(self.now) if cell.tile else row.detail(self.now)
            case _:
                return cell if role == CELL else None

    def _words(self, cell: Cell, column: int) -> str:
        status = cell.row.view.status
        if column == NAME:
            return f"{cell.row.name}, {cell.row.words}"
        if column == MACHINE:
            if status is None or cell.row.silhouette is Silhouette.UNREACHABLE:
                return cell.row.words
            return f"CPU {percent(round(status.cpu))}, {tr('RAM')} {percent(round(status.memory))}"
        return cell.tile.accessible(self.now) if cell.tile else tr("not on this node")


class _Cells(QStyledItemDelegate):
    """Names, two thin meters, states with their share; a tint only where it is not green."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        box: QRect = option.rect
        cell: Cell = index.data(CELL)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(box, theme.colour(Token.SELECTED))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, theme.colour(Token.HOVER))
        painter.fillRect(QRect(box.left(), box.bottom(), box.width(), 1), theme.colour(Token.DIVIDER))
        if index.column() == NAME:
            self._paint_name(painter, box, cell)
        elif index.column() == MACHINE:
            self._paint_machine(painter, box, cell)
        else:
            model = index.model()
            self._paint_state(painter, box, cell.tile, model.now if isinstance(model, _Farm) else 0.0)
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_focus(painter, box.adjusted(1, 1, -1, -1))

    @staticmethod
    def _paint_name(painter: QPainter, box: QRect, cell: Cell) -> None:
        font = theme.font(medium=True)
        icons.paint(painter, "node", Token.TEXT2, box.left() + 16, box.center().y() - 7)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT3 if cell.row.silhouette is Silhouette.UNREACHABLE else Token.TEXT))
        room = box.adjusted(40, 0, -4, 0)
        words = elided(cell.row.name, font, room.width(), Qt.TextElideMode.ElideMiddle)
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, words)

    @staticmethod
    def _paint_machine(painter: QPainter, box: QRect, cell: Cell) -> None:
        status = cell.row.view.status
        painter.setFont(theme.font(fonts.SIDE))
        painter.setPen(theme.colour(Token.TEXT2))
        inner = box.adjusted(8, 0, -12, 0)
        if status is None or cell.row.silhouette is Silhouette.UNREACHABLE:
            painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, cell.row.words)
            return
        for place, value in enumerate((status.cpu, status.memory)):
            paint_bar(painter, QRectF(inner.left(), box.center().y() - 4 + 6 * place, 40, 3), value / 100)
        edge = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
        painter.drawText(inner, edge, f"{round(status.cpu)} / {percent(round(status.memory))}")

    @staticmethod
    def _paint_state(painter: QPainter, box: QRect, tile: NodeTile | None, now: float) -> None:
        font = theme.font(fonts.SIDE)
        if tile is None:
            painter.setFont(font)
            painter.setPen(theme.colour(Token.TEXT3))
            painter.drawText(box.adjusted(12, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, "–")
            return
        ink = INK[tile.silhouette]
        words = tile.cell_words
        if tile.silhouette not in FINE:
            inner = box.adjusted(2, 3, -6, -4)
            paint_panel(painter, inner, GROUND[ink], EDGE[ink], 4)
            font = theme.font(fonts.SIDE, strong=tile.silhouette is not Silhouette.UNREACHABLE)
            if tile.silhouette is Silhouette.TRANSIENT and (block := tile.block(now)) and block.counted:
                words = f"{words} {block.counted}"
        paint_silhouette(painter, box.left() + 8, box.center().y() - 6, 14, tile.silhouette)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT if tile.silhouette is Silhouette.READY else ink))
        painter.drawText(box.adjusted(28, 0, -8, 0), Qt.AlignmentFlag.AlignVCenter, words)
        if tile.silhouette is Silhouette.READY:
            painter.setPen(theme.colour(Token.TEXT2))
            edge = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
            painter.drawText(box.adjusted(0, 0, -14, 0), edge, tile.cell_share)


class FarmTable(TableView):
    """`opened(module, node)` for Enter or a double click; `wanted` for F4; `menu_wanted` for the context menu."""

    opened = Signal(str, str)
    wanted = Signal(object)
    menu_wanted = Signal(object, QPoint)

    def __init__(self) -> None:
        super().__init__(tr("Nodes and modules"))
        self._model = _Farm(self)
        self._only_not_green = False
        self.setModel(self._model)
        self.setItemDelegate(_Cells(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        head = self.horizontalHeader()
        head.setStretchLastSection(False)
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumHeight(28 * 5)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._menu)
        self.doubleClicked.connect(self._open)

    def set_farm(self, farm: FarmModel, now: float) -> None:
        """Show this."""
        place = (self.currentIndex().row(), self.currentIndex().column())
        shape = _shape(self._model.farm)
        self._model.set_farm(farm, now)
        if shape != _shape(farm):
            self._place_columns()
            if place[0] >= 0:
                self.setCurrentIndex(self._model.index(*place))
        self._hide_rows()

    def tick(self, now: float) -> None:
        """Another second: running times."""
        self._model.now = now
        self.viewport().update()

    def show_only_not_green(self, only: bool) -> None:
        """Leaves out the nodes on which all is green."""
        self._only_not_green = only
        self._hide_rows()

    def _hide_rows(self) -> None:
        for number, row in enumerate(self._model.farm.nodes):
            self.setRowHidden(number, self._only_not_green and row.silhouette in FINE)

    def _place_columns(self) -> None:
        modules = len(self._model.farm.modules)
        self.setColumnWidth(NAME, NAME_WIDTH)
        self.setColumnWidth(MACHINE, MACHINE_WIDTH)
        room = self.viewport().width() - NAME_WIDTH - MACHINE_WIDTH
        for number in range(modules):
            left, right = room * number // modules, room * (number + 1) // modules
            self.setColumnWidth(MODULES + number, max(right - left, LEAST))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place_columns()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        cell: Cell | None = self.currentIndex().data(CELL)
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self._open(self.currentIndex())
            case Qt.Key.Key_F4 if cell and cell.tile and menus.why(cell.tile).enabled:
                self.wanted.emit(menus.why(cell.tile))
            case Qt.Key.Key_F5 if cell and menus.retry(cell.row).enabled:
                self.wanted.emit(menus.retry(cell.row))
            case _:
                super().keyPressEvent(event)

    def _open(self, index: QModelIndex) -> None:
        cell: Cell | None = index.data(CELL)
        if cell is None:
            return
        tile = cell.tile or next((tile for tile in cell.row.cells if tile), None)
        if tile is not None:
            self.opened.emit(tile.module, tile.node)

    def _menu(self, place: QPoint) -> None:
        index = self.indexAt(place)
        cell: Cell | None = index.data(CELL)
        if cell is not None:
            self.menu_wanted.emit(self._entries(cell), self.viewport().mapToGlobal(place))

    def _entries(self, cell: Cell) -> tuple[MenuEntry, ...]:
        card = self._model.farm.card(cell.tile.module) if cell.tile else None
        return menus.node_menu(card, cell.tile) if card and cell.tile else menus.row_menu(self._model.farm, cell.row)


def _shape(farm: FarmModel) -> tuple[object, ...]:
    return tuple(row.name for row in farm.nodes), tuple(card.name for card in farm.modules)
