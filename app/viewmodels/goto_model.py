"""*Go to or run…* (Ctrl+K): pages, modules, nodes and actions by a few letters of their names."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.viewmodels.farm import ModuleCard
from app.viewmodels.menus import MenuEntry, entries
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope
from app.viewmodels.text import tr
from app.viewmodels.tile import NodeTile

AnyIndex = QModelIndex | QPersistentModelIndex

SHOWN = 50


class GotoKind(StrEnum):
    """What choosing an entry does; the value is its icon."""

    PAGE = "forward"
    MODULE = "module"
    NODE = "node"
    ACTION = "start"


@dataclass(frozen=True)
class GotoEntry:
    """One line. Exactly one of `page`, `scope`, `entry` tells what it does."""

    kind: GotoKind
    text: str
    hint: str = ""
    """In which cluster; why it is not possible."""
    enabled: bool = True
    page: str = ""
    scope: Scope | None = None
    session: str = ""
    """Whose SessionModel performs `entry`."""
    entry: MenuEntry | None = None


class GotoRole(IntEnum):
    """What a delegate asks for beside the text."""

    ENTRY = Qt.ItemDataRole.UserRole.value + 1
    HINT = ENTRY + 1
    ICON = ENTRY + 2


class GotoModel(QAbstractListModel):
    """What matches the typed words: all of them somewhere in the text; beginnings first, then in the order given."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pages: Sequence[tuple[str, str]] = ()
        self._sessions: Sequence[SessionModel] = ()
        self._found: list[GotoEntry] = []

    def open(self, pages: Sequence[tuple[str, str]], sessions: Sequence[SessionModel]) -> None:
        """Begin with these pages, (id, title) each, and clusters; nothing typed yet."""
        self._pages, self._sessions = pages, sessions
        self.set_text("")

    def set_text(self, text: str) -> None:
        """Show what matches. Actions appear once something is typed."""
        words = text.casefold().split()
        places = [place for place in self._places() if _matches(words, place.text)]
        deeds = list(self._deeds(words)) if words else []
        found = sorted(places + deeds, key=lambda one: not one.text.casefold().startswith(" ".join(words)))
        self.beginResetModel()
        self._found = found[:SHOWN]
        self.endResetModel()

    def entry(self, row: int) -> GotoEntry:
        """The line at this row."""
        return self._found[row]

    def _places(self) -> Iterator[GotoEntry]:
        for page, title in self._pages:
            yield GotoEntry(GotoKind.PAGE, title, page=page)
        for session in self._sessions:
            yield GotoEntry(GotoKind.PAGE, session.title, tr("cluster"), scope=Scope(session.id))
            for card in session.farm.modules:
                yield GotoEntry(GotoKind.MODULE, card.name, session.title, scope=Scope(session.id, module=card.name))
            for row in session.farm.nodes:
                yield GotoEntry(GotoKind.NODE, row.name, session.title, scope=Scope(session.id, node=row.name))

    def _deeds(self, words: Sequence[str]) -> Iterator[GotoEntry]:
        for session in self._sessions:
            for card in session.farm.modules:
                every = tr("{module} on all nodes", module=card.name)
                yield from _actions(session, card, card.tiles, every, words)
                for tile in card.tiles:
                    here = tr("{module} on {node}", module=card.name, node=tile.node)
                    if any(word in here.casefold() for word in words):
                        yield from _actions(session, card, (tile,), here, words)

    # --- QAbstractListModel -------------------------------------------------------------------

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self._found)

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:  # noqa: D102
        if not index.isValid() or not self._found[index.row()].enabled:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        found = self._found[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return found.text
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{found.text}, {found.hint}" if found.hint else found.text
            case GotoRole.ENTRY:
                return found
            case GotoRole.HINT:
                return found.hint
            case GotoRole.ICON:
                return found.kind.value
        return None


def _actions(
    session: SessionModel, card: ModuleCard, tiles: Sequence[NodeTile], where: str, words: Sequence[str]
) -> Iterator[GotoEntry]:
    for path, entry in _leaves(entries(card, tiles)):
        text = tr("{action}: {where}", action=path, where=where)
        if _matches(words, text):
            hint = session.title if entry.enabled else entry.reason
            yield GotoEntry(GotoKind.ACTION, text, hint, entry.enabled, session=session.id, entry=entry)


def _leaves(menu: Iterable[MenuEntry]) -> Iterator[tuple[str, MenuEntry]]:
    for entry in menu:
        if not entry.children:
            yield entry.text, entry
        for child in entry.children:
            yield f"{entry.text} › {child.text}", child


def _matches(words: Sequence[str], text: str) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)
