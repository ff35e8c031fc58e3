"""Monitoring by mouse and keyboard, and how it looks."""

from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.events_model import Event
from app.viewmodels.menus import Command, Deed
from app.viewmodels.session_model import SessionModel
from app.viewmodels.text import tr
from app.views.main_window import MainWindow
from app.views.monitoring.page import MonitoringPage
from app.views.monitoring.tile_view import NodeTileView
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import AskSheet, IconButton, LinkButton, Menu, PausedBadge
from nodeagent.contract.states import Action, Role
from nodeagent.contract.status import ModuleStatus
from tests.app.conftest import Look
from tests.app.viewmodels.farms import FakeSession, ready, silenced, starting, stopped, view, waiting
from tests.app.views.contoso import WHY, contoso, events_of, still, window_of, with_machine


def shown(qtbot: QtBot, model: SessionModel, width: int = 1280, height: int = 720) -> tuple[MainWindow, MonitoringPage]:
    window = window_of(qtbot, model, width, height)
    page = MonitoringPage(model, events_of(model))
    window.add_page("monitoring", page)
    window.show_page("monitoring")
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    return window, page


def test_in_every_look(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, still(contoso()), look.width, look.height)
    shot(window, f"monitoring-{look.name}")
    hint = page.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 672


def test_what_does_not_answer(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    session = FakeSession(
        silenced(with_machine(view("node1", ready()), 1, 30)),
        with_machine(view("node2", waiting(), role=Role.MONITOR), 99, 100),
        with_machine(view("node3", ModuleStatus("farm", configured=False)), 0, 1),
    )
    window, _ = shown(qtbot, still(session))
    shot(window, "monitoring-silent")


def logistics() -> FakeSession:
    """Twelve nodes, three modules, one of each trouble."""
    names = ("web", "api", "print")
    views = []
    for number in range(1, 13):
        modules = [ready(name, share=8.3) for name in names]
        if number == 3:
            modules[1] = starting("api")
        if number == 7:
            modules[2] = stopped("print", why="start_both said “license server not found”")
        if number == 9:
            modules[0] = waiting("web")
        if number > 10:
            del modules[2]
        one = with_machine(view(f"log-{number:02}", *modules), 7.0 * number, 40.0 + number)
        views.append(silenced(one) if number == 12 else one)
    return FakeSession(*views, title="Logistics EU")


def test_many_nodes_are_a_table(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, _ = shown(qtbot, still(logistics()), look.width, look.height)
    shot(window, f"monitoring-many-{look.name}")


def press(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)
    QApplication.processEvents()


def tile_of(page: MonitoringPage, module: str, node: str) -> NodeTileView:
    cards = [card for card in page.cards if card.accessibleName().startswith(f"{module}:")]
    return next(tile for tile in cards[0].tiles if tile.tile.node == node)


def open_menu(button: QWidget) -> Menu:
    press(button)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, Menu)
    return menu


def test_start_on_a_red_tile_starts(qtbot: QtBot) -> None:
    session = contoso()
    _, page = shown(qtbot, still(session))
    press(tile_of(page, "farm", "node3").remedy)
    assert ("order", "node3", "farm", Action.START) in session.called


def test_only_the_worst_remedy_is_filled(qtbot: QtBot) -> None:
    session = contoso()
    session.show(
        session.nodes[0].view, with_machine(view("node2", stopped(), ready("api")), 1, 1), session.nodes[2].view
    )
    _, page = shown(qtbot, still(session))
    filled = [
        tile.tile.node
        for card in page.cards
        for tile in card.tiles
        if tile.remedy.isVisible() and tile.remedy.grab().toImage().pixelColor(6, 6) == theme.colour(Token.ACCENT)
    ]
    assert filled == ["node2"]


def test_what_is_not_possible_is_greyed_with_the_reason(qtbot: QtBot) -> None:
    _, page = shown(qtbot, still(contoso()))
    menu = open_menu(tile_of(page, "farm", "node3").more)
    stop = next(action for action in menu.actions() if action.text() == "Stop")
    assert (stop.isEnabled(), stop.toolTip()) == (False, "already stopped")
    menu.close()


def test_a_role_that_only_reads_cannot_start_and_is_told(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", stopped(), role=Role.MONITOR))
    _, page = shown(qtbot, still(session))
    button = tile_of(page, "farm", "node1").remedy
    press(button)
    assert session.called == []
    assert button.toolTip() == "role monitor cannot start or stop"


def test_stop_of_the_last_node_that_serves_asks_in_words(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()), view("node2", stopped()))
    _, page = shown(qtbot, still(session))
    menu = open_menu(tile_of(page, "farm", "node1").more)
    next(action for action in menu.actions() if action.text() == "Stop").trigger()
    menu.close()
    sheet = page.findChild(AskSheet)
    assert sheet is not None
    assert sheet.accessibleName() == "node1 is the last node that serves farm: no node will answer."
    assert sheet.back_button.hasFocus()
    assert session.called == []
    press(sheet.verb_button)
    assert ("order", "node1", "farm", Action.STOP) in session.called


def test_escape_leaves_it_as_it_is(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    _, page = shown(qtbot, still(session))
    menu = open_menu(tile_of(page, "farm", "node1").more)
    next(action for action in menu.actions() if action.text() == "Stop").trigger()
    menu.close()
    sheet = page.findChild(AskSheet)
    assert sheet is not None
    QTest.keyClick(sheet.back_button, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
    assert session.called == []


def test_enter_opens_and_f4_asks_why(qtbot: QtBot) -> None:
    model = still(contoso())
    _, page = shown(qtbot, model)
    opened: list[tuple[str, str]] = []
    asked: list[Command] = []
    page.opened.connect(lambda module, node: opened.append((module, node)))
    model.asked.connect(asked.append)
    tile = tile_of(page, "farm", "node3")
    tile.setFocus()
    QTest.keyClick(tile, Qt.Key.Key_Return)
    QTest.keyClick(tile, Qt.Key.Key_F4)
    QTest.mouseClick(tile_of(page, "farm", "node1"), Qt.MouseButton.LeftButton, pos=QPoint(60, 150))
    assert opened == [("farm", "node3"), ("farm", "node1")]
    assert [(command.deed, command.nodes) for command in asked] == [(Deed.WHY, ("node3",))]


def test_a_change_moves_neither_tiles_nor_focus(qtbot: QtBot) -> None:
    session = contoso()
    model = still(session)
    _, page = shown(qtbot, model)
    tile = tile_of(page, "farm", "node1")
    tile.setFocus()
    places = [one.geometry() for card in page.cards for one in card.tiles]
    session.show(with_machine(view("node1", stopped(), ready("api")), 90, 90), *session.view()[1:])
    qtbot.waitUntil(lambda: tile.tile.state_words == "STOP NotReady")
    assert tile.hasFocus()
    assert [one.geometry() for card in page.cards for one in card.tiles] == places


def test_a_tile_says_all_of_it_to_a_screen_reader(qtbot: QtBot) -> None:
    _, page = shown(qtbot, still(contoso()))
    name = tile_of(page, "farm", "node3").accessibleName()
    assert name.startswith("node3, farm, STOP NotReady, Stopped 40")
    assert WHY in name


def test_paused_checks_are_resumed_in_the_head(qtbot: QtBot) -> None:
    session = contoso()
    _, page = shown(qtbot, still(session))
    badge = next(badge for badge in page.findChildren(PausedBadge) if badge.isVisible())
    press(badge.findChild(LinkButton))
    assert ("switch", "node1", "api", "checker", True, 0.0) in session.called


def test_an_event_leads_to_its_line_and_the_strip_folds(qtbot: QtBot) -> None:
    _, page = shown(qtbot, still(contoso()), 1440, 900)
    chosen: list[Event] = []
    page.event_chosen.connect(chosen.append)
    QTest.mouseClick(page.events, Qt.MouseButton.LeftButton, pos=QPoint(300, 52))
    page.events.setFocus()
    QTest.keyClick(page.events, Qt.Key.Key_Down)
    QTest.keyClick(page.events, Qt.Key.Key_Return)
    assert [event.text for event in chosen] == [
        "restart by m.lindqvist from WS-104",
        "checkers paused until 14:30 by j.doe",
    ]
    assert "checkers paused" in page.events.accessibleName()
    high = page.events.height()
    press(next(button for button in page.events.findChildren(IconButton)))
    qtbot.waitUntil(lambda: page.events.height() < high)
    assert not page.events.expanded


def test_no_module_yet_offers_to_make_one(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, still(FakeSession(view("node1"))))
    shot(window, "monitoring-empty")
    with qtbot.waitSignal(page.new_module_wanted):
        press(page.first_module)


def test_a_cluster_that_was_never_heard_says_why(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    never = msgspec.structs.replace(silenced(view("node1")), status=None, role=None)
    session = FakeSession(never)
    window, page = shown(qtbot, still(session))
    shot(window, "monitoring-never")
    assert page.empty.accessibleName() == "No node answers this console"
    assert page.empty.accessibleDescription().startswith("node1: timed out 38")
    press(page.retry)
    assert session.nodes[0].retried == 1


def test_who_only_reads_is_told_why_there_is_nothing_to_press(qtbot: QtBot) -> None:
    _, page = shown(qtbot, still(FakeSession(view("node1", role=Role.MONITOR))))
    assert not page.first_module.isEnabled()
    assert page.first_module.toolTip() == "only an administrator can make a module"


def test_the_table_keeps_its_order_and_opens_by_keyboard(qtbot: QtBot) -> None:
    session = logistics()
    model = still(session)
    _, page = shown(qtbot, model)
    table = page.table
    assert [line.button.text() for line in page.attention.lines] == ["Start on log-07", "Why?", "Try again"]
    press(page.attention.lines[2].button)
    assert session.nodes[11].retried == 1
    opened: list[tuple[str, str]] = []
    page.opened.connect(lambda module, node: opened.append((module, node)))
    table.setFocus()
    table.setCurrentIndex(table.model().index(6, 3))
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert opened == [("print", "log-07")]
    session.show(with_machine(view("log-01", stopped("web")), 1, 1), *session.view()[1:])
    qtbot.waitUntil(lambda: len(page.attention.lines) == 4)
    assert [table.model().index(row, 0).data().split(",")[0] for row in range(2)] == ["log-01", "log-02"]
    assert (table.currentIndex().row(), table.hasFocus()) == (6, True)


def test_only_what_is_not_green(qtbot: QtBot) -> None:
    _, page = shown(qtbot, still(logistics()))
    press(page.only)
    assert [row for row in range(12) if not page.table.isRowHidden(row)] == [2, 6, 8, 11]


def test_tiles_by_choice(qtbot: QtBot) -> None:
    _, page = shown(qtbot, still(logistics()))
    press(next(button for button in page.ways.findChildren(QPushButton) if button.text() == "Tiles"))
    assert not page.table.isVisible()
    assert all(card.isVisible() for card in page.cards)


def test_slots_and_alarms_of_a_virtual_ip(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    alarm = "farm: probes of node3 do not reach node1 on eth0: the switch blocks or has learnt the virtual MAC"
    session = FakeSession(
        *(
            with_machine(view(node, ready(share=share, share_by="slots")), 20, 40, alarms=(alarm,) * (node == "node1"))
            for node, share in (("node1", 33.6), ("node2", 33.2), ("node3", 33.2))
        )
    )
    window, page = shown(qtbot, still(session), look.width, look.height)
    shot(window, f"monitoring-slots-{look.name}")
    card = page.cards[0]
    assert [tile.tile.share_note for tile in card.tiles] == [
        tr("{count} of {all} slots", count=count, all=256) for count in (86, 85, 85)
    ]
    assert not card.tiles[0].tile.share_hatched
    assert "node1" in card._alarms.text()
    wanted: list[str] = []
    page.slots_wanted.connect(wanted.append)
    press(card.slots)
    assert wanted == ["farm"]
