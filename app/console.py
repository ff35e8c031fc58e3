"""The console put together: services, models, the window and its fixed pages, and which clusters are open."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtWidgets import QApplication

from app.navigator import FIRST_RUN, HELP, SETTINGS, Navigator
from app.open_cluster import OpenCluster
from app.open_session import OpenSession, Shared
from app.open_snapshot import OpenSnapshot
from app.services.address_check import check
from app.services.connection import loaded
from app.services.demo import Demo
from app.services.discovery import scan
from app.services.memory import Memory, RememberedCluster, Window
from app.services.secrets import Secrets
from app.services.sign_in import sign_in
from app.services.snapshot_file import SnapshotFile
from app.services.tasks import TaskOwner
from app.viewmodels.demo_farm import DEMO_ID, DemoFarm
from app.viewmodels.events_model import Event, EventsModel
from app.viewmodels.first_run import ConnectModel
from app.viewmodels.found_nodes import FoundNodes
from app.viewmodels.goto_model import GotoModel
from app.viewmodels.navigation import Place, Tab, place
from app.viewmodels.notice import Notices
from app.viewmodels.opened_snapshots import SnapshotOpener
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import language, names, tr
from app.views.events_page import EVENTS, EventsPage
from app.views.first_run import FirstRunPage
from app.views.help_page import HelpPage
from app.views.main_window import MainWindow
from app.views.settings import SettingsPage
from app.views.theme import theme
from app.views.tray import Tray
from app.views.widgets import AskSheet
from nodeagent import __version__

log = logging.getLogger("keepgreen.console")


class Console:
    """Everything of one running console. Build it and `show` it before the loop runs, then await `run`."""

    def __init__(self, application: QApplication, memory: Memory, tasks: TaskOwner, demo_directory: Path) -> None:
        self._application, self._memory, self._tasks = application, memory, tasks
        self.secrets = Secrets()
        self._clusters: dict[str, OpenSession] = {}
        self._snapshots = 0
        """How many were opened; a new one is named by it."""
        self._new: set[str] = set()
        """Clusters of which no node has told anything yet."""
        self._closed = asyncio.Event()
        self.settled = asyncio.Event()
        """Every node of every cluster has answered or was found out of reach."""
        self._forgetful = False
        """What is to be remembered could not be written, and somebody was told."""
        self.sidebar, self.events = SidebarModel(), EventsModel()
        goto = GotoModel()
        self.window = MainWindow(self.sidebar, goto, borders=dict(memory.now.window.borders))
        self.demo = DemoFarm(Demo(demo_directory), self.secrets, tasks, self.open_clusters)
        self.tray, self._notices = Tray(self.window), Notices(self.window)
        self._add_fixed_pages()
        self.navigator = Navigator(self.window, goto, self._clusters, self.close_cluster)
        self._shared = Shared(
            self.window,
            self.secrets,
            tasks,
            self.events,
            self.navigator.go,
            self.navigator.begin_module,
            self.navigator.show_event,
            partial(self.window.show_page, EVENTS),
            self.close_cluster,
        )
        self._opener = SnapshotOpener(tasks)
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
            if self._memory.damaged is not None:
                self._tell_damaged(self._memory.damaged)
            self.open_clusters(self._memory.now.clusters)
            if demo:
                self.demo.start()
            elif not self._clusters:
                self.settled.set()
            await self._closed.wait()
        finally:
            await self._close()

    def open_clusters(self, clusters: tuple[RememberedCluster, ...]) -> None:
        """Watch these clusters and show the first; those of the demo are not remembered."""
        for cluster in clusters:
            known = self._clusters.get(cluster.id)
            if isinstance(known, OpenCluster):
                known.session.reconnect(cluster.user, cluster.nodes)
            else:
                self._open(cluster)
                self._remember(cluster)
        if clusters:
            self.navigator.go(Place(Tab.MONITORING, clusters[0].id))

    def close_cluster(self, cluster_id: str) -> None:
        """Watch and remember it no more."""
        cluster = self._clusters.pop(cluster_id, None)
        if cluster is None:
            return  # asked on two pages, answered on both
        self.navigator.leave(cluster_id)
        self.sidebar.remove(cluster.model)
        self._tasks.run_soon(cluster.close(), f"close {cluster_id}")
        if isinstance(cluster, OpenCluster):
            self.events.forget(cluster.model)
            self._keep(self._memory.forget_cluster(cluster_id), "forget a cluster")

    def tour(self) -> Iterator[tuple[str, Callable[[], None]]]:
        """A name for each page worth a picture, and what shows it: the first cluster's, then the fixed ones."""
        cluster = next(iter(self._clusters.values()), None)
        if cluster is not None:
            scopes = [(Tab.CONFIGURATION, Scope(cluster.id))]
            if cluster.model.farm.modules:
                module = Scope(cluster.id, cluster.model.farm.modules[0].name)
                scopes = [(tab, module) for tab in Tab] + scopes
            for tab, scope in scopes:
                to = place(tab, scope, cluster.model.farm)
                yield to.key.replace(f".{cluster.id}", ""), partial(self.navigator.go, to)
        for key in (FIRST_RUN, EVENTS, SETTINGS, HELP):
            yield key, partial(self.window.show_page, key)

    # --- inside -------------------------------------------------------------------------------

    def _add_fixed_pages(self) -> None:
        connect = ConnectModel(check, sign_in, self.secrets, self._known, self._tasks, self.open_clusters)
        first_run = FirstRunPage(connect, FoundNodes(scan, self._known, self._tasks), self.demo)
        self._events_page = EventsPage(self.events)
        self._help_page = HelpPage()
        first_run.open_wanted.connect(self.window.ask_for_snapshots)
        self.window.add_page(FIRST_RUN, first_run)
        self.window.add_page(EVENTS, self._events_page)
        self.window.add_page(SETTINGS, self._settings_page())
        self.window.add_page(HELP, self._help_page)

    def _wire(self) -> None:
        window = self.window
        window.unsaved = self._unsaved
        window.closed.connect(self._closed.set)
        window.snapshots_chosen.connect(self._opener.open)
        self._opener.begun.connect(lambda words: self.window.toasts.show_toast(Silhouette.TRANSIENT, words))
        self._opener.opened.connect(self._open_snapshot)
        self._opener.refused.connect(self._refuse_snapshots)
        window.help_wanted.connect(self._help)
        self._events_page.event_chosen.connect(self.navigator.show_event)
        self.events.unread_changed.connect(window.top_bar.set_unread)
        self.events.happened.connect(self._notify)
        self._notices.made.connect(self.tray.tell)
        self.tray.opened.connect(self._come_forward)

    def _open(self, cluster: RememberedCluster) -> None:
        opened = OpenCluster(cluster, self._shared, self._remember, self._test_address(cluster.id))
        self._clusters[cluster.id] = opened
        self._new.add(cluster.id)
        model = opened.model
        model.answered.connect(self._answered)
        model.asked.connect(partial(self.navigator.show_asked, cluster.id))
        model.changed.connect(partial(self._changed, model))
        self.sidebar.add(model)
        self.events.follow(model)
        opened.session.start()

    def _open_snapshot(self, files: tuple[SnapshotFile, ...]) -> None:
        self._snapshots += 1
        opened = OpenSnapshot(f"snapshot{self._snapshots}", files, self._shared)
        self._clusters[opened.id] = opened
        opened.model.answered.connect(self._answered)
        opened.model.asked.connect(partial(self.navigator.show_asked, opened.id))
        self.sidebar.add(opened.model)
        self.navigator.go(Place(Tab.MONITORING, opened.id))

    def _refuse_snapshots(self, sentences: str) -> None:
        self._ask(sentences, tr("Choose another file…"), self.window.ask_for_snapshots)

    def _changed(self, model: SessionModel) -> None:
        self.navigator.show_reasons()
        self._lead(model)
        if self.settled.is_set():
            return
        views = [view for cluster in self._clusters.values() for view in cluster.model.session.view()]
        if model.farm.nodes and all(view.reached or view.trouble is not None for view in views):
            self.settled.set()

    def _lead(self, model: SessionModel) -> None:
        """Nodes that are in no cluster yet lead to where they become one, once."""
        told = [row.view.status for row in model.farm.nodes if row.view.status is not None]
        if told and model.id in self._new:
            self._new.discard(model.id)
            looked_at = self.window.current_key() == Place(Tab.MONITORING, model.id).key
            if looked_at and not any(status.cluster_signature for status in told):
                self.navigator.go(Place(Tab.CONFIGURATION, model.id))

    def _test_address(self, cluster_id: str) -> str:
        """The demo has a load balancer whose address is known."""
        record = self.demo.record if cluster_id == DEMO_ID else None
        return urlsplit(record.mosaic_url).hostname or "" if record is not None else ""

    def _remember(self, cluster: RememberedCluster) -> None:
        if cluster.id != DEMO_ID:
            self._keep(self._memory.remember_cluster(cluster), "remember a cluster")

    def _unsaved(self) -> str:
        lost = [module for cluster in self._clusters.values() for module in cluster.unsaved]
        return tr("Changes of {modules} were not applied and are lost.", modules=names(lost)) if lost else ""

    def _known(self) -> tuple[RememberedCluster, ...]:
        return tuple(cluster.session.remembered for cluster in self._live())

    def _live(self) -> tuple[OpenCluster, ...]:
        return tuple(cluster for cluster in self._clusters.values() if isinstance(cluster, OpenCluster))

    def _help(self, topic: str) -> None:
        self._help_page.show_topic(topic)
        self.window.show_page(HELP)

    def _answered(self, text: str, accepted: bool) -> None:
        self.window.toasts.show_toast(Silhouette.READY if accepted else Silhouette.STOP, text)

    def _settings_page(self) -> SettingsPage:
        settings = self._memory.now.settings
        about = {tr("Version"): __version__}
        page = SettingsPage(
            settings.theme, language(), settings.reduced_motion, about, settings.notify, self.tray.reason
        )
        page.mode_chosen.connect(self._take_theme)
        page.language_chosen.connect(self._take_language)
        page.motion_chosen.connect(self._take_motion)
        page.notices_chosen.connect(self._take_notices)
        return page

    def _take_theme(self, mode: str) -> None:
        theme.apply(self._application, mode)
        self._keep_setting("theme", mode)

    def _take_language(self, code: str) -> None:
        """Drafts and open panes would be lost if the window were made anew."""
        self._keep_setting("language", code)
        self._answered(tr("The language changes with the next start of the console."), True)

    def _take_motion(self, reduced: bool) -> None:
        theme.reduced_motion = reduced
        self._keep_setting("reduced_motion", reduced)

    def _take_notices(self, wanted: bool) -> None:
        self._keep_setting("notify", wanted)
        if not wanted:
            self._notices.drop()
            self.tray.hide()

    def _notify(self, events: tuple[Event, ...]) -> None:
        """In the tray, for who does not see the window."""
        if self._memory.now.settings.notify and not self.window.isActiveWindow():
            self._notices.take(events)
        else:
            self._notices.drop()

    def _come_forward(self) -> None:
        self.window.setWindowState(self.window.windowState() & ~Qt.WindowState.WindowMinimized)
        self.window.show()
        self.window.raise_()
        self.window.activateWindow()
        self.window.show_page(EVENTS)

    def _keep_setting(self, name: str, value: object) -> None:
        settings = msgspec.structs.replace(self._memory.now.settings, **{name: value})
        self._keep(self._memory.remember(settings=settings), "remember a setting")

    # --- what is remembered -------------------------------------------------------------------

    def _keep(self, writing: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.run_soon(self._kept(writing), name)

    async def _kept(self, writing: Coroutine[Any, Any, None]) -> None:
        """Written; that the disk refuses is said once, until it takes something again."""
        try:
            await writing
        except OSError as error:
            if not self._forgetful:
                self._forgetful = True
                self._tell_forgetful(error.strerror or str(error))
        else:
            self._forgetful = False

    def _tell_forgetful(self, why: str) -> None:
        sentence = tr(
            "What this console remembers cannot be written to {place}: {why}. Until it can, clusters and settings are"
            " lost when it closes.",
            place=self._memory.directory,
            why=why,
        )

        def again() -> None:
            self._forgetful = False
            self._keep(self._memory.remember(), "remember once more")

        self._ask(sentence, tr("Try again"), again)

    def _tell_damaged(self, file: Path) -> None:
        sentence = tr(
            "What this console remembered could not be read and was set aside as {file}. Add your clusters again.",
            file=file,
        )
        self._ask(sentence, tr("Add cluster…"), partial(self.window.show_page, FIRST_RUN))

    def _ask(self, sentence: str, verb: str, do: Callable[[], None]) -> None:
        """On the page in view, beside a way to close it."""
        page = self.window.page(self.window.current_key())
        if page is not None:
            sheet = AskSheet(sentence, "", verb, tr("Close"))
            sheet.answered.connect(lambda yes: do() if yes else None)
            page.ask(sheet)

    # --- its end ------------------------------------------------------------------------------

    async def _close(self) -> None:
        kept = Window(bytes(self.window.saveGeometry().data()), self.window.borders)
        self.window.hide()
        self.tray.hide()
        self.events.close()  # what is gone must hear of nothing any more
        for cluster in self._clusters.values():
            cluster.model.close()
        await asyncio.gather(*(cluster.session.stop() for cluster in self._live()))
        try:
            await self._memory.remember(window=kept)
        except OSError as error:
            log.error("the window and its settings are not remembered: %s", error)
        finally:
            await self._tasks.aclose()
