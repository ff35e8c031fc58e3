"""Looks at this node's own interfaces and addresses."""

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from time import monotonic

import psutil

from nodeagent.adapters.checkers.look import Seen
from nodeagent.adapters.checkers.names import Names
from nodeagent.own_thread import in_thread

TRUSTED = 5.0
"""Seconds that one look at the interfaces serves everybody, where the system tells when something changes."""

_FAMILIES = (socket.AF_INET, socket.AF_INET6)


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface, whether it has a link, and its addresses with their netmasks (empty: unknown)."""

    name: str
    up: bool
    addresses: tuple[tuple[str, str], ...]

    def carries(self, addresses: frozenset[str]) -> bool:
        """Whether it has one of these addresses."""
        return any(address in addresses for address, _ in self.addresses)

    def leads_to(self, address: str) -> bool:
        """Whether the address is in one of its networks; that of a single address is none."""
        found = ip_address(address)
        networks = [ip_interface(f"{own}/{_prefix(mask)}").network for own, mask in self.addresses if mask]
        return any(network.num_addresses > 1 and found in network for network in networks)


class LocalNet:
    """This node's interfaces as they are now.

    They are looked at in a thread. While `watched`, somebody calls `changed` whenever they may be different: then one
    look serves everybody for `TRUSTED` seconds. Else it serves only whoever asks while it is under way. `look` blocks.
    """

    def __init__(self, look: Callable[[], tuple[Interface, ...]]) -> None:
        self.watched = False
        self._look = look
        self._seen: asyncio.Future[tuple[Interface, ...]] | None = None
        self._until = 0.0

    def changed(self) -> None:
        """What was seen until now tells nothing."""
        self._seen = None

    async def interfaces(self) -> tuple[Interface, ...]:
        """All of them. Raises OSError when this node cannot look."""
        seen = self._seen
        if seen is None or (seen.done() and (monotonic() >= self._until or not self.watched)):
            seen = self._seen = in_thread("interfaces", self._look)
            self._until = monotonic() + TRUSTED
        try:
            return await asyncio.shield(seen)
        except OSError:
            self._seen = None
            raise


def interfaces() -> tuple[Interface, ...]:
    """The interfaces of this node. Blocks."""
    found, stats = psutil.net_if_addrs(), psutil.net_if_stats()
    seen = []
    for name in dict.fromkeys((*found, *stats)):
        link = stats.get(name) or stats.get(name.partition(":")[0])  # an alias has the link of its interface
        own = [a for a in found.get(name, ()) if a.family in _FAMILIES]
        addresses = tuple((a.address.partition("%")[0], a.netmask or "") for a in own)
        seen.append(Interface(name, link is not None and link.isup, addresses))
    return tuple(seen)


class _LocalLook:
    def __init__(self, net: LocalNet, names: Names, address: str, timeout: float) -> None:
        self._net, self._names, self._address, self._timeout = net, names, address, timeout

    async def _interfaces(self) -> list[Interface]:
        targets = await self._names.targets(self._address, self._timeout)
        addresses = frozenset(target.address.partition("%")[0] for target in targets)
        return [one for one in await self._net.interfaces() if one.carries(addresses)]


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


class LinkLook:
    """Good while an interface has a link: the one of this name, or without one whichever network holds an address."""

    def __init__(self, net: LocalNet, name: str, towards: str) -> None:
        self._net, self._name, self._towards = net, name, towards

    async def look(self) -> Seen:
        """Look once."""
        for one in await self._net.interfaces():
            if one.name == self._name or (not self._name and one.leads_to(self._towards)):
                return Seen(one.up, f"{one.name} has {'a' if one.up else 'no'} link")
        what = f"no interface {self._name}" if self._name else f"no interface in the network of {self._towards}"
        return Seen(False, f"this node has {what}")


def _prefix(netmask: str) -> int:
    return int.from_bytes(ip_address(netmask).packed, "big").bit_count()
