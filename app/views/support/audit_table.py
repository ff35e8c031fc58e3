"""The commands that changed something, the newest first."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHeaderView

from app.viewmodels.audit import AuditRow
from app.viewmodels.text import moment, tr
from app.views.tokens import Token
from app.views.widgets import CellRole, TableView

Index = QModelIndex | QPersistentModelIndex
WIDTHS = (150, 100, 140, 130)


class _Rows(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[AuditRow, ...] = ()
        self.now = 0.0

    def set_rows(self, rows: tuple[AuditRow, ...], now: float) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows, self.now = rows, now
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 6

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("Time"), tr("Node"), tr("Who"), tr("From"), tr("Command"), tr("Result"))[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        cells = (moment(row.time, self.now), row.node, row.who, row.source, row.command, row.result)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return cells[index.column()]
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(cell for cell in cells if cell)
            case CellRole.INK if index.column() in {0, 3}:
                return Token.TEXT2
            case CellRole.STRONG:
                return index.column() == 4
            case _:
                return None


class AuditTable(TableView):
    """Time, node, who, from where, what, and what came of it."""

    def __init__(self) -> None:
        super().__init__(tr("Commands"))
        self._rows = _Rows()
        self.setModel(self._rows)
        head = self.horizontalHeader()
        for column, width in enumerate(WIDTHS):
            self.setColumnWidth(column, width)
        head.setSectionResizeMode(4, QHeaderView.ResizeMode.Stretch)
        head.setStretchLastSection(False)
        self.setColumnWidth(5, 200)

    def set_rows(self, rows: tuple[AuditRow, ...], now: float) -> None:
        """Show these."""
        self._rows.set_rows(rows, now)
