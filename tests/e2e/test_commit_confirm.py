"""A change of the cluster that nobody confirms goes back by itself, on real agents, over kill -9 and power off."""

import base64
import time
from collections.abc import Sequence
from itertools import count
from typing import Any

import pytest

from tests.e2e.real_farm import RealFarm, RealNode, until

PULSES = count(100)
WITHIN = 2.0
INSIDE = 6.0
"""Seconds to confirm in: somebody does, on a busy machine too."""
ENOUGH = 20.0
"""Seconds for a deadline, a listening time and a busy machine."""


def signature(node: RealNode) -> str:
    return str(node.get("/cluster")["signature"])


def pending(node: RealNode) -> Any:
    return node.get("/cluster").get("pending")


def said_by(node: RealNode, words: str) -> None:
    """Wait until a line of its log on the disk has these words."""
    until(lambda: any(words in line["text"] for line in node.log()), ENOUGH, f"{node.name} says: {words}")


def commit(farm: RealFarm, nodes: Sequence[RealNode], within: float = WITHIN) -> str:
    """Another pulse for the cluster, staged and committed on these nodes; its signature."""
    lines = "".join(f'<node name="{n.name}" addr="{n.address}"/>' for n in farm.nodes)
    xml = f'<cluster><lans pulse="{next(PULSES)}ms"><lan name="default">{lines}</lan></lans></cluster>'.encode()
    staged = [
        node.ask("POST", "/cluster/stage", {"xml": base64.b64encode(xml).decode(), "name": node.name}) for node in nodes
    ]
    assert all(one["ok"] for one in staged), staged
    for node in nodes:
        node.ask("POST", "/cluster/commit", {"signature": staged[0]["signature"], "confirm_within": within})
    return str(staged[0]["signature"])


@pytest.fixture
def settled(farm: RealFarm) -> tuple[RealFarm, str]:
    """The farm, all of one configuration that is final, and its signature."""
    before = commit(farm, farm.nodes, within=0.0)
    until(lambda: all(same(node) for node in farm.nodes), ENOUGH, "all nodes hear each other")
    return farm, before


def same(node: RealNode) -> bool:
    return all(peer["alive"] and peer["same_configuration"] for peer in node.get("/status")["peers"])


def test_nobody_confirms_and_all_go_back(settled: tuple[RealFarm, str]) -> None:
    farm, before = settled
    after = commit(farm, farm.nodes, INSIDE)
    waiting = pending(farm.nodes[0])
    assert (waiting["signature"], waiting["within"]) == (after, INSIDE)
    assert 0.0 <= waiting["seconds_left"] <= INSIDE
    for node in farm.nodes:
        until(lambda node=node: signature(node) == before, ENOUGH, f"{node.name} goes back")  # type: ignore[misc]
        assert pending(node) is None
    until(lambda: all(same(node) for node in farm.nodes), ENOUGH, "all nodes hear each other again")
    said_by(farm.nodes[0], "goes back to the one before: nobody confirmed it")


def test_one_confirmed_node_is_enough_for_those_that_hear_it(settled: tuple[RealFarm, str]) -> None:
    farm, _ = settled
    one, two, three = farm.nodes
    after = commit(farm, farm.nodes, INSIDE)
    assert one.ask("POST", "/cluster/confirm", {"signature": after})["signature"] == after
    until(lambda: pending(two) is None and pending(three) is None, ENOUGH, "the others are final")
    assert [signature(node) for node in farm.nodes] == [after] * 3
    said_by(two, "stays: node1 has confirmed it")


def test_power_off_over_the_deadline_then_a_confirmed_peer(settled: tuple[RealFarm, str]) -> None:
    farm, _ = settled
    one, two, three = farm.nodes
    after = commit(farm, farm.nodes, INSIDE)
    three.power_off()
    for node in (one, two):
        node.ask("POST", "/cluster/confirm", {"signature": after})
    time.sleep(INSIDE)
    three.start_agent()
    until(lambda: pending(three) is None, ENOUGH, "node3 has decided")
    assert signature(three) == after


def test_kill_over_the_deadline_and_nobody_to_ask(settled: tuple[RealFarm, str]) -> None:
    farm, before = settled
    one = farm.nodes[0]
    commit(farm, [one])
    one.kill_agent()
    time.sleep(WITHIN)
    one.start_agent()
    until(lambda: signature(one) == before, ENOUGH, "node1 goes back")
    until(lambda: same(one), ENOUGH, "node1 is a peer again")


def test_a_rollback_takes_effect_at_once_and_a_second_change_is_refused(settled: tuple[RealFarm, str]) -> None:
    farm, before = settled
    one = farm.nodes[0]
    after = commit(farm, [one], within=600.0)
    with pytest.raises(AssertionError, match="waits for its confirmation"):
        commit(farm, [one])
    assert one.ask("POST", "/cluster/rollback", {"signature": after})["signature"] == before
    assert pending(one) is None


def test_power_off_of_all_over_the_deadline_and_each_comes_back_alone(settled: tuple[RealFarm, str]) -> None:
    farm, before = settled
    one, two, three = farm.nodes
    commit(farm, farm.nodes)
    for node in farm.nodes:
        node.power_off()
    time.sleep(WITHIN)
    one.start_agent()
    until(lambda: signature(one) == before, ENOUGH, "node1 asks nobody and goes back")
    assert pending(one) is None
    two.start_agent()
    until(lambda: signature(two) == before, ENOUGH, "node2 hears nobody who has confirmed it, and goes back")
    one.kill_agent()
    one.start_agent()
    assert signature(one) == before
    three.start_agent()
    until(lambda: all(same(node) and signature(node) == before for node in farm.nodes), ENOUGH, "all are peers again")


def test_power_off_inside_the_time_goes_on_waiting_after_the_boot(settled: tuple[RealFarm, str]) -> None:
    farm, _ = settled
    one = farm.nodes[0]
    after = commit(farm, [one], within=600.0)
    one.power_off()
    one.start_agent()
    waiting = pending(one)
    assert (signature(one), waiting["signature"]) == (after, after)
    assert 0.0 < waiting["seconds_left"] < 600.0
    one.ask("POST", "/cluster/confirm", {"signature": after})
    one.kill_agent()
    one.start_agent()
    assert (signature(one), pending(one)) == (after, None)
