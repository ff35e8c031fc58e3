"""What the TCP clients share: a connection from a chosen address, one HTTP request, names for failures, quantiles."""

import asyncio
import errno
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Self

import msgspec

IP_BIND_ADDRESS_NO_PORT = 24
LATE = 0.9


class Latency(msgspec.Struct, frozen=True):
    """Milliseconds."""

    median: float = 0.0
    p99: float = 0.0
    most: float = 0.0
    late: int = 0
    """How many took longer than 0.9 s: a lost SYN is sent again after one."""

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """Of a series; zeros for an empty one."""
        if not seconds:
            return cls()
        ordered = sorted(seconds)
        last = len(ordered) - 1
        median, p99, most = (round(ordered[int(last * share)] * 1000, 3) for share in (0.5, 0.99, 1))
        return cls(median, p99, most, sum(one > LATE for one in ordered))


class Refused(Exception):
    """The server answered, but not with 200."""


class Ended(Exception):
    """The server closed the connection before a byte of the answer."""


class Connection:
    """One HTTP/1.1 connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self.closing = False
        """The server said that it will close."""

    @classmethod
    async def open(cls, source: str, address: str, port: int, timeout: float) -> Self:
        """Connect from an address. Raises OSError, TimeoutError."""
        sock = await connected(source, address, port, timeout)
        return cls(*await asyncio.open_connection(sock=sock))

    @property
    def ended(self) -> bool:
        """The server has closed it while it was idle."""
        return self._reader.at_eof() or self._reader.exception() is not None

    async def get(self, path: str, timeout: float) -> bytes:
        """The body of a 200. Raises OSError, TimeoutError, Refused, Ended."""
        async with asyncio.timeout(timeout):
            self._writer.write(f"GET {path} HTTP/1.1\r\nHost: lab\r\n\r\n".encode())
            try:
                head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
            except asyncio.IncompleteReadError as cut:
                raise Ended("closed" if not cut.partial else "cut short") from None
            length = int(head.partition(b"content-length:")[2].split()[0])
            self.closing = b"connection: close" in head
            try:
                body = await self._reader.readexactly(length)
            except asyncio.IncompleteReadError:
                raise ConnectionResetError(errno.EPIPE, "cut short") from None
            if head.split()[1] != b"200":
                raise Refused(f"status {head.split()[1].decode()}")
            return body

    async def close(self) -> None:
        """FIN."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()


async def connected(source: str, address: str, port: int, timeout: float) -> socket.socket:
    """A connected, non-blocking socket with this source address. Raises OSError, TimeoutError."""
    sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        sock.bind((source, 0))
        async with asyncio.timeout(timeout):
            await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock


def cause(error: Exception) -> str:
    """One or two words for a failure: `timeout`, `reset`, `refused`, `closed`, `status 404`, …"""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionResetError | BrokenPipeError):
        return "reset"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, OSError):
        return errno.errorcode.get(error.errno or 0, "error")
    return str(error)
