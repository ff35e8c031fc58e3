"""One cluster in the window, against real agents: nodes learnt, orders given, passwords settled by an apply."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from app.services.cluster_rollout import ClusterRequest, Deadline
from app.services.cluster_session import ClusterSession
from app.services.memory import RememberedCluster
from app.services.module_rollout import ModuleRequest, apply_module, check_module
from app.services.node_watcher import Pace
from app.services.nodes import Credentials, NodeAddress, Reach
from app.services.rollout import Outcome, Stage, StepState, Target
from app.services.secrets import Secrets
from app.services.tasks import TaskOwner
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract import api
from nodeagent.contract.api import LogQuery, SetSwitch
from nodeagent.contract.states import Action
from tests.app.services.agents import ConsoleFarm, ConsoleNode, fake_agent
from tests.app.services.test_memory_and_secrets import FakeVault
from tests.e2e.real_farm import FILES, userconfig

PACE = Pace(silence=0.5, pause_min=0.1, pause_max=0.5)


async def until(claim: Callable[[], bool]) -> None:
    async with asyncio.timeout(25):
        while not claim():
            await asyncio.sleep(0.01)


async def keep(_: Deadline) -> bool:
    return True


async def opened(nodes: list[ConsoleNode], tasks: TaskOwner, kept: list[RememberedCluster]) -> ClusterSession:
    """A session with these fresh nodes, each with its own password."""
    remembered = RememberedCluster("c1", nodes=tuple(node.place for node in nodes))
    secrets = Secrets(FakeVault())
    for node in nodes:
        await secrets.keep(node.credentials, node.known_pin)
    session = ClusterSession(remembered, secrets, tasks, on_learnt=kept.append, pace=PACE)
    session.start()
    return session


def all_connected(session: ClusterSession, count: int) -> Callable[[], bool]:
    return lambda: [view.reach for view in session.view()] == [Reach.CONNECTED] * count


async def test_from_fresh_nodes_to_a_module_that_runs(trio: ConsoleFarm, tasks: TaskOwner) -> None:
    kept: list[RememberedCluster] = []
    session = await opened(trio.nodes, tasks, kept)
    told: list[int] = []
    session.subscribe(lambda: told.append(1))
    await until(all_connected(session, 3))
    request = ClusterRequest(trio.xml(), tuple(node.target for node in trio.nodes))
    applied = await session.apply_cluster(request, lambda _: None, keep)
    assert applied.outcome is Outcome.APPLIED
    await until(lambda: all_connected(session, 3)() and [v.name for v in session.view()] == ["node1", "node2", "node3"])
    one_password = trio.nodes[0].credentials
    for watcher in session.nodes:
        assert await session.credentials_of(watcher.address) == one_password
        assert watcher.view.trouble is None

    targets = tuple(Target(node.name, node.place, one_password) for node in trio.nodes)
    files = {**FILES, "conf/userconfig.xml": userconfig()}
    assert (await check_module(ModuleRequest("farm", files, targets), lambda _: None)).outcome is Outcome.CHECKED
    assert await session.modules("node1") == ()
    done = await apply_module(ModuleRequest("farm", files, targets), lambda _: None)
    assert done.outcome is Outcome.APPLIED
    assert {step.stage for step in done.steps.values()} == {Stage.CONFIRM}
    assert (await session.module_files("node2", "farm"))["bin/start_both"] == FILES["bin/start_both"]
    for node in trio.nodes:
        assert (await session.order(node.name, "farm", Action.START)).accepted
    await until(lambda: all(v.status and any(m.ready for m in v.status.modules) for v in session.view()))
    assert "UP" in (await session.why("node3", "farm")).sentence
    outputs = await session.outputs("node1", "farm")
    assert isinstance(await session.output("node1", "farm", outputs[0].path), bytes)
    await session.set_switch("node1", "farm", SetSwitch("errd", False, 60.0))
    await session.set_boot("node1", "farm", True)
    assert (await session.log("node1", LogQuery(module="farm"))).lines
    with pytest.raises(CallFailed) as refused:
        await session.order("node1", "nothing", Action.START)
    assert refused.value.problem is not None
    assert told

    second = ModuleRequest("farm", {**files, "bin/extra": b"#!/bin/sh\n"}, targets, base={"node2": 0})
    conflict = await apply_module(second, lambda _: None)
    assert conflict.outcome is Outcome.REFUSED, "somebody else has edited it"
    assert conflict.steps["node2"].state is StepState.FAILED
    assert "bin/extra" not in await session.module_files("node1", "farm")
    await session.stop()


async def test_the_others_are_learnt_from_one_pinned_node(trio: ConsoleFarm, tasks: TaskOwner) -> None:
    fresh = await opened(trio.nodes, tasks, [])
    request = ClusterRequest(trio.xml(), tuple(node.target for node in trio.nodes))
    assert (await fresh.apply_cluster(request, lambda _: None, keep)).outcome is Outcome.APPLIED
    await fresh.stop()
    kept: list[RememberedCluster] = []
    middle = trio.nodes[1]
    secrets = Secrets(FakeVault())
    await secrets.keep(trio.nodes[0].credentials, middle.known_pin)
    session = ClusterSession(
        RememberedCluster("c2", nodes=(middle.place,)), secrets, tasks, on_learnt=kept.append, pace=PACE
    )
    session.start()
    await until(all_connected(session, 3))
    assert [view.name for view in session.view()] == ["node1", "node2", "node3"]
    assert {address.pin for address in kept[-1].nodes} == {node.known_pin for node in trio.nodes}

    trio.nodes[2].kill_agent()
    began = time.monotonic()
    assert (await session.cluster("node1")).configured
    assert time.monotonic() - began < 5, "a dead node does not delay the others"
    await until(lambda: session.watcher("node3").view.trouble is Trouble.REFUSED)
    with pytest.raises(CallFailed) as failed:
        await session.modules("node3")
    assert failed.value.trouble is Trouble.REFUSED
    await session.remove("node3")
    assert len(session.nodes) == len(session.remembered.nodes) == 2
    await session.stop()


async def test_a_removed_node_is_not_learnt_again_while_cluster_xml_names_it(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        kept: list[RememberedCluster] = []
        secrets = Secrets(FakeVault())
        await secrets.keep(Credentials("admin", "right"), address.pin)
        remembered = RememberedCluster("c1", nodes=(address,))
        session = ClusterSession(remembered, secrets, tasks, on_learnt=kept.append, pace=replace(PACE, poll=0.05))
        answers = agent.status

        def tell(*names: str) -> None:
            """cluster.xml names these beside node9, where nobody answers."""
            lines = "".join(f'<node name="{name}" addr="127.0.0.{name[4:]}"/>' for name in ("node9", *names))
            xml = f'<cluster><lans><lan name="default">{lines}</lan></lans></cluster>'.encode()
            pins = {name: name[4:] * 64 for name in names}
            agent.cluster = api.ClusterInfo(True, "node9", xml, nodes=("node9", *names), pins=pins)
            agent.status = msgspec.structs.replace(answers, cluster_signature="".join(names))

        def known() -> set[str]:
            return {view.name for view in session.view()}

        tell("node7", "node8")
        session.start()
        await until(lambda: known() == {"node7", "node8", "node9"})
        await session.remove("node8")
        tell("node6", "node7", "node8")
        await until(lambda: "node6" in known())
        assert known() == {"node6", "node7", "node9"}
        assert len(session.remembered.nodes) == len(kept[-1].nodes) == 3
        tell("node5", "node7")
        await until(lambda: "node5" in known())
        tell("node7", "node8")  # it is back in the cluster
        await until(lambda: "node8" in known())
        await session.stop()


async def test_a_password_for_all(pair: ConsoleFarm, tasks: TaskOwner) -> None:
    first = pair.nodes[0]
    secrets = Secrets(FakeVault())
    session = ClusterSession(RememberedCluster("c1", nodes=(first.place,)), secrets, tasks, pace=PACE)
    session.start()
    await until(lambda: session.view()[0].trouble is Trouble.PASSWORD_NEEDED)
    await secrets.keep(Credentials("admin", "wrong password"), first.place.pin)
    session.reconnect("admin", (first.place,))
    await until(lambda: session.view()[0].trouble is Trouble.WRONG_PASSWORD)
    await secrets.keep(first.credentials, first.place.pin)
    session.reconnect(first.credentials.user, (first.place,))
    await until(all_connected(session, 1))
    await session.stop()


async def test_a_replaced_server_is_trusted_only_by_a_person(pair: ConsoleFarm, tasks: TaskOwner) -> None:
    node = pair.nodes[0]
    wrong = msgspec.structs.replace(node.place, pin="f" * 64)
    kept: list[RememberedCluster] = []
    secrets = Secrets(FakeVault())
    await secrets.keep(node.credentials, wrong.pin)
    session = ClusterSession(RememberedCluster("c1", nodes=(wrong,)), secrets, tasks, on_learnt=kept.append, pace=PACE)
    session.start()
    await until(lambda: session.view()[0].trouble is Trouble.CERTIFICATE_CHANGED)
    session.add(node.place).retry()
    assert session.remembered.nodes == (wrong,), "what a node tells of another one is no person's word"
    session.trust(node.place)
    assert kept[-1].nodes == (node.place,)
    await secrets.keep(node.credentials, node.place.pin)
    session.reconnect("admin", (node.place,))
    await until(all_connected(session, 1))
    await session.stop()


async def test_a_node_dies_while_a_module_is_applied(pair: ConsoleFarm, tasks: TaskOwner) -> None:
    session = await opened(pair.nodes, tasks, [])
    request = ClusterRequest(pair.xml(), tuple(node.target for node in pair.nodes))
    await session.apply_cluster(request, lambda _: None, keep)
    targets = tuple(Target(node.name, node.place, pair.nodes[0].credentials) for node in pair.nodes)
    files = {**FILES, "conf/userconfig.xml": userconfig()}

    def dies_after_staging(step: object) -> None:
        if getattr(step, "stage", None) is Stage.STAGE and pair.nodes[1].answers():
            pair.nodes[1].kill_agent()

    done = await apply_module(ModuleRequest("farm", files, targets), dies_after_staging)
    assert done.outcome is Outcome.REFUSED
    assert done.steps["node2"].state is StepState.FAILED
    assert not any(info.configured for info in await session.modules("node1"))
    await session.stop()


async def test_one_place_is_watched_once(tasks: TaskOwner) -> None:
    session = ClusterSession(RememberedCluster("c1", "Paris"), Secrets(FakeVault()), tasks)
    first = session.add(NodeAddress("10.0.0.1", pin="a" * 64))
    assert session.add(NodeAddress("10.0.0.1", pin="b" * 64)) is first
    assert session.add(NodeAddress("10.0.0.2", pin="a" * 64)) is first
    assert session.add(NodeAddress("10.0.0.2", pin="c" * 64)) is not first
    assert (session.title, len(session.remembered.nodes)) == ("Paris", 2)


async def test_who_connects_anew_is_followed(tasks: TaskOwner) -> None:
    """A replaced server, one that moved, and another user, as the page "Connect to nodes" tells of them."""
    first, second = NodeAddress("10.0.0.1", pin="a" * 64), NodeAddress("10.0.0.2", pin="b" * 64)
    session = ClusterSession(RememberedCluster("c1", nodes=(first, second)), Secrets(FakeVault()), tasks)
    known = session.nodes
    session.reconnect("admin", (first, second))
    assert session.nodes == known

    replaced, moved = NodeAddress("10.0.0.1", pin="c" * 64), NodeAddress("10.0.0.9", pin="b" * 64)
    session.reconnect("olga", (replaced, moved))
    assert [watcher.address for watcher in session.nodes] == [replaced, moved]
    assert session.remembered == RememberedCluster("c1", user="olga", nodes=(replaced, moved))

    session.reconnect("olga", (NodeAddress("10.0.0.1", pin="b" * 64),))
    assert session.remembered.nodes == (NodeAddress("10.0.0.1", pin="b" * 64),), "one machine, one line"


async def test_a_cluster_that_was_left_is_not_remembered_again(tasks: TaskOwner) -> None:
    """An apply or an answer of a node may still be on its way when somebody forgets the cluster."""
    kept: list[RememberedCluster] = []
    session = ClusterSession(RememberedCluster("c1"), Secrets(FakeVault()), tasks, on_learnt=kept.append)
    session.add(NodeAddress("10.0.0.1", pin="a" * 64))
    assert len(kept) == 1
    await session.stop()
    session.trust(NodeAddress("10.0.0.2", pin="b" * 64))
    assert len(kept) == 1


async def test_a_node_that_is_gone_already_is_removed_without_a_word(tasks: TaskOwner) -> None:
    kept: list[RememberedCluster] = []
    session = ClusterSession(RememberedCluster("c1"), Secrets(FakeVault()), tasks, on_learnt=kept.append)
    session.add(NodeAddress("10.0.0.1", pin="a" * 64), "node1")
    await session.remove("node1")
    await session.remove("node1")
    assert kept[-1].nodes == ()
