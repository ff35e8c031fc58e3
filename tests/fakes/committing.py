"""A process that commits as fast as it can until it is killed: `python -m tests.fakes.committing HOME`.

Every commit number n is in all files of the module, in the cluster's port and in its users; what is acknowledged is
said on stdout as `module N`, `cluster N`, `line CURSOR`.
"""

import asyncio
import os
import sys
from pathlib import Path

from nodeagent.adapters.config_store import ConfigStore
from nodeagent.adapters.journal import SqliteJournal
from nodeagent.contract.api import Commit
from nodeagent.contract.states import LogType
from nodeagent.engine.writer import Writer
from nodeagent.home import Home
from tests.fakes.configuration import stage_cluster, stage_module

PORT = 5000


def say(what: str, number: int) -> None:
    os.write(1, f"{what} {number}\n".encode())


def commit_cluster(store: ConfigStore, number: int) -> None:
    staged = store.cluster.stage(stage_cluster("n1", "n2", port=PORT + number, users=b"%d" % number))
    store.cluster.commit(Commit(staged.signature))
    say("cluster", number)


def commit_module(store: ConfigStore, number: int) -> None:
    files: dict[str, bytes | None] = {f"web/{n}": b"%d" % number for n in range(6)}
    staged = store.modules.stage("m", stage_module(files))
    say("module", store.modules.commit("m", staged.signature, "test"))


async def main(home: Home) -> None:
    store = ConfigStore.open(home)
    writer = Writer(asyncio.get_running_loop())
    journal = SqliteJournal(home.records, writer, lambda: "n1", lambda line: say("line", line.cursor))
    first = store.cluster.cluster()
    number = 0 if first is None else first.config.port - PORT
    while True:
        number += 1
        for _ in range(20):
            journal.append(LogType.INFO, f"commit {number}")
        await asyncio.to_thread(commit_cluster, store, number)
        journal.append(LogType.INFO, f"half {number}")
        await asyncio.to_thread(commit_module, store, number)


if __name__ == "__main__":
    asyncio.run(main(Home(Path(sys.argv[1]), Path(sys.argv[1]) / "var")))
