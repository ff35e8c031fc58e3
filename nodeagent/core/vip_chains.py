"""The words of the rule sets: ways that frames come in, chains, and the maps that lead to them by address and port."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from nodeagent.contract.config import Proto, ShareBy, VirtualAddress, VirtualIp
from nodeagent.core.bucket import SEED
from nodeagent.core.slots import SLOTS
from nodeagent.core.vip_plan import Interface

PROBE_ETHERTYPE: Final = 0x88B5
"""Of the probe frames: the first of the two for local experiments."""

_HASH = f"mod {SLOTS} seed {SEED:#x}"
SYN = "tcp flags & (syn | ack) == syn"
ERRORS = {
    4: "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
    6: "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, destination-unreachable, packet-too-big, "
    "time-exceeded, parameter-problem }",
}
ECHO = {4: "icmp type echo-request", 6: "icmpv6 type echo-request"}
LATER_FRAGMENT = {4: "ip frag-off & 0x1fff != 0", 6: "frag frag-off != 0"}
_ANY_FRAGMENT = {4: "ip frag-off & 0x3fff != 0", 6: "exthdr frag exists"}
IP = {4: "ip", 6: "ip6"}
EVERYBODY = "ff:ff:ff:ff:ff:ff"


@dataclass(frozen=True, slots=True)
class Way:
    """A way that frames come in: shared by all interfaces, or directed and then of one interface."""

    family: int
    link: Interface | None = None
    number: int = 0

    @property
    def name(self) -> str:
        """Of its first chain."""
        return f"directed{self.number}" if self.link else f"shared{self.family}"

    @property
    def flow(self) -> str:
        """The flow that a client's segment belongs to."""
        ip = IP[self.family]
        return f"{ip} saddr . tcp sport . {ip} daddr . tcp dport"

    @property
    def answered(self) -> str:
        """The flow that a segment of this node belongs to."""
        ip = IP[self.family]
        return f"{ip} daddr . tcp dport . {ip} saddr . tcp sport"

    def mark(self, by: ShareBy, source: str = "saddr", port: str = "sport") -> str:
        """The statement that puts the client's slot into the mark."""
        with_port = f" . th {port}" if by is ShareBy.PORT else ""
        return f"meta mark set jhash {IP[self.family]} {source}{with_port} {_HASH}"


def marks(way: Way, by: ShareBy) -> Iterator[str]:
    """The same for all that a client sends."""
    yield way.mark(by)
    if by is ShareBy.PORT:
        # The fragments that follow have no port: all of a datagram go by its address.
        yield f"{_ANY_FRAGMENT[way.family]} {way.mark(ShareBy.ADDR)}"


def kinds(vip: VirtualIp, addresses: Iterable[VirtualAddress]) -> list[tuple[int, Proto, ShareBy]]:
    """What differs between the rules for these addresses, in a fixed order."""
    here = {a.addr for a in addresses}
    found = {
        (g, rule.proto, rule.share_by)
        for g, group in enumerate(vip.groups)
        for rule in group.rules
        if here & set(rule.addresses)
    }
    return sorted(found)


def chain_name(way: Way, g: int, proto: Proto, by: ShareBy, before: str = "") -> str:
    """The chain for traffic of one kind; `before`: that of what is neither shared nor directed."""
    return f"{before or way.name}{way.family if before else ''}_{proto.value}_{by.value.removeprefix('on_')}_{g}"


def by_port(way: Way, vip: VirtualIp, addresses: list[VirtualAddress]) -> Iterator[str]:
    """What leads to the chains of rules with a port; a later fragment has none."""
    if exact := _targets(way, vip, addresses)[0]:
        yield f"{IP[way.family]} daddr . meta l4proto . th dport vmap {{ {', '.join(exact)} }}"


def by_address(way: Way, vip: VirtualIp, addresses: list[VirtualAddress]) -> Iterator[str]:
    """What leads to the chains of rules for any port."""
    if rest := _targets(way, vip, addresses)[1]:
        yield f"{IP[way.family]} daddr . meta l4proto vmap {{ {', '.join(rest)} }}"


def tcp_only(way: Way, vip: VirtualIp, addresses: Iterable[VirtualAddress], before: str, side: str) -> Iterator[str]:
    """What leads TCP to the chains of all rules; `side` of the virtual address: `s`, the source, or `d`."""
    exact, rest = _targets(way, vip, addresses, before, Proto.TCP)
    ip = IP[way.family]
    if exact:
        yield f"{ip} {side}addr . tcp {side}port vmap {{ {', '.join(exact)} }}"
    if rest:
        yield f"{ip} {side}addr vmap {{ {', '.join(rest)} }}"


def _targets(
    way: Way, vip: VirtualIp, addresses: Iterable[VirtualAddress], before: str = "", only: Proto | None = None
) -> tuple[list[str], list[str]]:
    """Elements of the verdict maps: of rules with a port, of rules for any port."""
    here = {a.addr for a in addresses if (":" in a.addr) is (way.family == 6)}
    exact, rest = [], []
    for g, group in enumerate(vip.groups):
        for rule in group.rules:
            for addr in rule.addresses:
                if addr not in here or (only and rule.proto is not only):
                    continue
                key = addr if only else f"{addr} . {rule.proto.value}"
                to = f"goto {chain_name(way, g, rule.proto, rule.share_by, before)}"
                if rule.port:
                    exact.append(f"{key} . {rule.port} : {to}")
                else:
                    rest.append(f"{key} : {to}")
    return exact, rest


def chain(name: str, *rules: str) -> Iterator[str]:
    """A chain of the table."""
    yield f"\tchain {name} {{"
    yield from (f"\t\t{rule}" for rule in rules)
    yield "\t}"


def one_of(items: Iterable[str]) -> str:
    """An anonymous set, empty for nothing."""
    listed = list(items)
    return f"{{ {', '.join(listed)} }}" if listed else ""
