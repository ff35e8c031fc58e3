"""The processes of a module: a table, and the form of the chosen one."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QVBoxLayout, QWidget

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.field_row import FieldRow, rows_of
from app.views.tokens import Token
from app.views.widgets import Button, CellRole, Divider, EmptyState, TableView, Words
from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.rule import AttributeRule

ROW = 32
SHOWN = 5
"""Rows before the table scrolls."""
_COLUMNS = ("name", "argregex", "atleast", "atmax", "action", "class")
Index = QModelIndex | QPersistentModelIndex


def _head(column: str) -> str:
    return {
        "name": tr("Process"),
        "argregex": tr("Command line"),
        "atleast": tr("Least"),
        "atmax": tr("Most"),
        "action": tr("When not so"),
        "class": tr("Watched"),
    }[column]


class ProcessTable(QAbstractTableModel):
    """The processes as they are written, defaults where nothing is; what is wrong is red with a triangle."""

    def __init__(self) -> None:
        super().__init__()
        self._editor: ModuleEditor | None = None
        self._rows: tuple[dict[str, str], ...] = ()

    def show_editor(self, editor: ModuleEditor) -> None:
        """The processes now."""
        rows = editor.processes
        if len(rows) != len(self._rows) or editor is not self._editor:
            self.beginResetModel()
            self._editor, self._rows = editor, rows
            self.endResetModel()
            return
        self._rows = rows
        for row in range(len(rows)):
            self.dataChanged.emit(self.index(row, 0), self.index(row, len(_COLUMNS) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(_COLUMNS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return _head(_COLUMNS[section])
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column, row = _COLUMNS[index.column()], self._rows[index.row()]
        wrong = self._editor.process_wrong(index.row() + 1).get(column) if self._editor else None
        if role == Qt.ItemDataRole.DisplayRole:
            return row.get(column) or _default(column) or "–"
        if role == Qt.ItemDataRole.ToolTipRole:
            return wrong or row.get(column)
        if role == CellRole.INK:
            return Token.RED if wrong else Token.TEXT if row.get(column) else Token.TEXT3
        if role == CellRole.ICON:
            return "problem" if wrong else None
        if role == CellRole.STRONG:
            return column == "name"
        return None


def _default(column: str) -> str:
    rule = rule_at(f"safe/service/errd/proc/@{column}")
    value = rule.default if isinstance(rule, AttributeRule) else ""
    return "–" if value == "-1" else value


class ModuleProcesses(QWidget):
    """The tab "Processes"."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__()
        self._editor = editor
        self._model = ProcessTable()
        self.table = TableView(tr("Processes"), row=ROW)
        self.table.setModel(self._model)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        for column, width in enumerate((170, 130, 62, 62, 110, 72)):
            self.table.setColumnWidth(column, width)
        self.table.horizontalHeader().setStretchLastSection(False)
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().currentRowChanged.connect(self._picked)
        self.add = Button(tr("Add process"), "add", quiet=True)
        self.duplicate = Button(tr("Duplicate"), quiet=True)
        self.remove = Button(tr("Remove"), "remove", quiet=True)
        self.add.clicked.connect(self._add)
        self.duplicate.clicked.connect(editor.duplicate_process)
        self.remove.clicked.connect(editor.remove_process)
        buttons = QWidget()
        bar = QHBoxLayout(buttons)
        bar.setContentsMargins(8, 2, 8, 2)
        bar.addWidget(self.add)
        bar.addStretch(1)
        bar.addWidget(self.duplicate)
        bar.addWidget(self.remove)
        self._title = Words("", fonts.PANEL, strong=True)
        self._sentence = Words(tr("a process that must run"), fonts.SIDE, Token.TEXT2)
        title = QHBoxLayout()
        title.setSpacing(8)
        title.addWidget(self._title)
        title.addWidget(self._sentence, 1)
        self._detail = QWidget()
        self._form = QVBoxLayout(self._detail)
        self._form.setContentsMargins(16, 12, 16, 8)
        self._form.setSpacing(8)
        self._form.addLayout(title)
        advice = tr("Add the process of the application: when it dies, the module acts at once.")
        self._empty = EmptyState("gauge", tr("No process is watched"), "" if editor.read_only else advice, framed=False)
        self.rows: list[FieldRow] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.table)
        layout.addWidget(buttons)
        buttons.setVisible(not editor.read_only)
        layout.addWidget(Divider())
        layout.addWidget(self._empty)
        layout.addWidget(self._detail)
        self.refresh()

    def refresh(self) -> None:
        """The processes now."""
        editor = self._editor
        self._model.show_editor(editor)
        count = len(editor.processes)
        self.table.setVisible(count > 0)
        self.table.setFixedHeight(30 + ROW * min(count, SHOWN))
        self._empty.setVisible(not count)
        self._detail.setVisible(count > 0)
        for button in (self.duplicate, self.remove):
            button.set_possible(count > 0, tr("there is no process"))
        if not count:
            return
        if self.table.currentIndex().row() != editor.process - 1:
            self.table.selectRow(editor.process - 1)
        self._title.setText(f"proc.{editor.processes[editor.process - 1].get('name', '')}")
        states = editor.process_fields()
        if not self.rows:
            self.rows = rows_of(states, editor)
            for row in self.rows:
                self._form.addWidget(row)
        for row, state in zip(self.rows, states, strict=True):
            row.show_state(state)

    def _add(self) -> None:
        self._editor.add_process()
        self.rows[0].editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _picked(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid():
            self._editor.choose_process(current.row() + 1)
