"""What can go wrong, each kind a function that does it to a farm and says in words what it did.

Faults that last end by themselves; `heal` ends all of them. What touches a module itself (an order, a
script, its application, the agent) goes only to machines that the run has not kept quiet, so that a
run also shows that the rest alone (network, freezes, clocks, disks, keys) never restarts anything.
"""

from collections.abc import Callable

from msgspec.structs import replace

from nodeagent.contract.states import Action
from nodeagent.core import events as ev
from tests.fakes.machine import FakeMachine
from tests.simulation.ambush import order_in_phase
from tests.simulation.check_faults import (
    checker_bad,
    checker_flaps,
    checker_hangs,
    checker_unknown,
    gateway_lost,
    handler_fault,
    loop_command,
    resource_command,
    run_without,
    switch,
)
from tests.simulation.drawing import HEARTBEATS, drawn_checkers, drawn_failover, drawn_monitoring
from tests.simulation.farm import CALM, WIRE
from tests.simulation.revisions import REVISIONS
from tests.simulation.script_faults import (
    script_fail,
    script_flood,
    script_hang,
    script_order,
    script_slow,
    script_starts_nothing,
)
from tests.simulation.vip_faults import VIP_KINDS
from tests.simulation.weather import Weather

YEAR = 365 * 86400.0
ANSWER = 0.001
"""Seconds that an agent which is stopped waits for its kernel."""
SWEEP = 0.5
"""Seconds between two sweeps of a key rotation."""


def loss(w: Weather) -> str:
    share = w.random.uniform(0.02, 0.3)
    w.farm.before_change()
    w.farm.network.loss = share
    w.lossy += 1
    mine = w.lossy

    def end() -> None:
        if w.lossy == mine:
            w.farm.before_change()
            w.farm.network.loss = 0.0

    w.later(w.random.uniform(0.5, 3.0), end)
    return f"{share:.0%} of all datagrams are lost"


def _delay(w: Weather, seconds: float) -> None:
    w.farm.before_change()
    w.farm.network.delay = seconds
    w.slow += 1
    mine = w.slow

    def end() -> None:
        if w.slow == mine:
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
    wire = (WIRE,) if w.random.random() < 0.5 else ()
    w.farm.network.part(one, set(nodes) - one, *w.farm.lans, *wire)
    return f"{', '.join(sorted(one))} cut off from the others{' on the wire, too' if wire else ''}"


def lan_loss(w: Weather) -> str:
    if len(w.farm.cluster.lans) < 2:
        return ""
    lan = w.random.choice(w.farm.cluster.lans).name
    w.farm.before_change()
    for node in w.farm.cluster.nodes:
        w.farm.network.part({node}, set(w.farm.cluster.nodes) - {node}, lan)

    def end() -> None:
        w.farm.before_change()
        w.farm.network.cuts -= {cut for cut in w.farm.network.cuts if cut[2] == lan}

    w.later(w.random.uniform(3.0, 8.0), end)
    return f"{lan} carries nothing"


def network_heal(w: Weather) -> str:
    if not w.farm.network.cuts or any(not machine.bound for machine in w.farm.machines.values()):
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
    w.stops(machine.name)
    machine.tell(ev.AgentStopping())
    agent = machine.agent

    def end() -> None:
        if machine.agent is agent:
            w.left(machine.name)
            w.kill(machine, power=False)

    w.farm.world.after(ANSWER, end)
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
        checkers=drawn_checkers(w.random) if w.random.random() < 0.5 else old.checkers,
        failover=drawn_failover(w.random) if w.random.random() < 0.5 else old.failover,
        user=replace(old.user, nicestoptimeout=w.random.uniform(1.0, 2.0)),
    )
    return f"another revision of {name} on all its nodes"


def pulse_change(w: Weather) -> str:
    if w.turning:
        return ""
    pulse, count = w.random.choice(HEARTBEATS)
    signature = f"{w.farm.cluster.signature}+"
    cluster = replace(w.farm.cluster, pulse=pulse, slost_count=count, signature=signature)
    w.farm.configure(cluster, w.farm.keys)
    return f"another cluster configuration: a pulse of {pulse:g} s, lost after {count}"


def key_rotation(w: Weather) -> str:
    if w.turning:
        return ""
    w.turning = True
    w.rotations += 1
    old, new = w.farm.keys[0], f"key {w.rotations}".encode().ljust(32, b".")
    sweeps = [(old, new), (new, old), (new,)]

    def sweep() -> None:
        if any(machine.frozen for machine in w.farm.machines.values()):
            w.farm.world.after(SWEEP, sweep)  # a sweep is complete when every node has answered
            return
        w.farm.configure(w.farm.cluster, sweeps.pop(0))
        if sweeps:
            w.farm.world.after(SWEEP, sweep)
        else:
            w.turning = False

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


FAULTS: dict[str, Callable[[Weather], str]] = {
    made.__name__.replace("_", " "): made
    for made in (
        loss,
        delay,
        reordering,
        duplication,
        one_way_cut,
        partition,
        lan_loss,
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
        checker_bad,
        checker_flaps,
        checker_hangs,
        checker_unknown,
        gateway_lost,
        handler_fault,
        resource_command,
        switch,
        loop_command,
        run_without,
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
        *VIP_KINDS,
    )
}

OFTEN = {
    "checker bad": 3.0,
    "gateway lost": 3.0,
    "handler fault": 3.0,
    "resource command": 2.0,
    "switch": 4.0,
    "crash with application": 2.0,
    "lan loss": 2.0,
    "order": 2.0,
    "order again": 2.0,
    "order in phase": 12.0,
    "process death": 6.0,
    "network heal": 2.0,
    "gate": 4.0,
    "kernel refuses": 4.0,
    "inherited slots": 2.0,
    "link cut": 2.0,
}
WEIGHTS = tuple(OFTEN.get(kind, 1.0) for kind in FAULTS)

KINDS = (*FAULTS, *REVISIONS)
"""All that a run counts."""


def strike(w: Weather) -> None:
    """One fault, drawn from all kinds; a kind that does not fit now gives way to another."""
    while not w.healed:
        kind = w.random.choices(tuple(FAULTS), WEIGHTS)[0]
        if text := FAULTS[kind](w):
            w.said(kind, text)
            return
