"""The configuration in opened snapshots: each node's revisions of the cluster and of the module, as form and files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from PySide6.QtCore import QObject, Signal

from app.services.snapshot_file import SnapshotFile
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.saved_cluster import SavedCluster
from app.viewmodels.text import file_size, joined, moment, tr
from app.viewmodels.xml_text import shown_xml
from nodeagent.contract.cluster_xml import read_cluster
from nodeagent.contract.config import ClusterConfig

CLUSTER_XML = "cluster.xml"


@dataclass(frozen=True)
class ShownFile:
    """One file as text; `text` is empty when it cannot be shown, `facts` then say why."""

    path: str
    text: str
    facts: str


class SnapshotFiles(QObject):
    """What is looked at; `changed` after every choice. Without a module it is the cluster."""

    changed = Signal()

    def __init__(self, files: Sequence[SnapshotFile]) -> None:
        super().__init__()
        self._files = {file.status.node: file for file in files}
        self.node = next(iter(self._files))
        self.module = ""
        self.revision = 0
        self.path = ""
        self.editor: ModuleEditor | None = None
        """The form of the module, to read only; None without its files."""
        self.cluster: SavedCluster | None = None
        """The form of the cluster; None without its file."""
        self._shown: tuple[str, str, int] | None = None
        self._settle()

    @property
    def nodes(self) -> tuple[str, ...]:
        """All of them."""
        return tuple(self._files)

    @property
    def revisions(self) -> tuple[tuple[int, str], ...]:
        """(number, words) of each that was saved, the newest first."""
        now = datetime.now(UTC).timestamp()
        file = self._files[self.node]
        if not self.module:
            return tuple((number, tr("Revision {number}", number=number)) for number in self._numbers())
        metas = {number: file.meta(self.module, number) for number in self._numbers()}
        return tuple(
            (
                number,
                joined(
                    (
                        tr("Revision {number}", number=number),
                        meta.author,
                        moment(meta.time, now) if meta.time else "",
                    )
                ),
            )
            for number, meta in metas.items()
        )

    @property
    def paths(self) -> tuple[str, ...]:
        """The files of the revision."""
        return tuple(sorted(self._contents()))

    @property
    def shown(self) -> ShownFile | None:
        """The chosen file; None when there is none."""
        data = self._contents().get(self.path)
        if data is None:
            return None
        if b"\0" in data:
            return ShownFile(self.path, "", tr("This file is a program."))
        return ShownFile(self.path, shown_xml(data), file_size(len(data)))

    @property
    def nothing(self) -> str:
        """Why there is no file to show; "" while there is one."""
        if self._contents():
            return ""
        if not self.module:
            return tr("{node} was in no cluster when the snapshot was taken.", node=self.node)
        return tr(
            "The snapshot of {node} was taken of another module: it holds no files of {module}.",
            node=self.node,
            module=self.module,
        )

    def choose_module(self, module: str) -> None:
        """This module; "" is the cluster."""
        if module != self.module:
            self.module, self.revision, self.path = module, 0, ""
            self._settle()
            self.changed.emit()

    def choose_node(self, node: str) -> None:
        """As this node had it."""
        self.node, self.revision = node, 0
        self._settle()
        self.changed.emit()

    def choose_revision(self, number: int) -> None:
        """This revision."""
        self.revision = number
        self._settle()
        self.changed.emit()

    def choose_path(self, path: str) -> None:
        """This file."""
        self.path = path
        self._settle()
        self.changed.emit()

    def _numbers(self) -> tuple[int, ...]:
        file = self._files[self.node]
        kept = file.modules.get(self.module, {}) if self.module else file.clusters
        return tuple(sorted(kept, reverse=True))

    def _contents(self) -> Mapping[str, bytes]:
        file = self._files[self.node]
        if self.module:
            files = file.modules.get(self.module, {}).get(self.revision, {})
            return {path: data for path, data in files.items() if path != "meta.json"}
        return {CLUSTER_XML: file.clusters[self.revision]} if self.revision in file.clusters else {}

    def _settle(self) -> None:
        """What is chosen is there: else the newest revision, and its XML."""
        numbers = self._numbers()
        if self.revision not in numbers:
            self.revision = next(iter(numbers), 0)
        paths = self.paths
        if self.path not in paths:
            self.path = next((path for path in paths if path.endswith(".xml")), next(iter(paths), ""))
        if self._shown != (place := (self.node, self.module, self.revision)):
            self._shown = place
            self._make_forms()

    def _make_forms(self) -> None:
        """The tab that was looked at stays in view."""
        before, contents = self.editor, self._contents()
        self.editor = self.cluster = None
        if contents and self.module:
            config = self._config()
            told = self._files[self.node].meta(self.module, self.revision).nodes
            nodes = told or (config.nodes if config else ())
            self.editor = ModuleEditor(self.module, contents, contents, config, nodes, read_only=True)
            if before is not None:
                self.editor.show(before.tab)
        elif contents:
            self.cluster = SavedCluster(contents[CLUSTER_XML])

    def _config(self) -> ClusterConfig | None:
        """The cluster that the module was in, as far as it was saved."""
        clusters = self._files[self.node].clusters
        return read_cluster(clusters[max(clusters)])[0] if clusters else None
