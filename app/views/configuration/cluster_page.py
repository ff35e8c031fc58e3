"""Configuration → Cluster: table, heartbeats, apply, ports; XML, history; the bar that asks to keep or go back."""

import time
from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.viewmodels.cluster_apply import Phase
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_history import CLUSTER_XML, ClusterHistory
from app.viewmodels.port_check import PortCheck
from app.viewmodels.text import joined, said, tr, trn
from app.views import fonts
from app.views.configuration.cluster_history import ClusterRevisions
from app.views.configuration.cluster_panels import ApplyCard, HeartbeatsCard
from app.views.configuration.cluster_table import ClusterTable
from app.views.configuration.port_card import PortCard
from app.views.configuration.xml_card import Finding, XmlCard
from app.views.page import Page
from app.views.tokens import Token
from app.views.widgets import (
    Button,
    Card,
    ConfirmBar,
    IconButton,
    IconLabel,
    LinkButton,
    Note,
    NoteKind,
    PrimaryButton,
    Segments,
    Words,
)
from nodeagent.contract.errors import Severity

TICK_MS = 500
XML_HEIGHT = 420
FORM, XML, HISTORY = "form", "xml", "history"
HEARTBEATS, APPLY, PORTS = "heartbeats", "apply", "ports"


class ClusterPage(Page):
    """Shows a ClusterEditor, which must have been told to `load`."""

    help_topic = "cluster"

    def __init__(self, editor: ClusterEditor, title: str, ports: PortCheck, history: ClusterHistory) -> None:
        super().__init__(title)
        self._editor, self._ports = editor, ports
        self.bar: ConfirmBar | None = None
        self._folded = self._applying = False
        self.undo_button = IconButton("undo", tr("Undo"))
        self.redo_button = IconButton("redo", tr("Redo"))
        self.views = Segments(((FORM, tr("Form")), (XML, tr("XML")), (HISTORY, tr("History"))), tr("View"))
        for part in (self.undo_button, self.redo_button, self.views):
            self.add_button(part)
        self.table = ClusterTable(editor)
        self.heartbeats = HeartbeatsCard(editor)
        self.apply_card = ApplyCard(editor.apply)
        self.port_card = PortCard(ports)
        self.history = ClusterRevisions(history)
        self.history.setMinimumHeight(XML_HEIGHT)
        self.xml = XmlCard("cluster.xml", tr("in step with the form; untouched parts stay byte for byte"))
        self.xml.code.setMinimumHeight(XML_HEIGHT)
        self._stack = QStackedWidget()
        self._parts = {FORM: self._form(), XML: self.xml, HISTORY: self.history}
        for view in self._parts.values():
            self._stack.addWidget(view)
        self._show_part(FORM)
        self.body.addWidget(self._stack, 1)
        self._build_footer()
        self._connect(history)
        self.folded.connect(self._fold)
        self.refresh()

    def refresh(self) -> None:
        """Shows the model again; focus and scroll stay."""
        editor = self._editor
        self.set_facts(editor.facts)
        self.table.refresh()
        self.heartbeats.refresh()
        self.apply_card.refresh()
        self._show_xml()
        self._show_undo()
        self._show_footer()
        self._show_bar()
        self._show_ports_button()
        self.port_card.refresh()
        self._follow_apply()

    def _show_xml(self) -> None:
        draft = self._editor.draft
        self.xml.show_xml(
            draft.text,
            [
                Finding(one.line, said(one.text), *_parted(one.path), one.severity is Severity.ERROR)
                for one in draft.problems
                if one.severity is not Severity.NOTE
            ],
            draft.document,
        )
        self._broken.set_note(
            NoteKind.WARNING, tr("The form waits until the file can be read again"), self._editor.fault()
        )
        self._broken.setVisible(draft.broken)
        for card in (self.table, self.heartbeats):
            card.setEnabled(not draft.broken)

    def _form(self) -> QWidget:
        form = QWidget()
        column = QVBoxLayout(form)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        self._broken = Note(NoteKind.WARNING, tr("The form waits until the file can be read again"))
        column.addWidget(self._broken)
        self._free = Card(tr("In the file"), tr("what no field of the table can carry"), padded=True)
        self._free_words = Words("", fonts.BASE, Token.RED, wrap=True)
        self._free.body.addWidget(self._free_words)
        column.addWidget(self._free)
        column.addWidget(self.table)
        self._pair = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._pair.setSpacing(16)
        self._pair.addWidget(self.heartbeats, 1)
        self._pair.addWidget(self.apply_card, 1)
        panels = ((HEARTBEATS, tr("Heartbeats")), (APPLY, tr("Apply")), (PORTS, tr("Port check")))
        self.panels = Segments(panels, tr("View"))
        self.panels.chosen.connect(lambda _key: self._fold(self._folded))
        self.panels.hide()
        column.addWidget(self.panels, 0, Qt.AlignmentFlag.AlignLeft)
        column.addLayout(self._pair)
        column.addWidget(self.port_card)
        column.addStretch(1)
        return form

    def _build_footer(self) -> None:
        self._mark = IconLabel("problem", Token.RED)
        self._count = Words("", strong=True, token=Token.RED)
        self.problem_link = LinkButton("", base=True)
        self._note = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self.check_button = Button(tr("Check"))
        self.apply_button = PrimaryButton(tr("Save and apply"))
        self.check_button.set_keys("Ctrl+S")
        self.apply_button.set_keys("Ctrl+Return")
        for part in (self._mark, self._count, self.problem_link):
            self.footer.addWidget(part)
        self.footer.addWidget(self._note, 1)
        self.footer.addWidget(self.check_button)
        self.footer.addWidget(self.apply_button)
        self.show_footer()

    def _connect(self, history: ClusterHistory) -> None:
        editor = self._editor
        self.undo_button.clicked.connect(editor.undo)
        self.redo_button.clicked.connect(editor.redo)
        self.views.chosen.connect(self._choose_view)
        self.table.ports_button.clicked.connect(self._ports.begin)
        self._ports.begun.connect(self._show_ports)
        self._ports.changed.connect(self._ports_changed)
        self.history.restore_wanted.connect(lambda _number: history.restore())
        history.restored.connect(self._restored)
        self.problem_link.clicked.connect(self._to_problem)
        self.check_button.clicked.connect(self._check)
        self.apply_button.clicked.connect(self._apply)
        self.xml.typed.connect(editor.type_xml)
        self.xml.left.connect(editor.ask_new)
        for keys, slot in (
            ("Ctrl+S", self._check),
            ("Ctrl+Return", self._apply),
            ("Ctrl+Z", editor.undo),
            ("Ctrl+Y", editor.redo),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)
        editor.changed.connect(self.refresh)
        self._ticker = QTimer(self, interval=TICK_MS)
        self._ticker.timeout.connect(self._tick)

    def _show_undo(self) -> None:
        undo, redo = self._editor.draft.undo_name, self._editor.draft.redo_name
        self.undo_button.set_name(tr("Undo: {step}", step=undo) if undo else tr("Undo"), "Ctrl+Z")
        self.redo_button.set_name(tr("Redo: {step}", step=redo) if redo else tr("Redo"), "Ctrl+Y")
        self.undo_button.set_possible(bool(undo), tr("nothing was changed yet"))
        self.redo_button.set_possible(bool(redo), tr("nothing was taken back"))

    def _show_footer(self) -> None:
        editor = self._editor
        count, blocked, fault = editor.problem_count, editor.hindrance(), editor.fault()
        for part in (self._mark, self._count):
            part.setVisible(count > 0)
        self._count.setText(trn("{count} problem left", "{count} problems left", count))
        rows, free = () if editor.draft.broken else editor.problem_rows, editor.free_problems
        first = editor.rows[rows[0][0]].name.text if rows else tr("Line {line}", line=free[0].line) if free else ""
        self.problem_link.setText(first)
        self.problem_link.setVisible(bool(first))
        self._note.setText(joined((editor.apply_note, fault or blocked)))
        for button in (self.check_button, self.apply_button):
            button.set_possible(bool(fault) or not blocked, blocked)
        self.apply_button.set_badge(trn("{count} problem", "{count} problems", count) if fault and count else "")
        self.apply_button.set_filled(editor.apply.phase is not Phase.ASKING)
        self._free.setVisible(bool(free) and not editor.draft.broken)
        self._free_words.setText("\n".join(tr("line {line}: {text}", line=one.line, text=one.text) for one in free))

    def _show_bar(self) -> None:
        apply = self._editor.apply
        if apply.phase is not Phase.ASKING:
            if self.bar is not None:
                self.bar = None
                self.set_above_footer(None)
            return
        if self.bar is None:
            self.bar = ConfirmBar(tr("Keep this configuration"), tr("Go back now"))
            self.bar.kept.connect(apply.keep)
            self.bar.went_back.connect(apply.go_back)
            self.set_above_footer(self.bar)
        self.bar.set_seen(apply.seen_title, apply.seen_sentence)
        self.bar.keep_button.set_filled(apply.all_answer)
        self.bar.set_remaining(*apply.remaining(time.monotonic()))

    def _to_problem(self) -> None:
        rows, free = self._editor.problem_rows, self._editor.free_problems
        if rows and not (self._editor.draft.broken and free):
            self._choose_view(FORM)
            self.table.focus_problem(rows[0][0])
        elif free:
            self._choose_view(XML)
            self.xml.lead_to(free[0].line)
        else:
            self._choose_view(FORM)
            self._choose_panel(HEARTBEATS)
            self.heartbeats.focus_problem()

    def _check(self) -> None:
        if self._editor.fault():
            self._to_problem()
        else:
            self._editor.check()

    def _apply(self) -> None:
        """With errors it leads to the first one instead."""
        if self._editor.fault():
            self._to_problem()
        else:
            self._editor.save_and_apply()

    def _fold(self, narrow: bool) -> None:
        """In a narrow window heartbeats and apply share one place."""
        self._folded = narrow
        self.panels.setVisible(narrow)
        chosen = self.panels.current_key()
        for key, card in ((HEARTBEATS, self.heartbeats), (APPLY, self.apply_card), (PORTS, self.port_card)):
            card.setVisible(not narrow or chosen == key)

    def _follow_apply(self) -> None:
        """What an apply does is in view from its begin to its end."""
        busy = self._editor.apply.busy
        if busy and not self._applying:
            self._choose_panel(APPLY)
        if busy != self._applying:
            self._applying = busy
            QTimer.singleShot(0, self, self._show_apply)

    def _choose_view(self, key: str) -> None:
        self.views.choose(key)
        self._show_part(key)
        self._editor.ask_new()
        if key == HISTORY:
            self.history.look()

    def _show_part(self, key: str) -> None:
        """The one in view alone decides how high the page is."""
        for name, part in self._parts.items():
            policy = QSizePolicy.Policy.Preferred if name == key else QSizePolicy.Policy.Ignored
            part.setSizePolicy(QSizePolicy.Policy.Preferred, policy)
        self._stack.setCurrentWidget(self._parts[key])

    def _restored(self, files: Mapping[str, bytes], revision: int) -> None:
        self._editor.take_back(files[CLUSTER_XML], revision)
        self._choose_view(FORM)

    def _choose_panel(self, key: str) -> None:
        self.panels.choose(key)
        self._fold(self._folded)

    def _show_ports(self) -> None:
        """A check that begins is in view."""
        self._choose_panel(PORTS)
        QTimer.singleShot(0, self, self._lead_to_ports)

    def _lead_to_ports(self) -> None:
        self.scroll_area.ensureWidgetVisible(self.port_card)

    def _ports_changed(self) -> None:
        self._show_ports_button()
        if not self._ports.running and self.port_card.isAncestorOf(self.focusWidget() or self):
            QTimer.singleShot(0, self, self._lead_to_ports)  # it has grown under who waits for it

    def _show_ports_button(self) -> None:
        self.table.ports_button.set_possible(not self._ports.reason, self._ports.reason)

    def _show_apply(self) -> None:
        self.scroll_area.ensureWidgetVisible(self.apply_card)

    def _tick(self) -> None:
        self.table.tick()
        self.set_facts(self._editor.facts)
        if self.bar is not None:
            self.bar.set_remaining(*self._editor.apply.remaining(time.monotonic()))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ticker.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._ticker.stop()


def _parted(path: str) -> tuple[str, str]:
    """Element and attribute."""
    element, _, attribute = path.partition("/@")
    return element, attribute
