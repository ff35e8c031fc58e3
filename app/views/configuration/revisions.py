"""History of a module or of the cluster: the revisions that a node keeps, and what each of them changed."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QStackedWidget, QWidget

from app.services.node_watcher import wall_time
from app.viewmodels.revision_history import RevisionHistory, as_text
from app.viewmodels.text import moment, tr
from app.views.configuration.syntax import Highlighter, Language
from app.views.widgets import Button, Card, CellRole, CodeEdit, EmptyState, TableView
from nodeagent.contract.revisions import Revision

WIDTHS = (124, 148)
Index = QModelIndex | QPersistentModelIndex


class ShownDiff(Card):
    """A card with a diff, or with why there is none."""

    def __init__(self, title: str) -> None:
        super().__init__(title, "-")
        self.code = CodeEdit(title, read_only=True)
        self._highlighter = Highlighter(self.code.document(), Language.DIFF)
        self.empty = EmptyState("check", "", "", framed=False)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.code)
        self._stack.addWidget(self.empty)
        self.body.addWidget(self._stack, 1)
        self.free_corners()

    def show_diff(self, text: str, line: str, sentence: str) -> None:
        self.code.set_text(text)
        self.empty.set_text(line, sentence)
        self._stack.setCurrentWidget(self.code if text else self.empty)


class _Lines(QAbstractTableModel):
    def __init__(self, history: RevisionHistory) -> None:
        super().__init__()
        self._history = history
        self.rows: tuple[Revision, ...] = ()

    def set_rows(self, rows: tuple[Revision, ...]) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else 4

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return self._history.heads[section]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        cells = self._history.cells(self.rows[index.row()], lambda time: moment(time, wall_time()))
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return cells[index.column()]
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(cells)
            case CellRole.STRONG:
                return self.rows[index.row()].current
            case _:
                return None


class Revisions(QWidget):
    """The list at the left, what the chosen one changed at the right. `restore_wanted(number)`."""

    restore_wanted = Signal(int)

    def __init__(self, history: RevisionHistory) -> None:
        super().__init__()
        self._history = history
        self._rows = _Lines(history)
        self.table = TableView(tr("Revisions"))
        self.table.setModel(self._rows)
        for column, width in enumerate(WIDTHS):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setSectionResizeMode(len(WIDTHS), QHeaderView.ResizeMode.Stretch)
        self.table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.selectionModel().currentRowChanged.connect(self._picked)
        self.list = Card(tr("History"), "-")
        self.list.body.addWidget(self.table, 1)
        self.list.free_corners()
        self.shown = ShownDiff(tr("What it changed"))
        self.restore = Button(tr("Restore…"), "restart", dense=True)
        self.restore.clicked.connect(lambda: self.restore_wanted.emit(history.number))
        self.shown.add_to_head(self.restore)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self.list, 1)
        row.addWidget(self.shown, 1)
        history.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """The model now."""
        history = self._history
        self._rows.set_rows(history.revisions)
        self.list.facts.setText(
            history.trouble or tr("the revisions that {node} keeps, newest first", node=history.node or "–")
        )
        place = next((at for at, one in enumerate(history.revisions) if one.number == history.number), -1)
        if place >= 0 and self.table.currentIndex().row() != place:
            self.table.selectRow(place)
        self.shown.facts.setText(
            tr("revision {number}, against the one before it", number=history.number) if place >= 0 else ""
        )
        self.restore.set_possible(not history.restore_reason, history.restore_reason)
        self.shown.show_diff(as_text(history.files), tr("Nothing to show"), tr("Choose a revision in the list."))

    def _picked(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self._history.choose(self._rows.rows[current.row()].number)
