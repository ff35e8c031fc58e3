"""Who answers: one node for every client, whatever the type, the rule, the family and the powers."""

import base64
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.real_farm import until
from tests.lab.application import MODULE, module_files
from tests.lab.clients import echo_server
from tests.lab.lab import Lab, running_lab
from tests.lab.vip import audit, carried, rule, shares, told, vip, wait_settled

SHARED, DIRECTED = ("10.77.0.100", "10.77.0.101", "fd77::64", "fd77::65"), ("10.77.0.102", "10.77.0.103")
BY = {
    "10.77.0.100": "on_addr",
    "10.77.0.101": "on_port",
    "fd77::64": "on_addr",
    "fd77::65": "on_port",
    "10.77.0.102": "on_addr",
    "10.77.0.103": "on_port",
}
POWERS = [
    pytest.param({"node1": one, "node2": two, "node3": three}, id=f"{one}:{two}:{three}")
    for one, two, three in ((1, 1, 1), (4, 2, 1), (1, 0, 1))
]


def config(powers: dict[str, int] | None = None) -> str:
    rules = [rule(address, by=by) for address, by in BY.items()]
    rules += [rule(address, port=7, proto="udp", by=by) for address, by in BY.items()]
    return vip(carried(*SHARED) + carried(*DIRECTED, type="vmac_directed"), *rules, powers=powers)


@pytest.fixture(scope="module")
def lab(possible: None) -> Iterator[Lab]:
    with running_lab() as lab, ExitStack() as servers:
        lab.start_farm(more=config())
        wait_settled(lab.nodes)
        for node in lab.nodes:
            servers.callback(echo_server(node.host).result)
        yield lab


def put_in_force(lab: Lab, powers: dict[str, int]) -> None:
    """A revision on the running farm: nothing changes until the last node has it."""
    files = module_files(lab.network.directory, ("default",), more=config(powers))
    body = {
        "files": {path: base64.b64encode(data).decode() for path, data in files.items()},
        "nodes": [node.name for node in lab.nodes],
    }
    before = [told(node)["epoch"] for node in lab.nodes]
    staged = [node.ask("POST", f"/modules/{MODULE}/stage", body)["signature"] for node in lab.nodes]
    for node, signature in zip(lab.nodes, staged, strict=True):
        assert [told(other)["epoch"] for other in lab.nodes] == before
        node.ask("POST", f"/modules/{MODULE}/commit", {"signature": signature})
    until(lambda: all(told(node)["groups"][0]["powers"] == powers for node in lab.nodes), 10, "powers in force")
    wait_settled(lab.nodes)


@pytest.mark.parametrize("powers", POWERS)
def test_each_syn_is_answered_by_the_one_node_that_is_predicted(
    lab: Lab, powers: dict[str, int], record_property: Callable[[str, object], None]
) -> None:
    masters = [p.pid for node in lab.nodes for p in node.processes() if p.name() == "nginx"]
    if told(lab.nodes[0])["groups"][0]["powers"] != powers:
        put_in_force(lab, powers)
    quotas = told(lab.nodes[0])["groups"][0]["owners"]
    total = sum(powers.values())
    for name, power in powers.items():
        assert abs(quotas.count(name) - 256 * power / total) < 1
    for address, by in BY.items():
        counts, far = shares(lab, audit(lab, address, by=by), by, powers)
        line = f"{address} {by} {':'.join(map(str, powers.values()))}: {counts}, chi-square {far:.2f}"
        record_property(address, line)
        print(line)
    assert [p.pid for node in lab.nodes for p in node.processes() if p.name() == "nginx"] == masters


@pytest.mark.parametrize("size", [64, 4000])
@pytest.mark.parametrize("address", BY)
def test_each_datagram_is_answered_once(lab: Lab, address: str, size: int) -> None:
    sources = 50 if ":" in address else 250
    answers = lab.clients[0].udp(address, 7, each=500 // sources, size=size)
    assert answers.count() == (0, 500, 0)
    # The fragments of a datagram carry no port but the first: they go by address.
    assert answers.sticky() == sources or (BY[address] == "on_port" and size == 64)


@pytest.mark.parametrize("size", [64, 4000])
def test_no_datagram_is_answered_twice_while_a_node_leaves_and_joins(lab: Lab, size: int) -> None:
    one, two, three = lab.nodes
    three.order("stop")
    leaving = lab.clients[0].udp("10.77.0.100", 7, each=12, size=size)
    wait_settled([one, two])
    three.order("start")
    joining = lab.clients[0].udp("10.77.0.100", 7, each=24, size=size)
    wait_settled(lab.nodes)
    assert leaving.count()[2] == joining.count()[2] == 0
    print(
        f"datagrams without an answer: {leaving.count()[0]} of 3,000 in a stop, {joining.count()[0]} of 6,000 in a join"
    )
