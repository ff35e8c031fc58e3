"""Watches a cluster commit until it is confirmed or goes back, and tells how long that may take."""

import asyncio
from collections.abc import Callable

from nodeagent.adapters.config_store import ClusterStore, Damaged, OpenCommit
from nodeagent.contract.api import PendingConfirmation
from nodeagent.contract.states import LogType
from nodeagent.core.commit_confirm import CommitConfirm, Verdict
from nodeagent.durable import wall_time
from nodeagent.engine.loop import Engine
from nodeagent.engine.ports import Refused
from nodeagent.listening import Say

LOOKS_PER_WINDOW = 4


class Confirmation:
    """The commit that is open now, if any. `take_cluster` puts in force what the store holds."""

    def __init__(self, store: ClusterStore, engine: Engine, say: Say, take_cluster: Callable[[], None]) -> None:
        self._store, self._engine, self._say, self._take_cluster = store, engine, say, take_cluster
        self._open: tuple[OpenCommit, CommitConfirm] | None = None
        self._woken = asyncio.Event()
        self._failed = ""

    def changed(self) -> None:
        """A commit was made, confirmed or taken back, or the agent starts: look at what the store says."""
        commit = self._store.open_commit
        if commit is None:
            self._open = None
        elif self._open is None or self._open[0] != commit:
            # The wall clock counts only from agent to agent; a jump of it cannot make the time longer.
            left = min(max(commit.until - wall_time(), 0.0), commit.within)
            now = self._engine.now()
            self._open = commit, CommitConfirm(now + left, now)
            text = f"the cluster configuration of {commit.author or 'somebody'} goes back"
            self._say(LogType.INFO, f"{text} in {left:.0f} s unless it is confirmed")
        self._woken.set()

    def pending(self) -> PendingConfirmation | None:
        """What `GET /cluster` says of it."""
        if self._open is None:
            return None
        commit, confirm = self._open
        left = confirm.seconds_left(self._engine.now())
        return PendingConfirmation(commit.signature, left, commit.within, commit.author, commit.time)

    async def run(self) -> None:
        """Judge until cancelled."""
        while True:
            if self._open is None:
                self._woken.clear()
                await self._woken.wait()
                continue
            node = self._engine.node
            await asyncio.sleep(node.window / LOOKS_PER_WINDOW)
            if self._open is None:
                continue
            commit, confirm = self._open
            if self._store.open_commit != commit:
                self.changed()  # A person was quicker, and has put in force what the store holds.
                continue
            peers = node.membership.confirmed_peers()
            match confirm.judge(peers, node.window, self._engine.now()):
                case Verdict.CONFIRM:
                    await self._end(commit, f"{peers[0]} has confirmed it", stays=True)
                case Verdict.GO_BACK:
                    await self._end(commit, f"nobody confirmed it within {commit.within:g} s", stays=False)

    async def _end(self, commit: OpenCommit, why: str, *, stays: bool) -> None:
        work = self._store.confirm if stays else self._store.go_back
        does = "stays" if stays else "goes back to the one before"
        try:
            await asyncio.to_thread(work, commit.signature)
        except (Refused, Damaged) as error:
            if self._store.open_commit == commit and str(error) != self._failed:
                self._failed = str(error)
                self._say(LogType.CRITICAL, f"the cluster configuration {does}, but {error}; it is tried again")
        else:
            text = f"the cluster configuration of {commit.author or 'somebody'} {does}: {why}"
            self._say(LogType.INFO if stays else LogType.ERROR, text)
        if self._store.open_commit != commit:  # done, or a person was quicker
            self._failed = ""
            self._take_cluster()
            self.changed()
