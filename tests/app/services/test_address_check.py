"""What is said of an address: a real agent, and servers that are none."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.services.address_check import check
from app.services.nodes import NodeAddress, typed_address
from nodeagent.adapters.tls import NodeKeys
from nodeagent.client.failures import Trouble
from tests.app.services.agents import fake_agent
from tests.fakes.api_server import free_port


@asynccontextmanager
async def garbage(greeting: bytes) -> AsyncIterator[int]:
    """A server that says this to everybody."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_an_agent_says_who_it_is(tmp_path: Path) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        first = await check(NodeAddress(address.address, address.port))
        assert first.identity is not None
        assert first.identity.node == "node9"
        assert first.address == address, "the pin that answered"
        assert 0 < first.round_trip < 5
        assert (await check(address)).trouble is None
        other = await check(NodeAddress(address.address, address.port, NodeKeys(tmp_path / "b").pin))
        assert (other.trouble, other.identity) == (Trouble.CERTIFICATE_CHANGED, None)
        assert agent.logins == 0


async def test_nobody_listens() -> None:
    assert (await check(NodeAddress("127.0.0.1", free_port()))).trouble is Trouble.REFUSED


async def test_nobody_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        checked = await check(NodeAddress("127.0.0.1", silent.getsockname()[1]), timeout=0.5)
    assert checked.trouble is Trouble.TIMED_OUT


GREETINGS = [b"SSH-2.0-OpenSSH_9.2\r\n", base64.b64encode(b"noise" * 99), b"HTTP/1.1 200 OK\r\n\r\n"]


@pytest.mark.parametrize("greeting", GREETINGS)
async def test_garbage(greeting: bytes) -> None:
    async with garbage(greeting) as port:
        checked = await check(NodeAddress("127.0.0.1", port))
    assert checked.trouble is Trouble.NOT_UNDERSTOOD
    assert checked.detail


async def test_a_name_that_stands_for_nothing() -> None:
    checked = await check(NodeAddress("no-such-host.invalid"), timeout=10.0)
    assert checked.trouble in {Trouble.NAME_UNKNOWN, Trouble.TIMED_OUT}  # the latter where DNS itself is silent


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.107", NodeAddress("10.0.0.107")),
        (" 10.0.0.107:9999 ", NodeAddress("10.0.0.107", 9999)),
        ("node1.example.com", NodeAddress("node1.example.com")),
        ("node1:9454", NodeAddress("node1", 9454)),
        ("::1", NodeAddress("::1")),
        ("[::1]:9454", NodeAddress("::1", 9454)),
        ("[::1]", NodeAddress("::1")),
        ("", None),
        ("10.0.0", None),
        ("10.0.0.300", None),
        ("10.0.0.1:0", None),
        ("10.0.0.1:70000", None),
        ("10.0.0.1:", None),
        ("[::1", None),
        ("[::1]x", None),
        ("two words", None),
        ("http://x", None),
        ("-dash", None),
    ],
)
def test_typed_addresses(text: str, expected: NodeAddress | None) -> None:
    assert typed_address(text) == expected


def test_places_read_as_typed() -> None:
    for text in ("10.0.0.107", "node1:9454", "::1", "[::1]:9454"):
        address = typed_address(text)
        assert address is not None
        assert address.place == text
