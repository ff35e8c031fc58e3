"""The Monitoring page of one cluster."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent

from app.viewmodels.events_model import EventsModel
from app.viewmodels.menus import Command, Deed, remedy
from app.viewmodels.nothing_yet import nothing_yet
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views.deeds import Deeds
from app.views.monitoring.attention_card import AttentionCard
from app.views.monitoring.event_strip import EventStrip
from app.views.monitoring.farm_table import FarmTable
from app.views.monitoring.module_card import ModuleCardView
from app.views.page import Page
from app.views.widgets import Button, Card, Chip, EmptyState, PrimaryButton, Segments

SECOND = 1000
TILES_UP_TO = 8
"""Nodes; more are a table unless the user wants tiles."""


class MonitoringPage(Page):
    """Cards in the order of the modules' names; they keep their places while they change."""

    opened = Signal(str, str)
    """(module, node): somebody wants its details."""
    slots_wanted = Signal(str)
    """A module whose slot map is to be seen."""
    new_module_wanted = Signal()
    event_chosen = Signal(object)
    help_topic = "monitoring"

    def __init__(self, model: SessionModel, events: EventsModel) -> None:
        super().__init__(model.title)
        self._model = model
        self._deeds = Deeds(self, model)
        self._title = model.title
        self._cards: dict[str, ModuleCardView] = {}
        self._build_table()
        self._new = Button(tr("New module…"), "add")
        self._new.clicked.connect(self.new_module_wanted)
        self._snapshot = Button(tr("Snapshot…"), "snapshot")
        self._snapshot.clicked.connect(lambda: model.asked.emit(Command(Deed.SNAPSHOT, "", ())))
        self.ways = Segments((("tiles", tr("Tiles")), ("table", tr("Table"))), tr("View"))
        self.ways.chosen.connect(self._choose_way)
        self.only = Chip(tr("Only not green"))
        self.only.toggled.connect(self.table.show_only_not_green)
        for button in (self._new, self._snapshot):
            button.set_possible(not model.read_only, model.read_only)
        for part in (self.only, self.ways, self._snapshot):
            self.add_button(part)
        self.add_button(self._new)
        self.first_module = PrimaryButton(tr("New module…"), "add")
        self.first_module.clicked.connect(self.new_module_wanted)
        self.retry = PrimaryButton(tr("Try again"), "restart")
        self.retry.clicked.connect(self._try_again)
        self.empty = EmptyState("module", "", "", (self.first_module, self.retry))
        self.body.addWidget(self.empty)
        self.body.addWidget(self.attention)
        self.body.addWidget(self._table_card, 100)
        self.body.addStretch(1)
        self.events = EventStrip(events)
        self.events.chosen.connect(self.event_chosen)
        self.strip.addWidget(self.events)
        self.folded.connect(self._fold)
        self._clock = QTimer(self, interval=SECOND)
        self._clock.timeout.connect(self._tick)
        model.changed.connect(self._show_farm)
        self._show_farm()

    @property
    def cards(self) -> tuple[ModuleCardView, ...]:
        """The cards that are shown, in their order."""
        return tuple(self._cards.values())

    def _show_nothing(self, now: float) -> None:
        """What stands here while there is no module, and why."""
        farm = self._model.farm
        self.empty.setVisible(not farm.modules)
        if farm.modules:
            return
        nothing = nothing_yet(farm, now)
        self.empty.set_text(nothing.line, nothing.sentence)
        self.first_module.setVisible(nothing.retry is None)
        self.first_module.set_possible(not nothing.reason, nothing.reason)
        self.retry.setVisible(nothing.retry is not None)

    def _try_again(self) -> None:
        nothing = nothing_yet(self._model.farm, self._model.now())
        if nothing.retry is not None:
            self._deeds.do(nothing.retry)

    def _build_table(self) -> None:
        self._way = ""
        """`tiles` or `table` when the user chose it, else by the number of nodes."""
        self.attention = AttentionCard()
        self.attention.wanted.connect(self._deeds.do)
        self.table = FarmTable()
        self.table.opened.connect(self.opened)
        self.table.wanted.connect(self._deeds.do)
        self.table.menu_wanted.connect(self._deeds.open_menu_at)
        self._table_card = Card()
        self._table_card.body.addWidget(self.table)
        self._table_card.free_corners()

    def showEvent(self, event: QShowEvent) -> None:
        self._clock.start()
        self._tick()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.stop()
        super().hideEvent(event)

    def _show_farm(self) -> None:
        farm, now = self._model.farm, self._model.now()
        if farm.title != self._title:
            self._title = farm.title
            self.set_title(farm.title)
        self.set_facts(farm.facts_text)
        if [card.name for card in farm.modules] != list(self._cards):
            self._rebuild()
        tabled = self._tabled()
        self._show_nothing(now)
        self._arrange(tabled)
        filled = self._filled()
        for card in farm.modules:
            view = self._cards[card.name]
            view.setVisible(not tabled)
            view.set_card(card, now, filled)
        if tabled:
            self.attention.set_farm(farm, now)
            self.table.set_farm(farm, now)
        self.events.tick(now)

    def _tabled(self) -> bool:
        farm = self._model.farm
        if not farm.modules:
            return False
        return self._way == "table" if self._way else len(farm.nodes) > TILES_UP_TO

    def _arrange(self, tabled: bool) -> None:
        self.ways.choose("table" if tabled else "tiles")
        self.ways.setVisible(bool(self._model.farm.modules))
        self.only.setVisible(tabled)
        self._table_card.setVisible(tabled)
        if not tabled:
            self.attention.hide()

    def _choose_way(self, way: str) -> None:
        self._way = way
        self._show_farm()

    def _filled(self) -> tuple[str, str] | None:
        """The worst thing in view whose remedy is possible: its button is the filled one."""
        for one in self._model.farm.attention:
            tile = one.tile
            if tile is not None and tile.silhouette in (Silhouette.STOP, Silhouette.WAIT):
                entry = remedy(tile)
                if entry.enabled and entry.command is not None and entry.command.deed == Deed.START:
                    return tile.module, tile.node
        return None

    def _fold(self, narrow: bool) -> None:
        self.events.fold(narrow)
        self._snapshot.fold(narrow)
        self.body.setSpacing(16 if narrow else 24)
        margins = self.body.contentsMargins()
        margins.setBottom(11 if narrow else 24)
        self.body.setContentsMargins(margins)

    def _rebuild(self) -> None:
        names = [card.name for card in self._model.farm.modules]
        for name in [name for name in self._cards if name not in names]:
            gone = self._cards.pop(name)
            self.body.removeWidget(gone)
            gone.deleteLater()
        ordered: dict[str, ModuleCardView] = {}
        for place, card in enumerate(self._model.farm.modules):
            view = self._cards.get(card.name) or self._made(card.name)
            self.body.removeWidget(view)
            self.body.insertWidget(place + 1, view)  # after the empty state
            ordered[card.name] = view
        self._cards = ordered

    def _made(self, name: str) -> ModuleCardView:
        card = self._model.farm.card(name)
        assert card is not None
        view = ModuleCardView(card)
        view.wanted.connect(self._deeds.do)
        view.menu_wanted.connect(self._deeds.open_menu)
        view.opened.connect(self.opened)
        view.slots_wanted.connect(self.slots_wanted)
        return view

    def _tick(self) -> None:
        now = self._model.now()
        self._show_nothing(now)
        if self._tabled():
            self.attention.tick(now)
            self.table.tick(now)
        else:
            for card in self._cards.values():
                card.tick(now)
        self.events.tick(now)
