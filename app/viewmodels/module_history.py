"""What a node has of a module: how the draft differs from it, and its earlier revisions."""

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject

from app.viewmodels.revision_history import RevisionHistory
from app.viewmodels.tasks import Tasks
from nodeagent.contract.revisions import Difference, Revision


class Session(Protocol):
    """What of a cluster session this needs."""

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        """All files of a revision, 0 = that in force."""

    async def module_history(self, node: str, module: str) -> tuple[Revision, ...]:
        """The revisions that the node keeps, newest first."""

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> Difference:
        """What two of them differ in."""


class ModuleHistory(RevisionHistory):
    """Of one module."""

    def __init__(self, session: Session, tasks: Tasks, module: str, parent: QObject | None = None) -> None:
        super().__init__(_Keeper(session, module), tasks, module, parent)
        self.module = module


@dataclass(frozen=True)
class _Keeper:
    session: Session
    module: str

    async def files(self, node: str, revision: int = 0) -> dict[str, bytes]:
        return await self.session.module_files(node, self.module, revision)

    async def history(self, node: str) -> tuple[Revision, ...]:
        return await self.session.module_history(node, self.module)

    async def difference(self, node: str, revision: int) -> Difference:
        return await self.session.module_difference(node, self.module, 0, revision)
