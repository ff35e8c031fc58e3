"""Browsers: connections that stay, a request every `interval` seconds, idle ones closed after `idle` seconds.

As a browser does it, a request that meets a connection which has just been closed (no byte of an answer) is sent again
on a new one, once; what was closed while idle is noticed before it is used. A reset is counted wherever it is seen.
"""

import asyncio
import time
from collections import Counter
from contextlib import suppress

import msgspec

from tests.lab.probes.tcp import Connection, Ended, Latency, Refused, cause


class KeepAliveOrder(msgspec.Struct):
    """`connections` are dealt out over the sources."""

    address: str
    port: int
    sources: list[str]
    connections: int
    interval: float
    idle: float
    timeout: float
    path: str


class KeepAliveResult(msgspec.Struct):
    """What the clients saw; `failures` are requests nobody answered, by cause."""

    requests: int = 0
    failures: dict[str, int] = {}
    resets: int = 0
    repeated: int = 0
    """Requests that were sent again because the connection ended under them."""
    closed_idle: int = 0
    """Connections that the server closed between two requests."""
    connects: int = 0
    by: dict[str, int] = {}
    """Answers per body: the node's name, with the path `/`."""
    latency: Latency = Latency()


class Browsers:
    """All connections of an order."""

    def __init__(self, order: KeepAliveOrder, ended: asyncio.Event) -> None:
        self._order, self._ended = order, ended
        self.result = KeepAliveResult()
        self.failures: Counter[str] = Counter()
        self.by: Counter[str] = Counter()
        self.latencies: list[float] = []

    async def browse(self, number: int) -> None:
        """One connection after the other, until the end."""
        order = self._order
        source = order.sources[number % len(order.sources)]
        connection: Connection | None = None
        await asyncio.sleep(order.interval * number / order.connections)
        while not self._ended.is_set():
            began = time.monotonic()
            connection = await self._ask(source, connection)
            rest = order.interval - (time.monotonic() - began)
            if rest > order.idle and connection is not None:
                await self._pause(order.idle)
                await connection.close()
                connection, rest = None, rest - order.idle
            await self._pause(rest)
        if connection is not None:
            await connection.close()

    async def _pause(self, seconds: float) -> None:
        """Sleep, until the end at most."""
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self._ended.wait()

    async def _ask(self, source: str, connection: Connection | None) -> Connection | None:
        """One request; the connection for the next one."""
        order = self._order
        self.result.requests += 1
        if connection is not None and connection.ended:
            self.result.closed_idle += 1
            await connection.close()
            connection = None
        began = time.monotonic()
        while True:
            used = connection is not None
            try:
                if connection is None:
                    self.result.connects += 1
                    connection = await Connection.open(source, order.address, order.port, order.timeout)
                body = await connection.get(order.path, order.timeout)
            except (OSError, Ended, Refused) as error:
                self.result.resets += cause(error) == "reset"
                if connection is not None:
                    await connection.close()
                connection = None
                if used and isinstance(error, Ended | ConnectionResetError | BrokenPipeError):
                    self.result.repeated += 1
                    continue
                self.failures[cause(error)] += 1
                return None
            self.latencies.append(time.monotonic() - began)
            self.by[body.decode(errors="replace").strip()[:40]] += 1
            if connection.closing:
                await connection.close()
                return None
            return connection


async def run(order: KeepAliveOrder, ended: asyncio.Event) -> KeepAliveResult:
    """Until the end."""
    browsers = Browsers(order, ended)
    async with asyncio.TaskGroup() as tasks:
        for number in range(order.connections):
            tasks.create_task(browsers.browse(number))
    result = browsers.result
    result.failures, result.by = dict(browsers.failures), dict(browsers.by)
    result.latency = Latency.of(browsers.latencies)
    return result
