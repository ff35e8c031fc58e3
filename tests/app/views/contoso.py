"""The cluster of the pictures: three nodes, two modules, one of each colour; in a real window."""

import msgspec
from pytestqt.qtbot import QtBot

from app.services.nodes import NodeView
from app.viewmodels.details import DetailsModel
from app.viewmodels.events_model import EventsModel
from app.viewmodels.goto_model import GotoModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel
from app.views.main_window import MainWindow
from nodeagent.contract.api import CauseLink, WhyAnswer
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.contract.status import LanStatus, Listener, ModuleStatus, ProbeSource, ResourceStatus
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


STOP_OUTPUT = "userlog_2030-03-17T17-05-59.100000Z_stop_both.ulog"
FIRST_OUTPUT = "userlog_2030-03-17T17-00-00.000000Z_start_both.ulog"
START_OUTPUT = "userlog_2030-03-17T17-06-21.903000Z_start_both.ulog"
WRITTEN = b"""[13:11:41.903] start_both UP UP restart\r
Import-Module WebAdministration\r
Site "Contoso" found, bindings: http *:80\r
Starting application pool ContosoPool\r
Starting site "Contoso"\r
Start-Website : The process cannot access the\r
file because it is in use by another process.\r
port 80 in use\r
    owner: pid 2284  C:\\Tools\\relay\\relay.exe\r
    listening on 0.0.0.0:80 since 12:58:20\r
WARNING: site is in state Stopped\r
exit 0\r
"""


def storied() -> FakeSession:
    """The same cluster with the story of node3's farm: log, outputs, causes, ports, peers."""
    session = contoso()
    kinds = (
        (LogType.INFO, "errd", "w3wp.exe: 1 process (pid 4188), as asked (at least 1)", ""),
        (LogType.ERROR, "errd", "w3wp.exe (pid 4188) gone: 0xC0000005, access violation", ""),
        (LogType.INFO, "life", "restart by errd: 3rd automatic action in 24 h (3 allowed)", ""),
        (LogType.DEBUG, "health", "ready.txt 404", ""),
        (LogType.SCRIPT, "stop_both", "stop_both: exit code 0 after 0.8 s", STOP_OUTPUT),
        (LogType.SCRIPT, "start_both", "start_both: exit code 0 after 1.4 s", START_OUTPUT),
        (LogType.INFO, "life", "UP Ready; ready.txt 200", ""),
        (LogType.ERROR, "errd", "w3wp.exe (pid 5012) gone: 0xC0000005, access violation", ""),
        (LogType.CRITICAL, "life", "stopping: 4th automatic action in 24 h (3 allowed)", ""),
        (LogType.SCRIPT, "stop_both", "stop_both: exit code 0 after 0.8 s", STOP_OUTPUT),
        (LogType.INFO, "life", "STOP NotReady", ""),
        (LogType.USER, "j.doe", "j.doe from WS-104 paused the checks", ""),
        (LogType.INFO, "membership", "node1 and node2 agree: UP set is node1, node2", ""),
    )
    session.nodes[2].lines[:] = [
        line(20 + place, text, kind, time=NOW - 2440 + 5.3 * place, node="node3", origin=origin, output=output)
        for place, (kind, origin, text, output) in enumerate(kinds)
    ]
    session.files = {STOP_OUTPUT: b"stopped\n", START_OUTPUT: WRITTEN, FIRST_OUTPUT: b"started\n"}
    session.whys["node3"] = WhyAnswer(
        "farm",
        WHY,
        (
            CauseLink("75", NOW - 2440, "w3wp.exe (pid 4188) gone", "errd", "restart", "0xC0000005, access violation"),
            CauseLink("76", NOW - 2416, "start_both: exit code 0", "start_both", "", "port 80 in use", START_OUTPUT),
            CauseLink("77", NOW - 2396, "stopped: 4th automatic action in 24 h (3 allowed)", "maxloop", "stop"),
        ),
    )
    watched = session.nodes[2]
    red = msgspec.structs.replace(watched.view.status.modules[0], counted=4, maxloop=3, loop_interval=86400.0)
    status = watched.view.status
    peers = tuple(
        msgspec.structs.replace(
            peer,
            since=NOW - 90000,
            round_trip=0.0004,
            clock_offset=0.0008,
            version="1.0.0",
            lans=(
                LanStatus("default", f"10.0.0.{number}", True, NOW - 90000),
                LanStatus("private", f"192.168.7.{number}", number != 8, NOW - 700),
            ),
        )
        for number, peer in enumerate(status.peers, 7)
    )
    listeners = (
        Listener("health", "0.0.0.0", 9010, False, "9010 is used by nginx (pid 812)"),
        Listener("api", "0.0.0.0", 9453, True),
        Listener("heartbeat", "10.0.0.9", 4800, True),
    )
    status = msgspec.structs.replace(
        status,
        modules=(red, *status.modules[1:]),
        peers=peers,
        listeners=listeners,
        pin="ab" * 32,
        version="1.0.0",
        boot_id="5f3c2a1e-77",
        started=NOW - 100000,
        cluster_signature="7c1e90a4ffee",
        node_id=3,
    )
    watched.view = msgspec.structs.replace(watched.view, status=status)
    return session


def details_of(session: FakeSession, module: str = "farm", node: str = "node3") -> DetailsModel:
    return DetailsModel(still(session), FakeTasks(), module, node)
