"""Hand-over of slots: nodes with delayed knowledge of each other, and what must hold at every step."""

import random
from dataclasses import dataclass, field
from typing import Any

import pytest

from nodeagent.contract.states import State, Status
from nodeagent.core.handover import FLOW_HOLD, SETTLE, SILENCE_QUIET, GroupSlots, Handover, Presence
from nodeagent.core.heartbeat import ModuleBeat
from nodeagent.core.slot_table import SlotTable, slot_table
from nodeagent.core.slots import SLOTS
from nodeagent.core.view import Member

WINDOW = 1.0
STEP = 0.02
UP = ("starting", "ready", "draining")


@dataclass
class FakeFarmNode:
    """A node as its Handover and its kernel know it; `told` is what reached it of the others, later."""

    name: str
    state: str = "stopped"
    session: int = 0
    seen: int = 0
    applied: int = 0
    handover: Handover = field(init=False)
    kernel: tuple[GroupSlots, ...] = ()
    told: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    silent_since: dict[str, float] = field(default_factory=dict)
    stamps: dict[str, float] = field(default_factory=dict)
    """When the newest word that reached it of another was said."""
    echoes: dict[str, float] = field(default_factory=dict)
    """Which of its own words the other had heard when it said that."""

    def __post_init__(self) -> None:
        self.handover = Handover(self.name)

    def word(self) -> tuple[str, int, int, int]:
        return self.state, self.session, self.seen, self.applied


class FakeFarm:
    def __init__(self, seed: int, powers: tuple[int, ...], delay: float) -> None:
        self.random = random.Random(seed)
        self.delay = delay
        self.nodes = [FakeFarmNode(f"n{i}") for i in range(len(powers))]
        self.groups = (("g", tuple((node.name, power) for node, power in zip(self.nodes, powers, strict=True))),)
        self.now = 100.0
        self.letters: list[tuple[float, int, FakeFarmNode, str, tuple[Any, ...]]] = []
        self.sent = 0
        self.newest: dict[tuple[str, str], int] = {}
        self.ready_at: dict[str, float] = {}
        self.run(WINDOW + 0.5)  # as every agent does, they listen first

    def order(self, node: FakeFarmNode, state: str) -> None:
        if state == "ready" and node.state in ("dead", "stopped"):
            node.session += 1
            if node.state == "dead":
                node.handover, node.kernel, node.told = Handover(node.name), (), {}
            node.state = "starting"
            self.ready_at[node.name] = self.now + 0.4
        else:
            node.state = state

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP)):
            self.step()

    def pass_without_news(self, seconds: float) -> None:
        """All go on hearing all."""
        self.now += seconds
        self.letters = [(at + seconds, *letter) for at, *letter in self.letters]
        for node in self.nodes:
            for times in (node.silent_since, node.stamps, node.echoes):
                times.update({other: at + seconds for other, at in times.items()})

    def step(self) -> None:
        self.now += STEP
        for node in self.nodes:
            if node.state == "starting" and self.now >= self.ready_at[node.name]:
                node.state = "ready"
            if node.state == "dead":
                continue
            for other in self.nodes:
                if other is not node:
                    self.sent += 1
                    at = self.now + self.random.uniform(0.2, 1.0) * self.delay
                    heard = node.stamps.get(other.name, 0.0)
                    self.letters.append((at, self.sent, other, node.name, (*node.word(), self.now, heard)))
        self.letters.sort(key=lambda letter: (letter[0], letter[1]))
        while self.letters and self.letters[0][0] <= self.now:
            _, number, to, about, word = self.letters.pop(0)
            if number > self.newest.get((to.name, about), 0):  # as heartbeats: an older one says nothing any more
                self.newest[to.name, about] = number
                *said, to.stamps[about], to.echoes[about] = word
                to.told[about] = tuple(said)
            to.silent_since[about] = self.now
        for node in self.nodes:
            self.decide(node)
        self.check()

    def decide(self, node: FakeFarmNode) -> None:
        if node.state == "dead":
            if self.now - node.silent_since.get(node.name, self.now) > WINDOW - 0.1:
                node.kernel = ()
            return
        node.silent_since[node.name] = self.now
        others: dict[str, Presence] = {}
        members = [self.member(node.name, node.state, node.session)]
        for other in self.nodes:
            if other is node:
                continue
            state, session, seen, applied = node.told.get(other.name, ("stopped", 0, 0, 0))
            alive = self.now - node.silent_since.get(other.name, -9.0) < WINDOW
            others[other.name] = Presence(alive, state in UP, False, seen, applied, node.echoes.get(other.name, 0.0))
            if alive:
                members.append(self.member(other.name, state, session))
        view = [member for member in members if member.beat.status is Status.READY]
        table = slot_table(self.groups, "", view)
        serving = node.state in UP
        node.handover.follow(table, others, self.now, serving=serving)
        if serving:
            node.kernel = node.handover.slots(self.now)
            node.seen = table.epoch
            node.applied = table.epoch if node.handover.taken_all(self.now) else node.applied
        else:
            node.kernel, node.seen, node.applied = (), table.epoch, table.epoch

    @staticmethod
    def member(name: str, state: str, session: int) -> Member:
        status = Status.READY if state == "ready" else Status.TRANSIENT
        return Member(name, session.to_bytes(4, "big"), ModuleBeat(State.UP, status))

    def owners(self, kind: str) -> list[list[FakeFarmNode]]:
        found: list[list[FakeFarmNode]] = [[] for _ in range(SLOTS)]
        for node in self.nodes:
            for group in node.kernel:
                for slot in getattr(group, kind):
                    found[slot].append(node)
        return found

    def check(self) -> None:
        for slot, nodes in enumerate(self.owners("mine")):
            if len(nodes) > 1:
                loud = [node.name for node in nodes if node.state != "dead" and slot not in node.kernel[0].quiet]
                assert not loud, f"{self.now:.2f}: slot {slot} of {[n.name for n in nodes]} is not quiet on {loud}"
        for slot, nodes in enumerate(self.owners("datagrams")):
            assert len(nodes) <= 1, f"{self.now:.2f}: datagrams of slot {slot} go to {[n.name for n in nodes]}"


def settled(farm: FakeFarm) -> None:
    """Exactly one owner each, nothing quiet but what a silence left."""
    ready = [node.name for node in farm.nodes if node.state == "ready" and dict(farm.groups[0][1])[node.name]]
    for kind in ("mine", "datagrams"):
        for slot, nodes in enumerate(farm.owners(kind)):
            assert len(nodes) == bool(ready), f"slot {slot} ({kind}) belongs to {[n.name for n in nodes]}"
    assert all(not node.kernel[0].quiet for node in farm.nodes if node.state == "ready")


@pytest.mark.parametrize("seed", range(40))
def test_planned_changes_never_let_two_nodes_break_a_connection(seed: int) -> None:
    pick = random.Random(seed)
    farm = FakeFarm(seed, pick.choice([(1, 1, 1), (4, 2, 1), (1, 1, 1, 1), (1, 0, 1)]), pick.choice([0.02, 0.3]))
    for node in farm.nodes:
        farm.order(node, "ready")
    farm.run(2.0)
    for _ in range(4):
        node = pick.choice(farm.nodes)
        farm.order(
            node, {"ready": "draining", "draining": "stopped", "stopped": "ready", "starting": "draining"}[node.state]
        )
        farm.run(pick.choice([0.02, 0.06, 0.2, 1.0]))
    for node in farm.nodes:
        if node.state == "draining":
            farm.order(node, "stopped")
    farm.run(SETTLE + 1.5)
    settled(farm)


@pytest.mark.parametrize("seed", range(12))
def test_a_death_and_a_return(seed: int) -> None:
    pick = random.Random(seed)
    farm = FakeFarm(seed, (1, 1, 1), pick.choice([0.02, 0.2]))
    for node in farm.nodes:
        farm.order(node, "ready")
    farm.run(SETTLE + 2.5)
    settled(farm)
    farm.pass_without_news(FLOW_HOLD)  # who started at once may have taken a client of the others in that moment
    farm.run(0.5)
    dead = pick.choice(farm.nodes)
    farm.order(dead, "dead")
    farm.run(WINDOW + 0.6)
    left = [node for node in farm.nodes if node is not dead]
    assert all(len(nodes) == 1 for nodes in farm.owners("mine"))
    moved = left[0].kernel[0].quiet
    assert moved, "what a silent node had stays quiet for a while"
    assert all(moved & node.kernel[0].mine <= node.kernel[0].est for node in left), "nobody else holds its connections"
    farm.run(SILENCE_QUIET + 0.5)
    settled(farm)
    farm.order(dead, "ready")
    farm.run(SETTLE + 2.5)
    settled(farm)


def test_a_joiner_does_not_reset_what_the_others_hold() -> None:
    farm = FakeFarm(1, (1, 1, 1), 0.02)
    for node in farm.nodes[:2]:
        farm.order(node, "ready")
    farm.run(SETTLE + 2.5)
    before = [node.kernel[0].mine for node in farm.nodes[:2]]
    farm.order(farm.nodes[2], "ready")
    farm.run(SETTLE + 2.5)
    gained = farm.nodes[2].kernel[0]
    assert len(gained.mine) in (85, 86)
    assert not gained.est, "the old owners keep the connections of all that it gained"
    for node, had in zip(farm.nodes[:2], before, strict=True):
        assert node.kernel[0].mine < had
    for node in farm.nodes[:2]:
        farm.order(node, "draining")
        farm.run(1.0)
        farm.order(node, "stopped")
        farm.run(1.0)
    farm.run(SETTLE)
    assert farm.nodes[2].kernel[0].est == frozenset(range(SLOTS)), "nobody else is left to hold anything"


def test_a_loser_keeps_a_slot_until_it_is_taken() -> None:
    """No moment without an owner when a node drains, at any delay."""
    farm = FakeFarm(3, (1, 1), 0.3)
    for node in farm.nodes:
        farm.order(node, "ready")
    farm.run(SETTLE + 2.5)
    farm.order(farm.nodes[0], "draining")
    for _ in range(100):
        farm.step()
        assert all(nodes for nodes in farm.owners("mine"))
    assert not farm.nodes[0].kernel[0].mine


def test_a_slot_that_was_never_taken_is_not_kept() -> None:
    """n0 has not let go yet when what n1 was to have of it goes on to n2: n1 never had it."""
    groups = (("g", (("n0", 1), ("n1", 1), ("n2", 1))),)

    def table(*serving: str) -> SlotTable:
        beat = ModuleBeat(State.UP, Status.READY)
        return slot_table(groups, "", [Member(node, node.encode() * 8, beat) for node in serving])

    first, second, third = table("n0", "n1"), table("n1"), table("n1", "n2")

    def others(seen: int) -> dict[str, Presence]:
        return {
            "n0": Presence(True, True, seen=first.epoch, applied=first.epoch, heard=100.0),
            "n2": Presence(True, True, seen=seen, applied=seen, heard=100.0),
        }

    one = Handover("n1")
    one.follow(first, others(first.epoch), 50.0)
    one.follow(first, others(first.epoch), 60.0)
    (before,) = one.slots(60.0)
    one.follow(second, others(second.epoch), 61.0)
    assert one.slots(61.0)[0].mine == before.mine
    one.follow(third, others(second.epoch), 61.1)
    assert one.slots(61.1)[0].mine <= before.mine


@dataclass
class FakePair:
    """n1 beside n2, both serving by one table when n2 is alive."""

    handover: Handover = field(default_factory=lambda: Handover("n1"))
    now: float = 100.0

    def __post_init__(self) -> None:
        self.follow("n1", alive=True)
        self.together()

    def follow(self, *serving: str, **of_the_other: Any) -> None:
        """The table of who serves, when n2 is like this."""
        table = _table(*serving)
        presence = Presence(**({"seen": table.epoch, "applied": table.epoch} | of_the_other))
        self.handover.follow(table, {"n2": presence}, self.now, window=WINDOW)

    def together(self) -> None:
        """n2 serves and hears n1, until nothing is quiet."""
        for _ in range(50):
            self.now += 0.1
            self.follow("n1", "n2", alive=True, up=True, heard=self.now - 0.1)

    @property
    def answers(self) -> bool:
        """n1 answers unknown connections of what has been its own from the beginning."""
        (slots,) = self.handover.slots(self.now)
        owners = dict(_table("n1", "n2").owners)["g"]
        own = {slot for slot, owner in enumerate(owners) if owner == "n1"}
        assert own <= slots.mine
        return own <= slots.est


def _table(*serving: str) -> SlotTable:
    beat = ModuleBeat(State.UP, Status.READY)
    return slot_table((("g", (("n1", 1), ("n2", 1))),), "", [Member(node, node.encode() * 8, beat) for node in serving])


def test_who_was_out_of_sight_and_lived_may_hold_any_connection() -> None:
    pair = FakePair()
    assert pair.answers
    pair.now += 5
    pair.follow("n1")
    assert pair.answers, "it may be dead, and then its clients want to know"
    pair.now += 5
    pair.follow("n1", "n2", alive=True, up=True)
    assert not pair.answers
    pair.together()
    assert not pair.answers
    pair.now += FLOW_HOLD
    pair.together()
    assert pair.answers


def test_who_has_taken_this_node_for_dead_may_hold_any_connection() -> None:
    pair = FakePair()
    heard = pair.now
    pair.now += WINDOW / 2
    pair.follow("n1", "n2", alive=True, up=True, heard=heard)
    assert pair.answers
    pair.now += WINDOW / 2
    pair.follow("n1", "n2", alive=True, up=True, heard=heard)
    assert not pair.answers
    pair.together()
    assert not pair.answers
    pair.now += 5
    pair.follow("n1")
    assert pair.answers, "now it is dead itself"


def test_who_serves_when_it_is_heard_first_may_hold_any_connection() -> None:
    """It may have been there alone, and have kept what it took, before this agent was started."""
    handover, both = Handover("n1"), _table("n1", "n2")
    handover.follow(_table("n1"), {}, 100.0, window=WINDOW)
    other = Presence(True, True, seen=both.epoch, applied=both.epoch, heard=100.1)
    handover.follow(both, {"n2": other}, 100.1, window=WINDOW)
    assert not handover.slots(100.1)[0].est


def test_who_was_started_unheard_while_this_node_stood_still_may_hold_any_connection() -> None:
    """What waits in the sockets after a freeze is read in its order: first that it did not serve."""
    pair = FakePair()
    heard = pair.now
    pair.now += 5
    pair.follow("n1", alive=True, heard=heard)
    pair.together()
    assert not pair.answers


@pytest.mark.parametrize("goodbye", [False, True])
def test_who_starts_again_holds_nothing_of_others(goodbye: bool) -> None:
    """Its application is started when it is heard again."""
    pair = FakePair()
    pair.now += 5
    pair.follow("n1", goodbye=goodbye)
    pair.follow("n1", alive=True)
    pair.together()
    assert pair.answers


def test_who_said_goodbye_and_serves_when_it_is_heard_again_may_hold_any_connection() -> None:
    """It was started again, and served, before this node heard it."""
    pair = FakePair()
    pair.now += 5
    pair.follow("n1", goodbye=True)
    pair.together()
    assert not pair.answers


@pytest.mark.parametrize("both_at_once", [False, True])
def test_two_that_come_at_once_wait_for_each_other(both_at_once: bool) -> None:
    """n0 hears of n2 first, lets it have the slots, and then of n1, whose they are: that n0 knows does not help."""
    groups = (("g", (("n0", 1), ("n1", 1), ("n2", 1))),)

    def table(*serving: str) -> SlotTable:
        beat = ModuleBeat(State.UP, Status.READY)
        return slot_table(groups, "", [Member(node, node.encode() * 8, beat) for node in serving])

    def others(first: SlotTable, second: SlotTable) -> dict[str, Presence]:
        seen = zip(("n0", "n2"), (first.epoch, second.epoch), strict=True)
        return {node: Presence(True, True, seen=epoch, applied=epoch, heard=61.0) for node, epoch in seen}

    before, without_me, all_three = table("n0"), table("n0", "n2"), table("n0", "n1", "n2")
    one = Handover("n1")
    for now in (50.0, 60.0):
        one.follow(before, others(before, before), now)
    if not both_at_once:
        one.follow(table("n0", "n1"), others(before, before), 61.0)
    one.follow(all_three, others(before, before), 61.0)
    one.follow(all_three, others(all_three, without_me), 61.01)
    (held,) = one.slots(61.01)
    theirs = frozenset([slot for slot, owner in enumerate(without_me.of("g")) if owner == "n2"])
    assert not held.datagrams & theirs
    one.follow(all_three, others(all_three, all_three), 61.02)
    assert len(one.slots(61.02)[0].datagrams) in (85, 86)


@pytest.mark.parametrize("leaves_first", [False, True])
def test_who_took_the_slots_of_a_third_node_by_another_table_may_hold_its_connections(leaves_first: bool) -> None:
    """n2 comes while n0 leaves. n1 hears of the leave first, takes all of n0's, and then gives of it to n2."""
    groups = (("g", (("n0", 1), ("n1", 1), ("n2", 1))),)

    def table(*serving: str) -> SlotTable:
        beat = ModuleBeat(State.UP, Status.READY)
        return slot_table(groups, "", [Member(node, node.encode() * 8, beat) for node in serving])

    before, with_both, left = table("n0", "n1"), table("n0", "n1", "n2"), table("n1", "n2")
    joiner = Handover("n2")

    def follow(now: float, mine: SlotTable, of_n1: SlotTable) -> None:
        other = Presence(True, True, seen=of_n1.epoch, applied=of_n1.epoch, heard=now)
        joiner.follow(mine, {"n0": Presence(mine is not left, mine is not left, seen=mine.epoch), "n1": other}, now)

    for now in (50.0, 60.0 + FLOW_HOLD):
        follow(now, before, before)
    now = 61.0 + FLOW_HOLD
    follow(now, with_both, before)
    follow(now + 0.1, with_both, table("n1") if leaves_first else with_both)
    for later in (0.2, 0.3, 5.0, 6.0):
        follow(now + later, left, left)
    (held,) = joiner.slots(now + 6.0)
    gave = frozenset([slot for slot, owner in enumerate(before.of("g")) if owner == "n0"]) & held.mine
    assert gave
    assert not held.quiet
    assert not held.est & gave if leaves_first else gave <= held.est
