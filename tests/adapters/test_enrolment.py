"""Enrolment over real TLS on the loopback: what is let in, and everything that is not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import aiohttp.web
import msgspec
import pytest

from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.adapters.enrolment import LARGEST, OPEN, PER_SECOND, TRIES, EnrolmentPort, Registry
from nodeagent.adapters.tls import NodeKeys
from nodeagent.agent.control.enrolment import registry_of
from nodeagent.client.enrolling import enrol
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.pinned import pinned_context
from nodeagent.contract.api import Commit, StageCluster
from nodeagent.contract.enrolment import (
    CODE_BYTES,
    Challenge,
    Enrolled,
    Hello,
    Proof,
    Side,
    Welcome,
    code_of,
    key_of,
    mac_of,
    said_by,
)
from nodeagent.engine.ports import Refused
from nodeagent.home import Home
from tests.fakes.api_server import free_port
from tests.fakes.control import FakeRecords
from tests.fakes.waiting import until

HERE = "127.0.0.1"
NONCE = bytes(range(16))
WRONG = key_of("0" * 20)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Site:
    """A node that can be open, and a new one."""

    def __init__(self, directory: Path) -> None:
        self.own, self.newcomer, self.other = (NodeKeys(directory / name) for name in ("own", "new", "other"))
        self.records, self.clock = FakeRecords(), Clock()
        self.known: dict[str, str] = {}
        self.objection = ""
        self.port = self.at(free_port())

    def at(self, port: int) -> EnrolmentPort:
        return EnrolmentPort(
            self.own.pin,
            self.own.server_context(),
            Registry(lambda: "node1", lambda proof, pin: self.objection, self.known.__setitem__),
            address=HERE,
            port=port,
            audit=self.records.audit,
            say=self.records.say,
            monotonic=self.clock,
        )

    async def join(self, port: int, code: bytes) -> Enrolled:
        return await enrol((HERE, port), code, self.newcomer, name="node2", uuid="u-2", nonce=NONCE)

    def results(self) -> list[str]:
        return [result for *_, result in self.records.audited]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    made = Site(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(made.port.run())
        await asyncio.sleep(0)
        yield made
        running.cancel()


async def asked(site: Site, port: int, body: bytes, *, path: str = "/enrol", method: str = "POST") -> tuple[int, bytes]:
    connector = aiohttp.TCPConnector(ssl=pinned_context(site.own.pin), force_close=True)
    async with (
        aiohttp.ClientSession(connector=connector) as session,
        session.request(method, f"https://{HERE}:{port}{path}", data=body) as answer,
    ):
        return answer.status, await answer.read()


async def challenged(site: Site, port: int) -> bytes:
    _, body = await asked(site, port, msgspec.json.encode(Hello()))
    return msgspec.json.decode(body, type=Challenge).nonce


def proof_of(site: Site, nonce: bytes, code: bytes, **other: object) -> Proof:
    """As the newcomer makes it, with what is `other`: met (a pin), name, key, signer."""
    key, signer = other.get("key", site.newcomer), other.get("signer", site.newcomer)
    assert isinstance(key, NodeKeys)
    assert isinstance(signer, NodeKeys)
    said = said_by(Side.JOINS, key.pin, str(other.get("met", site.own.pin)), (NONCE, nonce), "node2", "u-2")
    name = str(other.get("name", "node2"))
    return Proof(nonce, NONCE, name, "u-2", key.public_key, mac_of(code, said), signer.sign(said))


@pytest.mark.covers("listen.enrol_port")
async def test_two_nodes_learn_each_others_key_and_the_code_is_used(site: Site) -> None:
    opened = await site.port.open("root")
    assert (await site.join(opened.port, key_of(opened.code.lower()))) == Enrolled("node1", site.own.pin, "node2")
    assert site.known == {"node2": site.newcomer.pin}
    assert site.records.audited == [("-", HERE, "enrol node2", f"ok, pin {site.newcomer.pin}")]
    assert not site.port.is_open
    with pytest.raises(CallFailed, match="is not open") as failed:
        await site.join(opened.port, key_of(opened.code))
    assert failed.value.trouble is Trouble.REFUSED
    assert not any(opened.code in line for line in site.records.lines)
    again = await site.port.open("root")
    assert again.code != opened.code
    with pytest.raises(CallFailed, match="4 more tries"):
        await site.join(again.port, key_of(opened.code))


async def test_five_wrong_codes_close_it(site: Site) -> None:
    opened = await site.port.open("root")
    for left in range(TRIES - 1, 0, -1):
        with pytest.raises(CallFailed, match=f"{left} more tries"):
            await site.join(opened.port, WRONG)
    with pytest.raises(CallFailed, match="once too often"):
        await site.join(opened.port, WRONG)
    assert not site.port.is_open
    with pytest.raises(CallFailed, match="is not open"):
        await site.join(opened.port, key_of(opened.code))
    assert (site.known, len(site.results())) == ({}, TRIES)
    assert "wrong 5 times" in site.records.lines[-1]


async def test_a_code_that_is_too_old_is_worth_nothing(site: Site) -> None:
    opened = await site.port.open("root")
    site.clock.now += OPEN
    with pytest.raises(CallFailed, match="enrolment is closed"):
        await site.join(opened.port, key_of(opened.code))
    assert site.known == {}


async def test_a_proof_is_good_for_one_challenge(site: Site) -> None:
    """Somebody who has overheard a proof cannot use it, not even while the code is good."""
    opened = await site.port.open("root")
    site.objection = "node2 is a node of this cluster with another key"
    code, nonce = key_of(opened.code), await challenged(site, opened.port)
    overheard = msgspec.json.encode(proof_of(site, nonce, code))
    status, body = await asked(site, opened.port, overheard)
    assert (status, site.objection.encode() in body) == (409, True)
    site.objection = ""
    status, body = await asked(site, opened.port, overheard)
    assert (status, b"used already" in body) == (409, True)
    later = msgspec.structs.replace(proof_of(site, nonce, code), nonce=await challenged(site, opened.port))
    assert (await asked(site, opened.port, msgspec.json.encode(later)))[0] == 403
    assert site.known == {}


@pytest.mark.parametrize("forged", ["met", "name", "key", "signer"])
async def test_every_part_of_a_proof_counts(site: Site, forged: str) -> None:
    opened = await site.port.open("root")
    nonce = await challenged(site, opened.port)
    good = proof_of(site, nonce, key_of(opened.code))
    match forged:
        case "met":
            wrong = proof_of(site, nonce, key_of(opened.code), met=site.other.pin)
        case "name":
            wrong = msgspec.structs.replace(good, name="node3")
        case "key":
            wrong = msgspec.structs.replace(good, public_key=site.other.public_key)
        case _:
            wrong = proof_of(site, nonce, key_of(opened.code), signer=site.other)
    status, body = await asked(site, opened.port, msgspec.json.encode(wrong))
    assert (status, b"4 more tries" in body, site.known) == (403, True, {})
    assert await site.join(opened.port, key_of(opened.code))


async def relay(context: ssl.SSLContext, port: int) -> tuple[asyncio.Server, int]:
    """Somebody in between: ends TLS with a key of his own and passes every byte on."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.transport.abort()

    async def passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, to = await asyncio.open_connection(HERE, port, ssl=pinned_context(None))
        await asyncio.gather(pump(reader, to), pump(there, writer))

    server = await asyncio.start_server(passed_on, HERE, 0, ssl=context)
    return server, server.sockets[0].getsockname()[1]


async def test_somebody_in_between_gets_nowhere(site: Site) -> None:
    opened = await site.port.open("root")
    server, port = await relay(site.other.server_context(), opened.port)
    with pytest.raises(CallFailed, match="somebody is in between: 4 more tries"):
        await site.join(port, key_of(opened.code))
    server.close()
    await server.wait_closed()
    assert (site.known, site.port.is_open) == ({}, True)
    assert await site.join(opened.port, key_of(opened.code))


@pytest.mark.parametrize("reflects", [False, True])
async def test_a_node_that_does_not_know_the_code_is_not_trusted(site: Site, reflects: bool) -> None:
    """A stranger that says yes to everything, or sends the newcomer's own proof back."""

    async def answer(request: aiohttp.web.BaseRequest) -> aiohttp.web.Response:
        said = msgspec.json.decode(await request.read(), type=Hello | Proof)
        told: object = Challenge(NONCE)
        if isinstance(said, Proof):
            told = Welcome("node2", said.mac if reflects else bytes(32))
        return aiohttp.web.Response(body=msgspec.json.encode(told))

    handlers = aiohttp.web.Server(answer)
    server = await asyncio.get_running_loop().create_server(handlers, HERE, 0, ssl=site.other.server_context())
    with pytest.raises(CallFailed, match="does not know the code"):
        await site.join(server.sockets[0].getsockname()[1], WRONG)
    server.close()
    await handlers.shutdown()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/enrol", b"", 404),
        ("POST", "/api/v1/identity", b"{}", 404),
        ("POST", "/enrol", b"", 400),
        ("POST", "/enrol", b'{"type": "proof"}', 400),
        ("POST", "/enrol", b"\xff", 400),
        ("POST", "/enrol", b" " * (LARGEST + 1), 413),
    ],
)
async def test_there_is_one_route_for_small_requests(
    site: Site, method: str, path: str, body: bytes, status: int
) -> None:
    opened = await site.port.open("root")
    answered, said = await asked(site, opened.port, body, method=method, path=path)
    assert (answered, list(msgspec.json.decode(said))) == (status, ["detail"])
    assert await site.join(opened.port, key_of(opened.code))


async def test_many_requests_have_to_wait(site: Site) -> None:
    opened = await site.port.open("root")
    for _ in range(PER_SECOND):
        assert (await asked(site, opened.port, b"", method="GET"))[0] == 404
    assert (await asked(site, opened.port, b"", method="GET"))[0] == 429
    site.clock.now += 1
    assert await site.join(opened.port, key_of(opened.code))


async def test_a_port_that_is_taken_is_named_and_nothing_is_open(site: Site) -> None:
    server = await asyncio.start_server(lambda *_: None, HERE, 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(Refused, match=f"port {port} is used by"):
        await site.at(port).open("root")
    server.close()
    await server.wait_closed()


async def test_what_is_no_open_node_is_one_sentence(site: Site) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        writer.close()

    server = await asyncio.start_server(plain, HERE, 0)
    with pytest.raises(CallFailed, match="no node that is open"):
        await site.join(server.sockets[0].getsockname()[1], WRONG)
    server.close()
    await server.wait_closed()


async def test_it_closes_with_the_agent(tmp_path: Path) -> None:
    site = Site(tmp_path)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(site.port.run())
        await asyncio.sleep(0)
        opened = await site.port.open("root")
        running.cancel()
    await until(lambda: not site.port.is_open)
    with pytest.raises(CallFailed, match="is not open"):
        await site.join(opened.port, key_of(opened.code))


def test_who_has_enrolled_counts_when_a_cluster_names_him(tmp_path: Path) -> None:
    home = Home(tmp_path, tmp_path / "var")
    store = ClusterStore(home)
    lines = "".join(f'<node name="node{n}" addr="127.0.0.{n}"/>' for n in (1, 2))
    xml = f'<cluster><lans><lan name="default">{lines}</lan></lans></cluster>'.encode()
    store.remember("node2", "b" * 64)
    store.remember("node3", "c" * 64)
    assert ClusterStore(home).known == {"node2": "b" * 64, "node3": "c" * 64}
    committed = store.commit(Commit(store.stage(StageCluster(xml, "node1", pins={"node1": "a" * 64})).signature))
    assert (committed.pins, store.known) == ({"node1": "a" * 64, "node2": "b" * 64}, {"node3": "c" * 64})
    store.remember("node2", "d" * 64)
    given = StageCluster(xml, "node1", pins={"node1": "a" * 64, "node2": "e" * 64})
    assert store.commit(Commit(store.stage(given).signature)).pins["node2"] == "e" * 64, "what is said now counts more"
    store.leave()
    assert store.known == {}


def test_who_cannot_be_taken_is_told_why(tmp_path: Path) -> None:
    store = ClusterStore(Home(tmp_path, tmp_path / "var"))
    xml = b'<cluster><lans><lan name="default"><node name="node1" addr="127.0.0.1"/>'
    xml += b'<node name="node2" addr="127.0.0.2"/></lan></lans></cluster>'
    pins = {"node1": "a" * 64, "node2": "b" * 64}
    store.commit(Commit(store.stage(StageCluster(xml, "node1", pins=pins)).signature))
    objection = registry_of(store).objection
    proof = Proof(NONCE, NONCE, "node2", "u-2", b"", b"", b"")
    assert "with another key" in objection(proof, "c" * 64)
    assert objection(proof, "b" * 64) == ""
    assert objection(msgspec.structs.replace(proof, name="node3"), "c" * 64) == ""
    assert "--as NAME" in objection(msgspec.structs.replace(proof, name="node1"), "c" * 64)
    assert "a copy of this node" in objection(msgspec.structs.replace(proof, uuid=store.uuid), "c" * 64)


def test_a_code_is_read_however_it_is_typed() -> None:
    code = code_of(bytes(range(CODE_BYTES)))
    assert [len(part) for part in code.split("-")] == [5, 5, 5, 5]
    assert key_of(code) == key_of(code.lower().replace("-", " ")) == key_of(code.replace("0", "o").replace("1", "L"))
    assert len({code_of(number.to_bytes(CODE_BYTES)) for number in range(1000)}) == 1000


@pytest.mark.parametrize("code", ["", "7K2QX", "U" * 20, "0" * 21, "é" * 20])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(ValueError, match="20 letters and digits"):
        key_of(code)


def test_a_field_cannot_reach_into_the_next() -> None:
    made: Callable[[str, str], bytes] = lambda name, uuid: said_by(Side.JOINS, "a", "b", (NONCE, NONCE), name, uuid)  # noqa: E731
    assert made("node1", "1") != made("node", "11")
