"""The nftables rule set of a module's virtual IP, as text. Pure: a plan in, a transaction out.

Theory of operation. One table per module in the netdev family, with base chains on each of its interfaces.

`vmac_invisible`: every node sees every frame to the virtual MAC; a frame is *taken* by being marked as one
for this host, everything else the IP layer refuses because the MAC is not this machine's. So a table only
decides about traffic that its own rules match: several modules may share an address. Answers to ARP and
neighbour solicitations leave with the virtual MAC in them, never with it as their source.

`vmac_directed` (IPv4): the table is the same on all nodes. Whoever is in the map `speaks` answers ARP and
forwards other nodes' slots by the map `owner_<group>`; a frame that comes from a peer was forwarded once
and is taken (the loop guard).

A slot is `jhash` of the client's address, or of address and port, see `bucket`. Each group has its own:
`mine_` (whose new connections I take), `data_` (whose datagrams I take), `est_` (whose unknown connections
I take, so that the kernel answers RST), `quiet_` (whose RST for unknown connections are held back). `flows`
remembers the connections taken: they stay where they are while slots move. Two things end such a memory, so that
a port used again elsewhere cannot have two owners: a SYN that is another node's, and, since this node may have been
where no SYN reached it, a RST of its own kernel, which knows no such connection. That RST leaves only from slots in
`est_`: of all others another node may hold the connection.

Every node sees every frame, so that the order counts: first what most of them need, a rule with its port (a later
fragment has none and goes on to the rules that follow), then what the connection is known by, then its slot.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from nodeagent.contract.config import Proto, ShareBy, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.bucket import SEED
from nodeagent.core.neighbour import neighbour_patch
from nodeagent.core.slots import SLOTS
from nodeagent.core.vip_plan import Interface, VipPlan, directed, has

PROBE_ETHERTYPE: Final = 0x88B5
"""Of the probe frames: the first of the two for local experiments."""

_HASH = f"mod {SLOTS} seed {SEED:#x}"
_SYN = "tcp flags & (syn | ack) == syn"
_ERRORS = {
    4: "icmp type { destination-unreachable, time-exceeded, parameter-problem }",
    6: "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, destination-unreachable, packet-too-big, "
    "time-exceeded, parameter-problem }",
}
_ECHO = {4: "icmp type echo-request", 6: "icmpv6 type echo-request"}
_LATER_FRAGMENT = {4: "ip frag-off & 0x1fff != 0", 6: "frag frag-off != 0"}
_ANY_FRAGMENT = {4: "ip frag-off & 0x3fff != 0", 6: "exthdr frag exists"}
_IP = {4: "ip", 6: "ip6"}


def fingerprint(plan: VipPlan) -> str:
    """Names the rules of a plan; stands in the comment of the table, so that a later agent knows them."""
    return sha256("\n".join(_body(plan)).encode()).hexdigest()[:16]


def rule_set(plan: VipPlan) -> str:
    """One transaction that makes the table anew, with no slot and no connection in it."""
    table = f"table netdev {plan.table}"
    comment = f'\tcomment "keepgreen {plan.module} {fingerprint(plan)}"'
    return "\n".join([table, f"delete {table}", f"{table} {{", comment, *_body(plan), "}", ""])


def removal(table: str) -> str:
    """One transaction that ends with the table gone, whether it was there or not."""
    return f"table netdev {table}\ndelete table netdev {table}\n"


@dataclass(frozen=True, slots=True)
class _Way:
    """A way that frames come in: shared by all interfaces, or directed and then of one interface."""

    family: int
    link: Interface | None = None
    number: int = 0

    @property
    def name(self) -> str:
        return f"directed{self.number}" if self.link else f"shared{self.family}"

    @property
    def flow(self) -> str:
        ip = _IP[self.family]
        return f"{ip} saddr . tcp sport . {ip} daddr . tcp dport"

    @property
    def answered(self) -> str:
        """The flow that a segment of this node belongs to."""
        ip = _IP[self.family]
        return f"{ip} daddr . tcp dport . {ip} saddr . tcp sport"

    def mark(self, by: ShareBy, source: str = "saddr", port: str = "sport") -> str:
        with_port = f" . th {port}" if by is ShareBy.PORT else ""
        return f"meta mark set jhash {_IP[self.family]} {source}{with_port} {_HASH}"


def _body(plan: VipPlan) -> Iterator[str]:
    vip, groups = plan.vip, range(len(plan.vip.groups))
    tcp = any(has(group, Proto.TCP) for group in vip.groups)
    yield from _sets(plan, tcp)
    shared = [a for a in vip.addresses if a.type is VmacType.INVISIBLE]
    for number, link in enumerate(plan.links()):
        here = plan.on(link)
        yield from _ingress(number, link, here)
        yield from _egress(number, link, here, tcp)
        if single := [a for a in here if a.type is VmacType.DIRECTED]:
            yield from _directed(_Way(4, link, number), vip, single, tcp)
    if shared:
        ways = [(_Way(family), [a for a in shared if (":" in a.addr) is (family == 6)]) for family in (4, 6)]
        yield from _chain(
            "shared",
            *(dispatch for way, addresses in ways for dispatch in _exact(way, vip, addresses)),
            f"ether type {PROBE_ETHERTYPE:#x} accept",
            # A node that knows the virtual MAC asks again by unicast.
            "ether type arp meta pkttype set host accept",
            *(f"{_IP[w.family]} daddr {_one_of(a.addr for a in own)} goto {w.name}" for w, own in ways if own),
        )
        for way, addresses in ways:
            if addresses:
                yield from _shared(way, vip, addresses)
    for g in groups:
        yield from _chain(f"take_{g}", f'meta mark set 0 meta pkttype set host counter name "taken_{g}" accept')
    if tcp:
        yield from _resets(vip)


def _sets(plan: VipPlan, tcp: bool) -> Iterator[str]:
    vip, single = plan.vip, directed(plan.vip)
    families = {6 if ":" in a.addr else 4 for a in vip.addresses}
    counters = [f"forged_{number}" for number in range(len(plan.links()))]
    counters += ["forged_out", "unmatched", *(["sent", "received"] if single else [])]
    for g, group in enumerate(vip.groups):
        counters += [f"taken_{g}", f"left_{g}"]
        yield f"\tset mine_{g} {{ type mark; flags timeout; }}"
        if has(group, Proto.UDP):
            yield f"\tset data_{g} {{ type mark; flags timeout; }}"
        if has(group, Proto.TCP):
            counters.append(f"quiet_{g}")
            yield f"\tset est_{g} {{ type mark; flags timeout; }}"
            yield f"\tset quiet_{g} {{ type mark; flags timeout; }}"
        if single:
            yield f"\tmap owner_{g} {{ type mark : ether_addr; flags timeout; }}"
    memory = "size 262144; flags dynamic,timeout; timeout 15m;"
    for family in sorted(families) if tcp else ():
        addr = f"ipv{family}_addr"
        key = f"{addr} . inet_service . {addr} . inet_service"
        yield f"\tset flows{family} {{ type {key}; {memory} }}"
    if single:
        yield "\tset peers { type ether_addr; }"
        yield "\tset speaks { type ipv4_addr; flags timeout; }"
        if tcp:
            yield f"\tmap sent4 {{ type ipv4_addr . inet_service . ipv4_addr . inet_service : ether_addr; {memory} }}"
    for name in counters:
        yield f"\tcounter {name} {{ }}"


def _ingress(number: int, link: Interface, here: Iterable[VirtualAddress]) -> Iterator[str]:
    vmacs = _one_of(dict.fromkeys(a.vmac for a in here if a.vmac))
    single = _one_of(a.addr for a in here if not a.vmac)
    rules = [f'type filter hook ingress device "{link.name}" priority -500; policy accept;']
    if vmacs:
        rules += [f'ether saddr {vmacs} counter name "forged_{number}"', f"ether daddr {vmacs} goto shared"]
    if single:
        rules += [
            f"ether daddr {link.mac} ip daddr {single} goto directed{number}",
            # What a director tells all: ICMP errors.
            f"ether daddr ff:ff:ff:ff:ff:ff ether saddr @peers ip daddr {single} meta pkttype set host accept",
        ]
    yield from _chain(f"ingress{number}", *rules)


def _egress(number: int, link: Interface, here: Iterable[VirtualAddress], tcp: bool) -> Iterator[str]:
    rules = [f'type filter hook egress device "{link.name}" priority 0; policy accept;']
    if vmacs := _one_of(dict.fromkeys(a.vmac for a in here if a.vmac)):
        rules.append(f'ether saddr {vmacs} counter name "forged_out" drop')
    for address in here:
        if not address.vmac:
            continue
        if ":" not in address.addr:
            rules.append(f"arp saddr ip {address.addr} arp saddr ether set {address.vmac}")
            continue
        number_of_vmac = "0x" + address.vmac.replace(":", "")
        patch = neighbour_patch(link.mac, address.vmac)
        rules.append(
            f"ip6 saddr {address.addr} icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }}"
            f" @th,192,16 {{ 0x0101, 0x0201 }} @th,208,48 set {number_of_vmac} @th,48,16 set {patch:#06x}"
        )
    if single := _one_of(a.addr for a in here if not a.vmac):
        rules.append(f"arp saddr ip {single} arp saddr ip != @speaks drop")
    if tcp:
        rules.append("tcp flags & (rst | ack) == rst goto resets")
    yield from _chain(f"egress{number}", *rules)


def _shared(way: _Way, vip: VirtualIp, addresses: list[VirtualAddress]) -> Iterator[str]:
    groups = range(len(vip.groups))
    yield from _chain(
        way.name,
        f"{_LATER_FRAGMENT[way.family]} goto {way.name}_rest",
        f"{_ERRORS[way.family]} meta pkttype set host accept",
        *(f"{_ECHO[way.family]} {way.mark(ShareBy.ADDR)} meta mark @mine_{g} goto take_{g}" for g in groups[:1]),
        *_any_port(way, vip, addresses),
        'counter name "unmatched"',
    )
    # A later fragment has no port to tell its group by.
    yield from _chain(
        f"{way.name}_rest", way.mark(ShareBy.ADDR), *(f"meta mark @mine_{g} goto take_{g}" for g in groups)
    )
    for g, proto, by in _kinds(vip, addresses):
        if proto is Proto.UDP:
            yield from _chain(
                _kind(way, g, proto, by),
                *_mark(way, by),
                f"meta mark @data_{g} goto take_{g}",
                f'counter name "left_{g}" drop',
            )
            continue
        kind, flows = _kind(way, g, proto, by), f"flows{way.family}"
        yield from _chain(
            f"{kind}_syn",
            *_mark(way, by),
            f"meta mark @mine_{g} update @{flows} {{ {way.flow} }}",
            # On its own: a full memory must not refuse connections.
            f"meta mark @mine_{g} goto take_{g}",
            f'delete @{flows} {{ {way.flow} }} counter name "left_{g}" drop',
        )
        yield from _chain(
            kind,
            f"{_SYN} goto {kind}_syn",
            f"{way.flow} @{flows} update @{flows} {{ {way.flow} }} goto take_{g}",
            *_mark(way, by),
            f"meta mark @est_{g} goto take_{g}",
            f'counter name "left_{g}" drop',
        )


def _directed(way: _Way, vip: VirtualIp, addresses: list[VirtualAddress], tcp: bool) -> Iterator[str]:
    assert way.link
    link, forward, groups = way.link, f"forward{way.number}", range(len(vip.groups))
    from_me = f"ether saddr set {link.mac}"
    yield from _chain(
        way.name,
        f"ether saddr @peers goto {way.name}_received",
        *_exact(way, vip, addresses),
        f"{_LATER_FRAGMENT[4]} goto {way.name}_rest",
        f'{_ERRORS[4]} ether daddr set ff:ff:ff:ff:ff:ff {from_me} dup to "{link.name}" accept',
        *(f"{_ECHO[4]} {way.mark(ShareBy.ADDR)} goto {way.name}_new_{g}" for g in groups[:1]),
        *_any_port(way, vip, addresses),
        'counter name "unmatched" drop',
    )
    yield from _chain(
        f"{way.name}_received",
        *(
            [f"{_SYN} update @flows4 {{ {way.flow} }}", f"{way.flow} @flows4 update @flows4 {{ {way.flow} }}"]
            if tcp
            else []
        ),
        'counter name "received" accept',
    )
    yield from _chain(
        f"{way.name}_rest",
        way.mark(ShareBy.ADDR),
        *(f'ether daddr set meta mark map @owner_{g} {from_me} dup to "{link.name}"' for g in groups),
        *(f"meta mark @mine_{g} goto take_{g}" for g in groups),
        "drop",
    )
    yield from _chain(forward, f'{from_me} meta mark set 0 counter name "sent" fwd to "{link.name}"')
    for g in (g for g in groups if g == 0 or has(vip.groups[g], Proto.TCP)):
        yield from _chain(
            f"{way.name}_new_{g}",
            f"meta mark @mine_{g} goto take_{g}",
            f"ether daddr set meta mark map @owner_{g} goto {forward}",
            f'counter name "left_{g}" drop',
        )
    for g, proto, by in _kinds(vip, addresses):
        to_owner = f"ether daddr set meta mark map @owner_{g}"
        if proto is Proto.UDP:
            yield from _chain(
                _kind(way, g, proto, by),
                *_mark(way, by),
                f"meta mark @data_{g} goto take_{g}",
                f"{to_owner} goto {forward}",
                f'counter name "left_{g}" drop',
            )
            continue
        kind, flow = _kind(way, g, proto, by), way.flow
        yield from _chain(
            f"{kind}_syn",
            *_mark(way, by),
            f"delete @sent4 {{ {flow} : ether daddr }}",
            f"meta mark @mine_{g} update @flows4 {{ {flow} }}",
            f"meta mark @mine_{g} goto take_{g}",
            f"delete @flows4 {{ {flow} }}",
            f"{to_owner} update @sent4 {{ {flow} : ether daddr }}",
            f"goto {way.name}_new_{g}",
        )
        yield from _chain(
            kind,
            f"{_SYN} goto {kind}_syn",
            f"{flow} @flows4 update @flows4 {{ {flow} }} goto take_{g}",
            f"ether daddr set {flow} map @sent4 update @sent4 {{ {flow} : ether daddr }} goto {forward}",
            *_mark(way, by),
            f"meta mark @est_{g} goto take_{g}",
            f"{to_owner} goto {forward}",
            f'counter name "left_{g}" drop',
        )


def _resets(vip: VirtualIp) -> Iterator[str]:
    ways = [_Way(family) for family in (4, 6) if any((":" in a.addr) is (family == 6) for a in vip.addresses)]
    rules: list[str] = []
    for way in ways:
        exact, rest = _targets(way, vip, vip.addresses, "reset", Proto.TCP)
        ip = _IP[way.family]
        rules += [f"{ip} saddr . tcp sport vmap {{ {', '.join(exact)} }}"] if exact else []
        rules += [f"{ip} saddr vmap {{ {', '.join(rest)} }}"] if rest else []
    yield from _chain("resets", *rules)
    for way in ways:
        for g, proto, by in _kinds(vip, [a for a in vip.addresses if (":" in a.addr) is (way.family == 6)]):
            if proto is Proto.TCP:
                forget = f'delete @flows{way.family} {{ {way.answered} }} counter name "quiet_{g}" drop'
                yield from _chain(
                    _kind(way, g, proto, by, "reset"),
                    way.mark(by, "daddr", "dport"),
                    f"meta mark @quiet_{g} {forget}",
                    f"meta mark != @est_{g} {forget}",
                    "meta mark set 0",
                )


def _mark(way: _Way, by: ShareBy) -> Iterator[str]:
    yield way.mark(by)
    if by is ShareBy.PORT:
        # The fragments that follow have no port: all of a datagram go by its address.
        yield f"{_ANY_FRAGMENT[way.family]} {way.mark(ShareBy.ADDR)}"


def _kinds(vip: VirtualIp, addresses: Iterable[VirtualAddress]) -> list[tuple[int, Proto, ShareBy]]:
    """What differs between the rules for these addresses, in a fixed order."""
    here = {a.addr for a in addresses}
    found = {
        (g, rule.proto, rule.share_by)
        for g, group in enumerate(vip.groups)
        for rule in group.rules
        if here & set(rule.addresses)
    }
    return sorted(found)


def _kind(way: _Way, g: int, proto: Proto, by: ShareBy, before: str = "") -> str:
    return f"{before or way.name}{way.family if before else ''}_{proto.value}_{by.value.removeprefix('on_')}_{g}"


def _exact(way: _Way, vip: VirtualIp, addresses: list[VirtualAddress]) -> Iterator[str]:
    if exact := _targets(way, vip, addresses)[0]:
        yield f"{_IP[way.family]} daddr . meta l4proto . th dport vmap {{ {', '.join(exact)} }}"


def _any_port(way: _Way, vip: VirtualIp, addresses: list[VirtualAddress]) -> Iterator[str]:
    if rest := _targets(way, vip, addresses)[1]:
        yield f"{_IP[way.family]} daddr . meta l4proto vmap {{ {', '.join(rest)} }}"


def _targets(
    way: _Way, vip: VirtualIp, addresses: Iterable[VirtualAddress], before: str = "", only: Proto | None = None
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
                to = f"goto {_kind(way, g, rule.proto, rule.share_by, before)}"
                if rule.port:
                    exact.append(f"{key} . {rule.port} : {to}")
                else:
                    rest.append(f"{key} : {to}")
    return exact, rest


def _chain(name: str, *rules: str) -> Iterator[str]:
    yield f"\tchain {name} {{"
    yield from (f"\t\t{rule}" for rule in rules)
    yield "\t}"


def _one_of(items: Iterable[str]) -> str:
    listed = list(items)
    return f"{{ {', '.join(listed)} }}" if listed else ""
