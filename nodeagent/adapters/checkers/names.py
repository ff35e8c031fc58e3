"""Host names to addresses, without ever waiting for a name server in the loop."""

import asyncio
import socket
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address

from nodeagent.own_thread import in_thread

PATIENCE = 0.9
"""Part of a checker's timeout that its name may take, so that the answer can say it was the name."""


class Unresolved(OSError):
    """A name without an address; `strerror` is the sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(0, why)


@dataclass(frozen=True, slots=True)
class Target:
    """An IP address as sockets take it."""

    family: socket.AddressFamily
    address: str
    scope: int = 0

    def at(self, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
        """The socket address of a port there."""
        return (self.address, port) if self.family == socket.AF_INET else (self.address, port, 0, self.scope)


class Names:
    """Looks names up in threads; all who ask for a name at once wait for one look-up, however long it hangs."""

    def __init__(self) -> None:
        self._asked: dict[str, asyncio.Future[list[Target] | Unresolved]] = {}

    async def targets(self, host: str, within: float) -> list[Target]:
        """The addresses of a name or of an address, at least one. Raises Unresolved."""
        if target := literal(host):
            return [target]
        asked = self._asked.get(host)
        if asked is None:
            asked = self._asked[host] = in_thread(f"name {host}", partial(_looked_up, host))
            asked.add_done_callback(lambda _: self._asked.pop(host, None))
        try:
            async with asyncio.timeout(within * PATIENCE):
                found = await asyncio.shield(asked)
        except TimeoutError:
            raise Unresolved(f"the name {host} was not resolved within {within * PATIENCE:g} s") from None
        if isinstance(found, Unresolved):
            raise found
        return found


def literal(host: str) -> Target | None:
    """The target when `host` is an address (IPv6 with a scope, too), None when it is a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if address.version == 4:
        return Target(socket.AF_INET, host)
    name, _, scope = host.partition("%")
    if not scope:
        return Target(socket.AF_INET6, name)
    try:
        return Target(socket.AF_INET6, name, int(scope) if scope.isdigit() else socket.if_nametoindex(scope))
    except OSError:
        raise Unresolved(f"this node has no interface {scope}") from None


def _looked_up(host: str) -> list[Target] | Unresolved:
    try:
        rows = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in (socket.EAI_AGAIN,):
            return Unresolved(f"no name server answers for {host}")
        return Unresolved(f"there is no host named {host}")
    except (OSError, UnicodeError) as error:
        return Unresolved(f"the name {host} cannot be resolved: {error}")
    found = [
        Target(socket.AddressFamily(family), str(address[0]), int(address[3]) if len(address) > 3 else 0)
        for family, _, _, _, address in rows
        if family in (socket.AF_INET, socket.AF_INET6)
    ]
    return found or Unresolved(f"there is no address for {host}")
