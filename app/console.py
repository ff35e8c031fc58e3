"""The console put together: services, models, the window; which clusters are open and which page is shown for what."""

import asyncio
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import QByteArray, QPoint
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication

from app.open_cluster import OpenCluster, Shared
from app.services.address_check import check
from app.services.connection import loaded
from app.services.demo import Demo
from app.services.discovery import scan
from app.services.memory import Memory, RememberedCluster, Window
from app.services.secrets import Secrets
from app.services.sign_in import sign_in
from app.services.tasks import TaskOwner
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.demo_farm import DEMO_ID, DemoFarm
from app.viewmodels.events_model import Event, EventsModel
from app.viewmodels.first_run import ConnectModel
from app.viewmodels.found_nodes import FoundNodes
from app.viewmodels.goto_model import GotoEntry, GotoModel
from app.viewmodels.menus import Command, Deed, MenuEntry
from app.viewmodels.navigation import Place, Tab, place, tab_reasons
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_menus import forget_question, scope_menu
from app.viewmodels.sidebar_model import Scope, SidebarModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import language, tr
from app.views.deeds import Deeds
from app.views.events_page import EventsPage
from app.views.configuration.cluster_page import ClusterPage
from app.views.first_run import FirstRunPage
from app.views.help_page import HelpPage
from app.views.main_window import MainWindow
from app.views.settings import SettingsPage
from app.views.theme import theme
from app.views.top_bar import tab_names
from app.views.widgets import AskSheet, Menu
from nodeagent import __version__

FIRST_RUN, SETTINGS, HELP, EVENTS = "first_run", "settings", "help", "events"


class Console:
    """Everything of one running console. Build it and `show` it before the loop runs, then await `run`."""

    def __init__(self, application: QApplication, memory: Memory, tasks: TaskOwner, demo_directory: Path) -> None:
        self._application, self._memory, self._tasks = application, memory, tasks
        self.secrets = Secrets()
        self._clusters: dict[str, OpenCluster] = {}
        self._scope: Scope | None = None
        self._closed = asyncio.Event()
        self.settled = asyncio.Event()
        """Every node of every cluster has answered or was found out of reach."""
        self.sidebar, self.goto, self.events = SidebarModel(), GotoModel(), EventsModel()
        self.window = MainWindow(self.sidebar, self.goto)
        self._shared = Shared(
            self.window, self.secrets, tasks, self.events, self.go, self._show_event, self._show_events
        )
        self.demo = DemoFarm(Demo(demo_directory), self.secrets, tasks, self.open_clusters)
        connect = ConnectModel(check, sign_in, self.secrets, self._known, tasks, self.open_clusters)
        self.window.add_page(FIRST_RUN, FirstRunPage(connect, FoundNodes(scan, self._known, tasks), self.demo))
        self.window.add_page(SETTINGS, self._settings_page())
        self.window.add_page(HELP, HelpPage())
        self.window.add_page(EVENTS, events := EventsPage(self.events))
        events.event_chosen.connect(self._show_event)
        self._wire()
        self._show_tabs()

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
            if (known := self._clusters.get(cluster.id)) is not None:
                for address in cluster.nodes:
                    known.session.add(address).retry()
            else:
                self._open(cluster)
                self._remember(cluster)
        if clusters:
            self.go(Place(Tab.MONITORING, clusters[0].id))

    def close_cluster(self, cluster_id: str) -> None:
        """Watch and remember it no more."""
        cluster = self._clusters.pop(cluster_id)
        self.window.show_page(FIRST_RUN)
        self._scope = None
        self.sidebar.remove(cluster.model)
        self.events.forget(cluster.model)
        self._tasks.run_soon(cluster.close(), f"close {cluster_id}")
        self._tasks.run_soon(self._memory.forget_cluster(cluster_id), "forget a cluster")
        self._show_tabs()

    @property
    def models(self) -> dict[str, SessionModel]:
        """The open clusters by id, in the order in which they were opened."""
        return {key: cluster.model for key, cluster in self._clusters.items()}

    # --- where to -----------------------------------------------------------------------------

    def go(self, to: Place) -> None:
        """Show this page; the sidebar follows, so that the other tabs have the same scope."""
        cluster = self._clusters.get(to.session)
        if cluster is None:
            return
        scope = Scope(to.session, to.module, "" if to.module else to.node)
        if not _within(self._scope, scope):
            self._scope = scope
        if (index := self.window.sidebar.current_scope()) != self._scope and self._scope is not None:
            self._following = True
            self.window.sidebar.choose(self._scope)
            self._following = False
        del index
        cluster.show(to)
        self._show_tabs()

    _following = False

    def show_tab(self, tab: str) -> None:
        """The page of this tab for the scope chosen in the sidebar."""
        if self._scope is not None and (cluster := self._clusters.get(self._scope.session)) is not None:
            self.go(place(tab, self._scope, cluster.model.farm))
