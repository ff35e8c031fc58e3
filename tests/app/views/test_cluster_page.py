"""The cluster page by mouse and keyboard, each failure as it is shown, and how it looks."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.services.rollout import Stage
from app.viewmodels.cluster_apply import Phase
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_form import EMPTY, addressed, with_lan, with_node
from app.viewmodels.cluster_history import ClusterHistory
from app.viewmodels.port_check import PortCheck
from app.views.configuration.cluster_page import ClusterPage
from nodeagent.client.failures import Trouble
from nodeagent.contract.api import ClusterInfo
from tests.app.conftest import Look
from tests.app.viewmodels.connecting import owner, settled, until
from tests.fakes.cluster_nodes import FakeClusterSession, FakeNodes, FakeRollout

Shot = Callable[[QWidget, str], Path]

SIGNATURE = "7c1e90a4" * 8
NAMES = ("node1", "node2", "node3")


def running(lans: int = 1) -> bytes:
    data = EMPTY
    for at, name in enumerate(NAMES):
        data = with_node(data, name, f"10.0.0.10{at + 7}")
    if lans == 2:
        data = with_lan(data, "private")
        for at in range(len(NAMES)):
            data = addressed(data, at, 1, f"192.168.10.{at + 1}")
    return data


class Bench:
    def __init__(self, lans: int = 1) -> None:
        self.nodes = FakeNodes()
        watched = {f"10.0.0.10{at + 7}": name for at, name in enumerate(NAMES)}
        pins = {name: self.nodes.put(address, name, signature=SIGNATURE) for address, name in watched.items()}
        self.nodes.put("10.0.0.111", "node5", password="fresh")
        info = ClusterInfo(True, "node1", running(lans), SIGNATURE, NAMES, pins, True)
        self.session = FakeClusterSession(self.nodes, watched, info)
        self.rollout = FakeRollout()
        self.tasks = owner()
        self.editor = ClusterEditor(
            self.session, self.nodes.ask, self.nodes.sign_in, self.tasks, self.rollout.check, self.rollout.apply
        )

    async def show(self, width: int = 1184, height: int = 852) -> ClusterPage:
        ports = PortCheck(self.editor, self.session, self.nodes.ask, self.tasks)
        self.page = ClusterPage(self.editor, "Contoso web", ports, ClusterHistory(self.session, self.tasks))
        self.editor.load()
        await settled(self.tasks)
        self.page.resize(width, height)
        self.page.show()
        self.page.activateWindow()
        await until(self.page.isActiveWindow)
        return self.page

    async def add(self, address: str) -> None:
        QTest.mouseClick(self.page.table.node_button, Qt.MouseButton.LeftButton)
        field = self.page.table.lines[-1].addresses[0].line
        await until(field.hasFocus)
        QTest.keyClicks(field, address)
        QTest.keyClick(field, Qt.Key.Key_Tab)
        await settled(self.tasks)


async def test_a_node_is_added_compared_logged_in_and_applied_by_mouse_and_keyboard(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    await bench.add("10.0.0.111")
    line = page.table.lines[3]
    assert line.name.text() == "node5"
    assert line.words.isVisible()
    assert not line.password.isVisible()
    assert page.apply_button.toolTip() == "compare the words of node5 first"
    QTest.mouseClick(line.match, Qt.MouseButton.LeftButton)
    QTest.keyClicks(line.password.line, "fresh")
    QTest.keyClick(line.password.line, Qt.Key.Key_Return)
    await settled(bench.tasks)
    assert page.apply_button.isEnabled()
    QTest.mouseClick(page.apply_button, Qt.MouseButton.LeftButton)
    await until(lambda: bench.editor.apply.phase is Phase.ASKING)
    assert page.bar is not None
    assert page.bar.accessibleName() == "node1, node2, node3 and node5 still answer with the new configuration"
    QTest.mouseClick(page.bar.keep_button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert bench.rollout.kept is True
    assert page.bar is None
    assert list(page.apply_card.lines) == ["node1", "node2", "node3", "node5"]
    page.close()


async def test_in_a_narrow_window_the_apply_comes_into_view(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show(1024, 672)
    assert not page.apply_card.isVisible()
    QTest.mouseClick(page.apply_button, Qt.MouseButton.LeftButton)
    await until(lambda: bench.editor.apply.phase is Phase.ASKING)
    line = page.apply_card.lines["node3"]
    await until(lambda: not line.visibleRegion().isEmpty())
    bench.editor.apply.go_back()
    await settled(bench.tasks)
    await until(lambda: not page.apply_card.note.visibleRegion().isEmpty())
    page.close()


async def test_going_back_by_mouse(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    QTest.mouseClick(page.apply_button, Qt.MouseButton.LeftButton)
    await until(lambda: bench.editor.apply.phase is Phase.ASKING)
    QTest.mouseClick(page.bar.back_button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert bench.rollout.kept is False
    assert page.apply_card.note.accessibleName() == "Gone back: the configuration before is in force"
    page.close()


async def test_a_field_keeps_what_is_typed_while_answers_arrive(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    field = page.table.lines[0].addresses[0].line
    field.setFocus()
    field.selectAll()
    QTest.keyClicks(field, "10.9")
    bench.editor.retry(2)
    await settled(bench.tasks)
    assert field.text() == "10.9"
    QTest.keyClick(field, Qt.Key.Key_Tab)
    await settled(bench.tasks)
    assert bench.editor.form.nodes[0].cells[0].text == "10.9"
    page.close()


async def test_the_problem_link_leads_to_the_field(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    bench.editor.set_address(1, 0, "10.0.0.107")
    assert page.problem_link.text() == "node2"
    QTest.mouseClick(page.problem_link, Qt.MouseButton.LeftButton)
    assert page.focusWidget() is page.table.lines[1].addresses[0].line
    assert "already that of" in page.table.lines[1].addresses[0].line.accessibleDescription()
    page.close()


async def test_undo_by_keyboard_and_the_xml_beside_in_step(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    QTest.mouseClick(page.table.lan_button, Qt.MouseButton.LeftButton)
    assert len(page.table.heads) == 2
    assert 'name="private"' in page.xml.code.toPlainText()
    QTest.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(page.table.heads) == 1
    assert "private" not in page.xml.code.toPlainText()
    page.close()


@pytest.mark.parametrize("lans", [1, 2])
async def test_the_page_fits_the_smallest_window(qapp: QApplication, lans: int) -> None:
    bench = Bench(lans)
    page = await bench.show(1024, 672)
    await bench.add("10.0.0.111")
    assert page.minimumSizeHint().width() <= 1024
    assert page.content.minimumSizeHint().width() <= 1024
    page.close()


async def test_pictures_of_editing(qapp: QApplication, look: Look, shot: Shot) -> None:
    bench = Bench(2)
    page = await bench.show(look.width - 256, look.height - 48)
    await bench.add("10.0.0.110")
    await bench.add("10.0.0.111")
    shot(page, f"cluster-editing-{look.name}")
    page.views.choose("xml")
    page.views.chosen.emit("xml")
    shot(page, f"cluster-xml-{look.name}")
    page.close()


async def test_pictures_of_an_apply(qapp: QApplication, look: Look, shot: Shot) -> None:
    bench = Bench()
    page = await bench.show(look.width - 256, look.height - 48)
    bench.editor.set_timing("pulse", "200ms")
    await bench.add("10.0.0.110")
    bench.editor.save_and_apply()
    await until(lambda: bench.editor.apply.phase is Phase.ASKING)
    shot(page, f"cluster-confirm-{look.name}")
    bench.editor.apply.go_back()
    await settled(bench.tasks)
    bench.rollout.failures["node2", Stage.COMMIT] = Trouble.TIMED_OUT
    bench.editor.save_and_apply()
    await settled(bench.tasks)
    shot(page, f"cluster-died-{look.name}")
    page.close()


async def test_pictures_of_what_can_be_wrong_with_a_node(qapp: QApplication, look: Look, shot: Shot) -> None:
    bench = Bench()
    page = await bench.show(look.width - 256, look.height - 48)
    bench.nodes.put("10.0.0.108", "node2", key="replaced")
    bench.editor.retry(1)
    bench.nodes.put("10.0.0.112", "theirs", signature="bbbb")
    bench.nodes.trouble["10.0.0.113"] = Trouble.NOT_UNDERSTOOD
    for address in ("10.0.0.111", "10.0.0.112", "10.0.0.113"):
        await bench.add(address)
    bench.editor.confirm_words(3, True)
    bench.editor.log_in(3, "wrong")
    await settled(bench.tasks)
    texts = [row.standing_text for row in bench.editor.rows]
    assert len(set(texts)) == 5
    shot(page, f"cluster-troubles-{look.name}")
    page.close()
