"""What a node keeps of the cluster configuration: its revisions of cluster.xml."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject

from app.services.nodes import NodeView
from app.viewmodels.revision_history import RevisionHistory
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import names, tr
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.revisions import Difference, Revision

CLUSTER_XML = "cluster.xml"


class Session(Protocol):
    """What of a cluster session this needs."""

    def view(self) -> tuple[NodeView, ...]:
        """All nodes now."""

    async def cluster(self, node: str) -> ClusterInfo:
        """The cluster as this node has it."""

    async def cluster_history(self, node: str) -> tuple[Revision, ...]:
        """The revisions that the node keeps, newest first."""

    async def cluster_revision(self, node: str, revision: int) -> bytes:
        """The cluster.xml of one of them."""

    async def cluster_difference(self, node: str, earlier: int, later: int) -> Difference:
        """What two of them differ in."""


class ClusterHistory(RevisionHistory):
    """Of the cluster of this session; each node counts its revisions by itself."""

    def __init__(self, session: Session, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(_Keeper(session), tasks, CLUSTER_XML, parent)
        self._session = session

    @property
    def holders(self) -> tuple[str, ...]:
        """The nodes that answer."""
        return tuple(view.name for view in self._session.view() if view.reached)

    def look(self) -> None:
        """Read again from the node looked at, from the first that answers when it does not."""
        holders = self.holders
        self.look_at(self.node if self.node in holders else next(iter(holders), self.node))

    @property
    def heads(self) -> tuple[str, ...]:
        """The file is always the same: which nodes it names says more."""
        return *super().heads[:-1], tr("Nodes")

    def cells(self, revision: Revision, write: Callable[[float], str]) -> tuple[str, ...]:
        """One line of the list."""
        return *super().cells(revision, write)[:-1], names(revision.nodes)


@dataclass(frozen=True)
class _Keeper:
    session: Session

    async def files(self, node: str, revision: int = 0) -> dict[str, bytes]:
        if not revision:
            return {CLUSTER_XML: (await self.session.cluster(node)).xml}
        return {CLUSTER_XML: await self.session.cluster_revision(node, revision)}

    async def history(self, node: str) -> tuple[Revision, ...]:
        return await self.session.cluster_history(node)

    async def difference(self, node: str, revision: int) -> Difference:
        return await self.session.cluster_difference(node, 0, revision)
