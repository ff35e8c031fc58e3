"""The client of other agents: the pin before any byte, one error with a reason, the typed calls."""

import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from nodeagent.adapters.tls import NodeKeys
from nodeagent.client.api_client import ApiClient
from nodeagent.client.configuration import restoring
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract import api
from nodeagent.contract.revisions import DiffQuery, Restore
from nodeagent.contract.states import Action, LogType, Role
from tests.fakes.api_server import PASSWORDS, Served, free_port, served


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as started:
        yield started


async def trouble_of(client: ApiClient) -> CallFailed:
    async with client:
        with pytest.raises(CallFailed) as failed:
            await client.connect()
    return failed.value


async def test_the_calls_of_a_console(node: Served) -> None:
    async with ApiClient("127.0.0.1", node.port, node.keys.pin) as client:
        assert (await client.connect()).node == "node1"
        session = await client.login("admin", PASSWORDS[Role.ADMIN])
        assert session.role is Role.ADMIN
        assert (await client.status()).node == "node1"
        assert (await client.log(api.LogQuery(limit=3, newest=True))).next == 2
        assert node.control.calls[-1][1]["newest"] is True  # type: ignore[index]
        key = await client.cluster_key()
        assert key == node.control.key
        assert (await client.stage_cluster(api.StageCluster(b"<cluster/>", "node1", keys=(key,)))).ok
        assert (await client.commit_cluster(api.Commit("sig"))).signature == "sig"
        assert (await client.stage_module("web", api.StageModule({"bin/x": b"\x00\xff"}, ("node1",)))).revision == 2
        assert node.control.calls[-1] == ("admin", "stage", "web", {"bin/x": b"\x00\xff"})
        assert (await client.commit_module("web", api.Commit("sig"))).revision == 2
        assert (await client.order("web", api.Order(Action.START))).accepted
        assert (await client.why("web")).sentence == "it is green"
        assert await client.cluster_users() == node.users.data
        assert (await client.call("PUT", "/modules/new", api.ModuleInfo, b"PK")).name == "new"
        assert await client.call("GET", "/modules/web/files/bin/x", bytes) == b"bin/x"
        await client.call("POST", "/modules/web/boot", type(None), api.SetBoot(True))
        await client.logout()
        with pytest.raises(CallFailed) as failed:
            await client.status()
        assert failed.value.problem is not None
        assert failed.value.problem.status == 401


async def test_revisions_and_the_ways_out(node: Served) -> None:
    async with ApiClient("127.0.0.1", node.port, node.keys.pin) as client:
        await client.login("admin", PASSWORDS[Role.ADMIN])
        assert [line.number for line in await client.module_history("web")] == [2, 1]
        assert (await client.cluster_history())[0].current
        query = DiffQuery(earlier=1, later=2)
        assert (await client.module_difference("web", query)).later == 2
        assert (await client.cluster_difference(query)).earlier == 1
        assert (await client.cluster_difference(DiffQuery())).later == 0
        assert await client.module_contents("web") == {"bin/start_both": b"bin/start_both"}
        assert await client.module_contents("web", 2) == {"bin/start_both": b"bin/start_both of 2"}
        assert await client.module_archive("web", 1) == b"PK 1"
        assert await client.expanded_module("web") == b"<safe/>"
        assert await client.cluster_revision(1) == b"<cluster/>"
        assert [module.name for module in await client.modules()] == ["web"]
        assert not (await client.install("new", b"PK")).configured
        assert (await client.restore_module("web", Restore(1))).waits == ("farm/lan@name: waits for the next start",)
        assert (await client.restore_cluster(Restore(2, confirm_within=60.0))).configured
        assert not (await client.deconfigure_module("web")).configured
        assert (await client.uninstall("web")).backup == "/backups/web.safe"
        assert not (await client.deconfigure_cluster()).configured
        await client.cluster_key()
        assert await client.present_cluster_key() == node.control.key
        again = await restoring(client, "web", 1)
        assert (again.files, again.nodes) == ({"bin/start_both": b"bin/start_both of 1"}, ("node1",))


async def test_events_stream(node: Served) -> None:
    async with ApiClient("127.0.0.1", node.port, node.keys.pin) as client:
        await client.login("monitor", PASSWORDS[Role.MONITOR])
        line = api.LogLine(4, 1.0, "node1", "web", "agent", LogType.INFO, "hello")
        node.control.emit(api.Event(lines=(line,)))
        got = []
        async with asyncio.timeout(20):
            async for event in client.events():
                got.append(event)
                if len(got) == 2:
                    break
        assert got[1].lines == (line,)


async def test_refusals_carry_the_agents_sentence(node: Served) -> None:
    async with ApiClient("127.0.0.1", node.port, node.keys.pin) as client:
        with pytest.raises(CallFailed) as failed:
            await client.login("admin", "wrong")
        assert failed.value.trouble is Trouble.WRONG_PASSWORD
        await client.login("monitor", PASSWORDS[Role.MONITOR])
        with pytest.raises(CallFailed) as failed:
            await client.order("web", api.Order(Action.STOP))
        assert failed.value.trouble is Trouble.DENIED
        assert str(failed.value) == "this needs the role control, monitor has monitor"
        with pytest.raises(CallFailed) as failed:
            await client.call("GET", "/identity", api.LogPage)
        assert failed.value.trouble is Trouble.NOT_UNDERSTOOD


async def test_no_password_before_the_pin_is_confirmed(node: Served) -> None:
    async with ApiClient("127.0.0.1", node.port) as client:
        assert (await client.connect()).pin == node.keys.pin
        with pytest.raises(CallFailed, match="before its fingerprint is confirmed"):
            await client.login("admin", PASSWORDS[Role.ADMIN])
    assert not any(command.startswith("login") for _, _, command, _ in node.records.audited)


class FakeImpostor:
    """A TLS server with a key of its own that notes every byte it is sent."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.context, self.got, self.handshakes = context, b"", 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.handshakes += 1
        with suppress(OSError):
            while data := await reader.read(4096):
                self.got += data
        writer.close()


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_another_key_gets_no_byte_of_a_request(tmp_path: Path, newest: ssl.TLSVersion) -> None:
    context = NodeKeys(tmp_path / "impostor").server_context()
    context.maximum_version = newest
    impostor = FakeImpostor(context)
    server = await asyncio.start_server(impostor.serve, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    failed = await trouble_of(ApiClient("127.0.0.1", port, NodeKeys(tmp_path / "right").pin))
    assert failed.trouble is Trouble.CERTIFICATE_CHANGED
    assert impostor.got == b""
    failed = await trouble_of(ApiClient("127.0.0.1", port, NodeKeys(tmp_path / "impostor").pin, timeout=1.0))
    assert failed.trouble is Trouble.TIMED_OUT
    server.close()
    assert impostor.got.count(b"GET /api/v1/identity HTTP/1.1") == 1, "only the client with this pin spoke"


async def test_first_contact_holds_on_to_the_first_key(tmp_path: Path) -> None:
    first, second = NodeKeys(tmp_path / "a").server_context(), NodeKeys(tmp_path / "b").server_context()
    port = free_port()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    async with ApiClient("127.0.0.1", port) as client:
        for context, trouble in ((first, Trouble.NOT_UNDERSTOOD), (second, Trouble.CERTIFICATE_CHANGED)):
            server = await asyncio.start_server(answer, "127.0.0.1", port, ssl=context)
            with pytest.raises(CallFailed) as failed:
                await client.connect()
            assert failed.value.trouble is trouble
            server.close()


async def test_nobody_there_and_nobody_answering_are_told_apart(node: Served) -> None:
    port = free_port()
    failed = await trouble_of(ApiClient("127.0.0.1", port, "0" * 64))
    assert failed.trouble is Trouble.REFUSED
    assert str(failed) == f"nothing listens on 127.0.0.1:{port}"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        failed = await trouble_of(ApiClient("127.0.0.1", silent.getsockname()[1], "0" * 64, timeout=0.5))
    assert failed.trouble is Trouble.TIMED_OUT


async def test_what_is_no_agent_is_said(tmp_path: Path) -> None:
    async def nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(base64.b64encode(b"no TLS at all") + b"\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(nonsense, "127.0.0.1", 0)
    failed = await trouble_of(ApiClient("127.0.0.1", server.sockets[0].getsockname()[1], "0" * 64))
    assert failed.trouble is Trouble.NOT_UNDERSTOOD
    server.close()


@pytest.mark.parametrize("address", ["a\udcff", "[::1", ""])
async def test_what_is_no_address_is_one_sentence(address: str) -> None:
    failed = await trouble_of(ApiClient(address, 9453))
    assert failed.trouble is Trouble.NAME_UNKNOWN
    assert str(failed) == f"{address}:9453 is no address that can be called"
