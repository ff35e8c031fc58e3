import pytest
from pytestqt.qtbot import QtBot

from app.viewmodels.menus import Command, Deed
from app.viewmodels.order_answers import OrderAnswers
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import OrderAnswer, ProblemDetail
from nodeagent.contract.states import Action
from tests.app.viewmodels.farms import FakeSession, FakeTasks, FakeWatched, line, ready, silenced, stopped, view


def model_of(session: FakeSession) -> tuple[SessionModel, list[tuple[str, bool]]]:
    model = SessionModel(session, FakeTasks())
    answers: list[tuple[str, bool]] = []
    model.answered.connect(lambda text, done: answers.append((text, done)))
    return model, answers


def test_many_changes_are_painted_ten_times_a_second_and_the_last_is_not_lost(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    model, _ = model_of(session)
    painted: list[Silhouette] = []
    model.changed.connect(lambda: painted.append(model.farm.worst))
    for _ in range(50):
        session.show(view("node1", stopped()))
        session.show(view("node1", ready()))
    session.show(silenced(view("node1", ready())))
    assert painted == [Silhouette.STOP]
    qtbot.waitUntil(lambda: len(painted) == 2)
    assert painted[-1] == Silhouette.UNREACHABLE


def test_log_lines_alone_repaint_nothing(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    model, _ = model_of(session)
    before = model.farm
    session.nodes[0].lines.append(line(1))
    session.tell()
    assert model.farm is before


def test_a_node_that_left_is_gone(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()), view("node2", ready()))
    model, _ = model_of(session)
    session.show(view("node1", ready()))
    assert [row.name for row in model.farm.nodes] == ["node1"]


def test_a_cluster_without_a_title_is_called_by_its_first_node(qtbot: QtBot) -> None:
    assert SessionModel(FakeSession(view("node1"), title=""), FakeTasks()).title == "Cluster of node1"
    assert SessionModel(FakeSession(title=""), FakeTasks()).title == "New cluster"


def test_an_order_goes_to_each_node_and_its_answers_come_back(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", stopped()), view("node2", stopped()))
    session.answer = OrderAnswer(True, "start accepted")
    model, answers = model_of(session)
    model.perform(Command(Deed.START, "farm", ("node1", "node2")))
    assert session.called == [("order", node, "farm", Action.START) for node in ("node1", "node2")]
    assert answers == [("farm on 2 nodes: start accepted", True)]


def test_nodes_that_answer_alike_are_told_together_refusals_last(qtbot: QtBot) -> None:
    told: list[tuple[str, bool]] = []
    answers = OrderAnswers("farm", ("node1", "node2", "node3", "node4", "node5"))
    answers.told.connect(lambda text, done: told.append((text, done)))
    answers.take("node4", "timed out", False)
    answers.take("node3", "start accepted", True)
    answers.take("node1", "start accepted", True)
    assert told == []
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told == [("farm on node1 and node3: start accepted", True), ("farm on node4: timed out", False)]
    answers.take("node5", "start accepted", True)
    answers.take("node2", "timed out", False)
    assert told[2:] == [("farm on node5: start accepted", True), ("farm on node2: timed out", False)]


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (CallFailed(Trouble.TIMED_OUT, "4 s"), "farm on node1: timed out"),
        (
            CallFailed(Trouble.DENIED, "409", ProblemDetail("urn:x", "x", 409, "the module is stopping")),
            "farm on node1: the module is stopping",
        ),
    ],
)
def test_a_failed_order_says_why(qtbot: QtBot, failure: CallFailed, text: str) -> None:
    session = FakeSession(view("node1", stopped()))
    session.failure = failure
    model, answers = model_of(session)
    model.perform(Command(Deed.START, "farm", ("node1",)))
    assert answers == [(text, False)]


def test_pause_and_resume_set_the_switches(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    model, answers = model_of(session)
    model.perform(Command(Deed.PAUSE, "farm", ("node1",), 900.0))
    model.perform(Command(Deed.RESUME, "farm", ("node1",)))
    assert session.called == [
        ("switch", "node1", "farm", "errd", False, 900.0),
        ("switch", "node1", "farm", "checker", False, 900.0),
        ("switch", "node1", "farm", "errd", True, 0.0),
        ("switch", "node1", "farm", "checker", True, 0.0),
        ("switch", "node1", "farm", "failover", True, 0.0),
    ]
    assert [done for _, done in answers] == [True, True]


def test_boot_start(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    model, answers = model_of(session)
    model.perform(Command(Deed.BOOT_OFF, "farm", ("node1",)))
    assert session.called == [("boot", "node1", "farm", False)]
    assert answers == [("farm on node1: does not start at boot", True)]


def test_what_leads_somewhere_is_asked_of_the_window(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", stopped()))
    model, _ = model_of(session)
    asked: list[Command] = []
    model.asked.connect(asked.append)
    model.perform(Command(Deed.WHY, "farm", ("node1",)))
    assert asked == [Command(Deed.WHY, "farm", ("node1",))]
    assert session.called == []


def test_try_again_wakes_the_watcher(qtbot: QtBot) -> None:
    session = FakeSession(silenced(view("node1", ready())))
    model_of(session)[0].perform(Command(Deed.RETRY, "", ("node1",)))
    assert session.nodes[0].retried == 1


def test_a_closed_model_hears_nothing(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    model, _ = model_of(session)
    model.close()
    assert session.subscribers == 0


def test_try_again_on_a_node_that_has_left_is_nothing(qtbot: QtBot) -> None:
    class LeftSession(FakeSession):
        def watcher(self, node: str) -> FakeWatched:
            raise CallFailed(Trouble.UNREACHABLE, f"there is no node {node} here")

    model = SessionModel(LeftSession(view("node1", ready())), FakeTasks())
    model.perform(Command(Deed.RETRY, "", ("node1",)))
