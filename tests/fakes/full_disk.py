"""What the stores do while the disk takes nothing, and after; a story for a disk that can be filled and freed."""

import asyncio
import errno
import resource
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.adapters.journal import SqliteJournal
from nodeagent.adapters.state_store import StateStore
from nodeagent.contract.api import Commit, LogLine
from nodeagent.contract.states import LogType
from nodeagent.core.events import ModuleRecord
from nodeagent.engine.ports import Refused
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from tests.fakes.configuration import stage_cluster, stage_module


def refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except Refused as error:
        return error.status == 507 and "could not be written" in error.detail
    return False


async def story(home: Home, fill: Callable[[], None], free: Callable[[], None]) -> None:
    store = ConfigStore.open(home)
    store.cluster.commit(Commit(store.cluster.stage(stage_cluster("n1", "n2")).signature))
    store.modules.commit("m", store.modules.stage("m", stage_module()).signature, "")
    states = StateStore(home, "boot", print)
    states.save("m", ModuleRecord(author="before"))
    told: list[LogLine] = []
    writer = Writer(asyncio.get_running_loop())
    journal = SqliteJournal(home.records, writer, lambda: "n1", told.append)
    journal.append(LogType.INFO, "before")
    await journal.flush()

    fill()
    assert refused(lambda: store.modules.stage("m", stage_module({"web/large": bytes(range(256)) * 4000})))
    assert refused(lambda: store.modules.set_boot("m", True))
    assert refused(lambda: store.cluster.stage(stage_cluster("n1", "n2", port=5001)))
    assert refused(lambda: store.cluster.set_users(b"u"))
    assert store.cluster.users == b""
    with pytest.raises(OSError) as full:
        states.save("m", ModuleRecord(author="during"))
    assert full.value.errno in (errno.ENOSPC, errno.EFBIG)
    record = states.load("m")
    assert record is not None
    assert record.author == "before"
    again = ConfigStore.open(home).modules.module("m")
    assert again is not None
    assert again.revision == 1
    for number in range(3000):
        journal.append(LogType.INFO, f"during {number} " + "x" * 300)
        if number % 500 == 0:
            await journal.flush()
    while not journal.problems():
        await journal.flush()
        await asyncio.sleep(0.01)
    (problem,) = journal.problems()
    assert "cannot be written" in problem

    free()
    while journal.problems():
        await asyncio.sleep(0.05)
    await journal.flush()
    lines = await asyncio.to_thread(journal.query, limit=10_000)
    texts = [line.text.rstrip(" x") for line in lines.lines]
    assert [text for text in texts if text.startswith("during")] == [f"during {number}" for number in range(3000)]
    assert any("written again, no line was dropped" in text for text in texts)
    assert [line.cursor for line in told] == [line.cursor for line in lines.lines]
    store.modules.commit("m", store.modules.stage("m", stage_module({"web/large": bytes(1_000_000)})).signature, "")
    states.save("m", ModuleRecord(author="after"))
    module = store.modules.module("m")
    assert module is not None
    assert module.revision == 2
    await journal.close()
    assert await asyncio.to_thread(writer.close)


def limit_files(size: int) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))


if __name__ == "__main__":
    home = Home(Path(sys.argv[1]), Path(sys.argv[1]) / "var")
    asyncio.run(story(home, lambda: limit_files(0), lambda: limit_files(resource.RLIM_INFINITY)))
    sys.stdout.write("told to the end\n")
