"""The nftables rule set of a module's virtual IP, as text. Pure: a plan in, a transaction out.

Theory of operation. One table per module in the netdev family, with base chains on each of its interfaces.

`vmac_invisible`: every node sees every frame to the virtual MAC; a frame is *taken* by being marked as one
for this host, everything else the IP layer refuses because the MAC is not this machine's. So a table only
decides about traffic that its own rules match: several modules may share an address. Answers to ARP and
neighbour solicitations leave with the virtual MAC in them, never with it as their source.

`vmac_directed` (IPv4): the table is the same on all nodes. Whoever is in the map `speaks` answers ARP and
forwards other nodes' slots by the map `owner_<group>`; a frame that comes from a peer was forwarded once
and is taken (the loop guard), see `vip_directed`.

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
from hashlib import sha256

from nodeagent.contract.config import Proto, ShareBy, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.neighbour import neighbour_patch
from nodeagent.core.vip_chains import (
    ECHO,
    ERRORS,
    EVERYBODY,
    IP,
    LATER_FRAGMENT,
    PROBE_ETHERTYPE,
    SYN,
    Way,
    by_address,
    by_port,
    chain,
    chain_name,
    kinds,
    marks,
    one_of,
    tcp_only,
)
from nodeagent.core.vip_directed import directed_chains, told_chains
from nodeagent.core.vip_plan import Interface, VipPlan, directed, has


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
            yield from directed_chains(Way(4, link, number), vip, single, tcp)
    if shared:
        ways = [(Way(family), [a for a in shared if (":" in a.addr) is (family == 6)]) for family in (4, 6)]
        yield from chain(
            "shared",
            *(dispatch for way, addresses in ways for dispatch in by_port(way, vip, addresses)),
            f"ether type {PROBE_ETHERTYPE:#x} accept",
            # A node that knows the virtual MAC asks again by unicast.
            "ether type arp meta pkttype set host accept",
            *(f"{IP[w.family]} daddr {one_of(a.addr for a in own)} goto {w.name}" for w, own in ways if own),
        )
        for way, addresses in ways:
            if addresses:
                yield from _shared(way, vip, addresses)
    if directed(vip):
        yield from told_chains(vip)
    for g in groups:
        yield from chain(f"take_{g}", f'meta mark set 0 meta pkttype set host counter name "taken_{g}" accept')
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
    vmacs = one_of(dict.fromkeys(a.vmac for a in here if a.vmac))
    single = one_of(a.addr for a in here if not a.vmac)
    rules = [f'type filter hook ingress device "{link.name}" priority -500; policy accept;']
    if vmacs:
        rules += [f'ether saddr {vmacs} counter name "forged_{number}"', f"ether daddr {vmacs} goto shared"]
    if single:
        rules += [
            f"ether daddr {link.mac} ip daddr {single} goto directed{number}",
            f"ether daddr {EVERYBODY} ether saddr @peers ip daddr {single} goto told",
        ]
    yield from chain(f"ingress{number}", *rules)


def _egress(number: int, link: Interface, here: Iterable[VirtualAddress], tcp: bool) -> Iterator[str]:
    rules = [f'type filter hook egress device "{link.name}" priority 0; policy accept;']
    if vmacs := one_of(dict.fromkeys(a.vmac for a in here if a.vmac)):
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
    if single := one_of(a.addr for a in here if not a.vmac):
        rules.append(f"arp saddr ip {single} arp saddr ip != @speaks drop")
    if tcp:
        rules.append("tcp flags & (rst | ack) == rst goto resets")
    yield from chain(f"egress{number}", *rules)


def _shared(way: Way, vip: VirtualIp, addresses: list[VirtualAddress]) -> Iterator[str]:
    groups = range(len(vip.groups))
    yield from chain(
        way.name,
        f"{LATER_FRAGMENT[way.family]} goto {way.name}_rest",
        f"{ERRORS[way.family]} meta pkttype set host accept",
        *(f"{ECHO[way.family]} {way.mark(ShareBy.ADDR)} meta mark @mine_{g} goto take_{g}" for g in groups[:1]),
        *by_address(way, vip, addresses),
        'counter name "unmatched"',
    )
    # A later fragment has no port to tell its group by.
    yield from chain(
        f"{way.name}_rest", way.mark(ShareBy.ADDR), *(f"meta mark @mine_{g} goto take_{g}" for g in groups)
    )
    for g, proto, by in kinds(vip, addresses):
        if proto is Proto.UDP:
            yield from chain(
                chain_name(way, g, proto, by),
                *marks(way, by),
                f"meta mark @data_{g} goto take_{g}",
                f'counter name "left_{g}" drop',
            )
            continue
        name, flows = chain_name(way, g, proto, by), f"flows{way.family}"
        yield from chain(
            f"{name}_syn",
            *marks(way, by),
            f"meta mark @mine_{g} update @{flows} {{ {way.flow} }}",
            # On its own: a full memory must not refuse connections.
            f"meta mark @mine_{g} goto take_{g}",
            f'delete @{flows} {{ {way.flow} }} counter name "left_{g}" drop',
        )
        yield from chain(
            name,
            f"{SYN} goto {name}_syn",
            f"{way.flow} @{flows} update @{flows} {{ {way.flow} }} goto take_{g}",
            *marks(way, by),
            f"meta mark @est_{g} goto take_{g}",
            f'counter name "left_{g}" drop',
        )


def _resets(vip: VirtualIp) -> Iterator[str]:
    ways = [Way(family) for family in (4, 6) if any((":" in a.addr) is (family == 6) for a in vip.addresses)]
    dispatch = [rule for way in ways for rule in tcp_only(way, vip, vip.addresses, "reset", "s")]
    yield from chain("resets", *dispatch)
    for way in ways:
        for g, proto, by in kinds(vip, [a for a in vip.addresses if (":" in a.addr) is (way.family == 6)]):
            if proto is Proto.TCP:
                forget = f'delete @flows{way.family} {{ {way.answered} }} counter name "quiet_{g}" drop'
                yield from chain(
                    chain_name(way, g, proto, by, "reset"),
                    way.mark(by, "daddr", "dport"),
                    f"meta mark @quiet_{g} {forget}",
                    f"meta mark != @est_{g} {forget}",
                    "meta mark set 0",
                )
