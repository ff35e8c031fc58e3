import msgspec
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.viewmodels.events_model import BATCH_MILLISECONDS, EVENT_ROLE, KEPT, Event, EventColumn, EventsModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import clock
from nodeagent.contract.states import LogType
from tests.app.viewmodels.farms import NOW, FakeSession, FakeTasks, line, ready, silenced, starting, stopped, view


def followed(session: FakeSession) -> EventsModel:
    events = EventsModel()
    QAbstractItemModelTester(events, QAbstractItemModelTester.FailureReportingMode.Fatal, events)
    events.follow(SessionModel(session, FakeTasks()))
    events.look()
    return events


def told(events: EventsModel) -> list[Event]:
    return [events.index(row, 0).data(EVENT_ROLE) for row in range(events.rowCount())]


def test_the_past_is_shown_but_counts_as_read(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines += [line(1, "stop by j.doe", LogType.USER), line(2), line(3, "gone", LogType.ERROR)]
    events = followed(session)
    assert [event.text for event in told(events)] == ["gone", "stop by j.doe"]
    assert events.unread == 0


def test_new_lines_that_matter_are_unread_until_somebody_looks(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(1))
    events = followed(session)
    session.nodes[0].lines += [line(2, "save failed", LogType.CRITICAL), line(3, type=LogType.SCRIPT)]
    session.tell()
    qtbot.waitUntil(lambda: events.unread == 1)
    row = [events.index(0, column).data() for column in EventColumn]
    assert row == [clock(NOW + 2), "", "farm", "node1", "save failed"]
    assert told(events)[0].token == "red"
    events.mark_read()
    assert events.unread == 0


def test_a_line_is_told_once(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(1, "gone", LogType.ERROR))
    events = followed(session)
    events.look()
    events.look()
    assert events.rowCount() == 1


def test_a_log_that_began_anew_is_read_from_its_start(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(900))
    events = followed(session)
    session.nodes[0].lines[:] = [line(1, "first", LogType.ERROR), line(2, "second", LogType.ERROR)]
    events.look()
    assert [event.text for event in told(events)] == ["second", "first"]


def test_a_line_names_its_node_before_the_console_knows_it(qtbot: QtBot) -> None:
    session = FakeSession(view("127.0.0.12", ready()))
    session.nodes[0].lines.append(msgspec.structs.replace(line(1, "gone", LogType.ERROR), node="node2"))
    assert [event.node for event in told(followed(session))] == ["node2"]


def test_silence_and_return_of_a_node(qtbot: QtBot) -> None:
    known = view("node1", ready())
    session = FakeSession(known)
    events = followed(session)
    session.show(silenced(known))
    events.look()
    session.show(silenced(known, ago=38.0))
    events.look()
    back = view("node1", ready())
    session.show(back)
    events.look()
    assert [(event.icon, event.node, event.module) for event in told(events)] == [
        (Silhouette.READY, "node1", ""),
        (Silhouette.UNREACHABLE, "node1", ""),
    ]
    assert told(events)[1].text == "no longer answers this console: timed out"
    assert events.unread == 2


def test_a_module_that_becomes_green_is_told(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", stopped()))
    events = followed(session)
    for module in (starting(), ready(), ready()):
        session.show(view("node1", module))
        events.look()
    assert [(event.icon, event.module, event.text) for event in told(events)] == [
        (Silhouette.READY, "farm", "UP Ready"),
    ]


def test_rows_never_change_their_order(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()), view("node2", ready()))
    session.nodes[0].lines.append(line(5, "shown", LogType.ERROR))
    session.nodes[1].lines.append(line(1))
    events = followed(session)
    session.nodes[1].lines.append(line(2, "late", LogType.ERROR))
    events.look()
    assert [event.text for event in told(events)] == ["late", "shown"]


def test_the_past_of_a_node_that_answers_last_stands_where_it_belongs(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()), view("node2", ready()))
    session.nodes[0].lines += [line(at, f"first {at}", LogType.ERROR) for at in (10, 20, 30)]
    events = followed(session)
    session.nodes[1].lines += [line(at, f"second {at}", LogType.ERROR) for at in (5, 6, 15, 25, 26, 35)]
    events.look()
    assert [int(event.text.split()[1]) for event in told(events)] == [35, 30, 26, 25, 20, 15, 10, 6, 5]
    assert events.unread == 0


def test_what_comes_while_the_list_is_in_view_is_read(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(1))
    events = followed(session)
    events.rowsInserted.connect(events.mark_read)
    numbers: list[int] = []
    events.unread_changed.connect(numbers.append)
    session.nodes[0].lines.append(line(2, "gone", LogType.ERROR))
    events.look()
    assert (events.unread, numbers[-1]) == (0, 0)


def test_it_is_bounded(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines += [line(cursor, type=LogType.ERROR) for cursor in range(1, KEPT + 11)]
    events = followed(session)
    assert events.rowCount() == KEPT
    assert told(events)[0].text == f"line {KEPT + 10}"


def test_today(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines += [
        line(1, type=LogType.ERROR, time=NOW - 3 * 86400),
        line(2, type=LogType.ERROR, time=NOW),
    ]
    assert followed(session).today_text(NOW) == "1 today"


def test_a_forgotten_cluster_is_quiet_and_its_events_stay(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(1, "gone", LogType.ERROR))
    events, model = EventsModel(), SessionModel(session, FakeTasks())
    events.follow(model)
    events.look()
    events.forget(model)
    session.nodes[0].lines.append(line(2, "again", LogType.ERROR))
    events.look()
    assert [event.text for event in told(events)] == ["gone"]
    assert session.subscribers == 1


def test_an_event_names_its_cluster_even_where_two_bear_one_title(qtbot: QtBot) -> None:
    events = EventsModel()
    for number in ("c1", "c2"):
        session = FakeSession(view("node1", ready()), id=number)
        session.nodes[0].lines.append(line(1, f"gone in {number}", LogType.ERROR))
        events.follow(SessionModel(session, FakeTasks()))
    events.look()
    assert {(event.session, event.cluster, event.text) for event in told(events)} == {
        ("c1", "Contoso web", "gone in c1"),
        ("c2", "Contoso web", "gone in c2"),
    }


def test_what_happens_while_the_console_closes_is_not_told(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(1))
    events = followed(session)
    heard: list[object] = []
    events.happened.connect(heard.append)

    def goes(number: int) -> None:
        session.nodes[0].lines.append(line(number, "gone", LogType.ERROR))
        session.tell()

    goes(2)
    qtbot.waitUntil(lambda: len(heard) == 1)
    goes(3)
    events.close()
    goes(4)
    qtbot.wait(3 * BATCH_MILLISECONDS)
    assert len(heard) == 1
