"""What was written down, over the API: audit, history, pieces of outputs, figures, the snapshot as a download."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from nodeagent.client.api_client import ApiClient
from nodeagent.client.failures import CallFailed
from nodeagent.contract.record_api import RecordQuery
from nodeagent.contract.states import Role
from tests.fakes.api_server import PASSWORDS, Served, served
from tests.fakes.waiting import until


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Served]:
    async with served(tmp_path) as started:
        yield started


async def test_pieces_of_an_output(node: Served) -> None:
    token = await node.token(Role.MONITOR)
    assert (await node.tls("GET", "/modules/web/outputs/abcdef.ulog?offset=2&limit=3", None, token)).body == b"cde"
    assert (await node.tls("GET", "/modules/web/outputs/abcdef.ulog?offset=99", None, token)).body == b""
    for wrong in ("offset=-1", "limit=0", "limit=4194305"):
        assert (await node.tls("GET", f"/modules/web/outputs/abcdef.ulog?{wrong}", None, token)).status == 400


async def test_what_a_query_does_not_have_is_refused_in_one_sentence(node: Served) -> None:
    token = await node.token(Role.MONITOR)
    for query, told in (
        ("earlier=1&from=2", "unknown in the query: 'earlier'; it may have from, to"),
        ("a=&c=1&b=", "unknown in the query: 'a', 'b', 'c'; it may have from, to"),
    ):
        answer = await node.tls("GET", f"/modules/web/diff?{query}", None, token)
        assert (answer.status, answer.json["detail"]) == (400, told)
    assert (await node.tls("GET", "/modules/web/diff?from=1&to=2", None, token)).status == 200


async def test_a_resource_has_a_printable_name_without_slashes(node: Served) -> None:
    token = await node.token(Role.MONITOR)
    for wrong in ("a%2fb", "a%5cb", "a%00b", "a%0ab"):
        answer = await node.tls("GET", f"/modules/web/resources/{wrong}/history", None, token)
        assert answer.status == 400
        assert "is not the name of a resource" in answer.json["detail"]


async def test_metrics_are_named_as_prometheus_wants(node: Served) -> None:
    answer = await node.tls("GET", "/metrics", None, await node.token(Role.MONITOR))
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


async def test_a_download_is_sent_whole_and_discarded(node: Served) -> None:
    node.control.zip = [bytes([number]) * 70_000 for number in range(20)]
    answer = await node.tls("GET", "/modules/web/snapshot?anonymise=1", None, await node.token())
    assert answer.body == b"".join(node.control.zip)
    assert answer.headers["content-disposition"] == 'attachment; filename="snapshot.zip"'
    assert answer.headers["content-type"] == "application/zip"
    await until(lambda: ("discarded",) in node.control.calls)


async def test_a_download_that_breaks_off_is_seen_to(node: Served) -> None:
    node.control.breaks_off = True
    answer = await node.tls("GET", "/modules/web/snapshot", None, await node.token())
    assert len(answer.body) < int(answer.headers["content-length"])
    await until(lambda: ("discarded",) in node.control.calls)
    assert (await node.tls("GET", "/identity")).status == 200


async def test_a_reader_that_goes_leaves_nothing(node: Served) -> None:
    node.control.zip = [bytes(1_000_000)] * 50
    reader, writer = await asyncio.open_connection("127.0.0.1", node.port, ssl=node.client_context())
    token = await node.token()
    writer.write(
        f"GET /api/v1/modules/web/snapshot HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    await reader.readexactly(1000)
    writer.transport.abort()
    await until(lambda: ("discarded",) in node.control.calls)


async def test_the_client(node: Served) -> None:
    async with ApiClient("127.0.0.1", node.port, node.keys.pin) as client:
        await client.login("admin", PASSWORDS[Role.ADMIN])
        assert (await client.audit(RecordQuery(newest=True))).lines[0].command == "order web stop"
        assert (await client.resource_history("web", "tcp.db")).changes[0].name == "tcp.db"
        assert await client.metrics() == b"up 1\n"
        got = b"".join([chunk async for chunk in client.snapshot("web", anonymise=True)])
        assert got == b"".join(node.control.zip)
        with pytest.raises(CallFailed, match="no module none"):
            async for _ in client.snapshot("none"):
                pass
        node.control.breaks_off = True
        with pytest.raises(CallFailed):
            async for _ in client.snapshot("web"):
                pass
