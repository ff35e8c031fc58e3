"""The one window: sidebar, top bar, the pages, toasts, and the keys that work everywhere."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.goto_model import GotoModel
from app.viewmodels.sidebar_model import SidebarModel
from app.viewmodels.text import tr
from app.views.page import Page
from app.views.sidebar import Sidebar
from app.views.top_bar import TABS, TopBar
from app.views.widgets import AskSheet, ToastArea

LEAST = QSize(1280, 720)
SIDEBAR = "sidebar"
"""The border whose place is the sidebar's width."""


class MainWindow(QMainWindow):
    """Pages by key; a key like `configuration.module` belongs to the tab before its point.

    `tab_chosen(key)` when the user picks a tab: a page of exactly this key is shown at once, for others the owner
    decides by the scope. `closed` when the user closes the window.
    `help_wanted(topic)` on F1. `snapshots_chosen(paths)` when files were dropped or picked to be opened.
    """

    tab_chosen = Signal(str)
    help_wanted = Signal(str)
    snapshots_chosen = Signal(object)
    closed = Signal()

    def __init__(
        self,
        sidebar_model: SidebarModel,
        goto_model: GotoModel,
        title: str = "Keepgreen",
        borders: dict[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.borders = {} if borders is None else borders
        """Where somebody dragged the borders in it, by name; pages keep theirs here, too. Pixels."""
        self.setWindowTitle(title)
        self.sidebar = Sidebar(sidebar_model)
        self.top_bar = TopBar(goto_model)
        self.unsaved: Callable[[], str] = lambda: ""
        """What would be lost by closing now, a sentence; "" when nothing would."""
        self._leaving = False
        self._stack = QStackedWidget()
        self._stack.setObjectName("pageStack")
        self._pages: dict[str, Page] = {}
        self._right = QWidget()
        column = QVBoxLayout(self._right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(self._stack, 1)
        self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._splitter.setHandleWidth(0)
        self._splitter.setChildrenCollapsible(False)
        self._splitter.addWidget(self.sidebar)
        self._splitter.addWidget(self._right)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.splitterMoved.connect(lambda place, _index: self.borders.update({SIDEBAR: place}))
        self.setCentralWidget(self._splitter)
        self.toasts = ToastArea(self, self._fixed_bottom)
        for key in TABS:
            self.set_tab_possible(key, False, tr("connect to a cluster first"))
        self.top_bar.chosen.connect(self._tab)
        self.sidebar.help.connect(self._help)
        self.setAcceptDrops(True)
        self._make_shortcuts()

    def add_page(self, key: str, page: Page) -> None:
        """One more page; its tab can be picked from now on."""
        self._pages[key] = page
        self._stack.addWidget(page)
        tab = key.partition(".")[0]
        if tab in TABS:
            self.set_tab_possible(tab, True)

    def remove_page(self, key: str) -> None:
        """Takes a page out of the window and deletes it."""
        page = self._pages.pop(key)
        self._stack.removeWidget(page)
        page.deleteLater()

    def page(self, key: str) -> Page | None:
        """The page of this key."""
        return self._pages.get(key)

    def current_key(self) -> str:
        """The key of the page that is shown, empty before there is one."""
        shown = self._stack.currentWidget()
        return next((key for key, page in self._pages.items() if page is shown), "")

    def show_page(self, key: str) -> None:
        """Shows a page and its tab. While a page without a tab is shown no tab is marked."""
        self._stack.setCurrentWidget(self._pages[key])
        tab = key.partition(".")[0]
        self.top_bar.tabs.set_marked(tab in TABS)
        self.top_bar.tabs.choose(tab)

    def ask_for_snapshots(self) -> None:
        """Let the user pick files to open."""
        kinds = tr("Snapshots (*.zip)")
        dialog = QFileDialog(self, tr("Open a snapshot"), str(Path.home()), f"{kinds};;{tr('All files')} (*)")
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(lambda names: self.snapshots_chosen.emit(tuple(map(Path, names))))
        dialog.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if _zips(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        self.snapshots_chosen.emit(_zips(event.mimeData()))
        event.acceptProposedAction()

    def set_tab_possible(self, key: str, possible: bool, reason: str = "") -> None:
        """Greys a tab with the reason, or frees it."""
        self.top_bar.tabs.set_possible(key, possible, reason)

    def _fixed_bottom(self) -> int:
        page = self._stack.currentWidget()
        return page.fixed_bottom() if isinstance(page, Page) else 0

    def _tab(self, key: str) -> None:
        if key in self._pages:
            self.show_page(key)
        self.tab_chosen.emit(key)

    def _help(self) -> None:
        page = self._stack.currentWidget()
        self.help_wanted.emit(page.help_topic if isinstance(page, Page) else "index")

    def _make_shortcuts(self) -> None:
        for number, key in enumerate(TABS, 1):
            self._key(f"Ctrl+{number}", partial(self._tab_by_key, key))
        self._key("Ctrl+K", lambda: self.top_bar.go_to.take_focus(QApplication.focusWidget()))
        self._key("Ctrl+F", self._find)
        self._key("Ctrl+,", self.sidebar.settings.emit)
        self._key("F1", self._help)
        self._key("F6", partial(self._next_region, 1))
        self._key("Shift+F6", partial(self._next_region, -1))

    def _key(self, keys: str, slot: object) -> None:
        shortcut = QShortcut(QKeySequence(keys), self)
        shortcut.activated.connect(slot)

    def _tab_by_key(self, key: str) -> None:
        index = self.top_bar.tabs.keys().index(key)
        if self.top_bar.tabs.isTabEnabled(index):
            self.top_bar.tabs.setCurrentIndex(index)

    def _find(self) -> None:
        page = self._stack.currentWidget()
        if not (isinstance(page, Page) and page.find_here()):
            self.sidebar.filter.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self.sidebar.filter.selectAll()

    def _next_region(self, step: int) -> None:
        """F6: the tree, the tabs, and the regions of the page that can take the focus, round and round."""
        page = self._stack.currentWidget()
        regions: list[QWidget] = [self.sidebar.tree, self.top_bar.tabs]
        if isinstance(page, Page):
            regions += [region for region in page.regions() if _first_focus(region) is not None]
        focus = QApplication.focusWidget()
        here = next(
            (
                index
                for index, region in enumerate(regions)
                if focus and (region is focus or region.isAncestorOf(focus))
            ),
            -1 if step > 0 else 0,
        )
        target = _first_focus(regions[(here + step) % len(regions)])
        if target is not None:
            target.setFocus(Qt.FocusReason.TabFocusReason)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The sidebar keeps its width wherever there is room."""
        super().resizeEvent(event)
        wanted = self.borders.get(SIDEBAR, self.sidebar.sizeHint().width())
        width = min(wanted, self.width() - self._right.minimumSizeHint().width())
        self._splitter.setSizes([width, self.width() - width])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page = self._stack.currentWidget()
        if event.key() == Qt.Key.Key_Escape and isinstance(page, Page) and page.leave_pane():
            return
        super().keyPressEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        lost, page = self.unsaved(), self._stack.currentWidget()
        if lost and not self._leaving and isinstance(page, Page):
            event.ignore()
            sheet = AskSheet(lost, "", tr("Close without them"), tr("Go back"))
            sheet.answered.connect(lambda yes: self._leave() if yes else None)
            page.ask(sheet)
            return
        super().closeEvent(event)
        self.closed.emit()

    def _leave(self) -> None:
        self._leaving = True
        self.close()


def _zips(data: QMimeData) -> tuple[Path, ...]:
    """The local files among what is dragged that may be snapshots."""
    paths = [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()]
    return tuple(path for path in paths if path.suffix.lower() == ".zip")


def _first_focus(region: QWidget) -> QWidget | None:
    """The first widget of a region, itself included, that the Tab key reaches."""
    for widget in (region, *region.findChildren(QWidget)):
        if widget.isVisible() and widget.isEnabled() and widget.focusPolicy() & Qt.FocusPolicy.TabFocus:
            return widget
    return None
