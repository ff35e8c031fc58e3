"""The frame: sidebar, tabs, pages and keys, driven by mouse and keyboard."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip, QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.goto_model import GotoModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel
from app.viewmodels.silhouettes import Silhouette
from app.views import fonts
from app.views.main_window import MainWindow
from app.views.page import Page
from app.views.sidebar import Sidebar
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import AskSheet, Button, Card, ConfirmBar, EmptyState, PrimaryButton, SilhouetteLabel, Words
from app.views.widgets.painting import text_width
from app.views.widgets.tabs import RING
from tests.app.viewmodels.farms import FakeSession, FakeTasks, paused, ready, silenced, stopped, view


def _window(qtbot: QtBot, width: int = 1280, height: int = 720) -> MainWindow:
    sidebar, goto = SidebarModel(), GotoModel()
    session = SessionModel(
        FakeSession(view("node1", ready(), paused(ready("api"))), view("node2", stopped())), FakeTasks()
    )
    sidebar.add(session)
    window = MainWindow(sidebar, goto)
    window.top_bar.go_to.opened.connect(lambda: goto.open((("monitoring", "Monitoring"),), (session,)))
    qtbot.addWidget(window)
    window.resize(width, height)
    window.add_page("monitoring", _page("Contoso web"))
    window.add_page("configuration.cluster", Page("Contoso web", "signature 7C1E 90A4"))
    window.show_page("monitoring")
    window.sidebar.choose(Scope("c1"))
    window.top_bar.set_unread(2)
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    return window


def _page(title: str) -> Page:
    page = Page(title, "3 nodes, 2 modules; every node answers this console")
    page.add_button(Button("Snapshot…", "snapshot"))
    page.add_button(Button("New module…", "add"))
    card = Card("farm", "2 of 3 nodes serve")
    card.add_to_head(SilhouetteLabel(Silhouette.STOP, "", name="NotReady"), first=True)
    card.add_to_head(Button("Actions", menu=True, dense=True))
    card.body.addWidget(
        EmptyState(
            "module",
            "No module yet",
            "Start from the farm module",
            (PrimaryButton("New module…", "add"),),
            framed=False,
        )
    )
    page.body.addWidget(card)
    page.body.addStretch(1)
    page.footer.addWidget(Words("No problem"))
    page.footer.addStretch(1)
    page.footer.addWidget(Button("Check"))
    page.show_footer()
    return page


def test_the_frame_in_every_look(look: Any, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window = _window(qtbot, look.width, look.height)
    window.toasts.show_toast(Silhouette.READY, "farm Ready on node3", "2.3 s after Start", "Details", lambda: None)
    bar = ConfirmBar("Keep this configuration", "Go back now")
    bar.set_seen("node1, node2 and node3 still answer with the new configuration", "Keep it, or each node goes back")
    bar.set_remaining(0.7, "0:43 left")
    page = window.page("monitoring")
    assert page is not None
    page.set_above_footer(bar)
    shot(window, f"frame-{look.name}")
    assert window.grab().toImage().pixelColor(4, 600) == theme.colour(Token.SIDEBAR)


def test_the_frame_fits_the_smallest_window(qtbot: QtBot) -> None:
    window = _window(qtbot)
    assert window.minimumSizeHint().width() <= 1280
    assert window.minimumSizeHint().height() <= 720


def test_a_tab_without_a_page_says_why(qtbot: QtBot) -> None:
    window = _window(qtbot)
    tabs = window.top_bar.tabs
    index = tabs.keys().index("timeline")
    assert not tabs.isTabEnabled(index)
    assert tabs.tabToolTip(index) == "connect to a cluster first"
    with qtbot.assertNotEmitted(window.tab_chosen):
        QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(index).center())


def test_a_tab_of_several_pages_leaves_the_choice_to_the_owner(qtbot: QtBot) -> None:
    window = _window(qtbot)
    tabs = window.top_bar.tabs
    index = tabs.keys().index("configuration")
    with qtbot.waitSignal(window.tab_chosen) as heard:
        QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(index).center())
    assert heard.args == ["configuration"]
    window.show_page("configuration.cluster")
    assert (window.current_key(), tabs.current_key()) == ("configuration.cluster", "configuration")


@pytest.mark.parametrize(("keys", "key"), [(Qt.Key.Key_1, "monitoring"), (Qt.Key.Key_5, "configuration")])
def test_control_and_a_figure_pick_a_tab(qtbot: QtBot, keys: Qt.Key, key: str) -> None:
    window = _window(qtbot)
    window.show_page("configuration.cluster" if key == "monitoring" else "monitoring")
    with qtbot.waitSignal(window.tab_chosen) as heard:
        QTest.keyClick(window, keys, Qt.KeyboardModifier.ControlModifier)
    assert heard.args == [key]


def test_the_sidebar_tells_the_scope(qtbot: QtBot) -> None:
    window = _window(qtbot)
    tree = window.sidebar.tree
    tree.setFocus()
    with qtbot.waitSignal(window.sidebar.chosen) as heard:
        QTest.keyClick(tree, Qt.Key.Key_Down)
    assert heard.args == [Scope("c1", module="api")]
    assert window.sidebar.current_scope() == Scope("c1", module="api")


def test_the_filter_is_cleared_by_escape(qtbot: QtBot) -> None:
    window = _window(qtbot)
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert QApplication.focusWidget() is window.sidebar.filter
    QTest.keyClicks(window.sidebar.filter, "node2")
    model = window.sidebar.tree.model()
    assert model.rowCount(model.index(0, 0)) == 1
    QTest.keyClick(window.sidebar.filter, Qt.Key.Key_Escape)
    assert window.sidebar.filter.text() == ""
    assert model.rowCount(model.index(0, 0)) == 2


def test_go_to_finds_by_a_part_of_the_words_and_gives_the_focus_back(
    qtbot: QtBot, shot: Callable[[QWidget, str], Path]
) -> None:
    window = _window(qtbot)
    window.sidebar.tree.setFocus()
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    field = window.top_bar.go_to
    QTest.keyClicks(field, "node2")
    shot(window, "go-to")
    with qtbot.waitSignal(field.chosen) as heard:
        QTest.keyClick(field, Qt.Key.Key_Return)
    assert heard.args[0].scope == Scope("c1", node="node2")
    assert QApplication.focusWidget() is window.sidebar.tree


def test_f6_goes_round_the_regions(qtbot: QtBot) -> None:
    window = _window(qtbot)
    window.sidebar.tree.setFocus()
    met = []
    for _ in range(5):
        QTest.keyClick(window, Qt.Key.Key_F6)
        met.append(QApplication.focusWidget())
    page = window.page("monitoring")
    assert page is not None
    assert met[0] is window.top_bar.tabs
    assert page.header.isAncestorOf(met[1])
    assert page.content.isAncestorOf(met[2])
    assert isinstance(met[3], Button)
    assert met[3].text() == "Check"
    assert met[4] is window.sidebar.tree


def test_f1_asks_for_the_help_of_the_page(qtbot: QtBot) -> None:
    window = _window(qtbot)
    page = window.page("monitoring")
    assert page is not None
    page.help_topic = "monitoring"
    with qtbot.waitSignal(window.help_wanted) as heard:
        QTest.keyClick(window, Qt.Key.Key_F1)
    assert heard.args == ["monitoring"]


def test_a_question_stands_in_the_page_and_escape_is_no(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window = _window(qtbot)
    page = window.page("monitoring")
    assert page is not None
    sheet = AskSheet(
        "Stop farm on node1? No node will answer.", "node1 is the last one that is UP.", "Stop farm", "Leave it"
    )
    page.ask(sheet)
    shot(window, "ask")
    assert QApplication.focusWidget() is sheet.back_button
    with qtbot.waitSignal(sheet.answered) as heard:
        QTest.keyClick(sheet, Qt.Key.Key_Escape)
    assert heard.args == [False]


def test_the_focus_ring_follows_the_focus(qtbot: QtBot) -> None:
    window = _window(qtbot)
    page = window.page("monitoring")
    assert page is not None
    button = next(one for one in page.findChildren(Button) if one.text() == "Check")
    button.setFocus()
    QApplication.processEvents()
    image = window.grab().toImage()
    corner = button.mapTo(window, QPoint(button.width() // 2, -3))
    assert image.pixelColor(corner) == theme.colour(Token.LINK)


def test_no_more_than_three_toasts(qtbot: QtBot) -> None:
    window = _window(qtbot)
    focus = QApplication.focusWidget()
    toasts = [window.toasts.show_toast(Silhouette.READY, f"farm {number}") for number in range(4)]
    names = [one.accessibleName() for one in toasts[1:]]
    assert names == ["farm 1", "farm 2", "farm 3"]
    qtbot.waitUntil(lambda: len([one for one in window.children() if type(one).__name__ == "Toast"]) == 3)
    assert QApplication.focusWidget() is focus
    assert toasts[3].geometry().bottom() > toasts[1].geometry().bottom()


def test_no_tab_is_marked_while_a_page_without_one_is_shown(qtbot: QtBot) -> None:
    window = _window(qtbot)
    window.add_page("settings", Page("Settings"))
    tabs = window.top_bar.tabs
    line = QPoint(tabs.tabRect(0).left() + RING + 4, tabs.height() - 1)
    assert tabs.grab().toImage().pixelColor(line) == theme.colour(Token.LINK)
    window.show_page("settings")
    assert tabs.grab().toImage().pixelColor(line) != theme.colour(Token.LINK)
    window.show_page("monitoring")
    assert tabs.grab().toImage().pixelColor(line) == theme.colour(Token.LINK)


def test_closing_asks_once_while_something_would_be_lost(qtbot: QtBot) -> None:
    window = _window(qtbot)
    closed: list[bool] = []
    window.closed.connect(lambda: closed.append(True))
    window.unsaved = lambda: "Changes of farm were not applied and are lost."
    window.close()
    assert window.isVisible()
    assert not closed
    sheet = window.findChild(AskSheet)
    assert sheet is not None
    QTest.mouseClick(sheet.back_button, Qt.MouseButton.LeftButton)
    window.close()
    asked = [one for one in window.findChildren(AskSheet) if one.isVisible()]
    QTest.mouseClick(asked[0].verb_button, Qt.MouseButton.LeftButton)
    assert closed == [True]


def test_every_word_of_the_tree_has_its_room(qtbot: QtBot) -> None:
    sidebar = SidebarModel()
    fresh = msgspec.structs.replace(ready(), configured=False)
    sidebar.add(SessionModel(FakeSession(view("node1", fresh), view("node2", ready())), FakeTasks()))
    tree = Sidebar(sidebar)
    qtbot.addWidget(tree)
    tree.resize(256, 600)
    tree.show()
    column = tree.tree.lines.column(tree.tree)
    longest = max(text_width(words, theme.font(fonts.SIDE, medium=True)) for words in sidebar.state_words)
    assert "Not configured" in sidebar.state_words
    assert column + 20 + longest <= tree.tree.viewport().width()
    assert column >= 96


def test_a_change_of_state_moves_no_name_of_the_tree(qtbot: QtBot) -> None:
    sidebar, session = SidebarModel(), FakeSession(view("node1", ready()), view("node2", ready()))
    sidebar.add(SessionModel(session, FakeTasks()))
    tree = Sidebar(sidebar)
    qtbot.addWidget(tree)
    tree.resize(256, 600)
    tree.show()
    column = tree.tree.lines.column(tree.tree)
    session.show(view("node1", stopped()), silenced(view("node2", ready())))
    qtbot.waitUntil(lambda: {"NotReady", "Unreachable"} <= sidebar.state_words)
    assert tree.tree.lines.column(tree.tree) == column


def test_an_empty_tree_says_why(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    sidebar = SidebarModel()
    tree = Sidebar(sidebar)
    qtbot.addWidget(tree)
    tree.resize(256, 600)
    shot(tree, "sidebar-empty")
    said = tree.findChildren(Words)
    assert next(words.text() for words in said if words.isVisible()) == "No clusters yet"
    sidebar.add(SessionModel(FakeSession(view("node1", ready())), FakeTasks()))
    assert not any(words.isVisible() for words in said)
    tree.filter.setText("nowhere")
    assert next(words.text() for words in said if words.isVisible()) == "Nothing fits the filter"
    tree.filter.clear()
    assert not any(words.isVisible() for words in said)


def test_a_name_without_room_is_shortened_and_its_tooltip_says_the_whole(qtbot: QtBot) -> None:
    sidebar = SidebarModel()
    fresh = msgspec.structs.replace(ready(), configured=False)
    sidebar.add(SessionModel(FakeSession(view("node1", fresh), view("node2", ready()), title=""), FakeTasks()))
    side = Sidebar(sidebar)
    qtbot.addWidget(side)
    side.resize(256, 600)
    side.show()

    def tooltip(scope: Scope) -> str:
        viewport = side.tree.viewport()
        point = side.tree.visualRect(side._shown.mapFromSource(sidebar.index_of(scope))).center()
        QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, point, viewport.mapToGlobal(point)))
        return QToolTip.text()

    assert tooltip(Scope("c1")) == "Cluster of node1, Ready"
    qtbot.waitUntil(lambda: tooltip(Scope("c1", node="node1")) == "")  # a tip goes a moment later
    side.resize(360, 600)
    assert tooltip(Scope("c1")) == ""
