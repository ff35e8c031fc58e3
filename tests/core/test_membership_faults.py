"""Storms over many seeds: the invariants of the membership hold whatever the network and the machines do."""

from random import Random

import pytest

from tests.fakes.farm import FakeFarm, cluster

DELAY = 0.02
SLACK = 0.01


def storm(seed: int, nodes: int, lans: int) -> tuple[FakeFarm, Random]:
    farm = FakeFarm(cluster(nodes, lans), seed)
    farm.network.delay = DELAY
    farm.network.doubled = 0.1
    farm.start_all()
    return farm, Random(seed)


def sides_agree(farm: FakeFarm, sides: list[set[str]]) -> None:
    """In each settled partition: one view of exactly its living nodes, one epoch, one table without a hole."""
    for side in sides:
        living = side & farm.agents.keys()
        assert len({farm.epoch(name) for name in living}) <= 1
        assert len({farm.owners(name) for name in living}) <= 1
        for name in living:
            assert {member.node for member in farm.view(name)} == living
            assert set(farm.owners(name)) <= living


@pytest.mark.covers("invariant 1", "invariant 5")
@pytest.mark.parametrize("seed", range(12))
def test_partitions_settle_and_heal_to_one_view_and_one_table(seed: int) -> None:
    nodes, lans = 2 + seed % 4, 1 + seed % 2
    farm, random = storm(seed, nodes, lans)
    names = set(farm.config.nodes)
    lan_names = [lan.name for lan in farm.config.lans]
    window = farm.config.window
    for _ in range(6):
        one = set(random.sample(sorted(names), random.randint(1, nodes - 1)))
        farm.network.part(one, names - one, *lan_names)
        farm.run(window + farm.config.pulse + 2 * DELAY)
        sides_agree(farm, [one, names - one])
        farm.network.heal()
        farm.run(window)
        sides_agree(farm, [names])


@pytest.mark.covers("invariant 1", "invariant 2")
@pytest.mark.parametrize("nodes", [2, 3, 8, 16])
def test_all_survivors_agree_within_a_window_and_a_pulse(nodes: int) -> None:
    farm, random = storm(nodes, nodes, 1)
    names = set(farm.config.nodes)
    limit = farm.config.window + farm.config.pulse + DELAY + SLACK
    for _ in range(4 if nodes < 16 else 1):
        farm.run(random.random())
        victim = random.choice(sorted(names))
        before = farm.owners(next(iter(names - {victim})))
        farm.kill(victim)
        farm.run(farm.config.window * 0.8)
        assert all(victim in farm.alive(name) for name in farm.agents), "nobody is lost before its time"
        farm.run(limit - farm.config.window * 0.8)
        sides_agree(farm, [names])
        after = farm.owners(next(iter(farm.agents)))
        assert all(b == a for a, b in zip(before, after, strict=True) if a != victim), "only its slots move"
        farm.start(victim)
        farm.run(0.5)
        sides_agree(farm, [names])
        assert farm.owners(victim) == before


@pytest.mark.parametrize("seed", range(6))
def test_loss_of_a_fifth_of_all_datagrams_loses_nobody(seed: int) -> None:
    farm, _ = storm(seed, 3, 1)
    farm.network.loss = 0.2
    farm.run(30.0)
    for name in farm.agents:
        assert not any("lost" in line for line in farm.said(name))


@pytest.mark.covers("invariant 3")
@pytest.mark.parametrize("seed", range(20))
def test_frozen_nodes_cause_no_lost_verdict_about_others(seed: int) -> None:
    farm, random = storm(seed, 2 + seed % 4, 1 + seed % 2)
    for _ in range(5):
        victims = random.sample(sorted(farm.agents), random.randint(1, len(farm.agents)))
        for victim in victims:
            seconds = random.choice((0.3, 0.6, 1.0, 5.0, 12.0))
            farm.freeze(victim, seconds) if random.random() < 0.5 else farm.pause(victim, seconds)
        said = {name: len(farm.said(name)) for name in farm.agents}
        farm.run(14.5)
        for victim in victims:
            lines = farm.said(victim)[said[victim] :]
            lost = {line.split()[0] for line in lines if " lost: " in line}
            assert lost <= set(victims) - {victim}, "only those that were really silent for a window"
        sides_agree(farm, [set(farm.agents)])


@pytest.mark.parametrize("seed", range(25))
def test_after_any_storm_one_view_and_one_table(seed: int) -> None:
    nodes, lans = 2 + seed % 5, 1 + seed % 3
    farm, random = storm(seed, nodes, lans)
    names, lan_names = farm.config.nodes, [lan.name for lan in farm.config.lans]
    for _ in range(25):
        a, b = random.sample(names, 2)
        match random.choice(["loss", "cut", "part", "kill", "start", "freeze", "pause", "leave", "delay", "heal"]):
            case "loss":
                farm.network.loss = random.uniform(0, 0.3)
            case "delay":
                farm.network.delay = random.choice((0.001, 0.1, 0.5))
            case "cut":
                farm.network.cut(a, b, random.choice(lan_names))
            case "part":
                farm.network.part({a}, {b}, *lan_names)
            case "heal":
                farm.network.heal()
            case "kill" if a in farm.agents and len(farm.agents) > 1:
                farm.kill(a)
            case "leave" if a in farm.agents and len(farm.agents) > 1:
                farm.leave(a)
            case "start":
                farm.start(a)
            case "freeze" if a in farm.agents:
                farm.freeze(a, random.uniform(0.3, 4))
            case "pause" if a in farm.agents:
                farm.pause(a, random.uniform(0.3, 4))
        farm.run(random.uniform(0.05, 2))
        for agent in farm.agents.values():
            assert not any("name" in reason or "malformed" in reason for reason in agent.membership.rejected())
    farm.network.heal()
    farm.network.loss, farm.network.delay = 0.0, DELAY
    farm.run(5.0)  # the last freeze has ended
    farm.run(2 * farm.config.window + farm.config.pulse)
    sides_agree(farm, [set(names)])


@pytest.mark.covers("invariant 6")
def test_the_wall_clock_changes_nothing() -> None:
    logs = []
    for years in (0, 1):
        farm, random = storm(7, 3, 2)
        for step in range(12):
            for name, agent in farm.agents.items():
                agent.membership.set_wall_offset(years * 31_536_000.0 * (-1) ** step)
                farm.said(name)
            if step == 3:
                farm.network.part({"node1"}, {"node2", "node3"}, "lan1", "lan2")
            if step == 6:
                farm.network.heal()
            farm.run(random.random())
        logs.append({name: farm.said(name) for name in farm.agents})
    assert logs[0] == logs[1]
    assert any("lost" in line for line in logs[0]["node1"])
