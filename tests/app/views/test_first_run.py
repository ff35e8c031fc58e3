"""The first run by mouse and keyboard, and how it looks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.services.demo import DemoRecord, DemoTrouble
from app.services.memory import RememberedCluster
from app.services.nodes import NodeAddress
from app.services.secrets import Secrets
from app.viewmodels.demo_farm import DemoFarm
from app.viewmodels.first_run import ConnectModel
from app.viewmodels.found_nodes import FoundNodes
from app.views.first_run import FirstRunPage
from nodeagent.client.failures import Trouble
from tests.app.conftest import Look
from tests.app.viewmodels.connecting import owner, settled, until
from tests.fakes.cluster_nodes import FakeNodes, FakeVault, pin_of

Shot = Callable[[QWidget, str], Path]


class FakeDemo:
    """A demo that says two lines and is up, or fails."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble

    async def up(self, on_line: Callable[[str], None], nodes: int = 3) -> DemoRecord:
        on_line("node1 on 127.0.0.11 starts")
        on_line("node2 on 127.0.0.12 starts")
        if self.trouble:
            raise DemoTrouble(self.trouble)
        return DemoRecord("admin", "secret", ())


class Bench:
    def __init__(self, trouble: str = "") -> None:
        self.nodes = FakeNodes()
        known = RememberedCluster("plant", "Plant 7", nodes=(NodeAddress("10.0.0.7", pin=pin_of("p7-line-a")),))
        self.tasks = owner()
        self.opened: list[tuple[RememberedCluster, ...]] = []
        secrets = Secrets(FakeVault())
        self.connect = ConnectModel(
            self.nodes.ask, self.nodes.sign_in, secrets, lambda: (known,), self.tasks, self.opened.append
        )
        self.found = FoundNodes(self.nodes.scan, lambda: (known,), self.tasks)
        self.demo = DemoFarm(FakeDemo(trouble), secrets, self.tasks, self.opened.append)
        self.page = FirstRunPage(self.connect, self.found, self.demo)

    def show(self, width: int = 1184, height: int = 852) -> FirstRunPage:
        self.page.resize(width, height)
        self.page.show()
        self.page.activateWindow()
        return self.page

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.page.focusWidget(), key)


async def test_the_journey_by_keyboard_alone(qapp: QApplication) -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.1", "node1")
    bench.nodes.put("10.0.0.2", "node2")
    page = bench.show()
    await until(page.isActiveWindow)
    for address in ("10.0.0.1", "10.0.0.2"):
        QTest.keyClicks(page.focusWidget(), address)
        bench.press(Qt.Key.Key_Tab)
        await settled(bench.tasks)
    card = page.connect_card
    assert not card.password.line.isEnabled()
    assert card.words.isVisible()
    bench.press(Qt.Key.Key_Tab)
    assert page.focusWidget() is card.match
    bench.press(Qt.Key.Key_Space)
    bench.press(Qt.Key.Key_Tab)
    bench.press(Qt.Key.Key_Tab)
    assert page.focusWidget() is card.password.line
    QTest.keyClicks(card.password.line, "secret")
    bench.press(Qt.Key.Key_Return)
    await settled(bench.tasks)
    ((cluster,),) = bench.opened
    assert len(cluster.nodes) == 2
    page.close()


async def test_a_found_node_is_added_by_mouse(qapp: QApplication) -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.2", "node2")
    page = bench.show()
    QTest.keyClicks(page.found_card.range.line, "10.0.0.1-3")
    QTest.mouseClick(page.found_card.button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    (row,) = page.found_card.rows.values()
    QTest.mouseClick(row.button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert [one.text for one in bench.connect.rows] == ["10.0.0.2", ""]
    assert (row.button.text(), row.button.isEnabled()) == ("Added", False)
    page.close()


@pytest.mark.parametrize(
    ("typed_range", "part"),
    [
        ("", "Type a range first"),
        ("10.0.0.0/16", "at most 1024"),
        ("here", "is no range"),
        ("10.0.0.9-2", "before the first"),
        ("fd00::/64", "IPv4 only"),
    ],
)
def test_a_wrong_range_is_said_at_its_field(qapp: QApplication, typed_range: str, part: str) -> None:
    bench = Bench()
    page = bench.show()
    page.found_card.range.line.setText(typed_range)
    QTest.keyClick(page.found_card.range.line, Qt.Key.Key_Return)
    assert part in page.found_card.range.error()
    page.close()


async def test_the_demo_connects_by_itself_and_its_trouble_stays_in_the_card(qapp: QApplication) -> None:
    bench = Bench()
    page = bench.show()
    QTest.mouseClick(page.demo_card.button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert bench.opened[0][0].id == "demo"
    page.close()
    bench = Bench("127.0.0.10:8080 is used by nginx")
    page = bench.show()
    QTest.mouseClick(page.demo_card.button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert bench.demo.trouble == "127.0.0.10:8080 is used by nginx"
    assert bench.opened == []
    page.close()


def test_the_page_fits_the_smallest_window(qapp: QApplication) -> None:
    page = Bench().page
    assert page.minimumSizeHint().width() <= 1024
    assert page.connect_card.minimumSizeHint().width() <= 1024 - 48


async def test_pictures(qapp: QApplication, look: Look, shot: Shot) -> None:
    bench = Bench()
    bench.nodes.put("10.0.0.107", "node1")
    bench.nodes.put("10.0.0.108", "node2")
    bench.nodes.put("10.0.0.109", "node3", password="other")
    bench.nodes.put("10.0.0.7", "p7-line-a", signature="7c1e90a4")
    bench.nodes.trouble["10.0.0.110"] = Trouble.TIMED_OUT
    page = bench.show(look.width - 256, look.height - 48)
    shot(page, f"first-run-empty-{look.name}")
    for address in ("10.0.0.107", "10.0.0.108", "10.0.0.109", "10.0.0.110"):
        bench.connect.leave(bench.connect.rows[-1].id, address)
        await settled(bench.tasks)
    shot(page, f"first-run-words-{look.name}")
    bench.connect.confirm_words(True)
    page.connect_card.password.line.setText("secret-secret")
    bench.connect.set_password("secret")
    bench.found.scan("10.0.0.7, 10.0.0.107-110")
    await settled(bench.tasks)
    shot(page, f"first-run-before-{look.name}")
    bench.connect.connect_nodes()
    await settled(bench.tasks)
    assert bench.connect.left_out
    shot(page, f"first-run-{look.name}")
    page.close()
