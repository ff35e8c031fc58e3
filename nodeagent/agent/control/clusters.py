"""The configuration of the cluster and its key."""

from dataclasses import dataclass

from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.agent.control.parts import Parts, in_thread, signed_by
from nodeagent.contract.api import ClusterInfo, Commit, Confirm, StageCluster, Staged
from nodeagent.contract.errors import errors_of
from nodeagent.contract.revisions import Difference, Restore, Revision
from nodeagent.contract.states import LogType, State
from nodeagent.core import events as ev
from nodeagent.engine.ports import Caller, Refused


@dataclass(frozen=True, slots=True)
class AgentClusters:
    """The port `ClusterControl`."""

    parts: Parts

    async def cluster_info(self) -> ClusterInfo:
        """The committed cluster."""
        store = self.parts.store.cluster
        committed = store.cluster()
        if committed is None:
            keys = _names(store.keys)
            return ClusterInfo(False, store.name, has_key=bool(store.keys), keys=keys, known=store.known)
        return ClusterInfo(
            True,
            committed.me,
            committed.xml,
            committed.signature,
            committed.config.nodes,
            dict(committed.pins),
            bool(committed.keys),
            self.parts.confirmation.pending(),
            _names(committed.keys),
            store.known,
        )

    async def check_cluster(self, request: StageCluster) -> Staged:
        """Look at a configuration, change nothing."""
        return await in_thread(self.parts.store.cluster.check, request)

    async def stage_cluster(self, caller: Caller, request: StageCluster) -> Staged:
        """Keep it durably beside the current one."""
        return await in_thread(self.parts.store.cluster.stage, signed_by(caller, request))

    async def commit_cluster(self, caller: Caller, request: Commit) -> ClusterInfo:
        """Make the staged one current."""
        store = self.parts.store.cluster
        before = store.cluster()
        now = await in_thread(store.commit, signed_by(caller, request))
        if before is None or before.revision != now.revision:
            text = f"revision {now.revision} of the cluster configuration is applied by {now.author}"
            self.parts.say(LogType.USER, text)
        self.parts.users.replace(store.users)
        return await self._cluster_changed()

    async def confirm_cluster(self, caller: Caller, request: Confirm) -> ClusterInfo:
        """A commit that waits for its confirmation stays."""
        waited = self.parts.store.cluster.open_commit is not None
        await in_thread(self.parts.store.cluster.confirm, request.signature)
        if waited:
            self.parts.say(LogType.USER, f"the cluster configuration stays: confirmed by {caller.name}")
        return await self._cluster_changed()

    async def rollback_cluster(self, caller: Caller, request: Confirm) -> ClusterInfo:
        """A commit that waits for its confirmation goes back."""
        waited = self.parts.store.cluster.open_commit is not None
        await in_thread(self.parts.store.cluster.go_back, request.signature)
        if waited:
            text = f"the cluster configuration goes back to the one before: ordered by {caller.name}"
            self.parts.say(LogType.USER, text)
        return await self._cluster_changed()

    async def cluster_history(self) -> tuple[Revision, ...]:
        """The revisions that are kept, newest first."""
        return await in_thread(self.parts.store.cluster.history)

    async def cluster_xml(self, revision: int) -> bytes:
        """The file of one of them."""
        return await in_thread(self.parts.store.cluster.xml, revision)

    async def cluster_difference(self, earlier: int, later: int) -> Difference:
        """What two of them differ in."""
        return await in_thread(self.parts.store.cluster.difference, earlier, later)

    async def restore_cluster(self, caller: Caller, request: Restore) -> ClusterInfo:
        """Make a kept cluster.xml a new revision, and commit it on this node."""
        store, author = self.parts.store.cluster, request.author or caller.name
        staged = await in_thread(store.stage, await in_thread(store.restoring, request.revision, author))
        if not staged.ok:
            raise Refused(422, "bad-cluster", str(errors_of(staged.problems)[0]), staged.problems)
        return await self.commit_cluster(caller, Commit(staged.signature, author, request.confirm_within))

    async def deconfigure_cluster(self, caller: Caller) -> ClusterInfo:
        """Leave the cluster: say goodbye, forget it with its key and pins. Refused while a module is not in STOP."""
        if self.parts.store.cluster.cluster() is None:
            raise Refused(409, "no-cluster", "this node is in no cluster")
        if up := [module.name for module in self.parts.snapshot.now().modules if module.state is not State.STOP]:
            raise Refused(409, "running", f"{', '.join(up)} must be stopped before this node leaves its cluster")
        await in_thread(self.parts.store.cluster.leave)
        self.parts.engine.post(ev.ClusterConfigured(None))
        await self.parts.engine.handled()  # the goodbye goes out before the sockets close
        self.parts.say(LogType.USER, f"this node has left its cluster: ordered by {caller.name}")
        return await self._cluster_changed()

    async def generate_key(self, caller: Caller) -> bytes:
        """A new cluster key; refused when one exists."""
        key = await in_thread(self.parts.store.cluster.generate_key)
        self.parts.take_cluster()
        return key

    async def cluster_key(self) -> bytes:
        """The active cluster key; refused when there is none."""
        keys = self.parts.store.cluster.keys
        if not keys:
            raise Refused(404, "no-key", "this node has no cluster key")
        return keys[0]

    async def _cluster_changed(self) -> ClusterInfo:
        self.parts.take_cluster()
        self.parts.confirmation.changed()
        return await self.cluster_info()


def _names(keys: tuple[bytes, ...]) -> tuple[str, ...]:
    return tuple(ChaChaSealer().key_id(key).hex() for key in keys)
