"""The node's identity and its cluster.

`cluster/node.json` (private) decides everything: which revision of cluster.xml is in force, the node's name, keys,
pins and users. It is replaced in one rename, so a commit is there whole or not at all. Keys, pins and users are not
part of a revision: going back to an older cluster.xml never brings older keys back. A commit that waits for its
confirmation is written in the same rename, so no crash can make it final.
"""

import re
import socket
import threading
from contextlib import suppress
from secrets import token_bytes
from uuid import uuid4

import msgspec

from nodeagent.adapters.config_store.cluster_record import (
    CLUSTER_XML,
    ClusterRevisions,
    CommittedCluster,
    NodeRecord,
    OpenCommit,
    StagedCluster,
)
from nodeagent.adapters.config_store.damage import Damaged, writing
from nodeagent.adapters.config_store.module_revisions import said_by
from nodeagent.contract.api import Commit, StageCluster, Staged
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.errors import Problem, Severity, errors_of
from nodeagent.contract.revisions import Difference, Revision
from nodeagent.contract.value_types import is_ip
from nodeagent.durable import PRIVATE, make_private, wall_time, write_durably
from nodeagent.engine.ports import Refused
from nodeagent.home import Home

KEY_BYTES = 32


class ClusterStore:
    """node.json, cluster.xml with its last revisions, and what is staged. Thread-safe."""

    def __init__(self, home: Home) -> None:
        self._revisions = ClusterRevisions(home.cluster / "rev")
        self._node_file = home.cluster / "node.json"
        self._stage_file = home.cluster / "staged.json"
        self._lock = threading.RLock()
        home.cluster.mkdir(parents=True, exist_ok=True)
        make_private(home.cluster)
        self._node = self._read_node()
        self._committed = self._read_cluster(self._node) if self._node.revision else None

    @property
    def uuid(self) -> str:
        """Random, made at the first start; tells two nodes of the same name apart."""
        return self._node.uuid

    @property
    def name(self) -> str:
        """The node's name in its cluster, made from the host name before it is in one."""
        return self._node.name

    @property
    def users(self) -> bytes:
        """The user table, as the users' part of the agent wrote it."""
        return self._node.users

    @property
    def keys(self) -> tuple[bytes, ...]:
        """The cluster keys, the active one first; there may be one before there is a cluster."""
        return self._node.keys

    @property
    def known(self) -> dict[str, str]:
        """Name → pin of nodes that have enrolled and are in no cluster.xml yet."""
        return self._node.known

    def cluster(self) -> CommittedCluster | None:
        """The cluster this node is in."""
        return self._committed

    @property
    def open_commit(self) -> OpenCommit | None:
        """The commit in force while it waits for its confirmation."""
        return self._node.open

    def check(self, request: StageCluster) -> Staged:
        """What `stage` would answer; nothing is changed."""
        config, problems = read_cluster(request.xml, CLUSTER_XML)
        if why := self._foreign(request) or self._renamed(request):
            problems.append(Problem(Severity.ERROR, why))
        if config is not None:
            problems = [*problems, *self._request_problems(request, config)]
        if config is None or errors_of(problems):
            return Staged(ok=False, problems=tuple(problems))
        return Staged(True, config.signature, tuple(problems), self._node.revision + 1)

    def stage(self, request: StageCluster) -> Staged:
        """Keep it durably beside the current one. Refused for a node of another cluster without `take_over`."""
        with self._lock, writing():
            if foreign := self._foreign(request):
                raise Refused(409, "other-cluster", foreign)
            if self._node.open is not None:
                raise Refused(409, "unconfirmed", _waits(self._node.open))
            self._refuse_conflict(request)
            staged = self.check(request)
            if staged.ok:
                stage = StagedCluster(request, staged.signature, wall_time())
                write_durably(self._stage_file, msgspec.json.encode(stage), PRIVATE)
            return staged

    def commit(self, request: Commit) -> CommittedCluster:
        """Put what was staged with this signature in force; a commit that is repeated changes nothing."""
        with self._lock, writing():
            if (waiting := self._node.open) is not None:
                if self._committed is not None and waiting.signature == request.signature:
                    return self._committed
                raise Refused(409, "unconfirmed", _waits(waiting))
            stage = self._read_stage()
            if stage is None or stage.signature != request.signature:
                if self._committed is not None and self._committed.signature == request.signature and stage is None:
                    return self._committed
                raise Refused(409, "not-staged", self._why_not_staged(stage))
            if foreign := self._foreign(stage.request):
                raise Refused(409, "other-cluster", foreign)
            revision = self._node.revision + 1
            author, time, before = request.author or stage.request.author, wall_time(), self._node
            self._revisions.write(revision, stage.request.xml, author, time)
            names = self._revisions.read(revision)[1].nodes
            enrolled = {name: pin for name, pin in before.known.items() if name in names}
            pins = {**enrolled, **(stage.request.pins or before.pins)}
            waiting = None
            if within := request.confirm_within:
                pins = {**before.pins, **pins}  # those of nodes that are leaving, too: they may come back
                waiting = OpenCommit(
                    stage.signature,
                    time + within,
                    within,
                    author,
                    time,
                    before.revision,
                    before.name,
                    before.author,
                    before.time,
                )
            node = self._keep(
                msgspec.structs.replace(
                    before,
                    name=stage.request.name,
                    revision=revision,
                    author=author,
                    time=time,
                    keys=stage.request.keys or before.keys,
                    pins=pins,
                    users=stage.request.users or before.users,
                    open=waiting,
                    known={name: pin for name, pin in before.known.items() if name not in names},
                )
            )
            self._committed = self._read_cluster(node)
            with suppress(OSError):  # it is in force already; what is left over is cleared at the next commit
                self._stage_file.unlink(missing_ok=True)
                self._revisions.prune(revision)
            return self._committed

    def confirm(self, signature: str) -> CommittedCluster:
        """The commit with this signature stays; one that is final already stays as it is."""
        with self._lock, writing():
            if self._committed is None or self._committed.signature != signature:
                raise Refused(409, "not-in-force", "the cluster configuration to be confirmed is not in force any more")
            if self._node.open is not None:
                names = self._committed.config.nodes
                pins = {name: pin for name, pin in self._node.pins.items() if name in names}
                self._committed = self._read_cluster(
                    self._keep(msgspec.structs.replace(self._node, pins=pins, open=None))
                )
            return self._committed

    def go_back(self, signature: str) -> CommittedCluster | None:
        """Take the commit with this signature back; None: to no cluster. Keys, pins and users stay as they are."""
        with self._lock, writing():
            waiting = self._node.open
            if waiting is None and (self._committed is None or self._committed.signature != signature):
                return self._committed  # it went back before
            if waiting is None:
                raise Refused(409, "confirmed", "this cluster configuration was confirmed: apply the other one again")
            if waiting.signature != signature:
                raise Refused(409, "unconfirmed", _waits(waiting))
            node = msgspec.structs.replace(
                self._node,
                name=waiting.before_name,
                revision=waiting.before,
                author=waiting.before_author,
                time=waiting.before_time,
                open=None,
            )
            committed = self._read_cluster(node) if node.revision else None
            self._keep(node)
            self._committed = committed
            return committed

    def leave(self) -> None:
        """Forget the cluster with its key, pins and revisions; name, uuid and users stay."""
        with self._lock, writing():
            if self._node.open is not None:
                raise Refused(409, "unconfirmed", _waits(self._node.open))
            self._keep(NodeRecord(self._node.uuid, self._node.name, users=self._node.users))
            self._committed = None
            with suppress(OSError):  # it is forgotten already; what is left over is written over by the next cluster
                self._stage_file.unlink(missing_ok=True)
                self._revisions.forget()

    def history(self) -> tuple[Revision, ...]:
        """The revisions that are kept, newest first."""
        with self._lock:
            return self._revisions.history(self._node.revision)

    def xml(self, revision: int) -> bytes:
        """The file of one of them."""
        with self._lock:
            return self._revisions.xml(self._node.revision, revision)

    def difference(self, earlier: int, later: int) -> Difference:
        """What they differ in; `later` 0 = that in force, `earlier` 0 = the one kept before it."""
        with self._lock:
            return self._revisions.difference(self._node.revision, earlier, later)

    def restoring(self, revision: int, author: str) -> StageCluster:
        """The request that makes a kept revision the next one."""
        with self._lock:
            now = self._committed
            return StageCluster(
                self.xml(revision), self._node.name, author=author, base=now.signature if now is not None else ""
            )

    def generate_key(self) -> bytes:
        """The node's first cluster key; refused when it has one."""
        with self._lock, writing():
            if self._node.keys:
                raise Refused(409, "key-exists", "this node has a cluster key already; only a rotation replaces it")
            key = token_bytes(KEY_BYTES)
            node = self._keep(msgspec.structs.replace(self._node, keys=(key,)))
            if self._committed is not None:
                self._committed = self._read_cluster(node)
            return key

    def remember(self, name: str, pin: str) -> None:
        """A node that has enrolled; see NodeRecord.known."""
        with self._lock, writing():
            self._keep(msgspec.structs.replace(self._node, known={**self._node.known, name: pin}))

    def set_users(self, users: bytes) -> None:
        """Replace the user table of this node."""
        with self._lock, writing():
            self._keep(msgspec.structs.replace(self._node, users=users))

    def _request_problems(self, request: StageCluster, config: ClusterConfig) -> list[Problem]:
        problems: list[Problem] = []
        if request.name not in config.nodes:
            text = f"this node is to be {request.name!r}, which is not in it; the nodes are {', '.join(config.nodes)}"
            problems.append(Problem(Severity.ERROR, text, CLUSTER_XML))
        for node in (node for lan in config.lans for node in lan.nodes if not is_ip(node.addr)):
            text = f"the address {node.addr} of {node.node} is a host name, which is resolved once, by who applies"
            problems.append(Problem(Severity.ERROR, f"{text}: give the IP address", CLUSTER_XML))
        if any(len(key) != KEY_BYTES for key in request.keys):
            problems.append(Problem(Severity.ERROR, f"a cluster key has {KEY_BYTES} bytes"))
        if not request.keys and not self._node.keys and len(config.nodes) > 1:
            text = "there is no cluster key yet: no node will believe another before one is generated"
            problems.append(Problem(Severity.WARNING, text))
        return problems

    def _foreign(self, request: StageCluster) -> str:
        """Why this comes from another cluster: it shares no key with the one this node is in."""
        if request.take_over or self._committed is None or not request.keys or not self._node.keys:
            return ""
        if set(request.keys) & set(self._node.keys):
            return ""
        text = f"{self._node.name} is in another cluster ({', '.join(self._committed.config.nodes)})"
        return f"{text}; it changes over only when told to take over"

    def _renamed(self, request: StageCluster) -> str:
        """Why this would give the node another name: peers know it by name, so that is leaving and joining."""
        now = self._committed
        if now is None or request.take_over or request.name == now.me:
            return ""
        text = f"this node is {now.me} and does not become {request.name} by a change of the cluster"
        return f"{text}: take it out of the cluster, then add it under its new name"

    def _refuse_conflict(self, request: StageCluster) -> None:
        now = self._committed
        if now is None or request.base in ("", now.signature):
            return
        text = f"the cluster configuration in force was applied {said_by(now.author, now.time)}"
        raise Refused(409, "changed", f"{text} while this edit began from another one: look at it and begin from it")

    def _why_not_staged(self, stage: StagedCluster | None) -> str:
        now = self._committed
        if stage is None:
            who = f"; the one in force was applied {said_by(now.author, now.time)}" if now is not None else ""
            return f"nothing is staged{who}: stage the cluster again"
        who = said_by(stage.request.author, stage.time)
        return f"another cluster configuration was staged {who}: look at it, then stage yours again"

    def _keep(self, node: NodeRecord) -> NodeRecord:
        write_durably(self._node_file, msgspec.json.format(msgspec.json.encode(node)), PRIVATE)
        self._node = node
        return node

    def _read_node(self) -> NodeRecord:
        try:
            return msgspec.json.decode(self._node_file.read_bytes(), type=NodeRecord)
        except FileNotFoundError:
            return self._keep(NodeRecord(uuid=str(uuid4()), name=_host_name()))
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            text = f"{self._node_file} cannot be read ({error}); bring it back from a backup, or delete it"
            raise Damaged(f"{text} and apply the cluster to this node again") from None

    def _read_cluster(self, node: NodeRecord) -> CommittedCluster:
        xml, config = self._revisions.read(node.revision)
        return CommittedCluster(config, xml, node.name, node.keys, node.pins, node.revision, node.author, node.time)

    def _read_stage(self) -> StagedCluster | None:
        try:
            return msgspec.json.decode(self._stage_file.read_bytes(), type=StagedCluster)
        except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
            return None


def _waits(commit: OpenCommit) -> str:
    """Why no other configuration is taken now."""
    left = max(0.0, commit.until - wall_time())
    text = f"a cluster configuration of {commit.author or 'somebody'} waits for its confirmation, {left:.0f} s more"
    return f"{text}: confirm it or take it back first"


def _host_name() -> str:
    """The host name with what a node name may not have replaced."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname().split(".")[0])[:63] or "node"
