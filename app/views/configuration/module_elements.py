"""A list of the module form: a table of elements, and below it the form of the chosen one."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.flood_test import FloodTest
from app.viewmodels.menus import MenuEntry
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_elements import Addition, ElementRow, Listing, columns, empty_words, sentence
from app.viewmodels.module_fields import FieldState
from app.viewmodels.text import said, tr
from app.views import fonts
from app.views.configuration.field_row import FieldRow, rows_of
from app.views.configuration.vip_advice import VipAdvice
from app.views.tokens import Token
from app.views.widgets import Button, CellRole, Divider, EmptyState, Menu, TableView, Words

ROW = 32
SHOWN = 5
"""Rows before the table scrolls."""
INDENT = "    "
WIDTHS = {
    Listing.CHECKERS: (80, 84, 140, 84, 72, 112),
    Listing.ADDRESSES: (150, 220),
    Listing.VARIABLES: (200,),
    Listing.MACROS: (200,),
}
NAME = {Listing.CHECKERS: 1}
"""The column that is written strong, else the first."""
Index = QModelIndex | QPersistentModelIndex


class ElementTable(QAbstractTableModel):
    """The rows of one list; what is wrong is red with a triangle."""

    def __init__(self, editor: ModuleEditor, listing: Listing) -> None:
        super().__init__()
        self._editor, self._listing = editor, listing
        self._heads = columns(listing)
        self.rows: tuple[ElementRow, ...] = ()

    def refresh(self) -> None:
        """The rows now."""
        rows = self._editor.lists.rows(self._listing)
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        self.rows = rows
        if rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(rows) - 1, len(self._heads) - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, _parent: Index = QModelIndex()) -> int:  # noqa: B008
        return len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._heads[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row, strong = self.rows[index.row()], index.column() == NAME.get(self._listing, 0)
        wrong = self._editor.lists.wrong(row.path)
        match role:
            case Qt.ItemDataRole.DisplayRole:
                cell = row.cells[index.column()]
                return INDENT * row.depth + cell if index.column() == 0 else cell
            case Qt.ItemDataRole.ToolTipRole:
                return wrong or row.cells[index.column()]
            case Qt.ItemDataRole.AccessibleTextRole:
                return ", ".join(cell for cell in (*row.cells, wrong) if cell)
            case CellRole.INK:
                return Token.RED if wrong and strong else Token.TEXT
            case CellRole.ICON:
                return "problem" if wrong and strong else None
            case CellRole.STRONG:
                return strong
            case _:
                return None


class ModuleElements(QWidget):
    """One list of the form. `rows` are those of the element chosen."""

    def __init__(self, editor: ModuleEditor, listing: Listing) -> None:
        super().__init__()
        self._editor, self._listing = editor, listing
        self._small = listing in {Listing.MACROS, Listing.VARIABLES}
        self._model = ElementTable(editor, listing)
        name = tr("Macros") if listing is Listing.MACROS else tr("Variables")
        self.table = TableView(name if self._small else columns(listing)[0], row=ROW)
        self.table.setModel(self._model)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        for column, width in enumerate(WIDTHS[listing]):
            self.table.setColumnWidth(column, width)
        self.table.selectionModel().currentRowChanged.connect(self._picked)
        self.add = Button(tr("Add"), "add", quiet=True, menu=True)
        self.duplicate = Button(tr("Duplicate"), quiet=True)
        self.remove = Button(tr("Remove"), "remove", quiet=True)
        self.add.clicked.connect(self._add)
        self.duplicate.clicked.connect(lambda: editor.lists.duplicate_element(listing))
        self.remove.clicked.connect(lambda: editor.lists.remove_element(listing))
        self.rows: list[FieldRow] = []
        self._shape: tuple[str, ...] = ()
        self._fill(name)
        self.refresh()

    def _fill(self, name: str) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        line, says = empty_words(self._listing)
        if self._small:
            head = QHBoxLayout()
            head.setContentsMargins(16, 8, 16, 4)
            head.setSpacing(8)
            head.addWidget(Words(name, fonts.PANEL, strong=True))
            head.addWidget(Words(says, fonts.SIDE, Token.TEXT2, cut=True), 1)
            layout.addWidget(Divider())
            layout.addLayout(head)
        layout.addWidget(self.table)
        self._bar = QWidget()
        bar = QHBoxLayout(self._bar)
        bar.setContentsMargins(8, 2, 8, 2)
        bar.addWidget(self.add)
        bar.addStretch(1)
        bar.addWidget(self.duplicate)
        bar.addWidget(self.remove)
        layout.addWidget(self._bar)
        layout.addWidget(Divider())
        self._empty = EmptyState("gauge", line, "" if self._editor.read_only else says, framed=False)
        layout.addWidget(self._empty)
        self._title = Words("", fonts.PANEL, strong=True)
        self._sentence = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        title = QHBoxLayout()
        title.setSpacing(8)
        title.addWidget(self._title)
        title.addWidget(self._sentence, 1)
        self._detail = QWidget()
        self._form = QVBoxLayout(self._detail)
        self._form.setContentsMargins(16, 12, 16, 8)
        self._form.setSpacing(8)
        self._form.addLayout(title)
        self.advice = VipAdvice()
        self.advice.hide()
        self._form.addWidget(self.advice)
        layout.addWidget(self._detail)

    def refresh(self) -> None:
        """The list now."""
        lists, listing = self._editor.lists, self._listing
        self._model.refresh()
        rows, chosen = self._model.rows, lists.chosen(listing)
        self.table.setVisible(bool(rows))
        self.table.setFixedHeight(30 + ROW * min(len(rows), SHOWN + 3 * (listing is Listing.ADDRESSES)))
        self._empty.setVisible(not rows and not self._small)
        self._detail.setVisible(bool(rows))
        place = next((number for number, row in enumerate(rows) if row.path == chosen), -1)
        self.duplicate.setVisible(bool(rows))
        self.remove.setVisible(bool(rows))
        self._bar.setVisible(not self._editor.read_only)
        if place < 0:
            self._rebuild(())
            return
        self.duplicate.set_possible(rows[place].duplicable, tr("add another one instead"))
        if self.table.currentIndex().row() != place:
            self.table.selectRow(place)
        self._title.setText(self._editor.title(chosen))
        self._sentence.setText(said(sentence(chosen)))
        states = lists.element_fields(listing)
        if tuple(state.spec.attribute for state in states) != self._shape:
            self._rebuild(states)
        for row, state in zip(self.rows, states, strict=True):
            row.show_state(state)

    def set_advice(self, words: str, flood: FloodTest) -> None:
        """A note above the fields of a way to share an address."""
        shown = "type" in self._shape
        self.advice.setVisible(shown)
        if shown:
            self.advice.show_advice(words, flood)

    def _rebuild(self, states: tuple[FieldState, ...]) -> None:
        for row in self.rows:
            self._form.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._shape = tuple(state.spec.attribute for state in states)
        self.rows = rows_of(states, self._editor)
        for row in self.rows:
            self._form.addWidget(row)

    def _add(self) -> None:
        offered = {addition.words: addition for addition in self._editor.lists.additions(self._listing)}
        if len(offered) == 1:
            self.add_one(*offered.values())
            return
        menu = Menu.from_entries(
            [MenuEntry(words) for words in offered], lambda entry: self.add_one(offered[entry.text]), self
        )
        menu.open_under(self.add)

    def add_one(self, addition: Addition) -> None:
        """One more element; the focus goes into its first field that is empty."""
        self._editor.lists.add_element(self._listing, addition)
        empty = next((row for row in self.rows if not row.state.value and row.state.error), None)
        if target := empty or next(iter(self.rows), None):
            target.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _picked(self, current: QModelIndex, _before: QModelIndex) -> None:
        if current.isValid() and current.row() < len(self._model.rows):
            self._editor.lists.choose(self._listing, self._model.rows[current.row()].path)
