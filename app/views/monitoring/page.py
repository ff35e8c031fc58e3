"""The Monitoring page of one cluster."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent

from app.viewmodels.events_model import EventsModel
from app.viewmodels.menus import Deed, remedy
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views.deeds import Deeds
from app.views.monitoring.event_strip import EventStrip
from app.views.monitoring.module_card import ModuleCardView
from app.views.page import Page
from app.views.widgets import Button, EmptyState

SECOND = 1000


class MonitoringPage(Page):
    """Cards in the order of the modules' names; they keep their places while they change."""

    opened = Signal(str, str)
    """(module, node): somebody wants its details."""
    new_module_wanted = Signal()
    event_chosen = Signal(object)
    help_topic = "monitoring"

    def __init__(self, model: SessionModel, events: EventsModel) -> None:
        super().__init__(model.title)
        self._model = model
        self._deeds = Deeds(self, model)
        self._title = model.title
        self._cards: dict[str, ModuleCardView] = {}
        self._new = Button(tr("New module…"), "add")
        self._new.clicked.connect(self.new_module_wanted)
        self._snapshot = Button(tr("Snapshot…"), "snapshot")
        self._snapshot.set_possible(False, tr("comes with a later version"))
        self.add_button(self._snapshot)
        self.add_button(self._new)
        self._empty = EmptyState(
            "module",
            tr("No module yet"),
            tr("A module is one application that Keepgreen keeps running: its settings and its scripts."),
        )
        self.body.addWidget(self._empty)
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
        self._empty.setVisible(not farm.modules)
        filled = self._filled()
        for card in farm.modules:
            self._cards[card.name].set_card(card, now, filled)
        self.events.tick(now)

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
        return view

    def _tick(self) -> None:
        now = self._model.now()
        for card in self._cards.values():
            card.tick(now)
        self.events.tick(now)
