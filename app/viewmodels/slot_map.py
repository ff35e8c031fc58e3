"""The slots of a virtual IP as all nodes tell of them, laid over each other: who owns, who takes, what differs. Pure.

A node answers with its table (who owns each slot) and with what its kernel was told to take. Each answer is right for
its own moment only, so that a hand-over may look like a difference for one round; what is quiet is a hand-over.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.text import labelled, names, percent, said, tr, trn
from nodeagent.contract.vip_status import VipGroup, VipStatus

SLOTS = 256
RANGES_SHOWN = 6


class Mark(StrEnum):
    """What is to be said of a slot."""

    FINE = "fine"
    MOVING = "moving"
    """Two nodes take it for a moment, as agreed: it changes hands."""
    NOBODY = "nobody"
    DOUBLE = "double"
    DIFFERENT = "different"

    @property
    def wrong(self) -> bool:
        """Clients may see it."""
        return self in {Mark.NOBODY, Mark.DOUBLE, Mark.DIFFERENT}


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot. `number` is the place of its owner in the cluster from 1, 0 when nobody owns it."""

    slot: int
    owner: str
    number: int
    claims: tuple[str, ...]
    """The nodes whose kernel takes it."""
    owners: tuple[tuple[str, str], ...]
    """(node, the owner by its table) where the tables differ, else none."""
    mark: Mark

    @property
    def words(self) -> str:
        """`Slot 17: node2`, with what is wrong about it."""
        who = self.owner or tr("nobody")
        match self.mark:
            case Mark.MOVING:
                behind = tr("is being handed over, taken by {nodes}", nodes=names(self.claims))
            case Mark.DOUBLE:
                behind = tr("taken by {nodes} at once", nodes=names(self.claims))
            case Mark.NOBODY:
                behind = tr("taken by nobody")
            case Mark.DIFFERENT:
                told = (
                    tr("{node} says {owner}", node=node, owner=owner or tr("nobody")) for node, owner in self.owners
                )
                behind = tr("the tables differ: {said}", said=names(told))
            case _:
                behind = ""
        return ", ".join(part for part in (tr("Slot {slot}: {owner}", slot=self.slot, owner=who), behind) if part)


@dataclass(frozen=True, slots=True)
class ShareRow:
    """A node in the legend of a group; number 0 stands for nobody."""

    number: int
    name: str
    count: int
    share: str
    power: str
    taken: str
    """Packets that its filter has taken, "" while it does not answer."""


@dataclass(frozen=True, slots=True)
class GroupMap:
    """All slots of one load-balancing group."""

    name: str
    slots: tuple[Slot, ...]
    rows: tuple[ShareRow, ...]
    problems: tuple[str, ...]
    """What is wrong, a sentence each."""

    @property
    def summary(self) -> str:
        """`node1 85 slots, node2 85 slots, node3 86 slots; no slot differs`."""
        listed = ", ".join(tr("{node} {count} slots", node=row.name, count=row.count) for row in self.rows)
        return tr("{slots}; {verdict}", slots=listed, verdict=self.verdict)

    @property
    def verdict(self) -> str:
        """`15 slots are not right`, or that all are."""
        wrong = sum(slot.mark.wrong for slot in self.slots)
        return trn("{count} slot is not right", "{count} slots are not right", wrong) if wrong else tr("all are right")


@dataclass(frozen=True, slots=True)
class NodeEpochs:
    """A node beside the map: `agreed` when it has applied the table that most have."""

    number: int
    name: str
    answers: bool
    words: str
    agreed: bool
    alarms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AddressRow:
    """A virtual address and where it is: `eth0 on node1 and node2; missing on node3`."""

    addr: str
    type: str
    vmac: str
    where: str
    missing: bool


@dataclass(frozen=True, slots=True)
class SlotMap:
    """The whole picture of one module's virtual IP."""

    groups: tuple[GroupMap, ...] = ()
    nodes: tuple[NodeEpochs, ...] = ()
    addresses: tuple[AddressRow, ...] = ()
    agreement: str = ""
    """One sentence on the epochs."""
    agreed: bool = False
    alarms: tuple[str, ...] = ()
    """What the nodes say is wrong, each once with the nodes that say so."""


def slot_map(answers: Mapping[str, VipStatus], cluster: Sequence[str]) -> SlotMap:
    """The answers of the nodes laid over each other. `cluster` gives the nodes their numbers."""
    if not answers:
        return SlotMap()
    first = next(iter(answers.values()))
    members = [node.name for node in first.nodes]
    numbers = {name: place for place, name in enumerate(dict.fromkeys([*cluster, *members]), 1)}
    named = list(dict.fromkeys(group.name for answer in answers.values() for group in answer.groups))
    epochs = [answer.epoch for answer in answers.values()]
    usual = Counter(epochs).most_common(1)[0][0]
    agreed = len(set(epochs)) == 1 and all(answer.agreed for answer in answers.values())
    return SlotMap(
        groups=tuple(_group(name, answers, members, numbers) for name in named),
        nodes=tuple(_node(name, answers, numbers[name], usual) for name in members),
        addresses=_addresses(answers),
        agreement=_agreement(answers, epochs, agreed=agreed),
        agreed=agreed,
        alarms=_alarms(answers),
    )


def ranges(slots: Iterable[int]) -> str:
    """`3–7, 12, 40–51`; of many only the first."""
    parts: list[list[int]] = []
    for slot in sorted(slots):
        if parts and parts[-1][1] == slot - 1:
            parts[-1][1] = slot
        else:
            parts.append([slot, slot])
    shown = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in parts[:RANGES_SHOWN])
    return tr("{ranges} and others", ranges=shown) if len(parts) > RANGES_SHOWN else shown


def _group(name: str, answers: Mapping[str, VipStatus], members: Sequence[str], numbers: Mapping[str, int]) -> GroupMap:
    told = {node: group for node, answer in answers.items() for group in answer.groups if group.name == name}
    slots = tuple(_slot(slot, told, numbers) for slot in range(SLOTS))
    counts = Counter(slot.owner for slot in slots)
    powers = next(iter(told.values())).powers
    rows = [
        ShareRow(
            numbers.get(node, 0),
            node,
            counts[node],
            percent(100 * counts[node] / SLOTS),
            str(powers.get(node, 1)),
            str(told[node].taken) if node in told else "",
        )
        for node in members
    ]
    if counts[""]:
        rows.append(ShareRow(0, tr("nobody"), counts[""], percent(100 * counts[""] / SLOTS), "", ""))
    return GroupMap(name, slots, tuple(rows), _problems(slots))


def _slot(slot: int, told: Mapping[str, VipGroup], numbers: Mapping[str, int]) -> Slot:
    owners = {node: group.owners[slot] if slot < len(group.owners) else "" for node, group in told.items()}
    claims = tuple(node for node, group in told.items() if slot in group.mine)
    quiet = any(slot in group.quiet for group in told.values())
    owner = Counter(owners.values()).most_common(1)[0][0]
    differ = len(set(owners.values())) > 1
    if differ:
        mark = Mark.DIFFERENT
    elif len(claims) > 1:
        mark = Mark.MOVING if quiet else Mark.DOUBLE
    elif not claims and (not owner or owner in told):
        mark = Mark.MOVING if quiet and owner else Mark.NOBODY
    else:
        mark = Mark.FINE
    return Slot(slot, owner, numbers.get(owner, 0), claims, tuple(owners.items()) if differ else (), mark)


def _problems(slots: Sequence[Slot]) -> tuple[str, ...]:
    by_mark = {mark: [slot.slot for slot in slots if slot.mark is mark] for mark in Mark}
    found = []
    if listed := by_mark[Mark.DIFFERENT]:
        found.append(
            trn(
                "The nodes' tables differ in {count} slot ({slots}): its clients may get two answers or none.",
                "The nodes' tables differ in {count} slots ({slots}): their clients may get two answers or none.",
                len(listed),
                slots=ranges(listed),
            )
        )
    if listed := by_mark[Mark.DOUBLE]:
        takers = names(dict.fromkeys(node for slot in slots if slot.mark is Mark.DOUBLE for node in slot.claims))
        found.append(
            trn(
                "{nodes} take {count} slot at once ({slots}): connections of its clients may be reset.",
                "{nodes} take {count} slots at once ({slots}): connections of their clients may be reset.",
                len(listed),
                nodes=takers,
                slots=ranges(listed),
            )
        )
    if listed := by_mark[Mark.NOBODY]:
        found.append(
            trn(
                "Nobody takes {count} slot ({slots}): its clients get no answer.",
                "Nobody takes {count} slots ({slots}): their clients get no answer.",
                len(listed),
                slots=ranges(listed),
            )
        )
    return tuple(found)


def _node(name: str, answers: Mapping[str, VipStatus], number: int, usual: str) -> NodeEpochs:
    answer = answers.get(name)
    known = [node for status in answers.values() for node in status.nodes if node.name == name]
    own = next((node for node in answer.nodes if node.name == name), None) if answer else None
    last = own or next((node for node in known if node.alive), known[0] if known else None)
    parts = []
    if last is None or not (last.alive or last.wire_only):
        parts.append(tr("not heard"))
    elif any(node.wire_only for node in known):
        parts.append(tr("heard on the wire only: UDP between the nodes is blocked"))
    else:
        parts.append(tr("serves") if last.serves else tr("does not serve"))
    if last is not None and last.applied:
        if last.seen == last.applied:
            parts.append(tr("table {epoch} applied", epoch=short(last.applied)))
        else:
            parts.append(tr("table {seen} seen, {applied} applied", seen=short(last.seen), applied=short(last.applied)))
    if answer is not None and not answer.present:
        parts.append(tr("no filter in its kernel"))
    if answer is not None and not answer.open:
        parts.append(tr("closed until a script opens it"))
    agreed = last is not None and last.seen == last.applied == usual
    alarms = tuple(said(text.removeprefix(f"{answer.module}: ")) for text in answer.alarms) if answer else ()
    return NodeEpochs(number, name, answer is not None, ", ".join(parts), agreed, alarms)


def short(epoch: str) -> str:
    """The end of an epoch, enough to tell two apart."""
    return epoch[-6:]


def _agreement(answers: Mapping[str, VipStatus], epochs: Sequence[str], *, agreed: bool) -> str:
    if agreed:
        return tr("All nodes have applied the same table ({epoch}).", epoch=short(epochs[0]))
    if len(set(epochs)) == 1:
        return tr("The table {epoch} is on its way: not every node has applied it yet.", epoch=short(epochs[0]))
    by_epoch = (
        labelled(short(epoch), names(node for node, answer in answers.items() if answer.epoch == epoch))
        for epoch in dict.fromkeys(epochs)
    )
    return tr("The nodes have different tables ({tables}).", tables=", ".join(by_epoch))


def _addresses(answers: Mapping[str, VipStatus]) -> tuple[AddressRow, ...]:
    rows: dict[str, AddressRow] = {}
    for answer in answers.values():
        for address in answer.addresses:
            if address.addr in rows:
                continue
            there: dict[str, list[str]] = {}
            missing = []
            for node, status in answers.items():
                own = next((one for one in status.addresses if one.addr == address.addr), None)
                if own is not None and own.interface:
                    there.setdefault(own.interface, []).append(node)
                else:
                    missing.append(node)
            parts = [
                tr("{interface} on {nodes}", interface=interface, nodes=names(nodes))
                for interface, nodes in there.items()
            ]
            if missing:
                parts.append(tr("not on {nodes}", nodes=names(missing)))
            rows[address.addr] = AddressRow(address.addr, address.type, address.vmac, ", ".join(parts), bool(missing))
    return tuple(rows.values())


def _alarms(answers: Mapping[str, VipStatus]) -> tuple[str, ...]:
    by_text: dict[str, list[str]] = {}
    for node, answer in answers.items():
        for text in answer.alarms:
            by_text.setdefault(text.removeprefix(f"{answer.module}: "), []).append(node)
    return tuple(labelled(names(nodes), said(text)) for text, nodes in by_text.items())
