"""The form of a module: its tabs, the fields of each, and what the settings mean."""

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.viewmodels.flood_test import FloodTest
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_edits import FARM
from app.viewmodels.module_elements import LISTS, Listing
from app.viewmodels.module_fields import Tab, tab_title
from app.viewmodels.module_meaning import meaning
from app.viewmodels.module_problems import LANS, FieldProblem
from app.viewmodels.reach import read_only
from app.viewmodels.text import labelled, tr
from app.views import fonts
from app.views.configuration.field_row import GAP, LABEL, FieldRow, rows_of
from app.views.configuration.module_elements import ModuleElements
from app.views.configuration.module_processes import ModuleProcesses
from app.views.configuration.module_rules import ModuleRules
from app.views.configuration.ruler import MeaningNote
from app.views.tokens import Token
from app.views.widgets import Card, CheckBox, Divider, EmptyState, InlineError, Note, NoteKind, TabBar, Words
from app.views.widgets.tabs import RING

LIST_FIRST = {Tab.VIP, Tab.PROCESSES, Tab.CHECKERS}
"""Tabs whose list stands above the fields that belong to all of it."""


class LanBoxes(QWidget):
    """A box for each lan whose heartbeats may count."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__()
        self._editor = editor
        self.boxes: dict[str, CheckBox] = {}
        self._row = QHBoxLayout()
        self._row.setSpacing(16)
        self._error = InlineError()
        label = Words(tr("Heartbeats over"), fonts.BASE, Token.TEXT2)
        label.setFixedWidth(LABEL)
        label.setMinimumHeight(32)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(label)
        row.addLayout(self._row)
        row.addStretch(1)
        below = QVBoxLayout()
        below.setContentsMargins(LABEL + GAP, 0, 0, 0)
        below.addWidget(self._error)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addLayout(below)

    def refresh(self) -> None:
        """The lans now."""
        lans = self._editor.lans()
        if tuple(self.boxes) != tuple(name for name, _ in lans):
            for box in self.boxes.values():
                box.deleteLater()
            self.boxes = {name: CheckBox(name) for name, _ in lans}
            for name, box in self.boxes.items():
                box.set_possible(not self._editor.read_only, read_only())
                box.clicked.connect(lambda checked, name=name: self._editor.set_lan(name, checked))
                self._row.addWidget(box)
        for name, counts in lans:
            self.boxes[name].setChecked(counts)
        self._error.set_text(self._editor.lans_error())

    def error(self) -> str:
        """What is wrong with the lans."""
        return self._error.text()


class _FieldPage(QWidget):
    """The fields of a tab that stand for themselves, for the general one with mode and lans above."""

    def __init__(self, editor: ModuleEditor, tab: Tab) -> None:
        super().__init__()
        self._editor, self._tab = editor, tab
        self.lans = LanBoxes(editor) if tab is Tab.GENERAL else None
        self._mode = Words("", fonts.BASE, wrap=True)
        self.rows = rows_of(editor.page(tab), editor)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 8)
        column.setSpacing(8)
        if self.lans is not None:
            label = Words(tr("Mode"), fonts.BASE, Token.TEXT2)
            label.setFixedWidth(LABEL)
            label.setMinimumHeight(32)
            row = QHBoxLayout()
            row.setSpacing(GAP)
            row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(self._mode, 1)
            column.addLayout(row)
            column.addWidget(self.lans)
        for one in self.rows:
            column.addWidget(one)

    def refresh(self) -> None:
        editor, tab = self._editor, self._tab
        farm = editor.mode == "farm"
        for row, state in zip(self.rows, editor.page(tab), strict=True):
            row.show_state(state)
            row.setVisible(farm or state.path != FARM)
        if self.lans is not None:
            self.lans.setVisible(farm)
            self.lans.refresh()
            self._mode.setText(_mode_words(editor.mode))
        if tab in LIST_FIRST:
            empty = not editor.processes if tab is Tab.PROCESSES else not editor.lists.rows(LISTS[tab])
            self.setVisible(bool(self.rows) and not empty)


class FormPage(QWidget):
    """A tab: its fields, and its list or text where it has one."""

    def __init__(self, editor: ModuleEditor, tab: Tab) -> None:
        super().__init__()
        self._list_first = tab in LIST_FIRST
        self.fields = _FieldPage(editor, tab)
        self.part: ModuleElements | ModuleProcesses | ModuleRules | None = None
        if tab is Tab.PROCESSES:
            self.part = ModuleProcesses(editor)
        elif tab is Tab.RULES:
            self.part = ModuleRules(editor)
        elif tab in LISTS:
            self.part = ModuleElements(editor, LISTS[tab])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.fields)
        if self.part is not None:
            column.insertWidget(0 if self._list_first else 1, self.part)

    @property
    def rows(self) -> list[FieldRow]:
        """All rows from top to bottom."""
        part = self.part.rows if isinstance(self.part, ModuleElements | ModuleProcesses) else []
        return [*part, *self.fields.rows] if self._list_first else [*self.fields.rows, *part]

    def refresh(self) -> None:
        """The editor's state now."""
        self.fields.refresh()
        if self.part is not None:
            self.part.refresh()


def _mode_words(mode: str) -> str:
    known = {
        "farm": tr("farm: all chosen nodes run it at once"),
        "light": tr("light: each node runs it by itself, without peers"),
    }
    return known.get(mode, mode)


class ModuleForm(Card):
    """The card with the tabs. It shows one editor for its whole life."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__()
        self._editor = editor
        self.tabs = TabBar(height=44, gap=19)
        for tab in Tab:
            self.tabs.add_tab(tab, tab_title(tab))
        self.tabs.chosen.connect(lambda key: editor.show(Tab(key)))
        head = QHBoxLayout()
        head.setContentsMargins(16 - RING, 0, 0, 0)
        head.addWidget(self.tabs)
        head.addStretch(1)
        self.body.addLayout(head)
        self.body.addWidget(Divider())
        self._unread = EmptyState("problem", tr("The form cannot show this file"), "", framed=False)
        self._broken = Note(NoteKind.WARNING, tr("The form waits until the file is XML again"))
        self._pages: dict[Tab, FormPage] = {}
        self._advice: tuple[str, FloodTest] | None = None
        self._erring: FieldRow | None = None
        """The row whose sentence was brought into view last."""
        self.note = MeaningNote()
        inner = QWidget()
        inner.setObjectName("scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(8)
        self._column = column
        note = QVBoxLayout()
        note.setContentsMargins(12, 0, 12, 0)
        note.addWidget(self.note)
        column.addLayout(note)
        column.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(inner)
        waiting = QVBoxLayout()
        waiting.setContentsMargins(12, 12, 12, 4)
        waiting.addWidget(self._broken)
        self._waiting = QWidget()
        self._waiting.setLayout(waiting)
        self.body.addWidget(self._waiting)
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self._unread, 1)
        self.free_corners()
        self.refresh()

    @property
    def processes(self) -> ModuleProcesses:
        """The tab of the processes. LookupError while the file cannot be read."""
        part = self._page(Tab.PROCESSES).part
        assert isinstance(part, ModuleProcesses)
        return part

    def elements(self, tab: Tab) -> ModuleElements:
        """The list of a tab. LookupError while the file cannot be read."""
        part = self._page(tab).part
        assert isinstance(part, ModuleElements)
        return part

    @property
    def rules(self) -> ModuleRules:
        """The own rules. LookupError while the file cannot be read."""
        part = self._page(Tab.RULES).part
        assert isinstance(part, ModuleRules)
        return part

    def set_advice(self, words: str, flood: FloodTest) -> None:
        """What the running module tells of the ways to share an address, and the test of them."""
        self._advice = words, flood
        if Tab.VIP in self._pages:
            self.elements(Tab.VIP).set_advice(words, flood)

    def rows(self, tab: Tab) -> list[FieldRow]:
        """The rows of a tab."""
        return self._page(tab).rows

    def refresh(self) -> None:
        """The editor's state now."""
        editor = self._editor
        readable = editor.document is not None
        self._scroll.setVisible(readable)
        self._unread.setVisible(not readable)
        self._waiting.setVisible(readable and editor.broken)
        for tab in Tab:
            self.tabs.set_count(tab, editor.count(tab))
        first = next(iter(editor.errors), None)
        if not readable:
            self._unread.set_text(
                tr("The form cannot show this file"), labelled(first.where, first.text) if first else ""
            )
            return
        if editor.broken and first is not None:
            title = tr("The form waits until the file is XML again")
            self._broken.set_note(NoteKind.WARNING, title, labelled(first.where, first.text))
        shown = editor.tab
        self.tabs.choose(shown)
        here = self._page(shown)
        here.setEnabled(not editor.broken)
        here.refresh()
        for tab, page in self._pages.items():
            page.setVisible(tab is shown)
        if self._advice and shown is Tab.VIP:
            self.elements(Tab.VIP).set_advice(*self._advice)
        self._show_sentence(here)
        config = editor.config
        chosen = editor.process
        if shown is Tab.CHECKERS:
            paths = [row.path for row in editor.lists.rows(Listing.CHECKERS)]
            chosen = paths.index(editor.lists.chosen(Listing.CHECKERS)) + 1 if paths else 0
        self.note.show_meaning(meaning(config, editor.cluster, shown, chosen) if config else None)

    def focus_on(self, problem: FieldProblem) -> None:
        """Puts the focus into the field of a problem."""
        tab = problem.tab
        if tab is None or tab not in self._pages:
            return
        page = self._pages[tab]
        target: QWidget | None
        if page.fields.lans is not None and problem.attribute == LANS:
            target = next(iter(page.fields.lans.boxes.values()), None)
        elif isinstance(page.part, ModuleRules) and not problem.attribute:
            target = page.part.code
            page.part.code.show_line(problem.line - self._editor.rules_place[0] + 1)
        else:
            same = [row for row in page.rows if row.state.spec.attribute == problem.attribute]
            here = [row for row in same if row.state.path == problem.path]
            target = next((row.editor for row in (*here, *same)), None)
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)
            QTimer.singleShot(0, self, lambda: self._reveal(target))

    def _page(self, tab: Tab) -> FormPage:
        """Made at its first use: seven tabs at once are felt."""
        if tab not in self._pages:
            self._pages[tab] = FormPage(self._editor, tab)
            self._pages[tab].hide()
            self._column.insertWidget(0, self._pages[tab])
        return self._pages[tab]

    def _show_sentence(self, page: FormPage) -> None:
        """A sentence that has just appeared under the field being typed in may stand below what is seen."""
        typed = [row for row in page.rows if row.error() and row.isAncestorOf(self.focusWidget() or self)]
        erring = next(iter(typed), None)
        if erring is not None and erring is not self._erring:
            QTimer.singleShot(0, self, lambda: self._reveal(erring.editor))
        self._erring = erring

    def _reveal(self, target: QWidget) -> None:
        """Scrolls until the field and the sentence under it are seen; after the layout, which the sentence changes."""
        row = target.parentWidget()
        self._scroll.ensureWidgetVisible(row if isinstance(row, FieldRow) else target, 0, 24)
