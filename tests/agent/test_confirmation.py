"""The watch over an open commit, with a real store and a real engine without peers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from nodeagent.adapters.config_store.cluster import ClusterStore
from nodeagent.agent.confirmation import Confirmation
from nodeagent.contract.api import Commit
from nodeagent.core import events as ev
from nodeagent.core.membership import Membership
from nodeagent.core.node import Node
from nodeagent.engine.loop import Adapters, Engine
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from tests.fakes.configuration import stage_cluster
from tests.fakes.control import FakeRecords
from tests.fakes.hands import FakeHands
from tests.fakes.sealer import FakeSealer
from tests.fakes.waiting import until


class Watched:
    """A store, the watch over it, and how often the cluster was put in force."""

    def __init__(self, directory: Path, writer: Writer) -> None:
        self.home = Home(directory, directory / "var")
        self.store = ClusterStore(self.home)
        self.records = FakeRecords()
        self.taken = 0
        hands = FakeHands()
        self.engine = Engine(Node(Membership(bytes(16), "uuid", FakeSealer(), "1", (1, 2)), bytes(16)), writer)
        self.engine.connect(Adapters(*[hands] * 10))
        self.watch = Confirmation(self.store, self.engine, self.records.say, self.take)

    def take(self) -> None:
        self.taken += 1
        committed = self.store.cluster()
        self.engine.post(ev.ClusterConfigured(committed.config if committed else None, "n1"))

    def commit(self, port: int, within: float) -> str:
        signature = self.store.stage(stage_cluster("n1", "n2", port=port)).signature
        self.store.commit(Commit(signature, "anna", within))
        self.watch.changed()
        return signature

    def said(self, text: str) -> int:
        return sum(text in line for line in self.records.lines)


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[Watched]:
    writer = Writer(asyncio.get_running_loop())
    made = Watched(directory, writer)
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(made.watch.run())
        try:
            yield made
        finally:
            task.cancel()
    made.engine.close()
    await asyncio.to_thread(writer.close)


async def test_nobody_confirms(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        before = node.commit(4801, 0.0)
        assert node.watch.pending() is None
        after = node.commit(4802, 0.5)
        pending = node.watch.pending()
        assert pending is not None
        assert (pending.signature, pending.within, pending.author) == (after, 0.5, "anna")
        assert 0.0 <= pending.seconds_left <= 0.5
        await until(lambda: node.watch.pending() is None)
        committed = node.store.cluster()
        assert committed is not None
        assert (committed.signature, node.taken) == (before, 1)
        assert node.said("goes back to the one before: nobody confirmed it within 0.5 s") == 1


async def test_a_person_confirms_in_time(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        signature = node.commit(4801, 600.0)
        node.store.confirm(signature)
        node.watch.changed()
        assert node.watch.pending() is None
        assert node.said("goes back in 600 s unless it is confirmed") == 1


async def test_a_wall_clock_that_was_set_back_makes_the_time_no_longer(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        node.commit(4801, 600.0)
        file = node.home.cluster / "node.json"
        until_then = node.store.open_commit
        assert until_then is not None
        file.write_text(file.read_text().replace(str(until_then.until), str(until_then.until + 1e7)))
        again = Confirmation(ClusterStore(node.home), node.engine, node.records.say, node.take)
        again.changed()
        pending = again.pending()
        assert pending is not None
        assert pending.seconds_left <= 600.0


async def test_a_way_back_that_is_damaged_is_said_once_and_tried_again(tmp_path: Path) -> None:
    async with running(tmp_path) as node:
        before = node.commit(4801, 0.0)
        file = node.home.cluster / "rev" / "1" / "cluster.xml"
        xml = file.read_bytes()
        file.unlink()
        node.commit(4802, 0.1)
        await until(lambda: node.said("is missing") > 0)
        await asyncio.sleep(1.0)
        assert node.said("is missing") == 1
        file.write_bytes(xml)
        await until(lambda: node.watch.pending() is None)
        committed = node.store.cluster()
        assert committed is not None
        assert committed.signature == before


@pytest.mark.parametrize("stays", [True, False])
async def test_a_person_is_quicker_than_the_watch(tmp_path: Path, stays: bool) -> None:
    """The store is changed behind the watch, which has not been told yet."""
    async with running(tmp_path) as node:
        signature = node.commit(4801, 0.1)
        (node.store.confirm if stays else node.store.go_back)(signature)
        await until(lambda: node.watch.pending() is None)
        assert (node.store.cluster() is not None) == stays
        assert node.said("nobody confirmed") == 0
