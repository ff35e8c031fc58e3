"""What the virtual IP meets: other people's firewall tools, kernels that refuse, cut wires, gates, new powers."""

from collections.abc import Callable

from msgspec.structs import replace

from nodeagent.core.traffic_messages import LansBound
from tests.fakes.machine import FakeMachine
from tests.simulation.drawing import drawn_powers
from tests.simulation.farm import SCRIPTS, WIRE
from tests.simulation.weather import Weather


def _carriers(w: Weather, *, touched: bool = False) -> list[FakeMachine]:
    """The machines that carry a virtual IP now."""
    names = w.touched if touched else w.farm.cluster.nodes
    return [machine for name in names if (machine := w.farm.machines[name]).kernel.tables]


def _vip_modules(w: Weather) -> list[str]:
    return [name for name, config in w.farm.modules.items() if config.vip]


def foreign_flush(w: Weather) -> str:
    if not (found := _carriers(w)):
        return ""
    machine = w.random.choice(found)
    machine.kernel.flush()
    return f"somebody flushes the rules of {machine.name}"


def address_deleted(w: Weather) -> str:
    if not (found := _carriers(w)):
        return ""
    machine = w.random.choice(found)
    w.random.choice(list(machine.kernel.tables.values())).addresses = False
    return f"somebody deletes the virtual address of {machine.name}"


def kernel_refuses(w: Weather) -> str:
    """It refuses slots, and sometimes addresses, too; then a start fails and is tried again."""
    names = [name for name in w.touched if any(w.farm.modules[m].vip for m in w.farm.machines[name].modules)]
    if not names:
        return ""
    machine = w.farm.machines[w.random.choice(names)]
    _refuse(w, machine, w.random.choice((w.random.uniform(0.3, 3.0), w.random.uniform(6.0, 20.0))))
    return f"the kernel of {machine.name} refuses"


def _refuse(w: Weather, machine: FakeMachine, seconds: float) -> None:
    machine.kernel.refuses_slots = "Operation not permitted"
    if w.random.random() < 0.7:
        machine.kernel.refuses = "Operation not permitted"

    def end() -> None:
        machine.kernel.refuses = machine.kernel.refuses_slots = ""

    w.later(seconds, end)


def inherited_slots(w: Weather) -> str:
    """A new agent finds slots in a kernel that does nothing for it."""
    found = [machine for machine in _carriers(w, touched=True) if machine.agent and not machine.frozen]
    if not found:
        return ""
    machine = w.random.choice(found)
    w.crash(machine)
    _refuse(w, machine, w.random.uniform(0.5, 3.0))
    return f"the agent of {machine.name} is killed, and its kernel refuses the next one"


def _cut(w: Weather, cuts: set[tuple[str, str, str]], seconds: float) -> None:
    w.farm.before_change()
    w.farm.network.cuts |= cuts

    def end() -> None:
        w.farm.before_change()
        w.farm.network.cuts -= cuts

    w.later(seconds, end)


def wire_cut(w: Weather) -> str:
    """The switch blocks the virtual MAC, or has learnt it: of one node, or between two; UDP goes on."""
    if not _vip_modules(w):
        return ""
    one, other = w.random.sample(w.farm.cluster.nodes, 2)
    cuts = {(one, other, WIRE)}
    if w.random.random() < 0.5:
        cuts = {(one, to, WIRE) for to in w.farm.cluster.nodes if to != one}
    if w.random.random() < 0.5:
        cuts |= {(b, a, lan) for a, b, lan in cuts}
    _cut(w, cuts, w.random.uniform(0.5, 8.0))
    return f"no probe of {', '.join(sorted({a for a, _, _ in cuts}))} gets through"


def udp_blocked(w: Weather) -> str:
    """A packet filter between two nodes, or around one; the wire is whole."""
    if not _vip_modules(w):
        return ""
    one, other = w.random.sample(w.farm.cluster.nodes, 2)
    others = [other] if w.random.random() < 0.6 else [to for to in w.farm.cluster.nodes if to != one]
    cuts = {(one, to, lan) for to in others for lan in w.farm.lans}
    if w.random.random() < 0.6:
        cuts |= {(b, a, lan) for a, b, lan in cuts}
    _cut(w, cuts, w.random.uniform(0.5, 8.0))
    return f"UDP of {one} is blocked to {', '.join(others)}"


def link_cut(w: Weather) -> str:
    """UDP and wire between two nodes: one way, the same or the other, or both ways."""
    if not _vip_modules(w):
        return ""
    one, other = w.random.sample(w.farm.cluster.nodes, 2)
    there, back = {(one, other, lan) for lan in w.farm.lans}, {(other, one, lan) for lan in w.farm.lans}
    wire_there, wire_back = {(one, other, WIRE)}, {(other, one, WIRE)}
    cuts = w.random.choice((there | wire_there, there | wire_back, there | back | wire_there | wire_back))
    _cut(w, cuts, w.random.uniform(0.5, 7.0))
    return f"the link between {one} and {other} is cut: {len(cuts)} directions"


def lans_unbound(w: Weather) -> str:
    """The heartbeat socket of a node cannot be bound any more."""
    if not _vip_modules(w):
        return ""
    machine = w.any_machine()
    others = [to for to in w.farm.cluster.nodes if to != machine.name]
    cuts = {(machine.name, to, lan) for to in others for lan in w.farm.lans}
    seconds = w.random.uniform(0.5, 6.0)
    _cut(w, cuts | {(b, a, lan) for a, b, lan in cuts}, seconds)
    machine.bound = frozenset()
    machine.tell(LansBound(machine.bound))

    def end() -> None:
        machine.bound = frozenset(w.farm.lans)
        machine.tell(LansBound(machine.bound))

    w.later(seconds, end)
    return f"the heartbeat socket of {machine.name} is not bound"


def gate(w: Weather) -> str:
    """A script, or an administrator, closes the traffic and opens it again."""
    controlled = [name for name in _vip_modules(w) if (vip := w.farm.modules[name].vip) and vip.scriptcontrol]
    if not controlled:
        return ""
    module = w.random.choice(controlled)
    machine = w.random.choice(w.farm.members(module))

    def turn(open: bool) -> None:
        w.farm.before_change()
        machine.turn_gate(module, open, "admin")

    turn(False)
    w.later(w.random.uniform(0.01, 4.0), lambda: turn(True))
    return f"the traffic of {module} on {machine.name} is closed"


def powers_change(w: Weather) -> str:
    """Committed node by node: no node may go by them before all know them."""
    if not (names := _vip_modules(w)):
        return ""
    name = w.random.choice(names)
    config = w.farm.modules[name]
    assert config.vip is not None
    groups = tuple(replace(group, powers=drawn_powers(w.random, config.nodes)) for group in config.vip.groups)
    vip = replace(config.vip, groups=groups)
    w.farm.modules[name] = replace(config, vip=vip, signature=f"{config.signature}+")
    slow = w.random.choice((0.0, 0.3, 2.0))

    def install(machine: FakeMachine) -> None:
        if machine.modules[name].config.signature != w.farm.modules[name].signature:
            machine.install(w.farm.modules[name], SCRIPTS)

    for machine in w.farm.members(name):
        w.farm.world.after(w.random.uniform(0.0, slow), lambda m=machine: install(m))
    return f"new powers for {name}: {groups[0].powers}"


VIP_KINDS: tuple[Callable[[Weather], str], ...] = (
    foreign_flush,
    address_deleted,
    kernel_refuses,
    inherited_slots,
    wire_cut,
    udp_blocked,
    link_cut,
    lans_unbound,
    gate,
    powers_change,
)
