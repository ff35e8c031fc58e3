"""A cluster with a past: three nodes whose logs tell of an incident, answered as an agent answers."""

from typing import Any

import msgspec

from nodeagent.contract.api import LogLine, LogPage, LogQuery
from nodeagent.contract.states import LogType
from nodeagent.contract.status import ModuleStatus
from tests.app.viewmodels.farms import NODES, NOW, FakeSession, line, ready, view

CRASH = "w3wp.exe (pid 5012) gone: 0xC0000005, access violation"
TOO_OFTEN = "stopped: 4th automatic action in 24 h (3 allowed): w3wp.exe gone (4 times)"
CLOCKS = {"node1": 0.0003, "node2": -0.0012, "node3": 0.0008}
"""What each node's times have to be corrected by, seconds."""
INCIDENT = NOW - 2520
"""When it began."""


class LoggedSession(FakeSession):
    """Its nodes keep a log; what the console has seen of it is in `watcher(node).lines` as ever."""

    def __init__(self, *views: Any, **more: Any) -> None:
        super().__init__(*views, **more)
        self.logs: dict[str, list[LogLine]] = {}

    async def log(self, node: str, query: LogQuery) -> LogPage:
        self._note("log", node, query)
        found = [one for one in self.logs.get(node, ()) if _asked(one, query)]
        found = found[-query.limit :] if query.newest else found[: query.limit]
        return LogPage(tuple(found), found[-1].cursor if found else query.after, NOW)


def _asked(one: LogLine, query: LogQuery) -> bool:
    return (
        one.cursor > query.after
        and (not query.module or one.module == query.module)
        and (not query.types or one.type.value in query.types)
        and query.text.casefold() in one.text.casefold()
        and (not query.since or one.time >= query.since)
        and (not query.until or one.time <= query.until)
    )


def state(when: float, words: str, *, module: str = "farm", phase: str = "phase", by: str = "j.doe") -> dict[str, Any]:
    """A line of a change of state, as the agent writes it."""
    return {"time": when, "text": f"{words}: {phase} (start by {by})", "module": module, "origin": "life"}


def said(when: float, text: str, type: LogType = LogType.ERROR, **more: Any) -> dict[str, Any]:
    """Any other line."""
    return {"time": when, "text": text, "type": type, "module": "farm", "origin": "errd"} | more


def log_of(node: str, *told: dict[str, Any], first: int = 1) -> list[LogLine]:
    """A log in the order of time."""
    ordered = sorted(told, key=lambda one: one["time"])
    return [line(first + at, node=node, **one) for at, one in enumerate(ordered)]


def incident() -> LoggedSession:
    """node3 dies twice and is stopped for good; node2 is frozen for 3.4 s in the middle of it."""
    began = INCIDENT
    green = msgspec.structs.replace(ready(share=50.0), since=NOW - 90000)
    api = msgspec.structs.replace(ready("api", share=33.3), since=NOW - 90000)
    red = ModuleStatus(name="farm", since=began + 64.1, by="maxloop", why="4th automatic action", nodes=NODES)
    frozen = msgspec.structs.replace(green, since=began + 79.0)
    session = LoggedSession(
        _synced("node1", green, api),
        _synced("node2", frozen, msgspec.structs.replace(api, since=began + 79.0)),
        _synced("node3", red, api),
    )
    old = NOW - 90000
    session.logs = {
        "node1": log_of(
            "node1",
            said(old - 9, "agent 1.0.0 starts (pid 12), home /var", LogType.INFO, module="", origin="agent"),
            state(old, "UP Ready"),
            state(old, "UP Ready", module="api"),
            said(began + 20000 - 80000, "start ordered by m.lindqvist", LogType.USER, origin="m.lindqvist"),
        ),
        "node2": log_of(
            "node2",
            state(old, "UP Ready"),
            state(old, "UP Ready", module="api"),
            state(NOW - 70000, "UP Transient", module="api", by="m.lindqvist"),
            state(NOW - 69400, "UP Ready", module="api", by="m.lindqvist"),
            said(began + 74.4, "this node was frozen for 3.4 s", module="", origin="membership"),
            state(began + 74.4, "UP Transient"),
            state(began + 74.4, "UP Transient", module="api"),
            state(began + 79.0, "UP Ready"),
            state(began + 79.0, "UP Ready", module="api"),
        ),
        "node3": log_of(
            "node3",
            state(old, "UP Ready"),
            state(old, "UP Ready", module="api"),
            state(NOW - 48000, "STOP NotReady", by="j.doe"),
            state(NOW - 47400, "UP Ready", by="j.doe"),
            said(began + 41.0, "w3wp.exe (pid 4188) gone: 0xC0000005, access violation"),
            state(began + 41.07, "UP Transient", by="errd"),
            state(began + 43.32, "UP Ready", by="errd"),
            said(began + 59.85, CRASH),
            state(began + 59.9, "UP Transient", by="errd"),
            said(began + 60.0, TOO_OFTEN, LogType.CRITICAL, origin="maxloop"),
            state(began + 64.1, "STOP NotReady", by="maxloop"),
            said(began + 80.0, "j.doe from WS-104 paused the checks", LogType.USER, origin="j.doe"),
        ),
    }
    return session


def _synced(node: str, *modules: ModuleStatus) -> Any:
    """A node that lies against the others as CLOCKS say, by the echo of its heartbeats."""
    one = view(node, *modules, clock=-CLOCKS[node])
    assert one.status is not None
    peers = tuple(
        msgspec.structs.replace(peer, round_trip=0.0006, clock_offset=CLOCKS[node] - CLOCKS[peer.name])
        for peer in one.status.peers
    )
    return msgspec.structs.replace(one, status=msgspec.structs.replace(one.status, peers=peers))
