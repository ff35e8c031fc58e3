"""Snapshots of real agents, dropped into a console that no node answers any more: all pages show what was."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QFileDialog, QLineEdit, QWidget

from app.console import Console
from app.open_cluster import OpenCluster
from app.services.memory import RememberedCluster
from app.viewmodels.navigation import SLOTS, Place, Tab
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import clock
from app.views.details.page import DetailsPage
from app.views.monitoring.page import MonitoringPage
from app.views.snapshot.files_page import SnapshotFilesPage
from app.views.snapshot.forms import SavedClusterForm, SavedModuleForm
from app.views.support.page import SupportPage
from app.views.timeline.page import TimelinePage
from app.views.widgets import AskSheet, LinkButton
from nodeagent.contract.api import LogLine
from nodeagent.contract.status import NodeStatus
from tests.app.conftest import Look
from tests.app.e2e.hands import Hands, button
from tests.app.e2e.test_console import living, shown
from tests.app.services.agents import ConsoleFarm, serving
from tests.app.services.snapshots import TWO_LANS, parts_of, written
from tests.app.viewmodels.farms import slots_of
from tests.app.viewmodels.modules import FULL
from tests.app.views.contoso import storied


@pytest.fixture
def farm() -> Iterator[ConsoleFarm]:
    """Two nodes that serve."""
    with serving(2, block=9) as made:
        yield made


def drop(window: QWidget, *paths: Path) -> None:
    """What a person does with files and a mouse."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    entering = QDragEnterEvent(window.rect().center(), *how)
    QApplication.sendEvent(window, entering)
    assert entering.isAccepted()
    QApplication.sendEvent(window, QDropEvent(QPointF(window.rect().center()), *how))


async def saved(console: Console, hands: Hands, farm: ConsoleFarm, place: Path) -> list[Path]:
    """A snapshot of each node, the module being stopped on the second."""
    await hands.until(lambda: "c1" in console._clusters, "the cluster is open")
    for node in farm.nodes:
        await console.secrets.keep(node.credentials, node.known_pin, remember=False)
    cluster = console._clusters["c1"]
    assert isinstance(cluster, OpenCluster)
    for watcher in cluster.session.nodes:
        watcher.retry()
    stopped = farm.nodes[1]
    await hands.until(lambda: cluster.model.farm.tile("farm", stopped.name) is not None, "its module is seen")
    await asyncio.to_thread(stopped.order, "stop")
    await hands.until(
        lambda: cluster.model.farm.tile("farm", stopped.name).silhouette is Silhouette.STOP,  # type: ignore[union-attr]
        "it is stopped",
    )
    await hands.click_tab(console.window.top_bar.tabs, "Support")
    cluster._snapshots.choose("farm")
    cluster._snapshots.save(place)
    await hands.until(lambda: all(row.done for row in cluster._snapshots.rows), "the snapshots are saved")
    await hands.picture("saved")
    return [row.path for row in cluster._snapshots.rows]


@pytest.mark.timeout(180)
async def test_snapshots_are_opened_as_if_live(qapp: QApplication, tmp_path: Path, farm: ConsoleFarm) -> None:
    cluster = RememberedCluster("c1", "Contoso", nodes=tuple(node.place for node in farm.nodes))
    async with living(qapp, tmp_path, cluster) as (console, hands):
        console.window.resize(1440, 900)
        paths = await saved(console, hands, farm, tmp_path)
        farm.power_off()

        hands.begin("dropped")
        drop(console.window, *paths)
        await hands.until(lambda: shown(console) == "monitoring.snapshot1", "the snapshot is shown")
        page = console.window.page("monitoring.snapshot1")
        assert isinstance(page, MonitoringPage)
        (card,) = page.cards
        tiles = console._clusters["snapshot1"].model.farm.modules[0].tiles
        assert [tile.state_words for tile in tiles] == ["UP Ready", "STOP NotReady"]
        assert not page._new.isEnabled()
        assert page._new.toolTip() == "a snapshot is read only"
        await hands.picture("monitoring")
        await hands.click(button(card, "Actions"))
        await hands.picture("actions")
        QTest.keyClick(QApplication.activePopupWidget(), Qt.Key.Key_Escape)

        hands.begin("details, timeline, configuration, support")
        await the_pages(console, hands, farm)

        hands.begin("closed")
        await hands.click(button(console.window.page(shown(console)), "Close the snapshot"))  # type: ignore[arg-type]
        await hands.until(lambda: "snapshot1" not in console._clusters, "it is gone")
        await hands.picture("closed")


async def the_pages(console: Console, hands: Hands, farm: ConsoleFarm) -> None:
    """Each of them, as if live."""
    tabs, names = console.window.top_bar.tabs, [node.name for node in farm.nodes]
    console.navigator.go(Place(Tab.DETAILS, "snapshot1", "farm", names[0]))
    details = console.window.page(shown(console))
    assert isinstance(details, DetailsPage)
    await hands.until(lambda: details.model.log.rowCount() > 5, "the log is there")
    await hands.until(lambda: bool(details.model.resources(details.model.session.now())), "so are the resources")
    await hands.picture("details")
    line = next(line for line in farm_lines(console, names[0]) if line.output)
    details.show_line(line)
    row = details.log.table.visualRect(details.model.log.index(details.model.log.row_of(line.cursor), 0))
    await hands.click(details.log.table.viewport(), row.center())
    await hands.until(lambda: details.model.output.now is not None, "the script's output opens")
    await hands.until(lambda: output_words(details) == "The script wrote nothing.", "it is read")
    await hands.picture("output")
    console.navigator.go(Place(Tab.DETAILS, "snapshot1", "farm", names[1]))
    details.show_why()
    await hands.until(lambda: bool(details.model.steps), "why it is stopped is told")
    await hands.picture("why")

    await hands.click_tab(tabs, "Timeline")
    timeline = console.window.page(shown(console))
    assert isinstance(timeline, TimelinePage)
    await hands.until(lambda: len(timeline.model.events.shown) > 2, "the events are listed")
    assert all(lane.bars for lane in timeline.model.lanes)
    assert [lane.node for lane in timeline.model.lanes] == names
    end = clock(console._clusters["snapshot1"].model.now())
    assert timeline.model.facts.startswith(f"Ends at {end}, when the snapshot was taken")
    assert timeline._facts.text() == timeline.model.facts
    assert not timeline.live.isVisible()
    await hands.picture("timeline")

    assert not tabs.isTabEnabled(3)
    assert tabs.tabToolTip(3) == "a snapshot has no clients to ask with"
    console.navigator.go(Place(Tab.CONFIGURATION, "snapshot1", "farm"))
    files = console.window.page(shown(console))
    assert isinstance(files, SnapshotFilesPage)
    assert isinstance(files.form, SavedModuleForm)
    await the_module_is_to_read(hands, files.form)
    await hands.click(button(files, "Files"))
    await hands.until(lambda: "<service" in files.code.toPlainText(), "userconfig.xml is shown")
    assert files.code.isVisible()
    before = files.code.toPlainText()
    files.code.setFocus()
    QTest.keyClicks(files.code, "typed")
    assert files.code.toPlainText() == before
    await hands.picture("module")
    await hands.picture("files")
    console.navigator.go(Place(Tab.CONFIGURATION, "snapshot1"))
    cluster = console.window.page(shown(console))
    assert isinstance(cluster, SnapshotFilesPage)
    assert "<lan " in cluster.code.toPlainText()
    await hands.click(button(cluster, "Form"))
    assert isinstance(cluster.form, SavedClusterForm)
    assert [line.name.text() for line in cluster.form.table.lines] == names
    assert await nothing_can_be_typed(hands, cluster.form) == len(names) * 2 + 1 + 3, "names, addresses, lan, pulse"
    assert enabled_buttons(cluster.form) == set()
    await hands.picture("cluster")

    await hands.click_tab(tabs, "Support")
    support = console.window.page(shown(console))
    assert isinstance(support, SupportPage)
    await hands.until(lambda: support.table.model().rowCount() > 0, "the commands are listed")
    assert support.snapshots.save.toolTip() == "a snapshot is read only"
    await hands.picture("support")


async def the_module_is_to_read(hands: Hands, form: SavedModuleForm) -> None:
    """The form by mouse and key, tab by tab; the XML beside it can be copied, and nothing else."""
    xml = form.xml.code
    before = xml.toPlainText()
    assert "<service" in before
    counts = {}
    for at in range(form.form.tabs.count()):
        title = form.form.tabs.tabText(at)
        await hands.click(form.form.tabs, form.form.tabs.tabRect(at).center())
        counts[title] = await nothing_can_be_typed(hands, form)
        assert enabled_buttons(form) == {"Copy the file"}, title
        await hands.picture(f"form-{title}")
    assert counts["General"] > 5, counts
    assert form.form.rules.code.isReadOnly()
    assert all(box.isVisible() <= (not box.isEnabled()) for box in form.findChildren(QCheckBox))

    await hands.click(xml)
    for key in "xX ":
        QTest.keyClicks(xml, key)
    QApplication.clipboard().setText("pasted")
    for key in (Qt.Key.Key_V, Qt.Key.Key_X, Qt.Key.Key_Z, Qt.Key.Key_Y, Qt.Key.Key_S, Qt.Key.Key_Return):
        QTest.keyClick(xml, key, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(xml, Qt.Key.Key_Delete)
    assert xml.toPlainText() == before
    QTest.keyClick(xml, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClick(xml, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.clipboard().text() == before
    place = xml.cursorRect(xml.document().find("service")).center()
    QTest.mouseDClick(xml.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
    assert xml.textCursor().selectedText() == "service"


async def nothing_can_be_typed(hands: Hands, form: QWidget) -> int:
    """Click and type into every field in view, then copy from it: how many there are."""
    lines = [line for line in form.findChildren(QLineEdit) if line.isVisible()]
    for line in lines:
        before = line.text()
        QApplication.clipboard().setText("pasted")
        await hands.click(line)
        QTest.keyClicks(line, "7")
        for key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Down, Qt.Key.Key_Return):
            QTest.keyClick(line, key)
        QTest.keyClick(line, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert line.text() == before, line.accessibleName()
        QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClick(line, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QApplication.clipboard().text() == (before or "pasted"), line.accessibleName()
    return len(lines)


def enabled_buttons(form: QWidget) -> set[str]:
    """What could be pressed on a form, but for links that lead to a line."""
    buttons = [one for one in form.findChildren(QAbstractButton) if not isinstance(one, LinkButton)]
    return {one.text() or one.accessibleName() for one in buttons if one.isVisible() and one.isEnabled()}


def farm_lines(console: Console, node: str) -> Sequence[LogLine]:
    """The saved lines of a node."""
    return console._clusters["snapshot1"].model.session.watcher(node).lines


def output_words(details: DetailsPage) -> str:
    """What the pane at the right says."""
    return details.model.output.now.problem if details.model.output.now is not None else ""


async def test_what_is_no_snapshot_is_said_in_a_sentence(qapp: QApplication, tmp_path: Path) -> None:
    wrong = tmp_path / "holiday.zip"
    wrong.write_bytes(b"\xff\xd8 a photograph")
    async with living(qapp, tmp_path) as (console, hands):
        await hands.click(button(console.window.page(shown(console)), "Open a snapshot…"))  # type: ignore[arg-type]
        await hands.until(lambda: bool(console.window.findChildren(QFileDialog)), "a file is asked for")
        dialog = console.window.findChild(QFileDialog)
        assert dialog is not None
        dialog.selectFile(str(wrong))
        line = dialog.findChild(QLineEdit)
        assert line is not None
        line.setText(str(wrong))
        dialog.accept()
        page = console.window.page(shown(console))
        assert page is not None
        await hands.until(lambda: bool(page.findChildren(AskSheet)), "it is said")
        (sheet,) = page.findChildren(AskSheet)
        assert sheet.accessibleName() == (
            "holiday.zip is no zip file: a snapshot is the file that Support or keepgreen snapshot saved."
        )
        await hands.picture("refused")
        await hands.click(sheet.back_button)
        assert console._clusters == {}


async def test_go_to_asks_for_a_file(qapp: QApplication, tmp_path: Path) -> None:
    async with living(qapp, tmp_path) as (console, hands):
        field = console.window.top_bar.go_to
        await hands.click(field)
        QTest.keyClicks(field, "open a snap")
        QTest.keyClick(field, Qt.Key.Key_Return)
        await hands.until(lambda: bool(console.window.findChildren(QFileDialog)), "a file is asked for")
        console.window.findChildren(QFileDialog)[0].reject()


def by_slots(status: NodeStatus) -> NodeStatus:
    """The same cluster with a virtual IP for farm."""
    told = {"farm": "slots"}
    modules = tuple(
        msgspec.structs.replace(module, share_by=told.get(module.name, module.share_by)) for module in status.modules
    )
    return msgspec.structs.replace(status, cluster_signature="7c1e90a4ffee", modules=modules)


async def test_pictures(qapp: QApplication, look: Look, tmp_path: Path, shot: Callable[[QWidget, str], Path]) -> None:
    paths = []
    session = storied()
    for node in session.nodes:
        status, name = node.view.status, node.view.name
        assert status is not None
        why = [session.whys[name]] if name in session.whys else []
        parts = parts_of(by_slots(status), node.lines, why, outputs=session.files, vips=(slots_of(name),))
        parts |= {"module/farm/2/conf/userconfig.xml": FULL.encode(), "cluster/1/cluster.xml": TWO_LANS}
        paths.append(written(tmp_path / f"snapshot_{name}_farm.zip", parts))
    async with living(qapp, tmp_path) as (console, hands):
        console.window.resize(look.width, look.height)
        drop(console.window, *paths)
        await hands.until(lambda: shown(console) == "monitoring.snapshot1", "the snapshot is shown")
        places = [
            Place(Tab.MONITORING, "snapshot1"),
            Place(Tab.DETAILS, "snapshot1", "farm", "node3"),
            Place(Tab.TIMELINE, "snapshot1"),
            Place(Tab.TEST, "snapshot1", "farm", view=SLOTS),
            Place(Tab.CONFIGURATION, "snapshot1", "farm"),
            Place(Tab.CONFIGURATION, "snapshot1"),
            Place(Tab.SUPPORT, "snapshot1"),
        ]
        for place in places:
            console.navigator.go(place)
            await hands.look(0.4)
            page = console.window.page(shown(console))
            assert page is not None
            assert console.window.width() == look.width
            scope = f"-{place.module}" if place.tab is Tab.CONFIGURATION else ""
            shot(console.window, f"snapshot-{place.tab}{scope}-{look.name}")
