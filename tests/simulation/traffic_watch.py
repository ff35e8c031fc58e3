"""The eyes on the virtual IPs of a run: what the kernels hold, who could know what of whom.

Two kernels that answer one client break its connection. That must not happen but for four reasons, and these
are all that `excuse` knows; the first ends four pulses, the others one window after its cause, and half a second:
1. the two nodes are parted: neither UDP nor the wire joins them both ways (to whom stands still, until it runs);
2. datagrams and probes get lost or are late by chance, and one of the two has lost the other by that;
3. one has not heard the other since one of their agents was started, and UDP does not join them: a probe
   is believed only from a session that heartbeats have proven;
4. nobody watches a kernel that was told to keep its slots for ever: its agent was the last one and has died
   or stands still, or the kernel has done nothing at all since the two were parted, or strangers as in 3;
and while a new detection window is on its way to the nodes, a node that does not run may be judged by the other's.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import State
from nodeagent.core import effects as do
from nodeagent.core.handover import GroupSlots
from nodeagent.core.module_traffic import OBSERVE, PREPARE_AGAIN, RETRY, ModuleTraffic
from nodeagent.core.slot_table import Powers
from nodeagent.core.slots import SLOTS, slot_plan
from nodeagent.core.traffic_messages import PrepareTraffic, SetSlots
from tests.fakes.machine import FakeMachine
from tests.simulation.farm import CALM, WIRE, Farm
from tests.simulation.invariants import SLACK, Violated

if TYPE_CHECKING:
    from tests.simulation.watch import Watch

AFTER = 0.5
"""Seconds that an excuse lasts beside the window."""
HEARD_AGAIN = 4
"""Pulses within which two nodes that can hear each other again do: every third has a probe, and it is answered."""
HAND_OVER = 2.5
"""Seconds within which a planned hand-over ends."""
UNDER_WAY = 3 * CALM
"""Seconds that a word and its answer take in a calm network, generously."""
REPAIR = OBSERVE + 0.3
"""Seconds within which what somebody else breaks is put back."""
LONG_AGO = float("-inf")
ALL = frozenset(range(SLOTS))

WITHOUT_ADDRESS = frozenset(
    {
        *("stopped", "waiting before the start", "saving the order", "transition to WAIT", "prestart"),
        *("waiting for resources", "waiting for resources that are down", "transition to UP"),
        *("stop_both force", "poststop", "transition to STOP", "starting the machine anew"),
        *("start_both without Keepgreen", "stop_both without Keepgreen", "stop_both force without Keepgreen"),
    }
)
"""Phases in which no virtual address may be on the node; in all others it must be."""

Pair = tuple[str, str]


def traffic_of(machine: FakeMachine, module: str) -> ModuleTraffic | None:
    """What an agent does for the virtual IP of a module."""
    return machine.agent.traffic.traffic_of(module) if machine.agent else None


class TrafficWatch:
    """The eyes on the virtual IPs of one run. `counts`: how often what happened to slots."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        self.farm: Farm = watch.farm
        self.counts: Counter[str] = watch.coverage.slots
        self._parted: dict[tuple[str, str, str], float] = {}
        self._met: dict[tuple[str, str, str], float] = {}
        self._strange: dict[tuple[str, str, str], float] = {}
        """When two nodes were last known never to have met."""
        self._noise = self._new_window = LONG_AGO
        self._cluster_window = self.farm.cluster.window
        self._lost_sight: dict[tuple[str, str, str], float] = {}
        self._broken: dict[tuple[str, str], float] = {}
        self._changed: set[str] = set()
        self._known_flows: dict[tuple[str, str, str, str], frozenset[int]] = {}
        self._held: dict[tuple[str, str], tuple[GroupSlots, ...]] = {}
        self._powers_changed: dict[str, float] = {}
        self._refused: dict[str, float] = {}
        self._refuses_since: dict[str, float] = {}
        self._refused_over: dict[str, tuple[float, float]] = {}
        """Machine → since when and until when its kernel has refused last."""
        self._shares: dict[tuple[Powers, frozenset[str]], tuple[str | None, ...]] = {}
        self._mended: dict[tuple[str, str], float] = {}
        """When the address was last seen broken; its slots follow it."""

    @property
    def now(self) -> float:
        return self.farm.world.now

    def modules(self) -> list[ModuleConfig]:
        """Those with a virtual IP, by their newest revision or by one that runs."""
        found = self.farm.modules.values()
        return [config for config in found if config.vip or any(self._has_vip(n, config.name) for n in config.nodes)]

    def _has_vip(self, node: str, module: str) -> bool:
        """By the revision that runs there: another one waits for the next start."""
        status, machine = self.watch.of(node, module).status, self.farm.machines[node]
        revision = status.revision if status else machine.modules[module].revision
        return machine.revisions[module, revision].config.vip is not None

    # --- who could know -------------------------------------------------------------------------

    def mark(self) -> None:
        """Who can hear whom is about to change: until now it was as it is."""
        network = self.farm.network
        if network.loss or network.delay > CALM:
            self._noise = self.now + network.delay
        if self.farm.cluster.window != self._cluster_window:
            self._cluster_window, self._new_window = self.farm.cluster.window, self.now
        for config in self.modules():
            for number, one in enumerate(config.nodes):
                for other in config.nodes[number + 1 :]:
                    self._look_at_pair(config, one, other)

    def _look_at_pair(self, config: ModuleConfig, one: str, other: str) -> None:
        joined = self.farm.joined(one, other, config.farm.lans)
        if joined and self.farm.runs(one) and self.farm.runs(other):
            self._met[config.name, one, other] = self.now
        machines = [self.farm.machines[name] for name in (one, other)]
        frozen_until = max(machine.frozen_until for machine in machines)
        here = max(self.now, frozen_until)  # who stands still hears of nothing before it runs again
        if not joined and not self.farm.wired(one, other):
            self._parted[config.name, one, other] = here
        # Whom a freeze caught before it could hear the other again hears it after that.
        parted = self._parted.get((config.name, one, other), LONG_AGO)
        caught = [machine for machine in machines if machine.frozen_since <= parted + self._hear_again]
        self._parted[config.name, one, other] = max([parted, *(machine.frozen_until for machine in caught)])
        started = max(self.watch.started.get(name, 0.0) for name in (one, other))
        strangers = self._met.get((config.name, one, other), LONG_AGO) < started + self.farm.cluster.window
        if strangers and (not joined or frozen_until > self.now):
            self._strange[config.name, one, other] = here

    @property
    def _hear_again(self) -> float:
        """Seconds within which two nodes that run hear each other again."""
        return HEARD_AGAIN * self.farm.cluster.pulse + AFTER

    def excuse(self, config: ModuleConfig, one: str, other: str) -> str:
        """Why these two kernels may contradict each other now; empty when they must not."""
        key = (config.name, *sorted((one, other)))
        self._look_at_pair(config, key[1], key[2])
        limit = max(self.farm.window(config.name), self.watch.windows) + AFTER
        recent = self.now - limit
        if self._parted.get(key, LONG_AGO) >= self.now - self._hear_again:
            return "parted"
        if self.farm.network.loss or self.farm.network.delay > CALM:
            self._noise = self.now + self.farm.network.delay
        sights = (self._lost_sight.get((config.name, a, b), LONG_AGO) for a, b in ((one, other), (other, one)))
        if self._noise >= recent and max(sights) >= recent:
            return "lost by chance"
        if self._strange.get(key, LONG_AGO) >= recent:
            return "never met"
        strange_or_parted = max(self._parted.get(key, LONG_AGO), self._strange.get(key, LONG_AGO))
        for name in (one, other):
            machine = self.farm.machines[name]
            new = max(self.watch.started.get(name, 0.0), machine.frozen_until) > self.now - 0.1
            deaf = self._deaf_since(name, recent) <= strange_or_parted
            if self._holds_for_ever(name, config.name) and (new or deaf or not self.farm.runs(name)):
                return "nobody watches the last node's kernel"
            if self._new_window >= recent - limit and not self.farm.runs(name):
                return "a new window is on its way"
        return ""

    def _deaf_since(self, name: str, recent: float) -> float:
        """Since when its kernel does nothing, or did nothing until lately: its agent asks it again in a while."""
        since, until = self._refused_over.get(name, (self.now, LONG_AGO))
        return self._refuses_since.get(name, since if until >= recent else self.now)

    def _see(self, machine: FakeMachine, config: ModuleConfig) -> None:
        traffic = traffic_of(machine, config.name)
        for node in config.nodes if traffic else ():
            if node != machine.name and self.farm.runs(node) and not self._alive(machine, config, node):
                self._lost_sight[config.name, machine.name, node] = self.now

    def _forget_flows(self, config: ModuleConfig, *between: str) -> None:
        for key in [k for k in self._known_flows if k[0] == config.name and set(between) <= {k[2], k[3]}]:
            del self._known_flows[key]

    def _alive(self, machine: FakeMachine, config: ModuleConfig, node: str) -> bool:
        traffic = traffic_of(machine, config.name)
        return traffic is not None and traffic.presence(node).alive

    # --- what happens -----------------------------------------------------------------------------

    def observe(self, machine: FakeMachine, effect: do.Effect) -> None:
        """An effect is about to be carried out."""
        if isinstance(effect, SetSlots | PrepareTraffic):
            self._changed.add(effect.module)
            if isinstance(effect, SetSlots) and effect.timeout is None:
                self._for_ever_only_when_alone(machine, self.farm.modules[effect.module], effect)
        elif isinstance(effect, do.RecordLine) and effect.text.startswith("new powers are in force"):
            self._powers_changed[effect.module] = self.now
            self._all_that_serve_know_new_powers(machine, self.farm.modules[effect.module])

    def after_step(self, dirty: set[str]) -> None:
        """Check what may have changed on these machines."""
        for config in self.modules():
            for name in dirty.intersection(config.nodes):
                machine = self.farm.machines[name]
                self._look_at_kernel(machine)
                told = self.watch.of(name, config.name).status
                if told is None or told.state is not State.UP:
                    self._forget_flows(config, name)
                if self.farm.runs(name):
                    self._see(machine, config)
                    self._the_address_follows_the_phase(machine, config)
            if config.name in self._changed:
                self._slots_changed(config)
        self._changed.clear()

    def _look_at_kernel(self, machine: FakeMachine) -> None:
        if machine.kernel.refuses or machine.kernel.refuses_slots:
            self._refused[machine.name] = self.now
            self._refuses_since.setdefault(machine.name, self.now)
        elif (since := self._refuses_since.pop(machine.name, None)) is not None:
            self._refused_over[machine.name] = since, self.now

    def _slots_changed(self, config: ModuleConfig) -> None:
        held = {name: self._answered(name, config.name) for name in config.nodes}
        if all(held[name] == self._held.get((config.name, name), ()) for name in config.nodes):
            return
        for number, one in enumerate(config.nodes):
            for other in config.nodes[number + 1 :]:
                for mine, others in zip(held[one], held[other], strict=False):
                    self._two_answer(config, one, other, mine, others)
        for name, groups in held.items():
            self._count(self._held.get((config.name, name), ()), groups)
            self._held[config.name, name] = groups
            self._no_connection_of_another_is_reset(config, name, groups)

    def _answered(self, node: str, module: str) -> tuple[GroupSlots, ...]:
        """What clients get an answer for: nothing while the one address is gone, whatever the filter lets through."""
        kernel = self.farm.machines[node].kernel
        groups = kernel.groups(module, self.now)
        if (table := kernel.tables.get(module)) and not table.addresses:
            return tuple(GroupSlots(group.group, quiet=group.quiet) for group in groups)
        return groups

    def _two_answer(self, config: ModuleConfig, one: str, other: str, mine: GroupSlots, others: GroupSlots) -> None:
        """Two kernels take new connections of a slot only while both hold it quiet; datagrams never."""
        both = mine.mine & others.mine
        loud = both - (mine.quiet & others.quiet) if both else both
        twice = mine.datagrams & others.datagrams
        if both and not loud:
            self.counts["slots taken early, quiet on both"] += 1
        if (loud or twice) and not (why := self.excuse(config, one, other)):
            what = f"new connections of {len(loud)} slots" if loud else f"datagrams of {len(twice)} slots"
            raise Violated(f"{one} and {other} both answer {what} ({config.name}/{mine.group})")
        if loud or twice:
            self.counts[f"excused: {why}"] += 1

    def _no_connection_of_another_is_reset(
        self, config: ModuleConfig, name: str, groups: tuple[GroupSlots, ...]
    ) -> None:
        """`est`: only when nobody else can still hold the connections."""
        machine = self.farm.machines[name]
        traffic = traffic_of(machine, config.name)
        if traffic is None or not self.farm.runs(name):
            return
        for node in config.nodes:
            if node == name:
                continue
            told = self.watch.of(node, config.name).status
            up = self.farm.runs(node) and told is not None and told.state is State.UP
            up = up and self._has_vip(node, config.name)
            sure = up and self._alive(machine, config, node) and not self.excuse(config, name, node)
            lately = self._refused_over.get(name, (0.0, LONG_AGO))[1]
            for group in groups:
                key = (config.name, group.group, name, node)
                if not up or self.watch.agents.get(name) != machine.starts:
                    self._known_flows[key] = frozenset()
                    continue
                owners = traffic.handover.table.of(group.group)
                theirs = self.farm.machines[node].kernel.groups(config.name, self.now)
                mine = next((one.mine for one in theirs if one.group == group.group), frozenset())
                taken = {slot for slot in mine if owners[slot] == node} if sure else mine
                known = self._known_flows.get(key, frozenset()) | taken
                self._known_flows[key] = known
                if not sure or name in self._refuses_since or self.now < lately + PREPARE_AGAIN + UNDER_WAY:
                    continue  # a kernel that does nothing goes on with what it was told
                if wrong := group.est & known:
                    raise Violated(
                        f"{name} resets connections of {len(wrong)} slots that {node} may hold ({config.name})"
                    )

    def _for_ever_only_when_alone(self, machine: FakeMachine, config: ModuleConfig, effect: SetSlots) -> None:
        """Dead-man's switch: while another node is in the view, slots carry a time-out."""
        heard = [node for node in config.nodes if self._alive(machine, config, node)]
        if heard and any(group.mine for group in effect.groups):
            raise Violated(f"{machine.name} lets its kernel hold slots of {config.name} for ever and hears {heard[0]}")

    def _all_that_serve_know_new_powers(self, machine: FakeMachine, config: ModuleConfig) -> None:
        """New powers are in force: every node that serves has them."""
        mine = machine.modules[config.name].config
        limit = max(self.farm.window(config.name), self.watch.windows) + SLACK
        for node in config.nodes:
            other, told = self.farm.machines[node], self.watch.of(node, config.name)
            serves = self.farm.runs(node) and told.status is not None and told.status.state is State.UP
            serves = serves and self._has_vip(node, config.name)
            if node == machine.name or not serves or not self.farm.joined(machine.name, node, config.farm.lans):
                continue
            pairs = (machine.name, node), (node, machine.name)
            news = [self.watch.apart.get(pair, LONG_AGO) for pair in pairs]
            news += [self.watch.started[node], self.watch.started[machine.name], told.changed]
            news += [other.frozen_until, machine.frozen_until]
            theirs = other.modules[config.name].config
            older = len(theirs.signature) < len(mine.signature) and _powers(theirs) not in ([], _powers(mine))
            if older and max(news) < self.now - limit:
                raise Violated(f"{machine.name} goes by new powers of {config.name} that {node}, which serves, has not")

    def _count(self, before: tuple[GroupSlots, ...], after: tuple[GroupSlots, ...]) -> None:
        for old, new in zip(before or tuple(GroupSlots(g.group) for g in after), after, strict=False):
            self.counts["slots gained"] += bool(new.mine - old.mine)
            self.counts["slots given up"] += bool(old.mine - new.mine)
            self.counts["slots become quiet"] += bool(new.quiet - old.quiet)
            self.counts["quiet ends"] += bool(old.quiet - new.quiet)
            self.counts["est held back"] += bool(new.datagrams - new.est)
            self.counts["est given"] += bool(new.est - old.est)

    def _the_address_follows_the_phase(self, machine: FakeMachine, config: ModuleConfig) -> None:
        """The address is there in the phases that have it, never bare of its filter; repaired within seconds."""
        key = (machine.name, config.name)
        status = self.watch.of(*key).status
        if status is None:
            return
        table = machine.kernel.tables.get(config.name)
        should = self._has_vip(*key) and status.phase not in WITHOUT_ADDRESS
        has, bare = bool(table and table.addresses), bool(table and table.addresses and not table.filter)
        if has and not should and not self.watch.ends(machine):  # an agent that ends leaves the kernel as it is
            raise Violated(f"the virtual address is on {machine.name} while {config.name} is in “{status.phase}”")
        if has == should and not bare:
            self._broken.pop(key, None)
            return
        since = self._broken.setdefault(key, self.now)
        self._mended[key] = self.now
        since = max(since, machine.frozen_until, self._refused.get(machine.name, 0.0))
        if self.now > max(since, self.watch.started.get(machine.name, 0.0)) + REPAIR:
            what = "is bare of its filter on" if bare else "is not on"
            raise Violated(f"the virtual address of {config.name} {what} {machine.name} in “{status.phase}”")

    # --- as time goes by --------------------------------------------------------------------------

    def one_owner_of_every_slot(self) -> None:
        """In a settled farm every slot of every group has exactly one owner, and all epochs are equal."""
        for config in self.modules():
            if not self.watch.calm(config.name):
                continue
            for group in self._together(config):
                self._settled(config, group)

    def _settled(self, config: ModuleConfig, group: list[str]) -> None:
        limit = max(self.farm.window(config.name), self.watch.windows) + SLACK
        calm_for = self.now - self.watch.disturbed(config.name) - limit
        traffics = {name: traffic_of(self.farm.machines[name], config.name) for name in group}
        told = {name: self.watch.of(name, config.name).status for name in group}
        # A kernel that has refused for a window holds nothing any more, and the others know.
        seen_by = self.now - 2 * limit - 3 * self.farm.cluster.pulse
        stuck = {name for name in group if self._refuses_since.get(name, self.now) < seen_by}
        stuck -= {name for name in stuck if self._holds_for_ever(name, config.name)}
        ready = {
            name: traffic
            for name, traffic in traffics.items()
            if traffic and (status := told[name]) and status.ready and self._open(name, config, traffic)
            if self.farm.machines[name].bound and name not in stuck
        }
        whole = all(
            (name, config.name) not in self._broken
            and self._mended.get((name, config.name), LONG_AGO) < self.now - RETRY - UNDER_WAY
            and self._refused.get(name, LONG_AGO) < self.now - REPAIR - limit
            for name in group
            if name not in stuck
        )
        if not ready or not whole:
            return
        late = calm_for > HAND_OVER and self._powers_changed.get(config.name, LONG_AGO) < self.now - HAND_OVER
        epochs = {traffic.applied for traffic in ready.values()} | {traffic.seen for traffic in ready.values()}
        if late and len(epochs) > 1:
            raise Violated(f"{', '.join(sorted(ready))} have not agreed on one slot table of {config.name}")
        for number, powers in enumerate(next(iter(ready.values())).groups):
            if not any(power for node, power in powers[1] if node in ready):
                continue
            owners = [self._mine(name, config.name, number) for name in group]
            if missing := ALL.difference(*owners):
                raise Violated(
                    f"1. {len(missing)} slots of {config.name}/{powers[0]} belong to none of {', '.join(group)}"
                )
            if late and sum(map(len, owners)) > SLOTS:
                raise Violated(f"1. slots of {config.name}/{powers[0]} belong to several of {', '.join(group)}")
            if late:
                self._each_has_its_own(config, powers, {name: self._mine(name, config.name, number) for name in ready})
            self.counts["settled groups looked at"] += 1

    def _open(self, name: str, config: ModuleConfig, traffic: ModuleTraffic) -> bool:
        """The traffic is open, or should be: the script has opened it, and an earlier agent may have heard that."""
        return traffic.gate or config.name in self.farm.machines[name].opened

    def _each_has_its_own(
        self, config: ModuleConfig, group: tuple[str, Powers], mine: dict[str, frozenset[int]]
    ) -> None:
        """The owner is a pure function of (configured nodes with power, view)."""
        key = (group[1], frozenset(mine))
        owners = self._shares.get(key)
        if owners is None:
            owners = self._shares[key] = slot_plan(group[1]).owners(key[1])
        for name, slots in mine.items():
            if slots != {slot for slot, owner in enumerate(owners) if owner == name}:
                raise Violated(f"{name} serves and has not its slots of {config.name}/{group[0]}")

    def _holds_for_ever(self, node: str, module: str) -> bool:
        table = self.farm.machines[node].kernel.tables.get(module)
        return table is not None and table.expires == float("inf")

    def _mine(self, node: str, module: str, number: int) -> frozenset[int]:
        groups = self.farm.machines[node].kernel.groups(module, self.now)
        return groups[number].mine if number < len(groups) else frozenset()

    def _together(self, config: ModuleConfig) -> list[list[str]]:
        """The settled partitions: nodes that hear each other by UDP, or by the wire once they have met."""
        nodes = [name for name in config.nodes if self.farm.runs(name)]
        sure = [a for a in nodes if all(a == b or self._hear(config, a, b) is not None for b in nodes)]
        heard = {a: {b for b in nodes if a == b or self._hear(config, a, b)} for a in sure}
        return [
            sorted(heard[a]) for a in sure if a == min(heard[a]) and all(heard.get(b) == heard[a] for b in heard[a])
        ]

    def _hear(self, config: ModuleConfig, one: str, other: str) -> bool | None:
        """None: only one of them hears the other, or they know each other by the wire alone; nothing is promised."""
        if self.farm.joined(one, other, config.farm.lans):
            return True
        if self.farm.carries(one, other, WIRE) or self.farm.carries(other, one, WIRE):
            return True if self.farm.wired(one, other) and not self.excuse(config, one, other) else None
        return False


def _powers(config: ModuleConfig) -> list[Powers]:
    return [group.powers for group in config.vip.groups] if config.vip else []
