"""How long each client is without service: it connects again and again, and remembers its longest gap.

A connection is opened and thrown away (RST): nothing of it stays on either side.
"""

import asyncio
import math
import random
import socket
import struct
import time
from collections import Counter

import msgspec

from tests.lab.probes.tcp import cause, connected

LINGER = struct.pack("ii", 1, 0)
TICK, STALL = 0.005, 0.01
"""Seconds: how often the clients look at the clock, and from when on they have stood still."""


class OutageOrder(msgspec.Struct):
    """One client per source; seconds to connect, and between two connections."""

    address: str
    port: int
    sources: list[str]
    timeout: float
    pause: float


class ClientOutage(msgspec.Struct):
    """One client; moments are of CLOCK_MONOTONIC, the same in every namespace."""

    connects: int = 0
    failures: dict[str, int] = {}
    gap: float = 0.0
    """The longest time between the ends of two good connects, in seconds."""
    gap_began: float = 0.0
    gap_ended: float | None = 0.0
    """None: it lasted when the clients were told to end."""

    @property
    def back(self) -> float:
        """When the gap ended, infinity if it did not."""
        return math.inf if self.gap_ended is None else self.gap_ended


class Outages(msgspec.Struct):
    """All clients by source address."""

    clients: dict[str, ClientOutage] = {}
    stalls: list[tuple[float, float]] = []
    """(moment, seconds) of each time that the clients themselves stood still for `STALL` or longer."""

    def hit(self) -> dict[str, ClientOutage]:
        """Those with a connect that failed."""
        return {source: client for source, client in self.clients.items() if client.failures}

    def stalled(self, since: float, until: float) -> float:
        """Seconds of the longest stall of the clients themselves of which some lies between two moments."""
        return max((late for moment, late in self.stalls if since < moment and moment - late < until), default=0.0)

    def since(self, moment: float) -> list[float]:
        """Sorted: seconds from `moment` (time.monotonic) until each client that was hit had service again."""
        return sorted(client.back - moment for client in self.hit().values())


async def run(order: OutageOrder, ended: asyncio.Event) -> Outages:
    """Until the end."""
    result = Outages()

    async def client(source: str) -> None:
        seen, failures, last = ClientOutage(), Counter[str](), 0.0
        while not ended.is_set():
            try:
                sock = await connected(source, order.address, order.port, order.timeout)
            except OSError as error:
                failures[cause(error)] += 1
                if not isinstance(error, TimeoutError):
                    await asyncio.sleep(order.pause)
                continue
            now = time.monotonic()
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            sock.close()
            seen.connects += 1
            if last and now - last > seen.gap:
                seen.gap, seen.gap_began, seen.gap_ended = now - last, last, now
            last = now
            await asyncio.sleep(order.pause * random.uniform(0.5, 1.5))  # no two clients in step
        if last and failures and time.monotonic() - last > seen.gap:
            seen.gap, seen.gap_began, seen.gap_ended = time.monotonic() - last, last, None
        seen.failures = dict(failures)
        result.clients[source] = seen

    async def watch() -> None:
        while not ended.is_set():
            before = time.monotonic()
            await asyncio.sleep(TICK)
            late = time.monotonic() - before - TICK
            if late >= STALL:
                result.stalls.append((time.monotonic(), late))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(watch())
        for source in order.sources:
            tasks.create_task(client(source))
    return result
