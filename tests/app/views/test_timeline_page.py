"""The timeline by mouse and keyboard, and how it looks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.text import DAY
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.timeline_events import TimelineEvent
from app.viewmodels.timeline_lanes import Kind
from app.views.main_window import MainWindow
from app.views.timeline.lane_chart import AXIS, LANE, LaneChart
from app.views.timeline.page import TimelinePage
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from tests.app.conftest import Look
from tests.app.viewmodels.farms import NOW, FakeSession, FakeTasks, ready, silenced, stopped, view
from tests.app.viewmodels.timelines import INCIDENT, TOO_OFTEN, LoggedSession, incident, log_of, said, state
from tests.app.views.contoso import still, window_of


class LateTasks:
    """Begins nothing: every node is still being asked."""

    def run_soon(self, work: object, name: str) -> None:
        del name
        work.close()  # type: ignore[attr-defined]


def shown(
    qtbot: QtBot, session: FakeSession, width: int = 1280, height: int = 720, tasks: object | None = None, **more: Any
) -> tuple[MainWindow, TimelinePage]:
    model = TimelineModel(still(session), tasks or FakeTasks())  # type: ignore[arg-type]
    window = window_of(qtbot, model.session, width, height)
    page = TimelinePage(model, **more)
    window.add_page("timeline", page)
    window.show_page("timeline")
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    model.look()
    QApplication.processEvents()
    return window, page


def worst(page: TimelinePage) -> TimelineEvent:
    events = (event for one in page.model.lanes for event in one.events)
    return next(event for event in events if event.line.text == TOO_OFTEN)


def at_the_incident(page: TimelinePage) -> None:
    """Three minutes around it, the cursor on its worst event."""
    page.model.set_span(180)
    page.model.move_to(INCIDENT)
    page.model.choose(worst(page))


def place(chart: LaneChart, lane: str, moment: float) -> QPoint:
    """Where a moment of a lane is painted."""
    number = next(at for at, one in enumerate(chart._model.lanes) if one.name == lane)
    return QPoint(round(chart.scale().x(moment)), chart.bar_box(number).center().y())


def hear(page: TimelinePage) -> list[tuple[str, str, LogLine | float]]:
    """Where clicks lead from now on: to a line or to a moment."""
    led: list[tuple[str, str, LogLine | float]] = []
    page.line_wanted.connect(lambda module, node, line: led.append((module, node, line)))
    page.moment_wanted.connect(lambda module, node, moment: led.append((module, node, moment)))
    return led


def click(widget: QWidget, where: QPoint) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=where)
    QApplication.processEvents()


# --- looks ------------------------------------------------------------------------------------


def test_in_every_look(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, incident(), look.width, look.height)
    shot(window, f"timeline-{look.name}")
    at_the_incident(page)
    shot(window, f"timeline-incident-{look.name}")
    hint = page.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 672
    assert page.chart.verticalScrollBar().maximum() == 0, "six lanes and three events are in view in the least window"


def troubled() -> LoggedSession:
    """node2 will fall silent, node3 was without an agent for an hour."""
    session = LoggedSession(
        view("node1", ready(), stopped("api", ago=90000)),
        view("node2", ready(), stopped("api", ago=90000)),
        view("node3", ready(), stopped("api", ago=90000)),
    )
    starts = said(NOW - 1500, "agent 1.0.0 starts (pid 7), home /var", LogType.INFO, module="", origin="agent")
    stops = said(NOW - 2400, "agent stops; applications go on", LogType.INFO, module="", origin="agent")
    adopted = state(NOW - 1498, "UP Ready", by="adopted")
    lost = said(NOW - 899, "node2 lost: silent for 1.0 s", module="", origin="membership")
    green = state(NOW - 14400, "UP Ready")
    session.logs = {
        "node1": log_of("node1", green, lost),
        "node2": log_of("node2", green),
        "node3": log_of("node3", green, stops, starts, adopted),
    }
    return session


def test_what_is_not_known_is_hatched_and_says_why(
    look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]
) -> None:
    session = troubled()
    known, silent = session.nodes[1].view, silenced(session.nodes[1].view, ago=900)
    window, page = shown(qtbot, session, look.width, look.height)
    assert known.status is not None
    silent = msgspec.structs.replace(silent, status=msgspec.structs.replace(known.status, time=NOW - 900))
    session.show(session.nodes[0].view, silent, session.nodes[2].view)
    page.model.session.refresh()
    page.model.look()
    shot(window, f"timeline-unknown-{look.name}")
    words = page.chart.words_at(place(page.chart, "farm, node2", NOW - 100))
    assert page.model.lanes[4].bars[-1].words in words
    assert [bar.kind for bar in page.model.lanes[4].bars][-1] is Kind.UNKNOWN


def test_while_the_logs_are_read_it_says_so(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, incident(), tasks=LateTasks())
    shot(window, "timeline-reading")
    assert page.no_event.isVisible()
    assert page.no_event.accessibleName() == "The logs are being read…"
    assert {one.bars[0].words for one in page.model.lanes if one.module == "farm" and one.node == "node3"} == {
        "Its log is being read…"
    }


def test_without_a_module_there_is_a_word_for_it(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, LoggedSession(view("node1")))
    shot(window, "timeline-empty")
    assert page.empty.isVisible()
    assert not page.chart.isVisible()


def test_sixty_four_nodes_scroll(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    session = LoggedSession(*(view(f"paris-web-{at:02}.contoso.example", ready(), ready("api")) for at in range(64)))
    window, page = shown(qtbot, session, 1920, 1080)
    shot(window, "timeline-many")
    bar = page.chart.verticalScrollBar()
    assert bar.maximum() > 64 * LANE
    bar.setValue(bar.maximum())
    last = page.chart.lane_box(len(page.model.lanes) - 1)
    assert page.chart.lane_at(last.center()) == len(page.model.lanes) - 1
    assert last.bottom() <= page.chart.viewport().height()


# --- the way to the log -----------------------------------------------------------------------


def test_a_click_on_a_bar_leads_to_its_moment_and_on_a_mark_to_its_line(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    led = hear(page)
    at_the_incident(page)
    click(page.chart.viewport(), place(page.chart, "farm, node3", INCIDENT + 70))
    click(page.chart.viewport(), place(page.chart, "farm, node3", INCIDENT + 41.1))
    (module, node, red), (_, _, died) = led
    assert (module, node, red) == ("farm", "node3", pytest.approx(INCIDENT + 70, abs=0.2))
    assert isinstance(died, LogLine)
    assert page.model.chosen is not None
    assert page.model.chosen.line == died
    assert "UP Transient" in died.text or "gone" in died.text


def test_a_click_where_nothing_was_told_opens_the_log_all_the_same(qtbot: QtBot) -> None:
    session = LoggedSession(view("node1", ready()))
    _, page = shown(qtbot, session)
    led = hear(page)
    click(page.chart.viewport(), place(page.chart, "farm, node1", NOW - 600))
    assert led == [("farm", "node1", pytest.approx(NOW - 600, abs=3))]


def test_a_click_on_the_axis_or_a_row_puts_the_cursor_there_and_leads_nowhere(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    led = hear(page)
    at_the_incident(page)
    x = round(page.chart.scale().x(INCIDENT + 60.3))
    click(page.chart.viewport(), QPoint(x, AXIS // 2))
    assert page.model.chosen == worst(page)
    row = page.model.events.row_of(worst(page)) + 1
    click(page.table.viewport(), page.table.visualRect(page.model.events.index(row, 0)).center())
    assert page.model.chosen == page.model.events.shown[row]
    assert led == []
    click(page.open_log, page.open_log.rect().center())
    assert [line for _, _, line in led] == [page.model.events.shown[row].line]


def test_enter_in_the_table_and_on_a_lane_leads_to_the_log(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    led = hear(page)
    at_the_incident(page)
    page.table.setFocus()
    QTest.keyClick(page.table, Qt.Key.Key_Down)
    after = page.model.chosen
    assert after != worst(page)
    assert after is not None
    QTest.keyClick(page.table, Qt.Key.Key_Return)
    page.chart.setFocus()
    for key in (Qt.Key.Key_Down,) * 5:
        QTest.keyClick(page.chart, key)
    QTest.keyClick(page.chart, Qt.Key.Key_Left)
    assert page.model.chosen == worst(page)
    QTest.keyClick(page.chart, Qt.Key.Key_Return)
    assert [(node, line) for _, node, line in led] == [("node3", after.line), ("node3", worst(page).line)]


def test_escape_takes_the_cursor_away(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    at_the_incident(page)
    page.chart.setFocus()
    QTest.keyClick(page.chart, Qt.Key.Key_Escape)
    assert page.model.chosen is None
    assert not page.table.selectionModel().hasSelection()
    assert not page.open_log.isEnabled()
    assert not page.leave_pane()


# --- the range --------------------------------------------------------------------------------


def test_the_frame_is_dragged_over_the_day(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    day, start = page.overview, page.model.range.start
    middle = day.frame().center()
    QTest.mousePress(day, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(day, middle - QPoint(200, 0))
    QTest.mouseRelease(day, Qt.MouseButton.LeftButton, pos=middle - QPoint(200, 0))
    assert page.model.range.start < start - DAY / 10
    assert not page.live.isChecked()
    assert page.back.isEnabled()
    click(page.back, page.back.rect().center())
    assert page.model.range.live
    assert not page.back.isEnabled()


def test_a_click_beside_the_frame_brings_it_there(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    click(page.overview, QPoint(500, 25))
    assert page.overview.frame().center().x() == pytest.approx(500, abs=2)


def test_the_day_has_keys(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    page.overview.setFocus()
    start = page.model.range.start
    QTest.keyClick(page.overview, Qt.Key.Key_Left)
    assert page.model.range.start == start - 1800
    QTest.keyClick(page.overview, Qt.Key.Key_Plus)
    assert page.model.range.span == 1800
    QTest.keyClick(page.overview, Qt.Key.Key_Minus)
    QTest.keyClick(page.overview, Qt.Key.Key_Home)
    assert page.model.range.start == NOW - DAY
    QTest.keyClick(page.overview, Qt.Key.Key_Right)
    assert page.model.range.start == NOW - DAY + 1800
    QTest.keyClick(page.overview, Qt.Key.Key_End)
    assert page.live.isChecked()


def test_lanes_are_dragged_and_a_drag_is_no_click(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    led = hear(page)
    at_the_incident(page)
    view_port, start = page.chart.viewport(), page.model.range.start
    begin = place(page.chart, "farm, node1", INCIDENT + 90)
    QTest.mousePress(view_port, Qt.MouseButton.LeftButton, pos=begin)
    QTest.mouseMove(view_port, begin + QPoint(100, 0))
    QTest.mouseRelease(view_port, Qt.MouseButton.LeftButton, pos=begin + QPoint(100, 0))
    assert page.model.range.start == pytest.approx(start - page.chart.scale().seconds(100), abs=0.5)
    assert led == []


def turn(chart: LaneChart, where: QPoint, up: bool, modifiers: Qt.KeyboardModifier) -> None:
    angle = QPoint(0, 120 if up else -120)
    event = QWheelEvent(
        QPointF(where), QPointF(chart.viewport().mapToGlobal(where)), QPoint(), angle,
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(chart.viewport(), event)


def test_the_wheel_zooms_about_the_pointer_and_moves(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    page.model.move_to(NOW - 5000)
    where = place(page.chart, "farm, node1", NOW - 4000)
    before = page.chart.scale().moment(where.x())
    turn(page.chart, where, True, Qt.KeyboardModifier.ControlModifier)
    assert page.model.range.span == 1800
    assert page.chart.scale().moment(where.x()) == pytest.approx(before, abs=0.01)
    start = page.model.range.start
    turn(page.chart, where, True, Qt.KeyboardModifier.ShiftModifier)
    assert page.model.range.start == start - 225


def test_lanes_have_keys(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    page.chart.setFocus()
    for key in (Qt.Key.Key_Minus, Qt.Key.Key_Plus, Qt.Key.Key_Plus):
        QTest.keyClick(page.chart, key)
    assert page.model.range.span == 1800
    QTest.keyClick(page.chart, Qt.Key.Key_Left, Qt.KeyboardModifier.ControlModifier)
    assert page.model.range.end == NOW - 450
    QTest.keyClick(page.chart, Qt.Key.Key_Home)
    assert page.model.range.start == NOW - DAY
    QTest.keyClick(page.chart, Qt.Key.Key_End)
    assert page.model.range.live


def test_length_live_and_incident_have_their_buttons(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    page.spans.chosen.emit("180")
    assert page.model.range.span == 180
    click(page.live, page.live.rect().center())
    assert not page.model.range.live
    click(page.fit, page.fit.rect().center())
    assert page.model.range.start <= INCIDENT + 60
    page.about.chosen.emit("orders")
    assert {event.icon for event in page.model.events.shown} <= {"user"}
    page.modules.chosen.emit("api")
    assert {one.module for one in page.model.lanes} == {"api"}


# --- words ------------------------------------------------------------------------------------


def test_a_tooltip_says_what_is_there(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    at_the_incident(page)
    words = page.chart.words_at(place(page.chart, "farm, node3", INCIDENT + 60))
    assert words.startswith("farm, node3: UP Transient: ")
    assert TOO_OFTEN in words
    gutter = place(page.chart, "farm, node3", INCIDENT)
    assert "corrected by +0.8" in page.chart.words_at(QPoint(60, gutter.y()))
    assert page.chart.words_at(QPoint(400, 10)) == ""
    assert page.overview.words_at(20) == "24 h, all nodes"
    assert page.overview.words_at(page.overview._scale().x(NOW - 60)).startswith("NotReady: ")
    assert page.overview.words_at(page.overview._scale().x(NOW - 60000)).startswith("Ready: ")


def test_who_does_not_see_it_hears_the_lane_and_the_event(qtbot: QtBot) -> None:
    _, page = shown(qtbot, incident())
    assert page.chart.accessibleName() == "Timeline, 6 lanes"
    page.chart.setFocus()
    for _ in range(5):
        QTest.keyClick(page.chart, Qt.Key.Key_Down)
    assert page.chart.accessibleDescription().startswith("farm, node3: STOP NotReady: since")
    page.model.choose(worst(page))
    assert TOO_OFTEN in page.chart.accessibleDescription()
    assert "1 h" in page.overview.accessibleDescription()
    assert page.accessibleName() == "Contoso web"


def test_keys_bring_a_hidden_lane_into_view(qtbot: QtBot) -> None:
    session = LoggedSession(*(view(f"node{at}", ready()) for at in range(30)))
    _, page = shown(qtbot, session)
    page.chart.setFocus()
    for _ in range(29):
        QTest.keyClick(page.chart, Qt.Key.Key_Down)
    assert page.chart.lane_box(29).bottom() <= page.chart.viewport().height()
    for _ in range(29):
        QTest.keyClick(page.chart, Qt.Key.Key_Up)
    assert page.chart.lane_box(0).top() >= AXIS


def test_hidden_it_rests(qtbot: QtBot) -> None:
    session = incident()
    window, page = shown(qtbot, session)
    before = session.subscribers
    assert page._clock.isActive()
    page.hide()
    assert session.subscribers == before - 1
    assert not page._clock.isActive()
    page.show()
    assert session.subscribers == before
    window.hide()


def test_f5_asks_silent_nodes_again(qtbot: QtBot) -> None:
    session = troubled()
    session.show(session.nodes[0].view, silenced(session.nodes[1].view), session.nodes[2].view)
    _, page = shown(qtbot, session)
    page.chart.setFocus()
    QTest.keyClick(page.chart, Qt.Key.Key_F5)
    assert [node.retried for node in session.nodes] == [0, 1, 0]
