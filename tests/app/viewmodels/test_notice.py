"""Notifications of the desktop: which events make one, what it says, how often."""

from pytestqt.qtbot import QtBot

from app.viewmodels.events_model import Event, EventsModel
from app.viewmodels.notice import Notice, Notices, notice
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from nodeagent.contract.states import LogType
from tests.app.viewmodels.farms import NOW, FakeSession, FakeTasks, line, ready, silenced, view


def event(text: str, icon: str = "problem", module: str = "farm", node: str = "node1") -> Event:
    return Event(NOW, icon, "red", "c1", "Contoso", module, node, text)


def test_one_event_says_where_and_what() -> None:
    assert notice([event("stopped")]) == Notice("Contoso: farm on node1", "stopped")
    silent = event("no longer answers", Silhouette.UNREACHABLE, module="", node="node3")
    assert notice([silent]) == Notice("Contoso: node3", "no longer answers")


def test_several_are_counted_and_the_first_are_told() -> None:
    told = notice([event(f"gone {number}", node=f"node{number}") for number in range(1, 6)])
    assert told.title == "5 problems"
    assert told.text.splitlines() == ["farm node1: gone 1", "farm node2: gone 2", "farm node3: gone 3", "2 more"]


def test_only_trouble_is_told_and_no_more_often_than_the_rest(qtbot: QtBot) -> None:
    notices, made = Notices(rest=60_000), []
    notices.made.connect(made.append)
    notices.take([event("start ordered by j.doe", "user"), event("UP Ready", Silhouette.READY)])
    assert made == []
    notices.take([event("one")])
    notices.take([event("two")])
    notices.take([event("three")])
    assert [one.text for one in made] == ["one"]
    notices._rest.timeout.emit()
    assert [one.title for one in made] == ["Contoso: farm on node1", "2 problems"]
    notices.take([event("four")])
    notices.drop()
    notices._rest.timeout.emit()
    assert len(made) == 2


def test_what_was_there_before_the_console_looked_is_not_told(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines.append(line(1, "gone", LogType.ERROR))
    events, notices = EventsModel(), Notices()
    made: list[Notice] = []
    notices.made.connect(made.append)
    events.happened.connect(notices.take)
    events.follow(SessionModel(session, FakeTasks()))
    events.look()
    assert made == []
    session.nodes[0].lines.append(line(2, "gone again", LogType.ERROR))
    session.tell()
    qtbot.waitUntil(lambda: [one.text for one in made] == ["gone again"])
    session.show(silenced(session.view()[0]))
    events.look()
    notices._rest.timeout.emit()
    assert made[-1].text.startswith("no longer answers this console")
