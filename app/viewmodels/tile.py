"""One module on one node: what its tile, its table cell and its accessible name say.

The still part is made once per change; what ticks (`facts`, `block`, `accessible`) is asked for by those in view.
`now` is wall-clock seconds of this computer.
"""

from dataclasses import dataclass

from app.services.nodes import NodeView
from app.viewmodels.reach import shift, silence_sentence, silent, stale_text
from app.viewmodels.silhouettes import Silhouette, of_module, pill_words
from app.viewmodels.slot_map import SLOTS
from app.viewmodels.text import (
    DAY,
    ago,
    counted,
    joined,
    labelled,
    milliseconds,
    moment,
    number,
    percent,
    said,
    span,
    tr,
)
from nodeagent.contract.states import Mode, State
from nodeagent.contract.status import ModuleStatus, ProbeSource


@dataclass(frozen=True)
class Fact:
    """A row of a tile: label, value, and where it helps a bold beginning and a meter from 0 to 1."""

    label: str
    value: str
    lead: str = ""
    meter: float | None = None


@dataclass(frozen=True)
class TintBlock:
    """What stands in place of the share while a module is not green."""

    tint: str
    """Colour token: `red` or `orange`."""
    title: str
    sentence: str
    """At most two lines are shown, the whole as tooltip."""
    counted: str = ""
    """How long it has run, `0:14`; orange only."""
    progress: float | None = None
    """0 to 1 against the duration of the last time, else against the time-out; None when there is neither."""


@dataclass(frozen=True)
class NodeTile:
    """A module on a node. `status` is None when the node never spoke or does not have the module yet."""

    node: str
    module: str
    view: NodeView
    status: ModuleStatus | None
    silhouette: Silhouette
    state_words: str
    """The pill: `UP Ready`."""
    share: float | None
    """Percent of new connections; None while a block or nothing stands there."""
    share_text: str
    """The figure without its unit: `50`."""
    share_note: str
    """Who decides it: `85 of 256 slots`, `load balancer decides`."""
    share_hatched: bool
    """True when a load balancer decides, solid when the slots are enforced here."""
    peers_text: str = ""
    """Only while silent: what the other nodes say of it."""

    @property
    def stale(self) -> bool:
        """Whether the values are old: painted in the third text colour."""
        return silent(self.view)

    @property
    def paused(self) -> bool:
        """Whether an administrator switched checks off here."""
        switches = self.status.switches if self.status else None
        return switches is not None and not (switches.errd and switches.checker and switches.failover)

    @property
    def cell_words(self) -> str:
        """The table's short form: `UP`, `STOP`, `Unreachable`."""
        if self.silhouette in (Silhouette.UNREACHABLE, Silhouette.UNCONFIGURED) or self.status is None:
            return self.silhouette.words
        return self.status.state.value

    @property
    def cell_share(self) -> str:
        """The table's figure: `4.3 %`, empty without a share."""
        return "" if self.share is None else percent(self.share)

    def since(self) -> float:
        """When the module became what it is, on this computer's clock; 0 = not known."""
        return self.status.since + shift(self.view) if self.status and self.status.since else 0.0

    def stale_text(self, now: float) -> str:
        """`as of 13:51:20` when the node is silent, else empty."""
        return stale_text(self.view, now)

    def block(self, now: float) -> TintBlock | None:
        """The tinted block, None while green, silent or not configured."""
        status = self.status
        if status is None:
            return None
        match self.silhouette:
            case Silhouette.STOP:
                title = _stopped_title(self.since(), now)
            case Silhouette.WAIT:
                title = _waiting_title(self.since(), now)
            case Silhouette.TRANSIENT:
                return self._running_block(status, now)
            case _:
                return None
        return TintBlock("red", title, said(status.why) or tr("The agent gave no reason."))

    def _running_block(self, status: ModuleStatus, now: float) -> TintBlock:
        script = status.script
        if script is None:
            gone = counted(now - self.since()) if status.since else ""
            return TintBlock("orange", said(status.phase) or tr("On its way"), said(status.why), gone)
        seconds = max(now - script.since - shift(self.view), 0.0)
        limit = tr("time-out {limit}", limit=counted(script.limit)) if script.limit else tr("no time-out")
        if script.last_duration:
            limit = joined((tr("took {time} last time", time=span(script.last_duration)), limit))
        usual = script.last_duration or script.limit
        progress = min(seconds / usual, 1.0) if usual else None
        title = tr("{script} has run for", script=script.script)
        return TintBlock("orange", title, limit, counted(seconds), progress)

    def facts(self, now: float) -> tuple[Fact, ...]:
        """The rows under the share, or under the block that stands in its place."""
        rows = (self._since_fact(now), self._author_fact(), self._gap_fact(), self._probe_fact(now))
        hidden = {Silhouette.STOP: 3, Silhouette.WAIT: 3, Silhouette.TRANSIENT: 1}.get(self.silhouette, 0)
        return tuple(row for row in rows[hidden:] if row is not None)

    def _since_fact(self, now: float) -> Fact | None:
        when = self.since()
        if not when:
            return None
        return Fact(tr("Since"), tr("{moment} ({span})", moment=moment(when, now), span=span(now - when)))

    def _author_fact(self) -> Fact | None:
        status = self.status
        if status is None or not status.by:
            return None
        by = tr("boot of {node}", node=self.node) if status.by == "boot" else status.by
        if status.state == State.STOP:
            return Fact(tr("Stopped by"), by)
        return Fact(tr("Restarted by") if "restart" in status.phase else tr("Started by"), by)

    def _gap_fact(self) -> Fact | None:
        heard = [peer for peer in self.view.status.peers if peer.alive and peer.window] if self.view.status else []
        if not heard:
            return None
        peer = max(heard, key=lambda one: one.worst_gap / one.window)
        value = tr("{gap} of {window}", gap=number(peer.worst_gap * 1000), window=milliseconds(peer.window))
        return Fact(tr("Heartbeat gap"), value, meter=min(peer.worst_gap / peer.window, 1.0))

    def _probe_fact(self, now: float) -> Fact | None:
        probe = last_probe(self.view, self.module)
        if probe is None:
            return Fact(tr("Last probe"), tr("none seen")) if self.view.status else None
        value = ago(probe.last + shift(self.view), now)
        if probe.every:
            value = tr("{ago}, every {seconds} s", ago=value, seconds=number(probe.every, 1))
        return Fact(tr("Last probe"), value, lead=str(probe.answered))

    def sentence(self, now: float) -> str:
        """What is wrong here and since when; empty while green."""
        if self.silhouette == Silhouette.UNREACHABLE:
            return joined((silence_sentence(self.view, now), self.peers_text))
        block = self.block(now)
        return labelled(block.title, block.sentence) if block else ""

    def accessible(self, now: float) -> str:
        """`node3, farm, STOP NotReady, Stopped 40 min ago…: 4th restart in 24 h`."""
        words = [self.node, self.module, self.state_words, self.sentence(now), self.stale_text(now)]
        if self.share is not None:
            words.append(tr("{share} of new connections", share=percent(self.share)))
        return ", ".join(word for word in words if word)


def tile(view: NodeView, module: str, status: ModuleStatus | None, peers_text: str = "") -> NodeTile:
    """The tile of this module on this node."""
    silhouette = Silhouette.UNREACHABLE if silent(view) else of_module(status) if status else Silhouette.UNCONFIGURED
    green = silhouette == Silhouette.READY or (silhouette == Silhouette.UNREACHABLE and status is not None)
    share = status.share if green and status and status.configured and status.mode == Mode.FARM else None
    by_slots = status is not None and status.share_by == "slots"
    return NodeTile(
        node=view.name,
        module=module,
        view=view,
        status=status,
        silhouette=silhouette,
        state_words=pill_words(silhouette, status),
        share=share,
        share_text="" if share is None else percent(share)[:-2],
        share_note=_share_note(share, by_slots=by_slots),
        share_hatched=share is not None and not by_slots,
        peers_text=peers_text,
    )


def _share_note(share: float | None, *, by_slots: bool) -> str:
    if share is None:
        return ""
    if by_slots:
        return tr("{count} of {all} slots", count=round(share * SLOTS / 100), all=SLOTS)
    return tr("load balancer decides")


def alarms_of(view: NodeView, module: str) -> tuple[str, ...]:
    """What this node says is wrong with a module, in its own words without the name; none while it is silent."""
    if view.status is None or silent(view):
        return ()
    told = (alarm.partition(": ") for alarm in view.status.alarms)
    return tuple(text for name, _, text in told if name == module and text)


def status_of(view: NodeView, module: str) -> ModuleStatus | None:
    """What this node said last of a module, None when it has none of this name."""
    modules = view.status.modules if view.status else ()
    return next((status for status in modules if status.name == module), None)


def last_probe(view: NodeView, module: str) -> ProbeSource | None:
    """The latest asker of this module's ready.txt on this node."""
    seen = [probe for probe in view.status.probes if probe.module == module] if view.status else []
    return max(seen, key=lambda probe: probe.last, default=None)


def _stopped_title(when: float, now: float) -> str:
    if not when:
        return tr("Stopped")
    if now - when >= DAY:
        return tr("Stopped {ago}", ago=ago(when, now))
    return tr("Stopped {ago}, {moment}", ago=ago(when, now), moment=moment(when, now))


def _waiting_title(when: float, now: float) -> str:
    if not when:
        return tr("Waiting")
    return tr("Waiting for {span}, since {moment}", span=span(now - when), moment=moment(when, now))
