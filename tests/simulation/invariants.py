"""What must hold after every step of a fault simulation. Each check quotes the sentence that it holds.

A check raises `Violated`. `Watch` sees every effect of every machine before it is carried out, and is
called after every step; what depends on nothing but time is looked at five times a virtual second.
"""

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from nodeagent.contract.states import Action, LogType, Script, State, Status
from nodeagent.contract.status import ModuleStatus
from nodeagent.core import effects as do
from nodeagent.core.events import ProcessRef
from nodeagent.core.phase_machine import SAVE_LIMIT
from nodeagent.core.phases import PHASES, Phase, Stage
from nodeagent.core.recovery import phase_of
from nodeagent.core.slots import slot_plan
from tests.fakes.machine import FakeMachine
from tests.simulation.coverage import Coverage
from tests.simulation.farm import CALM, Farm

SLACK = 0.2
"""Seconds that spec 04 gives beside the window."""
SAMPLE = 0.2
WAKE = 0.01
"""What a fake machine adds to every deadline and script, seconds, generously."""
COUNTED = re.compile(r": (restart|stopstart|stop|wait|start) by (\S+)$")
LOST = re.compile(r"^(\S+) lost: ")

Owners = tuple[str | None, ...]
Key = tuple[str, str]
"""(node, module)"""


class Violated(Exception):
    """An invariant does not hold; the text says which and where."""


@dataclass
class Told:
    """What is known of one module on one node."""

    status: ModuleStatus | None = None
    view: frozenset[str] = frozenset()
    owners: Owners = ()
    changed: float = 0.0
    phase: str = Phase.STOPPED
    lines: list[str] = field(default_factory=list)
    """Texts of the log lines of the present step."""
    asked: float = 0.0
    """When the first scan since the last freeze was asked for."""
    prepared: tuple[int, float] = (0, 0.0)
    actions: list[float] = field(default_factory=list)
    starts: int = 0
    left: tuple[tuple[str, ProcessRef], ...] = ()
    """What its record says that ran when its agent was started."""
    must_adopt: bool = False
    may_adopt: bool = True
    stop_by: float | None = None
    stop_ordered: bool = False
    last_order: Action | None = None


class Watch:
    """The eyes on one run."""

    def __init__(self, farm: Farm, touched: tuple[str, ...]) -> None:
        self.farm, self.touched = farm, touched
        self.entered: Callable[[str, str, str], None] = lambda node, module, phase: None
        """Told of every change of a phase."""
        self.coverage = Coverage()
        self.story: deque[tuple[float, str, object]] = deque(maxlen=120)
        self.told: dict[Key, Told] = {}
        self.marked = farm.world.now
        self.apart: dict[tuple[str, str], float] = {}
        self.started: dict[str, float] = {}
        self.agents: dict[str, int] = {}
        self.forgetful: set[str] = set()
        """Nodes whose last agent died before the disk had what it knew: they may not find its scripts again."""
        self.disk_bad: dict[str, float] = {}
        self.last_run: dict[str, float] = {}
        self.goodbyes: list[tuple[float, str, int]] = []
        self.kills: list[tuple[float, str, str]] = []
        self.windows = farm.cluster.window
        self._dirty: set[str] = set()
        self._next_sample = 0.0
        self._tables: dict[tuple[tuple[str, ...], frozenset[str]], Owners] = {}
        self._without_owner: dict[tuple[str, int], float] = {}
        for machine in farm.machines.values():
            machine.observe = self.observe
        farm.before_change = self.mark

    @property
    def now(self) -> float:
        return self.farm.world.now

    def of(self, node: str, module: str) -> Told:
        return self.told.setdefault((node, module), Told())

    # --- what happens -------------------------------------------------------------------------

    def note(self, who: str, what: object) -> None:
        """Part of the story of this run."""
        self.story.append((self.now, who, what))

    def mark(self) -> None:
        """Who can hear whom is about to change: until now it was as it is."""
        late = self.farm.network.delay
        self.marked = self.now + (late if late > CALM else 0.0)  # what is under way arrives yet
        self.windows = max(self.windows, self.farm.cluster.window)
        names = self.farm.cluster.nodes
        for one in names:
            self._look_at_disk(self.farm.machines[one])
            for other in names:
                if one != other and not (self.farm.runs(other) and self.farm.joined(one, other)):
                    self.apart[one, other] = self.marked

    def left(self, node: str) -> None:
        """An agent has said goodbye."""
        self.goodbyes.append((self.now, node, self.farm.machines[node].starts))

    def observe(self, machine: FakeMachine, effect: do.Effect) -> None:
        """An effect is about to be carried out."""
        if isinstance(effect, do.SendDatagram):
            return
        self._dirty.add(machine.name)
        if self.agents.get(machine.name) != machine.starts:
            self._agent_started(machine)
        match effect:
            case do.RecordLine():
                self.note(machine.name, effect)
                self._line(machine, effect)
            case do.RunScript():
                self.note(machine.name, effect)
                told = self.of(machine.name, effect.module)
                for check in SCRIPT_CHECKS:
                    check(self, machine, told, effect)
                self.last_run[machine.name] = self.now
                if effect.script is Script.START_BOTH:
                    told.starts += 1
                    told.may_adopt = True
            case do.SetHealth():
                self.note(machine.name, effect)
                if effect.ready:
                    nothing_is_green_before_it_has_listened(self, machine, effect.module)
            case do.ScanProcesses():
                told = self.of(machine.name, effect.module)
                if told.asked < machine.frozen_until:
                    told.asked = self.now
            case do.SaveState():
                self._saved(machine, effect)
            case do.AnswerOrder():
                self._answered(machine, effect)
            case do.KillScript():
                self.note(machine.name, effect)
                self.kills.append((self.now, machine.name, effect.run))

    def _look_at_disk(self, machine: FakeMachine) -> None:
        if machine.disk_error or machine.disk_delay > WAKE:
            self.disk_bad[machine.name] = self.now

    def _agent_started(self, machine: FakeMachine) -> None:
        name = machine.name
        self.agents[name], self.started[name] = machine.starts, self.now
        self.note(name, "an agent starts")
        self._look_at_disk(machine)
        bad = self.disk_bad.get(name, float("-inf")) > self.now - 20
        if bad or self.marked - self.last_run.get(name, float("-inf")) < WAKE:
            self.forgetful.add(name)
        if len([run.module for run in machine.running_scripts()]) > len(
            {run.module for run in machine.running_scripts()}
        ):
            self.forgetful.add(name)  # a record names one run, the other is not found again
        for module in machine.modules:
            told, record = self.of(name, module), machine.disk.get(module)
            told.status, told.stop_by, told.phase, told.stop_ordered = None, None, Phase.STOPPED, False
            told.actions = [counted.at for counted in record.counted] if record else []
            told.left = record.monitored if record else ()
            told.may_adopt, told.must_adopt = machine.same_boot(module), False
            if record is None or not told.may_adopt or name in self.forgetful or record.run:
                continue
            alive = all(process in machine.processes for _, process in record.monitored)
            up = PHASES[phase_of(record)].stage is Stage.UP
            idle = not any(run.module == module for run in machine.running_scripts())
            told.must_adopt = up and alive and idle and bool(record.monitored)

    def _line(self, machine: FakeMachine, line: do.RecordLine) -> None:
        if lost := LOST.match(line.text):
            nobody_is_accused_without_silence(self, machine.name, lost[1], line.text)
        if not line.module:
            return
        told = self.of(machine.name, line.module)
        told.lines.append(line.text)
        if line.type is LogType.CRITICAL and line.origin == "maxloop":
            maxloop_stops_only_after_too_many(self, machine, told, line.module)
            told.actions.append(self.now)
            self._stop_begins(machine, told, line.module)
        elif line.type is LogType.ERROR and COUNTED.search(line.text):
            told.actions.append(self.now)
            counted_actions_never_exceed_maxloop(self, machine, told, line.module)
        elif " ordered by " in line.text:
            told.must_adopt = False
        elif "was adopted" in line.text:
            told.must_adopt = False
            a_power_off_is_never_adopted(self, machine, told, line.module)
            only_what_runs_is_adopted(self, machine, told, line.module)

    def _saved(self, machine: FakeMachine, effect: do.SaveState) -> None:
        told, phase = self.of(machine.name, effect.module), effect.record.phase
        if phase != told.phase:
            self.coverage.transitions[str(told.phase), str(phase)] += 1
            self.note(machine.name, f"{effect.module}: {phase}")
            if phase == Phase.PREPARING:
                told.prepared = effect.serial, self.now
            told.phase, told.changed = phase, self.now
            self.entered(machine.name, effect.module, phase)

    def _answered(self, machine: FakeMachine, effect: do.AnswerOrder) -> None:
        ordered = machine.orders[effect.ticket]
        told = self.of(machine.name, ordered.module)
        verdict = "" if effect.accepted else " (refused)"
        by = ordered.identity or ordered.author
        self.note(machine.name, f"{ordered.action} of {ordered.module} by {by}: {effect.text}{verdict}")
        if not effect.accepted:
            return
        told.must_adopt = False
        if not ordered.identity:
            told.actions.clear()
            told.last_order = ordered.action
        if ordered.action in (Action.STOP, Action.FORCESTOP):
            told.stop_ordered = True
            self._stop_begins(machine, told, ordered.module)
        elif ordered.action is not Action.WAIT or not ordered.identity:
            told.stop_by, told.stop_ordered = None, False

    def _stop_begins(self, machine: FakeMachine, told: Told, module: str) -> None:
        config = machine.modules[module].config
        assert config.user is not None
        user = config.user
        longest = 2 * user.nicestoptimeout + 4 * user.forcestoptimeout + config.health.drain
        told.stop_by = max(self.now, machine.frozen_until) + longest + 1.0

    # --- after a step -------------------------------------------------------------------------

    def after_step(self) -> None:
        """Check what may have changed."""
        due = self.now >= self._next_sample
        dirty, self._dirty = self._dirty, set()
        for name, machine in self.farm.machines.items():
            if due or name in dirty:
                self._refresh(machine)
        if due:
            self._next_sample = self.now + SAMPLE
            for check in TIME_CHECKS:
                check(self)

    def _refresh(self, machine: FakeMachine) -> None:
        self._look_at_disk(machine)
        if machine.agent is None or machine.frozen:
            return
        for status in machine.agent.modules(self.now):
            told = self.of(machine.name, status.name)
            before, told.status = told.status, status
            if before is None or (before.state, before.status) != (status.state, status.status):
                told.changed = self.now
                if before is not None:
                    no_change_without_cause_and_author(self, machine, told, status)
            told.lines.clear()
            for check in STATE_CHECKS:
                check(self, machine, told, status)
            self._look_at_view(machine, told, status)

    def _look_at_view(self, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
        assert machine.agent is not None
        view = frozenset(member.node for member in machine.agent.view(status.name, self.now))
        if view == told.view and told.owners:
            return
        nodes = self.farm.modules[status.name].nodes
        key = (nodes, view)
        if key not in self._tables:
            self._tables[key] = slot_plan(tuple((node, 1) for node in nodes)).owners(view)
        before, owners = told.view, self._tables[key]
        if told.owners and self.agents[machine.name] == machine.starts:
            a_slot_whose_owner_stays_never_moves(machine.name, told.owners, owners, before, view)
        shares_are_exact(machine.name, nodes, view, owners, self._full_table(nodes))
        told.view, told.owners = view, owners

    def _full_table(self, nodes: tuple[str, ...]) -> Owners:
        everybody = (nodes, frozenset(nodes))
        if everybody not in self._tables:
            self._tables[everybody] = slot_plan(tuple((node, 1) for node in nodes)).owners(frozenset(nodes))
        return self._tables[everybody]

    # --- words for the checks -----------------------------------------------------------------

    def disturbed(self, module: str) -> float:
        """When anything last happened that may still change who serves a module."""
        members = self.farm.members(module)
        times = [self.marked, *(machine.frozen_until for machine in members)]
        times += [self.started.get(machine.name, 0.0) for machine in self.farm.machines.values()]
        times += [told.changed for (_, name), told in self.told.items() if name == module]
        return max(times)

    def calm(self, module: str) -> bool:
        """Whether everybody had one window and a little more to notice what happened."""
        if self.farm.network.loss or self.farm.network.delay > 0.05:
            return False
        limit = max(self.farm.window(module), self.windows) + SLACK
        return self.now > self.disturbed(module) + limit

    def groups(self, module: str) -> list[list[str]]:
        """The settled partitions: living nodes of a module that all hear each other, and nobody else.

        Where hearing is not mutual among three, there is no partition, and nothing is promised.
        """
        lans = self.farm.modules[module].farm.lans
        nodes = [m.name for m in self.farm.members(module) if self.farm.runs(m.name)]
        heard = {a: {b for b in nodes if a == b or self.farm.joined(a, b, lans)} for a in nodes}
        return [sorted(heard[a]) for a in nodes if a == min(heard[a]) and all(heard[b] == heard[a] for b in heard[a])]

    def snapshot(self, machine: FakeMachine, known: bool) -> Callable[[], None]:
        """4. Forged, replayed, foreign or malformed datagrams change nothing but a counter.

        Call the result after it came in. `known`: this very agent must know that it is worth nothing;
        else (a datagram that an earlier agent has read) it may remember it, and believe nothing.
        """

        def facts() -> object:
            assert machine.agent is not None
            peers = machine.agent.peers(self.now)
            views = [machine.agent.view(module, self.now) for module in machine.modules]
            if known:
                return peers, views
            return [(p.name, p.alive, p.since, p.modules) for p in peers], views

        def counter() -> int:
            assert machine.agent is not None
            return sum(machine.agent.membership.rejected().values())

        before, counted = facts(), counter()

        def compare() -> None:
            if facts() != before:
                raise Violated(f"4. a forged or replayed datagram has changed what {machine.name} believes")
            if known and counter() != counted + 1:
                raise Violated(f"4. {machine.name} did not reject a forged or replayed datagram")

        return compare


# --- at an effect -----------------------------------------------------------------------------


def no_script_runs_while_health_is_200(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """Order of a stop: 1. ready.txt → 404 … 4. stop_both."""
    if machine.health.get(effect.module):
        raise Violated(f"{effect.script} runs on {machine.name} while ready.txt answers 200")


def one_script_at_a_time(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """Never two start scripts of a module at once on a node; beside a stop only its forced form runs."""
    others = [run.script for run in machine.running_scripts() if run.module == effect.module]
    if others and machine.name not in watch.forgetful:
        allowed = "force" in effect.args and set(others) == {Script.STOP_BOTH}
        if not allowed:
            raise Violated(f"{effect.script} begins on {machine.name} while {', '.join(others)} runs")


def a_start_waits_for_its_intent(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """Start scripts wait for the durable intent record; nothing else waits for disk."""
    serial, at = told.prepared
    if told.phase == Phase.LEAVING_STOP and serial > machine.answered.get(effect.module, 0):
        waited = watch.now - at
        if waited < SAVE_LIMIT - 0.001:
            raise Violated(f"{effect.script} begins on {machine.name} {waited:.3f} s after an intent not yet saved")


def what_runs_on_is_adopted(watch: Watch, machine: FakeMachine, told: Told, effect: do.RunScript) -> None:
    """UP: adopt (no start_both) if all monitored pids (pid + creation time) and one check round are good."""
    if not told.must_adopt:
        return
    record = machine.disk[effect.module]
    if all(process in machine.processes for _, process in record.monitored):
        raise Violated(f"{effect.script} runs on {machine.name} although its application survived the agent")


SCRIPT_CHECKS = (
    no_script_runs_while_health_is_200,
    one_script_at_a_time,
    a_start_waits_for_its_intent,
    what_runs_on_is_adopted,
)


def a_power_off_is_never_adopted(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """Other boot id: never adopt; start by `boot`."""
    if not told.may_adopt:
        raise Violated(f"{machine.name} adopts {module} of an earlier boot")


def only_what_runs_is_adopted(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """UP: adopt if all monitored pids (pid + creation time) … are good; else stopstart, counted as `crash`."""
    if gone := [name for name, process in told.left if process not in machine.processes]:
        raise Violated(f"{machine.name} adopts {module} although {', '.join(gone)} is gone")


def nothing_is_green_before_it_has_listened(watch: Watch, machine: FakeMachine, module: str) -> None:
    """A starting agent takes no slot and turns nothing green before it has listened one full window."""
    age = watch.now - watch.started[machine.name]
    smallest = min(watch.farm.cluster.window, watch.windows, 1.5)
    if age < smallest - 0.001:
        raise Violated(f"{module} is green on {machine.name} {age:.2f} s after the start of its agent")


def nobody_is_accused_without_silence(watch: Watch, accuser: str, accused: str, text: str) -> None:
    """3. A frozen node causes no lost verdict about others. A peer is lost when silent for a whole window."""
    if not watch.farm.runs(accused) or not watch.farm.joined(accuser, accused):
        return
    last = max(
        watch.apart.get((accuser, accused), 0.0),
        watch.farm.machines[accused].frozen_until,
        watch.started.get(accused, 0.0),
    )
    if watch.now - last > watch.windows + 3 * watch.farm.cluster.pulse + SLACK:
        raise Violated(f"3. {accuser} accuses {accused}, which it could hear all the time: {text}")


def counted_actions_never_exceed_maxloop(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """More than `maxloop` inside the sliding `loop_interval` → the module stops."""
    config = machine.modules[module].config
    within = [at for at in told.actions if at > watch.now - config.loop_interval]
    if len(within) > config.maxloop:
        raise Violated(f"{len(within)} automatic actions of {module} on {machine.name}, {config.maxloop} allowed")


def maxloop_stops_only_after_too_many(watch: Watch, machine: FakeMachine, told: Told, module: str) -> None:
    """Counted automatic actions allowed inside the window; the next one stops the module."""
    config = machine.modules[module].config
    within = [at for at in told.actions if at > watch.now - config.loop_interval]
    if len(within) + 1 <= config.maxloop:
        raise Violated(f"{module} on {machine.name} stopped after {len(within)} of {config.maxloop} allowed actions")


# --- at a state ---------------------------------------------------------------------------------


def no_change_without_cause_and_author(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """Every change has a cause and an author, logged once, kept for "why"."""
    words = f"{status.state} {status.status}:"
    if not any(line.startswith(words) for line in told.lines):
        raise Violated(f"{status.name} on {machine.name} became {words[:-1]} without a line in the log")
    if not status.by:
        raise Violated(f"{status.name} on {machine.name} became {words[:-1]} by nobody")
    if status.status is not Status.READY and not status.why:
        raise Violated(f"{status.name} on {machine.name} became {words[:-1]} and cannot say why")


def health_is_200_only_when_up_ready(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """200 exactly while the module is UP Ready. Never 200 after a stop was ordered."""
    ready = (status.state, status.status) == (State.UP, Status.READY)
    if machine.health.get(status.name, False) is not ready:
        raise Violated(f"ready.txt of {status.name} on {machine.name} is wrong while {status.state} {status.status}")
    if ready and told.stop_ordered:
        raise Violated(f"ready.txt of {status.name} on {machine.name} answers 200 after a stop order")


def health_after_a_freeze_waits_for_a_round(
    watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus
) -> None:
    """Self-doubt: health URL 404 and every check runs at once; back when the round is good."""
    thawed = machine.frozen_until
    known = watch.started.get(machine.name, 0.0) < thawed <= watch.now
    frozen = thawed - watch.marked if watch.marked < thawed else 0.0
    if known and frozen > 2 * watch.windows and machine.health.get(status.name) and status.resources:
        scanned = told.asked >= thawed and watch.now > told.asked + 0.004
        if status.switches.errd and not scanned:
            raise Violated(f"ready.txt of {status.name} on {machine.name} answers 200 after a freeze, unchecked")


def a_stopped_module_runs_no_script(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """A stop always ends and leaves no process."""
    if status.state is State.STOP and machine.name not in watch.forgetful:
        left = [run.script for run in machine.running_scripts() if run.module == status.name]
        if left:
            raise Violated(f"{status.name} on {machine.name} is stopped while {', '.join(left)} runs")


def a_stop_ends(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """A stop always ends within the sum of its time-outs."""
    if told.stop_by is None:
        return
    if status.state is State.STOP or status.phase == Phase.BOOT_DELAY:
        told.stop_by = None
    elif machine.frozen_until > told.stop_by - 8.0:
        watch._stop_begins(machine, told, status.name)
    elif watch.now > told.stop_by:
        raise Violated(f"the stop of {status.name} on {machine.name} has not ended in time: {status.phase}")


def network_and_clocks_restart_nothing(watch: Watch, machine: FakeMachine, told: Told, status: ModuleStatus) -> None:
    """5. After healing: no application restart. 6. Moving the wall clock changes nothing."""
    if machine.name not in watch.touched and told.starts > 1:
        raise Violated(f"{status.name} was started again on {machine.name}, where nothing happened to it")


STATE_CHECKS = (
    health_is_200_only_when_up_ready,
    health_after_a_freeze_waits_for_a_round,
    a_stopped_module_runs_no_script,
    a_stop_ends,
    network_and_clocks_restart_nothing,
)


def a_slot_whose_owner_stays_never_moves(
    node: str, before: Owners, after: Owners, was: frozenset[str], view: frozenset[str]
) -> None:
    """2. A slot whose owner stays in the view never moves (but home to a node that has come back)."""
    for slot, (old, new) in enumerate(zip(before, after, strict=True)):
        if old != new and old in view and (new is None or new in was):
            raise Violated(f"2. {node} moved slot {slot} from {old}, which serves on, to {new}")


def shares_are_exact(node: str, nodes: tuple[str, ...], view: frozenset[str], owners: Owners, full: Owners) -> None:
    """One node dies → only its slots move, in exact shares."""
    if len(view) < len(nodes) - 1 or not view:
        return
    moved = [new for old, new in zip(full, owners, strict=True) if len(view) == len(nodes) or old not in view]
    counts = [moved.count(one) for one in view]
    if max(counts) - min(counts) > 1:
        raise Violated(f"5. {node} gives uneven shares: {counts}")


# --- as time goes by ----------------------------------------------------------------------------


def every_slot_has_an_owner(watch: Watch) -> None:
    """1. Never none for longer than window + 200 ms while a node is UP Ready."""
    for module in watch.farm.modules:
        if not watch.calm(module):
            continue
        for group in watch.groups(module):
            told = {node: watch.of(node, module) for node in group}
            if not any(one.status and one.status.ready for one in told.values()):
                continue
            for slot in range(0, 256):
                if not any(one.owners and one.owners[slot] == node for node, one in told.items()):
                    raise Violated(f"1. nobody of {', '.join(group)} serves slot {slot} of {module}")


def one_view_in_a_settled_partition(watch: Watch) -> None:
    """1. In each settled partition every slot has exactly one owner. 5. One view, one table."""
    for module in watch.farm.modules:
        if not watch.calm(module):
            continue
        for group in watch.groups(module):
            told = {node: watch.of(node, module) for node in group}
            ready = frozenset(node for node, one in told.items() if one.status and one.status.ready)
            for node, one in told.items():
                if one.view != (ready or told[group[0]].view):
                    should = ", ".join(sorted(ready)) or "nobody"
                    raise Violated(f"1. {node} sees {', '.join(sorted(one.view)) or 'nobody'} serve {module}: {should}")


def a_goodbye_takes_effect_at_once(watch: Watch) -> None:
    """A clean leave or stop is announced and takes effect at once."""
    for at, node, starts in [g for g in watch.goodbyes if watch.now > g[0] + 0.1]:
        watch.goodbyes.remove((at, node, starts))
        new = at < watch.started[node] + watch.windows  # not everybody has believed its session yet
        if new or watch.farm.machines[node].starts != starts or watch.marked > at:
            continue
        for machine in watch.farm.machines.values():
            if machine.name == node or not watch.farm.runs(machine.name) or machine.frozen_until > at:
                continue
            assert machine.agent is not None
            alive = any(peer.name == node and peer.alive for peer in machine.agent.peers(watch.now))
            good = watch.farm.joined(machine.name, node) and watch.apart.get((machine.name, node), 0.0) < at - 2
            if alive and good:
                raise Violated(f"{machine.name} takes {node} for alive, 0.1 s after its goodbye")


def a_killed_script_ends(watch: Watch) -> None:
    """Then the whole process tree of a script still alive is killed."""
    for at, machine, run in [k for k in watch.kills if watch.now > k[0] + 0.1]:
        watch.kills.remove((at, machine, run))
        if any(alive.run == run for alive in watch.farm.machines[machine].running_scripts()):
            raise Violated(f"the script run {run} on {machine} lives on after its kill")


TIME_CHECKS = (
    every_slot_has_an_owner,
    one_view_in_a_settled_partition,
    a_goodbye_takes_effect_at_once,
    a_killed_script_ends,
)


# --- at the end ---------------------------------------------------------------------------------


def everything_settles(watch: Watch) -> None:
    """After healing: one view, one table; what should be up is UP Ready, else STOP, and says why."""
    for module in watch.farm.modules:
        if not watch.calm(module) or len(watch.groups(module)) != 1:
            raise Violated(f"{module} has not settled after everything was healed")
        for machine in watch.farm.members(module):
            told = watch.of(machine.name, module)
            status = told.status
            assert status is not None
            if (status.state, status.status) == (State.UP, Status.READY):
                continue
            if status.state is not State.STOP or not status.why:
                raise Violated(f"{module} on {machine.name} ends as {status.state} {status.status}: {status.why}")
            if told.last_order is Action.START and status.why.startswith("stopped by admin"):
                raise Violated(f"{module} on {machine.name} was started last by admin and ends stopped")
