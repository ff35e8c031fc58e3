"""A node taken into a cluster that runs: it gets the key and the users, the others keep theirs."""

import msgspec

from app.services.cluster_rollout import ClusterRequest, apply_cluster
from app.services.rollout import Outcome
from tests.app.services.agents import ConsoleFarm, keep_when_all_answer
from tests.e2e.real_farm import until


async def test_a_node_added_later_with_its_own_password(trio: ConsoleFarm) -> None:
    first, second, third = trio.nodes
    pair = ClusterRequest(trio.xml("node1", "node2"), (first.target, second.target))
    assert (await apply_cluster(pair, lambda _: None, keep_when_all_answer)).applied.outcome is Outcome.APPLIED
    known = msgspec.structs.replace(second.target, credentials=first.credentials)
    grown = ClusterRequest(trio.xml(), (third.target, first.target, known))  # the new one first: it is not the source
    done = await apply_cluster(grown, lambda _: None, keep_when_all_answer)
    assert done.applied.outcome is Outcome.APPLIED, done
    assert done.credentials == first.credentials
    until(
        lambda: all(peer["alive"] for node in trio.nodes for peer in node.get("/status")["peers"]), 10, "all hear all"
    )
    assert [len(node.get("/status")["peers"]) for node in trio.nodes] == [2, 2, 2]


async def test_a_node_of_another_cluster_is_taken_over_when_told(pair: ConsoleFarm) -> None:
    for node in pair.nodes:
        alone = ClusterRequest(pair.xml(node.name), (node.target,))
        assert (await apply_cluster(alone, lambda _: None, keep_when_all_answer)).applied.outcome is Outcome.APPLIED
    request = ClusterRequest(pair.xml(), tuple(node.target for node in pair.nodes), take_over=True)
    done = await apply_cluster(request, lambda _: None, keep_when_all_answer)
    assert done.applied.outcome is Outcome.APPLIED, done
    until(lambda: all(node.get("/status")["peers"][0]["alive"] for node in pair.nodes), 10, "they hear one another")
