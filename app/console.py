"""The console put together: services, models, the window, and which page stands for which tab and scope."""

import asyncio
from functools import partial
from pathlib import Path

import msgspec
from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QApplication

from app.services.address_check import check
from app.services.cluster_session import ClusterSession
from app.services.connection import loaded
from app.services.demo import Demo
from app.services.discovery import scan
from app.services.memory import Memory, RememberedCluster, Window
from app.services.secrets import Secrets
from app.services.sign_in import sign_in
from app.services.tasks import TaskOwner
from app.viewmodels.demo_farm import DEMO_ID, DemoFarm
from app.viewmodels.events_model import EventsModel
from app.viewmodels.first_run import ConnectModel
from app.viewmodels.found_nodes import FoundNodes
from app.viewmodels.goto_model import GotoModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import language, tr
from app.views.first_run import FirstRunPage
from app.views.help_page import HelpPage
from app.views.main_window import MainWindow
from app.views.monitoring.page import MonitoringPage
from app.views.settings import SettingsPage
from app.views.theme import theme
from nodeagent import __version__

FIRST_RUN, SETTINGS, HELP, MONITORING = "first_run", "settings", "help", "monitoring"


class Console:
    """Everything of one running console. Build it and `show` it before the loop runs, then await `run`."""

    def __init__(self, application: QApplication, memory: Memory, tasks: TaskOwner, demo_directory: Path) -> None:
        self._application, self._memory, self._tasks = application, memory, tasks
        self.secrets = Secrets()
        self.models: dict[str, SessionModel] = {}
        self._sessions: dict[str, ClusterSession] = {}
        self._scope: Scope | None = None
        self._closed = asyncio.Event()
        self.settled = asyncio.Event()
        """Every node of every cluster has answered or was found out of reach."""
        self.sidebar, self.goto, self.events = SidebarModel(), GotoModel(), EventsModel()
        self.window = MainWindow(self.sidebar, self.goto)
        self.demo = DemoFarm(Demo(demo_directory), self.secrets, tasks, self.open_clusters)
        connect = ConnectModel(check, sign_in, self.secrets, self._known, tasks, self.open_clusters)
        self.window.add_page(FIRST_RUN, FirstRunPage(connect, FoundNodes(scan, self._known, tasks), self.demo))
        self.window.add_page(SETTINGS, self._settings_page())
        self.window.add_page(HELP, HelpPage())
        self._wire()

    # --- its life -----------------------------------------------------------------------------

    def show(self) -> None:
        """The window as it was left, on the first run's page until a cluster is open."""
        kept = self._memory.now.window
        self.window.resize(1440, 900)
        self.window.restoreGeometry(QByteArray(kept.geometry))
        self.window.show_page(FIRST_RUN)
        self.window.show()

    async def run(self, demo: bool = False) -> None:
        """Open what is remembered, then live until the window is closed."""
        try:
            await loaded()
            self.open_clusters(self._memory.now.clusters)
            if demo:
                self.demo.start()
            await self._closed.wait()
        finally:
            await self._close()

    def open_clusters(self, clusters: tuple[RememberedCluster, ...]) -> None:
        """Watch these clusters and show the first; those of the demo are not remembered."""
        for cluster in clusters:
            if cluster.id in self._sessions:
                for address in cluster.nodes:
                    self._sessions[cluster.id].add(address)
            else:
                self._open(cluster)
                self._remember(cluster)
        if clusters:
            self.window.sidebar.choose(Scope(clusters[0].id))
            self._show(MONITORING, Scope(clusters[0].id))

    @property
    def page_keys(self) -> tuple[str, ...]:
        """The pages there are now, for `window.show_page`."""
        monitoring = [f"{MONITORING}.{cluster_id}" for cluster_id in self.models]
        return tuple(key for key in (FIRST_RUN, *monitoring, SETTINGS, HELP) if self.window.page(key) is not None)

    def close_cluster(self, cluster_id: str) -> None:
        """Watch and remember it no more."""
        model, session = self.models.pop(cluster_id), self._sessions.pop(cluster_id)
        self.sidebar.remove(model)
        self.events.forget(model)
        model.close()
        if self.window.page(key := f"{MONITORING}.{cluster_id}") is not None:
            self.window.show_page(FIRST_RUN)
            self.window.remove_page(key)
        self._tasks.run_soon(session.stop(), f"close {cluster_id}")
        self._tasks.run_soon(self._memory.forget_cluster(cluster_id), "forget a cluster")

    # --- inside -------------------------------------------------------------------------------

    def _open(self, cluster: RememberedCluster) -> None:
        session = ClusterSession(cluster, self.secrets, self._tasks, on_learnt=self._remember)
        model = SessionModel(session, self._tasks)
        self._sessions[cluster.id], self.models[cluster.id] = session, model
        model.answered.connect(self._answered)
        model.changed.connect(self._look_whether_settled)
        self.sidebar.add(model)
        self.events.follow(model)
        session.start()

    def _look_whether_settled(self) -> None:
        views = [view for session in self._sessions.values() for view in session.view()]
        if all(view.reached or view.trouble is not None for view in views):
            self.settled.set()

    def _remember(self, cluster: RememberedCluster) -> None:
        if cluster.id != DEMO_ID:
            self._tasks.run_soon(self._memory.remember_cluster(cluster), "remember a cluster")

    def _known(self) -> tuple[RememberedCluster, ...]:
        return tuple(session.remembered for session in self._sessions.values())

    def _wire(self) -> None:
        window = self.window
        window.closed.connect(self._closed.set)
        window.tab_chosen.connect(self._tab)
        window.help_wanted.connect(self._help)
        window.sidebar.chosen.connect(self._chosen)
        window.sidebar.add_cluster.connect(partial(window.show_page, FIRST_RUN))
        window.sidebar.settings.connect(partial(window.show_page, SETTINGS))
        self.events.unread_changed.connect(lambda: window.top_bar.set_unread(self.events.unread))

    def _chosen(self, scope: Scope) -> None:
        """The sidebar's choice is the scope of every tab: the tab stays, its page changes."""
        self._scope = scope
        self._show(self.window.current_key().partition(".")[0], scope)

    def _tab(self, tab: str) -> None:
        if self._scope is not None:
            self._show(tab, self._scope)

    def _show(self, tab: str, scope: Scope) -> None:
        """The page of this tab for this scope, made at its first use; a tab without pages shows Monitoring."""
        model = self.models.get(scope.session)
        if model is None:
            return
        self._scope = scope
        key = f"{MONITORING}.{scope.session}"
        if self.window.page(key) is None:
            self.window.add_page(key, MonitoringPage(model, self.events))
        self.window.show_page(key)

    def _help(self, topic: str) -> None:
        page = self.window.page(HELP)
        assert isinstance(page, HelpPage)
        page.show_topic(topic)
        self.window.show_page(HELP)

    def _answered(self, text: str, accepted: bool) -> None:
        self.window.toasts.show_toast(Silhouette.READY if accepted else Silhouette.STOP, text)

    def _settings_page(self) -> SettingsPage:
        settings = self._memory.now.settings
        about = {tr("Version"): __version__}
        page = SettingsPage(settings.theme, language(), settings.reduced_motion, about)
        page.mode_chosen.connect(self._take_theme)
        page.language_chosen.connect(partial(self._keep_setting, "language"))
        page.motion_chosen.connect(self._take_motion)
        return page

    def _take_theme(self, mode: str) -> None:
        theme.apply(self._application, mode)
        self._keep_setting("theme", mode)

    def _take_motion(self, reduced: bool) -> None:
        theme.reduced_motion = reduced
        self._keep_setting("reduced_motion", reduced)

    def _keep_setting(self, name: str, value: object) -> None:
        settings = msgspec.structs.replace(self._memory.now.settings, **{name: value})
        self._tasks.run_soon(self._memory.remember(settings=settings), "remember a setting")

    async def _close(self) -> None:
        kept = Window(geometry=bytes(self.window.saveGeometry().data()))
        self.window.hide()
        await asyncio.gather(*(session.stop() for session in self._sessions.values()))
        try:
            await self._memory.remember(window=kept)
        finally:
            await self._tasks.aclose()
