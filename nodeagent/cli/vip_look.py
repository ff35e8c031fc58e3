"""What `vip check` finds: can this node serve, what do the alarms say, where do the nodes contradict each other."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from nodeagent.cli.local import NODE
from nodeagent.cli.node_calls import LocalCalls
from nodeagent.client.failures import CallFailed
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract.api import StageModule
from nodeagent.contract.errors import errors_of
from nodeagent.contract.vip_status import VipGroup, VipStatus

LOOKS: Final = 3
BETWEEN: Final = 1.0
"""Seconds from one look to the next: a hand-over is no contradiction, and it is over sooner."""
_VIP: Final = "safe/service/vip"
_RANGES: Final = 6


class Findings(msgspec.Struct, frozen=True):
    """The JSON answer."""

    ok: bool
    module: str
    node: str
    asked: tuple[str, ...]
    """The nodes whose tables were compared."""
    problems: tuple[str, ...]
    """What is wrong, a sentence each."""


async def look(module: str) -> Findings:
    """Ask this node and all that serve with it. Raises CallFailed when this one does not answer."""
    own = LocalCalls(NODE.get())
    told, found = await _compared(own, module)
    for _ in range(LOOKS - 1):
        if not found:
            break
        await asyncio.sleep(BETWEEN)
        told, found = await _compared(own, module)
    problems = (*await _inability(own, module), *found)
    return Findings(not problems, module, told[0].node, tuple(status.node for status in told), problems)


async def _compared(own: NodeCalls, module: str) -> tuple[tuple[VipStatus, ...], list[str]]:
    """One look: what the nodes say, this one first, and what is wrong."""
    status = await own.vip(module)
    others, silent = await _others(status)
    told = (status, *others)
    alarms = [f"{one.node}: {alarm}" for one in told for alarm in one.alarms]
    return told, [*silent, *alarms, *contradictions(told)]


def contradictions(told: Sequence[VipStatus]) -> tuple[str, ...]:
    """Where the nodes that were asked do not say or do the same, a sentence each."""
    found = list(_tables(told))
    for group in told[0].groups:
        held = {status.node: same for status in told if (same := _group(status, group.name))}
        found += _owners(group, held)
        found += _takers(group, held)
    return tuple(found)


async def _inability(own: NodeCalls, module: str) -> list[str]:
    """Why the node cannot serve what is in force."""
    info = next((m for m in await own.modules() if m.name == module), None)
    if info is None:
        return []
    files = await own.module_contents(module, info.revision)
    staged = await own.check_module(module, StageModule(files, info.nodes))
    return [problem.text for problem in errors_of(list(staged.problems)) if problem.path == _VIP]


async def _others(status: VipStatus) -> tuple[list[VipStatus], list[str]]:
    """What the other nodes say that are there, and who of them does not answer."""
    names = [n.name for n in status.nodes if n.name != status.node and (n.alive or n.serves)]
    answers = await asyncio.gather(*(LocalCalls(name).vip(status.module) for name in names), return_exceptions=True)
    told, silent = [], []
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, VipStatus):
            told.append(answer)
        elif isinstance(answer, CallFailed):
            silent.append(f"{name} cannot be asked: {answer}")
        else:
            raise answer
    return told, silent


def _tables(told: Sequence[VipStatus]) -> Iterator[str]:
    epochs = {status.node: status.epoch for status in told if _serves(status)}
    if len(set(epochs.values())) > 1:
        listed = ", ".join(f"{epoch} on {name}" for name, epoch in epochs.items())
        yield f"the nodes have not agreed on one slot table: {listed}"
    for status in told:
        if _serves(status) and not status.present:
            yield f"{status.node} serves, but its filter or an address is not in its kernel"


def _owners(group: VipGroup, held: Mapping[str, VipGroup]) -> Iterator[str]:
    for name, other in held.items():
        differ = [slot for slot, owner in enumerate(other.owners) if owner != group.owners[slot]]
        if differ:
            yield f"{name} sees other owners of {_slots(group, differ)}"


def _takers(group: VipGroup, held: Mapping[str, VipGroup]) -> Iterator[str]:
    """Only of slots whose owner was asked; two that take a quiet slot are in the middle of a hand-over."""
    missed: dict[str, list[int]] = {}
    doubled: dict[tuple[str, ...], list[int]] = {}
    mine = {name: frozenset(one.mine) for name, one in held.items()}
    quiet = {name: frozenset(one.quiet) for name, one in held.items()}
    for slot, owner in enumerate(group.owners):
        takers = tuple(name for name in held if slot in mine[name])
        if owner in held and owner not in takers:
            missed.setdefault(owner, []).append(slot)
        if len(takers) > 1 and not all(slot in quiet[name] for name in takers):
            doubled.setdefault(takers, []).append(slot)
    for owner, slots in missed.items():
        yield f"{owner} does not take {_slots(group, slots)}, which it owns"
    for takers, slots in doubled.items():
        yield f"{' and '.join(takers)} all take {_slots(group, slots)}"


def _serves(status: VipStatus) -> bool:
    return any(node.serves for node in status.nodes if node.name == status.node)


def _group(status: VipStatus, name: str) -> VipGroup | None:
    return next((group for group in status.groups if group.name == name), None)


def _slots(group: VipGroup, slots: Sequence[int]) -> str:
    """`slot 3 of web`, `slots 3-7, 9 of web`."""
    ranges: list[list[int]] = []
    for slot in slots:
        if ranges and ranges[-1][1] == slot - 1:
            ranges[-1][1] = slot
        else:
            ranges.append([slot, slot])
    shown = ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in ranges[:_RANGES])
    more = f" and more, {len(slots)} in all," if len(ranges) > _RANGES else ""
    return f"slot{'s' if len(slots) != 1 else ''} {shown}{more} of {group.name}"
