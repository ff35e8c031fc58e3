"""Looks at this node's own interfaces and addresses."""

import socket
from dataclasses import dataclass

import psutil

from nodeagent.adapters.checkers.look import Seen
from nodeagent.adapters.checkers.names import Names
from nodeagent.own_thread import in_thread

_FAMILIES = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface that carries an address, and whether it has a link."""

    name: str
    up: bool


def interfaces_of(addresses: frozenset[str]) -> tuple[Interface, ...]:
    """The interfaces that carry one of these addresses. Blocks."""
    names = [
        name
        for name, found in psutil.net_if_addrs().items()
        if any(a.family in _FAMILIES and a.address.partition("%")[0] in addresses for a in found)
    ]
    stats = psutil.net_if_stats() if names else {}
    return tuple(Interface(name, name in stats and stats[name].isup) for name in names)


class _LocalLook:
    def __init__(self, names: Names, address: str, timeout: float) -> None:
        self._names, self._address, self._timeout = names, address, timeout

    async def _interfaces(self) -> tuple[Interface, ...]:
        targets = await self._names.targets(self._address, self._timeout)
        addresses = frozenset(target.address.partition("%")[0] for target in targets)
        return await in_thread("interfaces", lambda: interfaces_of(addresses))


class IpLook(_LocalLook):
    """Good while an interface of this node carries the address."""

    async def look(self) -> Seen:
        """Look once."""
        interfaces = await self._interfaces()
        if interfaces:
            return Seen(True, f"{self._address} is on {interfaces[0].name}")
        return Seen(False, f"{self._address} is not on this node")


class InterfaceLook(_LocalLook):
    """Good while an interface that carries the address has a link."""

    async def look(self) -> Seen:
        """Look once."""
        interfaces = await self._interfaces()
        if not interfaces:
            return Seen(False, f"no interface of this node has the address {self._address}")
        for interface in interfaces:
            if interface.up:
                return Seen(True, f"{interface.name} has a link")
        return Seen(False, f"{interfaces[0].name} has no link")
