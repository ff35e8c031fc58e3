"""Checkers that ask others, against real sockets of this machine."""

import asyncio
import socket
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from textwrap import dedent

import pytest
import trustme

from nodeagent.adapters.checkers.fetch import BODY_CAP, Fetcher, Trust
from nodeagent.adapters.checkers.http import HttpLook
from nodeagent.adapters.checkers.look import Seen
from nodeagent.adapters.checkers.names import Names, Unresolved
from nodeagent.adapters.checkers.other_module import ModuleLook
from nodeagent.core.events import CheckerResult
from tests.fakes.checking import checking, free_port, job
from tests.fakes.loopback import over_ipv6
from tests.fakes.posted import Posted

ROOT = Path(__file__).resolve().parents[2]
Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server on a free port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            await answer(reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, host, 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def saying(head: str, body: str = "") -> Answer:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        await writer.drain()

    return answer


async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        writer.write(b"x" * 65536)
        await writer.drain()


async def result(kind: str, **params: str) -> CheckerResult:
    """The first result of a checker of this kind."""
    posted = Posted()
    async with checking(posted) as checkers:
        checkers.check("web", (job(kind, **params),))
        return await posted.one(CheckerResult)


# --- tcp ------------------------------------------------------------------------------------


@pytest.mark.covers("checker tcp", "tcp/to@addr", "tcp/to@port")
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=over_ipv6)])
async def test_tcp_good(host: str) -> None:
    async with serving(silence, host) as port:
        seen = await result("tcp", addr=host, port=str(port), timeout="5")
    assert (seen.module, seen.checker, seen.good) == ("web", "tcp.x", True)
    assert seen.text.startswith("answer in ")
    assert 0 <= seen.took < 5


async def test_tcp_closes_with_a_fin_though_the_server_spoke_first() -> None:
    ends: asyncio.Queue[bytes | OSError] = asyncio.Queue()

    async def banner(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            ends.put_nowait(await reader.read())
        except OSError as error:
            ends.put_nowait(error)

    async with serving(banner) as port:
        assert (await result("tcp", addr="127.0.0.1", port=str(port))).good
        assert await ends.get() == b""


@pytest.mark.covers("checker tcp")
async def test_tcp_refused() -> None:
    seen = await result("tcp", addr="127.0.0.1", port=str(free_port()))
    assert (seen.good, seen.text) == (False, "connection refused")


@pytest.mark.covers("tcp/to@timeout")
async def test_tcp_timeout() -> None:
    """A full accept queue does not answer."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
        seen = await result("tcp", addr="127.0.0.1", port=str(server.getsockname()[1]), timeout="0.4")
    assert (seen.good, seen.text) == (False, "no answer within 0.4 s")


async def test_tcp_by_name_tries_the_next_address() -> None:
    """localhost is ::1 first on many machines; the server is on 127.0.0.1 only."""
    async with serving(silence) as port:
        assert (await result("tcp", addr="localhost", port=str(port))).good


@pytest.mark.parametrize("kind", ["tcp", "ping", "ip"])
async def test_a_name_that_does_not_exist(kind: str) -> None:
    seen = await result(kind, addr="nobody.invalid", port="80", timeout="20")
    assert seen.good is False
    assert "nobody.invalid" in seen.text


async def test_all_who_ask_for_a_name_share_one_look_up() -> None:
    names = Names()
    found = await asyncio.gather(*(names.targets("localhost", 10) for _ in range(50)))
    assert all(targets == found[0] for targets in found)
    with pytest.raises(Unresolved):
        await names.targets("fe80::1%nonexistent", 1)


# --- http -----------------------------------------------------------------------------------


@pytest.mark.covers("checker http", "http/to@url", "http/to@status", "http/to@contains")
@pytest.mark.parametrize(
    ("head", "params", "good", "text"),
    [
        ("200 OK", {}, True, "answer in"),
        ("503 Busy", {}, False, "status 503 instead of 200"),
        ("204 No Content", {"status": "200,204"}, True, "answer in"),
        ("404 Not Found", {"status": "200,204"}, False, "status 404 instead of 200 or 204"),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", {}, False, "status 302 instead of 200"),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", {"status": "302"}, True, "answer in"),
        ("200 OK", {"contains": "all is well"}, True, "answer in"),
        ("200 OK", {"contains": "größer"}, False, '"größer" is not in the answer'),
        ("rubbish", {}, False, "the answer is not HTTP"),
    ],
)
async def test_http_answers(head: str, params: dict[str, str], good: bool, text: str) -> None:
    body = "" if "204" in head else "so all is well here"
    async with serving(saying(head, body)) as port:
        seen = await result("http", url=f"http://127.0.0.1:{port}/x", **params)
    assert seen.good is good
    assert seen.text.startswith(text)


@over_ipv6
async def test_http_over_ipv6() -> None:
    async with serving(saying("200 OK", "x"), "::1") as port:
        assert (await result("http", url=f"http://[::1]:{port}/")).good


@pytest.mark.covers("http/to@timeout", "http/to@contains")
async def test_http_refused_closed_and_silent() -> None:
    async def goodbye(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")

    seen = await result("http", url=f"http://127.0.0.1:{free_port()}/")
    assert (seen.good, seen.text) == (False, "connection refused")
    async with serving(goodbye) as port:
        seen = await result("http", url=f"http://127.0.0.1:{port}/")
    assert (seen.good, seen.text) == (False, "the connection was closed without an answer")
    async with serving(half) as port:
        seen = await result("http", url=f"http://127.0.0.1:{port}/", contains="z")
    assert (seen.good, seen.text) == (False, "the answer broke off")
    async with serving(silence) as port:
        seen = await result("http", url=f"http://127.0.0.1:{port}/", timeout="0.3")
    assert (seen.good, seen.text) == (False, "no answer within 0.3 s")
    seen = await result("http", url="http://nobody.invalid/", timeout="20")
    assert seen.good is False
    assert "nobody.invalid" in seen.text


async def test_http_reads_one_mebibyte_of_a_body_that_never_ends() -> None:
    async with serving(flood) as port:
        seen = await result("http", url=f"http://127.0.0.1:{port}/", contains="y", timeout="60")
        fetched = await Fetcher(Names(), Trust(), f"http://127.0.0.1:{port}/", 60).fetch(body=True)
    assert (seen.good, seen.text) == (False, '"y" is not in the first 1024 KiB of the answer')
    assert not isinstance(fetched, Seen)
    assert (len(fetched.body), fetched.whole) == (BODY_CAP, False)


class FakeTrust(Trust):
    """Trusts one authority of a test."""

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__()
        self._context = ssl.create_default_context()
        authority.configure_trust(self._context)

    async def context(self) -> ssl.SSLContext:
        return self._context


async def test_http_over_tls() -> None:
    authority, stranger = trustme.CA(), trustme.CA()

    def server(*names: str) -> AbstractAsyncContextManager[int]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*names).configure_cert(context)
        return serving(saying("200 OK", "x"), tls=context)

    async def look(trust: Trust, port: int, insecure: bool = False) -> Seen:
        fetcher = Fetcher(Names(), trust, f"https://localhost:{port}/", 10, insecure=insecure)
        return await HttpLook(fetcher, "200", "").look()

    async with server("localhost") as port:
        assert (await look(FakeTrust(authority), port)).good
        for trust in (FakeTrust(stranger), Trust()):
            seen = await look(trust, port)
            assert not seen.good
            assert seen.text.startswith("the certificate is not trusted: ")
        assert (await look(Trust(), port, insecure=True)).good
    async with server("other.example") as port:
        seen = await look(FakeTrust(authority), port)
        assert not seen.good
        assert "localhost" in seen.text

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 this is no TLS\r\n")
        await reader.read()

    async with serving(plain) as port:
        seen = await look(FakeTrust(authority), port)
        assert not seen.good
        assert seen.text.startswith("no TLS: ")


# --- module ---------------------------------------------------------------------------------


def standing(state: str, status: str, since: float) -> Answer:
    return saying("200 OK", f'{{"module":"db","state":"{state}","status":"{status}","since":{since},"ready":true}}')


@pytest.mark.covers("checker module", "checker module: restarted")
async def test_another_module() -> None:
    said: list[Answer] = [
        standing("UP", "Ready", 1000),
        standing("UP", "Ready", 1000.4),
        standing("UP", "Transient", 2000),
        standing("UP", "Ready", 2005),
        standing("UP", "Ready", 2005),
        saying("404 Not Found"),
        saying("200 OK", "hello"),
        saying("500 Broken"),
    ]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await said.pop(0)(reader, writer)

    async with serving(answer) as port:
        fetcher = Fetcher(Names(), Trust(), f"http://127.0.0.1:{port}/var/modules/db/status.json", 5)
        look = ModuleLook(fetcher, "db", "node2")
        seen = [await look.look() for _ in range(8)]
    assert [(s.good, s.restarted) for s in seen] == [
        (True, False),
        (True, False),
        (False, False),
        (True, True),
        (True, False),
        (False, False),
        (False, False),
        (False, False),
    ]
    assert seen[2].text == "db on node2 is UP Transient"
    assert seen[5].text == "there is no module db on node2"
    assert seen[6].text == "node2 answers, but not as a health port"


def doing(status: str, phase: str, since: float, started: float) -> Answer:
    told = f'"state":"UP","status":"{status}","phase":"{phase}","since":{since},"started":{started}'
    return saying("200 OK", f"{{{told}}}")


async def test_an_agent_that_only_looks_again_brings_no_news_of_its_module() -> None:
    said: list[Answer] = [
        doing("Ready", "ready", 1000, 1000),
        doing("Transient", "checking after a freeze", 1100, 1000),
        doing("Ready", "ready", 1101, 1000),
        doing("Transient", "adopting the application", 1200, 0),
        doing("Ready", "ready", 1201, 0),
        doing("Transient", "stop_both of restart", 1300, 0),
        doing("Ready", "ready", 1301, 1301),
        doing("Ready", "ready", 1301, 1301),
    ]

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await said.pop(0)(reader, writer)

    async with serving(answer) as port:
        look = ModuleLook(Fetcher(Names(), Trust(), f"http://127.0.0.1:{port}/", 5), "db", "node2")
        seen = [await look.look() for _ in range(8)]
    assert [(s.good, s.restarted) for s in seen] == [
        (True, False),
        (None, False),
        (True, False),
        (None, False),
        (True, False),
        (False, False),
        (True, True),
        (True, False),
    ]
    assert seen[1].text == "db on node2 is UP Transient: checking after a freeze"


async def test_the_own_health_port_that_is_not_open_yet_says_nothing_of_a_module() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        posted = Posted()
        async with checking(posted, health=("", port)) as checkers:
            checkers.check("web", (job("module", name="db", port="9010"),))
            seen = await posted.one(CheckerResult)
            assert (seen.good, seen.text) == (None, "connection refused")
        posted = Posted()
        async with checking(posted, health=("", 1)) as checkers:
            checkers.check("web", (job("module", name="db", addr="127.0.0.1", port=str(port)),))
            seen = await posted.one(CheckerResult)
            assert (seen.good, seen.text) == (False, "connection refused")


async def test_a_module_of_this_node() -> None:
    """Without an address the own public port is asked."""
    posted = Posted()
    async with (
        serving(standing("UP", "Ready", 1)) as port,
        checking(posted, health=("", port)) as checkers,
    ):
        checkers.check("web", (job("module", name="db", port="9010"),))
        seen = await posted.one(CheckerResult)
    assert (seen.good, seen.text) == (True, "db on this node is UP Ready")


# --- ping -----------------------------------------------------------------------------------


def pinged(*command: str) -> str:
    """What the first look of two ping checkers says in another process, one line each."""
    program = dedent("""
        import asyncio
        from nodeagent.adapters.checkers.look import refused
        from nodeagent.adapters.checkers.names import Names
        from nodeagent.adapters.checkers.ping import PingLook
        async def main(host):
            try:
                async with asyncio.timeout(0.7):
                    seen = await PingLook(Names(), host, 0.7).look()
                print(seen.good, seen.text)
            except OSError as error:
                print("late" if isinstance(error, TimeoutError) else refused(error).text)
        for host in ("127.0.0.1", "::1", "192.0.2.1"):
            asyncio.run(main(host))
    """)
    done = subprocess.run(
        [*command, sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def privileged() -> bool:
    if sys.platform != "linux":
        return False
    done = subprocess.run(["unshare", "-n", "true"], capture_output=True, check=False)
    return done.returncode == 0


needs_root = pytest.mark.skipif(not privileged(), reason="needs the right to make network namespaces (Linux, root)")


@pytest.mark.covers("checker ping")
@needs_root
def test_ping_by_raw_socket() -> None:
    lines = pinged("unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh").splitlines()
    assert [line.startswith("True answer in ") for line in lines] == [True, True, False]
    assert lines[2] == "the network is unreachable"


@pytest.mark.covers("checker ping")
@needs_root
def test_ping_by_datagram_socket_without_any_right() -> None:
    setup = (
        'ip link set lo up; echo "0 2147483647" > /proc/sys/net/ipv4/ping_group_range;'
        ' exec setpriv --bounding-set=-net_raw "$@"'
    )
    lines = pinged("unshare", "-n", "sh", "-c", setup, "sh").splitlines()
    assert [line.startswith("True answer in ") for line in lines] == [True, True, False]


@pytest.mark.covers("checker ping")
@needs_root
def test_ping_says_which_right_is_missing() -> None:
    lines = pinged("unshare", "-n", "setpriv", "--bounding-set=-net_raw").splitlines()
    assert len(set(lines)) == 1
    assert lines[0].startswith("None this node may not ping: the agent needs CAP_NET_RAW")


@needs_root
def test_ping_without_an_answer() -> None:
    setup = (
        "ip link add name kg0 type veth peer name kg1; ip addr add 192.0.2.2/24 dev kg0;"
        ' ip link set kg0 up; ip link set kg1 up; ip link set lo up; exec "$@"'
    )
    assert pinged("unshare", "-n", "sh", "-c", setup, "sh").splitlines()[2] == "late"
