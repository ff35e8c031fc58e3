"""The form of a module: its tabs, the fields of each, and what the settings mean."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_fields import LATER, Tab, later_reason, tab_title
from app.viewmodels.module_meaning import meaning
from app.viewmodels.module_problems import LANS, FieldProblem
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.field_row import GAP, LABEL, FieldRow, rows_of
from app.views.configuration.module_processes import ModuleProcesses
from app.views.configuration.ruler import MeaningNote
from app.views.tokens import Token
from app.views.widgets import Card, CheckBox, Divider, EmptyState, InlineError, TabBar, Words

PAGES = (Tab.GENERAL, Tab.PROCESSES, Tab.SCRIPTS, Tab.HEALTH)


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
                box.clicked.connect(lambda checked, name=name: self._editor.set_lan(name, checked))
                self._row.addWidget(box)
        for name, counts in lans:
            self.boxes[name].setChecked(counts)
        self._error.set_text(self._editor.lans_error())

    def error(self) -> str:
        """What is wrong with the lans."""
        return self._error.text()


class _FieldPage(QWidget):
    """A tab that is a list of fields, for the general one with mode and lans above."""

    def __init__(self, editor: ModuleEditor, tab: Tab) -> None:
        super().__init__()
        self._editor, self._tab = editor, tab
        self.lans = LanBoxes(editor) if tab is Tab.GENERAL else None
        self._mode = Words("", fonts.BASE, wrap=True)
        self.rows = rows_of(editor.page(tab), editor.set_field, editor.leave_field)
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
        for row, state in zip(self.rows, self._editor.page(self._tab), strict=True):
            row.show_state(state)
        if self.lans is not None:
            self.lans.setVisible(self._editor.mode == "farm")
            self.lans.refresh()
            self._mode.setText(_mode_words(self._editor.mode))


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
            if tab in LATER:
                self.tabs.set_possible(tab, False, later_reason(tab))
        self.tabs.chosen.connect(lambda key: editor.show(Tab(key)))
        head = QHBoxLayout()
        head.setContentsMargins(16, 0, 0, 0)
        head.addWidget(self.tabs)
        head.addStretch(1)
        self.body.addLayout(head)
        self.body.addWidget(Divider())
        self._broken = EmptyState("problem", tr("The form cannot show this file"), "", framed=False)
        self._pages: dict[Tab, _FieldPage | ModuleProcesses] = {}
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
        self.body.addWidget(self._scroll, 1)
        self.body.addWidget(self._broken, 1)
        self.refresh()

    @property
    def processes(self) -> ModuleProcesses:
        """The tab of the processes. KeyError while the file cannot be read."""
        page = self._pages[Tab.PROCESSES]
        assert isinstance(page, ModuleProcesses)
        return page

    def rows(self, tab: Tab) -> list[FieldRow]:
        """The rows of a tab."""
        return self._pages[tab].rows

    def refresh(self) -> None:
        """The editor's state now."""
        editor = self._editor
        readable = editor.document is not None
        self._scroll.setVisible(readable)
        self._broken.setVisible(not readable)
        for tab in Tab:
            self.tabs.set_count(tab, editor.count(tab))
            if tab in LATER:
                self.tabs.set_possible(tab, False, later_reason(tab))
        if not readable:
            first = next(iter(editor.errors), None)
            self._broken.set_text(tr("The form cannot show this file"), f"{first.where}: {first.text}" if first else "")
            return
        for tab in PAGES:
            if tab not in self._pages:
                page = ModuleProcesses(editor) if tab is Tab.PROCESSES else _FieldPage(editor, tab)
                self._pages[tab] = page
                self._column.insertWidget(len(self._pages) - 1, page)
        shown = editor.tab if editor.tab in self._pages else Tab.GENERAL
        self.tabs.choose(shown)
        self._pages[shown].refresh()
        for tab, page in self._pages.items():
            page.setVisible(tab is shown)
        config = editor.config
        self.note.show_meaning(meaning(config, editor.cluster, shown, editor.process) if config else None)

    def focus_on(self, problem: FieldProblem) -> None:
        """Puts the focus into the field of a problem."""
        tab = problem.tab
        if tab is None or tab not in self._pages:
            return
        page = self._pages[tab]
        if isinstance(page, _FieldPage) and page.lans is not None and problem.attribute == LANS:
            target: QWidget | None = next(iter(page.lans.boxes.values()), None)
        else:
            target = next((row.editor for row in page.rows if row.state.spec.attribute == problem.attribute), None)
        if target is not None:
            target.setFocus(Qt.FocusReason.OtherFocusReason)
            self._scroll.ensureWidgetVisible(target, 0, 60)
