"""ICMP echo by sockets."""

import asyncio
import os
import socket
import struct
from time import monotonic

from nodeagent.adapters.checkers.look import Seen
from nodeagent.adapters.checkers.names import Target
from nodeagent.icmp import NOT_ALLOWED, icmp_socket

_AGAIN = 1.0
_HEADER = struct.Struct("!BBHHH")
_MARK = 16
_REQUEST_4, _REPLY_4, _REQUEST_6, _REPLY_6 = 8, 0, 128, 129


async def ping(target: Target, timeout: float) -> float | Seen:
    """Seconds from a request to its reply; not before there is one (`timeout` is the caller's business)."""
    try:
        sock = icmp_socket(target.family)
    except PermissionError:
        return Seen(None, NOT_ALLOWED)
    with sock:
        sock.setblocking(False)
        sock.connect(target.at(0))
        mark, number = os.urandom(_MARK), 0
        while True:
            number += 1
            began = monotonic()
            await asyncio.get_running_loop().sock_sendall(sock, request(target.family, number, mark))
            try:
                async with asyncio.timeout(_AGAIN) as second:
                    await _reply(sock, target.family, mark)
                return monotonic() - began
            except TimeoutError:
                if not second.expired():
                    raise


def request(family: socket.AddressFamily, number: int, mark: bytes) -> bytes:
    """An echo request. The checksum of IPv6 is the kernel's business."""
    kind = _REQUEST_4 if family == socket.AF_INET else _REQUEST_6
    identity = os.getpid() & 0xFFFF
    bare = _HEADER.pack(kind, 0, 0, identity, number & 0xFFFF) + mark
    return _HEADER.pack(kind, 0, checksum(bare), identity, number & 0xFFFF) + mark


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


async def _reply(sock: socket.socket, family: socket.AddressFamily, mark: bytes) -> None:
    """Until a reply with our mark came; a raw socket hears much else."""
    loop = asyncio.get_running_loop()
    while True:
        data = await loop.sock_recv(sock, 2048)
        if family == socket.AF_INET and sock.type == socket.SOCK_RAW:
            data = data[(data[0] & 0xF) * 4 :]
        kind = _REPLY_4 if family == socket.AF_INET else _REPLY_6
        if data[:1] == bytes([kind]) and data[_HEADER.size :] == mark:
            return
        await asyncio.sleep(0)
