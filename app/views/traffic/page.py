"""The virtual IP of a module: who owns the slots, who takes them, and where a client is."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.navigation import SLOTS
from app.viewmodels.slot_map import AddressRow, NodeEpochs
from app.viewmodels.text import joined, labelled, tr
from app.viewmodels.traffic import TrafficModel
from app.views import fonts
from app.views.page import Page
from app.views.tokens import Token
from app.views.traffic.share_legend import ShareLegend
from app.views.traffic.slot_grid import SlotGrid
from app.views.traffic.view_switch import view_switch
from app.views.traffic.where_card import WhereCard
from app.views.widgets import Button, Card, Divider, EmptyState, IconLabel, Note, NoteKind, Segments, Words

ASK = 1000
"""Milliseconds between two questions while somebody looks."""
REPAINT = 100


class _Line(QWidget):
    """A name and what is said of it, with a mark while something is wrong."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = IconLabel("check", Token.TEXT3, 14)
        self._name = Words("", fonts.BASE, strong=True)
        self._words = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 3, 0, 3)
        row.setSpacing(8)
        row.addWidget(self._mark)
        row.addWidget(self._name)
        row.addWidget(self._words, 1)

    def show_words(self, name: str, words: str, *, wrong: bool) -> None:
        self._mark.set_icon("problem" if wrong else "check", Token.RED if wrong else Token.TEXT3)
        self._name.setText(name)
        self._words.setText(words)
        self._words.set_token(Token.RED if wrong else Token.TEXT2)
        self.setAccessibleName(f"{name}: {words}")


class TrafficPage(Page):
    """Shows one TrafficModel; `title` is that of the cluster. `view_chosen(view)` leads back to the test."""

    view_chosen = Signal(str)
    configure_wanted = Signal()
    help_topic = "traffic"

    def __init__(self, model: TrafficModel, title: str) -> None:
        super().__init__()
        self._model = model
        self.set_title(title, model.module)
        self.switch = view_switch(SLOTS)
        self.switch.chosen.connect(self.view_chosen)
        self.add_button(self.switch)
        self.body.setSpacing(16)
        self.problems = Note(NoteKind.ERROR, "")
        self.agreement = Note(NoteKind.WARNING, "")
        configure = Button(tr("Configure {module}", module=model.module), "configuration")
        configure.clicked.connect(self.configure_wanted)
        self.empty = EmptyState("test", "", "", (configure,))
        self._content = QWidget()
        row = QHBoxLayout(self._content)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(self._slots(), 1)
        right = QVBoxLayout()
        right.setSpacing(16)
        right.addWidget(self._shares())
        self.where = WhereCard(model)
        right.addWidget(self.where)
        right.addWidget(self._nodes())
        right.addStretch(1)
        row.addLayout(right, 1)
        for part in (self.problems, self.agreement, self._content, self.empty):
            self.body.addWidget(part)
        for live in (self.switch, configure, self.where):
            live.setVisible(not model.read_only)
        self.body.addStretch(1)
        self._pause = QTimer(self, singleShot=True, interval=REPAINT)
        self._pause.timeout.connect(self.refresh)
        self._clock = QTimer(self, interval=ASK)
        self._clock.timeout.connect(model.ask)
        model.changed.connect(self._changed)
        self.refresh()

    # --- parts --------------------------------------------------------------------------------

    def _slots(self) -> Card:
        self.slots_card = Card(tr("Slots"), "-")
        self.groups: Segments | None = None
        self._group_names: tuple[str, ...] = ()
        self.grid = SlotGrid()
        self._looked = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self._looked.setFixedHeight(32)
        self.grid.looked_at.connect(self._say_slot)
        self._say_slot("")
        inner = QVBoxLayout()
        inner.setContentsMargins(14, 14, 14, 10)
        inner.addWidget(self.grid)
        inner.addStretch(1)
        self.slots_card.body.addLayout(inner, 1)
        self.slots_card.body.addWidget(Divider())
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        foot.addWidget(self._looked, 1)
        self.slots_card.body.addLayout(foot)
        return self.slots_card

    def _shares(self) -> Card:
        card = Card()
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 4, 16, 8)
        self.legend = ShareLegend()
        inner.addWidget(self.legend)
        card.body.addLayout(inner)
        return card

    def _nodes(self) -> Card:
        self.nodes_card = Card(tr("Nodes and addresses"))
        self._node_lines: list[_Line] = []
        self._address_lines: list[_Line] = []
        self._node_box, self._address_box = QVBoxLayout(), QVBoxLayout()
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 8, 16, 10)
        inner.setSpacing(4)
        inner.addLayout(self._node_box)
        inner.addWidget(Divider())
        inner.addLayout(self._address_box)
        self.nodes_card.body.addLayout(inner)
        return self.nodes_card

    # --- showing ------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        self._model.ask()
        if not self._model.read_only:
            self._clock.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.stop()
        super().hideEvent(event)

    def _changed(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def refresh(self) -> None:
        """What the model says now."""
        model, shown = self._model, self._model.map
        self.where.refresh()
        there = bool(shown.groups)
        self._content.setVisible(there)
        self.empty.setVisible(not there)
        self.set_facts(model.facts if there else "")
        if not there:
            self._show_empty()
        group = next((one for one in shown.groups if one.name == model.group), None)
        wrong = (*(group.problems if group else ()), *shown.alarms)
        self.problems.setVisible(bool(wrong))
        if wrong:
            self.problems.set_note(NoteKind.ERROR, wrong[0], "\n".join(wrong[1:]))
        self.agreement.setVisible(there and not shown.agreed)
        self.agreement.set_note(NoteKind.WARNING, shown.agreement)
        if group is None:
            return
        self._show_groups(tuple(one.name for one in shown.groups))
        self.grid.set_group(group)
        self.legend.set_rows(group.rows)
        self.slots_card.facts.setText(
            tr("who owns each of 256 slots, and whether its owner takes it") if not wrong else group.verdict
        )
        self._show_nodes(shown.nodes, shown.addresses)

    def _show_empty(self) -> None:
        model = self._model
        if model.without_vip:
            self.empty.set_text(
                tr("{module} has no virtual IP", module=model.module),
                tr("A load balancer decided who served.")
                if model.read_only
                else tr("A load balancer decides who serves. A virtual IP is added on its Configuration page."),
            )
        elif model.troubles:
            told = joined(labelled(node, text) for node, text in model.troubles.items())
            nobody = tr("No slots are in this snapshot") if model.read_only else tr("No node tells of its slots now")
            self.empty.set_text(nobody, told)
        else:
            self.empty.set_text(tr("Asking the nodes for their slots…"), tr("Each node answers for itself."))

    def _show_groups(self, names: tuple[str, ...]) -> None:
        if names != self._group_names:
            self._group_names = names
            if self.groups is not None:
                self.groups.hide()
                self.groups.deleteLater()
                self.groups = None
            if len(names) > 1:
                self.groups = Segments([(name, name) for name in names], tr("Group"))
                self.groups.chosen.connect(self._model.choose_group)
                self.slots_card.add_to_head(self.groups)
        if self.groups is not None:
            self.groups.choose(self._model.group)

    def _show_nodes(self, nodes: tuple[NodeEpochs, ...], addresses: tuple[AddressRow, ...]) -> None:
        silent = self._model.slow()
        _fit(self._node_lines, self._node_box, len(nodes))
        for line, node in zip(self._node_lines, nodes, strict=True):
            words = node.words
            if not node.answers:
                unasked = tr("no snapshot of it is open") if self._model.read_only else tr("does not tell")
                why = self._model.troubles.get(node.name) or silent.get(node.name) or unasked
                words = f"{words}, {why}"
            told = node.answers or self._model.read_only
            line.show_words(node.name, words, wrong=not (told and node.agreed) or bool(node.alarms))
        _fit(self._address_lines, self._address_box, len(addresses))
        for line, row in zip(self._address_lines, addresses, strict=True):
            words = ", ".join(part for part in (row.type, row.vmac, row.where) if part)
            line.show_words(row.addr, words, wrong=row.missing)

    def _say_slot(self, words: str) -> None:
        self._looked.setText(words or tr("Point at a slot, or use the arrows: who owns it, who takes it."))


def _fit(lines: list[_Line], box: QVBoxLayout, count: int) -> None:
    """As many lines as there is to say."""
    while len(lines) < count:
        lines.append(_Line())
        box.addWidget(lines[-1])
    while len(lines) > count:
        gone = lines.pop()
        box.removeWidget(gone)
        gone.hide()
        gone.deleteLater()
