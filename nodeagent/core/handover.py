"""Hand-over of slots from node to node without a broken connection: spec 05 for one module on this node.

Theory of operation. Every node computes the same table; only the moment at which each puts it in force
differs, and two nodes that answer one client would break its connection. Each node therefore reports two
epochs: the table it has *seen* (moved slots are quiet in its kernel: its resets of unknown connections are
held back) and the table it has *applied* (it has taken what it gained). Who gains a slot takes it when who
loses it has seen the table; who loses it lets go of new TCP connections when the other has applied it, and
keeps the connections it has. UDP has no cure for two answers: the loser lets go at once. From a node that
is silent, said goodbye or has stopped its module there is nothing to wait for; but a node that is new
in the table waits for all, since who does not know it yet shares out such a node's slots without it.
When two come at once, who loses a slot may hear of one before the other and let the first have what is
the second's: that the loser has seen the last table does not tell, so all must have.

Moved slots stay quiet until all nodes have applied the table, and a little longer; while the nodes do not
agree nobody can tell which slots are disputed, so all of them are quiet. A gained slot answers unknown
connections (`est`) only when nobody else can still hold them.

Nodes that were out of each other's sight may each have taken any client's connection: the moves of the table do not
show it. Where both live on, neither answers unknown connections, of whatever slot, as long as such a one can last. So
does an agent that starts beside nodes that serve: it does not know what they had before.

Nodes hear of changes in different order. One that has had a table which this node never had may have taken any of the
slots that move meanwhile, and keeps those connections.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from nodeagent.core.slot_table import NO_TABLE, SlotTable
from nodeagent.core.slots import SLOTS

ALL = frozenset(range(SLOTS))

SETTLE = 3.0
"""Seconds that moved slots stay quiet after all agree: a handshake that both answered has ended by then."""

SILENCE_QUIET = 5.0
"""Seconds that slots stay quiet after their owner fell silent: it may only be slow."""

FLOW_HOLD = 900.0
"""Seconds a node can hold a connection that nobody speaks on; as long as the flow sets keep it."""

GOODBYE_HOLD = 60.0
"""Seconds an agent that said goodbye has to come back to the connections its kernel still holds."""

KEEP_LIMIT = 2.0
"""Seconds a loser waits for the one that gains the slot; then the table is right and the other one late."""


@dataclass(frozen=True, slots=True)
class Presence:
    """What this node knows of another one. `up`: its module runs there, so it can hold connections."""

    alive: bool = False
    up: bool = False
    goodbye: bool = False
    seen: int = 0
    applied: int = 0
    heard: float = 0.0
    """What it says here it said after it had heard this node at this time, on this node's clock."""
    inherits: bool = False
    """Its kernel may hold any slot: an earlier agent's, or for ever what it does not give up."""

    @property
    def counts(self) -> bool:
        """It has a kernel that answers clients, and can tell what it does."""
        return self.alive and self.up


NOBODY = Presence()
_NONE: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class GroupSlots:
    """What this node's kernel must hold for a group; each a set of slots 0…255."""

    group: str
    mine: frozenset[int] = frozenset()
    """New TCP connections that this node takes."""
    datagrams: frozenset[int] = frozenset()
    """Packets of all other protocols that it takes."""
    est: frozenset[int] = frozenset()
    """Unknown connections that it answers, with a reset."""
    quiet: frozenset[int] = frozenset()
    """Where its resets of unknown connections are held back."""


@dataclass(slots=True)
class _Move:
    """Slots of a group that changed hands together and are not settled."""

    group: str
    slots: frozenset[int]
    since: float
    after: str | None
    holders: frozenset[str]
    """Nodes that may still hold connections of it."""
    quiet_until: float
    giver: str | None
    """Who had it in the table before and must have seen the new one before it is taken; None: it is not known."""
    all_until: float
    """Until then everybody must have seen the table before it is taken."""
    taken: bool = False
    """This node has it; what the others say of later tables does not matter any more."""
    given: bool = False
    """This node does not keep it any more, whatever the others say of later tables."""


@dataclass(slots=True)
class _Apart:
    """How this node's tables and those of another one have differed since the two last agreed."""

    had: set[int]
    """The epochs of this node's tables."""
    ahead: int
    """The last epoch that the other one has seen."""
    strange: bool = False
    """The other one has had a table that this node never had."""


@dataclass(slots=True)
class Handover:
    """The slots of one module on the node `me`."""

    me: str
    table: SlotTable = NO_TABLE
    _moves: list[_Move] = field(default_factory=list)
    """No slot is in two of them."""
    _own: dict[str, frozenset[int]] = field(default_factory=dict)
    """By group: the slots that the table gives to this node."""
    _others: Mapping[str, Presence] = field(default_factory=dict)
    _deaf: set[str] = field(default_factory=set)
    """Nodes that had not heard this one for a window, when they were heard last."""
    _strayed: dict[str, float] = field(default_factory=dict)
    """Nodes that took clients out of sight, or before this agent ran → until when they may hold any connection."""
    _quiet_until: float = 0.0
    _apart: dict[str, _Apart] = field(default_factory=dict)
    """By node that answers clients."""
    steady: bool = False
    """Nobody is awaited, nothing is in doubt: only a new word or a deadline changes anything."""
    _serving: bool = True
    _joined: float | None = None
    """When this node came into the table; None once the others know. It may have been out of it for a moment only:
    then an epoch that they have seen may be that of before, unless they spoke after they had heard of the return."""

    def follow(
        self,
        table: SlotTable,
        others: Mapping[str, Presence],
        now: float,
        *,
        serving: bool = True,
        doubt: bool = False,
        window: float = float("inf"),
    ) -> None:
        """Take the table of this moment and what is known of the others.

        `serving`: the application answers here. `doubt`: somebody may be about to take this node for dead. `window`:
        seconds after which a silent node is taken for dead.
        """
        self._note_strays(others, now, window)
        before = self.table.epoch
        self._others, self._serving = others, serving
        if table.epoch != self.table.epoch:
            if self.me in table.view and self.me not in self.table.view:
                self._joined = now
            if table.view - self.table.view - {self.me}:  # who comes may hold any slot: it may have been there alone
                self._quiet_until = now + SETTLE
            self._note_moves(table, now)
            self.table = table
            self._own = {
                group: frozenset([slot for slot, owner in enumerate(owners) if owner == self.me])
                for group, owners in table.owners
            }
        self._note_other_tables(others, before)
        if self._joined is not None and (self._known_to_all or now >= self._joined + KEEP_LIMIT):
            self._joined = None
        settled = self.agreed
        self.steady = settled and not doubt and self._joined is None
        if doubt or not settled:
            self._quiet_until = now + SETTLE
        for move in self._moves:
            move.taken = move.after == self.me and not self._must_wait(move, now)
            move.given = not self._keeps(move, now)
            move.holders = frozenset([n for n in move.holders if _may_hold(others.get(n, NOBODY), now - move.since)])
        if settled and now >= self._quiet_until:
            self._moves = [move for move in self._moves if now < move.quiet_until or move.holders]

    @property
    def agreed(self) -> bool:
        """Every other node that can answer clients has applied this table."""
        return all(p.seen == p.applied == self.table.epoch for p in self._others.values() if p.counts)

    def taken_all(self, now: float) -> bool:
        """Everything this node gained is its own: it may report the table as applied."""
        return not any(move.after == self.me and self._must_wait(move, now) for move in self._moves)

    def slots(self, now: float) -> tuple[GroupSlots, ...]:
        """What the kernel must hold now."""
        return tuple([self._group(group, now) for group, _ in self.table.owners])

    def next_deadline(self, now: float) -> float | None:
        """When `slots` changes by time alone."""
        times = [self._quiet_until, *([] if self._joined is None else [self._joined + KEEP_LIMIT])]
        times += self._strayed.values()
        for move in self._moves:
            holds = [move.since + hold for hold in (KEEP_LIMIT, GOODBYE_HOLD, FLOW_HOLD)]
            times += (move.quiet_until, move.all_until, *holds)
        return min((time for time in times if time > now), default=None)

    def _note_strays(self, others: Mapping[str, Presence], now: float, window: float) -> None:
        """Who serves when it is heard first, or again, may have any client; so may who has not heard this node."""
        for node, presence in others.items():
            before = self._others.get(node, NOBODY)
            if 0.0 < presence.heard <= now - window:
                self._deaf.add(node)
            elif not presence.up:
                self._deaf.discard(node)  # it knows this node, and its application is yet to come
            if presence.counts and (not before.alive or node in self._deaf):
                self._strayed[node] = now + FLOW_HOLD
                self._deaf.discard(node)
        self._strayed = {
            node: until
            for node, until in self._strayed.items()
            if now < until and _may_hold(others.get(node, NOBODY), now - until + FLOW_HOLD)
        }

    def _note_other_tables(self, others: Mapping[str, Presence], before: int) -> None:
        """Who has had a table that this node never had may have taken any of the slots that move meanwhile."""
        for node, presence in others.items():
            if not presence.counts:
                self._apart.pop(node, None)
                continue
            apart = self._apart.setdefault(node, _Apart({before}, presence.seen))
            apart.had.add(self.table.epoch)
            apart.strange |= presence.seen != apart.ahead and apart.ahead not in apart.had
            apart.ahead = presence.seen
            if apart.strange:
                for move in self._moves:
                    move.holders |= {node}
            if presence.seen == presence.applied == self.table.epoch:
                self._apart[node] = _Apart({self.table.epoch}, presence.seen)

    def _note_moves(self, table: SlotTable, now: float) -> None:
        known = {(move.group, slot): number for number, move in enumerate(self._moves) for slot in move.slots}
        found: dict[tuple[str, str | None, str | None, int | None], set[int]] = {}
        for group, owners in table.owners:
            for slot, (before, after) in enumerate(zip(self.table.of(group), owners, strict=True)):
                if before != after:
                    found.setdefault((group, before, after, known.get((group, slot))), set()).add(slot)
        moves = []
        # Who is in a third table may hold any slot: then it is not known whom to wait for.
        epochs = {self.table.epoch, table.epoch}
        sure = all(p.seen in epochs for p in self._others.values() if p.counts)
        for (group, before, after, number), slots in found.items():
            past = None if number is None else self._moves[number]
            holders = (past.holders if past else frozenset()) | ({before} if before else set())
            giver = self._others.get(before or "", NOBODY)
            # A loser that answers keeps the slot until it hears that it is taken, an agent that ends for a moment.
            both = before is None or before == self.me or giver.counts or giver.goodbye
            until = now + (SETTLE if both else SILENCE_QUIET if _fell_silent(giver) else 0.0)
            if past:
                until = max(until, past.quiet_until)
                past.slots -= slots
            left = holders - {after or "", self.me}
            mine = before == self.me and (past is None or past.after != self.me or past.taken)
            loser = before if mine or (sure and before != self.me) else None
            all_until = now + KEEP_LIMIT if loser is None else 0.0
            moves.append(_Move(group, frozenset(slots), now, after, left, until, loser, all_until))
        self._moves = [move for move in self._moves if move.slots] + moves
        if table.view - self.table.view - {self.me}:  # who comes may have been known to the loser first
            for move in self._moves:
                move.all_until = now + KEEP_LIMIT

    def _must_wait(self, move: _Move, now: float) -> bool:
        """Somebody may still answer for the slot who has not seen the table: who lost it, or anybody."""
        if move.taken:
            return False
        if now < move.all_until and not self._known_to_all:
            return True
        if move.giver is None:
            return any(p.counts and p.inherits for p in self._others.values())
        giver = self._others.get(move.giver, NOBODY)
        if giver.counts and not self._known_to(giver):
            return True
        # Who has left the table gives its slots to everybody: a node that does not know this one yet takes them, too.
        return self._joined is not None and not (giver.counts and move.giver in self.table.view)

    def _known_to(self, presence: Presence) -> bool:
        """It has seen this table, with this node in it as it is now."""
        return presence.seen == self.table.epoch and (self._joined is None or presence.heard >= self._joined)

    @property
    def _known_to_all(self) -> bool:
        return all(self._known_to(p) for p in self._others.values() if p.counts)

    def _keeps(self, move: _Move, now: float) -> bool:
        """This node lost the slot, and who gained it has not taken it yet."""
        if move.given or move.giver != self.me or not self._serving or now >= move.since + KEEP_LIMIT:
            return False
        taker = self._others.get(move.after or "", NOBODY)
        return taker.counts and taker.applied != self.table.epoch

    def _group(self, group: str, now: float) -> GroupSlots:
        moves = [move for move in self._moves if move.group == group]
        own, quiet = self._own[group], ALL if now < self._quiet_until else _NONE
        if not moves:
            return GroupSlots(group, own, own, _NONE if self._strayed else own, quiet)
        taken = own - _slots([move for move in moves if move.after == self.me and self._must_wait(move, now)])
        kept = _slots([move for move in moves if self._keeps(move, now)])
        held = ALL if self._strayed else _slots([move for move in moves if move.holders])
        quiet = quiet or _slots([move for move in moves if now < move.quiet_until])
        return GroupSlots(group, taken | kept, taken, taken - held, quiet)


def _slots(moves: Iterable[_Move]) -> frozenset[int]:
    return _NONE.union(*[move.slots for move in moves])


def _may_hold(presence: Presence, age: float) -> bool:
    """Whether a node that lost a slot `age` seconds ago may still hold connections of it."""
    if age >= FLOW_HOLD:
        return False
    if presence.alive:
        return presence.up
    return presence.goodbye and age < GOODBYE_HOLD


def _fell_silent(presence: Presence) -> bool:
    return not presence.alive and not presence.goodbye
