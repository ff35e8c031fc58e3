"""Configuration → Module: which module is edited, its draft, the nodes it goes to. Drafts outlive the page."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.services.nodes import Credentials, NodeAddress, NodeView
from app.services.rollout import Outcome
from app.viewmodels.flood_test import FloodTest
from app.viewmodels.module_apply import ModuleApply
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_history import ModuleHistory
from app.viewmodels.new_module import NewModule
from app.viewmodels.session_model import failure_words
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import labelled, names, said, tr
from app.viewmodels.tile import status_of
from app.viewmodels.trouble_words import known_remedy, reason
from app.viewmodels.vip_advice import way_advice
from nodeagent.client.failures import CallFailed
from nodeagent.contract.api import ClusterInfo, ModuleInfo
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.revisions import Difference, Revision, Uninstalled
from nodeagent.contract.states import Role, State
from nodeagent.contract.vip_status import FloodHeard, FloodProbe


class Session(Protocol):
    """What of a cluster session this page needs."""

    def view(self) -> tuple[NodeView, ...]:
        """All nodes now."""

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call this after changes of any node."""

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        """How to log in there."""

    async def cluster(self, node: str) -> ClusterInfo:
        """The cluster as this node has it."""

    async def modules(self, node: str) -> tuple[ModuleInfo, ...]:
        """What is installed there."""

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        """All files of a module as the node has it, or had it."""

    async def module_history(self, node: str, module: str) -> tuple[Revision, ...]:
        """The revisions that the node keeps."""

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> Difference:
        """What two of them differ in."""

    async def flood_probe(self, node: str, request: FloodProbe) -> FloodHeard:
        """What the node hears of the others; all are asked at once."""

    async def module_archive(self, node: str, module: str) -> bytes:
        """The module as a `.safe` archive."""

    async def uninstall(self, node: str, module: str) -> Uninstalled:
        """Take the module away from this node."""


@dataclass
class Draft:
    """A module being edited: `nodes` are chosen for it, `base` holds the revision of each that it began from."""

    editor: ModuleEditor
    apply: ModuleApply
    nodes: list[str]
    history: ModuleHistory
    flood: FloodTest
    base: dict[str, int] = field(default_factory=dict)
    sent: Mapping[str, bytes] = field(default_factory=dict)
    new: bool = False
    awaited: str = ""
    """The signature of what was applied, until the statuses of its nodes tell of it."""


class ModuleConfiguration(QObject):
    """The page's root. `changed` when another module, the nodes or the loading has changed."""

    changed = Signal()
    answered = Signal(str, bool)
    """What came of an export or of taking a module away, and whether it was done."""

    def __init__(self, session: Session, tasks: Tasks) -> None:
        super().__init__()
        self._session, self._tasks = session, tasks
        self._drafts: dict[str, Draft] = {}
        self.module = ""
        self.trouble = ""
        self.new_module: NewModule | None = None
        self._cluster: ClusterConfig | None = None
        self._loading: set[str] = set()
        self._known: tuple[str, ...] = ()
        self._unsubscribe = session.subscribe(self._session_changed)

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()

    # --- which module -------------------------------------------------------------------------

    @property
    def draft(self) -> Draft | None:
        """The one shown, None while there is none."""
        return self._drafts.get(self.module)

    @property
    def loading(self) -> bool:
        """Whether the files of the module are on their way."""
        return self.module in self._loading

    @property
    def modules(self) -> tuple[str, ...]:
        """All modules of the cluster, and drafts that were never applied."""
        there = {module.name for view in self._session.view() if view.status for module in view.status.modules}
        return tuple(sorted(there | set(self._drafts), key=str.casefold))

    @property
    def vip_advice(self) -> str:
        """Which way to share an address is right on this network, as far as the running module tells."""
        return way_advice(self._session.view(), self.module)

    @property
    def unsaved(self) -> tuple[str, ...]:
        """Modules whose draft differs from what the nodes have."""
        return tuple(name for name, draft in self._drafts.items() if draft.editor.changes.count)

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes that a module can go to, in the order of the cluster."""
        if self._cluster is not None:
            return self._cluster.nodes
        return tuple(view.name for view in self._session.view())

    def open(self, module: str) -> None:
        """Show this module: its draft, else what a node has."""
        self.module, self.new_module, self.trouble = module, None, ""
        if module and module not in self._drafts and module not in self._loading:
            self._loading.add(module)
            self._tasks.start(self._load(module), f"read {module}")
        self.changed.emit()

    def begin_new(self) -> None:
        """Show the question sheet of a new module."""
        self.new_module = NewModule(self.modules, self._tasks, self)
        self.new_module.created.connect(self._create)
        self.changed.emit()

    def drop_new(self) -> None:
        """No new module after all."""
        self.new_module = None
        self.changed.emit()

    # --- nodes, check, apply ------------------------------------------------------------------

    def choose_node(self, node: str, chosen: bool) -> None:
        """Whether the module goes to this node."""
        draft = self.draft
        if draft is None:
            return
        wanted = {*draft.nodes, node} if chosen else {*draft.nodes} - {node}
        draft.nodes = [name for name in self.nodes if name in wanted]
        draft.editor.set_surroundings(self._cluster, draft.nodes)
        self.changed.emit()

    def node_reason(self, node: str) -> str:
        """Why this node cannot be chosen off now, "" when it can."""
        draft = self.draft
        if draft is not None and draft.nodes == [node]:
            return tr("a module needs at least one node")
        return tr("an apply is under way") if draft and draft.apply.running else ""

    @property
    def apply_reason(self) -> str:
        """Why it cannot be applied now, "" when it can; errors are no reason: the button leads to them."""
        draft = self.draft
        if draft is None:
            return tr("no module is open")
        if draft.apply.running:
            return tr("an apply is under way")
        if not draft.nodes:
            return tr("choose at least one node")
        return ""

    def check(self) -> None:
        """Ask the chosen nodes; nothing changes. With errors it leads to the next one instead."""
        draft = self.draft
        if draft is None or self.apply_reason:
            return
        if draft.editor.jump() is None:
            draft.sent = draft.editor.files
            draft.apply.check(draft.editor.name, draft.editor.files, draft.nodes)

    def apply(self) -> None:
        """Put it in force on the chosen nodes. With errors it leads to the next one instead."""
        draft = self.draft
        if draft is None or self.apply_reason:
            return
        if draft.editor.jump() is None:
            draft.sent = draft.editor.files
            draft.apply.apply(draft.editor.name, draft.editor.files, draft.nodes, draft.base)

    # --- its files elsewhere, its end ---------------------------------------------------------

    @property
    def holders(self) -> tuple[str, ...]:
        """The nodes that answer and have the module."""
        return tuple(view.name for view in self._session.view() if view.reached and status_of(view, self.module))

    @property
    def export_reason(self) -> str:
        """Why there is nothing to export now, "" when there is."""
        return "" if self.holders else tr("no node that has it answers")

    @property
    def uninstall_reason(self) -> str:
        """Why it cannot be taken away now, "" when it can."""
        views = [view for view in self._session.view() if view.name in self.holders]
        if not views:
            return tr("no node that has it answers")
        running = [view.name for view in views if (one := status_of(view, self.module)) and one.state is not State.STOP]
        if running:
            return tr("stop it first: it runs on {nodes}", nodes=names(running))
        lacking = [view.name for view in views if view.role is not Role.ADMIN]
        return tr("only an administrator can do that on {nodes}", nodes=names(lacking)) if lacking else ""

    def export(self, path: Path) -> None:
        """Save it as a `.safe` file, as the first node has it; while the place was chosen it may have fallen silent."""
        if why := self.export_reason:
            self.answered.emit(labelled(self.module, why), False)
            return
        self._tasks.start(self._export(self.holders[0], self.module, path), f"export {self.module}")

    def uninstall(self) -> None:
        """Take it away from every node that has it."""
        for node in self.holders:
            self._tasks.start(self._uninstall(node, self.module), f"uninstall {self.module} on {node}")

    # --- inside -------------------------------------------------------------------------------

    async def _export(self, node: str, module: str, path: Path) -> None:
        try:
            archive = await self._session.module_archive(node, module)
            await asyncio.to_thread(path.write_bytes, archive)
        except CallFailed as failed:
            self.answered.emit(labelled(module, failure_words(failed)), False)
        except OSError as error:
            self.answered.emit(tr("The file cannot be written: {why}", why=error.strerror or error), False)
        else:
            self.answered.emit(tr("{module} saved as {path}", module=module, path=path), True)

    async def _uninstall(self, node: str, module: str) -> None:
        try:
            done = await self._session.uninstall(node, module)
        except CallFailed as failed:
            text = tr("{module} on {node}: {text}", module=module, node=node, text=failure_words(failed))
            self.answered.emit(text, False)
        else:
            told = tr(
                "{module} is gone from {node}; a copy is in {backup}", module=module, node=node, backup=done.backup
            )
            self.answered.emit(told, True)
            self._drafts.pop(module, None)
            self.changed.emit()

    def _restored(self, draft: Draft, files: Mapping[str, bytes], revision: int) -> None:
        """A revision came back: it is applied as a new one on all nodes of the module."""
        draft.editor.replace(files, tr("Restore revision {number}", number=revision))
        if draft is self.draft:
            self.apply()

    async def _load(self, module: str) -> None:
        view = next((v for v in self._session.view() if v.reached and status_of(v, module)), None)
        trouble = ""
        try:
            if view is None:
                trouble = tr("No node that has {module} answers now.", module=module)
                return
            base = self._revisions(module)  # first: who applies meanwhile is not overwritten
            files = await self._session.module_files(view.name, module)
            infos = {info.name: info for info in await self._session.modules(view.name)}
            await self._learn_cluster(view.name)
            if module not in self._drafts:
                nodes = list(infos[module].nodes) if module in infos else []
                self._add(module, files, files, nodes, base)
        except CallFailed as failed:
            if view is not None:
                short = reason(failed.trouble, view.address).short
                trouble = labelled(short, known_remedy(failed.trouble, view.address, detail=said(str(failed))))
        finally:
            self._loading.discard(module)
            if module == self.module:
                self.trouble = trouble
            self.changed.emit()

    async def _learn_cluster(self, node: str) -> None:
        info = await self._session.cluster(node)
        self._cluster, _ = await asyncio.to_thread(read_cluster, info.xml)

    def _create(self, name: str, files: Mapping[str, bytes]) -> None:
        self.new_module, self.module, self.trouble = None, name, ""
        self._add(name, files, {}, [], {})
        self._drafts[name].new = True
        view = next((view for view in self._session.view() if view.reached), None)
        if self._cluster is None and view is not None:
            self._tasks.start(self._surround(name, view.name), "read the cluster")
        self.changed.emit()

    async def _surround(self, name: str, node: str) -> None:
        """A module that was begun before the cluster was known is checked against it now."""
        try:
            await self._learn_cluster(node)
        except CallFailed:
            return
        draft = self._drafts.get(name)
        if draft is None:
            return
        draft.nodes = list(self.nodes)
        draft.editor.set_surroundings(self._cluster, draft.nodes)
        self.changed.emit()

    def _add(
        self,
        name: str,
        files: Mapping[str, bytes],
        running: Mapping[str, bytes],
        nodes: list[str],
        base: dict[str, int],
    ) -> None:
        chosen = [node for node in nodes if node in self.nodes] or list(self.nodes)
        editor = ModuleEditor(name, files, running, self._cluster, chosen, self)
        apply = ModuleApply(self._session, self._tasks)
        history = ModuleHistory(self._session, self._tasks, name, self)
        flood = FloodTest(self._session, self._tasks, editor)
        draft = Draft(editor, apply, chosen, history, flood, base)
        history.restored.connect(lambda files, revision: self._restored(draft, files, revision))
        editor.changed.connect(lambda: self._edited(draft))
        apply.ended.connect(lambda outcome: self._ended(draft, outcome))
        self._drafts[name] = draft

    @staticmethod
    def _edited(draft: Draft) -> None:
        """A good verdict is about what was sent and goes with the next change; a bad one stays to be worked through."""
        if draft.apply.outcome in {Outcome.CHECKED, Outcome.APPLIED} and draft.editor.files != draft.sent:
            draft.apply.close()

    def _ended(self, draft: Draft, outcome: Outcome) -> None:
        if outcome is Outcome.APPLIED:
            draft.editor.applied(draft.sent)
            draft.new = False
            draft.awaited = draft.apply.signature
        if outcome in {Outcome.APPLIED, Outcome.INCOMPLETE}:
            # Revisions after it are learnt from statuses, once all have it; until then they are not asked for.
            draft.base = {}
        self.changed.emit()

    def _revisions(self, module: str) -> dict[str, int]:
        known = {view.name: status_of(view, module) for view in self._session.view() if view.reached}
        return {node: status.waiting_revision or status.revision for node, status in known.items() if status}

    def _session_changed(self) -> None:
        for name, draft in self._drafts.items():
            if draft.awaited:
                seen = [status_of(view, name) for view in self._session.view() if view.name in draft.nodes]
                if seen and all(status and status.signature == draft.awaited for status in seen):
                    draft.base, draft.awaited = self._revisions(name), ""
        if self._known != (known := (*self.nodes, *self.modules)):
            self._known = known
            self.changed.emit()
