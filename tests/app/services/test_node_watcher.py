"""Following a node: real agents that freeze, die and come back, and servers that are no agents."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from app.services.node_watcher import LINES_KEPT, NodeWatcher, Pace
from app.services.nodes import Credentials, NodeAddress, Reach
from app.services.tasks import TaskOwner
from nodeagent.adapters.tls import NodeKeys
from nodeagent.client.api_client import ApiClient
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import Role
from tests.app.services.agents import ConsoleFarm, fake_agent

QUICK = Pace(answer=2.0, silence=0.3, poll=0.05, stream_again=0.3, pause_min=0.1, pause_max=0.5)
RIGHT = Credentials("admin", "right")


class FakePerson:
    """Knows a password, or does not; counts how often it is asked."""

    def __init__(self, credentials: Credentials | None) -> None:
        self.credentials, self.asked = credentials, 0

    async def __call__(self) -> Credentials | None:
        self.asked += 1
        return self.credentials


async def until(claim: Callable[[], bool], what: str = "") -> None:
    async with asyncio.timeout(20):
        while not claim():
            await asyncio.sleep(0.01)


def reaches(watcher: NodeWatcher) -> list[Reach]:
    """What `reach` is, in turn."""
    seen = [watcher.view.reach]

    def changed() -> None:
        if watcher.view.reach is not seen[-1]:
            seen.append(watcher.view.reach)

    watcher.subscribe(changed)
    return seen


def assert_no_gap(lines: list[LogLine]) -> None:
    cursors = [line.cursor for line in lines]
    assert cursors == list(range(cursors[0], cursors[0] + len(cursors)))


async def test_a_real_node_is_followed_through_its_accidents(
    pair: ConsoleFarm, tasks: TaskOwner, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "keepgreen.console")
    node, other = pair.nodes
    pair.form_cluster()
    watcher = NodeWatcher(node.place, FakePerson(node.credentials), tasks, pace=QUICK)
    beside = NodeWatcher(other.place, FakePerson(other.credentials), tasks, pace=QUICK)
    seen, unmoved = reaches(watcher), reaches(beside)
    watcher.start()
    beside.start()
    await until(lambda: watcher.view.reach is Reach.CONNECTED and beside.view.reach is Reach.CONNECTED)
    assert watcher.view.name == "node1"
    assert watcher.view.role is Role.ADMIN
    assert watcher.view.status is not None
    assert watcher.lines, "what was written before"
    revision = watcher.view.status.revision
    await asyncio.to_thread(pair.apply)
    await asyncio.to_thread(node.order, "start")  # the status changes, lines are written
    await until(lambda: any("farm" in line.module for line in watcher.lines))
    await until(lambda: watcher.view.status is not None and watcher.view.status.revision > revision)

    node.pause_agent()
    began = time.monotonic()
    await until(lambda: watcher.view.reach is Reach.UNREACHABLE)
    assert time.monotonic() - began < 8
    assert watcher.view.trouble is Trouble.TIMED_OUT
    assert watcher.view.status is not None, "what it said last stays"
    with pytest.raises(CallFailed) as failed:
        await watcher.call(lambda client: client.status())
    assert failed.value.trouble is Trouble.TIMED_OUT
    node.resume_agent()
    await until(lambda: watcher.view.reach is Reach.CONNECTED)

    node.kill_agent()
    await until(lambda: watcher.view.trouble is Trouble.REFUSED)
    assert watcher.view.since <= watcher.view.retry_at or not watcher.view.retry_at
    await asyncio.to_thread(node.start_agent)
    await until(lambda: watcher.view.reach is Reach.CONNECTED)
    newest = node.log(newest=1, limit=1)[0]["cursor"]
    await until(lambda: watcher.lines[-1].cursor >= newest)
    assert_no_gap(list(watcher.lines))

    await until(lambda: seen[-1] is Reach.CONNECTED)  # subscribers are told a turn of the loop later
    up_and_down = [Reach.UNREACHABLE, Reach.CONNECTED]
    assert seen == [Reach.NEW, Reach.CONNECTING, Reach.CONNECTED, *up_and_down, *up_and_down]
    assert unmoved == [Reach.NEW, Reach.CONNECTING, Reach.CONNECTED], "a dead node does not touch the others"
    said = [record.getMessage() for record in caplog.records if "node1" in record.getMessage()]
    assert [("answers again" in line, "is unreachable" in line) for line in said] == [
        (False, True),
        (True, False),
    ] * 2, said
    await watcher.stop()
    await beside.stop()


async def test_a_new_password_on_the_node_ends_the_session_and_is_asked_for_once(
    pair: ConsoleFarm, tasks: TaskOwner
) -> None:
    node = pair.nodes[0]
    person = FakePerson(node.credentials)
    watcher = NodeWatcher(node.place, person, tasks, pace=QUICK)
    watcher.start()
    await until(lambda: watcher.view.reach is Reach.CONNECTED)
    await asyncio.to_thread(node.set_password, "quite another one")
    await until(lambda: watcher.view.trouble is Trouble.WRONG_PASSWORD)
    asked = person.asked
    await asyncio.sleep(1.0)
    assert person.asked == asked, "a wrong password is not tried again"
    person.credentials = Credentials("admin", "quite another one")
    watcher.retry()
    await until(lambda: watcher.view.reach is Reach.CONNECTED)


async def test_no_password_known(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        person = FakePerson(None)
        watcher = NodeWatcher(address, person, tasks, pace=QUICK)
        watcher.start()
        await until(lambda: watcher.view.trouble is Trouble.PASSWORD_NEEDED)
        assert agent.logins == 0
        person.credentials = RIGHT
        watcher.retry()
        await until(lambda: watcher.view.reached)
        await watcher.stop()


async def test_without_a_stream_it_is_polled(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        watcher = NodeWatcher(address, FakePerson(RIGHT), tasks, pace=QUICK)
        seen = reaches(watcher)
        watcher.start()
        await until(lambda: watcher.view.reach is Reach.POLLING)
        assert "no events" in watcher.view.detail
        assert [line.text for line in watcher.lines] == ["hello"]
        first = watcher.view.as_of
        await until(lambda: watcher.view.as_of > first)
        agent.gone = True  # the session has ended: a new login, no outage
        await until(lambda: agent.logins == 2)
        await until(lambda: watcher.view.reached and not agent.gone)
        assert await watcher.call(lambda client: client.status()) == agent.status
        agent.broken = True
        await until(lambda: watcher.view.trouble is Trouble.NOT_UNDERSTOOD)
        agent.broken = False
        await until(lambda: watcher.view.reached)
        assert Reach.UNREACHABLE in seen
        assert [line.text for line in watcher.lines] == ["hello"]
        await watcher.stop()


@pytest.mark.parametrize("nonsense", ['{"status": {"node": 9}}', '{"lines": 9}', "nonsense"])
async def test_a_stream_that_is_not_understood_is_not_followed(tmp_path: Path, tasks: TaskOwner, nonsense: str) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        good = msgspec.json.encode({"status": agent.status}).decode()
        agent.stream = (good, nonsense)
        watcher = NodeWatcher(address, FakePerson(RIGHT), tasks, pace=replace(QUICK, silence=60.0, stream_again=60.0))
        watcher.start()
        await until(lambda: watcher.view.reach is Reach.POLLING)
        assert watcher.view.trouble is Trouble.NOT_UNDERSTOOD
        first = watcher.view.as_of
        await until(lambda: watcher.view.as_of > first)
        assert (agent.streams, watcher.view.trouble) == (1, Trouble.NOT_UNDERSTOOD)
        await watcher.stop()


async def test_a_log_that_grows_for_days_is_kept_only_at_its_end(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        (one,) = agent.lines
        written = [msgspec.structs.replace(one, cursor=cursor) for cursor in range(2, LINES_KEPT + 3001)]
        bursts = [written[at : at + 1000] for at in range(0, len(written), 1000)]
        agent.stream = tuple(msgspec.json.encode({"lines": burst}).decode() for burst in bursts)
        watcher = NodeWatcher(address, FakePerson(RIGHT), tasks, pace=replace(QUICK, silence=60.0))
        watcher.start()
        await until(lambda: bool(watcher.lines) and watcher.lines[-1].cursor == written[-1].cursor)
        assert list(watcher.lines) == written[-LINES_KEPT:]
        assert len({id(line.origin) for line in watcher.lines}) == 1, "a name that all lines bear is kept once"
        await watcher.stop()


async def test_a_call_renews_a_session_that_ended(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        watcher = NodeWatcher(address, FakePerson(RIGHT), tasks, pace=Pace(poll=60.0, silence=60.0, stream_again=60.0))
        watcher.start()
        await until(lambda: watcher.view.reach is Reach.POLLING)
        agent.gone = True
        assert (await watcher.call(lambda client: client.status())).node == "node9"
        assert agent.logins == 2
        await watcher.stop()


async def test_a_call_while_the_session_is_renewed_waits_for_it(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path) as (agent, address):
        watcher = NodeWatcher(address, FakePerson(RIGHT), tasks, pace=QUICK)
        seen = reaches(watcher)
        watcher.start()
        await until(lambda: watcher.view.reach is Reach.POLLING)
        agent.gone = True
        agent.lets_in.clear()
        await until(lambda: agent.logins == 2)
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(watcher.call(lambda client: client.status()))
            await until(lambda: agent.logins == 3)
            agent.lets_in.set()
        assert asked.result() == agent.status
        assert Reach.UNREACHABLE not in seen
        await watcher.stop()


async def test_a_call_that_outlives_its_session_fails_like_any_other(tmp_path: Path, tasks: TaskOwner) -> None:
    """A module has many files, each a request of its own: the node may be given up between two of them."""
    async with fake_agent(tmp_path) as (_, address):
        watcher = NodeWatcher(address, FakePerson(RIGHT), tasks, pace=QUICK)
        watcher.start()
        await until(lambda: watcher.view.reached)

        async def twice(client: ApiClient) -> None:
            await client.status()
            await watcher.stop()
            await client.status()

        with pytest.raises(CallFailed) as failed:
            await watcher.call(twice)
        assert failed.value.trouble is Trouble.UNREACHABLE


async def test_another_key_gets_no_password(tmp_path: Path, tasks: TaskOwner) -> None:
    async with fake_agent(tmp_path / "a") as (agent, address):
        other = NodeAddress(address.address, address.port, NodeKeys(tmp_path / "b").pin)
        watcher = NodeWatcher(other, FakePerson(RIGHT), tasks, pace=QUICK)
        watcher.start()
        await until(lambda: watcher.view.trouble is Trouble.CERTIFICATE_CHANGED)
        assert agent.logins == 0
        await watcher.stop()


async def test_stop_is_prompt_with_a_frozen_node(pair: ConsoleFarm, tasks: TaskOwner) -> None:
    node = pair.nodes[0]
    watcher = NodeWatcher(node.place, FakePerson(node.credentials), tasks)
    watcher.start()
    await until(lambda: watcher.view.reach is Reach.CONNECTED)
    node.pause_agent()
    try:
        began = time.monotonic()
        await watcher.stop()
        assert time.monotonic() - began < 5
    finally:
        node.resume_agent()
