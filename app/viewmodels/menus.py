"""What can be done to a module on a node or on all of them, and why not. Pure functions.

An entry is never left out because it is not possible now: it is greyed and says why.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from app.viewmodels.farm import FarmModel, ModuleCard, NodeRow
from app.viewmodels.reach import read_only, saved, silent
from app.viewmodels.text import joined, said, span, tr, trn
from app.viewmodels.tile import NodeTile
from nodeagent.contract.states import Action, Role

Switch = Literal["errd", "checker", "failover"]


class Deed(StrEnum):
    """What a menu entry or a button does."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    STOPSTART = "stopstart"
    FORCESTOP = "forcestop"
    PAUSE = "pause"
    RESUME = "resume"
    BOOT_ON = "boot on"
    BOOT_OFF = "boot off"
    OPEN_LOG = "open log"
    SNAPSHOT = "snapshot"
    WHY = "why"
    RETRY = "retry"


@dataclass(frozen=True)
class Command:
    """A deed and where it is done. `seconds` is the length of a pause, 0 = until it is resumed."""

    deed: Deed
    module: str
    nodes: tuple[str, ...]
    seconds: float = 0.0
    switches: tuple[Switch, ...] = ()
    """What a pause or its end is about; empty = processes and checkers, and for the end all of them."""


@dataclass(frozen=True)
class Question:
    """Asked inline before what cannot be undone; `verb` is the text of the button that does it."""

    sentence: str
    verb: str


@dataclass(frozen=True)
class MenuEntry:
    """One entry. With `children` it opens them and has no command of its own."""

    text: str
    enabled: bool = True
    reason: str = ""
    """Why it is greyed; empty while it is not."""
    command: Command | None = None
    danger: bool = False
    """Painted as an error is: it takes a service away without asking the application."""
    question: Question | None = None
    children: tuple["MenuEntry", ...] = field(default=())
    separated: bool = False
    """A line stands above it."""


SWITCHES: tuple[Switch, ...] = ("errd", "checker", "failover")
PAUSED: tuple[Switch, ...] = ("errd", "checker")
"""What "Pause checks" means where nothing else is said."""
PAUSES = (900.0, 3600.0, 14400.0, 86400.0)
"""Offered lengths of a pause, seconds."""

_ACTIONS = {
    Deed.START: Action.START,
    Deed.STOP: Action.STOP,
    Deed.RESTART: Action.RESTART,
    Deed.STOPSTART: Action.STOPSTART,
    Deed.FORCESTOP: Action.FORCESTOP,
}


def action_of(deed: Deed) -> Action | None:
    """The order behind a deed, None when it is none."""
    return _ACTIONS.get(deed)


def node_menu(card: ModuleCard, tile: NodeTile) -> tuple[MenuEntry, ...]:
    """The ⋯ menu of a tile; the same for its table cell."""
    every = MenuEntry(
        trn("On {count} node", "On all {count} nodes", len(card.tiles)), children=entries(card, card.tiles)
    )
    here = entries(card, (tile,))
    return (every, replace(here[0], separated=True), *here[1:])


def module_menu(card: ModuleCard) -> tuple[MenuEntry, ...]:
    """The Actions menu of a card: on all nodes first, then node by node."""
    every = tuple(replace(entry, text=_on_all(entry.text, len(card.tiles))) for entry in entries(card, card.tiles))
    each = [MenuEntry(tile.node, children=entries(card, (tile,))) for tile in card.tiles]
    return (*every, *(replace(entry, separated=index == 0) for index, entry in enumerate(each)))


def row_menu(farm: FarmModel, row: NodeRow) -> tuple[MenuEntry, ...]:
    """The menu of a node: its modules, each with what can be done there."""
    modules = [
        MenuEntry(card.name, children=entries(card, (cell,)))
        for card, cell in zip(farm.modules, row.cells, strict=True)
        if cell
    ]
    return (*modules, replace(retry(row), separated=bool(modules)))


def remedy(tile: NodeTile) -> MenuEntry:
    """The button of a red tile: `Start on node3`."""
    return replace(_entry((tile,), Deed.START), text=tr("Start on {node}", node=tile.node))


def why(tile: NodeTile) -> MenuEntry:
    """The button that shows the cause chain."""
    return _entry((tile,), Deed.WHY)


def retry(row: NodeRow) -> MenuEntry:
    """The button of a silent node."""
    reason = "" if silent(row.view) else read_only() if saved(row.view) else tr("{node} answers", node=row.name)
    return MenuEntry(tr("Try again"), not reason, reason, Command(Deed.RETRY, "", (row.name,)))


def resume(card: ModuleCard) -> MenuEntry:
    """The link in the paused badge."""
    return replace(_entry(card.tiles, Deed.RESUME), text=tr("Resume now"))


def entries(card: ModuleCard, tiles: Sequence[NodeTile]) -> tuple[MenuEntry, ...]:
    """Everything that can be done to this module on the nodes of these tiles, at least one."""
    stop, force = _entry(tiles, Deed.STOP), _entry(tiles, Deed.FORCESTOP)
    return (
        _entry(tiles, Deed.START),
        replace(stop, question=_stop_question(card, stop)),
        _entry(tiles, Deed.RESTART),
        _entry(tiles, Deed.STOPSTART),
        replace(force, danger=True, question=_force_question(card, force)),
        replace(_pause(tiles), separated=True),
        _entry(tiles, Deed.RESUME),
        _boot(tiles),
        replace(_entry(tiles, Deed.OPEN_LOG), separated=True),
        _entry(tiles, Deed.WHY),
        _entry(tiles, Deed.SNAPSHOT),
    )


def _entry(tiles: Sequence[NodeTile], deed: Deed) -> MenuEntry:
    reasons = {tile.node: _reason(tile, deed) for tile in tiles}
    able = tuple(node for node, reason in reasons.items() if not reason)
    if deed in (Deed.OPEN_LOG, Deed.WHY) and able:
        able = able[:1]
    reason = "" if able else joined(dict.fromkeys(reasons.values()))
    return MenuEntry(_text(deed), bool(able), reason, Command(deed, tiles[0].module, able))


def _text(deed: Deed) -> str:
    match deed:
        case Deed.START:
            return tr("Start")
        case Deed.STOP:
            return tr("Stop")
        case Deed.RESTART:
            return tr("Restart")
        case Deed.STOPSTART:
            return tr("Stop-start")
        case Deed.FORCESTOP:
            return tr("Force stop")
        case Deed.PAUSE:
            return tr("Pause checks…")
        case Deed.RESUME:
            return tr("Resume checks")
        case Deed.BOOT_ON:
            return tr("Start at boot")
        case Deed.BOOT_OFF:
            return tr("Do not start at boot")
        case Deed.OPEN_LOG:
            return tr("Open logs")
        case Deed.SNAPSHOT:
            return tr("Snapshot…")
        case Deed.WHY:
            return tr("Why?")
        case Deed.RETRY:
            return tr("Try again")


def _reason(tile: NodeTile, deed: Deed) -> str:
    """Why this is not possible on this node now, empty when it is."""
    if deed == Deed.OPEN_LOG:
        return ""
    if saved(tile.view) and deed != Deed.WHY:
        return read_only()
    if tile.stale:
        return tr("{node} does not answer this console", node=tile.node)
    status = tile.status
    if status is None or not status.configured:
        return tr("not configured on {node}", node=tile.node)
    if deed == Deed.SNAPSHOT:
        return role_reason(tile.view.role, deed, tile.node)
    if deed == Deed.WHY:
        return "" if status.why else tr("nothing to explain: it is Ready")
    if denied := role_reason(tile.view.role, deed, tile.node):
        return denied
    on = (status.switches.errd, status.switches.checker, status.switches.failover)
    match deed:
        case Deed.PAUSE:
            return "" if any(on) else tr("already paused")
        case Deed.RESUME:
            return tr("no check is paused") if all(on) else ""
        case _:
            action = _ACTIONS.get(deed)
            return next((said(refusal.reason) for refusal in status.refusals if refusal.action == action), "")


def role_reason(role: Role | None, deed: Deed, node: str) -> str:
    """Why this user may not do it there, empty when he may."""
    if role is None:
        return tr("not logged in on {node}", node=node)
    if deed is Deed.SNAPSHOT:
        return "" if role == Role.ADMIN else tr("role {role} cannot take a snapshot", role=role.value)
    if deed in (Deed.BOOT_ON, Deed.BOOT_OFF):
        return "" if role == Role.ADMIN else tr("role {role} cannot change the boot start", role=role.value)
    if role != Role.MONITOR:
        return ""
    if deed in (Deed.PAUSE, Deed.RESUME):
        return tr("role {role} cannot pause checks", role=role.value)
    return tr("role {role} cannot start or stop", role=role.value)


def _pause(tiles: Sequence[NodeTile]) -> MenuEntry:
    entry = _entry(tiles, Deed.PAUSE)
    if entry.command is None or not entry.enabled:
        return entry
    alone: tuple[tuple[str, Switch], ...] = (
        (tr("Only process checks"), "errd"),
        (tr("Only checkers"), "checker"),
        (tr("Only failover rules"), "failover"),
    )
    each = [MenuEntry(text, children=_spans(replace(entry.command, switches=(one,)))) for text, one in alone]
    return replace(entry, command=None, children=(*_spans(entry.command), replace(each[0], separated=True), *each[1:]))


def _spans(command: Command) -> tuple[MenuEntry, ...]:
    timed = (
        MenuEntry(tr("For {span}", span=span(seconds)), command=replace(command, seconds=seconds)) for seconds in PAUSES
    )
    return (*timed, MenuEntry(tr("Until I resume them"), command=command))


def _boot(tiles: Sequence[NodeTile]) -> MenuEntry:
    on, off = _entry(tiles, Deed.BOOT_ON), _entry(tiles, Deed.BOOT_OFF)
    return MenuEntry(tr("Boot start"), on.enabled, on.reason, children=(on, off) if on.enabled else ())


def _stop_question(card: ModuleCard, stop: MenuEntry) -> Question | None:
    """Asked when nobody that serves would be left."""
    nodes = stop.command.nodes if stop.command else ()
    if not card.serving or not set(card.serving) <= set(nodes):
        return None
    if len(card.serving) == 1:
        sentence = tr(
            "{node} is the last node that serves {module}: no node will answer.", node=card.serving[0], module=card.name
        )
    else:
        sentence = tr("This stops {module} on every node that serves it: no node will answer.", module=card.name)
    return Question(sentence, _stop_verb(nodes))


def _stop_verb(nodes: Sequence[str]) -> str:
    if len(nodes) == 1:
        return tr("Stop on {node}", node=nodes[0])
    return tr("Stop on {count} nodes", count=len(nodes))


def _force_question(card: ModuleCard, force: MenuEntry) -> Question | None:
    nodes = force.command.nodes if force.command else ()
    if not nodes:
        return None
    sentence = tr("A force stop ends {module} without waiting for its clients or its stop script.", module=card.name)
    if card.serving and set(card.serving) <= set(nodes):
        sentence = tr("{sentence} No node will answer.", sentence=sentence)
    if len(nodes) == 1:
        return Question(sentence, tr("Force stop on {node}", node=nodes[0]))
    return Question(sentence, tr("Force stop on {count} nodes", count=len(nodes)))


def _on_all(text: str, count: int) -> str:
    return trn("{what} on {count} node", "{what} on all {count} nodes", count, what=text)
