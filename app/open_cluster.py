"""One cluster open in the window: its session, its model, and its pages, each made at its first use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from app.services.address_check import check
from app.services.cluster_rollout import check_cluster
from app.services.cluster_session import ClusterSession, Learnt
from app.services.memory import RememberedCluster
from app.services.mosaic_probe import ask_round
from app.services.secrets import Secrets
from app.services.sign_in import sign_in
from app.services.tasks import TaskOwner
from app.viewmodels.audit import AuditModel
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_history import ClusterHistory
from app.viewmodels.details import DetailsModel
from app.viewmodels.events_model import Event, EventsModel
from app.viewmodels.module_configuration import ModuleConfiguration
from app.viewmodels.mosaic import MosaicModel
from app.viewmodels.navigation import SLOTS, Place, Tab
from app.viewmodels.port_check import PortCheck
from app.viewmodels.session_model import SessionModel
from app.viewmodels.snapshots import Snapshots
from app.viewmodels.text import tr
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.traffic import TrafficModel
from app.views.configuration.cluster_page import ClusterPage
from app.views.configuration.module_page import ModulePage
from app.views.details.page import DetailsPage
from app.views.events_page import EVENTS
from app.views.main_window import MainWindow
from app.views.monitoring.page import MonitoringPage
from app.views.mosaic_page import MosaicPage
from app.views.page import Page
from app.views.support.page import SupportPage
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


class OpenCluster:
    """Made when a cluster is opened, `close`d when it is forgotten. `test_address` is proposed on the Test page."""

    def __init__(self, cluster: RememberedCluster, shared: Shared, on_learnt: Learnt, test_address: str = "") -> None:
        self._shared, self._test_address = shared, test_address
        self.session = ClusterSession(cluster, shared.secrets, shared.tasks, on_learnt=on_learnt)
        self.model = SessionModel(self.session, shared.tasks)
        self._editor: ClusterEditor | None = None
        self._ports: PortCheck | None = None
        self._modules: ModuleConfiguration | None = None
        self._details: DetailsModel | None = None
        self._timeline: TimelineModel | None = None
        self._tests: dict[str, MosaicModel] = {}
        self._snapshots = Snapshots(self.model, shared.tasks)
        self._keys: list[str] = []

    @property
    def id(self) -> str:
        """The console's own name of it."""
        return self.session.id

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Modules whose draft was not applied, and the cluster when its own was not, in words."""
        modules = self._modules.unsaved if self._modules is not None else ()
        if self._editor is None or not self._editor.unapplied:
            return modules
        return *modules, tr("the cluster {name}", name=self.model.title)

    def show(self, place: Place) -> None:
        """Show this page of the cluster, with what the place names in it."""
        match place.tab:
            case Tab.MONITORING:
                self._once(place.key, self._monitoring)
            case Tab.DETAILS:
                self._once(place.key, partial(self._details_page, place))
                if self._details is not None:
                    self._details.choose(place.module, place.node)
            case Tab.TIMELINE:
                self._once(place.key, self._timeline_page)
                if self._timeline is not None:
                    self._timeline.set_scope(place.module, place.node)
            case Tab.TEST if place.view == SLOTS:
                self._once(place.key, partial(self._traffic, place.module))
            case Tab.TEST:
                self._once(place.key, partial(self._test, place.module))
            case Tab.CONFIGURATION if place.module:
                self._once(place.key, self._module_page)
                if self._modules is not None:
                    self._modules.open(place.module)
            case Tab.CONFIGURATION:
                self._once(place.key, self._cluster_page)
            case Tab.SUPPORT:
                self._once(place.key, self._support)
        self._shared.window.show_page(place.key)

    def begin_module(self) -> None:
        """Show the question sheet of a new module."""
        key = Place(Tab.CONFIGURATION, self.id, "new").key
        self._once(key, self._module_page)
        self._shared.window.show_page(key)
        if self._modules is not None:
            self._modules.begin_new()

    def begin_snapshot(self, module: str, nodes: tuple[str, ...]) -> None:
        """Choose what the Support page is to save."""
        self._snapshots.choose(module, nodes)

    def details(self) -> DetailsPage | None:
        """The Details page once there is one."""
        page = self._shared.window.page(Place(Tab.DETAILS, self.id).key)
        return page if isinstance(page, DetailsPage) else None

    async def close(self) -> None:
        """Take its pages away and watch it no more."""
        for test in self._tests.values():
            test.pause()
        if self._ports is not None:
            self._ports.cancel()
        for part in (self._details, self._timeline, self._modules, self.model):
            if part is not None:
                part.close()
        for key in self._keys:
            self._shared.window.remove_page(key)
        await self.session.stop()

    # --- its pages ----------------------------------------------------------------------------

    def _once(self, key: str, make: Callable[[], Page]) -> None:
        if self._shared.window.page(key) is None:
            self._shared.window.add_page(key, make())
            self._keys.append(key)

    def _monitoring(self) -> MonitoringPage:
        page = MonitoringPage(self.model, self._shared.events)
        page.opened.connect(lambda module, node: self._shared.go(Place(Tab.DETAILS, self.id, module, node)))
        page.slots_wanted.connect(lambda module: self._choose_traffic_view(module, SLOTS))
        page.new_module_wanted.connect(partial(self._shared.begin_module, self.id))
        page.event_chosen.connect(self._shared.show_event)
        page.events.all_wanted.connect(partial(self._shared.window.show_page, EVENTS))
        return page

    def _details_page(self, place: Place) -> DetailsPage:
        self._details = DetailsModel(self.model, self._shared.tasks, place.module, place.node)
        page = DetailsPage(self._details)
        page.node_chosen.connect(lambda module, node: self._shared.go(Place(Tab.DETAILS, self.id, module, node)))
        return page

    def _timeline_page(self) -> TimelinePage:
        self._timeline = TimelineModel(self.model, self._shared.tasks)
        page = TimelinePage(self._timeline)
        page.line_wanted.connect(self._show_line)
        page.moment_wanted.connect(self._show_moment)
        return page

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

    def _cluster_page(self) -> ClusterPage:
        session, tasks = self.session, self._shared.tasks
        self._editor = ClusterEditor(session, check, sign_in, tasks, check_cluster, session.apply_cluster)
        self._editor.load()
        self._ports = PortCheck(self._editor, session, check, tasks)
        return ClusterPage(self._editor, self.model.title, self._ports, ClusterHistory(session, tasks))

    def _module_page(self) -> ModulePage:
        self._modules = ModuleConfiguration(self.session, self._shared.tasks)
        self._modules.answered.connect(self.model.answered)
        return ModulePage(self._modules, self.model.title)

    def _support(self) -> SupportPage:
        self._snapshots.choose("")
        return SupportPage(self.model, self._snapshots, AuditModel(self.model, self._shared.tasks))

    def _test(self, module: str) -> MosaicPage:
        model = self._tests[module] = MosaicModel(self.model, module, ask_round, self._shared.tasks)
        if self._test_address:
            model.set_address(self._test_address)
        page = MosaicPage(model, self.model.title)
        page.view_chosen.connect(partial(self._choose_traffic_view, module))
        return page

    def _traffic(self, module: str) -> TrafficPage:
        page = TrafficPage(TrafficModel(self.model, module, self._shared.tasks), self.model.title)
        page.view_chosen.connect(partial(self._choose_traffic_view, module))
        page.configure_wanted.connect(lambda: self._shared.go(Place(Tab.CONFIGURATION, self.id, module)))
        return page

    def _choose_traffic_view(self, module: str, view: str) -> None:
        self._shared.go(Place(Tab.TEST, self.id, module, view=view))
