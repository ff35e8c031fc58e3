"""The crowd in virtual time that the benchmark of a thousand nodes goes by."""

import sys

import pytest

from nodeagent.contract.cluster_xml import MAX_NODES
from tests.bench._crowd import GOODBYE, HEARD, LAN, LOST, Crowd, in_clusters, names, watched, weight
from tests.bench.thousand import cost, largest, refusal, story
from tests.fakes.sealer import FakeSealer

PULSE = 1.0
WINDOW = 10 * PULSE


def started(nodes: int, most: int, *, web: bool = False) -> Crowd:
    """Nodes in clusters that have all found each other."""
    crowd = Crowd(in_clusters(names(nodes), most, PULSE), FakeSealer(), 1, web=web)
    crowd.start(names(nodes), PULSE)
    crowd.run(WINDOW + 4 * PULSE)
    return crowd


def said(crowd: Crowd, what: str) -> set[tuple[str, str]]:
    return {(one.by, one.peer) for one in crowd.said if one.what == what}


def test_nodes_hear_those_of_their_own_cluster_alone() -> None:
    crowd = started(5, 3)
    parts = names(5)[:3], names(5)[3:]
    assert said(crowd, HEARD) == {(one, other) for part in parts for one in part for other in part if one != other}
    assert crowd.all_hear_all()


def test_the_dead_are_lost_and_the_leaving_say_so_and_all_agree() -> None:
    crowd = started(5, 5, web=True)
    assert crowd.all_agree()
    crowd.said.clear()
    crowd.kill(["n1"])
    crowd.leave(["n3"])
    assert not crowd.all_hear_all()
    assert not crowd.all_agree()
    crowd.run(WINDOW + 2 * PULSE)
    assert said(crowd, LOST) == {("n0", "n1"), ("n2", "n1"), ("n4", "n1")}
    assert said(crowd, GOODBYE) == {("n0", "n3"), ("n2", "n3"), ("n4", "n3")}
    assert crowd.all_hear_all()
    assert crowd.all_agree()
    crowd.start(["n1", "n3"], PULSE)
    crowd.run(4 * PULSE)
    assert crowd.all_hear_all()
    assert crowd.agents.keys() == set(names(5))


def test_a_node_that_is_not_heard_is_noticed() -> None:
    crowd = started(4, 4, web=True)
    crowd.network.cut("n2", "n0", LAN)
    crowd.run(WINDOW + 2 * PULSE)
    assert not crowd.all_hear_all()
    assert not crowd.all_agree()
    assert said(crowd, LOST) == {("n0", "n2"), ("n2", "n0")}


def test_what_goes_through_a_core_is_counted() -> None:
    crowd = started(3, 3)
    before = {name: (agent.spent.received, agent.spent.sent) for name, agent in crowd.agents.items()}
    crowd.run(10 * PULSE)
    for name, agent in crowd.agents.items():
        received, sent = before[name]
        assert 18 <= agent.spent.received - received <= 22  # two peers, ten pulses
        assert 18 <= agent.spent.sent - sent <= 22


def test_more_nodes_than_can_be_need_heartbeats_without_the_mask() -> None:
    nodes = names(MAX_NODES + 2)
    crowd = Crowd(watched(nodes, 2, PULSE), FakeSealer(), 1, web=False, maskless=True)
    crowd.start(nodes, PULSE)
    crowd.run(4 * PULSE)
    assert crowd.all_hear_all()
    assert len(crowd.agents["n0"].node.peers(0.0)) == MAX_NODES + 1
    masked = Crowd(watched(nodes, 2, PULSE), FakeSealer(), 1, web=False)
    masked.start(nodes, PULSE)
    with pytest.raises(OverflowError):
        masked.run(4 * PULSE)


def test_the_limits_are_found() -> None:
    assert largest(MAX_NODES + 6) == MAX_NODES
    assert largest(3) == 3
    assert refusal(65) == "there are 65 nodes: at most 64 are allowed"


def test_a_story_tells_of_every_survivor() -> None:
    told = story(6, 0.0, web=True)
    assert told.agreed
    assert (len(told.lost), told.deaf) == (4, 0)  # one dies, one leaves
    assert (len(told.goodbyes), told.unheard) == (4, 0)
    assert told.false == 0
    assert WINDOW - 2 * PULSE < min(told.lost) <= max(told.lost) < WINDOW + PULSE


def test_a_cost_is_that_of_the_few_that_hear_all() -> None:
    found = cost(6, 5)
    assert 4 <= found.received <= 6
    assert 100 < found.size < 200
    assert found.memory > 1000
    assert WINDOW - 2 * PULSE < found.lost[0] <= found.lost[1] < WINDOW + PULSE


def test_a_weight_counts_everything_once_and_nothing_that_is_shared() -> None:
    one, other = b"x" * 1000, [1.5]
    assert weight(one) == sys.getsizeof(one)
    holder = [one, one, other]
    assert weight(holder) == sys.getsizeof(holder) + weight(one) + sys.getsizeof(other) + sys.getsizeof(1.5)
    assert weight(holder, [other]) == sys.getsizeof(holder) + weight(one)
    assert weight([sys, int, weight]) == sys.getsizeof([sys, int, weight])
