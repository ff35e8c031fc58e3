"""What a live cluster and an opened snapshot have in common in the window: a model, and pages made at first use."""

from collections.abc import Callable
from dataclasses import dataclass

from app.services.secrets import Secrets
from app.services.tasks import TaskOwner
from app.viewmodels.details import DetailsModel
from app.viewmodels.events_model import Event, EventsModel
from app.viewmodels.navigation import SLOTS, Place, Tab
from app.viewmodels.session_model import SessionModel
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.traffic import TrafficModel
from app.views.details.page import DetailsPage
from app.views.main_window import MainWindow
from app.views.monitoring.page import MonitoringPage
from app.views.page import Page
from app.views.timeline.page import TimelinePage
from app.views.traffic.page import TrafficPage
from nodeagent.contract.api import LogLine


@dataclass(frozen=True)
class Shared:
    """What all clusters of one console have in common."""

    window: MainWindow
    secrets: Secrets
    tasks: TaskOwner
    events: EventsModel
    go: Callable[[Place], None]
    """Leads to a page, as if the user had chosen it."""
    begin_module: Callable[[str], None]
    """Leads to the question sheet of a new module of this cluster."""
    show_event: Callable[[Event], None]
    show_all_events: Callable[[], None]
    close: Callable[[str], None]
    """Takes a cluster or snapshot out of the window."""


class OpenSession:
    """`close` it when it is taken out of the window."""

    def __init__(self, model: SessionModel, shared: Shared, events: EventsModel) -> None:
        self.model, self._shared, self._events = model, shared, events
        self._details: DetailsModel | None = None
        self._timeline: TimelineModel | None = None
        self._keys: list[str] = []
        self._title = model.title
        model.changed.connect(self._rename)

    @property
    def id(self) -> str:
        """The console's own name of it."""
        return self.model.id

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Modules whose draft was not applied, and the cluster when its own was not, in words."""
        return ()

    def show(self, place: Place) -> None:
        """Show this page, with what the place names in it."""
        self._once(place.key, lambda: self._made(place))
        self._look(place)
        self._shared.window.show_page(place.key)

    def begin_snapshot(self, module: str, nodes: tuple[str, ...]) -> None:
        """Choose what the Support page is to save."""

    def begin_module(self) -> None:
        """Show the question sheet of a new module."""

    def details(self) -> DetailsPage | None:
        """The Details page once there is one."""
        page = self._shared.window.page(Place(Tab.DETAILS, self.id).key)
        return page if isinstance(page, DetailsPage) else None

    async def close(self) -> None:
        """Take its pages away."""
        for part in (self._details, self._timeline, self.model):
            if part is not None:
                part.close()
        for key in self._keys:
            self._shared.window.remove_page(key)

    # --- its pages ----------------------------------------------------------------------------

    def _made(self, place: Place) -> Page:
        """A page that is shown for the first time."""
        match place.tab:
            case Tab.DETAILS:
                return self._details_page(place)
            case Tab.TIMELINE:
                return self._timeline_page()
            case Tab.TEST:
                return self._traffic_page(place.module)
            case _:
                return self._monitoring()

    def _look(self, place: Place) -> None:
        """What the place names, in the page that is about to be shown."""
        if place.tab is Tab.DETAILS and self._details is not None:
            self._details.choose(place.module, place.node)
        if place.tab is Tab.TIMELINE and self._timeline is not None:
            self._timeline.set_scope(place.module, place.node)

    def _rename(self) -> None:
        """A cluster without a name of its own is called after its first node, whose name may be a new one."""
        if self.model.title != self._title:
            self._title = self.model.title
            for key in self._keys:
                if (page := self._shared.window.page(key)) is not None:
                    page.set_cluster(self._title)

    def _once(self, key: str, make: Callable[[], Page]) -> None:
        if self._shared.window.page(key) is None:
            self._shared.window.add_page(key, make())
            self._keys.append(key)

    def _monitoring(self) -> MonitoringPage:
        page = MonitoringPage(self.model, self._events)
        page.opened.connect(lambda module, node: self._shared.go(Place(Tab.DETAILS, self.id, module, node)))
        page.slots_wanted.connect(lambda module: self._shared.go(Place(Tab.TEST, self.id, module, view=SLOTS)))
        page.new_module_wanted.connect(lambda: self._shared.begin_module(self.id))
        page.event_chosen.connect(self._shared.show_event)
        page.events.all_wanted.connect(self._all_events)
        return page

    def _all_events(self) -> None:
        self._shared.show_all_events()

    def _details_page(self, place: Place) -> DetailsPage:
        self._details = DetailsModel(self.model, self._shared.tasks, place.module, place.node)
        page = DetailsPage(self._details, self._shared.window.borders)
        page.node_chosen.connect(lambda module, node: self._shared.go(Place(Tab.DETAILS, self.id, module, node)))
        return page

    def _timeline_page(self) -> TimelinePage:
        self._timeline = TimelineModel(self.model, self._shared.tasks)
        page = TimelinePage(self._timeline, self._shared.window.borders)
        page.line_wanted.connect(self._show_line)
        page.moment_wanted.connect(self._show_moment)
        return page

    def _traffic_page(self, module: str) -> TrafficPage:
        return TrafficPage(TrafficModel(self.model, module, self._shared.tasks), self.model.title)

    def _show_line(self, module: str, node: str, line: LogLine) -> None:
        """The log of a module on a node, at this line."""
        self._shared.go(Place(Tab.DETAILS, self.id, module, node))
        if self._details is not None:
            self._details.seek(line)

    def _show_moment(self, module: str, node: str, moment: float) -> None:
        """The log of a module on a node, as it was then."""
        self._shared.go(Place(Tab.DETAILS, self.id, module, node))
        if self._details is not None:
            self._details.seek_moment(moment)
