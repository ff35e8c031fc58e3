"""Leads through the window: sidebar, tabs, Go to, events, menus and what a menu asks to see all end at one page."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QPoint

from app.open_session import OpenSession
from app.viewmodels.events_model import Event
from app.viewmodels.goto_model import GotoEntry, GotoModel
from app.viewmodels.menus import Command, Deed, MenuEntry
from app.viewmodels.navigation import Place, Tab, place, tab_reasons
from app.viewmodels.sidebar_menus import forget_question, scope_menu
from app.viewmodels.sidebar_model import Scope
from app.viewmodels.text import tr
from app.views.deeds import Deeds
from app.views.events_page import EVENTS
from app.views.main_window import MainWindow
from app.views.page import Page
from app.views.top_bar import tab_names
from app.views.widgets import AskSheet, Menu

FIRST_RUN, SETTINGS, HELP = "first_run", "settings", "help"
OPEN_SNAPSHOT = "open snapshot"
"""Among the pages of *Go to*, though it asks for a file."""


class Navigator:
    """Decides for one window. `clusters` are those that are open now; `forget(id)` closes one for good."""

    def __init__(
        self, window: MainWindow, goto: GotoModel, clusters: Mapping[str, OpenSession], forget: Callable[[str], None]
    ) -> None:
        self._window, self._goto, self._clusters, self._forget = window, goto, clusters, forget
        self.scope: Scope | None = None
        self._tab: str = Tab.MONITORING
        self._reasons: dict[Tab, str] = {}
        side, bar = window.sidebar, window.top_bar
        bar.tabs.tabBarClicked.connect(self._clicked)
        window.tab_chosen.connect(self.show_tab)
        side.chosen.connect(self._chosen)
        side.tree.clicked.connect(lambda _index: self._back())
        side.menu_wanted.connect(self._menu)
        side.add_cluster.connect(lambda: window.show_page(FIRST_RUN))
        side.settings.connect(lambda: window.show_page(SETTINGS))
        bar.bell_pressed.connect(lambda: window.show_page(EVENTS))
        bar.go_to.opened.connect(self._fill_goto)
        bar.go_to.chosen.connect(self._go_to)
        self.show_reasons()

    def go(self, to: Place) -> None:
        """Show this page. A scope that holds it stays, so that a look at one node does not narrow the other tabs."""
        cluster = self._clusters.get(to.session)
        if cluster is None:
            return
        if not _holds(self.scope, to):
            self.scope = Scope(to.session, to.module, "" if to.module else to.node)
            self._window.sidebar.choose(self.scope)
        self._show(cluster, to)

    def show_tab(self, tab: str) -> None:
        """The page of this tab for the scope, which stays."""
        if self.scope is not None and (cluster := self._clusters.get(self.scope.session)) is not None:
            self._show(cluster, place(tab, self.scope, cluster.model.farm))

    def begin_module(self, session: str) -> None:
        """The question sheet of a new module of this cluster."""
        if self.scope is None or self.scope.session != session:
            self.scope = Scope(session)
            self._window.sidebar.choose(self.scope)
        self._tab = Tab.CONFIGURATION
        self._clusters[session].begin_module()

    def leave(self, session: str) -> None:
        """This cluster is about to be closed."""
        if self.scope is not None and self.scope.session == session:
            self.scope = None
            self._window.show_page(FIRST_RUN)
        self.show_reasons()

    def show_reasons(self) -> None:
        """Greys the tabs that cannot be chosen now."""
        cluster = self._clusters.get(self.scope.session) if self.scope is not None else None
        reasons = tab_reasons(self.scope, cluster.model.farm if cluster is not None else None)
        if reasons != self._reasons:
            self._reasons = reasons
            for tab, reason in reasons.items():
                self._window.set_tab_possible(tab, not reason, reason)
            self._window.top_bar.tabs.choose(self._window.current_key().partition(".")[0] or self._tab)

    def show_asked(self, session: str, command: Command) -> None:
        """A menu asks to see something: the log of a module, or why it is not green."""
        if command.deed is Deed.SNAPSHOT:
            self.go(Place(Tab.SUPPORT, session))
            self._clusters[session].begin_snapshot(command.module, command.nodes)
            return
        node = next(iter(command.nodes), "")
        self.go(Place(Tab.DETAILS, session, command.module, node))
        details = self._clusters[session].details()
        if details is not None and command.deed is Deed.WHY:
            details.show_why()

    def show_event(self, event: Event) -> None:
        """The log line an event comes from, else its node."""
        cluster = self._clusters.get(event.session)
        if cluster is None or cluster.model.farm.row(event.node) is None:
            return
        if event.module and cluster.model.farm.tile(event.module, event.node) is not None:
            self.go(Place(Tab.DETAILS, cluster.id, event.module, event.node))
            details = cluster.details()
            if details is not None and event.line is not None:
                details.show_line(event.line)
        else:
            self.go(Place(Tab.MONITORING, cluster.id, node=event.node))

    # --- inside -------------------------------------------------------------------------------

    def _show(self, cluster: OpenSession, to: Place) -> None:
        self._tab = to.tab
        cluster.show(to)
        self.show_reasons()

    def _chosen(self, scope: Scope) -> None:
        """The sidebar's choice is the scope of every tab: the tab stays, its page changes."""
        if scope != self.scope:
            self.scope = scope
            self.show_tab(self._tab)

    def _clicked(self, index: int) -> None:
        """The tab that is marked already leads back from a page without a tab; other tabs tell by themselves."""
        tabs = self._window.top_bar.tabs
        if index == tabs.currentIndex() and not self._window.current_key().startswith(tabs.current_key()):
            self.show_tab(tabs.current_key())

    def _back(self) -> None:
        """A click on the line that is chosen already leads back from pages that belong to no cluster."""
        if self._window.current_key() in {FIRST_RUN, SETTINGS, HELP, EVENTS}:
            self.show_tab(self._tab)

    def _menu(self, scope: Scope, point: QPoint) -> None:
        cluster = self._clusters.get(scope.session)
        page = self._window.page(self._window.current_key())
        if cluster is None or page is None:
            return
        if scope.module or scope.node:
            deeds = Deeds(page, cluster.model)
            menu = Menu.from_entries(scope_menu(scope, cluster.model.farm), deeds.do, self._window)
        else:
            menu = self._cluster_menu(cluster, page)
        menu.open_at(point)

    def _cluster_menu(self, cluster: OpenSession, page: Page) -> Menu:
        if cluster.model.read_only:
            close = MenuEntry(tr("Close the snapshot"))
            return Menu.from_entries((close,), lambda _entry: self._forget(cluster.id), self._window)
        configure, new = MenuEntry(tr("Configure the cluster…")), MenuEntry(tr("New module…"))
        forget = MenuEntry(tr("Forget this cluster…"), separated=True)

        def chosen(entry: MenuEntry) -> None:
            if entry is configure:
                self.go(Place(Tab.CONFIGURATION, cluster.id))
            elif entry is new:
                self.begin_module(cluster.id)
            else:
                question = forget_question(cluster.model.title, cluster.unsaved)
                sheet = AskSheet(question.sentence, "", question.verb, tr("Leave it as it is"))
                sheet.answered.connect(lambda yes: self._forget(cluster.id) if yes else None)
                page.ask(sheet)

        return Menu.from_entries((configure, new, forget), chosen, self._window)

    def _fill_goto(self) -> None:
        tabs = [(str(tab), tab_names()[tab]) for tab, reason in self._reasons.items() if not reason]
        others = [
            (EVENTS, tr("Events")),
            (FIRST_RUN, tr("Add cluster…")),
            (OPEN_SNAPSHOT, tr("Open a snapshot…")),
            (SETTINGS, tr("Settings")),
            (HELP, tr("Help")),
        ]
        self._goto.open(tabs + others, [cluster.model for cluster in self._clusters.values()])

    def _go_to(self, entry: GotoEntry) -> None:
        if entry.entry is not None and (cluster := self._clusters.get(entry.session)) is not None:
            if (page := self._window.page(self._window.current_key())) is not None:
                Deeds(page, cluster.model).do(entry.entry)
        elif entry.scope is not None:
            self._window.sidebar.choose(entry.scope)
            self._chosen(entry.scope)
            self._back()
        elif entry.page in set(Tab):
            self.show_tab(entry.page)
        elif entry.page == OPEN_SNAPSHOT:
            self._window.ask_for_snapshots()
        else:
            self._window.show_page(entry.page)


def _holds(scope: Scope | None, to: Place) -> bool:
    """Whether what is to be shown lies in the scope."""
    if scope is None or scope.session != to.session:
        return False
    return to.tab in {Tab.MONITORING, Tab.SUPPORT} or (scope.module in {"", to.module} and scope.node in {"", to.node})
