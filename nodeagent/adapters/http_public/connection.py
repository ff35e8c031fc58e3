"""One connection of the public port: one request, one prepared answer, a clean end.

Life of a connection: *reading* (until the header is complete, 2 KB at most) → *answered* (the answer and
our FIN are on the way, whatever the client still sends is read and thrown away) → closed by the client's
FIN or by the deadline. Closing a socket with unread data would send RST, which a load balancer counts as
a failed probe; that is why the rest is read.
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from typing import cast

HEADER_CAP = 2048
DEADLINE = 5.0
"""Seconds a connection may exist, however busily it trickles."""
REST_CAP = 1 << 20
"""Bytes that are read after the answer; a client that sends more is cut."""
CONNECTIONS_CAP = 512
"""Beyond this many the oldest is cut: descriptors are kept for the agent, fresh probes for the balancer."""

REQUEST_LINE = re.compile(rb"(?:\r?\n)*([!-~]+) ([!-~\x80-\xff]+) HTTP/1\.[0-9]\r?\n")
HEADER_END = re.compile(rb"\r?\n\r?\n")

Answer = Callable[[bytes, bytes, str], bytes]
"""(method, request target, source address) → all bytes of the answer."""


def prepared(status: str, body: bytes, kind: str = "text/plain; charset=utf-8", extra: str = "") -> tuple[bytes, bytes]:
    """All bytes of an answer: with its body, and without (HEAD)."""
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        f"Cache-Control: no-store\r\n{extra}Connection: close\r\n\r\n"
    ).encode()
    return head + body, head


BAD_REQUEST = prepared("400 Bad Request", b"BAD REQUEST\n")[0]
TOO_LARGE = prepared("431 Request Header Fields Too Large", b"HEADER TOO LARGE\n")[0]


class Connection(asyncio.Protocol):
    """Answers the first request and ends. `others` holds all connections, oldest first."""

    def __init__(self, answer: Answer, others: "dict[Connection, None]") -> None:
        self._answer, self._others = answer, others
        self._head = b""
        self._answered = False
        self._rest = 0
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, and make room when there are too many."""
        self._transport = cast(asyncio.Transport, transport)
        self._deadline = asyncio.get_running_loop().call_later(DEADLINE, self.cut)
        self._others[self] = None
        if len(self._others) > CONNECTIONS_CAP:
            next(iter(self._others)).cut()

    def data_received(self, data: bytes) -> None:
        """Collect the header, answer once."""
        if self._answered:
            self._rest += len(data)
            if self._rest > REST_CAP:
                self.cut()
            return
        self._head += data
        end = HEADER_END.search(self._head, 0, HEADER_CAP + 4)
        if end is not None and end.start() <= HEADER_CAP:
            self._end_with(self._answer_to(self._head))
        elif len(self._head) > HEADER_CAP:
            self._end_with(TOO_LARGE)

    def eof_received(self) -> bool:
        """The client is done: what was answered is still sent, then the transport closes."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._others.pop(self, None)
        if self._deadline is not None:
            self._deadline.cancel()

    def cut(self) -> None:
        """End it now; an answer the client never took is dropped."""
        self._others.pop(self, None)
        if self._transport is not None:
            if self._transport.get_write_buffer_size():
                self._transport.abort()
            else:
                self._transport.close()

    def _answer_to(self, head: bytes) -> bytes:
        line = REQUEST_LINE.match(head)
        if line is None or self._transport is None:
            return BAD_REQUEST
        peer = self._transport.get_extra_info("peername")
        return self._answer(line[1], line[2], peer[0] if peer else "")

    def _end_with(self, answer: bytes) -> None:
        self._answered, self._head = True, b""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(answer)
            with suppress(OSError):  # the client was quicker and has reset it
                self._transport.write_eof()
