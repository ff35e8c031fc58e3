"""The Details page: one module on one node. Everything live in it keeps its place, its selection and its scroll."""

from functools import partial

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.viewmodels import menus
from app.viewmodels.details import DetailsModel
from app.viewmodels.menus import Command, Deed
from app.viewmodels.node_facts import resources_text
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views.deeds import Deeds
from app.views.details.information import InformationView
from app.views.details.log_pane import LogPane
from app.views.details.output_pane import WIDTH, OutputPane
from app.views.details.resource_table import ResourceTable
from app.views.details.why_banner import ChainCard, WhyBanner
from app.views.page import Page
from app.views.widgets import Button, Card, Choice, EmptyState, LinkButton, Segments, StatePill
from nodeagent.contract.api import LogLine

SECOND = 1000
GAP = 12
NARROW_OUTPUT = 336
SEGMENTS = 5
"""Nodes that stand side by side in the switch; more are a list."""
LOWER = 217
"""Height of the resources at first, pixels."""
OUTPUT_BORDER, LOWER_BORDER = "details.output", "details.resources"
"""Borders whose places are the width of the output and the height of the resources."""


class DetailsPage(Page):
    """`node_chosen(module, node)` when the switch or Alt+1…9 leads to another node.

    `borders` is where its borders were dragged, by name, in pixels; it is kept up to date.
    """

    node_chosen = Signal(str, str)
    help_topic = "details"

    def __init__(self, model: DetailsModel, borders: dict[str, int] | None = None) -> None:
        super().__init__(scrolling=False)
        self.model = model
        self._borders = {} if borders is None else borders
        self._deeds = Deeds(self, model.session)
        self._place: tuple[str, ...] = ()
        self._output_open = False
        self._switched: tuple[str, ...] = ()
        self.pill = StatePill(Silhouette.UNCONFIGURED, "")
        self.add_beside_title(self.pill)
        self._switch_place = QVBoxLayout()
        self._switch_place.setContentsMargins(0, 0, 0, 0)
        holder = QWidget()
        holder.setLayout(self._switch_place)
        self.switch: Segments | Choice | None = None
        self._show_switch()  # before what stands behind it: the Tab key goes in the order in which parts are made
        self.snapshot = Button(tr("Snapshot…"), "snapshot")
        self.snapshot.clicked.connect(self._snapshot)
        self.snapshot.set_possible(not model.session.read_only, model.session.read_only)
        self.menu_button = Button(tr("Actions"), menu=True)
        self.menu_button.clicked.connect(lambda: self._deeds.open_menu(model.actions(), self.menu_button))
        for part in (holder, self.snapshot, self.menu_button):
            self.add_button(part)
        self._fill()
        self._connect()
        self._clock = QTimer(self, interval=SECOND)
        self._clock.timeout.connect(self._tick)
        self.chain.set_steps(model.steps)
        self._show_model()

    def _fill(self) -> None:
        self.body.setSpacing(GAP)
        self.banner = WhyBanner()
        self.chain = ChainCard()
        self.chain.hide()
        self.log = LogPane(self.model)
        self.output = OutputPane(self.model.output)
        self._beside = QSplitter(Qt.Orientation.Horizontal)
        self._beside.addWidget(self.log)
        self._beside.addWidget(self.output)
        self._beside.setStretchFactor(0, 1)
        self._below = QSplitter(Qt.Orientation.Vertical)
        self._below.addWidget(self._beside)
        self._below.addWidget(self._lower_card())
        self._below.setStretchFactor(0, 1)
        for splitter in (self._beside, self._below):
            splitter.setHandleWidth(GAP)
            splitter.setChildrenCollapsible(False)
        self._below.setSizes([1000, self._borders.get(LOWER_BORDER, LOWER)])
        self.body.addWidget(self.banner)
        self.body.addWidget(self.chain)
        self.body.addWidget(self._below, 1)

    def _lower_card(self) -> Card:
        self.below = Card(tr("Resources"))
        self.resources = ResourceTable()
        self.information = InformationView()
        self.information.hide()
        self._no_resource = EmptyState(
            "gauge",
            *self.model.nothing_watched(),
            framed=False,
        )
        self.turn = LinkButton(tr("Information"), base=True)
        self.turn.clicked.connect(self._turn)
        self.below.add_to_head(self.turn)
        for part in (self.resources, self._no_resource, self.information):
            part.setMinimumHeight(64)
            self.below.body.addWidget(part, 1)
        self.below.free_corners()
        return self.below

    def _connect(self) -> None:
        model = self.model
        self.banner.chain_wanted.connect(self._toggle_chain)
        self.banner.wanted.connect(self._deeds.do)
        self.chain.closed.connect(self._toggle_chain)
        self.chain.output_wanted.connect(lambda name: model.output.open(model.module, model.node, name))
        self.log.line_chosen.connect(self._line_chosen)
        self.log.opened.connect(self._line_opened)
        self.output.closed.connect(self._close_output)
        self._beside.splitterMoved.connect(lambda: self._borders.update({OUTPUT_BORDER: self._beside.sizes()[1]}))
        self._below.splitterMoved.connect(lambda: self._borders.update({LOWER_BORDER: self._below.sizes()[1]}))
        model.output.changed.connect(self._place_output)
        self.folded.connect(self.snapshot.fold)
        model.changed.connect(self._show_model)
        model.chain_changed.connect(self.chain.set_steps)
        model.scope_changed.connect(self._scope_changed)
        model.found.connect(self.show_line)
        self._key("F4", self.show_why)
        self._key("F5", self._ask_again)
        for number in range(1, 10):
            self._key(f"Alt+{number}", partial(self._choose_number, number - 1))

    def _key(self, keys: str, slot: object) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        shortcut.activated.connect(slot)

    # --- for the owner of the page ------------------------------------------------------------

    def show_why(self) -> None:
        """Opens the chain, if there is something to explain."""
        if not self.banner.isHidden() and self.chain.isHidden() and self.banner.chain_button.isEnabled():
            self._toggle_chain()

    def show_line(self, line: LogLine) -> None:
        """Selects a line of the log and shows it in the middle; nothing when a filter hides it."""
        self.model.log.flush()
        row = self.model.log.row_of(line.cursor)
        if row >= 0:
            self.log.table.selectRow(row)
            self.log.table.scrollTo(self.model.log.index(row, 0), self.log.table.ScrollHint.PositionAtCenter)
            self.log.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def find_here(self) -> bool:
        """Ctrl+F finds in the log."""
        self.log.take_search()
        return True

    def leave_pane(self) -> bool:
        """Esc closes the output, then the filter, then the chain."""
        if self.model.output.now is not None:
            self._close_output()
            return True
        if self.log.leave_search():
            return True
        if not self.chain.isHidden():
            self._toggle_chain()
            return True
        return False

    def regions(self) -> tuple[QWidget, ...]:
        """Header, banner, chain, log, output, resources."""
        parts = (self.header, self.banner, self.chain, self.log, self.output, self.below)
        return tuple(part for part in parts if part.isVisible())

    def showEvent(self, event: QShowEvent) -> None:
        self._clock.start()
        self._tick()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.stop()
        super().hideEvent(event)

    # --- what is shown ------------------------------------------------------------------------

    def _show_model(self) -> None:
        model = self.model
        path = (model.session.title, model.module, model.node)
        if path != self._place:
            self._place = path
            self.set_title(*path)
        tile = model.tile
        if tile is None:
            self.pill.set_state(Silhouette.UNCONFIGURED, tr("NOT CONFIGURED"))
        else:
            self.pill.set_state(tile.silhouette, tile.state_words)
        self.menu_button.set_possible(tile is not None, tr("nobody tells of this module"))
        self._show_switch()
        self._tick()

    def _tick(self) -> None:
        now = self.model.session.now()
        banner = self.model.banner(now)
        self.banner.setVisible(banner is not None)
        if banner is not None:
            self.banner.set_banner(banner)
        if (banner is None or banner.why is None) and not self.chain.isHidden():
            self._toggle_chain()
        tile = self.model.tile
        self.set_facts(tile.stale_text(now) if tile else "")
        self._show_lower(now)

    def _show_lower(self, now: float) -> None:
        rows = self.model.resources(now)
        informing = not self.information.isHidden()
        self.resources.set_rows(rows)
        self._no_resource.set_text(*self.model.nothing_watched())
        if informing:
            self.information.set_groups(self.model.facts(now))
            self.below.facts.setText(self.model.node)
        else:
            self.below.facts.setText(resources_text(rows))
        self.resources.setVisible(not informing and bool(rows))
        self._no_resource.setVisible(not informing and not rows)

    def _turn(self) -> None:
        """Resources or information."""
        informing = self.information.isHidden()
        self.information.setVisible(informing)
        self.below.title.setText(tr("Information") if informing else tr("Resources"))
        self.turn.setText(tr("Resources") if informing else tr("Information"))
        self._show_lower(self.model.session.now())

    def _show_switch(self) -> None:
        nodes = self.model.nodes()
        names = tuple(name for name, _ in nodes)
        if names != self._switched:
            self._switched = names
            self._build_switch(names)
        if isinstance(self.switch, Segments):
            for name, silhouette in nodes:
                self.switch.set_silhouette(name, silhouette)
        if self.switch is not None and self.model.node in names:
            self.switch.choose(self.model.node)

    def _build_switch(self, names: tuple[str, ...]) -> None:
        if self.switch is not None:
            self._switch_place.removeWidget(self.switch)
            self.switch.hide()
            self.switch.deleteLater()
        entries = [(name, name) for name in names]
        self.switch = (
            Choice(tr("Node"), entries) if len(names) > SEGMENTS else Segments(entries, tr("Node")) if names else None
        )
        if self.switch is not None:
            self.switch.chosen.connect(self._choose)
            self.switch.setToolTip(tr("Alt+1 to Alt+9"))
            self._switch_place.addWidget(self.switch)

    # --- what the user does -------------------------------------------------------------------

    def _choose(self, node: str) -> None:
        self.model.choose(self.model.module, node)
        self.node_chosen.emit(self.model.module, node)

    def _snapshot(self) -> None:
        self.model.session.asked.emit(Command(Deed.SNAPSHOT, self.model.module, (self.model.node,)))

    def _choose_number(self, place: int) -> None:
        if place < len(self._switched):
            self._choose(self._switched[place])

    def _scope_changed(self) -> None:
        if not self.chain.isHidden():
            self._toggle_chain()

    def _toggle_chain(self) -> None:
        opened = self.chain.isHidden()
        self.chain.setVisible(opened)
        self.banner.set_chain_open(opened)

    def _line_chosen(self, line: LogLine) -> None:
        if line.output:
            self.model.output.open(line.module or self.model.module, self.model.node, line.output, _run_words(line))

    def _line_opened(self, line: LogLine) -> None:
        self._line_chosen(line)
        if line.output:
            self.output.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def _place_output(self) -> None:
        """The output has just appeared, or is as it was."""
        opened = self.model.output.now is not None
        if opened and not self._output_open:
            usual = WIDTH if self.width() >= self.FOLD_WIDTH else NARROW_OUTPUT
            width = self._borders.get(OUTPUT_BORDER, usual)
            self._beside.setSizes([max(self._beside.width() - width - GAP, 1), width])
        self._output_open = opened

    def _close_output(self) -> None:
        had_focus = self.output.isAncestorOf(self.window().focusWidget() or self)
        self.model.output.close()
        if had_focus:
            self.log.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _ask_again(self) -> None:
        row = self.model.session.farm.row(self.model.node)
        if row is not None:
            self._deeds.do(menus.retry(row))
        self.model.output.read_again()


def _run_words(line: LogLine) -> str:
    """What the line says of the run, without the script's name before it."""
    script, _, rest = line.text.partition(":")
    return rest.strip() if rest and script.split(" ")[0] == line.origin else line.text.removeprefix(line.origin).strip()
