"""What a node keeps of its cluster, as it lies on the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from nodeagent.adapters.config_store.damage import Damaged
from nodeagent.adapters.config_store.history import ends, known
from nodeagent.adapters.config_store.module_revisions import REVISIONS_KEPT
from nodeagent.contract.api import StageCluster
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.errors import errors_of
from nodeagent.contract.file_changes import file_changes
from nodeagent.contract.revisions import Difference, Revision
from nodeagent.durable import PRIVATE, FileContent, remove_tree, settle_tree, write_tree_durably

CLUSTER_XML = "cluster.xml"
_META = "meta.json"
_WHAT = "the cluster configuration"


@dataclass(frozen=True, slots=True)
class CommittedCluster:
    """The cluster this node is in."""

    config: ClusterConfig
    xml: bytes
    me: str
    """This node's name in the cluster."""
    keys: tuple[bytes, ...]
    """The active one first."""
    pins: Mapping[str, str]
    revision: int
    author: str
    time: float

    @property
    def signature(self) -> str:
        """Equal on all nodes that have the same configuration."""
        return self.config.signature


class OpenCommit(msgspec.Struct, frozen=True):
    """A commit that goes back unless it is confirmed; times in seconds since 1970."""

    signature: str
    until: float
    within: float
    author: str
    time: float
    before: int
    """The revision to go back to, 0 = no cluster."""
    before_name: str
    before_author: str
    before_time: float


class NodeRecord(msgspec.Struct, frozen=True):
    """node.json."""

    uuid: str
    name: str
    revision: int = 0
    """Which `rev/<n>/cluster.xml` is in force, 0 = none."""
    author: str = ""
    time: float = 0.0
    keys: tuple[bytes, ...] = ()
    pins: dict[str, str] = {}
    users: bytes = b""
    open: OpenCommit | None = None
    known: dict[str, str] = {}
    """Pins of nodes that have enrolled: in force as soon as a cluster.xml names them."""


class StagedCluster(msgspec.Struct, frozen=True):
    """staged.json: a cluster that waits for its commit."""

    request: StageCluster
    signature: str
    time: float


class _Meta(msgspec.Struct, frozen=True):
    """meta.json: who made a revision, and when."""

    author: str = ""
    time: float = 0.0


@dataclass(frozen=True, slots=True)
class ClusterRevisions:
    """`cluster/rev/<n>/cluster.xml`. Which one is in force, node.json says; what is above it went back."""

    directory: Path

    def write(self, number: int, xml: bytes, author: str, time: float) -> None:
        """Make a revision complete on the disk. Raises OSError."""
        meta = msgspec.json.format(msgspec.json.encode(_Meta(author, time)))
        files = {CLUSTER_XML: FileContent(xml, PRIVATE), _META: FileContent(meta, PRIVATE)}
        write_tree_durably(self._place(number), files)

    def read(self, number: int) -> tuple[bytes, ClusterConfig]:
        """Its file, and what it says. Raises Damaged."""
        settle_tree(self._place(number))
        file = self._place(number) / CLUSTER_XML
        try:
            xml = file.read_bytes()
        except FileNotFoundError:
            raise Damaged(f"{file} is missing; bring it back from a backup or another node") from None
        config, problems = read_cluster(xml, str(file))
        if config is None:
            raise Damaged(f"{errors_of(problems)[0]}; bring the file back from a backup or another node")
        return xml, config

    def xml(self, current: int, number: int) -> bytes:
        """The file of a kept revision. Refused when there is none of this number; raises Damaged."""
        known(_WHAT, self._kept(current), number)
        return self.read(number)[0]

    def history(self, current: int) -> tuple[Revision, ...]:
        """Newest first; one that cannot be read is left out."""
        lines: list[Revision] = []
        kept = self._kept(current)
        for number in kept:
            try:
                xml, config = self.read(number)
                before = next((older for older in kept if older < number), 0)
                same = before and (self._place(before) / CLUSTER_XML).read_bytes() == xml
            except (Damaged, OSError):
                continue
            meta = self._meta(number)
            changed = () if same else (CLUSTER_XML,)
            lines.append(
                Revision(number, meta.time, meta.author, config.signature, config.nodes, number == current, changed)
            )
        return tuple(lines)

    def difference(self, current: int, earlier: int, later: int) -> Difference:
        """What two of them differ in; `later` 0 = that in force, `earlier` 0 = the one kept before it."""
        earlier, later = ends(_WHAT, self._kept(current), earlier, later)
        before, after = ({CLUSTER_XML: self.read(number)[0]} if number else {} for number in (earlier, later))
        return Difference(earlier, later, file_changes(before, after))

    def prune(self, current: int) -> None:
        """Forget the oldest. Raises OSError."""
        for old in range(1, current - REVISIONS_KEPT + 1):
            if self._place(old).exists():
                remove_tree(self._place(old))

    def forget(self) -> None:
        """Remove all of them. Raises OSError."""
        if self.directory.exists():
            remove_tree(self.directory)

    def _kept(self, current: int) -> list[int]:
        return [number for number in range(current, 0, -1) if (self._place(number) / CLUSTER_XML).is_file()]

    def _meta(self, number: int) -> _Meta:
        try:
            return msgspec.json.decode((self._place(number) / _META).read_bytes(), type=_Meta)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return _Meta()

    def _place(self, number: int) -> Path:
        return self.directory / str(number)
