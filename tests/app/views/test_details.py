"""Details by mouse and keyboard, and how it looks."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.details import DetailsModel
from app.viewmodels.why_chain import ChainStep
from app.views.details.page import DetailsPage
from app.views.details.why_banner import ChainCard
from app.views.main_window import MainWindow
from app.views.widgets import Choice, LinkButton, Words
from nodeagent.contract.states import Action, LogType
from tests.app.conftest import Look
from tests.app.viewmodels.farms import FakeSession, line, ready, silenced, view
from tests.app.views.contoso import details_of, storied, window_of


def shown(
    qtbot: QtBot, model: DetailsModel, width: int = 1280, height: int = 720, borders: dict[str, int] | None = None
) -> tuple[MainWindow, DetailsPage]:
    window = window_of(qtbot, model.session, width, height)
    page = DetailsPage(model, borders)
    window.add_page("details", page)
    window.show_page("details")
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    return window, page


def test_in_every_look(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, details_of(storied()), look.width, look.height)
    shot(window, f"details-{look.name}")
    page.log.table.selectRow(4)
    shot(window, f"details-output-{look.name}")
    page.show_why()
    page.turn.click()
    shot(window, f"details-why-{look.name}")
    hint = page.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 672


def press(key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, key, modifiers)
    QApplication.processEvents()


def click_line(page: DetailsPage, row: int) -> None:
    table = page.log.table
    table.scrollTo(page.model.log.index(row, 0))
    place = table.visualRect(page.model.log.index(row, 3)).center()
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QApplication.processEvents()


def texts(page: DetailsPage) -> list[str]:
    return [page.model.log.index(row, 3).data() for row in range(page.model.log.rowCount())]


def test_start_in_the_banner_starts(qtbot: QtBot) -> None:
    session = storied()
    _, page = shown(qtbot, details_of(session))
    QTest.mouseClick(page.banner.remedy_button, Qt.MouseButton.LeftButton)
    assert ("order", "node3", "farm", Action.START) in session.called


def test_a_script_line_opens_its_output_at_the_line_of_the_cause(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    assert page.output.isHidden()
    click_line(page, texts(page).index("start_both: exit code 0 after 1.4 s"))
    assert page.output.isVisible()
    assert page.output.accessibleName() == "Output of start_both"
    assert page.output.facts.text() == "exit code 0 after 1.4 s"
    assert page.output.text.textCursor().block().text() == "port 80 in use"
    assert page.output.text.isReadOnly()
    assert page.output.text.toPlainText().count("\n") == 11


def test_a_line_without_output_leaves_the_pane(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    click_line(page, 0)
    assert page.output.isHidden()


def test_escape_closes_the_output_then_the_filter_then_the_chain(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    page.log.table.setFocus()
    press(Qt.Key.Key_F4)
    assert page.chain.isVisible()
    click_line(page, texts(page).index("start_both: exit code 0 after 1.4 s"))
    press(Qt.Key.Key_Return)
    assert page.output.text.hasFocus()
    press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.log.search.hasFocus()
    QTest.keyClicks(page.log.search, "gone")
    page.output.text.setFocus()
    press(Qt.Key.Key_Escape)
    assert page.output.isHidden()
    assert page.log.table.hasFocus()
    press(Qt.Key.Key_Escape)
    assert not page.log.search.isVisible()
    assert page.log.search.text() == ""
    press(Qt.Key.Key_Escape)
    assert page.chain.isHidden()


def test_the_text_filter_finds_and_leaves(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    everything = texts(page)
    page.log.table.setFocus()
    press(Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(page.log.search, "gone")
    assert [text.split(" ")[0] for text in texts(page)] == ["w3wp.exe", "w3wp.exe"]
    press(Qt.Key.Key_Escape)
    assert texts(page) == everything


def test_chips_count_and_filter_by_type(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    chips = page.log.chips
    assert chips[LogType.ERROR].accessibleDescription() == "2"
    assert chips[LogType.DEBUG].accessibleDescription() == "off"
    for kind in (LogType.INFO, LogType.SCRIPT, LogType.USER, LogType.CRITICAL):
        QTest.mouseClick(chips[kind], Qt.MouseButton.LeftButton)
    assert len(texts(page)) == 2
    QTest.mouseClick(chips[LogType.DEBUG], Qt.MouseButton.LeftButton)
    assert "ready.txt 404" in texts(page)


def test_a_chosen_line_stays_chosen_through_a_filter(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    click_line(page, 1)
    QTest.mouseClick(page.log.chips[LogType.INFO], Qt.MouseButton.LeftButton)
    line = page.log.table.chosen_line()
    assert line is not None
    assert line.text.startswith("w3wp.exe (pid 4188) gone")


def test_pause_holds_new_lines_and_says_how_many(qtbot: QtBot) -> None:
    session = storied()
    _, page = shown(qtbot, details_of(session))
    before = len(texts(page))
    QTest.mouseClick(page.log.pause, Qt.MouseButton.LeftButton)
    session.nodes[2].lines += [line(100 + number) for number in range(37)]
    session.tell()
    qtbot.waitUntil(lambda: page.log.waiting.text() == "37 new lines")
    assert len(texts(page)) == before
    QTest.mouseClick(page.log.waiting, Qt.MouseButton.LeftButton)
    assert len(texts(page)) == before + 37
    assert page.log.pause.text() == "Pause"


def test_new_lines_move_neither_selection_nor_scroll_nor_focus(qtbot: QtBot) -> None:
    session = storied()
    session.nodes[2].lines += [line(100 + number) for number in range(200)]
    _, page = shown(qtbot, details_of(session))
    table = page.log.table
    assert table.at_end
    click_line(page, 40)
    scrolled = table.verticalScrollBar().value()
    assert not table.at_end
    chosen = table.chosen_line()
    session.nodes[2].lines += [line(400 + number) for number in range(5)]
    session.tell()
    qtbot.waitUntil(lambda: page.log.waiting.text() == "5 new lines")
    session.nodes[2].view = msgspec.structs.replace(session.nodes[2].view)
    session.tell()
    QApplication.processEvents()
    assert (table.verticalScrollBar().value(), table.chosen_line(), table.hasFocus()) == (scrolled, chosen, True)


def test_older_lines_come_above_without_a_jump(qtbot: QtBot) -> None:
    session = storied()
    session.nodes[2].lines[:] = [line(500 + number) for number in range(200)]
    session.older = tuple(line(400 + number) for number in range(100))
    _, page = shown(qtbot, details_of(session))
    bar = page.log.table.verticalScrollBar()
    bar.setValue(30)
    bar.setValue(0)
    qtbot.waitUntil(lambda: page.model.log.rowCount() == 300)
    assert page.log.table.indexAt(QPoint(20, 2)).row() == 100


def test_alt_and_a_digit_lead_to_another_node(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    page.log.table.setFocus()
    chosen: list[tuple[str, str]] = []
    page.node_chosen.connect(lambda module, node: chosen.append((module, node)))
    press(Qt.Key.Key_1, Qt.KeyboardModifier.AltModifier)
    assert chosen == [("farm", "node1")]
    assert page.accessibleName() == "node1"
    assert page.banner.isHidden()
    assert page.pill.accessibleName() == "UP Ready"
    press(Qt.Key.Key_9, Qt.KeyboardModifier.AltModifier)
    assert len(chosen) == 1


def test_the_chain_shows_times_evidence_and_the_output(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    QTest.mouseClick(page.banner.chain_button, Qt.MouseButton.LeftButton)
    assert [step.evidence for step in page.chain.steps] == ["0xC0000005, access violation", "port 80 in use", ""]
    link = next(button for button in page.chain.findChildren(LinkButton) if button.text() == "Output")
    QTest.mouseClick(link, Qt.MouseButton.LeftButton)
    assert page.output.text.textCursor().block().text() == "port 80 in use"


def test_a_chain_that_grows_stands_in_even_rows(qtbot: QtBot) -> None:
    card = ChainCard()
    qtbot.addWidget(card)
    card.resize(800, 200)
    card.show()
    steps = [ChainStep(str(n), f"13:11:{n:02}", "web_app gone", "by errd", "", "") for n in range(4)]
    for count in (0, 1, 2, 4):
        card.set_steps(steps[:count])
        QApplication.processEvents()
    tops = sorted(words.y() for words in card.findChildren(Words) if words.isVisible() and words.text()[:2] == "13")
    gaps = [after - before for before, after in pairwise(tops)]
    assert gaps == [gaps[0]] * 3
    assert gaps[0] > 12


def test_the_chain_goes_when_there_is_nothing_to_explain(qtbot: QtBot) -> None:
    session = storied()
    _, page = shown(qtbot, details_of(session))
    page.show_why()
    session.show(session.nodes[0].view, session.nodes[1].view, view("node3", ready()))
    qtbot.waitUntil(page.banner.isHidden)
    assert page.chain.isHidden()


def test_information_stands_in_place_of_the_resources(qtbot: QtBot) -> None:
    _, page = shown(qtbot, details_of(storied()))
    assert page.resources.isVisible()
    QTest.mouseClick(page.turn, Qt.MouseButton.LeftButton)
    assert page.information.isVisible()
    assert page.resources.isHidden()
    said = [words.text() for words in page.information.findChildren(Words)]
    assert "9010 is used by nginx (pid 812)" in said
    QTest.mouseClick(page.turn, Qt.MouseButton.LeftButton)
    assert page.resources.isVisible()


def test_many_nodes_are_a_list(qtbot: QtBot) -> None:
    nodes = [view(f"node{number}", ready()) for number in range(1, 9)]
    _, page = shown(qtbot, details_of(FakeSession(*nodes)))
    assert isinstance(page.switch, Choice)
    assert page.switch.current_key() == "node3"


def test_a_silent_node_is_named_and_can_be_asked_again(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    session = storied()
    session.show(session.nodes[0].view, session.nodes[1].view, silenced(session.nodes[2].view))
    window, page = shown(qtbot, details_of(session))
    shot(window, "details-silent")
    QTest.mouseClick(page.banner.remedy_button, Qt.MouseButton.LeftButton)
    assert session.nodes[2].retried == 1


def test_nothing_watched_is_said(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, details_of(storied(), "api", "node2"))
    shot(window, "details-transient")
    assert page.resources.isHidden()
    assert page.banner.accessibleName() == "start_both has run for 0:14"
