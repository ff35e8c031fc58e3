from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.viewmodels.goto_model import SHOWN, GotoKind, GotoModel, GotoRole
from app.viewmodels.menus import Command, Deed
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope
from tests.app.viewmodels.farms import FakeSession, FakeTasks, ready, stopped, view

PAGES = [("monitoring", "Monitoring"), ("details", "Details")]


def opened(*views: object) -> GotoModel:
    model = GotoModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    session = FakeSession(*(views or (view("node1", ready()), view("node2", stopped()))))  # type: ignore[arg-type]
    model.open(PAGES, [SessionModel(session, FakeTasks())])
    return model


def texts(model: GotoModel) -> list[str]:
    return [model.entry(row).text for row in range(model.rowCount())]


def test_at_first_places_only(qtbot: QtBot) -> None:
    model = opened()
    assert texts(model) == ["Monitoring", "Details", "Contoso web", "farm", "node1", "node2"]
    assert model.entry(0).page == "monitoring"
    assert model.entry(3).scope == Scope("c1", module="farm")
    assert model.index(3, 0).data(GotoRole.HINT) == "Contoso web"


def test_all_words_must_be_found_and_beginnings_come_first(qtbot: QtBot) -> None:
    model = opened()
    model.set_text("e")
    assert "Monitoring" not in texts(model)
    model.set_text("det")
    assert texts(model) == ["Details"]
    model.set_text("NODE2")
    assert texts(model)[0] == "node2"
    model.set_text("no such thing")
    assert texts(model) == []


def test_an_action_carries_its_command(qtbot: QtBot) -> None:
    model = opened()
    model.set_text("start: farm node2")
    found = next(model.entry(row) for row in range(model.rowCount()) if texts(model)[row] == "Start: farm on node2")
    assert found.kind == GotoKind.ACTION
    assert found.session == "c1"
    assert found.entry is not None
    assert found.entry.command == Command(Deed.START, "farm", ("node2",))


def test_an_impossible_action_is_greyed_with_its_reason(qtbot: QtBot) -> None:
    model = opened()
    model.set_text("stop: farm on node2")
    index = model.index(texts(model).index("Stop: farm on node2"), 0)
    assert index.data(GotoRole.HINT) == "already stopped"
    assert not index.flags() & Qt.ItemFlag.ItemIsEnabled


def test_an_action_on_all_nodes_is_found_by_its_verb_alone(qtbot: QtBot) -> None:
    model = opened()
    model.set_text("restart")
    assert texts(model) == ["Restart: farm on all nodes"]


def test_the_list_is_short(qtbot: QtBot) -> None:
    model = opened(*(view(f"node{number}", ready()) for number in range(60)))
    model.set_text("farm")
    assert model.rowCount() == SHOWN
