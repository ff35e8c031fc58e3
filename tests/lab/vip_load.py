"""Load on a virtual IP, and what it saw: 60 browsers that never rest, 20 that close idle connections, 200 new
connections a second.

    with load(lab) as seen: lab.nodes[2].order("stop", wait=30)
    seen.report("planned stop", record_property); assert seen.harm() == {}
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.lab.clients import Probe
from tests.lab.lab import Lab
from tests.lab.probes.keep_alive import KeepAliveResult
from tests.lab.probes.new_connections import NewConnectionsResult
from tests.lab.vip import VIRTUAL

BEFORE, AFTER = 0.5, 0.5
"""Seconds of load around what happens."""


@dataclass
class Seen:
    """What the clients saw, when the load has ended; `seconds` it lasted."""

    results: dict[str, KeepAliveResult | NewConnectionsResult] = field(default_factory=dict)
    seconds: float = 0.0

    def harm(self) -> dict[str, str]:
        """Resets and requests without an answer; empty when there are none."""
        return {
            name: f"{seen.resets} resets, failures {seen.failures}"
            for name, seen in self.results.items()
            if seen.resets or seen.failures
        }

    def report(self, what: str, record: Callable[[str, object], None]) -> None:
        """The figures, printed and as properties of the test."""
        for name, seen in self.results.items():
            late = seen.latency
            line = (
                f"{what}, {name}: {seen.requests} requests in {self.seconds:.1f} s, {seen.resets} resets, "
                f"failures {seen.failures}, p50/p99/max {late.median:.1f}/{late.p99:.1f}/{late.most:.0f} ms, "
                f"{late.late} over 0.9 s"
            )
            if isinstance(seen, KeepAliveResult):
                line += f", {seen.connects} connects, {seen.repeated} repeated, {seen.closed_idle} closed by the server"
            record(f"{what}, {name}", line)
            print(line)


@contextmanager
def load(lab: Lab, port: int = 80, address: str = VIRTUAL) -> Iterator[Seen]:
    """The load, while the block runs."""
    client, seen = lab.clients[0], Seen()
    probes: dict[str, Probe[KeepAliveResult] | Probe[NewConnectionsResult]] = {
        "busy browsers": client.keep_alive(address, port),
        "idle browsers": client.keep_alive(address, port, connections=20, interval=2.5),
        "new connections": client.new_connections(address, port, timeout=5.0),
    }
    began = time.monotonic()
    try:
        time.sleep(BEFORE)
        yield seen
        time.sleep(AFTER)
    finally:
        seen.seconds = time.monotonic() - began
        seen.results = {name: probe.result() for name, probe in probes.items()}
