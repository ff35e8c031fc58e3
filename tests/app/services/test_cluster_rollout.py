"""Applying cluster.xml to real agents: from fresh nodes to a cluster, all or none, confirmed or gone back."""

import asyncio
import time
from functools import partial

import msgspec
import pytest

from app.services.cluster_rollout import ClusterRequest, Deadline, apply_cluster, check_cluster
from app.services.connection import connection, logged_in
from app.services.nodes import Credentials, NodeAddress
from app.services.rollout import Outcome, Stage, Step, StepState
from nodeagent.client.failures import Trouble
from tests.app.services.agents import ConsoleFarm, keep_when_all_answer
from tests.e2e.real_farm import until


async def keep(_: Deadline) -> bool:
    return True


async def take_back(_: Deadline) -> bool:
    return False


def request(farm: ConsoleFarm, **more: object) -> ClusterRequest:
    fields = {"xml": farm.xml(), "targets": tuple(node.target for node in farm.nodes)}
    return ClusterRequest(**{**fields, **more})  # type: ignore[arg-type]


async def test_fresh_nodes_become_a_cluster(trio: ConsoleFarm) -> None:
    steps: list[Step] = []
    asked: list[Deadline] = []

    async def decide(deadline: Deadline) -> bool:
        asked.append(deadline)
        return all(seen.answers for seen in deadline.seen)

    done = await apply_cluster(request(trio), steps.append, decide)
    assert done.applied.outcome is Outcome.APPLIED, done
    assert done.credentials == trio.nodes[0].credentials
    for node in trio.nodes:
        mine = [(step.stage, step.state) for step in steps if step.node == node.name]
        assert mine == [(stage, state) for stage in Stage for state in (StepState.RUNNING, StepState.DONE)]
        async with connection(node.place) as client:
            await logged_in(client, trio.nodes[0].credentials)  # the first node's password holds everywhere
            info = await client.cluster()
        assert info.signature == done.applied.signature
        assert info.pending is None
        assert info.pins == {one.name: one.known_pin for one in trio.nodes}
    (deadline,) = asked
    assert 0 < deadline.within <= 60
    assert [seen.silent for seen in deadline.seen] == [(), (), ()], "they hear one another"


async def test_a_second_apply_changes_the_cluster_and_nothing_else(pair: ConsoleFarm) -> None:
    first = await apply_cluster(request(pair), lambda _: None, keep_when_all_answer)
    targets = tuple(msgspec.structs.replace(node.target, credentials=first.credentials) for node in pair.nodes)
    xml = pair.xml().replace(b"<lans>", b'<lans pulse="200ms">')
    second = await apply_cluster(ClusterRequest(xml, targets), lambda _: None, keep_when_all_answer)
    assert second.applied.outcome is Outcome.APPLIED, second
    assert second.applied.signature != first.applied.signature
    until(lambda: all(node.get("/status")["peers"][0]["alive"] for node in pair.nodes), 10, "they hear one another")


async def test_not_kept_goes_back_and_can_be_applied_again(pair: ConsoleFarm) -> None:
    steps: list[Step] = []
    done = await apply_cluster(request(pair), steps.append, take_back)
    assert done.applied.outcome is Outcome.WENT_BACK
    assert {step.state for step in done.applied.steps.values()} == {StepState.WENT_BACK}
    assert not any(node.get("/cluster")["configured"] for node in pair.nodes)
    assert done.credentials == pair.nodes[0].credentials, "users are never rolled back"
    targets = tuple(msgspec.structs.replace(node.target, credentials=done.credentials) for node in pair.nodes)
    again = await apply_cluster(ClusterRequest(pair.xml(), targets), lambda _: None, keep_when_all_answer)
    assert again.applied.outcome is Outcome.APPLIED, again


async def test_nobody_decides_in_time(pair: ConsoleFarm) -> None:
    async def never(_: Deadline) -> bool:
        await asyncio.Event().wait()
        return True

    done = await apply_cluster(request(pair, confirm_within=2.0), lambda _: None, never)
    assert done.applied.outcome is Outcome.WENT_BACK
    assert not any(node.get("/cluster")["configured"] for node in pair.nodes)


async def test_cancelled_while_it_waits_goes_back(pair: ConsoleFarm) -> None:
    committed = asyncio.Event()

    async def wait(_: Deadline) -> bool:
        committed.set()
        await asyncio.Event().wait()
        return True

    async with asyncio.TaskGroup() as group:
        applying = group.create_task(apply_cluster(request(pair), lambda _: None, wait))
        async with asyncio.timeout(30):
            await committed.wait()
        assert all(node.get("/cluster")["pending"] for node in pair.nodes)
        applying.cancel()
    assert applying.cancelled()
    assert not any(node.get("/cluster")["configured"] for node in pair.nodes)


async def test_a_node_dies_before_the_decision(pair: ConsoleFarm) -> None:
    """The default decision sees that it is gone: the other one goes back, the dead one will when it is there again."""

    async def dies(deadline: Deadline) -> bool:
        pair.nodes[1].kill_agent()
        return False

    steps: list[Step] = []
    done = await apply_cluster(request(pair, confirm_within=4.0), steps.append, dies)
    assert done.applied.outcome is Outcome.WENT_BACK
    assert done.applied.steps["node1"].state is StepState.WENT_BACK
    assert done.applied.steps["node2"].state is StepState.GOES_BACK
    assert done.applied.steps["node2"].trouble in {Trouble.REFUSED, Trouble.UNREACHABLE}
    pair.nodes[1].start_agent()
    until(lambda: not pair.nodes[1].get("/cluster")["configured"], 20, "it goes back by itself")


@pytest.mark.parametrize("accident", ["dead", "wrong password", "wrong pin"])
async def test_one_bad_node_and_nothing_changes_anywhere(pair: ConsoleFarm, accident: str) -> None:
    good, bad = pair.nodes
    target = bad.target
    if accident == "dead":
        bad.kill_agent()
    elif accident == "wrong password":
        target = msgspec.structs.replace(target, credentials=Credentials("admin", "not this one"))
    else:
        target = msgspec.structs.replace(target, address=NodeAddress(bad.address, pin="0" * 64))
    steps: list[Step] = []
    began = time.monotonic()
    done = await apply_cluster(request(pair, targets=(good.target, target)), steps.append, keep)
    assert time.monotonic() - began < 30
    assert done.applied.outcome is Outcome.REFUSED
    assert done.credentials is None
    expected = {
        "dead": Trouble.REFUSED,
        "wrong password": Trouble.WRONG_PASSWORD,
        "wrong pin": Trouble.CERTIFICATE_CHANGED,
    }
    assert done.applied.steps["node2"].trouble is expected[accident]
    assert done.applied.steps["node2"].detail
    assert done.applied.steps["node1"].state is StepState.DONE
    assert not good.get("/cluster")["configured"]
    assert not good.get("/cluster")["has_key"]


async def test_a_node_without_a_password_is_named(pair: ConsoleFarm) -> None:
    fresh = ConsoleFarm(pair.nodes[0].home.parent / "more", 1, block=1)
    try:
        (node,) = fresh.nodes
        node.start_agent()
        node.known_pin = node.get("/identity")["pin"]
        done = await apply_cluster(ClusterRequest(fresh.xml(), (node.target,)), lambda _: None, keep_when_all_answer)
    finally:
        fresh.power_off()
    assert done.applied.steps["node1"].trouble is Trouble.NO_PASSWORD_SET


async def test_a_bad_file_is_refused_by_all_with_its_lines(pair: ConsoleFarm) -> None:
    xml = pair.xml().replace(b"<lan name", b'\n<lan nmae="x" command="perhaps" name')
    for work in (partial(apply_cluster, decide=keep_when_all_answer), check_cluster):
        result = await work(request(pair, xml=xml), lambda _: None)
        applied = getattr(result, "applied", result)
        assert applied.outcome is Outcome.REFUSED
        for step in applied.steps.values():
            assert (step.stage, step.state) == (Stage.CHECK, StepState.FAILED)
            assert any(problem.line == 2 for problem in step.problems)
            assert "command" in step.detail


async def test_check_changes_nothing(pair: ConsoleFarm) -> None:
    assert (await check_cluster(request(pair), lambda _: None)).outcome is Outcome.CHECKED
    assert not any(node.get("/cluster")["has_key"] for node in pair.nodes)


async def test_a_node_of_another_cluster_only_when_told(pair: ConsoleFarm) -> None:
    first, second = pair.nodes
    for node in pair.nodes:
        alone = ClusterRequest(pair.xml(node.name), (node.target,))
        assert (await apply_cluster(alone, lambda _: None, keep_when_all_answer)).applied.outcome is Outcome.APPLIED
    before = second.get("/cluster")
    refused = await apply_cluster(request(pair), lambda _: None, keep_when_all_answer)
    assert refused.applied.outcome is Outcome.REFUSED
    assert refused.applied.steps["node2"].trouble is Trouble.OTHER_CLUSTER
    assert first.name not in refused.applied.steps or refused.applied.steps["node1"].trouble is None
    assert second.get("/cluster") == before
