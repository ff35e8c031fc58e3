"""The virtual IP in a window: the map of its slots, its legend, and where a client is."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.viewmodels.traffic import TrafficModel
from app.views.theme import theme
from app.views.traffic.page import TrafficPage
from nodeagent.contract.vip_status import VipNode, VipWhere
from tests.app.conftest import Look
from tests.app.viewmodels.farms import EPOCH, NODES, FakeSession, FakeTasks, ready, slots_of, view
from tests.app.views.contoso import still
from tests.app.views.windows import shown


def made(*, wrong: bool = False) -> tuple[FakeSession, TrafficPage]:
    session = FakeSession(*(view(node, ready(share_by="slots", share=33.2)) for node in NODES))
    session.vips = {node: slots_of(node) for node in NODES}
    if wrong:
        taking = (*session.vips["node2"].groups[0].mine, 0, 3)
        late = tuple(VipNode(name, True, True, False, "00000000ffffffff", EPOCH) for name in NODES)
        alarm = "farm: probes of node3 do not reach node2 on eth0: the switch blocks or has learnt the virtual MAC"
        session.vips["node2"] = slots_of("node2", mine=taking, nodes=late, agreed=False, alarms=(alarm,))
        without = tuple(slot for slot in session.vips["node3"].groups[0].mine if not 100 < slot < 140)
        session.vips["node3"] = slots_of("node3", mine=without)
    session.wheres = (VipWhere("http", "tcp 80 of 10.0.0.100, by address", 17, "node2"),)
    return session, TrafficPage(TrafficModel(still(session), "farm", FakeTasks()), "Contoso web")


def test_looks(look: Look, shot: Callable[[QWidget, str], Path]) -> None:
    for name, wrong in (("slots", False), ("slots-wrong", True)):
        _, page = made(wrong=wrong)
        with shown(page, look.width - 256, look.height - 48):
            page._model.set_client("192.0.2.7", "")
            page._model.find()
            page.refresh()
            assert shot(page, f"{name}-{look.name}").exists()
            assert page.minimumSizeHint().width() <= 1024


def test_the_page_asks_while_it_is_seen_and_only_then(qapp: QApplication) -> None:
    session, page = made()
    assert not [call for call in session.called if call[0] == "vip"]
    with shown(page):
        assert len([call for call in session.called if call[0] == "vip"]) == 3
        assert page._clock.isActive()
        page.hide()
        assert not page._clock.isActive()


def test_slots_are_where_they_are_hit_and_keys_move_among_them(qapp: QApplication) -> None:
    _, page = made(wrong=True)
    with shown(page):
        page.refresh()
        grid = page.grid
        assert [grid.slot_at(grid.cell(slot).center()) for slot in range(256)] == list(range(256))
        assert "not right" in grid.accessibleName()
        grid.setFocus()
        for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up):
            QTest.keyClick(grid, key)
        assert grid.cursor_slot == 1
        QTest.keyClick(grid, Qt.Key.Key_Left)
        assert grid.accessibleDescription() == "Slot 0: node1, taken by node1 and node2 at once"
        QTest.keyClick(grid, Qt.Key.Key_Up)
        assert grid.cursor_slot == 0
        QTest.keyClick(grid, Qt.Key.Key_End)
        assert grid.cursor_slot == 255
        QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.cell(40).center())
        assert grid.cursor_slot == 40


def test_what_is_wrong_flashes_unless_motion_is_reduced(qapp: QApplication) -> None:
    theme.reduced_motion = False
    try:
        _, page = made(wrong=True)
        with shown(page):
            page.refresh()
            assert page.grid._flash.isActive()
        _, calm = made()
        with shown(calm):
            calm.refresh()
            assert not calm.grid._flash.isActive()
    finally:
        theme.reduced_motion = True
    _, still_page = made(wrong=True)
    with shown(still_page):
        still_page.refresh()
        assert not still_page.grid._flash.isActive()


def test_a_client_is_looked_for(qapp: QApplication) -> None:
    _, page = made()
    with shown(page):
        page.refresh()
        assert not page.where.find_button.isEnabled()
        QTest.keyClicks(page.where.address.line, "192.0.2.7")
        page.refresh()
        QTest.mouseClick(page.where.find_button, Qt.MouseButton.LeftButton)
        page.refresh()
        assert page.where.texts() == ["node2, slot 17 of http: tcp 80 of 10.0.0.100, by address"]
        QTest.keyClicks(page.where.address.line, "x")
        page.refresh()
        assert "IP address" in page.where.address.error()


def test_groups_can_be_chosen_and_a_module_without_virtual_ip_leads_to_its_configuration(qapp: QApplication) -> None:
    session, page = made()
    with shown(page):
        for node, answer in session.vips.items():
            second = msgspec.structs.replace(answer.groups[0], name="dns")
            session.vips[node] = msgspec.structs.replace(answer, groups=(*answer.groups, second))
        page._model.ask()
        page.refresh()
        assert page.groups is not None
        assert page.groups.current_key() == "http"
        page.groups.chosen.emit("dns")
        page.refresh()
        assert "dns" in page.grid.accessibleName()
        session.vips = {}
        page._model.ask()
        page.refresh()
        assert page.empty.accessibleName() == "farm has no virtual IP"
