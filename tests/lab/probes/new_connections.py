"""A steady stream of new connections, one request each, at a fixed rate whatever the answers take."""

import asyncio
import time
from collections import Counter

import msgspec

from tests.lab.probes.tcp import Connection, Ended, Latency, Refused, cause


class NewConnectionsOrder(msgspec.Struct):
    """`rate` connections a second, from the sources in turn; seconds to connect, and to answer."""

    address: str
    port: int
    sources: list[str]
    rate: float
    timeout: float
    path: str


class NewConnectionsResult(msgspec.Struct):
    """What the clients saw; `latency` is from connect to the last byte."""

    requests: int = 0
    failures: dict[str, int] = {}
    resets: int = 0
    by: dict[str, int] = {}
    latency: Latency = Latency()


async def run(order: NewConnectionsOrder, ended: asyncio.Event) -> NewConnectionsResult:
    """Until the end."""
    failures: Counter[str] = Counter()
    by: Counter[str] = Counter()
    latencies: list[float] = []

    async def ask(source: str) -> None:
        began = time.monotonic()
        try:
            connection = await Connection.open(source, order.address, order.port, order.timeout)
            try:
                body = await connection.get(order.path, order.timeout)
            finally:
                await connection.close()
        except (OSError, Ended, Refused) as error:
            failures[cause(error)] += 1
        else:
            latencies.append(time.monotonic() - began)
            by[body.decode(errors="replace").strip()[:40]] += 1

    sent, began = 0, time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        while not ended.is_set():
            while sent < (time.monotonic() - began) * order.rate:
                tasks.create_task(ask(order.sources[sent % len(order.sources)]))
                sent += 1
            await asyncio.sleep(0.5 / order.rate)
    return NewConnectionsResult(sent, dict(failures), failures["reset"], dict(by), Latency.of(latencies))
