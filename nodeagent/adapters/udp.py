"""The UDP sockets of the lans: one each, bound to this node's own address on the heartbeat port.

The sockets are our own because asyncio's datagram transport on the Windows Proactor loop goes deaf
for everybody when one peer dies (an ICMP answer ends its reception). An address that is not there yet,
or a port that another program holds, is tried again every second.
"""

import asyncio
import errno
import socket
import sys
from collections.abc import Callable, Sequence
from ipaddress import ip_address
from typing import Protocol

from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.value_types import is_ip
from nodeagent.core.events import DatagramReceived
from nodeagent.core.traffic_messages import LansBound
from nodeagent.listening import holder

Datagram = tuple[bytes, str]
"""What came, and the address it came from."""

Deliver = Callable[[list[Datagram]], None]
"""Takes the datagrams that came together, at least one."""

RETRY = 1.0
CROWD = 100
"""Datagrams a second: the default pulse of eleven nodes."""
REST = 0.04
"""Seconds; small beside any detection window, and beside what the worst case of one allows."""
_BUFFER = 2048
_BURST = 64
_DRAIN = 4096
_STORM = 16
"""Errors in a row after which a socket rests for `RETRY` seconds."""


class Reception(Protocol):
    """Delivers what a socket receives, until it is closed."""

    def close(self) -> None:
        """Deliver nothing more. The socket stays open."""


class SelectorReception:
    """Reception on loops that can watch a socket (Linux).

    A datagram is delivered at once, until there are `CROWD` a second: then the socket is looked at every `REST`
    seconds. To wake up for each of them is most of what heartbeats cost.
    """

    def __init__(self, sock: socket.socket, deliver: Deliver, tasks: asyncio.TaskGroup) -> None:
        self._loop = asyncio.get_running_loop()
        self._sock = sock
        self._deliver = deliver
        self._pause: asyncio.TimerHandle | None = None
        self._since, self._count, self._crowded = self._loop.time(), 0, False
        self._watch()

    def close(self) -> None:
        """Stop watching."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._sock)

    def _watch(self) -> None:
        self._pause = None
        self._loop.add_reader(self._sock, self._readable)

    def _readable(self) -> None:
        came, errors = receive_waiting(self._sock, _BURST)
        self._count += len(came)
        if (took := self._loop.time() - self._since) >= 1.0:
            self._crowded = self._count >= CROWD * took
            self._since, self._count = self._since + took, 0
        if errors >= _STORM or self._crowded:
            self._loop.remove_reader(self._sock)
            self._pause = self._loop.call_later(RETRY if errors >= _STORM else REST, self._watch)
        if came:
            self._deliver(came)


class ProactorReception:
    """Reception on the Windows Proactor loop: one pending receive after the other, whatever fails."""

    def __init__(self, sock: socket.socket, deliver: Deliver, tasks: asyncio.TaskGroup) -> None:
        self._sock = sock
        self._deliver = deliver
        self._task = tasks.create_task(self._receive(), name="heartbeats in")

    def close(self) -> None:
        """Cancel the pending receive."""
        self._task.cancel()

    async def _receive(self) -> None:
        loop, errors = asyncio.get_running_loop(), 0
        while True:
            try:
                data, source = await loop.sock_recvfrom(self._sock, _BUFFER)
            except OSError:
                errors += 1
                if errors >= _STORM:
                    errors = 0
                    await asyncio.sleep(RETRY)
                continue
            errors = 0
            self._deliver([(data, source[0])])


def receive_waiting(sock: socket.socket, most: int) -> tuple[list[Datagram], int]:
    """What waits in the socket, at most so many datagrams, and the errors seen in a row."""
    came: list[Datagram] = []
    errors = 0
    for _ in range(most):
        try:
            data, source = sock.recvfrom(_BUFFER)
        except (BlockingIOError, InterruptedError):
            break
        except OSError:
            errors += 1
            continue
        errors = 0
        came.append((data, source[0]))
    return came, errors


class LanSocket:
    """The socket of one lan: opened as soon as the machine allows it."""

    def __init__(
        self,
        address: tuple[str, int],
        deliver: Deliver,
        tasks: asyncio.TaskGroup,
        reception: Callable[[socket.socket, Deliver, asyncio.TaskGroup], Reception],
        opened_late: Callable[[], None],
    ) -> None:
        self.address = address
        self.problem = ""
        """Why it cannot be served now, in one sentence."""
        self._deliver = deliver
        self._tasks = tasks
        self._make_reception = reception
        self._opened_late = opened_late
        self._sock: socket.socket | None = None
        self._reception: Reception | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._open()

    @property
    def bound(self) -> bool:
        """Whether it can send and receive now."""
        return self._sock is not None

    def send(self, target: tuple[str, int], data: bytes) -> bool:
        """Send now; False when it could not."""
        if self._sock is None:
            return False
        try:
            self._sock.sendto(data, target)
        except OSError:
            return False
        return True

    def drain(self) -> list[Datagram]:
        """Everything that waits."""
        return receive_waiting(self._sock, _DRAIN)[0] if self._sock is not None else []

    def close(self) -> None:
        """Close the socket, try no more."""
        if self._retry is not None:
            self._retry.cancel()
        if self._reception is not None:
            self._reception.close()
        if self._sock is not None:
            self._sock.close()
        self._sock = self._reception = self._retry = None

    def _open(self) -> None:
        late, self._retry = self._retry is not None, None
        try:
            self._sock = bound_socket(self.address)
        except (OSError, ValueError) as error:
            self._explain(error)
            self._retry = asyncio.get_running_loop().call_later(RETRY, self._open)
            return
        self.problem = ""
        self._reception = self._make_reception(self._sock, self._deliver, self._tasks)
        if late:
            self._opened_late()

    def _explain(self, error: OSError | ValueError) -> None:
        host, port = self.address
        code = error.errno if isinstance(error, OSError) else None
        if code == errno.EADDRNOTAVAIL:
            self.problem = f"{host} does not exist on this machine yet"
        elif code == errno.EADDRINUSE or (code == errno.EACCES and sys.platform == "win32"):
            if not self.problem.startswith(taken := f"{host}:{port} is used by "):
                self.problem = taken + "another program"
                self._tasks.create_task(self._name_holder(taken), name=f"holder of {host}:{port}")
        elif isinstance(error, ValueError):
            self.problem = f"{host} is not an IP address"
        else:
            self.problem = f"{host}:{port} cannot be opened: {error.strerror or error}"

    async def _name_holder(self, taken: str) -> None:
        used_by = await asyncio.to_thread(holder, "udp", *self.address)
        if used_by and self.problem.startswith(taken):
            self.problem = taken + used_by


class LanSockets:
    """The heartbeat sockets of this node (`Datagrams`). Receptions run in `tasks`; `close` ends them.

    `take` has done all that follows from datagrams when it returns; `post` never does it at once.
    """

    def __init__(
        self,
        post: Callable[[DatagramReceived | LansBound], None],
        take: Callable[[Sequence[DatagramReceived]], None],
        tasks: asyncio.TaskGroup,
        reception: Callable[[socket.socket, Deliver, asyncio.TaskGroup], Reception] = (
            ProactorReception if sys.platform == "win32" else SelectorReception
        ),
    ) -> None:
        self.unsent = 0
        """Datagrams that the system would not take."""
        self._post, self._take = post, take
        self._tasks = tasks
        self._make_reception = reception
        self._lans: dict[str, LanSocket] = {}
        self._told: frozenset[str] | None = None
        self._targets: dict[tuple[str, str], tuple[str, int]] = {}

    def configure(self, config: ClusterConfig | None, me: str) -> None:
        """Bind to the own address on each lan, keep the sockets that stay right, close the others."""
        wanted: dict[str, tuple[str, int]] = {}
        self._targets = {}
        for lan in config.lans if config else ():
            own = lan.address_of(me)
            if config is None or own is None:
                continue
            wanted[lan.name] = (own.laddr or own.addr, config.port)
            for node in lan.nodes:
                if node.node != me and is_ip(node.addr):
                    self._targets[lan.name, node.node] = (node.addr, config.port)
        for name in [name for name, lan in self._lans.items() if wanted.get(name) != lan.address]:
            self._lans.pop(name).close()
        for name, address in wanted.items():
            if name not in self._lans:
                self._lans[name] = LanSocket(
                    address, self._deliver_on(name), self._tasks, self._make_reception, self._tell_bound
                )
        self._tell_bound()

    def send(self, lan: str, peer: str, data: bytes) -> None:
        """Send now; what cannot be sent is only counted."""
        sock, target = self._lans.get(lan), self._targets.get((lan, peer))
        if sock is None or target is None or not sock.send(target, data):
            self.unsent += 1

    def drain(self) -> None:
        """Post everything that waits in the sockets, at once."""
        for name, lan in self._lans.items():
            for data, source in lan.drain():
                self._post(DatagramReceived(name, source, data))

    def problems(self) -> tuple[str, ...]:
        """Why a lan cannot be served now, one sentence each."""
        return tuple(f"lan {name}: {lan.problem}" for name, lan in self._lans.items() if lan.problem)

    async def close(self) -> None:
        """Close all sockets."""
        for lan in self._lans.values():
            lan.close()
        self._lans.clear()
        self._targets.clear()

    def _tell_bound(self) -> None:
        bound = frozenset(name for name, lan in self._lans.items() if lan.bound)
        if bound != self._told:
            self._told = bound
            self._post(LansBound(bound))

    def _deliver_on(self, lan: str) -> Deliver:
        return lambda came: self._take([DatagramReceived(lan, source, data) for data, source in came])


def bound_socket(address: tuple[str, int]) -> socket.socket:
    """A non-blocking UDP socket on exactly this address. Raises OSError, ValueError when it is no IP address."""
    family = socket.AF_INET6 if ip_address(address[0]).version == 6 else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        if sys.platform == "win32":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
            _ignore_unreachable(sock)
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    return sock


if sys.platform == "win32":
    import ctypes

    def _ignore_unreachable(sock: socket.socket) -> None:
        """Switch SIO_UDP_CONNRESET off: a dead peer's ICMP answer is no error of this socket.

        `socket.ioctl` does not know the code. Where it fails (Wine) the reception lives with the errors.
        """
        off, returned = ctypes.c_ulong(0), ctypes.c_ulong(0)
        ctypes.windll.ws2_32.WSAIoctl(
            ctypes.c_size_t(sock.fileno()),
            0x9800000C,
            ctypes.byref(off),
            4,
            None,
            0,
            ctypes.byref(returned),
            None,
            None,
        )
