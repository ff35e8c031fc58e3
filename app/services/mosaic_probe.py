"""The load-balancing test: one request, one TCP connection, and which node took it.

Written on bare streams: a client with a pool would reuse connections, and the test is about new ones.
"""

import asyncio
import contextlib
import re
import ssl
import time
from collections.abc import Callable
from enum import StrEnum
from urllib.parse import quote, urlsplit

import msgspec

from nodeagent.contract.api import MosaicAnswer

MOSAIC_PORT = 9010
TIMEOUT = 5.0
AT_A_TIME = 32
ANSWER_CAP = 65536


class ProbeTrouble(StrEnum):
    """Why a cell has no colour."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    RESET = "reset"
    """Accepted and then cut: what a load balancer without a healthy node does."""
    UNREACHABLE = "unreachable"
    NOT_UNDERSTOOD = "not understood"
    """An answer that names no node."""


class Answer(msgspec.Struct, frozen=True):
    """One cell. `seconds` from the first packet to the whole answer; `at` on the clock of time.monotonic."""

    node: str = ""
    colour: int = 0
    """1, 2, …: the node's place in the cluster; 0 when the answer names only a node, or there is none."""
    seconds: float = 0.0
    trouble: ProbeTrouble | None = None
    detail: str = ""
    at: float = 0.0


class MosaicTarget(msgspec.Struct, frozen=True):
    """What is asked. `pattern` finds the node's name in any other answer than the agent's: its first group."""

    host: str
    port: int
    path: str
    tls: bool = False
    pattern: str = ""


def target_of(place: str, port: int = MOSAIC_PORT, module: str = "", pattern: str = "") -> MosaicTarget | None:
    """An address or host name (asked for the agent's mosaic), or a whole http(s) URL. None when it is neither."""
    if "://" not in place:
        host = place.strip().removeprefix("[").removesuffix("]")
        if not host or any(letter.isspace() or letter in "/?#" for letter in host):
            return None
        return MosaicTarget(host, port, f"/safekit/mosaic/who?m={quote(module, safe='')}", pattern=pattern)
    try:
        url = urlsplit(place.strip())
        given = url.port
    except ValueError:
        return None
    if url.scheme not in {"http", "https"} or not url.hostname:
        return None
    tls = url.scheme == "https"
    path = (url.path or "/") + (f"?{url.query}" if url.query else "")
    if not path.isascii() or any(letter.isspace() for letter in path):
        path = quote(path, safe="/?&=%:+,;@~!$'()*")
    return MosaicTarget(url.hostname, given or (443 if tls else 80), path, tls, pattern)


async def ask(target: MosaicTarget, *, timeout: float = TIMEOUT) -> Answer:
    """One connection. Never raises but when cancelled. The certificate of an https target is not judged."""
    began = time.monotonic()
    try:
        async with asyncio.timeout(timeout):
            content = await _content(target)
    except TimeoutError:
        return _failed(began, ProbeTrouble.TIMED_OUT)
    except ConnectionRefusedError:
        return _failed(began, ProbeTrouble.REFUSED)
    except (ConnectionResetError, BrokenPipeError, asyncio.IncompleteReadError):
        return _failed(began, ProbeTrouble.RESET)
    except (OSError, UnicodeError) as error:
        return _failed(began, ProbeTrouble.UNREACHABLE, str(error))
    except ValueError as error:
        return _failed(began, ProbeTrouble.NOT_UNDERSTOOD, str(error))
    return _read(target, content, began)


async def ask_round(
    target: MosaicTarget,
    cells: int,
    on_answer: Callable[[int, Answer], None],
    *,
    timeout: float = TIMEOUT,
) -> tuple[Answer, ...]:
    """One round of a mosaic: all cells once, 32 connections at a time; `on_answer(cell, answer)` as they come."""
    answers: dict[int, Answer] = {}
    waiting = list(reversed(range(cells)))

    async def work() -> None:
        while waiting:
            cell = waiting.pop()
            answers[cell] = answer = await ask(target, timeout=timeout)
            on_answer(cell, answer)

    async with asyncio.TaskGroup() as group:
        for number in range(min(AT_A_TIME, cells)):
            group.create_task(work(), name=f"mosaic {number}")
    return tuple(answers[cell] for cell in range(cells))


async def _content(target: MosaicTarget) -> bytes:
    """The body. Raises OSError, IncompleteReadError when it was cut, ValueError when it is no good HTTP answer."""
    context = None
    if target.tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    reader, writer = await asyncio.open_connection(target.host, target.port, ssl=context, limit=ANSWER_CAP)
    try:
        host = f"[{target.host}]" if ":" in target.host else target.host
        lines = (f"GET {target.path} HTTP/1.0", f"Host: {host}", "Connection: close", "Cache-Control: no-cache", "", "")
        writer.write("\r\n".join(lines).encode())
        head = await reader.readuntil(b"\r\n\r\n")
        status = re.match(rb"HTTP/1\.[01] (\d{3})", head)
        if status is None:
            raise ValueError("this is not HTTP")
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        if length is not None:
            body = await reader.readexactly(min(int(length[1]), ANSWER_CAP))
        else:
            body = await _to_the_end(reader)
        if not 200 <= int(status[1]) < 300:
            raise ValueError(f"HTTP status {status[1].decode()}")
        return head + body if target.pattern else body
    except asyncio.LimitOverrunError:
        raise ValueError("this is not HTTP") from None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


async def _to_the_end(reader: asyncio.StreamReader) -> bytes:
    content = b""
    while len(content) < ANSWER_CAP and (more := await reader.read(ANSWER_CAP)):
        content += more
    return content


def _read(target: MosaicTarget, content: bytes, began: float) -> Answer:
    took = time.monotonic() - began
    if target.pattern:
        try:
            found = re.search(target.pattern, content.decode("utf-8", "replace"))
        except re.error as error:
            return _failed(began, ProbeTrouble.NOT_UNDERSTOOD, f"the pattern is wrong: {error}")
        if found is None:
            return _failed(began, ProbeTrouble.NOT_UNDERSTOOD, "the pattern is not in the answer")
        name = found[1] if found.groups() else found[0]
        if not name:
            return _failed(began, ProbeTrouble.NOT_UNDERSTOOD, "the pattern finds no name in the answer")
        return Answer(name, 0, took, at=began)
    try:
        said = msgspec.json.decode(content, type=MosaicAnswer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _failed(began, ProbeTrouble.NOT_UNDERSTOOD, str(error))
    return Answer(said.node, said.colour, took, at=began)


def _failed(began: float, trouble: ProbeTrouble, detail: str = "") -> Answer:
    return Answer(seconds=time.monotonic() - began, trouble=trouble, detail=detail, at=began)
