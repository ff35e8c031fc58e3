"""Cells of the mosaic against real sockets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from app.services.mosaic_probe import Answer, MosaicTarget, ProbeTrouble, ask, ask_round, target_of
from tests.fakes.api_server import free_port

OK = b"HTTP/1.1 200 OK\r\n"


@asynccontextmanager
async def answering(answer: Callable[[int], bytes | None]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that gives its n-th connection this answer, and cuts it for None; also the requests it got."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await reader.readuntil(b"\r\n\r\n"))
        said = answer(len(requests))
        if said is None:
            writer.transport.abort()
            return
        writer.write(said)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], requests
    finally:
        server.close()


def who(node: str, colour: int) -> bytes:
    body = b'{"node":"%s","colour":%d,"module":"web"}' % (node.encode(), colour)
    return OK + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def mosaic(port: int, place: str = "127.0.0.1", **more: str) -> MosaicTarget:
    target = target_of(place, port, "web", **more)
    assert target is not None
    return target


async def test_a_round_is_one_connection_per_cell() -> None:
    async with answering(lambda number: who(f"node{1 + number % 3}", 1 + number % 3)) as (port, requests):
        told: dict[int, Answer] = {}
        answers = await ask_round(mosaic(port), 30, told.__setitem__)
    assert len(requests) == 30
    assert requests[0].startswith(b"GET /safekit/mosaic/who?m=web HTTP/1.0\r\n")
    assert tuple(told[cell] for cell in range(30)) == answers
    assert {(one.node, one.colour) for one in answers} == {("node1", 1), ("node2", 2), ("node3", 3)}
    assert all(one.trouble is None and 0 < one.seconds < 5 for one in answers)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (None, ProbeTrouble.RESET),
        (b"", ProbeTrouble.RESET),
        (OK + b"Content-Length: 50\r\n\r\ncut", ProbeTrouble.RESET),
        (b"SSH-2.0-OpenSSH\r\n\r\n", ProbeTrouble.NOT_UNDERSTOOD),
        (b"x" * 200_000, ProbeTrouble.NOT_UNDERSTOOD),
        (OK + b"\r\n<html>", ProbeTrouble.NOT_UNDERSTOOD),
        (OK + b'\r\n{"node":"\xff","colour":1}', ProbeTrouble.NOT_UNDERSTOOD),
        (b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", ProbeTrouble.NOT_UNDERSTOOD),
    ],
)
async def test_bad_answers(answer: bytes | None, trouble: ProbeTrouble) -> None:
    async with answering(lambda _: answer) as (port, _):
        assert (await ask(mosaic(port))).trouble is trouble


async def test_nobody_there_and_nobody_answering() -> None:
    assert (await ask(mosaic(free_port()))).trouble is ProbeTrouble.REFUSED
    hangs = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hangs.wait()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    answer = await ask(mosaic(server.sockets[0].getsockname()[1]), timeout=0.3)
    hangs.set()
    server.close()
    assert answer.trouble is ProbeTrouble.TIMED_OUT
    assert answer.seconds >= 0.3


async def test_any_application_with_a_pattern() -> None:
    page = OK + b"X-Served-By: web-2\r\n\r\n<p>hello from <b>node7</b>"
    async with answering(lambda _: page) as (port, requests):
        url = f"http://127.0.0.1:{port}/shop?x=1"
        assert (await ask(mosaic(0, url, pattern=r"from <b>(\w+)"))).node == "node7"
        assert (await ask(mosaic(0, url, pattern=r"X-Served-By: (\S+)"))).node == "web-2"
        assert (await ask(mosaic(0, url, pattern="nobody"))).trouble is ProbeTrouble.NOT_UNDERSTOOD
        for finds_no_name in ("hello|(node8)", "x*"):
            assert (await ask(mosaic(0, url, pattern=finds_no_name))).trouble is ProbeTrouble.NOT_UNDERSTOOD
        assert "the pattern is wrong" in (await ask(mosaic(0, url, pattern="("))).detail
    assert requests[0].startswith(b"GET /shop?x=1 HTTP/1.0\r\n")


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("10.0.0.110", ("10.0.0.110", 9010, "/safekit/mosaic/who?m=web", False)),
        ("[::1]", ("::1", 9010, "/safekit/mosaic/who?m=web", False)),
        ("https://shop.example/a?b=c", ("shop.example", 443, "/a?b=c", True)),
        ("http://shop.example:8080", ("shop.example", 8080, "/", False)),
        ("http://shop.example/é x", ("shop.example", 80, "/%C3%A9%20x", False)),
    ],
)
def test_what_is_asked(place: str, expected: tuple[str, int, str, bool]) -> None:
    target = target_of(place, module="web")
    assert target is not None
    assert (target.host, target.port, target.path, target.tls) == expected


@pytest.mark.parametrize("place", ["", "two words", "a/b", "ftp://x", "http://", "http://x:99999/"])
def test_what_is_no_place(place: str) -> None:
    assert target_of(place) is None
