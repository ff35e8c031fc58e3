"""A whole cluster as the console shows it: cards of modules, rows of nodes, what needs attention. Pure functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.services.nodes import NodeView, Reach
from app.viewmodels.reach import reach_words, saved, shift, silence_sentence, silent
from app.viewmodels.silhouettes import WORST_FIRST, Silhouette, worst
from app.viewmodels.text import joined, labelled, names, said, short_clock, span, tr, trn
from app.viewmodels.tile import NodeTile, alarms_of, tile
from nodeagent.contract.status import Switches

ATTENTION_SHOWN = 5


@dataclass(frozen=True)
class PausedBadge:
    """Checks that an administrator paused, on the nodes named."""

    title: str
    """`Checkers paused`."""
    until: float
    """When all have resumed by themselves, on this computer's clock; 0 = never."""
    nodes: tuple[str, ...]

    def rest(self, now: float) -> str:
        """`until 14:30, 38 min left`."""
        if not self.until:
            return tr("until you resume them")
        left = span(self.until - now)
        return tr("until {time}, {left} left", time=short_clock(self.until), left=left)


@dataclass(frozen=True)
class ModuleCard:
    """One module on all its nodes; `tiles` keep the order of the nodes."""

    name: str
    silhouette: Silhouette
    headline: str
    """`NotReady on node3`; the one word while all are alike."""
    serve_text: str
    """`2 of 3 nodes serve`."""
    serving: tuple[str, ...]
    """The nodes that are UP Ready and answer."""
    paused: PausedBadge | None
    tiles: tuple[NodeTile, ...]
    by_slots: bool = False
    """It has a virtual IP: its slots decide who serves."""
    alarms: tuple[str, ...] = ()
    """What its nodes say is wrong, each once with the nodes that say so."""

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of its nodes."""
        return tuple(one.node for one in self.tiles)


@dataclass(frozen=True)
class NodeRow:
    """One node over all modules; `cells` are in the order of the farm's modules, None = not on this node."""

    name: str
    view: NodeView
    silhouette: Silhouette
    words: str
    cells: tuple[NodeTile | None, ...]

    def detail(self, now: float) -> str:
        """Why it is silent and since when, else how it is heard."""
        return silence_sentence(self.view, now) if silent(self.view) else reach_words(self.view)


@dataclass(frozen=True)
class Attention:
    """One thing that is not green: a module on a node (`tile`), or a node that is silent (`tile` None)."""

    silhouette: Silhouette
    state_words: str
    module: str
    """`all modules` for a silent node."""
    row: NodeRow
    tile: NodeTile | None
    peers_text: str = ""

    def sentence(self, now: float) -> str:
        """What is wrong, since when and why."""
        if self.tile is not None:
            return self.tile.sentence(now)
        return joined((silence_sentence(self.row.view, now), self.peers_text))


@dataclass(frozen=True)
class FarmModel:
    """All of a cluster at one moment."""

    title: str
    modules: tuple[ModuleCard, ...] = ()
    nodes: tuple[NodeRow, ...] = ()
    worst: Silhouette = Silhouette.UNCONFIGURED
    facts_text: str = ""
    """`3 nodes, 2 modules; every node answers this console`."""
    attention: tuple[Attention, ...] = ()
    """Worst first; show the first ATTENTION_SHOWN."""

    def card(self, module: str) -> ModuleCard | None:
        """The card of this module."""
        return next((card for card in self.modules if card.name == module), None)

    def row(self, node: str) -> NodeRow | None:
        """The row of this node."""
        return next((row for row in self.nodes if row.name == node), None)

    def tile(self, module: str, node: str) -> NodeTile | None:
        """The tile of this module on this node."""
        card = self.card(module)
        return next((one for one in card.tiles if one.node == node), None) if card else None


def farm(title: str, views: Sequence[NodeView]) -> FarmModel:
    """What these nodes say together; the nodes keep their order, the modules are in the order of their names."""
    found = sorted({name for view in views for name in _modules(view)}, key=lambda name: (name.casefold(), name))
    hearsay = {view.name: _hearsay(view.name, views) for view in views if silent(view)}
    cards = tuple(_card(name, views, hearsay) for name in found)
    tiles = {(one.module, one.node): one for card in cards for one in card.tiles}
    rows = tuple(_row(view, [tiles.get((name, view.name)) for name in found]) for view in views)
    attention = _attention(rows, hearsay)
    return FarmModel(
        title=title,
        modules=cards,
        nodes=rows,
        worst=worst(row.silhouette for row in rows),
        facts_text=_facts(views, len(found)),
        attention=attention,
    )


def _modules(view: NodeView) -> Iterable[str]:
    return (module.name for module in view.status.modules) if view.status else ()


def _card(name: str, views: Sequence[NodeView], hearsay: dict[str, tuple[str, dict[str, str]]]) -> ModuleCard:
    told = {view.name: one for view in views if view.status for one in view.status.modules if one.name == name}
    members = {node for status in told.values() if status.configured for node in status.nodes} | told.keys()
    tiles = []
    for view in views:
        if view.name not in members:
            continue
        words, states = hearsay.get(view.name, ("", {}))
        heard = labelled(words, states[name]) if name in states else words
        tiles.append(tile(view, name, told.get(view.name), heard))
    silhouette = worst(one.silhouette for one in tiles)
    serving = tuple(one.node for one in tiles if one.silhouette == Silhouette.READY)
    return ModuleCard(
        name=name,
        silhouette=silhouette,
        headline=_headline(silhouette, tiles),
        serve_text=trn(
            "{serving} of {count} node serves", "{serving} of {count} nodes serve", len(tiles), serving=len(serving)
        ),
        serving=serving,
        paused=_paused(tiles),
        tiles=tuple(tiles),
        by_slots=any(status.share_by == "slots" for status in told.values()),
        alarms=_alarms(name, views),
    )


def _alarms(module: str, views: Sequence[NodeView]) -> tuple[str, ...]:
    by_text: dict[str, list[str]] = {}
    for view in views:
        for text in alarms_of(view, module):
            by_text.setdefault(text, []).append(view.name)
    return tuple(labelled(names(nodes), said(text)) for text, nodes in by_text.items())


def _headline(silhouette: Silhouette, tiles: Sequence[NodeTile]) -> str:
    where = [one.node for one in tiles if one.silhouette.words == silhouette.words]
    if len(where) == len(tiles):
        return silhouette.words
    if len(where) <= 2:
        return tr("{state} on {nodes}", state=silhouette.words, nodes=names(where))
    return tr("{state} on {count} nodes", state=silhouette.words, count=len(where))


def _paused(tiles: Sequence[NodeTile]) -> PausedBadge | None:
    off = [(one, one.status.switches) for one in tiles if one.status and one.status.configured and one.paused]
    if not off:
        return None
    first = off[0][1]
    if not (first.errd or first.checker or first.failover):
        title = tr("Checks and rules paused")
    elif not first.errd and not first.checker:
        title = tr("Checks paused")
    elif not first.checker:
        title = tr("Checkers paused")
    elif not first.errd:
        title = tr("Process checks paused")
    else:
        title = tr("Failover rules paused")
    ends = [end + shift(one.view) if end else 0.0 for one, switches in off for end in _ends(switches)]
    return PausedBadge(title, max(ends) if all(ends) else 0.0, tuple(one.node for one, _ in off))


def _ends(switches: Switches) -> list[float]:
    """When each pause ends, 0 = never; an agent that tells only of the first one is believed."""
    each = [
        (switches.errd, switches.errd_until),
        (switches.checker, switches.checker_until),
        (switches.failover, switches.failover_until),
    ]
    told = [until for on, until in each if not on]
    return told if any(told) else [switches.until]


def _row(view: NodeView, cells: Sequence[NodeTile | None]) -> NodeRow:
    silhouette = Silhouette.UNREACHABLE if silent(view) else worst(cell.silhouette for cell in cells if cell)
    if view.status is None and not silent(view):
        words = reach_words(view)
    elif silhouette == Silhouette.UNCONFIGURED and not any(cells):
        words = tr("No module")
    else:
        words = silhouette.words
    return NodeRow(view.name, view, silhouette, words, tuple(cells))


def _attention(rows: Sequence[NodeRow], hearsay: dict[str, tuple[str, dict[str, str]]]) -> tuple[Attention, ...]:
    found = []
    for row in rows:
        if row.silhouette == Silhouette.UNREACHABLE:
            words = tr("UNREACHABLE")
            found.append(Attention(row.silhouette, words, tr("all modules"), row, None, hearsay[row.name][0]))
            continue
        for cell in row.cells:
            if cell and cell.silhouette in (Silhouette.STOP, Silhouette.WAIT):
                found.append(Attention(cell.silhouette, cell.state_words, cell.module, row, cell))
    return tuple(sorted(found, key=lambda one: WORST_FIRST.index(one.silhouette)))


def _hearsay(node: str, views: Sequence[NodeView]) -> tuple[str, dict[str, str]]:
    """What the nodes that answer say of a silent one: a sentence, and its modules' states by their heartbeats."""
    alive: list[str] = []
    gone: list[str] = []
    states: dict[str, str] = {}
    for view in views:
        if silent(view) or view.status is None:
            continue
        for peer in view.status.peers:
            if peer.name != node:
                continue
            (alive if peer.alive else gone).append(view.name)
            if peer.alive:
                states |= {module.name: f"{module.state} {module.status}" for module in peer.modules}
    if alive:
        return _by_whom(alive, True), states
    if gone:
        return _by_whom(gone, False), states
    return "", states


def _by_whom(nodes: Sequence[str], hear: bool) -> str:
    who = names(nodes) if len(nodes) <= 2 else tr("{count} other nodes", count=len(nodes))
    if hear:
        return tr("{nodes} still hears it", nodes=who) if len(nodes) == 1 else tr("{nodes} still hear it", nodes=who)
    if len(nodes) == 1:
        return tr("{nodes} does not hear it either", nodes=who)
    return tr("{nodes} do not hear it either", nodes=who)


def _facts(views: Sequence[NodeView], modules: int) -> str:
    if not views:
        return tr("no node yet")
    parts = tr(
        "{nodes}, {modules}",
        nodes=trn("{count} node", "{count} nodes", len(views)),
        modules=trn("{count} module", "{count} modules", modules) if modules else tr("no module yet"),
    )
    if all(saved(view) for view in views):
        return tr("{parts}; as they were when the snapshot was taken", parts=parts)
    answering = sum(view.status is not None and view.reach in (Reach.CONNECTED, Reach.POLLING) for view in views)
    if answering == len(views):
        return tr("{parts}; every node answers this console", parts=parts)
    if not answering:
        return tr("{parts}; no node answers this console", parts=parts)
    answers = trn("{count} node answers this console", "{count} nodes answer this console", answering)
    return joined((parts, answers))
