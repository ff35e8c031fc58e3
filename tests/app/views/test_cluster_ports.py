"""*Check ports* and *History* of the cluster page by mouse and keyboard, and how they look."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.viewmodels.cluster_form import EMPTY, with_node
from app.viewmodels.cluster_history import ClusterHistory
from app.viewmodels.port_matrix import HERE
from app.views.configuration.cluster_page import ClusterPage
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.revisions import Revision
from tests.app.conftest import Look
from tests.app.e2e.hands import button
from tests.app.viewmodels.connecting import settled, until
from tests.app.viewmodels.farms import NOW
from tests.app.viewmodels.test_port_check import REFUSED, SIGNATURE, SILENCE, Bench, address, heard

Shot = Callable[[QWidget, str], Path]


class PageBench(Bench):
    """The same cluster in a page, with three revisions."""

    def __init__(self) -> None:
        super().__init__()
        two = with_node(with_node(EMPTY, "node1", "10.0.0.1"), "node2", "10.0.0.2")
        three, slower = self.session.info.xml, two.replace(b"100ms", b"200ms")
        told = (
            (Revision(3, NOW, "CONTOSO\\m.lindqvist", SIGNATURE, ("node1", "node2", "node3"), current=True), three),
            (Revision(2, NOW - 4000, "j.doe", "b", ("node1", "node2"), changed=("cluster.xml",)), slower),
            (Revision(1, NOW - 90000, "", "a", ("node1", "node2"), changed=("cluster.xml",)), two),
        )
        self.session.revisions = told
        self.history = ClusterHistory(self.session, self.tasks)

    async def show(self, width: int = 1184, height: int = 852) -> ClusterPage:
        self.page = ClusterPage(self.editor, "Contoso web", self.ports, self.history)
        self.editor.load()
        await settled(self.tasks)
        self.page.resize(width, height)
        self.page.show()
        self.page.activateWindow()
        await until(self.page.isActiveWindow)
        return self.page

    async def break_ways(self) -> None:
        """node3 is silent for this computer, and closed to node1 on the private lan."""
        self.silence("node3")
        self.session.relayed["node3"] = heard("node3", frozenset({("node1", "private")}))
        self.session.shut["node1", address("node3", "private"), 9010] = SILENCE
        self.session.shut["node2", address("node3"), 9010] = REFUSED


async def test_ports_are_checked_by_mouse_and_a_bad_cell_says_what_to_do(qapp: QApplication) -> None:
    bench = PageBench()
    page = await bench.show()
    await bench.break_ways()
    card = page.port_card
    assert card.table.cell is None
    QTest.mouseClick(page.table.ports_button, Qt.MouseButton.LeftButton)
    assert bench.ports.running
    assert not page.table.ports_button.isEnabled()
    assert page.table.ports_button.toolTip() == "the ports are being checked"
    assert card.cancel_button.isVisible()
    await settled(bench.tasks)
    await until(lambda: not card.visibleRegion().isEmpty())
    assert card.again_button.text() == "Check again"
    assert not card.cancel_button.isVisible()
    chosen = card.table.cell
    assert chosen is not None
    assert (chosen.source, chosen.target, chosen.text) == (HERE, "node3", "9453")
    assert "let in TCP 9453 from this computer" in card.detail.remedy.text()
    entries = [card.lans.itemText(at) for at in range(card.lans.count())]
    assert entries == ["lan default, 2 closed", "lan private, 1 closed"]
    index = card.table.model().index(2, 2)
    QTest.mouseClick(card.table.viewport(), Qt.MouseButton.LeftButton, pos=card.table.visualRect(index).center())
    assert card.detail.remedy.text().startswith("node3 is there, but refuses TCP 9010")
    assert "refuses TCP 9010" in str(index.data(Qt.ItemDataRole.ToolTipRole))
    assert "From node2 to node3: 9010" in str(index.data(Qt.ItemDataRole.AccessibleTextRole))
    page.close()


async def test_ports_by_keyboard_alone(qapp: QApplication) -> None:
    bench = PageBench()
    page = await bench.show()
    await bench.break_ways()
    page.table.ports_button.setFocus()
    QTest.keyClick(page.table.ports_button, Qt.Key.Key_Space)
    card = page.port_card
    assert card.table.hasFocus()
    await settled(bench.tasks)
    QTest.keyClick(card.table, Qt.Key.Key_Down)
    QTest.keyClick(card.table, Qt.Key.Key_Down)
    assert card.detail.remedy.text().startswith("node3 is there")
    asked = len(bench.session.asked)
    QTest.keyClick(card.table, Qt.Key.Key_F5)
    assert bench.ports.running
    await settled(bench.tasks)
    assert len(bench.session.asked) == 2 * asked
    assert card.table.hasFocus()
    assert card.table.cell is not None
    assert (card.table.cell.source, card.table.cell.target) == ("node2", "node3")
    QTest.keyClick(card.table, Qt.Key.Key_Tab)
    assert not card.table.hasFocus()
    page.close()


async def test_another_lan_is_chosen_and_shows_its_worst_way(qapp: QApplication) -> None:
    bench = PageBench()
    page = await bench.show()
    await bench.break_ways()
    bench.ports.begin()
    await settled(bench.tasks)
    card = page.port_card
    card.lans.setFocus()
    QTest.keyClick(card.lans, Qt.Key.Key_Down)
    assert card.lans.current_key() == "private"
    assert card.table.cell is not None
    assert (card.table.cell.source, card.table.cell.text) == ("node1", "4800, 9010")
    assert "let in UDP 4800 and TCP 9010 from 192.168.10.1" in card.detail.remedy.text()
    page.close()


async def test_in_a_narrow_window_the_ports_come_into_view(qapp: QApplication) -> None:
    bench = PageBench()
    page = await bench.show(1024, 672)
    assert not page.port_card.isVisible()
    QTest.mouseClick(page.table.ports_button, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert page.panels.current_key() == "ports"
    await until(lambda: not page.port_card.table.visibleRegion().isEmpty())
    assert page.minimumSizeHint().width() <= 1024
    page.close()


async def test_a_revision_is_looked_at_and_taken_as_the_draft(qapp: QApplication) -> None:
    bench = PageBench()
    page = await bench.show()
    QTest.mouseClick(button(page, "History"), Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    view = page.history
    assert view.isVisible()
    model = view.table.model()
    rows = [[str(model.index(row, column).data()) for column in (0, 2, 3)] for row in range(3)]
    assert rows[0] == ["3, in force", "CONTOSO\\m.lindqvist", "node1, node2 and node3"]
    assert [row[:2] for row in rows[1:]] == [["2", "j.doe"], ["1", "–"]]
    assert view.restore.toolTip() == "this revision is in force"
    assert "+      <node " in view.shown.code.toPlainText()
    view.table.setFocus()
    QTest.keyClick(view.table, Qt.Key.Key_Down)
    await settled(bench.tasks)
    assert 'pulse="200ms"' in view.shown.code.toPlainText()
    QTest.mouseClick(view.restore, Qt.MouseButton.LeftButton)
    await settled(bench.tasks)
    assert page.views.current_key() == "form"
    assert page.table.isVisible()
    assert [line.name.text() for line in page.table.lines] == ["node1", "node2"]
    assert bench.editor.form.pulse == "200ms"
    assert bench.editor.unapplied
    QTest.keyClick(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert len(page.table.lines) == 3
    assert not bench.editor.unapplied
    page.close()


async def test_a_node_that_left_and_comes_back_with_a_revision_is_asked(qapp: QApplication) -> None:
    bench = PageBench()
    four = with_node(bench.session.revisions[2][1], "node9", "10.0.0.9")
    bench.session.revisions = (*bench.session.revisions[:2], (bench.session.revisions[2][0], four))
    page = await bench.show()
    page.views.chosen.emit("history")
    await settled(bench.tasks)
    bench.history.choose(1)
    bench.history.restore()
    await settled(bench.tasks)
    assert bench.nodes.asked[-1].address == "10.0.0.9"
    page.close()


async def test_the_history_says_when_its_node_does_not_tell_it(qapp: QApplication) -> None:
    bench = PageBench()
    bench.session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    page = await bench.show()
    page.views.chosen.emit("history")
    await settled(bench.tasks)
    assert page.history.list.facts.text() == "timed out"
    assert not page.history.restore.isEnabled()
    page.close()


async def test_pictures_of_ports_and_history(qapp: QApplication, look: Look, shot: Shot) -> None:
    bench = PageBench()
    page = await bench.show(look.width - 256, look.height - 48)
    await bench.break_ways()
    shot(page, f"cluster-ports-idle-{look.name}")
    bench.nodes.held = True
    bench.ports.begin()
    await until(lambda: bench.ports.done >= 24)
    bench.ports._show()
    shot(page, f"cluster-ports-asking-{look.name}")
    bench.nodes.held = False
    await settled(bench.tasks)
    shot(page, f"cluster-ports-{look.name}")
    page.port_card._choose_lan("private")
    shot(page, f"cluster-ports-private-{look.name}")
    page.views.chosen.emit("history")
    await settled(bench.tasks)
    bench.history.choose(2)
    await settled(bench.tasks)
    shot(page, f"cluster-history-{look.name}")
    page.close()
