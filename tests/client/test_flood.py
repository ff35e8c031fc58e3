"""A round of the flood probe: what the answers of all nodes say together."""

import msgspec

from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.flood import Flood, flood_probe
from nodeagent.contract.vip_status import FloodHeard, FloodProbe

NODES = ("node1", "node2", "node3")


class FakeNodes:
    """Answers from a table: node → (near, reached by), or a sentence."""

    def __init__(self, **answers: tuple[str, str] | str) -> None:
        self.answers = answers
        self.asked: list[FloodProbe] = []

    async def ask(self, node: str, request: FloodProbe) -> FloodHeard:
        self.asked.append(request)
        answer = self.answers[node]
        if isinstance(answer, str):
            raise CallFailed(Trouble.DENIED, answer)
        near, reached_by = (tuple(f"node{n}" for n in part) for part in answer)
        return FloodHeard(node, "eth0", near, reached_by)


async def test_a_network_that_floods() -> None:
    nodes = FakeNodes(node1=("23", "23"), node2=("13", "13"), node3=("12", "12"))
    found = await flood_probe(NODES, nodes.ask, "10.0.0.100", "eth1")
    pairs = {"node1": ("node2", "node3"), "node2": ("node1", "node3"), "node3": ("node1", "node2")}
    assert found == Flood(pairs, {}, {}, {})
    assert found.floods
    (one,) = set(nodes.asked)
    assert (one.address, one.interface) == ("10.0.0.100", "eth1")
    assert msgspec.convert(msgspec.to_builtins(one), FloodProbe) == one
    await flood_probe(NODES, nodes.ask)
    assert nodes.asked[-1].round != one.round


async def test_who_does_not_hear_is_named() -> None:
    blind = FakeNodes(node1=("23", "23"), node2=("13", "13"), node3=("12", ""))
    found = await flood_probe(NODES, blind.ask)
    assert found.blocked == {"node1": ("node3",), "node2": ("node3",)}
    assert found.arrive["node3"] == ("node1", "node2")
    assert not found.floods
    away = FakeNodes(node1=("2", "2"), node2=("1", "1"), node3=("", ""))
    found = await flood_probe(NODES, away.ask)
    assert found.apart == {"node1": ("node3",), "node2": ("node3",), "node3": ("node1", "node2")}
    assert not found.floods


async def test_a_node_that_cannot_is_named_and_the_others_still_judged() -> None:
    nodes = FakeNodes(node1=("2", "2"), node2=("1", "1"), node3="a virtual IP needs Linux")
    found = await flood_probe(NODES, nodes.ask)
    assert found == Flood({"node1": ("node2",), "node2": ("node1",)}, {}, {}, {"node3": "a virtual IP needs Linux"})
    assert not found.floods
    assert not (await flood_probe(("node1",), nodes.ask)).floods
