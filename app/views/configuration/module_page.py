"""Configuration → Module."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QWidget

from app.viewmodels.menus import MenuEntry
from app.viewmodels.module_configuration import Draft, ModuleConfiguration
from app.viewmodels.text import names, tr, trn
from app.views import fonts
from app.views.configuration.module_apply_card import ModuleApplyCard
from app.views.configuration.module_asks import ModuleAsks
from app.views.configuration.module_form import ModuleForm
from app.views.configuration.module_parts import DIFF, FORM, HISTORY, SCRIPTS, ModuleParts
from app.views.configuration.module_scripts import ModuleScripts
from app.views.configuration.module_xml import ModuleXml
from app.views.configuration.new_module_sheet import NewModuleSheet
from app.views.page import Page
from app.views.tokens import Token
from app.views.widgets import (
    Button,
    CheckBox,
    Divider,
    EmptyState,
    IconButton,
    IconLabel,
    LinkButton,
    Menu,
    PrimaryButton,
    Segments,
    ToggleButton,
    Words,
)


class ModulePage(Page):
    """Shows what `model` has open; `title` is that of the cluster."""

    help_topic = "module"

    def __init__(self, model: ModuleConfiguration, title: str) -> None:
        super().__init__(scrolling=False)
        self._model, self._title = model, title
        self._parts: dict[str, ModuleParts] = {}
        self._folded = False
        self._view = FORM
        self._sheet: NewModuleSheet | None = None
        self._holder = QWidget()
        self._card: ModuleApplyCard | None = None
        self._asks = ModuleAsks(self, model)
        self._make_header()
        self.new_here = PrimaryButton(tr("New module…"), "add")
        self.new_here.clicked.connect(model.begin_new)
        self.empty = EmptyState("module", "", "", (self.new_here,))
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self.body.addWidget(self._stack, 1)
        self._make_footer()
        self._make_keys()
        self.folded.connect(self._fold)
        model.changed.connect(self.refresh)
        self.refresh()

    # --- its parts ----------------------------------------------------------------------------

    def _make_header(self) -> None:
        self.undo = IconButton("undo", tr("Undo"), "Ctrl+Z")
        self.redo = IconButton("redo", tr("Redo"), "Ctrl+Y")
        self.undo.clicked.connect(self._undo)
        self.redo.clicked.connect(self._redo)
        self.views = Segments(
            ((FORM, tr("Form")), (SCRIPTS, tr("Scripts")), (DIFF, tr("Diff")), (HISTORY, tr("History"))), tr("View")
        )
        self.views.chosen.connect(self._choose_view)
        self.beside = ToggleButton(tr("XML beside"), "columns")
        self.beside.setChecked(True)
        self.beside.clicked.connect(self.refresh)
        self.new = Button(tr("New module…"), "add")
        self.new.clicked.connect(self._model.begin_new)
        self.more = IconButton("more", tr("More"))
        self.more.clicked.connect(lambda: self._asks.menu().open_under(self.more))
        for part in (self.undo, self.redo, self.views, self.beside, self.new, self.more):
            self.add_button(part)

    def _make_footer(self) -> None:
        self._mark = IconLabel("problem", Token.RED)
        self._left = Words("", fonts.BASE, Token.RED, strong=True)
        self.next = LinkButton("", base=True)
        self.next.clicked.connect(self._jump)
        self._rule = Divider(upright=True)
        self._rule.setFixedHeight(24)
        self._changes = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self._on = Words(tr("On"), fonts.BASE, Token.TEXT2)
        self._boxes: dict[str, CheckBox] = {}
        self._nodes = QHBoxLayout()
        self._nodes.setSpacing(12)
        self.nodes_button = Button("", quiet=True, menu=True)
        self.nodes_button.clicked.connect(lambda: self._nodes_menu().open_under(self.nodes_button))
        self.check = Button(tr("Check"))
        self.apply = PrimaryButton(tr("Save and apply"))
        self.check.set_keys("Ctrl+S")
        self.apply.set_keys("Ctrl+Return")
        self.check.clicked.connect(self._check)
        self.apply.clicked.connect(self._apply)
        for part in (self._mark, self._left, self.next, self._rule):
            self.footer.addWidget(part)
        self.footer.addWidget(self._changes, 1)
        self.footer.addWidget(self._on)
        self.footer.addLayout(self._nodes)
        for button in (self.nodes_button, self.check, self.apply):
            self.footer.addWidget(button)

    def _make_keys(self) -> None:
        for keys, slot in (
            ("Ctrl+Z", self._undo),
            ("Ctrl+Y", self._redo),
            ("Ctrl+S", self._check),
            ("Ctrl+Return", self._apply),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    @property
    def form(self) -> ModuleForm:
        """The form of the module shown. KeyError when none is."""
        return self._parts[self._model.module].form

    @property
    def scripts(self) -> ModuleScripts:
        """The scripts of the module shown. KeyError when none is."""
        return self._parts[self._model.module].scripts

    @property
    def xml(self) -> ModuleXml:
        """The XML of the module shown. KeyError when none is."""
        return self._parts[self._model.module].xml

    # --- showing ------------------------------------------------------------------------------

    def set_cluster(self, title: str) -> None:
        self._title = title
        self.refresh()

    def refresh(self) -> None:
        """What the model says now."""
        model, draft = self._model, self._model.draft
        asking = model.new_module is not None
        here = draft is not None and not asking
        self.set_title(*((self._title, tr("New module")) if asking else (self._title, model.module or tr("Modules"))))
        for part in (self.undo, self.redo, self.views, self.beside, self.more):
            part.setVisible(here)
        self.new.setVisible(here)
        self.show_footer(here)
        if not here:
            self._drop_card()
        if asking:
            self._show_sheet()
        elif draft is None:
            self._show_empty()
        else:
            self._show_draft(draft)
        if not asking and self._sheet is not None:
            self._stack.removeWidget(self._holder)
            self._holder.deleteLater()
            self._sheet = None

    def _show_sheet(self) -> None:
        new = self._model.new_module
        if new is not None and self._sheet is None:
            self._sheet = NewModuleSheet(new)
            self._sheet.cancel.clicked.connect(self._model.drop_new)
            self._holder = QWidget()
            row = QHBoxLayout(self._holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.addWidget(self._sheet, 1, Qt.AlignmentFlag.AlignTop)
            row.addStretch(1)
            self._stack.addWidget(self._holder)
            self._stack.setCurrentWidget(self._holder)

    def _show_empty(self) -> None:
        model = self._model
        if model.loading:
            self.empty.set_text(tr("Reading {module}…", module=model.module), tr("Its files come from a node."))
        elif model.trouble:
            self.empty.set_text(tr("{module} cannot be shown", module=model.module), model.trouble)
        else:
            self.empty.set_text(
                tr("No module is open"),
                tr("Choose one in the sidebar, or begin a new one from a template."),
            )
        self.new_here.setVisible(not model.loading)
        self._stack.setCurrentWidget(self.empty)

    def _show_draft(self, draft: Draft) -> None:
        name = draft.editor.name
        parts = self._parts.get(name)
        if parts is None or parts.draft is not draft:
            if parts is not None:
                self._stack.removeWidget(parts.stack)
                parts.stack.deleteLater()
            parts = self._parts[name] = ModuleParts(draft, self._asks.restore)
            self._stack.addWidget(parts.stack)
            draft.editor.changed.connect(self._editor_changed)
            draft.apply.changed.connect(self._apply_changed)
        self._stack.setCurrentWidget(parts.stack)
        self.views.choose(self._view)
        parts.stack.setCurrentWidget(parts.view(self._view))
        reason = tr("it is on no node yet") if draft.new else ""
        for view in (DIFF, HISTORY):
            self.views.set_possible(view, not reason, reason)
        beside = self.beside.isChecked()
        self.beside.setVisible(self._view == FORM)
        self.beside.setText(tr("XML instead") if self._folded else tr("XML beside"))
        parts.xml.setVisible(beside)
        parts.form.setVisible(not (beside and self._folded))
        self._editor_changed()
        self._apply_changed()

    def _editor_changed(self) -> None:
        draft = self._model.draft
        if draft is None or draft.editor.name not in self._parts:
            return
        editor, parts = draft.editor, self._parts[draft.editor.name]
        if self._view == FORM:
            parts.form.set_advice(self._model.vip_advice, draft.flood)
            parts.form.refresh()
            parts.xml.refresh()
        elif self._view == SCRIPTS:
            parts.scripts.refresh()
        else:
            parts.diff.refresh()
        self._name_step(self.undo, tr("Undo"), editor.undo_name, "Ctrl+Z")
        self._name_step(self.redo, tr("Redo"), editor.redo_name, "Ctrl+Y")
        count = len(editor.errors)
        for part in (self._mark, self._left, self.next, self._rule):
            part.setVisible(count > 0)
        self._left.setText(trn("{count} problem left", "{count} problems left", count))
        self.next.setText(editor.errors[0].where if count else "")
        self.next.setToolTip(editor.errors[0].text if count else "")
        self.apply.set_badge(trn("{count} problem", "{count} problems", count) if count and not self._folded else "")
        self._changes.setText(tr("New, not yet on any node") if draft.new else editor.changes.words)
        self._show_nodes(draft)

    @staticmethod
    def _name_step(button: IconButton, verb: str, step: str, keys: str) -> None:
        button.set_name(tr("{verb}: {step}", verb=verb, step=step) if step else verb, keys)
        button.set_possible(bool(step), tr("nothing to undo") if keys == "Ctrl+Z" else tr("nothing to redo"))

    def _show_nodes(self, draft: Draft) -> None:
        nodes = self._model.nodes
        if tuple(self._boxes) != nodes:
            for box in self._boxes.values():
                self._nodes.removeWidget(box)
                box.deleteLater()
            self._boxes = {node: CheckBox(node) for node in nodes}
            for node, box in self._boxes.items():
                box.clicked.connect(lambda checked, node=node: self._model.choose_node(node, checked))
                self._nodes.addWidget(box)
        few = len(nodes) <= 4 and not self._folded
        for node, box in self._boxes.items():
            box.setChecked(node in draft.nodes)
            reason = self._model.node_reason(node)
            box.set_possible(not reason, reason)
            box.setVisible(few)
        self._on.setVisible(few)
        self.nodes_button.setVisible(not few)
        self.nodes_button.setText(trn("{count} node", "{count} nodes", len(draft.nodes)))
        self.nodes_button.setToolTip(names(draft.nodes))
        reason = self._model.apply_reason
        self.check.set_possible(not reason, reason)
        self.apply.set_possible(not reason, reason)

    def _nodes_menu(self) -> Menu:
        chosen = self._model.draft.nodes if self._model.draft else []
        entries = [
            MenuEntry(
                tr("Not on {node}", node=node) if node in chosen else tr("Also on {node}", node=node),
                not (reason := self._model.node_reason(node)),
                reason,
            )
            for node in self._model.nodes
        ]
        by_text = {entry.text: node for entry, node in zip(entries, self._model.nodes, strict=True)}
        return Menu.from_entries(
            entries,
            lambda entry: self._model.choose_node(by_text[entry.text], by_text[entry.text] not in chosen),
            self,
        )

    def _apply_changed(self) -> None:
        draft = self._model.draft
        if draft is None:
            return
        if draft.apply.rows and (self._card is None or self._card.apply is not draft.apply):
            self._card = ModuleApplyCard(draft.apply)
            self.set_above_footer(self._card)
        elif not draft.apply.rows:
            self._drop_card()
        self._show_nodes(draft)

    def _drop_card(self) -> None:
        if self._card is not None:
            self._card = None
            self.set_above_footer(None)

    # --- doing --------------------------------------------------------------------------------

    def _on_draft(self, work: Callable[[Draft], object]) -> None:
        if self._model.draft is not None:
            work(self._model.draft)

    def _undo(self) -> None:
        self._on_draft(lambda draft: draft.editor.undo())

    def _redo(self) -> None:
        self._on_draft(lambda draft: draft.editor.redo())

    def _choose_view(self, view: str) -> None:
        self._view = view
        self.refresh()
        draft = self._model.draft
        if draft is not None and view in {DIFF, HISTORY}:
            self._parts[draft.editor.name].diff.show_nodes(self._model.holders)

    def _fold(self, folded: bool) -> None:
        self._folded = folded
        self.new.fold(folded)
        self.beside.setChecked(not folded)
        self.refresh()

    def _jump(self) -> None:
        draft = self._model.draft
        if draft is None:
            return
        problem = draft.editor.jump()
        if problem is not None:
            self._lead_to(draft)

    def _lead_to(self, draft: Draft) -> None:
        problem = draft.editor.jumped
        if problem is None:
            return
        self._view = FORM
        if problem.tab is None or self._folded:
            self.beside.setChecked(problem.tab is None)
        self.refresh()
        parts = self._parts[draft.editor.name]
        if problem.tab is None:
            parts.xml.lead_to(problem.line)
        else:
            parts.form.focus_on(problem)

    def _check(self) -> None:
        self._model.check()
        self._on_draft(self._lead_to)

    def _apply(self) -> None:
        self._model.apply()
        self._on_draft(self._lead_to)
