"""What a node has of a module: how the draft differs from it, and its earlier revisions."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from app.services.nodes import CallFailed
from app.viewmodels.session_model import failure_words
from app.viewmodels.text import names, tr
from nodeagent.contract.file_changes import file_changes
from nodeagent.contract.revisions import Difference, FileChange, Revision


class Session(Protocol):
    """What of a cluster session this needs."""

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        """All files of a revision, 0 = that in force."""

    async def module_history(self, node: str, module: str) -> tuple[Revision, ...]:
        """The revisions that the node keeps, newest first."""

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> Difference:
        """What two of them differ in."""


class Tasks(Protocol):
    """Who owns the calls under way."""

    def start(self, work: Coroutine[Any, Any, None], name: str) -> object:
        """Run it."""


class ModuleHistory(QObject):
    """Of one module. `nodes` are those that have it; `restored(files, revision)` when a revision was read back."""

    changed = Signal()
    restored = Signal(object, int)

    def __init__(self, session: Session, tasks: Tasks, module: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tasks, self.module = session, tasks, module
        self.node = ""
        self.trouble = ""
        self.running: Mapping[str, bytes] | None = None
        """The files in force on the node, None while they are not read."""
        self.revisions: tuple[Revision, ...] = ()
        self.number = 0
        self.files: tuple[FileChange, ...] = ()
        """What the chosen revision changed."""

    def look_at(self, node: str) -> None:
        """Read what this node has."""
        if not node:
            return
        if node != self.node:
            self.node, self.running, self.revisions, self.number, self.files = node, None, (), 0, ()
        self._ask(self._read(node), f"history of {self.module} on {node}")

    def choose(self, number: int) -> None:
        """Show what this revision changed."""
        if number != self.number:
            self.number, self.files = number, ()
            self._ask(self._compare(self.node, number), f"revision {number} of {self.module}")

    def restore(self) -> None:
        """Read the chosen revision back; `restored` when it is there."""
        self._ask(self._restore(self.node, self.number), f"restore {self.module}")

    @property
    def restore_reason(self) -> str:
        """Why the chosen revision cannot come back, "" when it can."""
        revision = next((one for one in self.revisions if one.number == self.number), None)
        if revision is None:
            return tr("choose a revision first")
        return tr("this revision is in force") if revision.current else ""

    def difference(self, draft: Mapping[str, bytes]) -> str:
        """From what runs on the node to the draft, as a unified diff; "" when they are the same."""
        return "" if self.running is None else as_text(file_changes(self.running, draft))

    # --- inside -------------------------------------------------------------------------------

    def _ask(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.trouble = ""
        self._tasks.start(work, name)
        self.changed.emit()

    async def _read(self, node: str) -> None:
        await self._told(self._take(node))

    async def _take(self, node: str) -> None:
        running = await self._session.module_files(node, self.module)
        revisions = await self._session.module_history(node, self.module)
        if node == self.node:
            self.running, self.revisions = running, revisions
            first = next(iter(revisions), None)
            if first is not None and self.number not in {one.number for one in revisions}:
                self.number = first.number
                self.files = (await self._session.module_difference(node, self.module, 0, first.number)).files

    async def _compare(self, node: str, number: int) -> None:
        async def compare() -> None:
            found = await self._session.module_difference(node, self.module, 0, number)
            if (node, number) == (self.node, self.number):
                self.files = found.files

        await self._told(compare())

    async def _restore(self, node: str, number: int) -> None:
        async def restore() -> None:
            self.restored.emit(await self._session.module_files(node, self.module, number), number)

        await self._told(restore())

    async def _told(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CallFailed as failed:
            self.trouble = failure_words(failed)
        self.changed.emit()


def as_text(files: tuple[FileChange, ...]) -> str:
    """All changes one after the other, as a unified diff."""
    parts = []
    for file in files:
        head = {
            "added": tr("{path} is new", path=file.path),
            "removed": tr("{path} is gone", path=file.path),
            "changed": tr("{path} is different", path=file.path),
        }[file.change]
        parts.append(f"# {head}\n{file.diff}" + (tr("# … and more") + "\n" if file.cut else ""))
    return "\n".join(parts)


def revision_words(revision: Revision, write: Callable[[float], str]) -> tuple[str, ...]:
    """The cells of a revision: number, when, by whom, what changed."""
    number = tr("{number}, in force", number=revision.number) if revision.current else str(revision.number)
    changed = names(path.rpartition("/")[2] for path in revision.changed)
    return number, write(revision.time), revision.author or "–", changed or "–"
