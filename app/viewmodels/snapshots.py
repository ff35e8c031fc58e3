"""Snapshots for a support case: which nodes, which module, and how far each one is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.viewmodels.menus import Deed, role_reason
from app.viewmodels.session_model import SessionModel, failure_words
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import file_size, tr
from nodeagent.client.failures import CallFailed


@dataclass(frozen=True)
class SnapshotRow:
    """One node: how much has come, and how it ended."""

    node: str
    path: Path
    size: int = 0
    done: bool = False
    failed: str = ""

    @property
    def words(self) -> str:
        """`3.1 MB`, and where it is once it is whole."""
        if self.failed:
            return self.failed
        size = file_size(self.size) if self.size else tr("the node collects it")
        return tr("{size} in {path}", size=size, path=self.path) if self.done else size


class Snapshots(QObject):
    """One series at a time; each node by itself."""

    changed = Signal()

    def __init__(self, session: SessionModel, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tasks = session, tasks
        self.module = ""
        self.nodes: tuple[str, ...] = ()
        self.anonymise = False
        self.rows: tuple[SnapshotRow, ...] = ()
        self._running: dict[str, asyncio.Task[None]] = {}

    @property
    def modules(self) -> tuple[str, ...]:
        """The modules of the cluster."""
        return tuple(card.name for card in self._session.farm.modules)

    @property
    def known(self) -> tuple[str, ...]:
        """All nodes of the cluster."""
        return tuple(row.name for row in self._session.farm.nodes)

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return bool(self._running)

    @property
    def reason(self) -> str:
        """Why none can be made now, "" when one can."""
        if self.running:
            return tr("a snapshot is under way")
        if self._session.read_only:
            return self._session.read_only
        if not self.module:
            return tr("there is no module yet")
        return "" if self.nodes else tr("choose at least one node")

    def node_reason(self, node: str) -> str:
        """Why this node cannot give one now."""
        if self._session.read_only:
            return self._session.read_only
        tile = self._session.farm.tile(self.module, node)
        if tile is None:
            return tr("not configured on {node}", node=node)
        if tile.stale:
            return tr("{node} does not answer this console", node=node)
        return role_reason(tile.view.role, Deed.SNAPSHOT, node)

    def choose(self, module: str, nodes: tuple[str, ...] = ()) -> None:
        """This module, on these nodes, else on all that answer."""
        self.module = module or next(iter(self.modules), "")
        card = self._session.farm.card(self.module)
        able = tuple(node for node in (card.nodes if card else ()) if not self.node_reason(node))
        self.nodes = tuple(node for node in able if node in nodes) or able
        self.changed.emit()

    def choose_node(self, node: str, chosen: bool) -> None:
        """Whether this node is asked."""
        wanted = {*self.nodes, node} if chosen else {*self.nodes} - {node}
        self.nodes = tuple(row.name for row in self._session.farm.nodes if row.name in wanted)
        self.changed.emit()

    def set_anonymise(self, on: bool) -> None:
        """Replace addresses and names, the same one always by the same word."""
        self.anonymise = on
        self.changed.emit()

    def file_name(self, node: str) -> str:
        """What the file of a node is called."""
        return f"snapshot_{node}_{self.module}.zip"

    def save(self, directory: Path) -> None:
        """Save one file for each node into this directory."""
        if self.reason:
            return
        self.rows = tuple(SnapshotRow(node, directory / self.file_name(node)) for node in self.nodes)
        for row in self.rows:
            work = self._save(row.node, self.module, row.path)
            self._running[row.node] = self._tasks.start(work, f"snapshot of {row.node}")
        self._running = {node: task for node, task in self._running.items() if task is not None and not task.done()}
        self.changed.emit()

    def cancel(self) -> None:
        """Stop those under way; their files go."""
        for task in tuple(self._running.values()):
            task.cancel()

    async def _save(self, node: str, module: str, path: Path) -> None:
        try:
            size = await self._session.session.snapshot(
                node, module, path, self._counter(node), anonymise=self.anonymise
            )
            self._put(node, lambda row: replace(row, size=size, done=True))
        except CallFailed as failed:
            words = failure_words(failed)
            self._put(node, lambda row: replace(row, failed=words))
        except OSError as error:
            words = tr("The file cannot be written: {why}", why=error.strerror or error)
            self._put(node, lambda row: replace(row, failed=words))
        except asyncio.CancelledError:
            self._put(node, lambda row: replace(row, failed=tr("Cancelled: nothing was kept.")))
            raise
        finally:
            self._running.pop(node, None)
            self.changed.emit()

    def _counter(self, node: str) -> Callable[[int], None]:
        def count(size: int) -> None:
            self._put(node, lambda row: replace(row, size=size))

        return count

    def _put(self, node: str, change: Callable[[SnapshotRow], SnapshotRow]) -> None:
        self.rows = tuple(change(row) if row.node == node else row for row in self.rows)
        self.changed.emit()
