"""One live cluster open in the window: its session, and the pages that ask or change something on its nodes."""

from functools import partial

from app.open_session import OpenSession, Shared
from app.services.address_check import check
from app.services.cluster_rollout import check_cluster
from app.services.cluster_session import ClusterSession, Learnt
from app.services.memory import RememberedCluster
from app.services.mosaic_probe import ask_round
from app.services.sign_in import sign_in
from app.viewmodels.audit import AuditModel
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_history import ClusterHistory
from app.viewmodels.module_configuration import ModuleConfiguration
from app.viewmodels.mosaic import MosaicModel
from app.viewmodels.navigation import SLOTS, Place, Tab
from app.viewmodels.port_check import PortCheck
from app.viewmodels.session_model import SessionModel
from app.viewmodels.snapshots import Snapshots
from app.viewmodels.text import tr
from app.views.configuration.cluster_page import ClusterPage
from app.views.configuration.module_page import ModulePage
from app.views.mosaic_page import MosaicPage
from app.views.page import Page
from app.views.support.page import SupportPage
from app.views.traffic.page import TrafficPage


class OpenCluster(OpenSession):
    """Made when a cluster is opened, `close`d when it is forgotten. `test_address` is proposed on the Test page."""

    def __init__(self, cluster: RememberedCluster, shared: Shared, on_learnt: Learnt, test_address: str = "") -> None:
        self.session = ClusterSession(cluster, shared.secrets, shared.tasks, on_learnt=on_learnt)
        super().__init__(SessionModel(self.session, shared.tasks), shared, shared.events)
        self._test_address = test_address
        self._editor: ClusterEditor | None = None
        self._ports: PortCheck | None = None
        self._modules: ModuleConfiguration | None = None
        self._tests: dict[str, MosaicModel] = {}
        self._snapshots = Snapshots(self.model, shared.tasks)

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Modules whose draft was not applied, and the cluster when its own was not, in words."""
        modules = self._modules.unsaved if self._modules is not None else ()
        if self._editor is None or not self._editor.unapplied:
            return modules
        return *modules, tr("the cluster {name}", name=self.model.title)

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

    async def close(self) -> None:
        """Take its pages away and watch it no more."""
        for test in self._tests.values():
            test.pause()
        if self._ports is not None:
            self._ports.cancel()
        if self._modules is not None:
            self._modules.close()
        await super().close()
        await self.session.stop()

    # --- its pages ----------------------------------------------------------------------------

    def _made(self, place: Place) -> Page:
        match place.tab:
            case Tab.TEST if place.view == SLOTS:
                return self._traffic(place.module)
            case Tab.TEST:
                return self._test(place.module)
            case Tab.CONFIGURATION if place.module:
                return self._module_page()
            case Tab.CONFIGURATION:
                return self._cluster_page()
            case Tab.SUPPORT:
                return self._support()
            case _:
                return super()._made(place)

    def _look(self, place: Place) -> None:
        if place.tab is Tab.CONFIGURATION and place.module and self._modules is not None:
            self._modules.open(place.module)
        super()._look(place)

    def _cluster_page(self) -> ClusterPage:
        session, tasks = self.session, self._shared.tasks
        self._editor = ClusterEditor(session, check, sign_in, tasks, check_cluster, session.apply_cluster)
        self._editor.load()
        self.model.changed.connect(self._editor.look_again)
        self._ports = PortCheck(self._editor, session, check, tasks)
        return ClusterPage(self._editor, self.model.title, self._ports, ClusterHistory(session, tasks))

    def _module_page(self) -> ModulePage:
        self._modules = ModuleConfiguration(self.session, self._shared.tasks)
        self._modules.answered.connect(self.model.answered)
        return ModulePage(self._modules, self.model.title)

    def _support(self) -> SupportPage:
        self._snapshots.choose("")
        page = SupportPage(self.model, self._snapshots, AuditModel(self.model, self._shared.tasks))
        page.open_wanted.connect(self._shared.window.ask_for_snapshots)
        return page

    def _test(self, module: str) -> MosaicPage:
        model = self._tests[module] = MosaicModel(self.model, module, ask_round, self._shared.tasks)
        if self._test_address:
            model.set_address(self._test_address)
        page = MosaicPage(model, self.model.title)
        page.view_chosen.connect(partial(self._choose_traffic_view, module))
        return page

    def _traffic(self, module: str) -> TrafficPage:
        page = self._traffic_page(module)
        page.view_chosen.connect(partial(self._choose_traffic_view, module))
        page.configure_wanted.connect(lambda: self._shared.go(Place(Tab.CONFIGURATION, self.id, module)))
        return page

    def _choose_traffic_view(self, module: str, view: str) -> None:
        self._shared.go(Place(Tab.TEST, self.id, module, view=view))
