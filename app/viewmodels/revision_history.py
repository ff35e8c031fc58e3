"""The revisions that a node keeps of something, what each changed, and one of them read back."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from app.viewmodels.session_model import failure_words
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import names, tr
from nodeagent.client.failures import CallFailed
from nodeagent.contract.file_changes import file_changes
from nodeagent.contract.revisions import Difference, FileChange, Revision


class Keeper(Protocol):
    """Asks a node what it keeps. Every call raises CallFailed."""

    async def files(self, node: str, revision: int = 0) -> dict[str, bytes]:
        """All files of a revision, 0 = that in force."""

    async def history(self, node: str) -> tuple[Revision, ...]:
        """The revisions that the node keeps, newest first."""

    async def difference(self, node: str, revision: int) -> Difference:
        """What a revision changed."""


class RevisionHistory(QObject):
    """Of `what`, as one node keeps it. `restored(files, revision)` when a revision was read back."""

    changed = Signal()
    restored = Signal(object, int)

    def __init__(self, keeper: Keeper, tasks: Tasks, what: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._keeper, self._tasks, self._what = keeper, tasks, what
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
        self._ask(self._read(node), f"history of {self._what} on {node}")

    def choose(self, number: int) -> None:
        """Show what this revision changed."""
        if number != self.number:
            self.number, self.files = number, ()
            self._ask(self._compare(self.node, number), f"revision {number} of {self._what}")

    def restore(self) -> None:
        """Read the chosen revision back; `restored` when it is there."""
        self._ask(self._restore(self.node, self.number), f"restore {self._what}")

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

    @property
    def heads(self) -> tuple[str, ...]:
        """Of the columns of the list."""
        return tr("Revision"), tr("When"), tr("By"), tr("Changed")

    def cells(self, revision: Revision, write: Callable[[float], str]) -> tuple[str, ...]:
        """One line of the list; `write` makes words of a time."""
        return revision_words(revision, write)

    # --- inside -------------------------------------------------------------------------------

    def _ask(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self.trouble = ""
        self._tasks.start(work, name)
        self.changed.emit()

    async def _read(self, node: str) -> None:
        await self._told(node, self._take(node))

    async def _take(self, node: str) -> None:
        running = await self._keeper.files(node)
        revisions = await self._keeper.history(node)
        if node == self.node:
            self.running, self.revisions = running, revisions
            first = next(iter(revisions), None)
            if first is not None and self.number not in {one.number for one in revisions}:
                self.number = first.number
                await self._take_changes(node, first.number)

    async def _compare(self, node: str, number: int) -> None:
        await self._told(node, self._take_changes(node, number))

    async def _take_changes(self, node: str, number: int) -> None:
        found = await self._keeper.difference(node, number)
        if (node, number) == (self.node, self.number):
            self.files = found.files

    async def _restore(self, node: str, number: int) -> None:
        async def restore() -> None:
            self.restored.emit(await self._keeper.files(node, number), number)

        await self._told(node, restore())

    async def _told(self, node: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except CallFailed as failed:
            if node == self.node:
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
