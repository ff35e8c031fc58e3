"""A farm with a virtual IP in virtual time: real Nodes, fake kernels, a wire that can be cut apart from UDP."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import (
    ClusterConfig,
    FarmLans,
    Health,
    Lan,
    ModuleConfig,
    NodeAddress,
    Proto,
    ShareBy,
    TrafficGroup,
    TrafficRule,
    UserScripts,
    VirtualAddress,
    VirtualIp,
    VmacType,
)
from nodeagent.contract.states import Action, Mode, Script, State, Status
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.slots import SLOTS, slot_plan
from nodeagent.core.traffic_messages import GateSet, LansBound, LinkSeen, PrepareTraffic, SetSlots, WithdrawTraffic
from tests.fakes.machine import FakeMachine, FakeScript, FakeWorld
from tests.fakes.sealer import FakeSealer
from tests.fakes.vip_kernel import INTERFACE, probe_frame

NAMES = ("n1", "n2", "n3")
KEY = b"k" * 32
SCRIPTS = {
    Script.START_BOTH: FakeScript(0.05, starts=("app",)),
    Script.STOP_BOTH: FakeScript(0.05, stops=True),
}


def shop(powers: tuple[int, ...] = (1, 1, 1), drain: float = 0.0, **changes: object) -> ModuleConfig:
    group = TrafficGroup(
        "web",
        tuple(zip(NAMES, powers, strict=True)),
        (TrafficRule(("10.0.0.100",), 80, Proto.TCP, ShareBy.ADDR),),
    )
    vip = VirtualIp((VirtualAddress("10.0.0.100", VmacType.INVISIBLE, "5a:fe:0a:00:00:64"),), (group,), **changes)  # type: ignore[arg-type]
    return ModuleConfig(
        "shop", Mode.FARM, NAMES, farm=FarmLans(("lan",)), user=UserScripts(2.0, 1.0), health=Health(drain), vip=vip
    )


@dataclass
class FakeSwitchedFarm:
    """Three machines on one lan. `udp` and `wire` hold (sender, receiver) pairs that are cut, `learnt` MACs."""

    world: FakeWorld = field(default_factory=FakeWorld)
    udp: set[tuple[str, str]] = field(default_factory=set)
    wire: set[tuple[str, str]] = field(default_factory=set)
    learnt: set[str] = field(default_factory=set)
    machines: dict[str, FakeMachine] = field(default_factory=dict)
    loud: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        lan = Lan("lan", tuple(NodeAddress(name, f"10.0.0.{i}") for i, name in enumerate(NAMES, 1)))
        config = ClusterConfig((lan,), signature="one")
        for name in NAMES:
            machine = FakeMachine(name, self.world, self.datagram, FakeSealer(), config, (KEY,), scripts=dict(SCRIPTS))
            machine.kernel.send = lambda effect, sender=name: self.frame(sender, effect)  # type: ignore[misc]
            self.machines[name] = machine

    def datagram(self, sender: str, effect: do.SendDatagram) -> None:
        if (sender, effect.peer) not in self.udp:
            to = self.machines[effect.peer]
            self.world.after(0.002, lambda: to.tell(ev.DatagramReceived(effect.lan, sender, effect.data)))

    def frame(self, sender: str, effect: Any) -> None:
        for name, machine in self.machines.items():
            if name != sender and (sender, name) not in self.wire and effect.to not in self.learnt:
                event = probe_frame(effect, sender)
                self.world.after(0.001, lambda to=machine, event=event: to.tell(event))  # type: ignore[misc]

    def start(self, module: ModuleConfig, names: tuple[str, ...] = NAMES) -> None:
        for machine in self.machines.values():
            machine.start_agent()
            machine.install(module, frozenset(SCRIPTS))
        self.run(1.5)
        for name in names:
            self.machines[name].order("shop", Action.START)
        self.run(6.0)

    def run(self, seconds: float) -> None:
        self.world.advance(seconds, self.check)

    def mine(self, name: str) -> frozenset[int]:
        slots = self.machines[name].kernel.slots("shop", self.world.now)
        return slots.mine if slots else frozenset()

    def owners(self) -> list[list[str]]:
        return [[name for name in NAMES if slot in self.mine(name)] for slot in range(SLOTS)]

    def check(self) -> None:
        """Two nodes take new connections of a slot only while both hold their resets back."""
        held = {name: self.machines[name].kernel.slots("shop", self.world.now) for name in NAMES}
        for name, slots in held.items():
            for other, others in held.items():
                if slots and others and name < other:
                    both = slots.mine & others.mine
                    quiet = slots.quiet & others.quiet
                    assert both <= quiet, f"{self.world.now:.3f}: {name} and {other} share {len(both - quiet)} slots"

    def shown(self, name: str) -> tuple[State, Status]:
        return self.machines[name].shown("shop")

    def said(self, name: str) -> str:
        return "\n".join(line.text for line in self.machines[name].log)


@pytest.fixture
def farm() -> Iterator[FakeSwitchedFarm]:
    made = FakeSwitchedFarm()
    yield made
    made.check()


READY = (State.UP, Status.READY)


@pytest.mark.covers("host@power", "host@name")
def test_every_slot_has_the_owner_of_the_plan(farm: FakeSwitchedFarm) -> None:
    farm.start(shop((4, 2, 1)))
    assert [farm.shown(name) for name in NAMES] == [READY] * 3
    plan = slot_plan((("n1", 4), ("n2", 2), ("n3", 1)))
    assert farm.owners() == [[owner] for owner in plan.owners(set(NAMES))]
    assert not any(m.kernel.slots("shop", farm.world.now).quiet for m in farm.machines.values())  # type: ignore[union-attr]


def test_the_filter_comes_before_the_application_and_goes_after_it(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    machine = farm.machines["n1"]
    farm.run(1.0)
    machine.order("shop", Action.STOP)
    farm.run(1.0)
    kinds = [
        e.script if isinstance(e, do.RunScript) else type(e).__name__
        for e in machine.effects
        if isinstance(e, do.RunScript | PrepareTraffic | WithdrawTraffic)
    ]
    stop = kinds.index(Script.STOP_BOTH)
    assert kinds[kinds.index("PrepareTraffic") + 1] == Script.START_BOTH
    assert kinds[stop : stop + 3] == [Script.STOP_BOTH, Script.STOP_BOTH, "WithdrawTraffic"] or kinds[
        stop : stop + 3
    ] == [Script.STOP_BOTH, "WithdrawTraffic", Script.STOP_BOTH]
    assert "shop" not in machine.kernel.tables
    assert all(len(owners) == 1 for owners in farm.owners())


def test_a_drain_leaves_no_moment_without_an_owner(farm: FakeSwitchedFarm) -> None:
    farm.start(shop(drain=3.0))
    farm.machines["n2"].order("shop", Action.STOP)
    for _ in range(300):
        farm.run(0.01)
        assert all(farm.owners())
    assert not farm.mine("n2")
    farm.run(3.0)
    farm.machines["n2"].order("shop", Action.START)
    for _ in range(300):
        farm.run(0.01)
        assert all(farm.owners())
    assert len(farm.mine("n2")) in (85, 86)


def test_a_frozen_agent_has_no_slots_before_its_peers_take_them(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    farm.machines["n3"].freeze(4.0)
    gone = taken = 0.0
    for step in range(300):
        farm.run(0.01)
        if not gone and not farm.mine("n3"):
            gone = step
        if not taken and len(farm.mine("n1")) > 90:
            taken = step
    assert 0 < gone <= taken < 115
    farm.run(12.0)
    assert all(len(owners) == 1 for owners in farm.owners())
    assert farm.shown("n3") == READY


def test_what_a_node_has_taken_it_keeps_when_another_one_dies(farm: FakeSwitchedFarm) -> None:
    farm.start(shop(), ("n1",))
    for name in ("n2", "n3"):
        farm.machines[name].order("shop", Action.START)
        farm.run(6.0)
    before = farm.mine("n2")
    assert len(before) in (85, 86)
    farm.machines["n3"].kill_agent()
    for _ in range(2000):
        farm.run(0.001)
        assert before <= farm.mine("n2")
    assert farm.mine("n1") | farm.mine("n2") == frozenset(range(SLOTS))


def test_alive_on_the_wire_keeps_its_slots(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    before = farm.owners()
    farm.udp |= {("n1", "n2"), ("n2", "n1")}
    for _ in range(400):
        farm.run(0.01)
        assert farm.owners() == before
    alarms = farm.machines["n1"].agent.traffic.alarms(farm.world.now)  # type: ignore[union-attr]
    assert "shop: n2 is alive on the wire, UDP 4800 between it and n1 is blocked" in alarms
    farm.machines["n2"].kill_agent()
    farm.run(3.0)
    assert all(len(owners) == 1 and owners != ["n2"] for owners in farm.owners())


def test_a_one_way_cut_of_everything_is_quiet(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    farm.udp.add(("n2", "n1"))
    farm.wire.add(("n2", "n1"))
    farm.run(2.0)
    farm.udp.clear()
    farm.wire.clear()
    farm.run(8.0)
    assert all(len(owners) == 1 for owners in farm.owners())


def test_a_node_without_a_link_takes_nothing_until_it_has_heard_the_others(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    alone = {pair for other in ("n1", "n2") for pair in ((other, "n3"), ("n3", other))}
    farm.udp |= alone
    farm.wire |= alone
    farm.machines["n3"].tell(LinkSeen(INTERFACE, up=False))
    farm.run(10.0)
    assert not farm.mine("n3")
    farm.udp.clear()
    farm.wire.clear()
    farm.machines["n3"].tell(LinkSeen(INTERFACE, up=True))
    farm.run(8.0)
    assert len(farm.mine("n3")) in (85, 86)
    assert all(len(owners) == 1 for owners in farm.owners())


@pytest.mark.covers("host@power")
def test_new_powers_take_effect_together(farm: FakeSwitchedFarm) -> None:
    farm.start(shop((1, 1, 1)))
    before = farm.owners()
    for name in ("n1", "n2"):
        farm.machines[name].install(shop((2, 1, 1)), frozenset(SCRIPTS))
    farm.run(2.0)
    assert farm.owners() == before, "n3 does not know the new powers yet"
    farm.machines["n3"].install(shop((2, 1, 1)), frozenset(SCRIPTS))
    for _ in range(50):
        farm.run(0.02)
        assert all(farm.owners())
    farm.run(5.0)
    assert [len(farm.mine(name)) for name in NAMES] == [128, 64, 64]
    assert farm.shown("n1") == READY


def test_what_somebody_else_breaks_is_put_back(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    farm.machines["n1"].kernel.tables.clear()
    farm.run(6.0)
    assert len(farm.mine("n1")) in (85, 86)
    assert "the filter of the virtual IP was removed by somebody else: it is put back" in farm.said("n1")
    farm.machines["n1"].kernel.tables["shop"].addresses = False
    farm.run(6.0)
    assert farm.machines["n1"].kernel.tables["shop"].addresses


def test_an_agent_that_restarts_gives_its_slots_up_and_takes_them_back(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    machine = farm.machines["n1"]
    machine.tell(ev.AgentStopping())
    for _ in range(20):
        farm.run(0.01)
        assert all(farm.owners())
    machine.kill_agent()
    for _ in range(40):
        farm.run(0.01)
        assert all(farm.owners())
    assert not farm.mine("n1")
    others = machine.kernel.tables["shop"]
    machine.start_agent()
    farm.run(6.0)
    assert machine.kernel.tables["shop"] is others, "the table with its connections stays"
    assert len(farm.mine("n1")) in (85, 86)


def test_the_connections_of_a_new_agent_that_has_not_said_a_word_of_its_module_are_left_alone(
    farm: FakeSwitchedFarm,
) -> None:
    farm.start(shop())
    machine, theirs = farm.machines["n1"], farm.mine("n1")
    machine.tell(ev.AgentStopping())
    farm.run(0.001)  # its kernel answers
    machine.kill_agent()
    farm.run(0.5)
    modules, machine.modules = machine.modules, {}
    machine.start_agent()
    for _ in range(60):
        farm.run(0.1)
        for other in ("n2", "n3"):
            slots = farm.machines[other].kernel.slots("shop", farm.world.now)
            assert slots
            assert not slots.est & theirs
    machine.modules = modules
    machine.kill_agent()
    machine.start_agent()
    farm.run(8.0)
    assert farm.mine("n1") == theirs


def test_a_kernel_that_refuses_keeps_the_application_from_starting(farm: FakeSwitchedFarm) -> None:
    farm.machines["n1"].kernel.refuses = "no permission"
    farm.start(shop())
    assert farm.shown("n1")[0] is State.STOP
    assert "the virtual IP cannot be added: no permission" in farm.machines["n1"].why("shop")
    assert not any(name == "start_both" for name, *_ in farm.machines["n1"].ran)


def test_the_last_node_needs_no_dead_mans_switch(farm: FakeSwitchedFarm) -> None:
    farm.start(shop(), ("n1",))
    last = [e for e in farm.machines["n1"].effects if isinstance(e, SetSlots)][-1]
    assert last.timeout == pytest.approx(0.8)
    for name in ("n2", "n3"):
        farm.machines[name].kill_agent()
    farm.run(3.0)
    last = [e for e in farm.machines["n1"].effects if isinstance(e, SetSlots)][-1]
    assert last.timeout is None
    assert len(farm.mine("n1")) == SLOTS


def test_without_a_heartbeat_socket_no_slot_is_taken(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    farm.machines["n1"].tell(LansBound(frozenset()))
    farm.run(5.0)
    assert not farm.mine("n1")
    assert all(len(owners) == 1 for owners in farm.owners())
    farm.machines["n1"].tell(LansBound(frozenset({"lan"})))
    farm.run(5.0)
    assert len(farm.mine("n1")) in (85, 86)


@pytest.mark.covers("vip@scriptcontrol")
def test_scripts_open_and_close_the_traffic(farm: FakeSwitchedFarm) -> None:
    farm.start(shop(scriptcontrol=True))
    assert not any(farm.owners())
    for name in ("n1", "n2"):
        farm.machines[name].tell(GateSet("shop", True, "start_both"))
    farm.run(5.0)
    assert all(owners and owners != ["n3"] for owners in farm.owners())


def test_the_traffic_stays_open_over_a_restart_of_the_agent(farm: FakeSwitchedFarm) -> None:
    farm.start(shop(scriptcontrol=True))
    for name in NAMES:
        farm.machines[name].tell(GateSet("shop", True, "start_both"))
    farm.run(5.0)
    farm.machines["n1"].kill_agent()
    farm.run(0.5)
    farm.machines["n1"].start_agent()
    farm.run(8.0)
    assert len(farm.mine("n1")) in (85, 86)


def test_a_kernel_that_refuses_later_gives_its_slots_to_the_others(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    farm.machines["n1"].kernel.refuses_slots = "no memory"
    farm.run(5.0)
    assert all(owners and owners != ["n1"] for owners in farm.owners())
    farm.machines["n1"].kernel.refuses_slots = ""
    farm.run(8.0)
    assert len(farm.mine("n1")) in (85, 86)


def test_a_switch_that_blocks_the_virtual_mac_is_an_alarm(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    farm.wire |= {("n2", "n1"), ("n2", "n3")}
    farm.run(12.0)
    alarms = farm.machines["n1"].agent.traffic.alarms(farm.world.now)  # type: ignore[union-attr]
    text = f"shop: probes of n2 do not reach n1 on {INTERFACE}: the switch blocks or has learnt the virtual MAC"
    assert f"{text} 5a:fe:0a:00:00:64 of 10.0.0.100" in alarms


def test_a_virtual_mac_that_is_learnt_does_not_hide_behind_another(farm: FakeSwitchedFarm) -> None:
    vip, six = shop().vip, VirtualAddress("fd00::64", VmacType.INVISIBLE, "5a:fe:00:00:00:64")
    farm.learnt.add(six.vmac)
    farm.start(replace(shop(), vip=replace(vip, addresses=(*vip.addresses, six))))  # type: ignore[union-attr]
    farm.run(12.0)
    alarms = farm.machines["n1"].agent.traffic.alarms(farm.world.now)  # type: ignore[union-attr]
    text = f"do not reach n1 on {INTERFACE}: the switch blocks or has learnt the virtual MAC {six.vmac} of fd00::64"
    assert alarms == (f"shop: probes of n2 {text}", f"shop: probes of n3 {text}")
