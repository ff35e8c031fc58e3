"""The rules of vmac_directed: one node answers ARP and forwards other nodes' traffic at layer 2.

The director remembers in `sent4` where it sent each connection. Who becomes the director knows nothing of those that
another one forwarded before: it shows such a segment to everybody, and who remembers the connection takes it.
"""

from collections.abc import Iterator

from nodeagent.contract.config import Proto, ShareBy, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.vip_chains import (
    ECHO,
    ERRORS,
    EVERYBODY,
    LATER_FRAGMENT,
    SYN,
    Way,
    by_address,
    by_port,
    chain,
    chain_name,
    kinds,
    marks,
    tcp_only,
)
from nodeagent.core.vip_plan import has


def directed_chains(way: Way, vip: VirtualIp, addresses: list[VirtualAddress], tcp: bool) -> Iterator[str]:
    """The same on all nodes, on one interface: `speaks` and `owner_<group>` tell who does what."""
    assert way.link
    link, forward, groups = way.link, f"forward{way.number}", range(len(vip.groups))
    from_me = f"ether saddr set {link.mac}"
    yield from chain(
        way.name,
        f"ether saddr @peers goto {way.name}_received",
        *by_port(way, vip, addresses),
        f"{LATER_FRAGMENT[4]} goto {way.name}_rest",
        f'{ERRORS[4]} ether daddr set {EVERYBODY} {from_me} dup to "{link.name}" accept',
        *(f"{ECHO[4]} {way.mark(ShareBy.ADDR)} goto {way.name}_new_{g}" for g in groups[:1]),
        *by_address(way, vip, addresses),
        'counter name "unmatched" drop',
    )
    yield from chain(
        f"{way.name}_received",
        *(
            [f"{SYN} update @flows4 {{ {way.flow} }}", f"{way.flow} @flows4 update @flows4 {{ {way.flow} }}"]
            if tcp
            else []
        ),
        'counter name "received" accept',
    )
    yield from chain(
        f"{way.name}_rest",
        way.mark(ShareBy.ADDR),
        *(f'ether daddr set meta mark map @owner_{g} {from_me} dup to "{link.name}"' for g in groups),
        *(f"meta mark @mine_{g} goto take_{g}" for g in groups),
        "drop",
    )
    yield from chain(forward, f'{from_me} meta mark set 0 counter name "sent" fwd to "{link.name}"')
    for g in (g for g in groups if g == 0 or has(vip.groups[g], Proto.TCP)):
        yield from chain(
            f"{way.name}_new_{g}",
            f"meta mark @mine_{g} goto take_{g}",
            f"ether daddr set meta mark map @owner_{g} goto {forward}",
            f'counter name "left_{g}" drop',
        )
    for g, proto, by in kinds(vip, addresses):
        to_owner = f"ether daddr set meta mark map @owner_{g}"
        if proto is Proto.UDP:
            yield from chain(
                chain_name(way, g, proto, by),
                *marks(way, by),
                f"meta mark @data_{g} goto take_{g}",
                f"{to_owner} goto {forward}",
                f'counter name "left_{g}" drop',
            )
            continue
        name, flow = chain_name(way, g, proto, by), way.flow
        yield from chain(
            f"{name}_syn",
            *marks(way, by),
            f"delete @sent4 {{ {flow} : ether daddr }}",
            f"meta mark @mine_{g} update @flows4 {{ {flow} }}",
            f"meta mark @mine_{g} goto take_{g}",
            f"delete @flows4 {{ {flow} }}",
            f"{to_owner} update @sent4 {{ {flow} : ether daddr }}",
            f"goto {way.name}_new_{g}",
        )
        yield from chain(
            name,
            f"{SYN} goto {name}_syn",
            f"{flow} @flows4 update @flows4 {{ {flow} }} goto take_{g}",
            f"ether daddr set {flow} map @sent4 update @sent4 {{ {flow} : ether daddr }} goto {forward}",
            *marks(way, by),
            f"meta mark @est_{g} goto take_{g}",
            f"ether daddr set {EVERYBODY} goto {forward}",
        )


def told_chains(vip: VirtualIp) -> Iterator[str]:
    """What a director tells all: ICMP errors, and what it knows no node of, since another one forwarded it before."""
    way, single = Way(4), [a for a in vip.addresses if a.type is VmacType.DIRECTED]
    yield from chain(
        "told",
        f"{ERRORS[4]} meta pkttype set host accept",
        "meta l4proto != tcp drop",
        *tcp_only(way, vip, single, "told", "d"),
        "drop",
    )
    for g, proto, by in kinds(vip, single):
        if proto is Proto.TCP:
            yield from chain(
                chain_name(way, g, proto, by, "told"),
                f"{way.flow} @flows4 update @flows4 {{ {way.flow} }} goto take_{g}",
                *marks(way, by),
                f"meta mark @est_{g} goto take_{g}",
                f'counter name "left_{g}" drop',
            )
