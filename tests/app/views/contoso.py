"""The cluster of the pictures: three nodes, two modules, one of each colour; in a real window."""

import msgspec
from pytestqt.qtbot import QtBot

from app.services.nodes import NodeView
from app.viewmodels.events_model import EventsModel
from app.viewmodels.goto_model import GotoModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel
from app.views.main_window import MainWindow
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.contract.status import ModuleStatus, ProbeSource, ResourceStatus
from tests.app.viewmodels.farms import NOW, FakeSession, FakeTasks, line, paused, ready, starting, stopped, view

WHY = "4th restart in 24 h; w3wp.exe gone 4 times; last start_both said “port 80 in use”"


class StillModel(SessionModel):
    """A session model whose clock stands, so that pictures and ages are always the same."""

    def now(self) -> float:
        return NOW


def with_machine(one: NodeView, cpu: float, memory: float, **changes: object) -> NodeView:
    assert one.status is not None
    probes = tuple(
        ProbeSource(module.name, "168.63.129.16", NOW - 3, 5.0, 200 if module.ready else 404)
        for module in one.status.modules
    )
    status = msgspec.structs.replace(one.status, cpu=cpu, memory=memory, probes=probes, **changes)
    return msgspec.structs.replace(one, status=status)


def busy(module: ModuleStatus, last: float) -> ModuleStatus:
    assert module.script is not None
    return msgspec.structs.replace(module, script=msgspec.structs.replace(module.script, last_duration=last))


def resources() -> tuple[ResourceStatus, ...]:
    return (
        ResourceStatus("proc.w3wp.exe", ResourceState.DOWN, NOW - 2401, "noticed in 38 ms"),
        ResourceStatus("tcp.web", ResourceState.DOWN, NOW - 2396, "refused"),
        ResourceStatus("http.home", ResourceState.INIT, NOW - 2396, "checked only while UP"),
        ResourceStatus("custom.db", ResourceState.UP, NOW - 360000, "set by db_checker"),
        ResourceStatus("intf.10.0.0.109", ResourceState.UP, NOW - 360000, "10.0.0.109 is up"),
    )


def contoso() -> FakeSession:
    red = msgspec.structs.replace(stopped(why=WHY), resources=resources())
    session = FakeSession(
        with_machine(view("node1", ready(), paused(ready("api"), NOW + 2280)), 23, 41),
        with_machine(view("node2", ready(), paused(busy(starting("api"), 21.0), NOW + 2280)), 64, 58),
        with_machine(view("node3", red, paused(ready("api"), NOW + 2280)), 11, 36),
    )
    session.nodes[2].lines += [
        line(1, "w3wp.exe (pid 4188) gone; restart began after 38 ms", LogType.ERROR, time=NOW - 2419, node="node3"),
        line(2, "stopped: 4th automatic action in 24 h (3 allowed)", LogType.CRITICAL, time=NOW - 2396, node="node3"),
    ]
    session.nodes[1].lines += [
        line(1, "checkers paused until 14:30 by j.doe", LogType.USER, time=NOW - 120, node="node2", module="api"),
        line(2, "restart by m.lindqvist from WS-104", LogType.USER, time=NOW - 14, node="node2", module="api"),
    ]
    return session


def events_of(model: SessionModel) -> EventsModel:
    events = EventsModel()
    events.follow(model)
    events.look()
    return events


def window_of(qtbot: QtBot, model: SessionModel, width: int = 1280, height: int = 720) -> MainWindow:
    sidebar = SidebarModel()
    sidebar.add(model)
    window = MainWindow(sidebar, GotoModel())
    qtbot.addWidget(window)
    window.resize(width, height)
    window.sidebar.choose(Scope("c1"))
    return window


def still(session: FakeSession) -> StillModel:
    return StillModel(session, FakeTasks())
