"""What the simulation found about the virtual IP, each as a story of two or three nodes."""

from random import Random

import pytest

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
from nodeagent.contract.states import Action, Mode, Script
from nodeagent.core import events as ev
from nodeagent.core.slots import SLOTS
from nodeagent.core.traffic_messages import SetSlots
from tests.fakes.machine import FakeMachine, FakeScript
from tests.simulation.farm import WIRE, Farm

NAMES = ("n1", "n2")
SECOND = VirtualAddress("10.0.0.101", VmacType.INVISIBLE, "5a:fe:0a:00:00:65")


def started(
    pulse: float = 0.1,
    slost_count: int = 10,
    drain: float = 0.0,
    names: tuple[str, ...] = NAMES,
    more: tuple[VirtualAddress, ...] = (),
) -> Farm:
    """Nodes that serve one virtual IP, of one address and `more`, and have settled."""
    lan = Lan("lan", tuple(NodeAddress(name, f"10.0.0.{i}") for i, name in enumerate(names, 1)))
    farm = Farm(Random(1), ClusterConfig((lan,), pulse=pulse, slost_count=slost_count, signature="one"))
    rule = TrafficRule(("10.0.0.100",), 80, Proto.TCP, ShareBy.ADDR)
    address = VirtualAddress("10.0.0.100", VmacType.INVISIBLE, "5a:fe:0a:00:00:64")
    vip = VirtualIp((address, *more), (TrafficGroup("web", tuple((name, 1) for name in names), (rule,)),))
    lans, user = FarmLans(("lan",)), UserScripts(2.0, 1.0)
    for machine in farm.machines.values():
        machine.start_agent()
    farm.add_module(ModuleConfig("web", Mode.FARM, names, farm=lans, user=user, health=Health(drain), vip=vip))
    for machine in farm.machines.values():
        machine.order("web", Action.START)
    farm.world.advance(12.0)
    return farm


def mine(farm: Farm, name: str) -> frozenset[int]:
    slots = farm.machines[name].kernel.slots("web", farm.world.now)
    return slots.mine if slots else frozenset()


def test_a_window_of_four_pulses_keeps_its_slots() -> None:
    """Every third pulse is too late for a time-out of two."""
    farm = started(pulse=0.5, slost_count=4)
    lost = 0

    def look() -> None:
        nonlocal lost
        lost += len(mine(farm, "n1")) + len(mine(farm, "n2")) != SLOTS

    farm.world.advance(5.0, look)
    assert not lost


def test_who_gains_from_a_draining_node_is_quiet() -> None:
    """Both take new connections until the loser hears that it has lost, even if it has agreed at once."""
    farm = started(drain=2.0)
    farm.machines["n1"].order("web", Action.STOP)
    both = 0

    def look() -> None:
        nonlocal both
        first, second = (farm.machines[name].kernel.slots("web", farm.world.now) for name in NAMES)
        if first and second and (common := first.mine & second.mine):
            both += 1
            assert common <= first.quiet & second.quiet

    farm.world.advance(1.0, look)
    assert both
    assert len(mine(farm, "n2")) == SLOTS


def test_a_new_agent_knows_that_the_kernel_holds_slots() -> None:
    """kill -9 and a new agent, whose kernel refuses: the other node waits until the old slots have run out."""
    farm = started()
    machine = farm.machines["n1"]
    machine.kill_agent()
    machine.kernel.refuses_slots = "Operation not permitted"
    farm.world.advance(0.05)
    machine.start_agent()

    def look() -> None:
        assert not mine(farm, "n1") & mine(farm, "n2")

    farm.world.advance(0.7, look)


def test_who_comes_waits_for_those_who_share_out_a_lost_nodes_slots_without_it() -> None:
    """n3 joins and n2 leaves at once: n1 has all of n2's slots, datagrams too, until it knows that n3 serves."""
    farm = started(names=("n1", "n2", "n3"))
    one, two, three = farm.machines.values()
    three.order("web", Action.STOP)
    farm.world.advance(4.0)
    three.scripts[Script.START_BOTH] = FakeScript(0.2)
    three.order("web", Action.START)
    while not any(run.script is Script.START_BOTH for run in three.running_scripts()):
        farm.world.advance(0.001)
    farm.network.cut("n3", "n1", *farm.lans)
    while not three.health["web"]:
        farm.world.advance(0.001)
    two.tell(ev.AgentStopping())
    farm.world.advance(0.001)
    two.kill_agent()

    def look() -> None:
        held = [machine.kernel.slots("web", farm.world.now) for machine in (one, three)]
        assert not held[0] or not held[1] or not held[0].datagrams & held[1].datagrams

    farm.world.advance(0.1, look)
    assert len(mine(farm, "n1")) == SLOTS
    farm.network.heal()
    farm.world.advance(1.0, look)
    assert 0 < len(mine(farm, "n1")) == SLOTS - len(mine(farm, "n3")) < SLOTS


def test_two_that_come_at_once_do_not_both_inherit_from_the_third() -> None:
    """n1 hears of n3 and lets it have slots, then of n2, whose some of them are; n3 hears of n2 last (seed 2227)."""
    farm = started(names=("n1", "n2", "n3"))
    _, two, three = farm.machines.values()
    for machine in (two, three):
        machine.order("web", Action.STOP)
    farm.world.advance(6.0)
    for machine in (three, two):
        machine.scripts[Script.START_BOTH] = FakeScript(0.2)
        machine.order("web", Action.START)
    while not any(run.script is Script.START_BOTH for run in two.running_scripts()):
        farm.world.advance(0.001)
    for lan in (*farm.lans, WIRE):
        farm.network.cut("n2", "n1", lan)
        farm.network.cut("n2", "n3", lan)

    def look() -> None:
        held = [machine.kernel.slots("web", farm.world.now) for machine in (two, three)]
        assert not held[0] or not held[1] or not held[0].datagrams & held[1].datagrams

    farm.world.advance(0.5, look)
    assert len(mine(farm, "n3")) in (127, 128, 129)
    farm.network.cuts -= {("n2", "n1", lan) for lan in (*farm.lans, WIRE)}
    farm.world.advance(0.2, look)
    farm.network.heal()
    farm.world.advance(0.3, look)
    assert all(85 <= len(mine(farm, name)) <= 86 for name in farm.machines)


def test_who_comes_does_not_go_by_the_word_of_who_leaves_at_that_moment() -> None:
    """n2 gives up all it has, n1 takes it and has not heard of n3, whose some of it would have been (seed 50205)."""
    farm = started(names=("n1", "n2", "n3"))
    one, two, three = farm.machines.values()
    three.order("web", Action.STOP)
    farm.world.advance(6.0)
    three.scripts[Script.START_BOTH] = FakeScript(0.2)
    three.order("web", Action.START)
    while not any(run.script is Script.START_BOTH for run in three.running_scripts()):
        farm.world.advance(0.001)
    for lan in (*farm.lans, WIRE):
        farm.network.cut("n3", "n1", lan)
    while not three.health["web"]:
        farm.world.advance(0.001)
    two.tell(ev.LansBound(frozenset()))

    def look() -> None:
        held = [machine.kernel.slots("web", farm.world.now) for machine in (one, three)]
        assert not held[0] or not held[1] or not held[0].datagrams & held[1].datagrams

    farm.world.advance(0.2, look)
    assert (len(mine(farm, "n1")), len(mine(farm, "n2"))) == (SLOTS, 0)
    farm.network.heal()
    farm.world.advance(1.0, look)
    assert 0 < len(mine(farm, "n1")) == SLOTS - len(mine(farm, "n3")) < SLOTS


def test_nodes_that_know_each_other_by_the_wire_alone_share_the_slots_soon() -> None:
    """Both were frozen and come back without UDP: they tell each other by probes what they have heard."""
    farm = started()
    for machine, seconds in zip(farm.machines.values(), (3.0, 3.015), strict=True):
        machine.freeze(seconds)
    farm.world.advance(1.0)
    farm.network.part({"n1"}, {"n2"}, *farm.lans)
    farm.world.advance(2.0 + farm.cluster.window + 0.2)
    assert len(mine(farm, "n1") | mine(farm, "n2")) == SLOTS
    assert not mine(farm, "n1") & mine(farm, "n2")


def test_who_was_frozen_waits_for_those_whose_silence_it_forgives() -> None:
    """n1 loses n2 by UDP, not by the wire, and is frozen: what n2 has said before says nothing of what it has now."""
    farm = started()
    one = farm.machines["n1"]
    farm.network.cut("n1", "n2", *farm.lans)
    while not any(line.text.startswith("n2 lost") for line in one.log):
        farm.world.advance(0.01)
    one.freeze(3.0)
    farm.world.advance(2.0)
    farm.network.heal()
    comes_back(farm)


def test_who_was_frozen_waits_for_those_whom_it_knows_by_the_wire_alone() -> None:
    """They are heard again by a probe that answers one from after the freeze."""
    farm = started()
    farm.network.part({"n1"}, {"n2"}, *farm.lans)
    farm.world.advance(5.0)
    farm.machines["n1"].freeze(3.0)
    farm.world.advance(2.9)
    comes_back(farm)


def test_who_was_frozen_waits_for_an_agent_that_was_started_in_the_meantime() -> None:
    """n1 has left, has come back and taken all while n2 stood still; n2 is sure of n3 first (seed 31497)."""
    farm = started(names=("n1", "n2", "n3"))
    one, two, three = farm.machines.values()
    three.order("web", Action.STOP)
    one.tell(ev.AgentStopping())
    farm.world.advance(0.001)
    one.kill_agent()
    farm.world.advance(2.0)
    two.freeze(3.0)
    one.start_agent()
    farm.world.advance(2.9)
    assert [len(mine(farm, name)) for name in farm.machines] == [SLOTS, 0, 0]
    farm.network.cut("n2", "n1", *farm.lans)

    def look() -> None:
        assert not mine(farm, "n1") & mine(farm, "n2")

    farm.world.advance(0.6, look)
    farm.network.heal()
    farm.world.advance(1.0)
    assert 0 < len(mine(farm, "n1")) == SLOTS - len(mine(farm, "n2")) < SLOTS


def test_who_was_frozen_waits_for_who_was_frozen_before_it() -> None:
    """n1 has lost n2, then stands still, too; what n2 has said since waits in its sockets (seed 60509)."""
    farm = started(names=("n1", "n2", "n3"))
    one, two, three = farm.machines.values()
    three.order("web", Action.STOP)
    two.freeze(3.0)
    farm.world.advance(2.9)
    one.freeze(3.0)
    farm.world.advance(2.9)
    assert [len(mine(farm, name)) for name in farm.machines] == [0, SLOTS, 0]
    farm.network.cut("n1", "n2", *farm.lans)

    def look() -> None:
        assert not mine(farm, "n1") & mine(farm, "n2")

    farm.world.advance(0.6, look)
    farm.network.heal()
    farm.world.advance(1.0)
    assert 0 < len(mine(farm, "n1")) == SLOTS - len(mine(farm, "n2")) < SLOTS


def comes_back(farm: Farm) -> None:
    """n1, whose slots n2 has taken, has its own again, and no datagram was answered twice."""
    one, two = farm.machines.values()
    assert (len(mine(farm, "n1")), len(mine(farm, "n2"))) == (0, SLOTS)

    def look() -> None:
        held = [machine.kernel.slots("web", farm.world.now) for machine in (one, two)]
        assert not held[0] or not held[1] or not held[0].datagrams & held[1].datagrams

    farm.world.advance(2.0, look)
    assert 0 < len(mine(farm, "n1")) == SLOTS - len(mine(farm, "n2")) < SLOTS


def test_who_has_given_slots_up_does_not_keep_them_when_it_serves_again() -> None:
    """n2 hears of n1, which has all slots, while it restarts, and is ready within two seconds (seed 50470)."""
    farm = started()
    one, two = farm.machines.values()
    farm.network.part({"n1"}, {"n2"}, *farm.lans, WIRE)
    farm.world.advance(3.0)
    two.order("web", Action.RESTART)
    while not any(run.script is Script.START_BOTH for run in two.running_scripts()):
        farm.world.advance(0.001)
    farm.network.cuts -= {("n2", "n1", lan) for lan in farm.lans}
    farm.world.advance(0.15)
    farm.network.heal()  # n2 is the first that hears the other both ways: n1 never sees a table but its own
    while mine(farm, "n2"):
        farm.world.advance(0.001)
    assert not two.health["web"]

    def look() -> None:
        first, second = (machine.kernel.slots("web", farm.world.now) for machine in (one, two))
        if first and second:
            assert not first.datagrams & second.datagrams
            assert first.mine & second.mine <= first.quiet & second.quiet

    farm.world.advance(1.5, look)
    assert 0 < len(mine(farm, "n1")) == SLOTS - len(mine(farm, "n2")) < SLOTS


def test_the_last_node_keeps_what_its_kernel_does_not_give_up() -> None:
    """n1 was alone, so its kernel holds the slots for ever; it refuses, and n2 comes: n2 takes nothing."""
    farm = started()
    one, two = farm.machines.values()
    two.order("web", Action.STOP)
    farm.world.advance(1.0)
    two.power_off()
    farm.world.advance(3.0)
    one.kernel.refuses_slots = "Operation not permitted"
    two.start_agent()
    two.order("web", Action.START)
    farm.world.advance(8.0)
    assert (len(mine(farm, "n1")), len(mine(farm, "n2"))) == (SLOTS, 0)
    one.kernel.refuses_slots = ""
    farm.world.advance(2.0)
    assert mine(farm, "n2") == frozenset(range(SLOTS)) - mine(farm, "n1") != frozenset()


@pytest.mark.parametrize("lost", ["nothing", "one of two addresses"])
def test_two_that_come_one_after_the_other_wait_for_what_a_kernel_does_not_give_up(lost: str) -> None:
    """n3 cannot tell from n1's last table what n1's kernel holds: it is one without n2."""
    farm = started(names=("n1", "n2", "n3"), more=(SECOND,))
    one, *others = farm.machines.values()
    for machine in others:
        machine.order("web", Action.STOP)
    farm.world.advance(1.0)
    for machine in others:
        machine.power_off()
    farm.world.advance(3.0)
    one.kernel.refuses_slots = "Operation not permitted"
    if lost != "nothing":
        breaks(one)
    for machine in others:
        machine.start_agent()
        machine.order("web", Action.START)
        farm.world.advance(8.0)
        assert [len(mine(farm, name)) for name in farm.machines] == [SLOTS, 0, 0]
    one.kernel.refuses = one.kernel.refuses_slots = ""
    farm.world.advance(8.0)
    assert all(85 <= len(mine(farm, name)) <= 86 for name in farm.machines)


def test_an_agent_whose_kernel_refuses_says_no_goodbye() -> None:
    """Its slots run out by themselves; until then nobody may take them."""
    farm = started()
    machine = farm.machines["n1"]
    machine.kernel.refuses_slots = "Operation not permitted"
    farm.world.advance(0.5)
    nothing_is_answered_twice_after_a_stop(farm)


def test_a_goodbye_waits_for_the_kernel() -> None:
    """It begins to refuse just before its agent is stopped, and could not show it yet."""
    farm = started()
    farm.machines["n1"].kernel.refuses_slots = "Operation not permitted"
    nothing_is_answered_twice_after_a_stop(farm)


def nothing_is_answered_twice_after_a_stop(farm: Farm) -> None:
    machine = farm.machines["n1"]
    machine.tell(ev.AgentStopping())
    farm.world.advance(0.001)
    machine.kill_agent()

    def look() -> None:
        assert not mine(farm, "n1") & mine(farm, "n2")

    farm.world.advance(2.0, look)
    assert len(mine(farm, "n2")) == SLOTS


def test_a_kernel_that_refuses_is_not_asked_all_the_time() -> None:
    farm = started()
    machine = farm.machines["n1"]
    machine.kernel.refuses_slots = "Operation not permitted"
    machine.effects.clear()
    farm.machines["n2"].order("web", Action.STOP)
    farm.world.advance(5.0)
    assert sum(isinstance(effect, SetSlots) for effect in machine.effects) < 60


def test_what_a_kernel_has_refused_is_offered_again_though_nothing_changes() -> None:
    """n2 comes alone, its kernel refuses its first, empty slots for longer than a window (seed 30019)."""
    farm = started()
    one, two = farm.machines.values()
    for machine in (one, two):
        machine.order("web", Action.STOP)
    farm.world.advance(1.0)
    one.power_off()
    farm.world.advance(2.0)
    two.kernel.refuses_slots = "Operation not permitted"
    two.order("web", Action.START)
    farm.world.advance(3.0)
    assert two.health["web"]
    assert not mine(farm, "n2")
    two.kernel.refuses_slots = ""
    farm.world.advance(1.0)
    assert len(mine(farm, "n2")) == SLOTS


@pytest.mark.parametrize("change", ["added", "removed"])
def test_who_was_started_without_the_virtual_ip_takes_no_slots(change: str) -> None:
    """Of two nodes that serve, one has been started anew since the revision: the other has the clients of both."""
    farm = started()
    one, two = farm.machines.values()
    vip = farm.modules["web"].vip
    farm.change_module("web", vip=None)
    if change == "added":
        for machine in (one, two):
            machine.order("web", Action.STOPSTART)
        farm.world.advance(8.0)
        farm.change_module("web", vip=vip)
    one.order("web", Action.STOPSTART)
    farm.world.advance(12.0)
    assert one.health["web"]
    assert two.health["web"]
    having = "n1" if change == "added" else "n2"
    assert [len(mine(farm, name)) for name in NAMES] == [SLOTS if name == having else 0 for name in NAMES]
    assert all(machine.agent is not None and not machine.agent.alarms(farm.world.now) for machine in (one, two))
    two.order("web", Action.STOPSTART)
    farm.world.advance(8.0)
    assert [len(mine(farm, name)) for name in NAMES] == ([SLOTS // 2] * 2 if change == "added" else [0, 0])


def test_a_virtual_ip_that_comes_during_a_start_waits_for_the_next_one() -> None:
    """As the scripts do: the agent that comes after a crash goes by the revision whose scripts run."""
    farm = started()
    one, two = farm.machines.values()
    vip = farm.modules["web"].vip
    farm.change_module("web", vip=None)
    two.order("web", Action.STOP)
    one.scripts[Script.PRESTART] = FakeScript(0.5)
    one.order("web", Action.STOPSTART)
    while not any(run.script is Script.PRESTART for run in one.running_scripts()):
        farm.world.advance(0.01)
    farm.change_module("web", vip=vip)
    farm.world.advance(5.0)
    assert one.health["web"]
    assert not one.kernel.tables
    one.kill_agent()
    one.start_agent()
    farm.world.advance(5.0)
    assert one.health["web"]
    assert not one.kernel.tables
    one.order("web", Action.STOPSTART)
    farm.world.advance(8.0)
    assert len(mine(farm, "n1")) == SLOTS


def test_what_an_agent_on_a_full_disk_has_put_into_the_kernel_goes_with_its_crash() -> None:
    """The state that the next agent finds is that of a stop before: of a revision without a virtual IP."""
    farm = started()
    one, vip = farm.machines["n1"], farm.modules["web"].vip
    farm.change_module("web", vip=None)
    one.order("web", Action.STOPSTART)
    farm.world.advance(8.0)
    one.order("web", Action.STOP)
    farm.world.advance(3.0)
    one.disk_error = "No space left on device"
    farm.change_module("web", vip=vip)
    one.order("web", Action.START)
    farm.world.advance(5.0)
    assert one.kernel.tables["web"].addresses
    one.kill_agent()
    one.start_agent()
    farm.world.advance(1.0)
    assert not one.kernel.tables


def test_one_of_two_addresses_is_gone_and_the_kernel_refuses_to_put_it_back() -> None:
    """Clients of the other address go on: n1's slots are in its kernel until they run out, and n3 waits for that."""
    farm = started(names=("n1", "n2", "n3"), more=(SECOND,))
    one, _, three = farm.machines.values()
    three.tell(ev.LansBound(frozenset()))
    farm.world.advance(8.0)
    assert not mine(farm, "n3")
    breaks(one)
    while not any("was removed by somebody else" in line.text for line in one.log):
        farm.world.advance(0.001)
    three.tell(ev.LansBound(frozenset(farm.lans)))

    def look() -> None:
        held = [machine.kernel.slots("web", farm.world.now) for machine in (one, three)]
        assert not held[0] or not held[1] or not held[0].datagrams & held[1].datagrams

    farm.world.advance(2.5, look)
    assert (len(mine(farm, "n1")), len(mine(farm, "n2") | mine(farm, "n3"))) == (0, SLOTS)
    one.kernel.refuses = one.kernel.refuses_slots = ""
    farm.world.advance(8.0, look)
    assert all(85 <= len(mine(farm, name)) <= 86 for name in farm.machines)


@pytest.mark.parametrize("all_of_it", [False, True], ids=["slots", "all"])
def test_a_new_agent_knows_that_the_kernel_holds_slots_for_ever(all_of_it: bool) -> None:
    """n1 was alone, its agent is killed, and its kernel refuses the next one (seed 5568): n2 takes nothing."""
    farm = started()
    one, two = farm.machines.values()
    two.order("web", Action.STOP)
    farm.world.advance(1.0)
    two.power_off()
    farm.world.advance(3.0)
    one.kill_agent()
    one.kernel.refuses_slots = "Operation not permitted"
    one.kernel.refuses = one.kernel.refuses_slots if all_of_it else ""
    one.start_agent()
    farm.world.advance(1.0)
    two.start_agent()
    two.order("web", Action.START)
    farm.world.advance(8.0)
    assert (len(mine(farm, "n1")), len(mine(farm, "n2"))) == (SLOTS, 0)
    one.kernel.refuses = one.kernel.refuses_slots = ""
    farm.world.advance(8.0)
    assert mine(farm, "n2") == frozenset(range(SLOTS)) - mine(farm, "n1") != frozenset()


def test_a_new_agent_asks_a_kernel_again_soon() -> None:
    """It refuses an agent's first words, and holds what the one before has put there for ever (seed 31504)."""
    farm = started()
    one, _ = farm.machines.values()
    farm.network.part({"n1"}, {"n2"}, *farm.lans, WIRE)
    farm.world.advance(3.0)
    one.kill_agent()
    one.kernel.refuses = one.kernel.refuses_slots = "Operation not permitted"
    one.start_agent()
    farm.world.advance(0.1)
    assert len(mine(farm, "n1") & mine(farm, "n2")) == SLOTS
    one.kernel.refuses = one.kernel.refuses_slots = ""
    farm.network.heal()
    farm.world.advance(1.5)
    assert not mine(farm, "n1") & mine(farm, "n2")
    farm.world.advance(2.0)
    assert len(mine(farm, "n1")) == len(mine(farm, "n2")) == SLOTS // 2


@pytest.mark.parametrize("lost", ["its only address", "one of two addresses", "its filter"])
def test_what_the_last_node_has_lost_its_kernel_does_not_take_back(lost: str) -> None:
    """It holds the slots for ever: n2 waits while they answer for an address, and serves alone when they do not."""
    more = (SECOND,) if lost == "one of two addresses" else ()
    farm = started(more=more)
    one, two = farm.machines.values()
    two.order("web", Action.STOP)
    farm.world.advance(1.0)
    two.power_off()
    farm.world.advance(3.0)
    breaks(one)
    if lost == "its filter":
        one.kernel.tables["web"].addresses = True
        one.kernel.flush()
    farm.world.advance(6.0)
    two.start_agent()
    two.order("web", Action.START)
    farm.world.advance(8.0)
    assert len(mine(farm, "n1")) == (0 if lost == "its filter" else SLOTS)
    assert len(mine(farm, "n2")) == (0 if more else SLOTS)
    one.kernel.refuses = one.kernel.refuses_slots = ""
    farm.world.advance(8.0)
    assert mine(farm, "n2") == frozenset(range(SLOTS)) - mine(farm, "n1") != frozenset()


def breaks(machine: FakeMachine) -> None:
    """Somebody deletes an address, and the kernel does not take it back."""
    machine.kernel.tables["web"].addresses = False
    machine.kernel.refuses = machine.kernel.refuses_slots = "Operation not permitted"
