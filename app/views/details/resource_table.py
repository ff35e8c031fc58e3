"""The resources of a module on a node, one row each."""

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QPainter, QPen
from PySide6.QtWidgets import QHeaderView, QStyleOptionViewItem

from app.viewmodels.node_facts import ResourceRow
from app.viewmodels.resource_line import STEPS, Stretch
from app.viewmodels.text import tr
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import CellDelegate, CellRole, TableView
from app.views.widgets.painting import INK

Index = QModelIndex | QPersistentModelIndex
NAME, VALUE, SINCE, DETAIL, LINE = range(5)
WIDTHS = {NAME: 190, VALUE: 130, SINCE: 130, LINE: 220}
LINE_ROLE = Qt.ItemDataRole.UserRole + 200
"""The stretches of a resource's line."""


class _Rows(QAbstractTableModel):
    """The rows as cells."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[ResourceRow, ...] = ()

    def set_rows(self, rows: tuple[ResourceRow, ...]) -> None:
        """Show these: cell by cell while the names are the same, so that nothing moves."""
        if [row.name for row in rows] != [row.name for row in self.rows]:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        before, self.rows = self.rows, rows
        for number, (old, new) in enumerate(zip(before, rows, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(number, 0), self.index(number, LINE))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 5

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Resource"), tr("Value"), tr("Since"), tr("Last check"), tr("The last hour"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        cells = (row.name, row.value, row.since, row.detail, row.line_words)
        if role == LINE_ROLE:
            return row.line if index.column() == LINE else None
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return "" if index.column() == LINE else cells[index.column()]
            case Qt.ItemDataRole.ToolTipRole:
                return cells[index.column()]
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(cell for cell in cells if cell)
            case CellRole.SILHOUETTE if index.column() == VALUE:
                return row.silhouette
            case CellRole.INK if index.column() == VALUE:
                return INK[row.silhouette]
            case CellRole.INK if index.column() in (SINCE, DETAIL):
                return Token.TEXT2
            case _:
                return None


class _Cells(CellDelegate):
    """The line of the last hour in its column."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        if index.column() == LINE:
            _paint_line(painter, option.rect.adjusted(8, 0, -16, 0), index.data(LINE_ROLE) or ())


def _paint_line(painter: QPainter, box: QRect, line: tuple[Stretch, ...]) -> None:
    """Thin and neutral while up, a red block while down, dotted while nobody checked."""
    middle = box.center().y()
    painter.save()
    for part in line:
        left, right = (box.left() + round(at / STEPS * box.width()) for at in (part.start, part.end))
        if part.state == "down":
            block = QRect(left, middle - 7, max(right - left, 3), 14)
            painter.fillRect(block, theme.colour(Token.RED_BG))
            painter.fillRect(QRect(block.left(), block.top(), block.width(), 3), theme.colour(Token.RED))
            painter.fillRect(QRect(block.left(), block.bottom(), block.width(), 1), theme.colour(Token.RED))
        elif part.state == "up":
            painter.fillRect(QRect(left, middle - 2, max(right - left, 1), 4), theme.colour(Token.CHART))
        else:
            painter.setPen(QPen(theme.colour(Token.CHART), 2, Qt.PenStyle.DotLine))
            painter.drawLine(left, middle, right, middle)
    painter.restore()


class ResourceTable(TableView):
    """Name, value, since when, and what the last check saw."""

    def __init__(self) -> None:
        super().__init__(tr("Resources"))
        self._rows = _Rows(self)
        self.setItemDelegate(_Cells(self))
        self.setModel(self._rows)
        for column, width in WIDTHS.items():
            self.setColumnWidth(column, width)
        head = self.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        head.setStretchLastSection(False)
        head.setSectionResizeMode(DETAIL, QHeaderView.ResizeMode.Stretch)

    def set_rows(self, rows: tuple[ResourceRow, ...]) -> None:
        """Show these."""
        name = self.currentIndex().siblingAtColumn(NAME).data()
        self._rows.set_rows(rows)
        if name is not None and not self.currentIndex().isValid():
            for number, row in enumerate(rows):
                if row.name == name:
                    self.selectRow(number)
