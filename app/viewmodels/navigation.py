"""Where a tab, a scope or a command leads: pure decisions over the farm of the moment."""

from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.farm import FarmModel
from app.viewmodels.reach import saved
from app.viewmodels.sidebar_model import Scope
from app.viewmodels.silhouettes import WORST_FIRST
from app.viewmodels.text import tr
from app.viewmodels.tile import NodeTile

SLOTS = "slots"
"""The view of the Test tab that shows the virtual IP."""


class Tab(StrEnum):
    """The tabs that have pages, by their keys in the window."""

    MONITORING = "monitoring"
    DETAILS = "details"
    TIMELINE = "timeline"
    TEST = "test"
    CONFIGURATION = "configuration"
    SUPPORT = "support"


@dataclass(frozen=True)
class Place:
    """A page of one cluster and what it shows. On Configuration, no module means the cluster itself.

    `view` chooses among the pages of one tab: SLOTS on the Test tab.
    """

    tab: Tab
    session: str
    module: str = ""
    node: str = ""
    view: str = ""

    @property
    def key(self) -> str:
        """The page's key in the window: one per cluster, for the test one per module."""
        match self.tab:
            case Tab.TEST:
                return ".".join(part for part in (self.tab, self.session, self.module, self.view) if part)
            case Tab.CONFIGURATION:
                return f"{self.tab}.{'module' if self.module else 'cluster'}.{self.session}"
            case _:
                return f"{self.tab}.{self.session}"


def place(tab: str, scope: Scope, farm: FarmModel) -> Place:
    """The page of this tab for this scope. Where it cannot be shown now, Monitoring of the cluster."""
    match tab:
        case Tab.DETAILS if (tile := _tile(scope, farm)) is not None:
            return Place(Tab.DETAILS, scope.session, tile.module, tile.node)
        case Tab.TIMELINE if farm.modules:
            return Place(Tab.TIMELINE, scope.session, scope.module, scope.node)
        case Tab.TEST if module := _tested(scope, farm):
            return Place(Tab.TEST, scope.session, module, view=SLOTS if _saved(farm) else "")
        case Tab.CONFIGURATION:
            return Place(Tab.CONFIGURATION, scope.session, scope.module)
        case Tab.SUPPORT:
            return Place(Tab.SUPPORT, scope.session)
        case _:
            return Place(Tab.MONITORING, scope.session)


def tab_reasons(scope: Scope | None, farm: FarmModel | None) -> dict[Tab, str]:
    """Why each tab cannot be chosen now, "" when it can."""
    if scope is None or farm is None:
        return dict.fromkeys(Tab, tr("connect to a cluster first"))
    no_module = "" if farm.modules else tr("there is no module yet")
    no_clients = tr("a snapshot has no clients to ask with") if _saved(farm) else no_module
    return {
        Tab.MONITORING: "",
        Tab.DETAILS: no_module if _tile(scope, farm) is None else "",
        Tab.TIMELINE: no_module,
        Tab.TEST: "" if _tested(scope, farm) else no_clients,
        Tab.CONFIGURATION: "",
        Tab.SUPPORT: "",
    }


def _saved(farm: FarmModel) -> bool:
    return any(saved(row.view) for row in farm.nodes)


def _tile(scope: Scope, farm: FarmModel) -> NodeTile | None:
    """The tile in this scope that needs somebody most; the first one when all are alike."""
    if scope.module and scope.node:
        return farm.tile(scope.module, scope.node)
    cards = [card for card in farm.modules if scope.module in {"", card.name}]
    tiles = [tile for card in cards for tile in card.tiles if scope.node in {"", tile.node}]
    return min(tiles, key=_urgency, default=None)


def _urgency(tile: NodeTile) -> int:
    return WORST_FIRST.index(tile.silhouette) if tile.silhouette in WORST_FIRST else len(WORST_FIRST)


def _tested(scope: Scope, farm: FarmModel) -> str:
    """The module that Test shows, "" for none: the scope's, else the first of its node, else of the cluster.

    Of a snapshot only the slots can be shown.
    """
    cards = [card for card in farm.modules if card.by_slots] if _saved(farm) else farm.modules
    if scope.module:
        return scope.module if scope.module in {card.name for card in cards} or not _saved(farm) else ""
    here = [card for card in cards if any(tile.node == scope.node for tile in card.tiles)]
    return next((card.name for card in here or cards), "")
