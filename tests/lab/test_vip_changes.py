"""Planned changes under load cost nothing: no reset, no request without an answer."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.real_farm import until
from tests.lab.lab import Lab, running_lab
from tests.lab.vip import VIRTUAL, carried, rule, told, vip, wait_settled
from tests.lab.vip_load import load

Record = Callable[[str, object], None]
DRAIN = 10


def config(powers: dict[str, int] | None = None) -> str:
    return vip(carried(VIRTUAL), rule(), powers=powers)


@pytest.fixture(scope="module")
def lab(possible: None) -> Iterator[Lab]:
    with running_lab() as lab:
        lab.start_farm(drain="2", more=config())
        wait_settled(lab.nodes)
        yield lab


@pytest.fixture
def whole(lab: Lab) -> Lab:
    """Three nodes that serve."""
    for node in lab.nodes:
        if not node.answers():
            node.start_agent()
        if not node.green():
            node.order("start")
    lab.farm.all_green(30)
    wait_settled(lab.nodes)
    return lab


def stop(lab: Lab, number: int) -> None:
    lab.nodes[number].order("stop")
    until(lambda: lab.nodes[number].shown().startswith("STOP"), DRAIN + 20, "stopped")
    wait_settled(node for node in lab.nodes if node is not lab.nodes[number])


def start(lab: Lab, number: int) -> None:
    lab.nodes[number].order("start")
    until(lab.nodes[number].green, 20, "green")
    wait_settled(lab.nodes)


def restart_agent(lab: Lab, number: int) -> None:
    lab.nodes[number].stop_agent()
    lab.nodes[number].start_agent()
    until(lab.nodes[number].green, 20, "green")
    lab.farm.all_hear(20)
    wait_settled(lab.nodes)


def test_a_node_that_joins(whole: Lab, record_property: Record) -> None:
    stop(whole, 2)
    with load(whole) as seen:
        start(whole, 2)
    seen.report("join", record_property)
    assert seen.harm() == {}


def test_a_planned_stop_with_ten_seconds_of_drain(whole: Lab, record_property: Record) -> None:
    whole.farm.apply_nginx(drain=str(DRAIN), more=config())
    with load(whole) as seen:
        stop(whole, 2)
    whole.farm.apply_nginx(drain="2", more=config())
    seen.report("planned stop", record_property)
    assert seen.harm() == {}


def test_new_powers(whole: Lab, record_property: Record) -> None:
    with load(whole) as seen:
        for powers in ({"node1": 4, "node2": 2, "node3": 1}, {"node1": 1, "node2": 0, "node3": 1}, None):
            whole.farm.apply_nginx(drain="2", more=config(powers))
            wanted = powers or {"node1": 1, "node2": 1, "node3": 1}
            until(lambda: all(told(n)["groups"][0]["powers"] == wanted for n in whole.nodes), 10, "in force")
            wait_settled(whole.nodes)
    seen.report("new powers", record_property)
    assert seen.harm() == {}


def test_agents_that_restart_one_after_the_other(whole: Lab, record_property: Record) -> None:
    masters = [p.pid for node in whole.nodes for p in node.processes() if p.name() == "nginx"]
    with load(whole) as seen:
        for number in range(3):
            restart_agent(whole, number)
    seen.report("rolling restart of the agents", record_property)
    assert seen.harm() == {}
    assert [p.pid for node in whole.nodes for p in node.processes() if p.name() == "nginx"] == masters


def test_modules_that_restart_one_after_the_other(whole: Lab, record_property: Record) -> None:
    with load(whole) as seen:
        for number in range(3):
            stop(whole, number)
            start(whole, number)
    seen.report("rolling restart of the modules", record_property)
    assert seen.harm() == {}
