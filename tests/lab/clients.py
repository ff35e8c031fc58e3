"""Clients with many addresses: what they ask is a method, what they saw a typed result (probes/).

`syn` and `udp` return their result; `keep_alive`, `new_connections` and `outage` return a running probe, whose
`result()` ends it and returns what it saw. `address` is that of a node or a virtual IP, IPv4 or IPv6. `chi_square`
tells whether shares fit the powers.

    watch = client.outage("10.77.0.100", sources=40)
    cut = time.monotonic(); node.cable(False); time.sleep(3)
    gaps = watch.result().since(cut)
"""

import random
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from tests.lab.probes.keep_alive import KeepAliveOrder, KeepAliveResult
from tests.lab.probes.new_connections import NewConnectionsOrder, NewConnectionsResult
from tests.lab.probes.outage import OutageOrder, Outages
from tests.lab.probes.syn import SynAnswers, SynOrder
from tests.lab.probes.udp_echo import EchoOrder, UdpAnswers, UdpOrder
from tests.lab.topology import Host

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")
EPHEMERAL = 32768
"""From here on a kernel takes the ports of its own connections: one that is just closed there answers a raw SYN-ACK."""


class Probe(Generic[T]):
    """A probe that runs in a namespace."""

    def __init__(self, host: Host, name: str, order: msgspec.Struct, result: type[T]) -> None:
        self._name, self._type = name, result
        command = [*host.prefix, sys.executable, "-m", "tests.lab.probes", name, msgspec.json.encode(order).decode()]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it has started

    def result(self, timeout: float = 60.0) -> T:
        """Tell it to end, and what it saw. Raises AssertionError with its complaint."""
        try:
            said, complaint = self._process.communicate(timeout=timeout)
        finally:
            self._process.kill()
            self._process.wait()
        assert self._process.returncode == 0, f"{self._name}: {complaint}"
        return msgspec.json.decode(said, type=self._type)


class LabClient:
    """The clients behind one cable."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def sources(self, address: str, count: int | None = None) -> list[str]:
        """The first `count` (all) addresses of the family of `address`."""
        own = self.host.of_family(6 if ":" in address else 4)
        assert count is None or count <= len(own), f"{self.host.role} has {len(own)} addresses"
        return own[:count]

    def syn(self, address: str, port: int = 80, *, sources: int | None = None, ports: int = 20) -> SynAnswers:
        """Send a SYN from each of `ports` ports of each source."""
        first = random.randrange(1024, EPHEMERAL - ports)
        order = SynOrder(address, port, self.sources(address, sources), first, ports)
        return Probe(self.host, "syn", order, SynAnswers).result()

    def udp(self, address: str, port: int, *, sources: int | None = None, each: int = 2, size: int = 64) -> UdpAnswers:
        """Send `each` datagrams from each source to an echo server; more than 1472 bytes go as fragments."""
        return Probe(
            self.host, "udp", UdpOrder(address, port, self.sources(address, sources), each, size), UdpAnswers
        ).result()

    def keep_alive(
        self,
        address: str,
        port: int = 80,
        *,
        sources: int | None = None,
        connections: int = 60,
        interval: float = 0.05,
        idle: float = 2.0,
        timeout: float = 5.0,
        path: str = "/",
    ) -> Probe[KeepAliveResult]:
        """Browsers: a request every `interval` s on each connection; one that is idle for `idle` s is closed."""
        order = KeepAliveOrder(
            address, port, self.sources(address, sources), connections, interval, idle, timeout, path
        )
        return Probe(self.host, "keep_alive", order, KeepAliveResult)

    def new_connections(
        self,
        address: str,
        port: int = 80,
        *,
        sources: int | None = None,
        rate: float = 200.0,
        timeout: float = 2.0,
        path: str = "/",
    ) -> Probe[NewConnectionsResult]:
        """New connections, `rate` a second, one request each."""
        order = NewConnectionsOrder(address, port, self.sources(address, sources), rate, timeout, path)
        return Probe(self.host, "new_connections", order, NewConnectionsResult)

    def outage(
        self, address: str, port: int = 80, *, sources: int = 40, timeout: float = 0.15, pause: float = 0.02
    ) -> Probe[Outages]:
        """Clients that connect again and again and measure their longest gap."""
        return Probe(
            self.host, "outage", OutageOrder(address, port, self.sources(address, sources), timeout, pause), Outages
        )


def echo_server(host: Host, port: int = 7) -> Probe[None]:
    """A UDP echo server on every address of a host, that says the host's role; ended by `result()`."""
    return Probe(host, "echo", EchoOrder(host.role, port), type(None))


def chi_square(counts: Mapping[str, int], powers: Mapping[str, int]) -> float:
    """How far counts are from shares by power; with three nodes 5.99 is passed by chance once in twenty times."""
    total, power = sum(counts.values()), sum(powers.values())
    fair = {name: total * share / power for name, share in powers.items() if share}
    return sum((counts.get(name, 0) - expected) ** 2 / expected for name, expected in fair.items())
