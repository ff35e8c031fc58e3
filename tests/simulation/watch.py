"""The eyes on a run: everything that the invariants look at, kept up to date as the run goes on.

`Watch` sees every effect of every machine before it is carried out and is called after every step; what
depends on nothing but time is looked at five times a virtual second.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from nodeagent.contract.states import Action, LogType, Script
from nodeagent.contract.status import ModuleStatus
from nodeagent.core import effects as do
from nodeagent.core.events import ModuleRecord, ProcessRef
from nodeagent.core.phases import PHASES, Phase, Stage
from nodeagent.core.recovery import phase_of
from nodeagent.core.slots import slot_plan
from tests.fakes.machine import FakeMachine
from tests.simulation import invariants as hold
from tests.simulation.coverage import Coverage
from tests.simulation.farm import CALM, Farm
from tests.simulation.invariants import ACTED, DOWN, LOST, SLACK, Owners, Violated
from tests.simulation.traffic_watch import TrafficWatch, traffic_of

SAMPLE = 0.2
WAKE = 0.01
"""What a fake machine adds to every deadline and script, seconds, generously."""

Key = tuple[str, str]
"""(node, module)"""


@dataclass
class Told:
    """What is known of one module on one node."""

    status: ModuleStatus | None = None
    view: frozenset[str] = frozenset()
    owners: Owners = ()
    own: frozenset[int] = frozenset()
    """The slots that `owners` gives to the node itself."""
    changed: float = 0.0
    phase: str = Phase.STOPPED
    lines: list[str] = field(default_factory=list)
    """Texts of the log lines of the present step."""
    asked: float = 0.0
    """When the first scan since the last freeze was asked for."""
    checked: float = 0.0
    """End of the last freeze after which it was green with every check done; checkers may be new since."""
    greened: tuple[float, frozenset[str]] = (0.0, frozenset())
    """When it last turned green, and what was paused then: not needed for that, even if on again in the same step."""
    let_out: bool = False
    """Whether a pause held when it last left WAIT."""
    prepared: tuple[int, float] = (0, 0.0)
    """The last record that a start or a reboot waits for: its number, and when it was given to the disk."""
    record: ModuleRecord = field(default_factory=ModuleRecord)
    """What it wrote last."""
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
        self.story: deque[tuple[float, str, object]] = deque(maxlen=400)
        self.told: dict[Key, Told] = {}
        self.marked = farm.world.now
        self.apart: dict[tuple[str, str], float] = {}
        self.started: dict[str, float] = {}
        self.agents: dict[str, int] = {}
        self._stopped: dict[str, int] = {}
        """Which agent of a node was told to stop last, as its machine counts them."""
        self.forgetful: set[str] = set()
        """Nodes whose last agent died before the disk had what it knew: they may not find its scripts again."""
        self.disk_bad: dict[str, float] = {}
        self.last_run: dict[str, float] = {}
        self.alive: dict[str, float] = {}
        """When an agent was last known to live before something changed."""
        self.goodbyes: list[tuple[float, str, int]] = []
        self.kills: list[tuple[float, str, str]] = []
        self.windows = self.least_window = farm.cluster.window
        self._dirty: set[str] = set()
        self._next_sample = 0.0
        self._tables: dict[tuple[tuple[str, ...], frozenset[str]], Owners] = {}
        self._without_owner: dict[tuple[str, int], float] = {}
        for machine in farm.machines.values():
            machine.observe, machine.before_reboot = self.observe, self.mark
        farm.before_change = self.mark
        self.traffic = TrafficWatch(self)

    @property
    def now(self) -> float:
        return self.farm.world.now

    def of(self, node: str, module: str) -> Told:
        known = self.told.get((node, module))
        if known is None:
            known = self.told[node, module] = Told()
        return known

    # --- what happens -------------------------------------------------------------------------

    def note(self, who: str, what: object) -> None:
        """Part of the story of this run."""
        self.story.append((self.now, who, what))

    def mark(self) -> None:
        """Who can hear whom is about to change: until now it was as it is."""
        self.traffic.mark()
        late = self.farm.network.delay
        self.marked = max(self.marked, self.now + (late if late > CALM else 0.0))  # what is under way arrives yet
        self.windows = max(self.windows, self.farm.cluster.window)
        self.least_window = min(self.least_window, self.farm.cluster.window)
        names = self.farm.cluster.nodes
        for one in names:
            self._look_at_disk(self.farm.machines[one])
            if self.farm.machines[one].agent is not None:
                self.alive[one] = self.now
            for other in names:
                if one != other and not (self.farm.runs(other) and self.farm.joined(one, other)):
                    self.apart[one, other] = self.marked

    def stops(self, node: str) -> None:
        """An agent is told to stop; it ends as soon as its kernel has answered."""
        self._stopped[node] = self.farm.machines[node].starts

    def ends(self, machine: FakeMachine) -> bool:
        """Whether the present agent was told to stop."""
        return self._stopped.get(machine.name) == machine.starts

    def left(self, node: str) -> None:
        """An agent that was stopped ends now: it has said goodbye, unless its kernel holds on to its slots."""
        machine = self.farm.machines[node]
        assert machine.agent is not None
        if not any((traffic := traffic_of(machine, name)) and traffic.stuck for name in machine.modules):
            self.goodbyes.append((self.now, node, machine.starts))

    def observe(self, machine: FakeMachine, effect: do.Effect) -> None:
        """An effect is about to be carried out."""
        if isinstance(effect, do.SendDatagram):
            return
        self._dirty.add(machine.name)
        if self.agents.get(machine.name) != machine.starts:
            self._agent_started(machine)
        self.traffic.observe(machine, effect)
        match effect:
            case do.RecordLine():
                self.note(machine.name, effect)
                self._line(machine, effect)
            case do.RunScript():
                self.note(machine.name, effect)
                told = self.of(machine.name, effect.module)
                for check in hold.SCRIPT_CHECKS:
                    check(self, machine, told, effect)
                self.last_run[machine.name] = self.now
                if effect.script is Script.START_BOTH:
                    told.starts += 1
                    told.may_adopt = True
            case do.SetHealth():
                self.note(machine.name, effect)
                if effect.ready:
                    told = self.of(machine.name, effect.module)
                    told.greened = self.now, hold.paused(told.record, self.now)
                    hold.nothing_is_green_before_it_has_listened(self, machine, effect.module)
            case do.ScanProcesses():
                told = self.of(machine.name, effect.module)
                if told.asked < machine.frozen_until:
                    told.asked = self.now
            case do.RebootSystem():
                self.note(machine.name, effect)
                hold.a_reboot_is_counted_before(self, machine, effect)
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
        if bad or self.alive.get(name, 0.0) - self.last_run.get(name, float("-inf")) < WAKE:
            self.forgetful.add(name)
        for module in machine.modules:
            told, record = self.of(name, module), machine.disk.get(module)
            told.status, told.stop_by, told.phase = None, None, Phase.STOPPED
            told.stop_ordered &= machine.same_boot(module) and name not in self.forgetful
            told.actions = [counted.at for counted in record.counted] if record else []
            told.left = record.monitored if record else ()
            told.may_adopt, told.must_adopt = machine.same_boot(module), False
            if record is None or not told.may_adopt or name in self.forgetful or record.runs:
                continue
            alive = all(process in machine.processes for _, process in record.monitored)
            up = PHASES[phase_of(record)].stage is Stage.UP
            idle = not any(run.module == module for run in machine.running_scripts())
            told.must_adopt = up and alive and idle and bool(record.monitored)

    def _line(self, machine: FakeMachine, line: do.RecordLine) -> None:
        if lost := LOST.match(line.text):
            hold.nobody_is_accused_without_silence(self, machine.name, lost[1], line.text)
        if not line.module:
            return
        told = self.of(machine.name, line.module)
        told.lines.append(line.text)
        if line.type is LogType.CRITICAL and line.origin == "maxloop":
            hold.maxloop_stops_only_after_too_many(self, machine, told, line.module)
            told.actions.append(self.now)
            told.must_adopt = False
            self.stop_begins(machine, told, line.module)
        elif line.type is LogType.ERROR and (action := ACTED.search(line.text)):
            if action[1] != Action.STOP:
                told.actions.append(self.now)
            told.must_adopt &= " ordered by " not in line.text
            for check in hold.ACTION_CHECKS:
                check(self, machine, told, line)
        elif went_down := DOWN.match(line.text):
            hold.a_resource_falls_after_so_many_bad_looks(self, machine, line.module, went_down[1])
        elif "was reset by" in line.text:
            told.actions.clear()
        elif " ordered by " in line.text:
            told.must_adopt = False
        elif "was adopted" in line.text:
            told.must_adopt = False
            hold.a_power_off_is_never_adopted(self, machine, told, line.module)
            hold.only_what_runs_is_adopted(self, machine, told, line.module)

    def _saved(self, machine: FakeMachine, effect: do.SaveState) -> None:
        told, phase = self.of(machine.name, effect.module), effect.record.phase
        told.record = effect.record
        if phase != told.phase:
            self.coverage.transitions[str(told.phase), str(phase)] += 1
            self.note(machine.name, f"{effect.module}: {phase}")
            if phase in (Phase.PREPARING, Phase.REBOOTING):
                told.prepared = effect.serial, self.now
            if phase == Phase.ENTERING_UP:
                told.let_out = bool(hold.paused(effect.record, self.now) - {"errd"})
            told.phase, told.changed = phase, self.now
            self.entered(machine.name, effect.module, phase)

    def _answered(self, machine: FakeMachine, effect: do.AnswerOrder) -> None:
        if not effect.ticket:  # nobody waits for it
            self.note(machine.name, effect.text)
            return
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
            self.stop_begins(machine, told, ordered.module)
        elif ordered.action is not Action.WAIT or not ordered.identity:
            told.stop_by, told.stop_ordered = None, False

    def stop_begins(self, machine: FakeMachine, told: Told, module: str) -> None:
        """From now on a stop must end within the sum of its time-outs."""
        config = machine.modules[module].config
        assert config.user is not None
        user = config.user
        longest = 2 * user.nicestoptimeout + 4 * user.forcestoptimeout + config.health.drain
        told.stop_by = max(self.now, machine.frozen_until) + longest + 1.0

    # --- after a step -------------------------------------------------------------------------

    def after_step(self) -> None:
        """Check what may have changed."""
        due = self.now >= self._next_sample
        if not due and not self._dirty:
            return
        dirty, self._dirty = self._dirty, set()
        for name, machine in self.farm.machines.items():
            if due or name in dirty:
                self._refresh(machine)
        self.traffic.after_step(set(self.farm.cluster.nodes) if due else dirty)
        if due:
            self._next_sample = self.now + SAMPLE
            for check in hold.TIME_CHECKS:
                check(self)
            self.traffic.one_owner_of_every_slot()

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
                    hold.no_change_without_cause_and_author(self, machine, told, status)
            told.lines.clear()
            for check in hold.STATE_CHECKS:
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
            hold.a_slot_whose_owner_stays_never_moves(machine.name, told.owners, owners, before, view)
        hold.shares_are_exact(machine.name, nodes, view, owners, self._full_table(nodes))
        told.view, told.owners = view, owners
        told.own = frozenset([slot for slot, owner in enumerate(owners) if owner == machine.name])

    def _full_table(self, nodes: tuple[str, ...]) -> Owners:
        everybody = (nodes, frozenset(nodes))
        if everybody not in self._tables:
            self._tables[everybody] = slot_plan(tuple((node, 1) for node in nodes)).owners(frozenset(nodes))
        return self._tables[everybody]

    # --- words for the checks -----------------------------------------------------------------

    def disturbed(self, module: str) -> float:
        """When anything last happened that may still change who serves a module."""
        members = self.farm.members(module)
        # What came while an agent was frozen it reads, and echoes, as fresh: with its next pulse.
        times = [self.marked, *(m.frozen_until + self.farm.cluster.pulse for m in members if m.frozen_until)]
        times += [self.started.get(machine.name, 0.0) for machine in self.farm.machines.values()]
        times += [told.changed for (_, name), told in self.told.items() if name == module]
        return max(times)

    def calm(self, module: str) -> bool:
        """Whether everybody had one window and a little more to notice what happened.

        What a node has heard just before it hears no more, it echoes with its next pulse.
        """
        if self.farm.network.loss or self.farm.network.delay > 0.05:
            return False
        limit = max(self.farm.window(module), self.windows) + max(SLACK, self.farm.cluster.pulse + 0.05)
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

        before, counted = facts(), machine.refusals

        def compare() -> None:
            if facts() != before:
                raise Violated(f"4. a forged or replayed datagram has changed what {machine.name} believes")
            if known and machine.refusals != counted + 1:
                raise Violated(f"4. {machine.name} did not reject a forged or replayed datagram")

        return compare
