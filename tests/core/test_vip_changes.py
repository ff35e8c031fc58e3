"""A virtual IP that comes, goes and changes with revisions, names and links; what a kernel confirms."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import ClusterConfig, Lan, ModuleConfig, NodeAddress
from nodeagent.contract.states import Action, State
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.handover import Presence
from nodeagent.core.module_traffic import ModuleTraffic
from nodeagent.core.surroundings import Surroundings
from nodeagent.core.traffic_messages import LinkSeen, SetSlots, SlotsSet, TrafficPrepared
from nodeagent.core.view import Member
from tests.core.test_farm_traffic import KEY, NAMES, READY, SCRIPTS, FakeSwitchedFarm, shop
from tests.fakes.farm import READY as BEAT
from tests.fakes.vip_kernel import INTERFACE

PLAIN = replace(shop(), vip=None)


@pytest.fixture
def farm() -> FakeSwitchedFarm:
    return FakeSwitchedFarm()


def revise(farm: FakeSwitchedFarm, module: ModuleConfig) -> None:
    for machine in farm.machines.values():
        machine.install(module, frozenset(SCRIPTS))
    farm.run(3.0)


def order(farm: FakeSwitchedFarm, action: Action) -> None:
    for machine in farm.machines.values():
        machine.order("shop", action)
    farm.run(12.0)


def test_a_virtual_ip_that_a_revision_takes_away_goes_with_the_next_stop(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    revise(farm, PLAIN)
    assert all(farm.owners())
    order(farm, Action.STOPSTART)
    assert [farm.shown(name) for name in NAMES] == [READY] * 3
    assert [machine.kernel.tables for machine in farm.machines.values()] == [{}] * 3
    assert farm.machines["n1"].agent.vip("shop", farm.world.now) is None  # type: ignore[union-attr]


def test_a_virtual_ip_that_a_revision_brings_comes_with_the_next_start(farm: FakeSwitchedFarm) -> None:
    farm.start(PLAIN)
    revise(farm, shop())
    assert [machine.kernel.tables for machine in farm.machines.values()] == [{}] * 3
    order(farm, Action.STOPSTART)
    assert [farm.shown(name) for name in NAMES] == [READY] * 3
    assert sorted(len(farm.mine(name)) for name in NAMES) == [85, 85, 86]


@pytest.mark.parametrize("cleanly", [False, True])
def test_an_agent_goes_on_with_the_virtual_ip_that_was_started_and_takes_it_away_with_the_stop(
    farm: FakeSwitchedFarm, cleanly: bool
) -> None:
    farm.start(shop())
    revise(farm, PLAIN)
    for machine in farm.machines.values():
        if cleanly:
            machine.tell(ev.AgentStopping())
        machine.kill_agent()
        machine.start_agent()
    farm.run(5.0)
    assert [farm.shown(name) for name in NAMES] == [READY] * 3
    assert sorted(len(farm.mine(name)) for name in NAMES) == [85, 85, 86]
    order(farm, Action.STOPSTART)
    assert [farm.shown(name) for name in NAMES] == [READY] * 3
    assert [machine.kernel.tables for machine in farm.machines.values()] == [{}] * 3


def test_a_stopped_module_has_no_trouble_with_its_virtual_ip(farm: FakeSwitchedFarm) -> None:
    machine = farm.machines["n1"]
    machine.kernel.refuses = "no nft here"
    farm.start(shop())
    assert "the virtual IP cannot be put on this node: no nft here" in farm.said("n1")
    assert farm.shown("n1")[0] is State.STOP
    assert "no nft here" in machine.why("shop")
    assert machine.agent is not None
    assert machine.agent.alarms(farm.world.now) == ()


def test_an_agent_sleeps_when_its_last_virtual_ip_was_removed_just_after_a_link_came_back(
    farm: FakeSwitchedFarm,
) -> None:
    farm.start(shop())
    order(farm, Action.STOP)
    machine = farm.machines["n1"]
    for event in (LinkSeen(INTERFACE, False), LinkSeen(INTERFACE, True), ev.ModuleRemoved("shop")):
        machine.tell(event)
    farm.run(1.5)
    steps: list[float] = []
    farm.world.advance(1.0, lambda: steps.append(farm.world.now))
    assert len(steps) < 1000  # heartbeats of three nodes; one that never sleeps makes ten thousand


def test_a_node_that_comes_back_under_another_name_owns_slots_by_that_name(farm: FakeSwitchedFarm) -> None:
    farm.start(shop())
    order(farm, Action.STOP)
    one = farm.machines["n1"]
    assert one.agent is not None
    lan = Lan("lan", tuple(NodeAddress(name, f"10.0.0.{i}") for i, name in enumerate(("n9", "n2", "n3"), 1)))
    one.tell(ev.ClusterConfigured(None))
    one.tell(ev.ClusterConfigured(ClusterConfig((lan,), signature="two"), "n9", (KEY,)))
    assert one.agent.traffic.traffic_of("shop").me == "n9"  # type: ignore[union-attr]


# --- what a kernel confirms -------------------------------------------------------------------------

PEER = Presence(alive=True, up=True)


def around(*serving: str, others: dict[str, Presence]) -> Surroundings:
    view = tuple(Member(name, name.encode().ljust(16), BEAT) for name in serving)
    return Surroundings(
        view, serving=True, others=others, staged={}, window=1.0, pulse=0.1, doubt=False, may_serve=True
    )


def told(effects: list[do.Effect]) -> SetSlots:
    """What the kernel is told now."""
    found = [effect for effect in effects if isinstance(effect, SetSlots)]
    effects.clear()
    (slots,) = found
    return slots


def alone() -> tuple[ModuleTraffic, list[do.Effect]]:
    """n1, which has just become the last node; the kernel has not answered yet."""
    config, effects = shop(), list[do.Effect]()
    assert config.vip is not None
    traffic = ModuleTraffic(config, config.vip, "n1", effects.append)
    traffic.come()
    traffic.taken(TrafficPrepared("shop", interfaces=(("10.0.0.100", INTERFACE),)), 0.0)
    traffic.follow(around("n1", others={"n2": Presence()}), 0.0)
    return traffic, effects


def test_slots_that_were_confirmed_without_a_time_out_are_held_whatever_is_refused_later() -> None:
    traffic, effects = alone()
    first = told(effects)
    assert first.timeout is None
    traffic.follow(around("n1", "n2", others={"n2": PEER}), 0.001)
    second = told(effects)
    assert second.timeout == pytest.approx(0.8)
    traffic.slots_set(SlotsSet("shop", first.epoch, timeout=first.timeout), 0.001)
    traffic.slots_set(SlotsSet("shop", second.epoch, "no such device", second.timeout), 0.001)
    for step in range(1, 30):
        traffic.follow(around("n1", "n2", others={"n2": PEER}), step / 10)
    assert traffic.able  # or another node would take what this kernel holds for ever
    assert traffic.seen == 0
    assert traffic.stuck


def test_a_refusal_of_slots_without_a_time_out_leaves_those_that_run_out() -> None:
    traffic, effects = alone()
    effects.clear()
    two = around("n1", "n2", others={"n2": PEER})
    traffic.follow(two, 0.5)
    second = told(effects)
    traffic.slots_set(SlotsSet("shop", second.epoch, timeout=second.timeout), 0.5)
    last = around("n1", others={"n2": Presence()})
    traffic.follow(last, 0.6)
    assert told(effects).timeout is None
    traffic.slots_set(SlotsSet("shop", traffic.handover.table.epoch, "no such device", None), 0.6)
    for step in range(7, 30):
        traffic.follow(last, step / 10)
    assert not traffic.able


def test_an_agent_that_ends_waits_for_the_answer_to_what_it_said_last() -> None:
    traffic, effects = alone()
    first = told(effects)
    traffic.leave()
    last = told(effects)
    traffic.slots_set(SlotsSet("shop", first.epoch, timeout=first.timeout), 0.001)
    assert not traffic.let_go
    traffic.slots_set(SlotsSet("shop", last.epoch, timeout=last.timeout), 0.002)
    assert traffic.let_go


def test_an_answer_that_comes_after_the_stop_is_no_trouble() -> None:
    traffic, effects = alone()
    first = told(effects)
    traffic.go()
    traffic.slots_set(SlotsSet("shop", first.epoch, "no such table", None), 0.01)
    assert traffic.alarms(0.02) == ()
    assert traffic.able


def test_who_answers_for_the_address_goes_by_the_nodes_of_today() -> None:
    traffic, effects = alone()
    effects.clear()
    config = shop()
    traffic.reconfigure(replace(config, nodes=("n0", *config.nodes)))
    traffic.follow(around("n0", "n1", others={"n0": PEER}), 0.1)
    assert not told(effects).director
