"""The public port as load balancers and hostile clients meet it: raw sockets, no HTTP library."""

import asyncio
import json
import re
import socket
import struct
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from nodeagent.adapters.http_public import HealthServer
from nodeagent.adapters.http_public.connection import CONNECTIONS_CAP, Connection
from nodeagent.adapters.http_public.page import look_of, page
from nodeagent.adapters.http_public.probes import SOURCES_CAP, Probes
from nodeagent.adapters.http_public.server import METHODS
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus
from tests.fakes.control import STATUS, FakeRecords
from tests.fakes.loopback import has_ipv6
from tests.fakes.waiting import until

OK = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
    b"Cache-Control: no-store\r\nConnection: close\r\n\r\nOK\n"
)


class Node:
    """A running server with the module `web` Ready."""

    def __init__(self, address: str = "127.0.0.1", port: int = 0) -> None:
        self.records = FakeRecords()
        self.on_time = True
        self.server = HealthServer(address, port, self.records.say, lambda: self.on_time)
        self.server.set_status(STATUS)
        self.server.set_ready("web", True)

    @property
    def port(self) -> int:
        return self.server.listeners[0].port

    async def ask(self, data: bytes, end: bool = False) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(data)
        if end:
            writer.write_eof()
        try:
            async with asyncio.timeout(20):
                return await reader.read()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def get(self, path: str, method: str = "GET") -> tuple[int, bytes, bytes]:
        answer = await self.ask(f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), head, body


@asynccontextmanager
async def running(node: Node) -> AsyncIterator[Node]:
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(node.server.run())
        await until(lambda: all(listener.open for listener in node.server.listeners))
        yield node
        task.cancel()


@pytest.fixture
async def node() -> AsyncIterator[Node]:
    async with running(Node()) as started:
        yield started


@pytest.mark.covers("health 200", "health head options", "health headers")
async def test_ready_is_exactly_these_bytes(node: Node) -> None:
    for method in (b"GET", b"OPTIONS"):
        assert await node.ask(method + b" /var/modules/web/ready.txt HTTP/1.0\r\n\r\n") == OK
    assert await node.ask(b"HEAD /var/modules/web/ready.txt HTTP/1.1\r\n\r\n") == OK[:-3]


@pytest.mark.covers("health 404 not ready", "health query", "health headers", "health live.txt")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/var/modules/web/ready.txt?x=1&module=db", 200),
        ("http://elsewhere:1/var/modules/web/ready.txt", 200),
        ("/var/modules/db/ready.txt", 404),
        ("/var/modules/none/ready.txt", 404),
        ("/var/modules/web/../web/ready.txt", 404),
        ("/var/modules/web/ready.txt/", 404),
        ("/var/modules/WEB/ready.txt", 404),
        ("/var/modules/db/live.txt", 200),
        ("/var/modules/none/live.txt", 404),
        ("/var/modules/none/status.json", 404),
        ("/", 200),
        ("/api/v1/identity", 404),
        ("*", 404),
    ],
)
async def test_paths(node: Node, path: str, status: int) -> None:
    found, head, body = await node.get(path)
    assert found == status
    assert b"Connection: close" in head
    assert b"Cache-Control: no-store" in head
    assert f"Content-Length: {len(body)}".encode() in head
    if status == 404:
        assert body == b"NOT FOUND\n"


@pytest.mark.covers("health 404 late", "health 404 not ready", "health live.txt")
async def test_not_ready_and_not_on_time_are_404(node: Node) -> None:
    node.server.set_ready("web", False)
    assert (await node.get("/var/modules/web/ready.txt"))[0] == 404
    node.server.set_ready("web", True)
    node.on_time = False
    assert (await node.get("/var/modules/web/ready.txt"))[0] == 404
    assert (await node.get("/var/modules/web/live.txt"))[0] == 404
    assert json.loads((await node.get("/var/modules/web/status.json"))[2])["ready"] is False
    node.on_time = True
    assert (await node.get("/var/modules/web/ready.txt"))[0] == 200


@pytest.mark.covers("health 405")
async def test_other_methods_are_405(node: Node) -> None:
    for method in ("POST", "PUT", "DELETE", "get", "CONNECT"):
        status, head, _ = await node.get("/var/modules/web/ready.txt", method)
        assert status == 405
        assert b"Allow: GET, HEAD, OPTIONS" in head
    body = await node.ask(b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000)
    assert body.startswith(b"HTTP/1.1 405 ")


@pytest.mark.covers("health status.json")
async def test_status_file_has_no_causes(node: Node) -> None:
    said = json.loads((await node.get("/var/modules/web/status.json"))[2])
    assert said == {
        "node": "node1",
        "module": "web",
        "state": "UP",
        "status": "Ready",
        "since": 1.0,
        "share": 50.0,
        "ready": True,
        "phase": "",
        "started": 1.0,
    }
    assert b"secret" not in (await node.get("/var/modules/db/status.json"))[2]


async def test_page_names_all_with_word_colour_and_glyph(node: Node) -> None:
    text = (await node.get("/"))[2].decode()
    assert "node1" in text
    assert '<span class="green">✔ UP Ready</span>' in text
    assert '<span class="red">✖ STOP NotReady</span>' in text
    assert '<span class="orange">↻ WAIT Transient</span>' in text
    assert '<span class="grey">– NOT CONFIGURED</span>' in text
    assert "node&lt;2&gt;" in text
    assert "✖ not heard: silent for 1.0 s" in text
    assert "secret" not in text
    assert "prefers-color-scheme" in text
    assert "This agent is late" in page(STATUS, on_time=False).decode()


class FakeModules(tuple[ModuleStatus, ...]):
    """Modules that count how often somebody looks at all of them."""

    looks = 0

    def __iter__(self) -> Iterator[ModuleStatus]:
        type(self).looks += 1
        return super().__iter__()


async def test_the_page_is_made_once_for_each_status(node: Node) -> None:
    node.server.set_status(replace(STATUS, modules=FakeModules(STATUS.modules)))
    before = FakeModules.looks
    first = await node.get("/")
    assert [await node.get("/") for _ in range(3)] == [first] * 3
    assert await node.get("/", "HEAD") == (200, first[1], b"")
    assert FakeModules.looks == before + 1
    node.on_time = False
    assert b"This agent is late" in (await node.get("/"))[2]
    node.on_time = True
    assert await node.get("/") == first
    node.server.set_status(replace(STATUS, node="another"))
    assert b"another" in (await node.get("/"))[2]


async def test_nothing_is_known_before_the_first_status() -> None:
    node = Node()
    node.server = HealthServer("127.0.0.1", 0, node.records.say, lambda: True)
    node.server.set_ready("web", True)
    async with running(node):
        assert (await node.get("/"))[0] == 404
        assert (await node.get("/var/modules/web/status.json"))[0] == 404
        assert (await node.get("/var/modules/web/ready.txt"))[0] == 200
        node.server.set_status(STATUS)
        assert (await node.get("/var/modules/web/ready.txt"))[0] == 200


@pytest.mark.covers("health header cap")
async def test_header_cap_and_nonsense(node: Node) -> None:
    start = b"GET /var/modules/web/ready.txt HTTP/1.1\r\n"
    assert await node.ask(start + b"A: " + b"a" * 1900 + b"\r\n\r\n") == OK
    assert (await node.ask(start + b"A: " + b"a" * 500_000)).startswith(b"HTTP/1.1 431 ")
    assert (await node.ask(start + b"A: " + b"a" * 2100 + b"\r\n\r\n")).startswith(b"HTTP/1.1 431 ")
    assert (await node.ask(b"\x16\x03\x01\x02\x00\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert (await node.ask(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).startswith(b"HTTP/1.1 400 ")
    assert await node.ask(b"\r\n" + start + b"\n") == OK
    assert await node.ask(start, end=True) == b""
    assert await node.ask(start + b"\r\n", end=True) == OK


@pytest.mark.covers("health FIN")
async def test_pipelined_requests_get_one_answer_and_a_clean_end(node: Node) -> None:
    one = b"GET /var/modules/web/ready.txt HTTP/1.1\r\nHost: x\r\n\r\n"
    assert await node.ask(one * 2000) == OK


@pytest.mark.covers("health FIN")
def test_clients_that_send_on_see_an_end_not_a_reset() -> None:
    """Blocking client in a thread: recv must give the answer and then b"", never ECONNRESET."""

    def client(port: int) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n")
            got = b""
            while data := sock.recv(4096):
                got += data
                sock.sendall(b"more " * 1000)
            sock.sendall(b"and more" * 1000)
            return got

    async def many() -> None:
        async with running(Node()) as node:
            port = node.port
            answers = await asyncio.gather(*(asyncio.to_thread(client, port) for _ in range(20)))
            assert answers == [OK] * 20

    asyncio.run(many())


@pytest.mark.covers("health idle cut", "health 200 connections")
async def test_hundreds_of_slow_clients_delay_nobody_and_are_cut(node: Node) -> None:
    slow = [await asyncio.open_connection("127.0.0.1", node.port) for _ in range(200)]
    for _, writer in slow:
        writer.write(b"GET /var/modules/web/ready.txt HTT")
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await node.ask(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n") == OK
    assert loop.time() - began < 4.0
    for _, writer in slow[::2]:
        writer.write(b"P")  # trickling does not extend the five seconds
    async with asyncio.timeout(20):
        for reader, _ in slow:
            assert await reader.read() == b""
    for _, writer in slow:
        writer.close()


@pytest.mark.covers("health probes")
async def test_probes_are_counted_per_source(node: Node) -> None:
    for _ in range(3):
        await node.get("/var/modules/web/ready.txt")
    node.server.set_ready("web", False)
    await node.get("/var/modules/web/ready.txt")
    await node.get("/var/modules/none/ready.txt")
    await node.get("/var/modules/web/live.txt")
    (probe,) = node.server.probes
    assert (probe.module, probe.source, probe.answered) == ("web", "127.0.0.1", 404)
    assert 0 < probe.every < 20
    assert probe.last > 1_700_000_000


def test_probe_sources_are_bounded_and_the_oldest_goes() -> None:
    now = [0.0]
    probes = Probes(lambda: now[0], lambda: 1000.0 + now[0])
    for at in range(SOURCES_CAP + 10):
        now[0] = float(at)
        probes.count("web", f"10.0.0.{at}", 200)
        probes.count("web", "balancer", 200)
    seen = {probe.source: probe for probe in probes.sources()}
    assert len(seen) == SOURCES_CAP
    assert "10.0.0.0" not in seen
    assert seen["balancer"].every == pytest.approx(1.0)
    assert seen["balancer"].last == 1000.0 + SOURCES_CAP + 9
    assert seen[f"10.0.0.{SOURCES_CAP}"].every == 0.0


@pytest.mark.covers("health busy port")
async def test_busy_port_is_named_and_taken_over_when_free() -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        node = Node(port=port)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(node.server.run())
            await until(lambda: node.server.listeners[0].problem != "")
            (listener,) = node.server.listeners
            assert not listener.open
            assert listener.problem.startswith(f"{port} is used by ")
            holder.close()
            await until(lambda: node.server.listeners[0].open)
            assert await node.ask(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n") == OK
            task.cancel()
    assert [line[:1] for line in node.records.lines] == ["E", "I"]
    assert not node.server.listeners[0].open


async def test_missing_address_is_waited_for() -> None:
    node = Node("192.0.2.77", 9010)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(node.server.run())
        await until(lambda: node.server.listeners[0].problem != "")
        task.cancel()
    assert node.records.lines == [
        "E health port: 9010 waits for the address 192.0.2.77, which this machine does not have;"
        " tried again every second"
    ]


@pytest.mark.covers("health families")
async def test_every_address_is_served_by_a_socket_of_each_family() -> None:
    node = Node("")
    async with running(node):
        places = {listener.address: listener.port for listener in node.server.listeners}
        assert "0.0.0.0" in places
        if "::" in places and has_ipv6():
            reader, writer = await asyncio.open_connection("::1", places["::"])
            writer.write(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n")
            assert await reader.read() == OK
            writer.close()
            assert [probe.source for probe in node.server.probes] == ["::1"]
        assert ("::" in places) != any("no IPv6" in line for line in node.records.lines)


async def test_stopping_ends_connections_and_frees_the_port() -> None:
    node = Node()
    async with running(node):
        port = node.port
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.sleep(0)
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_clients_that_reset_leave_no_trace(node: Node) -> None:
    noise: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: noise.append(context))

    def slam() -> None:
        for at in range(100):
            with socket.create_connection(("127.0.0.1", node.port), timeout=20) as sock:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                sock.sendall(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n"[: 60 - at % 30])

    await asyncio.gather(*(asyncio.to_thread(slam) for _ in range(4)))
    assert await node.ask(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n") == OK
    assert not noise


requests = st.one_of(
    st.binary(max_size=3000),
    st.builds(
        lambda method, path, rest: method + b" " + path + b" HTTP/1.1\r\n" + rest + b"\r\n\r\n",
        st.sampled_from((*METHODS, b"POST", b"")),
        st.one_of(st.binary(max_size=60), st.sampled_from((b"/", b"/var/modules/web/ready.txt", b"http://", b"//"))),
        st.binary(max_size=100),
    ),
)


@given(data=st.lists(requests, min_size=1, max_size=20))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes_end_in_a_known_answer(data: list[bytes]) -> None:
    async def attack() -> None:
        async with running(Node()) as node:
            answers = await asyncio.gather(*(node.ask(request, end=True) for request in data))
            assert all(answer == b"" or answer[9:12] in (b"200", b"400", b"404", b"405", b"431") for answer in answers)
            assert await node.ask(b"GET /var/modules/web/ready.txt HTTP/1.1\r\n\r\n") == OK
            assert node.records.lines == []

    asyncio.run(attack())


def test_looks_tell_states_apart_without_colour() -> None:
    looks = [look_of(True, state, status)[1:] for state in (State.STOP, State.WAIT) for status in Status]
    assert len(set(looks)) == len(looks)


class FakeTransport(asyncio.Transport):
    """Remembers that it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = False

    def close(self) -> None:
        self.closed = True

    def get_write_buffer_size(self) -> int:
        return 0


async def test_over_the_cap_the_oldest_connection_goes() -> None:
    others: dict[Connection, None] = {}
    transports = [FakeTransport() for _ in range(CONNECTIONS_CAP + 2)]
    connections = [Connection(lambda method, target, source: b"", others) for _ in transports]
    for connection, transport in zip(connections, transports, strict=True):
        connection.connection_made(transport)
    assert [transport.closed for transport in transports] == [True, True, *[False] * CONNECTIONS_CAP]
    for connection in connections:
        connection.connection_lost(None)
    assert not others


async def test_the_mosaic_page_stands_alone(node: Node) -> None:
    status, head, body = await node.get("/mosaic")
    assert status == 200
    assert await node.get("/safekit/mosaic.html?m=web") == (status, head, body)
    text = body.decode()
    assert '<option value="web">' in text
    assert "@" not in text.replace("@media", "")
    assert not re.search(r"https?://|src=|<link|import ", text)
    script = re.search(r"<script>(.*)</script>", text, re.DOTALL)
    assert script is not None
    allowed = b64encode(sha256(script[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'".encode() in head
    assert "prefers-color-scheme" in text


@pytest.mark.parametrize(
    ("query", "state"),
    [("", None), ("m=web", "UP Ready"), ("c=1&m=slow&x=%zz", "WAIT Transient"), ("m=draft", "NOT CONFIGURED")],
)
async def test_who_answers_each_connection(node: Node, query: str, state: str | None) -> None:
    node.server.set_status(replace(STATUS, node_id=7))
    status, head, body = await node.get(f"/safekit/mosaic/who?{query}")
    assert status == 200
    assert b"Connection: close" in head
    assert b"Cache-Control: no-store" in head
    module = next((part[2:] for part in query.split("&") if part[:2] == "m="), None)
    named = {"module": module, "state": state} if module else {}
    assert json.loads(body) == {"node": "node1", "colour": 7, **named}


async def test_who_says_no_in_words(node: Node) -> None:
    status, _, body = await node.get("/safekit/mosaic/who?m=nothing")
    assert (status, json.loads(body)["error"]) == (404, "this node has no module of this name")
    assert (await node.get("/safekit/mosaic/who?m=%ff%00&m=web"))[0] == 404
    starting = Node()
    starting.server = HealthServer("127.0.0.1", 0, starting.records.say, lambda: True)
    async with running(starting):
        assert (await starting.get("/safekit/mosaic/who?m=web"))[0] == 503
        assert (await starting.get("/mosaic"))[0] == 200


async def test_a_late_agent_still_says_who_it_is(node: Node) -> None:
    node.on_time = False
    node.server.set_ready("web", False)
    assert (await node.get("/safekit/mosaic/who?m=web"))[0] == 200
