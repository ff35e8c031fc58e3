"""The tree of the sidebar: clusters → Modules, Nodes → one line each, worst state precomputed."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from itertools import count
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt

from app.viewmodels.farm import FarmModel
from app.viewmodels.reach import saved
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr

AnyIndex = QModelIndex | QPersistentModelIndex


class NodeKind(StrEnum):
    """What a line of the tree is."""

    CLUSTER = "cluster"
    MODULES = "modules"
    NODES = "nodes"
    MODULE = "module"
    NODE = "node"


HEADINGS = (NodeKind.MODULES, NodeKind.NODES)


class SidebarRole(IntEnum):
    """What a delegate asks for beside the name (DisplayRole)."""

    KIND = Qt.ItemDataRole.UserRole.value + 1
    SILHOUETTE = KIND + 1
    WORDS = KIND + 2
    PAUSED = KIND + 3
    SCOPE = KIND + 4
    SHORT = KIND + 5
    """A name to be shown where the whole one has no room, "" = it is cut."""
    SAVED = KIND + 6
    """It is a snapshot that was opened, not a live cluster."""


@dataclass(frozen=True)
class Scope:
    """What the choice in the sidebar is: a cluster, or a module or node of it."""

    session: str
    module: str = ""
    node: str = ""


@dataclass(frozen=True)
class _Line:
    """What a line shows; equal lines need no repaint."""

    kind: NodeKind
    scope: Scope
    name: str
    silhouette: Silhouette | None = None
    words: str = ""
    paused: bool = False
    short: str = ""
    saved: bool = False


class _Item:
    def __init__(self, number: int, line: _Line, parent: "_Item | None") -> None:
        self.number, self.line, self.parent = number, line, parent
        self.children: list[_Item] = []

    @property
    def row(self) -> int:
        return self.parent.children.index(self) if self.parent else 0


class SidebarModel(QAbstractItemModel):
    """One column. Live changes touch only the lines that changed: selection and scroll stay."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._numbers = count(1)
        self._items: dict[int, _Item] = {}
        self._root = self._make(_Line(NodeKind.CLUSTER, Scope(""), ""), None)
        self._sessions: dict[str, SessionModel] = {}

    def add(self, session: SessionModel) -> None:
        """Show this cluster at the end, and follow it."""
        self._sessions[session.id] = session
        session.changed.connect(self.refresh)
        self.refresh()

    def remove(self, session: SessionModel) -> None:
        """Show it no more."""
        del self._sessions[session.id]
        session.changed.disconnect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Bring the tree up to the farms of the sessions; also after a change of language."""
        clusters = [(session.id, session.farm) for session in self._sessions.values()]
        named = {session.id for session in self._sessions.values() if session.session.title}
        self._bring(self._root, [_cluster_line(key, farm, key in named) for key, farm in clusters])
        for item, (key, farm) in zip(self._root.children, clusters, strict=True):
            groups = [
                _Line(NodeKind.MODULES, Scope(key), tr("Modules")),
                _Line(NodeKind.NODES, Scope(key), tr("Nodes")),
            ]
            self._bring(item, groups)
            modules, nodes = item.children
            self._bring(modules, _module_lines(key, farm))
            self._bring(nodes, _node_lines(key, farm))

    @property
    def state_words(self) -> frozenset[str]:
        """Every word that stands in the column of states now."""
        return frozenset(item.line.words for item in self._items.values() if item.line.words)

    def scope(self, index: AnyIndex) -> Scope | None:
        """What this line stands for; None for the headings and outside."""
        line = self._item(index).line
        chosen = index.isValid() and line.kind not in HEADINGS
        return line.scope if chosen else None

    def index_of(self, scope: Scope) -> QModelIndex:
        """The line of this scope, invalid when there is none."""
        for item in self._items.values():
            if item is not self._root and item.line.scope == scope and item.line.kind not in HEADINGS:
                return self._index(item)
        return QModelIndex()

    # --- QAbstractItemModel -------------------------------------------------------------------

    def index(self, row: int, column: int, parent: AnyIndex = QModelIndex()) -> QModelIndex:  # noqa: B008, D102
        children = self._item(parent).children
        if column != 0 or not 0 <= row < len(children):
            return QModelIndex()
        return self.createIndex(row, 0, children[row].number)

    def parent(self, child: AnyIndex) -> QModelIndex:  # type: ignore[override]  # noqa: D102
        above = self._item(child).parent
        return QModelIndex() if above is None else self._index(above)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return len(self._item(parent).children)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 1

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:  # noqa: D102
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self._item(index).line.kind in HEADINGS:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        line = self._item(index).line
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return line.name
            case Qt.ItemDataRole.AccessibleTextRole:
                return _accessible(line)
            case Qt.ItemDataRole.ToolTipRole:
                return ", ".join(part for part in (line.name, line.words) if part)
            case SidebarRole.KIND:
                return line.kind
            case SidebarRole.SILHOUETTE:
                return line.silhouette
            case SidebarRole.WORDS:
                return line.words
            case SidebarRole.PAUSED:
                return line.paused
            case SidebarRole.SCOPE:
                return line.scope
            case SidebarRole.SHORT:
                return line.short
            case SidebarRole.SAVED:
                return line.saved
        return None

    # --- keeping it in step -------------------------------------------------------------------

    def _make(self, line: _Line, parent: _Item | None) -> _Item:
        item = _Item(next(self._numbers), line, parent)
        self._items[item.number] = item
        return item

    def _item(self, index: AnyIndex) -> _Item:
        return self._items[index.internalId()] if index.isValid() else self._root

    def _index(self, item: _Item) -> QModelIndex:
        return QModelIndex() if item is self._root else self.createIndex(item.row, 0, item.number)

    def _bring(self, parent: _Item, lines: Sequence[_Line]) -> None:
        wanted = {(line.kind, line.scope) for line in lines}
        for item in reversed(parent.children):
            if (item.line.kind, item.line.scope) not in wanted:
                self._drop(item)
        for row, line in enumerate(lines):
            found = next(
                (item for item in parent.children if (item.line.kind, item.line.scope) == (line.kind, line.scope)), None
            )
            if found is not None and found.row != row:
                self._move(found, row)
            elif found is None:
                self._insert(parent, row, line)
            if found is not None and found.line != line:
                found.line = line
                self.dataChanged.emit(self._index(found), self._index(found))

    def _insert(self, parent: _Item, row: int, line: _Line) -> None:
        self.beginInsertRows(self._index(parent), row, row)
        parent.children.insert(row, self._make(line, parent))
        self.endInsertRows()

    def _move(self, item: _Item, row: int) -> None:
        assert item.parent is not None
        above = self._index(item.parent)
        self.beginMoveRows(above, item.row, item.row, above, row)
        item.parent.children.remove(item)
        item.parent.children.insert(row, item)
        self.endMoveRows()

    def _drop(self, item: _Item) -> None:
        assert item.parent is not None
        self.beginRemoveRows(self._index(item.parent), item.row, item.row)
        item.parent.children.remove(item)
        self._forget(item)
        self.endRemoveRows()

    def _forget(self, item: _Item) -> None:
        del self._items[item.number]
        for child in item.children:
            self._forget(child)


class SidebarFilter(QSortFilterProxyModel):
    """The tree with only the lines whose name holds the text, what stands above them, and what is below."""

    def __init__(self, model: SidebarModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.setRecursiveFilteringEnabled(True)
        self.setAutoAcceptChildRows(True)
        self.setSourceModel(model)

    def set_text(self, text: str) -> None:
        """Show what holds this text, in any case of letters; all when it is empty."""
        self._text = text.strip().casefold()
        self.invalidate()

    def filterAcceptsRow(self, row: int, parent: AnyIndex) -> bool:  # noqa: D102
        index = self.sourceModel().index(row, 0, parent)
        if not self._text:
            return True
        kind, name = index.data(SidebarRole.KIND), index.data()
        return kind not in HEADINGS and self._text in str(name).casefold()


def _cluster_line(key: str, farm: FarmModel, named: bool) -> _Line:
    empty = farm.worst is Silhouette.UNCONFIGURED and not farm.modules
    words = tr("No module") if empty else farm.worst.words
    if any(saved(row.view) for row in farm.nodes):
        return _Line(NodeKind.CLUSTER, Scope(key), farm.title, farm.worst, words, short=tr("Snapshot"), saved=True)
    first = farm.nodes[0].name if farm.nodes else ""
    short = "" if named else tr("{node} +{count}", node=first, count=len(farm.nodes) - 1) if farm.nodes[1:] else first
    return _Line(NodeKind.CLUSTER, Scope(key), farm.title, farm.worst, words, short=short)


def _module_lines(key: str, farm: FarmModel) -> list[_Line]:
    return [
        _Line(
            NodeKind.MODULE,
            Scope(key, module=card.name),
            card.name,
            card.silhouette,
            card.silhouette.words,
            card.paused is not None,
        )
        for card in farm.modules
    ]


def _node_lines(key: str, farm: FarmModel) -> list[_Line]:
    return [_Line(NodeKind.NODE, Scope(key, node=row.name), row.name, row.silhouette, row.words) for row in farm.nodes]


def _accessible(line: _Line) -> str:
    match line.kind:
        case NodeKind.CLUSTER:
            what = line.name if line.saved else tr("cluster {name}", name=line.name)
        case NodeKind.MODULE:
            what = tr("module {name}", name=line.name)
        case NodeKind.NODE:
            what = tr("node {name}", name=line.name)
        case _:
            return line.name
    return ", ".join(part for part in (what, line.words, tr("checks paused") if line.paused else "") if part)
