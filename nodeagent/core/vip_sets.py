"""Which slots the kernel takes, as one nftables transaction over all modules.

Elements of `mine`, `data`, `est`, `owner` and `speaks` may carry a timeout: the dead-man's switch. Who does not write
them again in time has given them up.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nodeagent.contract.config import Proto
from nodeagent.core.vip_plan import VipPlan, directed, has


@dataclass(frozen=True, slots=True)
class SlotSets:
    """The slots of one group."""

    mine: frozenset[int] = frozenset()
    """New connections are taken (TCP), echo requests and later fragments."""
    datagrams: frozenset[int] = frozenset()
    """Datagrams are taken (UDP)."""
    est: frozenset[int] = frozenset()
    """Connections that this node does not know are taken, so that its kernel resets them (TCP)."""
    quiet: frozenset[int] = frozenset()
    """This node's resets of unknown connections are held back (TCP)."""
    owner: tuple[tuple[int, str], ...] = ()
    """(slot, MAC of the node that serves it), other nodes' slots only; for vmac_directed."""


@dataclass(frozen=True, slots=True)
class ModuleSets:
    """All that changes in the table of a module while it runs. One SlotSets per group; none: all are empty."""

    plan: VipPlan
    groups: tuple[SlotSets, ...] = ()
    timeout: float | None = None
    """Seconds that `mine`, `datagrams`, `est`, `owner` and `director` hold; None: until they are written again."""
    quiet_timeout: float | None = None
    director: bool = False
    """This node answers ARP for the addresses of vmac_directed."""
    peers: tuple[str, ...] = ()
    """MACs of the other nodes: what comes from them was forwarded. Must hold every owner's MAC."""


def update(modules: Iterable[ModuleSets]) -> str:
    """The transaction that makes the sets of all these modules so."""
    return "".join(line for sets in modules for line in _module(sets))


def _module(sets: ModuleSets) -> Iterator[str]:
    plan, vip = sets.plan, sets.plan.vip
    single = directed(vip)
    held, hushed = _timeout(sets.timeout), _timeout(sets.quiet_timeout)
    for g, group in enumerate(vip.groups):
        slots = sets.groups[g] if sets.groups else SlotSets()
        yield from _fill(plan, "set", f"mine_{g}", _each(slots.mine, held))
        if has(group, Proto.UDP):
            yield from _fill(plan, "set", f"data_{g}", _each(slots.datagrams, held))
        if has(group, Proto.TCP):
            yield from _fill(plan, "set", f"est_{g}", _each(slots.est, held))
            yield from _fill(plan, "set", f"quiet_{g}", _each(slots.quiet, hushed))
        if single:
            owners = [f"{slot}{held} : {mac}" for slot, mac in sorted(slots.owner)]
            yield from _fill(plan, "map", f"owner_{g}", owners)
    if single:
        yield from _fill(plan, "set", "peers", sorted(sets.peers))
        addresses = [a.addr for a in vip.addresses if not a.vmac] if sets.director else []
        yield from _fill(plan, "set", "speaks", [f"{addr}{held}" for addr in addresses])
        if not sets.director and any(has(group, Proto.TCP) for group in vip.groups):
            # What it forwarded as the director it may have been; another one has been told of later connections.
            yield from _fill(plan, "map", "sent4", [])


def _fill(plan: VipPlan, kind: str, name: str, elements: list[str]) -> Iterator[str]:
    yield f"flush {kind} netdev {plan.table} {name}\n"
    if elements:
        yield f"add element netdev {plan.table} {name} {{ {', '.join(elements)} }}\n"


def _each(slots: Iterable[int], timeout: str) -> list[str]:
    return [f"{slot}{timeout}" for slot in sorted(slots)]


def _timeout(seconds: float | None) -> str:
    return "" if seconds is None else f" timeout {round(seconds * 1000)}ms"
