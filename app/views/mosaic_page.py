"""The tab "Test": the load-balancing test of one module."""

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.menus import Deed, MenuEntry
from app.viewmodels.module_meaning import length
from app.viewmodels.mosaic import CELLS, EVERY, KEPT, MosaicModel, NodeLine
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr, trn
from app.views import fonts
from app.views.mosaic_export import ExportButton
from app.views.mosaic_grid import MosaicGrid, MosaicStrip
from app.views.mosaic_legend import MosaicLegend
from app.views.page import Page
from app.views.tokens import Token
from app.views.traffic.view_switch import TEST, view_switch
from app.views.widgets import (
    AskSheet,
    Button,
    Card,
    Choice,
    Divider,
    Field,
    LinkButton,
    Note,
    NoteKind,
    PrimaryButton,
    SilhouetteLabel,
    Words,
)
from app.views.widgets.flow import Scroller

FIGURES_LEAST = 172
"""Height of the figures when there are more nodes than room: their head and four lines."""
REPAINT = 100
"""Milliseconds between two repaints while answers come in."""


class _NodeButtons(QWidget):
    """A node beside the mosaic: its state, and the button that stops or starts the module there."""

    def __init__(self) -> None:
        super().__init__()
        self._state = SilhouetteLabel(Silhouette.UNCONFIGURED)
        self._name = Words("", fonts.BASE)
        self.button = Button("", dense=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(8)
        row.addWidget(self._state)
        row.addWidget(self._name, 1)
        row.addWidget(self.button)

    def show_line(self, line: NodeLine) -> None:
        self._state.set_state(line.silhouette, name=line.words)
        self._name.setText(line.name)
        starts = line.entry.command is not None and line.entry.command.deed is Deed.START
        self.button.setText(tr("Start now") if starts else tr("Stop now"))
        verb = tr("Start {node} now", node=line.name) if starts else tr("Stop {node} now", node=line.name)
        self.button.setAccessibleName(verb)
        self.button.set_possible(line.entry.enabled, line.entry.reason)


class MosaicPage(Page):
    """Shows one MosaicModel; `title` is that of the cluster. `view_chosen(view)` leads to the virtual IP."""

    view_chosen = Signal(str)
    help_topic = "test"

    def __init__(self, model: MosaicModel, title: str) -> None:
        super().__init__(scrolling=False)
        self._model = model
        self._lines: list[_NodeButtons] = []
        self.set_title(title, model.module)
        self.run_button = PrimaryButton(tr("Run the test"), "start")
        self.run_button.clicked.connect(self._toggle)
        self.switch = view_switch(TEST)
        self.switch.chosen.connect(self.view_chosen)
        self.export = ExportButton(model, self)
        self.add_button(self.switch)
        self.add_button(self.export)
        self.add_button(self.run_button)
        self.body.setSpacing(16)
        self.body.addWidget(self._settings())
        self.advice = Note(NoteKind.WARNING, "")
        self.body.addWidget(self.advice)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self._mosaic(), 1)
        right = QVBoxLayout()
        right.setSpacing(16)
        right.addWidget(self._figures())
        right.addWidget(self._over_time(), 1)
        row.addLayout(right, 1)
        self.body.addLayout(row, 1)
        self._pause = QTimer(self, singleShot=True, interval=REPAINT)
        self._pause.timeout.connect(self._repaint)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        model.changed.connect(self._changed)
        self._repaint()

    # --- parts --------------------------------------------------------------------------------

    def _settings(self) -> Card:
        model = self._model
        card = Card()
        row = QHBoxLayout()
        row.setContentsMargins(16, 11, 16, 11)
        row.setSpacing(8)
        self.address = Field(tr("Address"), model.address, width=260)
        self.port = Field(tr("Port"), model.port, width=72)
        self.cells = Choice(tr("Cells"), [(str(count), str(count)) for count in CELLS])
        self.every = Choice(tr("Every"), [(str(seconds), length(seconds)) for seconds in EVERY])
        self.address.edited.connect(model.set_address)
        self.port.edited.connect(model.set_port)
        self.cells.chosen.connect(lambda key: model.set_cells(int(key)))
        self.every.chosen.connect(lambda key: model.set_every(float(key)))
        self._running = Words("", fonts.BASE, Token.TEXT2)
        for words, part in (
            (tr("Address"), self.address),
            (tr("Port"), self.port),
            (tr("Cells"), self.cells),
            (tr("Every"), self.every),
        ):
            label = Words(words, fonts.BASE, Token.TEXT2)
            label.setMinimumHeight(32)
            label.setBuddy(part)
            row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        row.addStretch(1)
        self._running.setMinimumHeight(32)
        row.addWidget(self._running, 0, Qt.AlignmentFlag.AlignTop)
        card.body.addLayout(row)
        return card

    def _mosaic(self) -> Card:
        self._mosaic_card = Card(tr("Mosaic"), "-")
        self.now = LinkButton(tr("Back to now"))
        self.now.clicked.connect(lambda: self._model.choose(None))
        self._mosaic_card.add_to_head(self.now)
        self.grid = MosaicGrid(self._model.cell_words)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 16, 16, 12)
        inner.addWidget(self.grid, 1)
        self._mosaic_card.body.addLayout(inner, 1)
        self._mosaic_card.body.addWidget(Divider())
        foot = QHBoxLayout()
        foot.setContentsMargins(16, 0, 16, 0)
        self._latency = Words("", fonts.SIDE, Token.TEXT2)
        self._failures = Words("", fonts.SIDE, Token.RED, cut=True)
        self._latency.setFixedHeight(32)
        foot.setSpacing(12)
        foot.addWidget(self._latency)
        foot.addWidget(self._failures, 1)
        self._mosaic_card.body.addLayout(foot)
        return self._mosaic_card

    def _figures(self) -> Card:
        card, both = Card(), QWidget()
        row = QHBoxLayout(both)
        row.setContentsMargins(16, 8, 16, 12)
        row.setSpacing(16)
        self.legend = MosaicLegend()
        self.fairness = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self.fairness.setFixedHeight(28)  # its line is there before its words: nothing may jump
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.legend)
        left.addWidget(self.fairness)
        left.addStretch(1)
        row.addLayout(left, 1)
        row.addWidget(Divider(upright=True))
        side = QVBoxLayout()
        side.setSpacing(0)
        title = Words(tr("Try it"), fonts.BASE, strong=True)
        title.setFixedHeight(28)
        side.addWidget(title)
        self._side = QVBoxLayout()
        self._side.setSpacing(0)
        side.addLayout(self._side)
        side.addStretch(1)
        row.addLayout(side)
        card.body.addWidget(Scroller(both, FIGURES_LEAST))
        return card

    def _over_time(self) -> Card:
        self._time_card = Card(tr("Answers over time"), "-")
        self.rounds = MosaicStrip(min(KEPT, 60))
        self.rounds.chosen.connect(lambda bar: self._model.choose(bar if bar >= 0 else None))
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 12)
        inner.addWidget(self.rounds, 1)
        self._time_card.body.addLayout(inner, 1)
        return self._time_card

    # --- showing ------------------------------------------------------------------------------

    def _changed(self) -> None:
        if not self._pause.isActive():
            self._pause.start()

    def _repaint(self) -> None:
        model = self._model
        running = model.running
        self.run_button.setText(tr("Pause the test") if running else tr("Run the test"))
        self.run_button.set_icon_name("pause" if running else "start")
        self.run_button.set_possible(running or not model.run_reason, model.run_reason)
        self.address.set_error(model.address_error)
        self.port.set_error(model.port_error)
        self.cells.choose(str(model.cells))
        self.every.choose(str(model.every))
        self._running.setText(model.running_words)
        advice = model.advice
        self.advice.setVisible(bool(advice))
        if advice:
            self.advice.set_note(NoteKind.WARNING, tr("No connection was answered: {why}", why=model.failures), advice)
        rows = model.legend
        summary = ", ".join(f"{row.name} {row.count}" for row in rows)
        self.grid.set_numbers(model.numbers, summary)
        self.legend.set_rows(rows)
        self.fairness.setText(model.fairness)
        self.export.set_possible(not model.export_reason, model.export_reason)
        self._mosaic_card.facts.setText(model.facts)
        self.now.setVisible(model.chosen is not None)
        p50, p99 = model.latency
        self._latency.setText(tr("Latency: p50 {p50}, p99 {p99}", p50=p50, p99=p99) if p50 else tr("Latency"))
        self._failures.setText(tr("failed: {why}", why=model.failures) if model.failures else "")
        failed, total = model.totals
        self._time_card.facts.setText(
            trn(
                "{failed} of {count} connection failed",
                "{failed} of {count} connections failed",
                total,
                failed=failed,
            )
            if total
            else tr("a bar for each round; choose one to see it in the mosaic")
        )
        self.rounds.set_bars(model.strip, model.chosen)
        self._show_lines()

    def node_button(self, node: str) -> Button:
        """The button of a node. KeyError when the module is not there."""
        names = [line.name for line in self._model.node_lines()]
        if node not in names:
            raise KeyError(node)
        return self._lines[names.index(node)].button

    def _show_lines(self) -> None:
        lines = self._model.node_lines()
        while len(self._lines) < len(lines):
            widget = _NodeButtons()
            at = len(self._lines)
            widget.button.clicked.connect(lambda _checked=False, at=at: self._pressed(at))
            self._lines.append(widget)
            self._side.addWidget(widget)
        for at, widget in enumerate(self._lines):
            widget.setVisible(at < len(lines))
            if at < len(lines):
                widget.show_line(lines[at])

    def _tick(self) -> None:
        if self.isVisible() and self._model.running:
            self._running.setText(self._model.running_words)

    # --- doing --------------------------------------------------------------------------------

    def _toggle(self) -> None:
        if self._model.running:
            self._model.pause()
        else:
            self._model.run()

    def _pressed(self, at: int) -> None:
        entry: MenuEntry = self._model.node_lines()[at].entry
        if entry.question is None:
            self._model.perform(entry)
            return
        sheet = AskSheet(entry.question.sentence, "", entry.question.verb, tr("Go back"))
        sheet.answered.connect(lambda yes: self._model.perform(entry) if yes else None)
        self.ask(sheet)
