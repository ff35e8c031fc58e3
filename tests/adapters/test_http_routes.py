"""Every route by itself: what of the request reaches the agent, and that the agent's answer comes back."""

from collections.abc import AsyncIterator, Callable
from inspect import isawaitable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nodeagent.adapters.http_api.openapi import document
from nodeagent.adapters.http_api.route import Route
from nodeagent.adapters.http_api.routes import ROUTES
from nodeagent.contract import api, order_api, record_api
from nodeagent.contract.enrolment import EnrolJoin
from nodeagent.contract.reach_api import Reach
from nodeagent.contract.revisions import Restore
from nodeagent.contract.states import Action
from nodeagent.contract.vip_status import FloodProbe, WhereQuery
from nodeagent.engine.ports import Caller, Download
from tests.fakes.api_server import Served, served
from tests.fakes.control import FakeControl


class Witness:
    """Hands everything on to a FakeControl, and keeps what was asked and answered."""

    def __init__(self, control: FakeControl) -> None:
        self._control = control
        self.asked: list[tuple[Any, ...]] = []
        self.answers: list[object] = []

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._control, name)

        def call(*args: object, **named: object) -> object:
            self.asked.append((name, *(arg for arg in args if not isinstance(arg, Caller)), *named.values()))
            answer = method(*args, **named)
            if not isawaitable(answer):
                self.answers.append(answer)
                return answer

            async def awaited() -> object:
                self.answers.append(await answer)
                return self.answers[-1]

            return awaited()

        return call


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as started:
        yield started


STAGE = api.StageModule({"conf/userconfig.xml": b"x"}, ("node1",))
CLUSTER = api.StageCluster(b"x", "node1")
JOIN = EnrolJoin("10.0.0.1", "0" * 20, 9001, "node2")
RECORDS = record_api.RecordQuery(after=3, limit=7)

TOLD: dict[str, tuple[str, object, tuple[object, ...]]] = {
    "log": ("/log?after=5&limit=7", None, ("log", 5, "", "", "", 0.0, 0.0, 7, False)),
    "audit": ("/audit?after=3&limit=7", None, ("audit", RECORDS)),
    "resourceHistory": (
        "/modules/web/resources/tcp.x/history?after=3&limit=7",
        None,
        ("history", "web", "tcp.x", RECORDS),
    ),
    "outputs": ("/modules/web/outputs", None, ("outputs", "web")),
    "output": (
        "/modules/web/outputs/x.ulog?offset=1&limit=2",
        None,
        ("output", "web", "x.ulog", record_api.OutputQuery(1, 2)),
    ),
    "metrics": ("/metrics", None, ("metrics",)),
    "snapshot": (
        "/modules/web/snapshot?anonymise=1",
        None,
        ("support_snapshot", "web", record_api.SnapshotQuery(anonymise=True)),
    ),
    "modules": ("/modules", None, ("installed",)),
    "install": ("/modules/new", b"PK", ("install", "new", b"PK")),
    "moduleFiles": ("/modules/web/files", None, ("module_files", "web")),
    "moduleFile": ("/modules/web/files/bin/start_both", None, ("module_file", "web", "bin/start_both")),
    "checkModule": ("/modules/web/check", STAGE, ("check_module", "web", STAGE)),
    "stageModule": ("/modules/web/stage", STAGE, ("stage_module", "web", STAGE)),
    "commitModule": ("/modules/web/commit", {"signature": "s"}, ("commit_module", "web", api.Commit("s"))),
    "moduleArchive": ("/modules/web/archive?revision=2", None, ("module_archive", "web", 2)),
    "expandedModule": ("/modules/web/expanded?revision=2", None, ("expanded_module", "web", 2)),
    "moduleHistory": ("/modules/web/history", None, ("module_history", "web")),
    "revisionFiles": ("/modules/web/history/2/files", None, ("module_files", "web", 2)),
    "revisionFile": ("/modules/web/history/2/files/bin/x", None, ("module_file", "web", "bin/x", 2)),
    "moduleDifference": ("/modules/web/diff?from=1&to=2", None, ("module_difference", "web", 1, 2)),
    "restoreModule": ("/modules/web/restore", {"revision": 1}, ("restore_module", "web", Restore(1))),
    "deconfigureModule": ("/modules/web/deconfig", None, ("deconfigure_module", "web")),
    "uninstall": ("/modules/web", None, ("uninstall", "web")),
    "order": (
        "/modules/web/actions",
        {"action": "wait", "identity": "me"},
        ("order", "web", api.Order(Action.WAIT, "me")),
    ),
    "why": ("/modules/web/why", None, ("why", "web")),
    "print": ("/modules/web/print", {"text": "hello"}, ("print", "web", api.Print("hello"))),
    "switch": (
        "/modules/web/switches",
        {"switch": "errd", "on": False, "seconds": 60},
        ("set_switch", "web", "errd", False, 60.0),
    ),
    "resource": (
        "/modules/web/resources",
        {"name": "custom.x", "value": "down"},
        ("set_resource", "web", "custom.x", "down"),
    ),
    "class": ("/modules/web/classes", {"name": "nightly", "on": True}, ("set_class", "web", "nightly", True)),
    "countLoop": (
        "/modules/web/loop",
        {"identity": "me", "text": "full"},
        ("count_loop", "web", order_api.CountLoop("me", "full")),
    ),
    "resetLoop": ("/modules/web/loop", None, ("reset_loop", "web")),
    "runWithout": ("/modules/web/run-without", {"start": True}, ("run_without", "web", True)),
    "bootSetting": ("/modules/web/boot", None, ("boot", "web")),
    "boot": ("/modules/web/boot", {"on": True, "seconds": 60}, ("set_boot", "web", True, 60.0)),
    "vip": ("/modules/web/vip", None, ("vip", "web")),
    "vipWhere": (
        "/modules/web/vip/where?address=10.0.0.1&port=80",
        None,
        ("where", "web", WhereQuery("10.0.0.1", 80)),
    ),
    "vipGate": ("/modules/web/vip", {"open": True}, ("set_gate", "web", True)),
    "floodProbe": (
        "/vip/flood-probe",
        {"round": "0f" * 16, "address": "10.0.0.100"},
        ("flood_probe", FloodProbe("0f" * 16, "10.0.0.100")),
    ),
    "cluster": ("/cluster", None, ("cluster_info",)),
    "checkCluster": ("/cluster/check", CLUSTER, ("check_cluster", CLUSTER)),
    "stageCluster": ("/cluster/stage", CLUSTER, ("stage_cluster", CLUSTER)),
    "commitCluster": (
        "/cluster/commit",
        {"signature": "s", "confirm_within": 60},
        ("commit_cluster", api.Commit("s", confirm_within=60)),
    ),
    "confirmCluster": ("/cluster/confirm", {"signature": "s"}, ("confirm_cluster", api.Confirm("s"))),
    "rollbackCluster": ("/cluster/rollback", {"signature": "s"}, ("rollback_cluster", api.Confirm("s"))),
    "clusterKey": ("/cluster/key", None, ("generate_key",)),
    "presentClusterKey": ("/cluster/key", None, ("cluster_key",)),
    "clusterHistory": ("/cluster/history", None, ("cluster_history",)),
    "clusterRevision": ("/cluster/history/2", None, ("cluster_xml", 2)),
    "clusterDifference": ("/cluster/diff?from=1&to=2", None, ("cluster_difference", 1, 2)),
    "restoreCluster": (
        "/cluster/restore",
        {"revision": 1, "confirm_within": 60},
        ("restore_cluster", Restore(1, confirm_within=60)),
    ),
    "deconfigureCluster": ("/cluster/deconfig", None, ("deconfigure_cluster",)),
    "enrolOpen": ("/enrol", None, ("open",)),
    "enrolJoin": ("/enrol/join", JOIN, ("join", JOIN)),
    "connectivity": (
        "/connectivity",
        {"address": "127.0.0.1", "port": 9},
        ("reach", Reach("127.0.0.1", 9)),
    ),
}
"""Route → request, and what the agent is asked."""

ELSEWHERE = frozenset(
    {
        *("identity", "openapi", "login", "logout", "status", "events", "clusterUsers", "password"),
        *("tokens", "makeToken", "revokeToken"),
        *("nodeChallenge", "nodeLogin", "relayGet", "relayPost", "relayPut", "relayDelete"),
    }
)
"""Routes that the agent is not asked for, or only together with others: they have tests of their own."""


@pytest.mark.covers("GET /log", "GET /audit", "GET /metrics", "GET /modules", "PUT /modules/{module}")
@pytest.mark.covers("* /modules/{module}/*", "DELETE /modules/{module}", "* /cluster", "POST /connectivity")
@pytest.mark.covers("POST /enrol", "POST /enrol/join", "POST /vip/flood-probe")
@pytest.mark.covers("POST /cluster/*", "* /cluster/key", "GET /cluster/history*", "GET /cluster/diff")
@pytest.mark.parametrize("route", [route for route in ROUTES if route.name not in ELSEWHERE], ids=lambda r: r.name)
async def test_what_reaches_the_agent_and_comes_back(node: Served, route: Route) -> None:
    control, witness = node.control, Witness(node.control)
    control.orders = control.modules = control.clusters = witness  # type: ignore[assignment]
    control.records = control.traffic = control.peers = control.enrolment = witness  # type: ignore[assignment]
    if route.name == "presentClusterKey":
        control.key = bytes(32)
    path, body, asked = TOLD[route.name]
    if route.local:
        answer = await node.local(route.method, path, body)
    else:
        answer = await node.tls(route.method, path, body, await node.token())
    assert answer.status == (204 if route.gives is None else route.status)
    assert witness.asked == [asked]
    (given,) = witness.answers
    if isinstance(given, Download):
        assert answer.body == b"".join(control.zip)
    elif route.gives is bytes:
        assert answer.body == given
    elif route.gives is api.ClusterKey:
        assert msgspec.json.decode(answer.body, type=api.ClusterKey).key == given
    elif route.gives is not None:
        assert msgspec.json.decode(answer.body, type=route.gives) == given


@pytest.mark.covers("GET /identity", "GET /openapi.json", "GET /status", "GET /cluster/users", "POST /logout")
@pytest.mark.covers("POST /login")
async def test_what_the_face_itself_answers(node: Served) -> None:
    token = await node.token()
    assert msgspec.json.decode((await node.tls("GET", "/identity")).body, type=api.Identity) == node.control.identity()
    assert (await node.tls("GET", "/openapi.json")).body == document()
    status = await node.tls("GET", "/status", None, token)
    assert status.body == msgspec.json.encode(node.control.status())
    assert (await node.tls("GET", "/cluster/users", None, token)).body == node.users.data
    assert (await node.tls("POST", "/logout", None, token)).status == 204
    assert (await node.tls("GET", "/status", None, token)).status == 401
