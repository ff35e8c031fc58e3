"""A TCP port of the agent: opened when it can be, tried again every second, named with its holder while it is taken."""

import asyncio
import errno
import ipaddress
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import psutil

from nodeagent.contract.states import LogType
from nodeagent.contract.status import Listener

Say = Callable[[LogType, str], None]
"""Writes one line of the agent's log."""

RETRY = 1.0
"""Seconds between two attempts to open a port."""
LOOK = 0.1
"""Seconds between two looks whether a listening socket is still open, where that is needed."""
NAME_EVERY = 10
"""Attempts between two looks for the holder of a taken port: that look walks through all processes."""
BACKLOG = 256
ANY = ("0.0.0.0", "::")


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen; port 0 takes a free one."""

    family: socket.AddressFamily
    address: str
    port: int

    @classmethod
    def all_of(cls, address: str, port: int) -> "tuple[Place, ...]":
        """The places of one configured address; an empty one means every address, IPv4 and IPv6."""
        if not address:
            return cls(socket.AF_INET, "0.0.0.0", port), cls(socket.AF_INET6, "::", port)
        version = ipaddress.ip_address(address).version
        return (cls(socket.AF_INET6 if version == 6 else socket.AF_INET, address, port),)

    def socket(self) -> socket.socket:
        """A bound, non-blocking socket. Raises OSError."""
        sock = socket.socket(self.family, socket.SOCK_STREAM)
        try:
            # On Windows SO_REUSEADDR would let two programs share the port.
            option = getattr(socket, "SO_EXCLUSIVEADDRUSE", socket.SO_REUSEADDR)
            sock.setsockopt(socket.SOL_SOCKET, option, 1)
            if self.family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setblocking(False)
            sock.bind((self.address, self.port))
            # Listening here, not later, brings out a port that another program already listens on.
            sock.listen(BACKLOG)
        except OSError:
            sock.close()
            raise
        return sock

    def problem(self, error: OSError, used_by: str) -> str:
        """One sentence for a failed attempt."""
        taken = error.errno in (errno.EADDRINUSE, getattr(errno, "WSAEADDRINUSE", errno.EADDRINUSE))
        if sys.platform == "win32" and error.errno == errno.EACCES:  # there every user may open every port
            if not used_by:
                ranges = "`netsh interface ipv4 show excludedportrange protocol=tcp`"
                return f"{self.port} is kept by another program, or by Windows for others: {ranges} shows those"
            taken = True
        if taken:
            return f"{self.port} is used by {used_by or 'another program'}"
        if error.errno == errno.EADDRNOTAVAIL:
            return f"{self.port} waits for the address {self.address}, which this machine does not have"
        if error.errno == errno.EACCES:
            return f"{self.port} may not be opened by the user the agent runs as"
        return f"{self.port} cannot be opened: {error.strerror or error}"


def holder(kind: Literal["tcp", "udp"], address: str, port: int) -> str:
    """Who has a port, as `nginx (pid 812)`; empty when the system does not tell. Blocks."""
    try:
        for connection in psutil.net_connections(kind):
            if not connection.laddr or not connection.pid or connection.laddr.port != port:
                continue
            if kind == "tcp" and connection.status != psutil.CONN_LISTEN:
                continue
            if connection.laddr.ip in (address, *ANY) or address in ANY:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except (psutil.Error, OSError):
        return ""
    return ""


def no_such_family(error: OSError, place: Place) -> bool:
    """True when this machine does not know the address family of a wildcard place at all."""
    unknown = (errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT, getattr(errno, "WSAEAFNOSUPPORT", errno.EAFNOSUPPORT))
    return error.errno in unknown or (error.errno == errno.EADDRNOTAVAIL and place.address == "::")


async def closed(server: asyncio.Server) -> None:
    """Return when somebody has closed the server's socket.

    asyncio's Proactor loop does it for good when a client is gone before it was accepted (cpython #93821): one
    scan of ports would end the service.
    """
    if sys.platform != "win32":
        await asyncio.get_running_loop().create_future()
    while all(sock.fileno() != -1 for sock in server.sockets):  # noqa: ASYNC110 (asyncio tells nobody)
        await asyncio.sleep(LOOK)


class TurnedAway(asyncio.Protocol):
    """A connection too many."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """End it at once."""
        transport.close()


class TcpPort:
    """One port of the agent on all addresses it is to be served on.

    `serve` turns a listening socket into a server. `run` belongs into the agent's task group.
    """

    def __init__(
        self, name: str, address: str, port: int, serve: Callable[[socket.socket], Awaitable[asyncio.Server]], say: Say
    ) -> None:
        self._name, self._serve, self._say = name, serve, say
        self._places = Place.all_of(address, port)
        self._facts = {
            place: Listener(name=name, address=place.address, port=port, open=False) for place in self._places
        }

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """How each address stands now; the port is the real one once it is open."""
        return tuple(self._facts.values())

    async def run(self) -> None:
        """Open and serve until cancelled; connections that exist are left to who serves them."""
        async with asyncio.TaskGroup() as tasks:
            for place in self._places:
                tasks.create_task(self._keep(place), name=f"{self._name} {place.address}")

    async def _keep(self, place: Place) -> None:
        while (server := await self._open(place)) is not None:
            try:
                await closed(server)
            finally:
                server.close()
                self._note(place, is_open=False)

    async def _open(self, place: Place) -> asyncio.Server | None:
        used_by, attempt = "", 0
        while True:
            try:
                sock = place.socket()
            except OSError as error:
                if no_such_family(error, place):
                    family = "IPv6" if place.family == socket.AF_INET6 else "IPv4"
                    self._say(LogType.INFO, f"{self._name} {place.port}: this machine has no {family}, served without")
                    del self._facts[place]
                    return None
                if attempt % NAME_EVERY == 0:
                    used_by = await asyncio.to_thread(holder, "tcp", place.address, place.port)
                self._note(place, problem=place.problem(error, used_by))
                attempt += 1
                await asyncio.sleep(RETRY)
            else:
                port = sock.getsockname()[1]
                try:
                    server = await self._serve(sock)
                except BaseException:
                    sock.close()
                    raise
                self._note(place, is_open=True, port=port)
                return server

    def _note(self, place: Place, *, is_open: bool = False, problem: str = "", port: int = 0) -> None:
        before = self._facts[place]
        now = Listener(name=self._name, address=place.address, port=port or before.port, open=is_open, problem=problem)
        self._facts[place] = now
        if problem and problem != before.problem:
            self._say(LogType.ERROR, f"{self._name}: {problem}; tried again every second")
        elif is_open and before.problem:
            self._say(LogType.INFO, f"{self._name} {now.port}: open on {place.address} now")
