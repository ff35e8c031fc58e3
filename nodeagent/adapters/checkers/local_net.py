"""Looks at this node's own interfaces and addresses."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_interface

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


class LinkLook:
    """Good while an interface has a link: the one of this name, or without one whichever network holds an address."""

    def __init__(self, name: str, towards: str) -> None:
        self._name, self._towards = name, towards

    async def look(self) -> Seen:
        """Look once."""
        interface = await in_thread("interfaces", lambda: link_of(self._name, self._towards))
        if interface is None:
            what = f"no interface {self._name}" if self._name else f"no interface in the network of {self._towards}"
            return Seen(False, f"this node has {what}")
        return Seen(interface.up, f"{interface.name} has {'a' if interface.up else 'no'} link")


def link_of(name: str, towards: str) -> Interface | None:
    """The interface of this name, or the one whose network holds the address; None when there is none. Blocks."""
    stats = psutil.net_if_stats()
    if not name:
        name = next((known for known, networks in _networks() if any(ip_address(towards) in n for n in networks)), "")
    return Interface(name, stats[name].isup) if name in stats else None


def _networks() -> Iterator[tuple[str, list[IPv4Network | IPv6Network]]]:
    """Each interface with the networks of its addresses; those of a single address are none."""
    for name, found in psutil.net_if_addrs().items():
        plain = [(a.address.partition("%")[0], a.netmask) for a in found if a.family in _FAMILIES and a.netmask]
        networks = [ip_interface(f"{address}/{_prefix(netmask)}").network for address, netmask in plain]
        yield name, [network for network in networks if network.num_addresses > 1]


def _prefix(netmask: str) -> int:
    return int.from_bytes(ip_address(netmask).packed, "big").bit_count()
