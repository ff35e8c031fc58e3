"""The slot table of a module with a virtual IP: who owns which slot of which group, and the epoch that names it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nodeagent.core.slots import SLOTS, slot_plan
from nodeagent.core.view import Member, epoch_of

Powers = tuple[tuple[str, int], ...]
"""All configured (node, power) of a group in node id order."""


@dataclass(frozen=True, slots=True)
class SlotTable:
    """`owners` of the 256 slots per group; None: nobody. The same epoch means the same table everywhere."""

    epoch: int
    owners: tuple[tuple[str, tuple[str | None, ...]], ...]
    view: frozenset[str] = frozenset()

    def of(self, group: str) -> tuple[str | None, ...]:
        """The owners of a group's slots; nobody's for a group that this table does not know."""
        return dict(self.owners).get(group, (None,) * SLOTS)


NO_TABLE = SlotTable(0, ())
"""Before anything is known: nobody owns anything."""


def slot_table(groups: Sequence[tuple[str, Powers]], rules: str, view: Iterable[Member]) -> SlotTable:
    """The table for these groups when these members serve; `rules` is the signature of everything else."""
    members = tuple(view)
    names = frozenset(member.node for member in members)
    flat = tuple((f"{group}/{node}", power) for group, powers in groups for node, power in powers)
    owners = tuple((group, slot_plan(powers).owners(names)) for group, powers in groups)
    return SlotTable(epoch_of(flat, rules, members), owners, names)
