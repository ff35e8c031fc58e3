"""FakeMachine: a server in virtual time, with a real Node, fake scripts, fake processes and a fake disk."""

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count

from nodeagent.contract.config import CheckerRule, ClusterConfig, ModuleConfig
from nodeagent.contract.states import Action, ResourceState, Script, State, Status
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.heartbeat import Sealer
from nodeagent.core.membership import Membership
from nodeagent.core.node import Node
from nodeagent.core.phases import Phase
from nodeagent.core.traffic_messages import (
    GateSet,
    LansBound,
    ObserveTraffic,
    PrepareTraffic,
    SendProbe,
    SetSlots,
    WithdrawTraffic,
)
from tests.fakes.vip_kernel import FakeKernel


class FakeWorld:
    """Virtual time: everything that will happen, in order."""

    def __init__(self) -> None:
        self.now = 100.0
        self._numbers = count()
        self._coming: list[tuple[float, int, Callable[[], None]]] = []

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Do it `delay` seconds from now."""
        heapq.heappush(self._coming, (self.now + delay, next(self._numbers), action))

    def advance(self, seconds: float, after_each: Callable[[], None] = lambda: None) -> None:
        """Let this much time pass; `after_each` is called after every step."""
        end = self.now + seconds
        while self._coming and self._coming[0][0] <= end:
            self.now, _, action = heapq.heappop(self._coming)
            action()
            after_each()
        self.now = end


@dataclass
class FakeScript:
    """How a script behaves. `starts`: names of processes it leaves behind; `stops`: ends the application.

    `says` is said `times` times. What it says and orders comes at its end, before its exit code.
    """

    seconds: float = 0.05
    exit_code: int = 0
    hangs: bool = False
    starts: tuple[str, ...] = ()
    stops: bool = False
    orders: tuple[tuple[Action, str], ...] = ()
    gate: bool | None = None
    """At its end it opens or closes the traffic, where the module leaves that to its scripts."""
    says: str = ""
    times: int = 1
    undying: bool = False
    """Its process outlives a kill of its tree."""


@dataclass
class FakeRun:
    """A script that runs on the machine."""

    module: str
    run: str
    process: ev.ProcessRef
    script: Script | None = Script.START_BOTH
    """None: a handler."""
    ended: bool = False
    undying: bool = False


@dataclass
class FakeChecker:
    """A checker that runs; it is over once the machine has another one, or none, in its place."""

    rule: CheckerRule
    began: float
    round: int = 0


@dataclass(frozen=True)
class FakeLook:
    """What an agent was told of a look."""

    at: float
    good: bool | None
    round: int = 0
    """What an agent has asked for anew since has a later one, and this look tells it nothing."""


SendOut = Callable[[str, do.SendDatagram], None]

SOCKET_BUFFER = 280
"""Datagrams that the kernel keeps for an agent that does not run; later ones are dropped."""


@dataclass
class FakeMachine:
    """One server. `agent` is None while its agent is dead; processes and disk live on."""

    name: str
    world: FakeWorld
    send_out: SendOut
    sealer: Sealer
    cluster: ClusterConfig | None = None
    keys: tuple[bytes, ...] = ()
    agent: Node | None = None
    scripts: dict[Script, FakeScript] = field(default_factory=dict)
    modules: dict[str, ev.ModuleConfigured] = field(default_factory=dict)
    revisions: dict[tuple[str, int], ev.ModuleConfigured] = field(default_factory=dict)
    """Every one that was ever committed."""
    processes: dict[ev.ProcessRef, tuple[str, str]] = field(default_factory=dict)
    disk: dict[str, ev.ModuleRecord] = field(default_factory=dict)
    disk_error: str = ""
    disk_delay: float = 0.002
    health: dict[str, bool] = field(default_factory=dict)
    log: list[do.RecordLine] = field(default_factory=list)
    answers: list[do.AnswerOrder] = field(default_factory=list)
    effects: list[do.Effect] = field(default_factory=list)
    ran: list[tuple[str, ...]] = field(default_factory=list)
    wall_offset: float = 1.7e9
    boots: int = 1
    starts: int = 0
    frozen_since: float = 0.0
    """When its last freeze began."""
    frozen_until: float = 0.0
    orders: dict[int, ev.ActionOrdered] = field(default_factory=dict)
    """Every order by its ticket."""
    looks_like: dict[str, str] = field(default_factory=dict)
    """What a checker finds: `bad`, `hangs` (no result) or `unknown`; else it is good (tcp: while `app` runs).

    A custom one sets its resource by command, as often as the others look.
    """
    looked: dict[tuple[str, str], list[FakeLook]] = field(default_factory=dict)
    """(module, checker) → what the present agent was told of its looks since it began."""
    handler: FakeScript = field(default_factory=lambda: FakeScript(starts=("app",)))
    may_reboot: bool = False
    reboots: int = 0
    before_reboot: Callable[[], None] = lambda: None
    """Called just before it goes off, and comes back, by a reboot of its own."""
    kernel: FakeKernel = field(init=False)
    opened: set[str] = field(default_factory=set)
    """Modules whose traffic was opened since their start_both began, where that is left to scripts."""
    bound: frozenset[str] | None = None
    """Lans on which the heartbeat socket is bound; None: nobody tells."""
    observe: Callable[["FakeMachine", do.Effect], None] | None = None
    """Sees every effect before it is carried out."""
    _written_boot: dict[str, int] = field(default_factory=dict)
    _runs: dict[str, FakeRun] = field(default_factory=dict)
    _watched: dict[str, frozenset[ev.ProcessRef]] = field(default_factory=dict)
    _late: list[ev.Event] = field(default_factory=list)
    _checkers: dict[tuple[str, str], FakeChecker] = field(default_factory=dict)
    _pids: int = 100
    _generation: int = 0
    _written_at: float = 0.0
    answered: dict[str, int] = field(default_factory=dict)
    """Module → serial of the last record that the disk has answered for."""
    _wake: float = float("inf")

    def __post_init__(self) -> None:
        self.kernel = FakeKernel(lambda delay, event: self._later(delay, lambda: self.tell(event)))

    # --- the machine ------------------------------------------------------------------------

    def start_agent(self) -> None:
        """A new agent process: it draws a session and reads the disk."""
        self.starts += 1
        self._generation += 1
        session = f"{self.starts:02}{self.name}-{self.boots}".encode().ljust(16, b".")[:16]
        membership = Membership(session, f"uuid-{self.name}", self.sealer, "1.0", (9453, 9010))
        self.agent = Node(membership, session)
        self.health, self._watched, self._late = {}, {}, []
        self._checkers, self.looked = {}, {}
        self._wake = float("inf")
        self._written_at, self.answered = self.world.now, {}
        self.tell(ev.WallClockRead(self.wall_offset))
        if self.cluster is not None:
            self.tell(ev.ClusterConfigured(self.cluster, self.name, self.keys))
        if self.bound is not None:
            self.tell(LansBound(self.bound))
        for name, configured in self.modules.items():
            record = self.disk.get(name, ev.ModuleRecord())
            record = replace(record, same_boot=self.same_boot(name))
            runs = record.same_boot and record.phase is not Phase.STOPPED
            running = self.revisions.get((name, record.revision)) if runs else None
            self.tell(replace(running or configured, record=record))
            if running and running != configured:  # it goes on with what it was started with; what is in force waits
                if powers := self._last_powers(running.config, configured):
                    self.tell(powers)
                self.tell(configured)
        for name in [name for name in self.kernel.tables if self.agent.traffic.traffic_of(name) is None]:
            self.kernel.carry_out(WithdrawTraffic(name, reset=True), self.world.now)

    def _last_powers(self, running: ModuleConfig, configured: ev.ModuleConfigured) -> ev.ModuleConfigured | None:
        """The newest revision that has told powers to the virtual IP that runs, when that in force has none."""
        if running.vip is None or configured.config.vip:
            return None
        older = (self.revisions[running.name, number] for number in range(configured.revision - 1, 0, -1))
        return next(one for one in older if one.config.vip)

    def kill_agent(self) -> None:
        """kill -9: what it started goes on."""
        self.agent = None
        self._generation += 1
        self._watched = {}
        self.health = {}
        self.frozen_until = 0.0

    def power_off(self) -> None:
        """Everything on the machine is gone but its disk."""
        self.kill_agent()
        for run in self._runs.values():
            run.ended = True
        self._runs.clear()
        self.processes.clear()
        self.kernel.tables.clear()
        self.boots += 1

    def freeze(self, seconds: float) -> None:
        """Nothing runs here for so long; what arrives waits."""
        if not self.frozen:
            self.frozen_since = self.world.now
        self.frozen_until = max(self.frozen_until, self.world.now + seconds)
        self.world.after(self.frozen_until - self.world.now, self._thaw)

    def install(self, config: ModuleConfig, scripts: frozenset[Script], boot_on: bool = False) -> None:
        """Commit a module here."""
        revision = self.modules[config.name].revision + 1 if config.name in self.modules else 1
        configured = ev.ModuleConfigured(config, revision, scripts, boot_on=boot_on)
        self.modules[config.name] = self.revisions[config.name, revision] = configured
        self.tell(configured)

    def kill_process(self, name: str, module: str = "") -> bool:
        """One process of this name (and module) dies."""
        for process, (owner, known) in self.processes.items():
            if known == name and module in ("", owner):
                self._end_process(process)
                return True
        return False

    def order(self, module: str, action: Action, author: str = "admin", identity: str = "") -> None:
        """Somebody orders something."""
        ordered = ev.ActionOrdered(module, action, author, identity, ticket=len(self.orders) + 1)
        self.orders[ordered.ticket] = ordered
        self.tell(ordered)

    def set_resource(self, module: str, resource: str, state: ResourceState, author: str = "admin") -> None:
        """Somebody sets a resource by command."""
        if state in (ResourceState.UP, ResourceState.DOWN):
            self._told(module, resource, state is ResourceState.UP)
        self.tell(ev.ResourceSet(module, resource, state, author))

    def turn_gate(self, module: str, open: bool, author: str) -> None:
        """A script or somebody opens or closes the traffic of a module."""
        if self.agent is not None:
            self.opened = self.opened | {module} if open else self.opened - {module}
            self.tell(GateSet(module, open, author))

    def checkers(self, module: str) -> dict[str, FakeChecker]:
        """What runs there now, by its resource."""
        return {key: running for (owner, key), running in self._checkers.items() if owner == module}

    def same_boot(self, module: str) -> bool:
        """Whether the record of a module was written since the machine was started."""
        return self._written_boot.get(module) == self.boots

    def running_scripts(self) -> list[FakeRun]:
        """Scripts whose process exists."""
        return [run for run in self._runs.values() if not run.ended]

    @property
    def frozen(self) -> bool:
        """Whether nothing runs here now."""
        return self.world.now < self.frozen_until

    @property
    def refusals(self) -> int:
        """How many datagrams its agent has refused, 0 while none runs."""
        return sum(self.agent.membership.rejected().values()) if self.agent else 0

    def shown(self, module: str) -> tuple[State, Status]:
        """The public state of a module."""
        assert self.agent is not None
        found = next(m for m in self.agent.modules(self.world.now) if m.name == module)
        return found.state, found.status

    def why(self, module: str) -> str:
        """The sentence of a module."""
        assert self.agent is not None
        answer = self.agent.why(module)
        assert answer is not None
        return answer[0]

    # --- driving the agent --------------------------------------------------------------------

    def tell(self, event: ev.Event) -> None:
        """Hand an event to the agent (kept while frozen, lost while it is dead)."""
        if self.agent is None:
            return
        if self.frozen:
            if not isinstance(event, ev.DatagramReceived | ev.ProbeReceived) or len(self._late) < SOCKET_BUFFER:
                self._late.append(event)
            return
        self._carry_out(self.agent.handle(event, self.world.now))
        self._arm()

    def _thaw(self) -> None:
        if self.frozen or self.agent is None:
            return
        late, self._late = self._late, []
        for event in sorted(late, key=lambda e: not isinstance(e, ev.DatagramReceived)):  # the sockets first
            self.tell(event)
        self._tick()

    def _tick(self) -> None:
        if self.agent is not None and not self.frozen:
            self._carry_out(self.agent.tick(self.world.now))
            self._arm()

    def _arm(self) -> None:
        assert self.agent is not None
        deadline = self.agent.next_deadline()
        if deadline is None or (self._wake <= deadline and self._wake > self.world.now):
            return
        self._wake = max(deadline, self.world.now)
        generation, due = self._generation, self._wake

        def wake() -> None:
            if generation == self._generation and self._wake == due:
                self._wake = float("inf")
                self._tick()

        self.world.after(due - self.world.now + 0.0001, wake)

    # --- effects ----------------------------------------------------------------------------

    def _carry_out(self, effects: list[do.Effect]) -> None:
        for effect in effects:
            if not isinstance(effect, do.SendDatagram | do.PublishStatus):
                self.effects.append(effect)
            if self.observe is not None:
                self.observe(self, effect)
            match effect:
                case do.SendDatagram():
                    self.send_out(self.name, effect)
                case do.SetHealth():
                    self.health[effect.module] = effect.ready
                case do.RecordLine():
                    self.log.append(effect)
                case do.AnswerOrder():
                    self.answers.append(effect)
                case do.RunScript():
                    self.ran.append((effect.script, *effect.args))
                    if effect.script is Script.START_BOTH:
                        self.opened.discard(effect.module)
                    self._run(effect, effect.script, self.scripts.get(effect.script, FakeScript()))
                case do.RunHandler():
                    self.ran.append((effect.executable, *effect.args))
                    self._run(effect, None, self.handler)
                case do.RunCheckers():
                    self._run_checkers(effect)
                case do.CheckNow():
                    self._check_now(effect)
                case do.RebootSystem():
                    self._reboot()
                case do.KillScript():
                    self._kill(effect.run)
                case do.AwaitScript():
                    self._await(effect)
                case do.ScanProcesses():
                    self._later(0.005, lambda e=effect: self.tell(self._scan(e)))
                case do.WatchProcesses():
                    self._watched[effect.module] = effect.processes
                    for process in effect.processes - self.processes.keys():
                        self._later(0.001, lambda m=effect.module, p=process: self.tell(ev.ProcessDied(m, p)))
                case PrepareTraffic() | SetSlots() | WithdrawTraffic() | ObserveTraffic() | SendProbe():
                    self.kernel.carry_out(effect, self.world.now)
                case do.SaveState():
                    self._written_at = max(self._written_at, self.world.now + self.disk_delay)  # one writer, in order
                    self._later(self._written_at - self.world.now, lambda e=effect: self._save(e))

    def _later(self, delay: float, action: Callable[[], None]) -> None:
        generation = self._generation
        self.world.after(delay, lambda: action() if generation == self._generation else None)

    def _save(self, effect: do.SaveState) -> None:
        if not self.disk_error:
            self.disk[effect.module] = effect.record
            self._written_boot[effect.module] = self.boots
        self.answered[effect.module] = effect.serial
        self.tell(ev.StateSaved(effect.module, effect.serial, self.disk_error))

    def _new_process(self) -> ev.ProcessRef:
        self._pids += 1
        return ev.ProcessRef(self._pids, self.world.now)

    def _run(self, effect: do.RunScript | do.RunHandler, script: Script | None, behaviour: FakeScript) -> None:
        run = self._runs[effect.run] = FakeRun(
            effect.module, effect.run, self._new_process(), script, undying=behaviour.undying
        )
        self._later(0.001, lambda: self.tell(ev.ScriptStarted(effect.module, effect.run, run.process, "out.ulog")))
        forced = "force" in effect.args
        if not behaviour.hangs or (forced and behaviour.stops):
            self.world.after(max(behaviour.seconds, 0.002), lambda: self._script_end(run, behaviour))

    def _reboot(self) -> None:
        self.reboots += 1
        if self.may_reboot:
            self._later(0.3, self._go_off)
            self.world.after(1.0, lambda: self._come_back() if self.agent is None else None)

    def _go_off(self) -> None:
        self.before_reboot()
        self.power_off()

    def _come_back(self) -> None:
        self.before_reboot()
        self.start_agent()

    def _run_checkers(self, effect: do.RunCheckers) -> None:
        module, before = effect.module, self._checkers
        self._checkers = {key: running for key, running in before.items() if key[0] != module}
        for rule in effect.checkers:
            key = (module, rule.key)
            known = before.get(key)
            if known is not None and known.rule == rule:
                self._checkers[key] = known
                continue
            self._checkers[key] = FakeChecker(rule, self.world.now)
            self.looked[key] = []
            self._look(module, self._checkers[key], again=True)

    def _check_now(self, effect: do.CheckNow) -> None:
        for (module, _), running in self._checkers.items():
            if module == effect.module:
                running.round = effect.round
                if running.rule.kind != "custom":
                    self._look(module, running, again=False)

    def _look(self, module: str, running: FakeChecker, again: bool) -> None:
        """Look now, tell it a moment later; `again`: and then in every interval."""
        round_, what = running.round, self.looks_like.get(running.rule.key, "good")
        good: bool | None = {"bad": False, "unknown": None}.get(what, True)
        if good and running.rule.kind == "tcp":
            good = (module, "app") in self.processes.values()

        def tell() -> None:
            if self._checkers.get((module, running.rule.key)) is not running:
                return
            if what != "hangs" and running.rule.kind == "custom":
                state = {True: ResourceState.UP, False: ResourceState.DOWN, None: ResourceState.UNKNOWN}[good]
                self.set_resource(module, running.rule.key, state, running.rule.key)
            elif what != "hangs":
                self._told(module, running.rule.key, good, round_)
                text = {True: "answers", False: "no answer", None: "not allowed to look"}[good]
                self.tell(ev.CheckerResult(module, running.rule.key, good, text, 0.01, round_))
            if again:
                self._later(float(running.rule.param("interval") or 1.0), next_look)

        def next_look() -> None:
            if self._checkers.get((module, running.rule.key)) is running:
                self._look(module, running, again=True)

        self._later(0.01, tell)

    def _told(self, module: str, key: str, good: bool | None, round_: int = 0) -> None:
        self.looked.setdefault((module, key), []).append(FakeLook(self.world.now, good, round_))

    def _script_end(self, run: FakeRun, behaviour: FakeScript) -> None:
        if run.ended:
            return
        if behaviour.stops:
            for process in [p for p, (module, _) in self.processes.items() if module == run.module]:
                self._end_process(process)
        for name in behaviour.starts:
            self.processes[self._new_process()] = (run.module, name)
        for _ in range(behaviour.times if behaviour.says else 0):
            self.tell(ev.Printed(run.module, behaviour.says, True, "start_both"))
        vip = self.modules[run.module].config.vip
        if behaviour.gate is not None and vip and vip.scriptcontrol:
            self.turn_gate(run.module, behaviour.gate, run.script or "handler")
        for action, identity in behaviour.orders:
            self.order(run.module, action, identity, identity)
        self._finish(run, behaviour.exit_code)

    def _finish(self, run: FakeRun, exit_code: int) -> None:
        run.ended = True
        self._runs.pop(run.run, None)
        self.tell(ev.ScriptEnded(run.module, run.run, exit_code))

    def _kill(self, name: str) -> None:
        run = self._runs.get(name)
        if run is not None and not run.undying:
            run.ended = True
            self._later(0.003, lambda: self._finish(run, -9))

    def _await(self, effect: do.AwaitScript) -> None:
        known = self._runs.get(effect.run)
        if known is None or known.ended:
            self._later(0.001, lambda: self.tell(ev.ScriptEnded(effect.module, effect.run, None)))

    def _scan(self, effect: do.ScanProcesses) -> ev.ProcessesSeen:
        found = {
            rule.key: tuple(p for p, owner in self.processes.items() if owner == (effect.module, rule.name))
            for rule in effect.procs
        }
        return ev.ProcessesSeen(effect.module, found)

    def _end_process(self, process: ev.ProcessRef) -> None:
        self.processes.pop(process, None)
        for module, watched in self._watched.items():
            if process in watched:
                self._later(0.001, lambda m=module: self.tell(ev.ProcessDied(m, process)))
