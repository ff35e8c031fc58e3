"""Finds nodes in a range of addresses that a person typed: nothing else is ever scanned."""

import asyncio
import contextlib
import ipaddress
import re
from collections.abc import Callable
from enum import StrEnum

import msgspec

from app.services.address_check import check
from app.services.nodes import API_PORT, CheckedAddress, NodeAddress

MOST_ADDRESSES = 1024
AT_A_TIME = 64
CONNECT_TIMEOUT = 1.5
"""Seconds an address may take to accept a connection."""
_SPAN = re.compile(r"(\d+\.\d+\.\d+)\.(\d+)-(?:(\d+\.\d+\.\d+)\.)?(\d+)")


class RangeProblem(StrEnum):
    """What is wrong with a typed range."""

    EMPTY = "empty"
    NOT_A_RANGE = "not a range"
    BACKWARDS = "backwards"
    TOO_MANY = "too many"
    ONLY_IPV4 = "only IPv4"
    """A range of IPv6 addresses cannot be scanned."""


class BadRange(msgspec.Struct, frozen=True):
    """Why a range cannot be scanned: the part that is wrong, and how many addresses it would be."""

    problem: RangeProblem
    part: str
    count: int = 0


class Scanned(msgspec.Struct, frozen=True):
    """What a scan did. `asked` addresses, `accepted` of them took a connection, `found` are nodes."""

    asked: int
    accepted: int
    found: tuple[CheckedAddress, ...]


def addresses_of(range_text: str) -> tuple[str, ...] | BadRange:
    """`10.0.0.1-50`, `10.0.0.1-10.0.0.50`, `10.0.0.0/24`, `10.0.0.7`, several with commas; in the order typed."""
    parts = re.sub(r"\s*-\s*", "-", range_text).replace(",", " ").replace(";", " ").split()
    if not parts:
        return BadRange(RangeProblem.EMPTY, range_text)
    found: dict[str, None] = {}
    for part in parts:
        span = _span(part)
        if isinstance(span, BadRange):
            return span
        first, last = span
        if len(found) + last - first + 1 > MOST_ADDRESSES:
            return BadRange(RangeProblem.TOO_MANY, part, len(found) + last - first + 1)
        found |= dict.fromkeys(str(ipaddress.IPv4Address(number)) for number in range(first, last + 1))
    return tuple(found)


async def scan(
    addresses: tuple[str, ...],
    on_found: Callable[[CheckedAddress], None],
    on_progress: Callable[[int, int], None] | None = None,
    *,
    port: int = API_PORT,
    connect_timeout: float = CONNECT_TIMEOUT,
) -> Scanned:
    """Ask each address, 64 at a time; cancel it to stop. `on_progress(done, of)`.

    Only who accepts a connection is asked who he is.
    """
    waiting = list(reversed(addresses))
    found: list[CheckedAddress] = []
    accepted = done = 0

    async def work() -> None:
        nonlocal accepted, done
        while waiting:
            address = waiting.pop()
            if await _accepts(address, port, connect_timeout):
                accepted += 1
                checked = await check(NodeAddress(address, port))
                if checked.identity is not None:
                    found.append(checked)
                    on_found(checked)
            done += 1
            if on_progress is not None:
                on_progress(done, len(addresses))

    async with asyncio.TaskGroup() as group:
        for number in range(min(AT_A_TIME, len(addresses))):
            group.create_task(work(), name=f"scan {number}")
    place = {address: at for at, address in enumerate(addresses)}
    return Scanned(len(addresses), accepted, tuple(sorted(found, key=lambda one: place[one.address.address])))


async def _accepts(address: str, port: int, timeout: float) -> bool:
    try:
        async with asyncio.timeout(timeout):
            _, writer = await asyncio.open_connection(address, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _span(part: str) -> tuple[int, int] | BadRange:
    """The first and the last address of one part, as numbers."""
    try:
        if match := _SPAN.fullmatch(part):
            network, first, other, last = match.groups()
            low = int(ipaddress.IPv4Address(f"{network}.{first}"))
            high = int(ipaddress.IPv4Address(f"{other or network}.{last}"))
            return (low, high) if low <= high else BadRange(RangeProblem.BACKWARDS, part)
        if "/" in part:
            net = ipaddress.IPv4Network(part, strict=False)
            edge = 1 if net.prefixlen < 31 else 0  # neither the network's own nor the broadcast address
            return int(net.network_address) + edge, int(net.broadcast_address) - edge
        low = int(ipaddress.IPv4Address(part))
    except ValueError:
        with contextlib.suppress(ValueError):
            ipaddress.IPv6Network(part, strict=False)
            return BadRange(RangeProblem.ONLY_IPV4, part)
        return BadRange(RangeProblem.NOT_A_RANGE, part)
    return low, low
