"""One module on one node, opened: its banner, its live log, a script's output, its resources and the node's facts."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.services.nodes import NodeView
from app.viewmodels import menus
from app.viewmodels.events_model import new_lines
from app.viewmodels.farm import ModuleCard
from app.viewmodels.log_model import ALL_TYPES, LogModel
from app.viewmodels.menus import MenuEntry
from app.viewmodels.node_facts import FactGroup, ResourceRow, facts, resource_rows, signed
from app.viewmodels.reach import shift
from app.viewmodels.script_output import OutputModel
from app.viewmodels.session_model import SessionModel, Tasks
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import HOUR, NBSP, ago, joined, moment, said, span, tr, trn
from app.viewmodels.tile import NodeTile
from app.viewmodels.trouble_words import known_remedy
from app.viewmodels.why_chain import ChainStep, chain
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import LogLine, LogQuery, WhyAnswer
from nodeagent.contract.record_api import RecordQuery, ResourceChange
from nodeagent.contract.states import LogType, State

OLDER = 1000
"""Lines read from the node's disk when somebody scrolls to the oldest one."""
SOUGHT_PAGES = 100
"""So many times at most to come back to a line that is looked for."""
REMEMBERED, CHANGES = 64, 100
"""Resources whose history is read at once, and changes of each."""
_UNDER_ADD_CLUSTER = {
    Trouble.WRONG_PASSWORD,
    Trouble.PASSWORD_NEEDED,
    Trouble.LOGIN_REQUIRED,
    Trouble.CERTIFICATE_CHANGED,
}
"""A person has to type or to compare something, and that is the page for it."""


@dataclass(frozen=True)
class Banner:
    """What stands above everything while the module is not green."""

    silhouette: Silhouette
    tint: str
    """Colour token: `red`, `orange` or `grey`."""
    sentence: str
    facts: str
    why: MenuEntry | None
    remedy: MenuEntry | None


class DetailsModel(QObject):
    """`changed` after each new state of the module or its node; `scope_changed` when another one was chosen.

    `found(LogLine)` when the log has the line that `seek` or `seek_moment` was asked for.
    """

    changed = Signal()
    scope_changed = Signal()
    chain_changed = Signal(object)
    found = Signal(object)

    def __init__(
        self, session: SessionModel, tasks: Tasks, module: str, node: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.session, self._tasks = session, tasks
        self.module, self.node = module, node
        self.log = LogModel(self)
        self.log.live = not session.read_only
        self.output = OutputModel(session, tasks, self)
        self.steps: tuple[ChainStep, ...] = ()
        """The cause chain, oldest first; empty while it is not read or there is none."""
        self._cursor = 0
        self._shift = 0.0
        self._explained: tuple[object, ...] = ()
        self._reading_older = False
        self._no_older = False
        self._histories: dict[str, tuple[ResourceChange, ...]] = {}
        self._remembered: dict[str, float] = {}
        """Resource → the `since` its history was read for."""
        self.log.set_filter(types=ALL_TYPES - {LogType.DEBUG}, module=module)
        self._unsubscribe = session.session.subscribe(self._take_lines)
        session.changed.connect(self._on_change)
        self._begin()

    def close(self) -> None:
        """Hear no more of the session."""
        self._unsubscribe()
        self.session.changed.disconnect(self._on_change)

    def choose(self, module: str, node: str) -> None:
        """Show another module or node."""
        if (module, node) == (self.module, self.node):
            return
        self.module, self.node = module, node
        self.log.set_filter(module=module)
        self.log.clear()
        self.output.close()
        self._begin()
        self.scope_changed.emit()
        self.changed.emit()

    # --- what is shown ------------------------------------------------------------------------

    @property
    def card(self) -> ModuleCard | None:
        """The module on all its nodes; None while nobody tells of it."""
        return self.session.farm.card(self.module)

    @property
    def tile(self) -> NodeTile | None:
        """The module on this node."""
        return self.session.farm.tile(self.module, self.node)

    @property
    def view(self) -> NodeView | None:
        """The node."""
        row = self.session.farm.row(self.node)
        return row.view if row else None

    def nodes(self) -> tuple[tuple[str, Silhouette], ...]:
        """The nodes of the module, each with its state there."""
        return tuple((tile.node, tile.silhouette) for tile in self.card.tiles) if self.card else ()

    def actions(self) -> tuple[MenuEntry, ...]:
        """The Actions menu: here first, then on all nodes."""
        return menus.node_menu(self.card, self.tile) if self.card and self.tile else ()

    def banner(self, now: float) -> Banner | None:
        """None while green, or when nothing is known."""
        tile, view = self.tile, self.view
        if tile is None or view is None or tile.silhouette is Silhouette.READY:
            return None
        if tile.silhouette is Silhouette.UNREACHABLE:
            row = self.session.farm.row(self.node)
            retry = menus.retry(row) if row else None
            sentence = tr("{node} does not answer: {what}", node=self.node, what=tile.sentence(now))
            remedy = _silence_remedy(view, self.session.session.user)
            return Banner(tile.silhouette, "grey", sentence, remedy, None, retry)
        if tile.silhouette is Silhouette.UNCONFIGURED:
            sentence = tr("{module} is not in force on {node}.", module=self.module, node=self.node)
            return Banner(tile.silhouette, "grey", sentence, tr("Apply it on the Configuration tab."), None, None)
        why = menus.why(tile)
        if tile.silhouette is Silhouette.TRANSIENT:
            block = tile.block(now)
            title = " ".join(part for part in (block.title, block.counted) if part) if block else ""
            return Banner(tile.silhouette, "orange", title, block.sentence if block else "", why, None)
        sentence, behind = self._red(tile, now)
        return Banner(tile.silhouette, "red", sentence, behind, why, menus.remedy(tile))

    def resources(self, now: float) -> tuple[ResourceRow, ...]:
        """The resources of the module here."""
        status = self.tile.status if self.tile else None
        return resource_rows(self.view, status, now, self._histories) if self.view else ()

    def nothing_watched(self) -> tuple[str, str]:
        """What stands in place of the resources while there are none: a line and a sentence."""
        status = self.tile.status if self.tile else None
        if status is not None and status.state is State.STOP:
            return tr("Nothing is checked now"), tr("The module is stopped; its processes are checked while it runs.")
        return (
            tr("No resource is watched"),
            tr("Add a process, a service or a checker on the Configuration tab: each becomes a line here."),
        )

    def facts(self, now: float) -> tuple[FactGroup, ...]:
        """What is known of the node."""
        return facts(self.view, self.module, now) if self.view else ()

    @property
    def clock_text(self) -> str:
        """`Times of node3, corrected by +0.8 ms`."""
        if abs(self._shift) < 0.0005:
            return tr("Times of {node}", node=self.node)
        return tr("Times of {node}, corrected by {offset}", node=self.node, offset=signed(self._shift))

    @staticmethod
    def _red(tile: NodeTile, now: float) -> tuple[str, str]:
        """The sentence of a red module with its age, and the facts behind it."""
        status, since = tile.status, tile.since()
        if status is None:
            return tile.sentence(now), ""
        title = tr("Stopped") if tile.silhouette is Silhouette.STOP else tr("Waiting")
        facts = []
        if since:
            stopped = tile.silhouette is Silhouette.STOP
            title = (
                tr("Stopped {ago}", ago=ago(since, now))
                if stopped
                else tr("Waiting for {span}", span=span(now - since))
            )
            facts.append(tr("since {moment}", moment=moment(since, now)))
        if status.by:
            facts.append(tr("by {author}", author=status.by))
        if status.maxloop and status.loop_interval:
            window = _window(status.loop_interval)
            facts.append(
                trn(
                    "{count} automatic action in {window}",
                    "{count} automatic actions in {window}",
                    status.counted,
                    window=window,
                )
                + ", "
                + tr("{allowed} allowed", allowed=status.maxloop)
            )
        why = said(status.why)
        return tr("{what}: {why}", what=title, why=why) if why else title, joined(facts)

    # --- the log ------------------------------------------------------------------------------

    def read_older(self) -> None:
        """Somebody is at the oldest line: read what is before it from the node's disk."""
        first = self.log.oldest_line
        if self._reading_older or self._no_older or first is None or self.view is None or not self.view.reached:
            return
        self._reading_older = True
        self._tasks.run_soon(self._read_older(self.node, first.cursor, first.time), f"older log of {self.node}")

    async def _read_older(self, node: str, cursor: int, time: float) -> None:
        query = LogQuery(until=time, limit=OLDER, newest=True)
        try:
            page = await self.session.session.log(node, query)
        except CallFailed:
            return
        finally:
            self._reading_older = False
        if node == self.node and cursor == self.log.oldest_cursor:
            older = [line for line in page.lines if line.cursor < cursor]
            self._no_older = not older
            self.log.prepend(older)

    def seek(self, line: LogLine) -> None:
        """Have this line of the node's log, read back from its disk if need be; `found` tells when it is there."""
        self._seek(lambda first: first.cursor <= line.cursor, lambda: line)

    def seek_moment(self, moment: float) -> None:
        """Have what was written last before this moment on this computer's clock."""
        own = moment - self.session.clocks.of(self.node)
        self._seek(lambda first: first.time <= own, lambda: self.log.line_at(own))

    def _seek(self, reached: Callable[[LogLine], bool], wanted: Callable[[], LogLine | None]) -> None:
        self.log.flush()
        first = self.log.oldest_line
        if first is not None and not reached(first) and self.view is not None and self.view.reached:
            work = self._read_back(self.node, reached, wanted)
            self._tasks.run_soon(work, f"log of {self.node} further back")
        else:
            self._tell_found(wanted())

    async def _read_back(
        self, node: str, reached: Callable[[LogLine], bool], wanted: Callable[[], LogLine | None]
    ) -> None:
        for _ in range(SOUGHT_PAGES):
            first = self.log.oldest_line
            if node != self.node or first is None or reached(first):
                break
            await self._read_older(node, first.cursor, first.time)
            if self.log.oldest_line is first:
                break
        if node == self.node:
            self._tell_found(wanted())

    def _tell_found(self, line: LogLine | None) -> None:
        if line is not None:
            self.found.emit(line)

    def _begin(self) -> None:
        self._cursor, self._no_older, self._explained = 0, False, ()
        self._histories, self._remembered = {}, {}
        self._remember()
        self._set_chain(WhyAnswer(self.module, ""))
        self._correct_clock(always=True)
        self._take_lines()
        self.log.flush()
        self._explain()

    def _take_lines(self) -> None:
        try:
            watched = self.session.session.watcher(self.node)
        except CallFailed:
            return
        if watched.lines and watched.lines[-1].cursor < self._cursor:
            self.log.clear()  # another node answers under this name: its cursors mean other lines
        lines, self._cursor = new_lines(watched, self._cursor)
        self.log.append(lines)
        if self.output.now is not None and any(line.output == self.output.now.name for line in lines):
            self.output.read_again()

    # --- what the resources were --------------------------------------------------------------

    def _remember(self) -> None:
        """Read the history of each resource that took another state, or was not read yet."""
        tile = self.tile
        status = tile.status if tile and not tile.stale else None
        changed = [one for one in status.resources if self._remembered.get(one.name) != one.since] if status else []
        fresh = changed[:REMEMBERED]
        self._remembered |= {one.name: one.since for one in fresh}
        if fresh:
            work = self._read_histories(self.module, self.node, tuple(one.name for one in fresh))
            self._tasks.run_soon(work, f"resources of {self.module} on {self.node}")

    async def _read_histories(self, module: str, node: str, names: tuple[str, ...]) -> None:
        query = RecordQuery(limit=CHANGES, newest=True)
        for name in names:
            try:
                page = await self.session.session.resource_history(node, module, name, query)
            except CallFailed as failed:
                if failed.problem is None and (module, node) == (self.module, self.node):
                    for unread in names[names.index(name) :]:  # asked again when the node is heard again
                        self._remembered.pop(unread, None)
                return
            if (module, node) != (self.module, self.node):
                return
            self._histories[name] = page.changes
        self.changed.emit()

    # --- why ----------------------------------------------------------------------------------

    def _on_change(self) -> None:
        self._correct_clock()
        self._remember()
        self._explain()
        self.changed.emit()

    def _correct_clock(self, *, always: bool = False) -> None:
        now = self.session.clocks.of(self.node)
        if always or now != self._shift:
            self._shift = now
            self.log.set_shift(now)

    def _explain(self) -> None:
        """Read the chain anew when there is another thing to explain."""
        tile = self.tile
        status = tile.status if tile and not tile.stale else None
        if status is None or not status.why:
            if tile is not None and not tile.stale and self.steps:
                self._set_chain(WhyAnswer(self.module, ""))
            return
        asked = (self.module, self.node, status.since, status.why)
        if asked != self._explained:
            self._explained = asked
            self._tasks.run_soon(self._read_why(self.module, self.node, asked), f"why {self.module} on {self.node}")

    async def _read_why(self, module: str, node: str, asked: tuple[object, ...]) -> None:
        try:
            answer = await self.session.session.why(node, module)
        except CallFailed:
            if asked == self._explained:
                self._explained = ()
            return
        if asked == self._explained:
            self._set_chain(answer)

    def _set_chain(self, answer: WhyAnswer) -> None:
        self.steps = chain(answer, shift(self.view) if self.view else 0.0)
        self.output.set_causes(answer.chain)
        self.chain_changed.emit(self.steps)


def _window(seconds: float) -> str:
    """The window in which actions are counted, as it is configured: `24 h`."""
    hours = seconds / HOUR
    return tr("{hours} h", hours=int(hours)).replace(" ", NBSP) if hours == int(hours) else span(seconds)


def _silence_remedy(view: NodeView, user: str) -> str:
    """What to do about a node that was reached before."""
    if view.trouble is None:
        return ""
    remedy = known_remedy(view.trouble, view.address, user=user, detail=view.detail)
    if view.trouble in _UNDER_ADD_CLUSTER:
        return f"{remedy} {tr('Do this under Add cluster, with the address of this server.')}"
    return remedy
