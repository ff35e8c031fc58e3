"""A UDP server that says its name, and a client that counts the answers to each datagram. Large ones are fragmented."""

import asyncio
import select
import socket
import struct
import time
from collections import Counter

import msgspec

IPV6_RECVPKTINFO, IPV6_PKTINFO, IP_PKTINFO = 49, 50, 8
QUIET = 0.5
"""Seconds without an answer after which no more are waited for."""
SO_RCVBUFFORCE, ROOM = 33, 4 << 20
"""The usual buffer holds some thirty fragmented datagrams: a process that the machine lets wait loses the next ones."""


class EchoOrder(msgspec.Struct):
    """A server on every address of its namespace."""

    name: str
    port: int


class UdpOrder(msgspec.Struct):
    """`each` datagrams of `size` bytes from every source."""

    address: str
    port: int
    sources: list[str]
    each: int
    size: int


class UdpAnswers(msgspec.Struct):
    """Who answered: per source, per datagram, the names."""

    taken: dict[str, list[list[str]]]

    def count(self) -> tuple[int, int, int]:
        """Datagrams with (no answer, exactly one, several)."""
        sizes = Counter(min(len(names), 2) for one in self.taken.values() for names in one)
        return sizes[0], sizes[1], sizes[2]

    def sticky(self) -> int:
        """Sources that one and the same node answers every time."""
        return sum(len({n for names in one for n in names}) == 1 and all(one) for one in self.taken.values())


def server(family: socket.AddressFamily, port: int) -> socket.socket:
    """Tells to which address a datagram came, so that the answer can come from there."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
    sock.setblocking(False)
    sock.bind(("", port))
    return sock


def echo(sock: socket.socket, name: bytes) -> None:
    """Answer everything that waits."""
    while True:
        try:
            data, information, _, client = sock.recvmsg(65535, 128)
        except OSError:
            return
        level, kind, told = information[0]
        sock.sendmsg([name + b"\0" + data], [(level, kind, answering_from(kind, told))], 0, client)


def answering_from(kind: int, told: bytes) -> bytes:
    """The control message that sends from the address which was asked."""
    if kind == IP_PKTINFO:  # struct in_pktinfo: interface, address to answer from, address asked
        return struct.pack("=I4s4s", 0, told[8:12], bytes(4))
    return told[:16] + bytes(4)  # struct in6_pktinfo: address asked, interface


async def serve(order: EchoOrder, ended: asyncio.Event) -> None:
    """Until the end."""
    loop = asyncio.get_running_loop()
    for family in (socket.AF_INET, socket.AF_INET6):
        sock = server(family, order.port)
        loop.add_reader(sock, echo, sock, order.name.encode())
    await ended.wait()


def run(order: UdpOrder) -> UdpAnswers:
    """Send to all in turn, collect until it is quiet."""
    family = socket.AF_INET6 if ":" in order.address else socket.AF_INET
    taken: dict[str, list[list[str]]] = {source: [[] for _ in range(order.each)] for source in order.sources}
    sockets = {}
    for source in order.sources:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, ROOM)
        sock.setblocking(False)
        sock.bind((source, 0))
        sock.connect((order.address, order.port))
        sockets[sock] = source
    poll = select.poll()
    by_descriptor = {sock.fileno(): sock for sock in sockets}
    for sock in sockets:
        poll.register(sock, select.POLLIN)

    def collect(seconds: float) -> bool:
        ready = poll.poll(seconds * 1000)
        for descriptor, _ in ready:
            sock = by_descriptor[descriptor]
            try:
                name, _, data = sock.recv(65535).partition(b"\0")
            except OSError:  # what ICMP says of an earlier datagram
                continue
            taken[sockets[sock]][int.from_bytes(data[:4], "big")].append(name.decode())
        return bool(ready)

    for number in range(order.each):
        for sock in sockets:
            sock.send(number.to_bytes(4, "big").ljust(order.size, b"."))
            collect(0.001)
    last = time.monotonic()
    while time.monotonic() - last < QUIET:
        if collect(0.05):
            last = time.monotonic()
    for sock in sockets:
        sock.close()
    return UdpAnswers(taken)
