"""What can go wrong, each kind a function that does it to a farm and says in words what it did.

Faults that last end by themselves; `heal` ends all of them. What touches a module itself (an order, a
script, its application, the agent) goes only to machines that the run has not kept quiet, so that a
run also shows that the rest alone (network, freezes, clocks, disks, keys) never restarts anything.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from msgspec.structs import replace

from nodeagent.contract.states import Action, Script
from nodeagent.core import events as ev
from nodeagent.core.phases import PHASES, Phase, Stage
from tests.fakes.machine import FakeMachine, FakeScript
from tests.simulation.farm import CALM, HEARTBEATS, Farm, drawn_monitoring, good_scripts

YEAR = 365 * 86400.0
SWEEP = 0.5
"""Seconds between two sweeps of a key rotation."""


@dataclass
class Weather:
    """Brings faults over a farm; `touched` are the machines whose modules may be meddled with."""

    farm: Farm
    random: Random
    touched: tuple[str, ...]
    until: float
    """When everything will be healed; no freeze lasts much longer."""
    healed: bool = False
    said: Callable[[str, str], None] = lambda kind, text: None
    before_injection: Callable[[FakeMachine, bool], Callable[[], None]] | None = None
    left: Callable[[str], None] = lambda node: None
    ambushes: list[tuple[str, str, str, Action, float]] = field(default_factory=list)
    """(node, module, phase, action, delay): what is ordered when the module gets into the phase."""
    _lossy: int = 0
    _slow: int = 0
    _turning: bool = False
    _rotations: int = 0
    _plans: dict[str, int] = field(default_factory=dict)

    def strike(self) -> None:
        """One fault, drawn from all kinds; a kind that does not fit now gives way to another."""
        while not self.healed:
            kind = self.random.choices(tuple(KINDS), WEIGHTS)[0]
            if text := KINDS[kind](self):
                self.said(kind, text)
                return

    def entered(self, node: str, module: str, phase: str) -> None:
        """A module has got into a phase: somebody may have waited for that."""
        for ambush in [a for a in self.ambushes if a[:3] == (node, module, phase)]:
            self.ambushes.remove(ambush)
            machine, (*_, action, delay) = self.farm.machines[node], ambush
            self.later(delay, lambda m=machine, a=action: m.order(module, a) if m.agent else None)

    def heal(self) -> None:
        """Nothing is wrong any more: network, machines, disks, scripts."""
        self.farm.before_change()
        self.healed = True
        self.farm.network.heal()
        self.farm.network.loss = self.farm.network.doubled = 0.0
        self.farm.network.delay = CALM
        for machine in self.farm.machines.values():
            machine.disk_error, machine.disk_delay = "", 0.002
            machine.scripts = good_scripts(self.random)
            if machine.agent is None:
                machine.start_agent()

    # --- drawing ------------------------------------------------------------------------------

    def any_machine(self) -> FakeMachine:
        return self.farm.machines[self.random.choice(self.farm.cluster.nodes)]

    def touched_machine(self) -> FakeMachine | None:
        return self.farm.machines[self.random.choice(self.touched)] if self.touched else None

    def living(self) -> FakeMachine | None:
        """A machine that may be meddled with and whose agent lives."""
        machine = self.touched_machine()
        return machine if machine and machine.agent else None

    def module_of(self, machine: FakeMachine) -> str | None:
        """One of its modules."""
        return self.random.choice(sorted(machine.modules)) if machine.modules else None

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do it then, unless all was healed before."""
        self.farm.world.after(seconds, lambda: None if self.healed else action())

    def revive(self, machine: FakeMachine) -> None:
        """The agent comes up, unless it did already."""
        if machine.agent is None:
            self.farm.before_change()
            machine.start_agent()

    def kill(self, machine: FakeMachine, power: bool) -> None:
        """kill -9, or the whole machine."""
        self.farm.before_change()
        if power:
            machine.power_off()
        else:
            machine.kill_agent()

    def behave(self, machine: FakeMachine, script: Script, behaviour: FakeScript) -> None:
        """A script behaves so for some seconds."""
        good = machine.scripts[script]
        machine.scripts[script] = behaviour

        def again() -> None:
            if machine.scripts[script] is behaviour:
                machine.scripts[script] = good

        self.later(self.random.uniform(1.0, 8.0), again)


def loss(w: Weather) -> str:
    share = w.random.uniform(0.02, 0.3)
    w.farm.before_change()
    w.farm.network.loss = share
    w._lossy += 1
    mine = w._lossy

    def end() -> None:
        if w._lossy == mine:
            w.farm.before_change()
            w.farm.network.loss = 0.0

    w.later(w.random.uniform(0.5, 3.0), end)
    return f"{share:.0%} of all datagrams are lost"


def _delay(w: Weather, seconds: float) -> None:
    w.farm.before_change()
    w.farm.network.delay = seconds
    w._slow += 1
    mine = w._slow

    def end() -> None:
        if w._slow == mine:
            w.farm.before_change()
            w.farm.network.delay = CALM

    w.later(w.random.uniform(0.5, 2.5), end)


def delay(w: Weather) -> str:
    seconds = w.random.choice((0.1, 0.2, 0.4))
    _delay(w, seconds)
    return f"datagrams take up to {seconds:g} s"


def reordering(w: Weather) -> str:
    seconds = 3 * w.farm.cluster.pulse
    _delay(w, seconds)
    return f"datagrams overtake each other (up to {seconds:.1f} s late)"


def duplication(w: Weather) -> str:
    w.farm.network.doubled = w.random.uniform(0.1, 0.6)

    def end() -> None:
        w.farm.network.doubled = 0.0

    w.later(w.random.uniform(1.0, 5.0), end)
    return f"{w.farm.network.doubled:.0%} of all datagrams come twice"


def one_way_cut(w: Weather) -> str:
    one, other = w.random.sample(w.farm.cluster.nodes, 2)
    lans = [lan.name for lan in w.farm.cluster.lans if w.random.random() < 0.8] or ["lan1"]
    w.farm.before_change()
    w.farm.network.cut(one, other, *lans)

    def end() -> None:
        w.farm.before_change()
        w.farm.network.cuts -= {(one, other, lan) for lan in lans}

    w.later(w.random.uniform(0.5, 7.0), end)
    return f"{other} hears {one} no more on {', '.join(lans)}"


def partition(w: Weather) -> str:
    nodes = w.farm.cluster.nodes
    one = set(w.random.sample(nodes, w.random.randint(1, len(nodes) - 1)))
    w.farm.before_change()
    w.farm.network.part(one, set(nodes) - one, *[lan.name for lan in w.farm.cluster.lans])
    return f"{', '.join(sorted(one))} cut off from the others"


def network_heal(w: Weather) -> str:
    if not w.farm.network.cuts:
        return ""
    w.farm.before_change()
    w.farm.network.heal()
    return "all links work again"


def power_loss(w: Weather) -> str:
    machine = w.touched_machine()
    if machine is None:
        return ""
    w.kill(machine, power=True)
    w.later(w.random.uniform(0.3, 6.0), lambda: w.revive(machine))
    return f"{machine.name} loses its power"


def agent_kill(w: Weather) -> str:
    machine = w.living()
    if machine is None:
        return ""
    w.kill(machine, power=False)
    w.later(w.random.choice((0.05, 0.5, 1.0, 4.0)), lambda: w.revive(machine))
    return f"the agent of {machine.name} is killed (-9)"


def agent_stop(w: Weather) -> str:
    machine = w.living()
    if machine is None or machine.frozen:
        return ""
    machine.tell(ev.AgentStopping())
    w.left(machine.name)
    w.kill(machine, power=False)
    w.later(w.random.uniform(0.5, 4.0), lambda: w.revive(machine))
    return f"the agent of {machine.name} is stopped"


def shutdown(w: Weather) -> str:
    machine = w.living()
    if machine is None or machine.frozen:
        return ""
    machine.tell(ev.SystemStopping())
    w.later(w.random.uniform(1.0, 6.0), lambda: w.kill(machine, power=True))
    w.later(8.0, lambda: w.revive(machine))
    return f"{machine.name} shuts down"


def freeze(w: Weather) -> str:
    machine = w.any_machine()
    if machine.agent is None or machine.frozen:
        return ""
    seconds = w.random.uniform(6.0, 60.0) if w.random.random() < 0.04 else w.random.uniform(0.5, 6.0)
    seconds = min(seconds, w.until + 2.0 - w.farm.world.now)
    w.farm.before_change()
    machine.freeze(seconds)
    return f"the agent of {machine.name} is frozen for {seconds:.1f} s"


def freeze_of_all(w: Weather) -> str:
    if any(machine.frozen for machine in w.farm.machines.values()):
        return ""
    seconds = min(w.random.uniform(0.5, 5.0), w.until + 2.0 - w.farm.world.now)
    w.farm.before_change()
    for machine in w.farm.machines.values():
        if machine.agent is not None:
            machine.freeze(seconds + w.random.uniform(0.0, 0.1))
    return f"all agents are frozen for {seconds:.1f} s"


def clock_jump(w: Weather) -> str:
    machine = w.any_machine()
    years = w.random.choice((-1, 1)) * w.random.uniform(0.1, 1.0)
    machine.wall_offset += years * YEAR
    machine.tell(ev.WallClockRead(machine.wall_offset))
    return f"the wall clock of {machine.name} jumps by {years:+.1f} years"


def _script(w: Weather, words: str, scripts: tuple[Script, ...], behaviour: FakeScript) -> str:
    machine = w.touched_machine()
    if machine is None:
        return ""
    script = w.random.choice(scripts)
    if script is Script.STOP_BOTH and not behaviour.hangs:
        behaviour.stops = True
    w.behave(machine, script, behaviour)
    return f"{script} of {machine.name} {words}"


ALL = tuple(Script(name) for name in ("start_both", "stop_both", "prestart", "poststop", "transition"))


def script_hang(w: Weather) -> str:
    return _script(w, "hangs", ALL, FakeScript(hangs=True))


def script_slow(w: Weather) -> str:
    starts = FakeScript(w.random.uniform(1.0, 4.0), starts=("app",))
    return _script(w, f"takes {starts.seconds:.1f} s", (Script.START_BOTH,), starts)


def script_fail(w: Weather) -> str:
    code = w.random.choice((1, 3, 137, -1073741819))
    return _script(w, f"exits with {code}", ALL, FakeScript(exit_code=code, says="it failed"))


def script_starts_nothing(w: Weather) -> str:
    return _script(w, "starts nothing", (Script.START_BOTH,), FakeScript())


def script_flood(w: Weather) -> str:
    flooding = FakeScript(starts=("app",), says="x" * 200, times=100)
    return _script(w, "says the same 100 times", (Script.START_BOTH,), flooding)


def script_order(w: Weather) -> str:
    action = w.random.choice((Action.STOP, Action.STOP, Action.RESTART, Action.STOPSTART, Action.START))
    script = w.random.choice((Script.START_BOTH, Script.START_BOTH, Script.PRESTART, Script.STOP_BOTH))
    starts = ("app",) if script is Script.START_BOTH else ()
    behaviour = FakeScript(0.1, starts=starts, orders=((action, script),), says="it failed")
    return _script(w, f"orders {action} -i {script}", (script,), behaviour)


def process_death(w: Weather) -> str:
    machine = w.touched_machine()
    if machine is None:
        return ""
    module = w.module_of(machine)
    if module is None or not machine.kill_process("app", module):
        return ""
    return f"the application of {module} on {machine.name} dies"


def crash_with_application(w: Weather) -> str:
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    w.kill(machine, power=False)
    if not machine.kill_process("app", module):
        machine.start_agent()
        return ""
    w.later(w.random.choice((0.05, 1.0, 3.0)), lambda: w.revive(machine))
    return f"the agent of {machine.name} and its application of {module} die together"


def order(w: Weather) -> str:
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    action = w.random.choice((*Action, Action.START, Action.START))
    if action is Action.WAIT:
        machine.order(module, action, "wait.rule", "wait.rule")
        return f"a rule orders wait of {module} on {machine.name}"
    machine.order(module, action)
    return f"admin orders {action} of {module} on {machine.name}"


def order_again(w: Weather) -> str:
    """Two orders in a row meet what the first has begun."""
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    first, second = (
        w.random.choice((Action.STOP, Action.RESTART, Action.STOPSTART, Action.START, Action.FORCESTOP))
        for _ in range(2)
    )
    machine.order(module, first)
    gap = w.random.choice((0.01, 0.2, 0.6, 1.2))
    w.later(gap, lambda: machine.order(module, second) if machine.agent else None)
    return f"admin orders {first}, then {second} of {module} on {machine.name}"


def order_in_phase(w: Weather) -> str:
    """Lie in wait for a phase, bring the module there, order something in it."""
    machine = w.living()
    module = w.module_of(machine) if machine else None
    if machine is None or module is None:
        return ""
    phase = w.random.choice(tuple(Phase))
    action = w.random.choice((Action.STOP, Action.FORCESTOP, Action.FORCESTOP, Action.STOPSTART, Action.RESTART))
    delay = w.random.choice((0.0, 0.0005, 0.01, 0.1))
    w.ambushes.append((machine.name, module, phase, action, delay))
    match PHASES[phase].stage:
        case Stage.RECOVERING:
            agent_kill(w)
        case _ if phase is Phase.DOUBTING:
            w.farm.before_change()
            machine.freeze(min(3.0, w.until - w.farm.world.now))
        case Stage.RESTARTING if not machine.kill_process("app", module):
            machine.order(module, Action.RESTART)
        case Stage.GOING:
            machine.order(module, Action.STOP)
        case Stage.COMING | Stage.UP:
            machine.order(module, Action.STOPSTART)
        case Stage.REST:
            machine.order(module, Action.START)
    return f"admin will order {action} of {module} on {machine.name} as soon as it is in “{phase}”"


def module_change(w: Weather) -> str:
    name = w.random.choice(sorted(w.farm.modules))
    if any(machine.name not in w.touched for machine in w.farm.members(name)):
        return ""  # a new rule may rightly restart the application
    old = w.farm.modules[name]
    assert old.user is not None
    w.farm.change_module(
        name,
        maxloop=w.random.randint(1, 4),
        monitoring=drawn_monitoring(w.random) if old.monitoring else None,
        user=replace(old.user, nicestoptimeout=w.random.uniform(1.0, 2.0)),
    )
    return f"another revision of {name} on all its nodes"


def pulse_change(w: Weather) -> str:
    if w._turning:
        return ""
    pulse, count = w.random.choice(HEARTBEATS)
    signature = f"{w.farm.cluster.signature}+"
    cluster = replace(w.farm.cluster, pulse=pulse, slost_count=count, signature=signature)
    w.farm.configure(cluster, w.farm.keys)
    return f"another cluster configuration: a pulse of {pulse:g} s, lost after {count}"


def key_rotation(w: Weather) -> str:
    if w._turning:
        return ""
    w._turning = True
    w._rotations += 1
    old, new = w.farm.keys[0], f"key {w._rotations}".encode().ljust(32, b".")
    sweeps = [(old, new), (new, old), (new,)]

    def sweep() -> None:
        if any(machine.frozen for machine in w.farm.machines.values()):
            w.farm.world.after(SWEEP, sweep)  # a sweep is complete when every node has answered
            return
        w.farm.configure(w.farm.cluster, sweeps.pop(0))
        if sweeps:
            w.farm.world.after(SWEEP, sweep)
        else:
            w._turning = False

    sweep()
    return "the cluster key is rotated"


def disk_full(w: Weather) -> str:
    machine = w.any_machine()
    machine.disk_error = "No space left on device"

    def end() -> None:
        machine.disk_error = ""

    w.later(w.random.uniform(1.0, 6.0), end)
    return f"the disk of {machine.name} is full"


def disk_slow(w: Weather) -> str:
    machine = w.any_machine()
    machine.disk_delay = w.random.choice((0.3, 1.0, 7.0))

    def end() -> None:
        machine.disk_delay = 0.002

    w.later(w.random.uniform(1.0, 5.0), end)
    return f"the disk of {machine.name} takes {machine.disk_delay:g} s"


def _inject(w: Weather, machine: FakeMachine, lan: str, data: bytes, *, known: bool) -> None:
    assert w.before_injection is not None
    compare = w.before_injection(machine, known)
    machine.tell(ev.DatagramReceived(lan, "10.9.9.9", data))
    compare()


def forged_datagram(w: Weather) -> str:
    machine = w.any_machine()
    known = w.farm.delivered.get(machine.name)
    if not known or not w.farm.runs(machine.name):
        return ""
    lan, _, sealed = w.random.choice(known)
    data = bytearray(sealed)
    match w.random.randrange(3):
        case 0:
            data[w.random.randrange(len(data))] ^= 1 << w.random.randrange(8)
        case 1:
            del data[w.random.randrange(len(data)) :]
        case _:
            data = bytearray(w.random.randbytes(w.random.randrange(1300)))
    _inject(w, machine, lan, bytes(data), known=True)
    return f"{machine.name} gets a forged datagram"


def replayed_datagram(w: Weather) -> str:
    machine = w.any_machine()
    known = w.farm.delivered.get(machine.name)
    if not known or not w.farm.runs(machine.name):
        return ""
    for lan, starts, data in w.random.sample(known, min(4, len(known))):
        _inject(w, machine, lan, data, known=starts == machine.starts)
    return f"{machine.name} gets datagrams again that it has got before"


KINDS: dict[str, Callable[[Weather], str]] = {
    made.__name__.replace("_", " "): made
    for made in (
        loss,
        delay,
        reordering,
        duplication,
        one_way_cut,
        partition,
        network_heal,
        power_loss,
        agent_kill,
        agent_stop,
        shutdown,
        freeze,
        freeze_of_all,
        clock_jump,
        script_hang,
        script_slow,
        script_fail,
        script_starts_nothing,
        script_flood,
        script_order,
        process_death,
        crash_with_application,
        order,
        order_again,
        order_in_phase,
        module_change,
        pulse_change,
        key_rotation,
        disk_full,
        disk_slow,
        forged_datagram,
        replayed_datagram,
    )
}

OFTEN = {"order": 2.0, "order again": 2.0, "order in phase": 8.0, "process death": 5.0, "network heal": 2.0}
WEIGHTS = tuple(OFTEN.get(kind, 1.0) for kind in KINDS)
