"""The API over real sockets: roles, problems, audit, caps, events, the description."""

import asyncio
import base64
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import aiohttp.web
import msgspec
import psutil
import pytest

from nodeagent.adapters.http_api import ApiServer
from nodeagent.adapters.http_api.events import Streams
from nodeagent.adapters.http_api.openapi import document
from nodeagent.adapters.http_api.route import PREFIX, Route, may
from nodeagent.adapters.http_api.routes import ROUTES
from nodeagent.adapters.http_api.server import CONNECTIONS_CAP
from nodeagent.contract import api
from nodeagent.contract.states import LogType, Role
from nodeagent.contract.status import NodeStatus
from tests.fakes.api_server import Answer, Served, part_of, served
from tests.fakes.control import FakeRecords
from tests.fakes.waiting import until

BODIES: dict[str, object] = {
    "enrolJoin": {"address": "10.0.0.1", "code": "0", "port": 9001},
    "login": {"user": "admin", "password": "password-of-admin"},
    "install": b"PK",
    "checkModule": {"files": {"conf/userconfig.xml": "eA=="}, "nodes": ["node1"]},
    "stageModule": {"files": {"conf/userconfig.xml": "eA=="}, "nodes": ["node1"]},
    "commitModule": {"signature": "sig"},
    "restoreModule": {"revision": 1},
    "restoreCluster": {"revision": 1, "confirm_within": 60},
    "order": {"action": "start"},
    "print": {"text": "hello"},
    "switch": {"switch": "errd", "on": False, "seconds": 60},
    "resource": {"name": "custom.db", "value": "down"},
    "class": {"name": "nightly", "on": True},
    "countLoop": {"identity": "watchdog", "text": "queue full"},
    "runWithout": {"start": True},
    "boot": {"on": True, "seconds": 60},
    "connectivity": {"address": "127.0.0.1", "port": 1},
    "floodProbe": {"round": "0" * 32},
    "vipGate": {"open": True},
    "checkCluster": {"xml": "eA==", "name": "node1"},
    "stageCluster": {"xml": "eA==", "name": "node1"},
    "commitCluster": {"signature": "sig", "confirm_within": 60},
    "confirmCluster": {"signature": "sig"},
    "rollbackCluster": {"signature": "sig"},
    "password": {"password": "a new password"},
    "makeToken": {"name": "backup", "role": "monitor"},
}


QUERIES = {"vipWhere": "?address=10.0.0.1"}
"""Of routes that do nothing without one."""


def path_of(route: Route) -> str:
    names = {
        "{module}": "web",
        "{path}": "bin/start_both",
        "{name}": "userlog_x.ulog",
        "{resource}": "custom.db",
        "{user}": "admin",
        "{token}": "prometheus",
        "{number}": "2",
    }
    path = route.path + QUERIES.get(route.name, "")
    for name, value in names.items():
        path = path.replace(name, value)
    return path


def is_problem(answer: Answer, status: int, kind: str) -> None:
    assert answer.status == status, answer
    assert answer.headers["content-type"].startswith("application/problem+json")
    said = msgspec.json.decode(answer.body, type=api.ProblemDetail)
    assert said.status == status
    assert said.type == f"urn:keepgreen:{kind}"
    assert said.detail
    assert "Traceback" not in said.detail


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as started:
        yield started


def test_roles_include_each_other() -> None:
    table = {(role, needed): may(role, needed) for role in Role for needed in Role}
    assert [needed for needed in Role if table[Role.MONITOR, needed]] == [Role.MONITOR]
    assert [needed for needed in Role if table[Role.CONTROL, needed]] == [Role.MONITOR, Role.CONTROL]
    assert all(table[Role.ADMIN, needed] for needed in Role)


def test_the_roles_are_those_of_the_specification() -> None:
    named = {route.name: route.role for route in ROUTES}
    assert [name for name, role in named.items() if role is None] == [
        "identity",
        "openapi",
        "login",
        "nodeChallenge",
        "nodeLogin",
    ]
    assert [n for n, role in named.items() if role is Role.CONTROL] == [
        "order",
        "print",
        "switch",
        "resource",
        "class",
        "countLoop",
        "resetLoop",
        "runWithout",
        "vipGate",
        "floodProbe",
        "connectivity",
        "relayPost",
        "relayDelete",
    ]
    assert {r.name for r in ROUTES if r.role is Role.MONITOR and r.method != "GET"} == {"logout"}
    assert {route.name for route in ROUTES if route.local} == {"print", "password", "enrolOpen", "enrolJoin"}
    assert all(
        route.changes
        or route.name
        in ("logout", "print", "checkModule", "checkCluster", "nodeChallenge", "nodeLogin", "connectivity")
        for route in ROUTES
        if route.method != "GET"
    )


KEYS_AND_RELAYS = "node"
"""What begins so is tested in test_http_nodes: it takes a key, or a second node."""


@pytest.mark.parametrize(
    "route",
    [route for route in ROUTES if not (route.relayed or route.name.startswith(KEYS_AND_RELAYS))],
    ids=lambda route: route.name,
)
async def test_every_role_on_every_route(node: Served, route: Route) -> None:
    body = BODIES.get(route.name)
    assert (body is None) == (route.takes is None)
    if route.name == "presentClusterKey":
        node.control.key = bytes(32)
    if route.name == "revokeToken":
        await node.users.add_token("prometheus", Role.MONITOR)
    if route.role is None:
        assert (await node.tls(route.method, path_of(route), body)).status == route.status
        return
    is_problem(await node.tls(route.method, path_of(route), body), 401, "login-required")
    is_problem(await node.tls(route.method, path_of(route), body, token="no such token"), 401, "login-required")
    for role in Role:
        token = await node.token(role)
        answer = await node.tls(route.method, path_of(route), body, token)
        if route.local:
            is_problem(answer, 403, "local-only")
        elif not may(role, route.role):
            is_problem(answer, 403, "role")
        elif route.stream:
            is_problem(answer, 400, "bad-request")
        elif route.gives is None:
            assert (answer.status, answer.body) == (204, b"")
        else:
            assert answer.status == route.status
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["server"] == "keepgreen"
            if route.gives is not bytes:
                msgspec.json.decode(answer.body, type=route.gives)


async def test_what_reaches_the_agent(node: Served) -> None:
    token = await node.token()
    await node.tls("POST", "/modules/web/actions", {"action": "stop", "wait": 1}, token)
    await node.tls("POST", "/modules/web/switches", BODIES["switch"], token)
    await node.tls("POST", "/modules/web/resources", BODIES["resource"], token)
    await node.tls("POST", "/modules/web/boot", {"on": True}, token)
    await node.tls("POST", "/modules/web/stage", BODIES["stageModule"], token)
    await node.tls("GET", "/log?after=5&module=web&types=EC&text=a%20b&from=1.5&to=2&limit=7&newest=1", None, token)
    assert node.control.calls == [
        ("admin", "web", "stop"),
        ("admin", "web", "errd", False, 60.0),
        ("admin", "web", "custom.db", "down"),
        ("admin", "web", True, 0.0),
        ("admin", "stage", "web", {"conf/userconfig.xml": b"x"}),
        (
            "log",
            {
                "after": 5,
                "module": "web",
                "types": "EC",
                "text": "a b",
                "since": 1.5,
                "until": 2.0,
                "limit": 7,
                "newest": True,
            },
        ),
    ]
    assert (await node.tls("GET", "/modules/web/files/bin/start_both", None, token)).body == b"bin/start_both"
    assert (await node.tls("GET", "/modules/web/outputs/x%20y.ulog", None, token)).body == b"x y.ulog"
    key = (await node.tls("POST", "/cluster/key", None, token)).json["key"]
    assert base64.b64decode(key) == node.control.key
    is_problem(await node.tls("POST", "/cluster/key", None, token), 409, "key-exists")
    assert (await node.tls("GET", "/cluster/users", None, token)).body == node.users.data


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/nothing", None, 404, "not-found"),
        ("GET", "!/", None, 404, "not-found"),
        ("GET", "!/api/v2/status", None, 404, "not-found"),
        ("DELETE", "/modules/web/files", None, 405, "method-not-allowed"),
        ("GET", "/modules/web/history/0/files", None, 404, "no-revision"),
        ("GET", "/modules/web/history/x/files", None, 404, "no-revision"),
        ("GET", "/modules/web/history/%C2%B2/files/bin/a", None, 404, "no-revision"),
        ("GET", "/cluster/history/99999999999999999999", None, 404, "no-revision"),
        ("GET", "/cluster/history/7", None, 404, "no-revision"),
        ("POST", "/modules/web/restore", {"revision": 0}, 400, "bad-request"),
        ("GET", "/login", None, 405, "method-not-allowed"),
        ("POST", "/modules/none/actions", {"action": "start"}, 404, "no-such-module"),
        ("POST", "/modules/we%20b/actions", {"action": "start"}, 400, "bad-name"),
        ("GET", "/modules/web/files/..%2f..%2fkey.pem", None, 400, "bad-name"),
        ("GET", "/modules/web/files/%2fetc/passwd", None, 400, "bad-name"),
        ("GET", "/modules/web/outputs/..%2fkey.pem", None, 400, "bad-name"),
        ("GET", "/modules/web/outputs/..%5ckey.pem", None, 400, "bad-name"),
        ("POST", "/modules/web/actions", {"action": "explode"}, 400, "bad-request"),
        ("POST", "/modules/web/actions", {"action": 1}, 400, "bad-request"),
        ("POST", "/modules/web/actions", b"", 400, "bad-request"),
        ("POST", "/modules/web/actions", b"\xff\xfe", 400, "bad-request"),
        ("POST", "/modules/web/actions", b'{"action":"start","identity":"\\ud800"}', 400, "bad-request"),
        ("POST", "/modules/web/actions", b'{"x":' * 10000, 400, "bad-request"),
        ("POST", "/modules/web/actions", b"[" * 60000, 400, "bad-request"),
        ("POST", "/modules/web/actions", b'{"action":"' + b"x" * 70000 + b'"}', 413, "too-large"),
        ("POST", "/modules/web/switches", {"switch": "errd", "on": "yes"}, 400, "bad-request"),
        ("POST", "/modules/web/switches", {"switch": "all", "on": True}, 400, "bad-request"),
        ("POST", "/modules/web/switches", {"switch": "errd", "on": True, "seconds": -1}, 400, "bad-request"),
        ("POST", "/modules/web/resources", {"name": "nodot", "value": "up"}, 400, "bad-request"),
        ("POST", "/modules/web/resources", {"name": "custom.a", "value": "sideways"}, 400, "bad-request"),
        ("GET", "/log?limit=99999", None, 400, "bad-request"),
        ("GET", "/log?after=-1", None, 400, "bad-request"),
        ("GET", "/log?from=nan", None, 400, "bad-request"),
        ("GET", "/log?types=XYZ", None, 400, "bad-request"),
        ("GET", "/events?after=x", None, 400, "bad-request"),
        ("GET", "/events?before=1", None, 400, "bad-request"),
        ("GET", "/log?since=1", None, 400, "bad-request"),
        ("GET", "/cluster/diff?earlier=1", None, 400, "bad-request"),
        ("GET", "/modules/web/diff?form=1", None, 400, "bad-request"),
    ],
)
async def test_mistakes_are_problems(
    node: Served, method: str, path: str, body: object, status: int, kind: str
) -> None:
    answer = await node.tls(method, path, body, await node.token())
    is_problem(answer, status, kind)
    if status == 405:
        assert answer.headers["allow"]


async def test_a_refused_order_says_why(node: Served) -> None:
    node.control.refuses_orders = True
    answer = await node.tls("POST", "/modules/web/actions", {"action": "start"}, await node.token())
    is_problem(answer, 409, "refused")
    assert answer.json["detail"] == "web is stopping"


async def test_a_bug_is_one_log_line_and_tells_the_client_nothing(node: Served) -> None:
    node.control.broken = True
    answer = await node.tls("GET", "/status", None, await node.token())
    is_problem(answer, 500, "internal")
    assert b"secret" not in answer.body
    (line,) = node.records.lines
    assert "RuntimeError: a secret detail" in line
    assert "\n" not in line


async def test_chunked_bodies_have_the_cap_too(node: Served) -> None:
    token = await node.token()
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=node.client_context())
    writer.write(
        f"POST {PREFIX}/modules/web/actions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n".encode()
    )
    writer.write(chunk * 3)
    async with asyncio.timeout(20):
        assert b" 413 " in await reader.readline()
    writer.close()


async def test_a_compressed_body_is_not_unpacked(node: Served) -> None:
    import gzip

    bomb = gzip.compress(b'{"action":"start","identity":"' + b" " * 5_000_000 + b'"}')
    answer = await node.tls("POST", "/modules/web/actions", bomb, await node.token(), {"Content-Encoding": "gzip"})
    is_problem(answer, 400, "bad-request")


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nbad header\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: " + b"a" * 20000 + b"\r\n\r\n",
    ],
)
async def test_what_is_not_http_is_a_problem(node: Served, raw: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=node.client_context())
    writer.write(raw)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"application/problem+json" in answer
    assert b"Traceback" not in answer


async def test_a_body_that_is_not_utf_8_is_a_problem(node: Served) -> None:
    before = list(node.records.lines)
    answer = await node.tls("POST", "/login", b'{"user": "\xff", "password": "x"}')
    is_problem(answer, 400, "bad-request")
    assert node.records.lines == before


async def test_changes_are_audited_and_secrets_are_not(node: Served) -> None:
    admin, monitor = await node.token(), await node.token(Role.MONITOR)
    node.records.audited.clear()
    await node.tls("POST", "/modules/web/actions", {"action": "stop", "identity": "me"}, admin)
    await node.tls("POST", "/modules/none/actions", {"action": "start"}, admin)
    await node.tls("POST", "/modules/web/actions", {"action": "start"}, monitor)
    await node.tls("POST", "/modules/web/actions", {"action": "start"})
    await node.tls("GET", "/status", None, admin)
    await node.local("POST", "/users/admin/password", {"password": "hidden-password"})
    await node.local("POST", "/users/admin/password", {"password": "short"})
    await node.tls("POST", "/login", {"user": "ad\nmin", "password": "hidden-password"})
    node.control.broken = True
    await node.local("POST", "/modules/web/boot", {"on": True})
    audited = node.records.audited
    local = "local administrator" if sys.platform == "win32" else psutil.Process().username()
    assert [(who, command) for who, _, command, _ in audited] == [
        ("admin", "order web stop -i me"),
        ("admin", "order none start"),
        ("monitor", "order web"),
        (local, "password admin"),
        (local, "password admin"),
        ("-", "login ad?min"),
        (local, "boot web on"),
    ]
    assert [result.split(":")[0] for *_, result in audited] == [
        "ok",
        "refused",
        "refused",
        "ok",
        "refused",
        "refused",
        "refused",
    ]
    assert audited[1][3] == "refused: no module none is installed on node1"
    assert audited[0][1] == "127.0.0.1"
    assert audited[3][1] == "local"
    assert "hidden" not in str(audited)
    assert "secret" not in str(audited)
    assert sum("unexpected error" in line for line in node.records.lines) == 1


async def test_a_checker_that_says_the_same_again_leaves_no_trace_in_the_audit(node: Served) -> None:
    """It says so in every round: a year of administrators' actions must not be pushed out by it."""
    for value in ("up", "up", "up", "down", "down", "up"):
        await node.local("POST", "/modules/web/resources", {"name": "custom.db", "value": value})
    await node.local("POST", "/modules/web/resources", {"name": "custom.other", "value": "up"})
    await node.local("POST", "/modules/none/resources", {"name": "custom.db", "value": "up"})
    assert [told for *_, told, _ in node.records.audited] == [
        *(f"resource web custom.db={value}" for value in ("up", "down", "up")),
        "resource web custom.other=up",
        "resource none custom.db=up",
    ]
    assert len(node.control.calls) == 7, "the module hears all of them: results in a row are counted"


async def test_description_is_served_and_on_file(node: Served) -> None:
    answer = await node.tls("GET", "/openapi.json")
    assert answer.body == document()
    assert (Path(__file__).parents[2] / "resources" / "openapi.json").read_bytes() == document(), (
        "run: python -m nodeagent.adapters.http_api.openapi resources/openapi.json"
    )


def test_description_is_whole() -> None:
    said = json.loads(document())
    assert said["openapi"] == "3.1.0"
    described = {(path, method) for path, item in said["paths"].items() for method in item}
    assert described == {(PREFIX + route.path, route.method.lower()) for route in ROUTES}
    names = [operation["operationId"] for item in said["paths"].values() for operation in item.values()]
    assert len(set(names)) == len(ROUTES)
    schemas = said["components"]["schemas"]

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if "$ref" in node else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    used = references(said)
    assert used
    assert {reference.rpartition("/")[2] for reference in used} <= set(schemas)


@pytest.mark.covers("GET /events")
async def test_events_come_whole_first_and_then_as_they_happen(node: Served) -> None:
    token = await node.token(Role.MONITOR)
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            f"https://127.0.0.1:{node.port}{PREFIX}/events?after=3",
            ssl=node.client_context(),
            headers={"Authorization": f"Bearer {token}"},
        ) as stream,
    ):
        first = msgspec.json.decode((await stream.receive(20)).data, type=api.Event)
        assert isinstance(first.status, msgspec.Raw)
        assert msgspec.json.decode(first.status, type=NodeStatus).node == "node1"
        await stream.send_str("what a client says does not matter")
        line = api.LogLine(4, 1.0, "node1", "web", "agent", LogType.INFO, "later")
        node.control.emit(api.Event(lines=(line,)))
        second = msgspec.json.decode((await stream.receive(20)).data, type=api.Event)
        assert second.lines == (line,)
        node.logins.logout(token)
        node.control.emit(api.Event(lines=(line,)))
        assert (await stream.receive(20)).type is aiohttp.WSMsgType.CLOSE
        assert stream.close_code == 1008


async def test_events_end_with_the_agent(tmp_path: Path) -> None:
    async with aiohttp.ClientSession() as session:
        async with served(tmp_path) as node:
            stream = await session.ws_connect(
                f"https://127.0.0.1:{node.port}{PREFIX}/events",
                ssl=node.client_context(),
                headers={"Authorization": f"Bearer {await node.token()}"},
            )
            await stream.receive(20)
        assert (await stream.receive(20)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        await stream.close()


async def test_idle_logout_ends_the_session(node: Served) -> None:
    token = await node.token()
    assert (await node.tls("POST", "/logout", None, token)).status == 204
    is_problem(await node.tls("GET", "/status", None, token), 401, "login-required")


async def test_a_new_password_ends_the_sessions_of_the_old(node: Served) -> None:
    admin, monitor = await node.token(), await node.token(Role.MONITOR)
    assert (await node.local("POST", "/users/admin/password", {"password": "another one"})).status == 204
    assert (await node.tls("GET", "/status", None, admin)).status == 401
    assert (await node.tls("GET", "/status", None, monitor)).status == 200
    assert node.keeping.kept == node.users.data
    is_problem(await node.local("POST", "/users/nobody/password", {"password": "another one"}), 404, "no-such-user")


@pytest.mark.covers("POST /users/{user}/password", "POST /login")
async def test_first_password_makes_admin(tmp_path: Path) -> None:
    async with served(tmp_path, b"") as node:
        assert not node.users.password_set
        assert node.users.data == b""
        assert (await node.local("POST", "/users/admin/password", {"password": "first of all"})).status == 204
        assert node.users.password_set
        answer = await node.tls("POST", "/login", {"user": "admin", "password": "first of all"})
        assert answer.json["role"] == "admin"
        await until(lambda: node.keeping.kept != b"")


async def test_a_client_that_does_not_read_is_cut() -> None:
    asked = 0

    async def flood() -> AsyncIterator[api.Event]:
        nonlocal asked
        line = api.LogLine(1, 1.0, "node1", "web", "agent", LogType.INFO, "x" * 1_000_000)
        while True:
            asked += 1
            yield api.Event(lines=(line,))

    async def allowed() -> bool:
        return True

    streams = Streams(send_limit=0.3)
    ended = asyncio.Event()

    async def handler(request: aiohttp.web.Request) -> aiohttp.web.StreamResponse:
        try:
            return await streams.serve(request, flood(), allowed)
        finally:
            ended.set()

    app = aiohttp.web.Application()
    app.router.add_get("/events", handler)
    runner = aiohttp.web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    await aiohttp.web.TCPSite(runner, "127.0.0.1", 0).start()
    with socket.create_connection(runner.addresses[0][:2]) as deaf:
        deaf.sendall(
            b"GET /events HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        async with asyncio.timeout(20):
            await ended.wait()
    assert 0 < asked < 100
    await runner.cleanup()


async def test_a_busy_port_is_waited_for_and_told(tmp_path: Path) -> None:
    async with served(tmp_path) as node:
        records = FakeRecords()
        second = ApiServer(
            part_of(node.control, node.users, node.logins, node.keys),
            node.keys.server_context(),
            address="127.0.0.1",
            port=node.port,
            audit=records.audit,
            say=records.say,
        )
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(second.run())
            await until(lambda: second.listeners[0].problem != "")
            assert f"{node.port} is used by " in second.listeners[0].problem
            task.cancel()
        assert len(records.lines) == 1


async def test_connections_are_bounded(node: Served) -> None:
    open_ones = [await node.open_local() for _ in range(CONNECTIONS_CAP)]
    reader, writer, _ = await node.open_local()
    async with asyncio.timeout(20):
        assert await reader.read() == b""
    writer.close()
    assert (await node.tls("GET", "/identity")).status == 200, "the other transport has its own places"
    for _, other, _ in open_ones:
        other.close()


async def test_revisions_of_modules_and_of_the_cluster(node: Served) -> None:
    token = await node.token()
    whole = await node.tls("GET", "/modules/web/archive?revision=2", None, token)
    assert (whole.headers["content-type"], whole.body) == ("application/zip", b"PK 2")
    assert (await node.tls("GET", "/modules/web/expanded", None, token)).headers["content-type"] == "application/xml"
    assert (await node.tls("GET", "/modules/web/history/2/files/bin/a", None, token)).body == b"bin/a of 2"
    assert [line["number"] for line in (await node.tls("GET", "/cluster/history", None, token)).json] == [2, 1]
    assert (await node.tls("GET", "/cluster/history/1", None, token)).body == b"<cluster/>"
    for place in ("/modules/web/diff", "/cluster/diff"):
        found = (await node.tls("GET", f"{place}?from=1&to=2", None, token)).json
        assert (found["earlier"], found["later"]) == (1, 2)
    await node.tls("POST", "/modules/web/restore", {"revision": 1}, token)
    await node.tls("POST", "/cluster/restore", {"revision": 1, "confirm_within": 30}, token)
    await node.tls("POST", "/modules/web/deconfig", None, token)
    assert (await node.tls("DELETE", "/modules/db", None, token)).json == {"backup": "/backups/db.safe"}
    await node.tls("POST", "/cluster/deconfig", None, token)
    assert node.control.calls == [
        ("admin", "restore", "web", 1),
        ("admin", "restore", 1, 30.0),
        ("admin", "deconfig", "web"),
        ("admin", "uninstall", "db"),
        ("admin", "deconfig"),
    ]
    audited = [command for _, _, command, _ in node.records.audited[-5:]]
    assert audited == [
        "restoreModule web revision 1",
        "restoreCluster revision 1",
        "deconfigureModule web",
        "uninstall db",
        "deconfigureCluster",
    ]
