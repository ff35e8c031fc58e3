"""The console as a whole, on a cluster whose node does not answer: where tabs, bell and menus lead, what is kept."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSplitter

from app.console import Console
from app.services.memory import Memory, Remembered, RememberedCluster, Window
from app.services.nodes import NodeAddress
from app.services.tasks import TaskOwner
from app.viewmodels.events_model import Event
from app.viewmodels.notice import Notice
from app.views.configuration.cluster_page import ClusterPage
from app.views.main_window import SIDEBAR
from app.views.widgets import AskSheet
from tests.app.conftest import SHOTS
from tests.app.e2e.hands import Hands, button

SILENT = RememberedCluster("c1", "Contoso", nodes=(NodeAddress("127.0.89.1", 9, "0" * 64),))
NEW_WINDOW = Window()


@asynccontextmanager
async def living(
    qapp: QApplication, home: Path, *clusters: RememberedCluster, window: Window = NEW_WINDOW
) -> AsyncIterator[tuple[Console, Hands]]:
    """A console that remembers these clusters; closed at the end without a failed task."""
    failed: list[str] = []
    memory = Memory(home)
    memory.now = Remembered(clusters=clusters, window=window)
    console = Console(qapp, memory, TaskOwner(lambda name, error: failed.append(f"{name}: {error!r}")), home / "demo")
    console.show()
    async with asyncio.TaskGroup() as group:
        group.create_task(console.run(), name="console")
        try:
            yield console, Hands(console.window, SHOTS / "console", lambda _: None)
        finally:
            console.window.close()
    assert not failed


def shown(console: Console) -> str:
    """The key of the page in view."""
    return console.window.current_key()


async def test_without_a_cluster_the_first_run_is_shown_and_tabs_say_why(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path) as (console, _):
        tabs = console.window.top_bar.tabs
        assert shown(console) == "first_run"
        assert not any(tabs.isTabEnabled(index) for index in range(tabs.count()))
        assert tabs.tabToolTip(0) == "connect to a cluster first"


async def test_bell_settings_and_tabs_lead_there_and_back(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path, SILENT) as (console, hands):
        window = console.window
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        assert not window.top_bar.tabs.isTabEnabled(1)
        await hands.click(window.top_bar.bell)
        assert shown(console) == "events"
        assert console.events.unread == 0
        await hands.click_tab(window.top_bar.tabs, "Monitoring")
        assert shown(console) == "monitoring.c1"
        await hands.click(window.sidebar.settings_row)
        assert shown(console) == "settings"
        await hands.click_row(window.sidebar.tree, "Contoso")
        assert shown(console) == "monitoring.c1"
        await hands.click_tab(window.top_bar.tabs, "Configuration")
        assert shown(console) == "configuration.cluster.c1"
        await hands.click_row(window.sidebar.tree, "127.0.89.1:9")
        assert shown(console) == "configuration.cluster.c1"


async def test_go_to_leads_to_what_was_typed(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path, SILENT) as (console, hands):
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        field = console.window.top_bar.go_to
        await hands.click(field)
        QTest.keyClicks(field, "settin")
        QTest.keyClick(field, Qt.Key.Key_Return)
        assert shown(console) == "settings"


async def test_a_cluster_is_forgotten_after_a_question(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path, SILENT) as (console, hands):
        window = console.window
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        tree = window.sidebar.tree
        tree.customContextMenuRequested.emit(tree.visualRect(tree.model().index(0, 0)).center() + QPoint(1, 1))
        await hands.choose("Forget this cluster…")
        page = window.page(shown(console))
        assert page is not None
        await hands.click(button(page, "Forget it"))
        await hands.until(lambda: shown(console) == "first_run", "nothing is left to show")
        await hands.until((tmp_path / "console.json").exists, "it is written")
    assert Memory(tmp_path).load().clusters == ()


async def test_a_cluster_that_is_forgotten_on_two_pages_goes_once(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path, SILENT) as (console, hands):
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        console.close_cluster("c1")
        console.close_cluster("c1")
        assert shown(console) == "first_run"


async def test_closing_and_forgetting_ask_about_the_draft_of_a_cluster(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path, SILENT) as (console, hands):
        window = console.window
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        await hands.click_tab(window.top_bar.tabs, "Configuration")
        page = window.page(shown(console))
        assert isinstance(page, ClusterPage)
        await hands.until(lambda: len(page.table.lines) == 1, "the node this console knows is the first row")
        await hands.click(page.table.lan_button)
        window.close()
        (sheet,) = [one for one in page.findChildren(AskSheet) if one.isVisible()]
        assert sheet.accessibleName() == "Changes of the cluster Contoso were not applied and are lost."
        await hands.click(button(page, "Go back"))
        assert window.isVisible()
        tree = window.sidebar.tree
        tree.customContextMenuRequested.emit(tree.visualRect(tree.model().index(0, 0)).center() + QPoint(1, 1))
        await hands.choose("Forget this cluster…")
        (sheet,) = [one for one in page.findChildren(AskSheet) if one.isVisible()]
        assert "Changes of the cluster Contoso that were not applied are lost." in sheet.accessibleName()
        await hands.click(button(page, "Leave it as it is"))
        await hands.click(page.undo_button)
        assert console._unsaved() == ""


async def test_the_window_is_remembered(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path) as (console, hands):
        console.window.resize(1300, 760)
        await hands.look()
    async with living(qapp, tmp_path) as (console, _):
        del console
    assert Memory(tmp_path).load().window.geometry


async def test_a_border_that_was_dragged_is_remembered(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path) as (console, hands):
        splitter = console.window.centralWidget()
        assert isinstance(splitter, QSplitter)
        wide = splitter.widget(0).width() + 50
        splitter.moveSplitter(wide, 1)
        await hands.look()
        assert splitter.widget(0).width() == wide
    kept = Memory(tmp_path).load().window
    assert kept.borders == {SIDEBAR: wide}
    async with living(qapp, tmp_path, window=kept) as (console, hands):
        console.window.resize(1440, 900)  # the screen of this test may be too small for what is remembered
        await hands.look()
        splitter = console.window.centralWidget()
        assert isinstance(splitter, QSplitter)
        assert splitter.widget(0).width() == wide


async def test_problems_are_told_where_the_window_is_not_looked_at(qapp: QApplication, tmp_path: Path) -> None:
    gone = Event(0.0, "problem", "red", "c1", "Contoso", "farm", "node1", "web gone")
    async with living(qapp, tmp_path, SILENT) as (console, hands):
        await hands.until(lambda: shown(console) == "monitoring.c1", "the remembered cluster is shown")
        made: list[Notice] = []
        console._notices.made.connect(made.append)
        console.window.hide()
        console.events.happened.emit((gone,))
        assert made == []
        console._take_notices(True)
        await hands.until(lambda: console._memory.now.settings.notify, "the choice is taken")
        console.events.happened.emit((gone,))
        assert made == [Notice("Contoso: farm on node1", "web gone")]
        console.tray.opened.emit()
        assert console.window.isVisible()
        assert shown(console) == "events"
    assert Memory(tmp_path).load().settings.notify


async def test_a_disk_that_refuses_is_said_once_and_tried_again(qapp: QApplication, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.write_bytes(b"")  # a file where the directory should be
    async with living(qapp, home, SILENT) as (console, hands):

        def sheets() -> list[str]:
            found = console.window.findChildren(AskSheet)
            return [one.accessibleName() for one in found if one.isVisible()]

        await hands.until(lambda: len(sheets()) == 1, "somebody is told")
        assert f"cannot be written to {home}: " in sheets()[0]
        page = console.window.page(shown(console))
        assert page is not None
        await hands.click(button(page, "Try again"))
        await hands.until(lambda: len(sheets()) == 1, "it is said again")
        home.unlink()
        await hands.click(button(page, "Try again"))
        await hands.until((home / "console.json").exists, "it is written")
        assert sheets() == []
    assert Memory(home).load().clusters == (SILENT,)


async def test_a_disk_that_refuses_does_not_keep_the_console_from_closing(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "home").write_bytes(b"")
    async with living(qapp, tmp_path / "home") as (console, _):
        assert shown(console) == "first_run"


async def test_what_could_not_be_read_is_said(qapp: QApplication, tmp_path: Path) -> None:
    (tmp_path / "console.json").write_bytes(b"{")
    memory, failed = Memory(tmp_path), []
    memory.load()
    console = Console(qapp, memory, TaskOwner(lambda name, error: failed.append(f"{name}: {error!r}")), tmp_path)
    console.show()
    async with asyncio.TaskGroup() as group:
        group.create_task(console.run(), name="console")
        try:
            async with asyncio.timeout(20):
                while not (sheets := console.window.findChildren(AskSheet)):
                    await asyncio.sleep(0.01)
            assert f"was set aside as {memory.damaged}. Add your clusters again." in sheets[0].accessibleName()
        finally:
            console.window.close()
    assert failed == []
