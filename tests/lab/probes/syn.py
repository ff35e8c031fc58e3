"""Who answers a SYN: raw frames from many addresses and ports, the node is told by the MAC its answer comes from.

The kernel of the client knows none of these connections and answers each SYN-ACK with a RST, so that nothing is left
half open on the nodes and none of them sends a SYN-ACK twice.
"""

import json
import select
import socket
import subprocess
import time
from collections import Counter

import msgspec

from tests.lab.probes.frames import ACK, IPV4, IPV6, RST, SYN, answer, syn

SO_RCVBUFFORCE = 33
PACE = 3000
"""SYNs a second."""
BURST = 30
QUIET = 0.5
"""Seconds without an answer after which no more are waited for."""


class SynOrder(msgspec.Struct):
    """One SYN from each port `first_port`, … of each source."""

    address: str
    port: int
    sources: list[str]
    first_port: int
    ports: int
    device: str = "eth0"


class SynAnswers(msgspec.Struct):
    """What came back."""

    target_mac: str
    """Whom the client's kernel sends to: the virtual MAC, for a virtual IP."""
    taken: dict[str, dict[int, list[str]]]
    """Per source address and port: the MACs that sent a SYN-ACK; empty when none did."""
    reset: int
    """How many RSTs answered one of these SYNs."""

    def count(self) -> tuple[int, int, int]:
        """SYNs with (no answer, exactly one, several)."""
        sizes = Counter(min(len(macs), 2) for ports in self.taken.values() for macs in ports.values())
        return sizes[0], sizes[1], sizes[2]

    def by_source(self) -> Counter[str]:
        """How many source addresses each MAC serves; those that several serve are not counted."""
        served = [{mac for macs in ports.values() for mac in macs} for ports in self.taken.values()]
        return Counter(macs.pop() for macs in served if len(macs) == 1)

    def by_syn(self) -> Counter[str]:
        """How many SYNs each MAC answered."""
        return Counter(mac for ports in self.taken.values() for macs in ports.values() for mac in macs)

    def sticky(self) -> int:
        """Source addresses that one and the same node serves on every port."""
        return sum(
            len({mac for macs in ports.values() for mac in macs}) == 1 and all(ports.values())
            for ports in self.taken.values()
        )


def neighbour(address: str, source: str, device: str) -> str:
    """The MAC address the kernel finds for an address. Raises TimeoutError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    deadline = time.monotonic() + 3
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((source, 0))
        while time.monotonic() < deadline:
            sock.sendto(b"", (address, 9))
            time.sleep(0.05)
            shown = subprocess.run(
                ["ip", "-j", "neigh", "show", address, "dev", device], capture_output=True, check=True
            ).stdout
            for entry in json.loads(shown or b"[]"):
                if "lladdr" in entry:
                    return str(entry["lladdr"])
    raise TimeoutError(f"nobody answers for {address}")


def run(order: SynOrder) -> SynAnswers:
    """Send them all at `PACE`, collect until it is quiet."""
    mac = neighbour(order.address, order.sources[0], order.device)
    taken: dict[str, dict[int, list[str]]] = {
        source: {order.first_port + n: [] for n in range(order.ports)} for source in order.sources
    }
    reset = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 32 * 1024 * 1024)
        sock.bind((order.device, IPV6 if ":" in order.address else IPV4))
        own = sock.getsockname()[4].hex(":")
        target = order.address, order.port
        # All ports of one address after each other would be a burst for one node.
        waiting = [(source, order.first_port + n) for n in range(order.ports) for source in order.sources]
        sent, began = 0, time.monotonic()
        last = began
        while sent < len(waiting) or time.monotonic() - last < QUIET:
            if sent < len(waiting):
                last = time.monotonic()
                due = min(len(waiting), int((last - began) * PACE) + BURST)
                for source in waiting[sent:due]:
                    sock.send(syn((own, mac), source, target))
                sent = due
            for _ in range(2 * BURST):
                if not select.select([sock], [], [], 0.003)[0]:
                    break
                got = answer(sock.recv(2048))
                if got is None or got.source != target or got.target[1] not in taken.get(got.target[0], ()):
                    continue
                last = time.monotonic()
                if got.flags & RST:
                    reset += 1
                elif got.flags & (SYN | ACK) == SYN | ACK:
                    taken[got.target[0]][got.target[1]].append(got.mac)
    return SynAnswers(mac, taken, reset)
