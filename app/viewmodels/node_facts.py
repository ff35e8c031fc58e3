"""What a technician asks of a node beside its state: addresses, versions, ports, peers, clocks, probes. Pure functions.

`now` is wall-clock seconds of this computer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.services.nodes import NodeView
from app.viewmodels.reach import reach_words, saved, shift
from app.viewmodels.resource_line import Stretch, stretches
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import ago, joined, labelled, milliseconds, moment, names, number, said, span, tr, trn
from nodeagent.contract.pins import words_of
from nodeagent.contract.record_api import ResourceChange
from nodeagent.contract.status import Listener, ModuleStatus, NodeStatus, PeerStatus, ResourceStatus

BY_ITSELF = {"errd", "checker", "rule", "vip"}
"""Parts of the agent that say what a resource is; everybody else set it by command."""
FINE, WRONG = Silhouette.READY, Silhouette.STOP


@dataclass(frozen=True)
class FactRow:
    """A label and its value; `mark` puts a silhouette before the value. `problem` is a sentence below it, in red."""

    label: str
    value: str
    mark: Silhouette | None = None
    problem: str = ""
    """Why it is not as it should be."""

    @property
    def words(self) -> str:
        """All of it, for a screen reader."""
        return labelled(self.label, self.value, self.problem)


@dataclass(frozen=True)
class FactGroup:
    """Facts under one title."""

    title: str
    rows: tuple[FactRow, ...]


@dataclass(frozen=True)
class ResourceRow:
    """A line of the resources table."""

    name: str
    silhouette: Silhouette
    value: str
    since: str
    detail: str
    line: tuple[Stretch, ...] = ()
    line_words: str = ""
    """The line for who does not see it: how often it was down in the last hour."""


Histories = Mapping[str, Sequence[ResourceChange]]
"""Changes of each resource, oldest first, on the node's clock."""


def resource_rows(
    view: NodeView, module: ModuleStatus | None, now: float, histories: Histories | None = None
) -> tuple[ResourceRow, ...]:
    """The resources, in the order the agent tells them."""
    if module is None:
        return ()
    known = histories or {}
    return tuple(_resource(one, shift(view), now, known.get(one.name, ())) for one in module.resources)


def resources_text(rows: tuple[ResourceRow, ...]) -> str:
    """`2 down, 1 not checked, 2 up`."""
    counts = Counter(row.value for row in rows)
    known = (tr("down"), tr("unknown"), tr("not checked"), tr("up"))
    parts = [f"{counts[value]} {value}" for value in known if counts[value]]
    if others := len(rows) - sum(counts[value] for value in known):
        parts.append(trn("{count} other value", "{count} other values", others))
    return ", ".join(parts)


def facts(view: NodeView, module: str, now: float) -> tuple[FactGroup, ...]:
    """All groups; a node that never spoke has only the first."""
    status = view.status
    if status is None:
        return (FactGroup(tr("Node"), _reached(view, now)),)
    groups = (
        FactGroup(tr("Node"), (*_reached(view, now), *_node(view, status, now))),
        FactGroup(tr("Ports"), tuple(_listener(one) for one in status.listeners)),
        FactGroup(tr("Other nodes"), tuple(row for peer in status.peers for row in _peer(peer, view, now))),
        FactGroup(tr("Probes of {module}", module=module), _probes(view, status, module, now)),
        FactGroup(
            tr("Problems"), tuple(FactRow(tr("Alarm"), "", WRONG, _alarm(status, alarm)) for alarm in status.alarms)
        ),
    )
    return tuple(group for group in groups if group.rows)


def _resource(one: ResourceStatus, seconds: float, now: float, changes: Sequence[ResourceChange]) -> ResourceRow:
    value, silhouette = {
        "up": (tr("up"), Silhouette.READY),
        "down": (tr("down"), Silhouette.STOP),
        "init": (tr("not checked"), Silhouette.UNCONFIGURED),
        "unknown": (tr("unknown"), Silhouette.UNCONFIGURED),
    }.get(str(one.state), (str(one.state), Silhouette.UNCONFIGURED))
    since = moment(one.since + seconds, now) if one.since else ""
    parts = [said(one.detail), milliseconds(one.took) if one.took else ""]
    if one.by and one.by not in BY_ITSELF:
        parts.append(tr("set by {author}", author=one.by))
    line = stretches(one, changes, seconds, now) if one.since else ()
    downs = sum(part.state == "down" for part in line)
    words = trn("down {count} time in the last hour", "down {count} times in the last hour", downs) if line else ""
    return ResourceRow(one.name, silhouette, value, since, ", ".join(part for part in parts if part), line, words)


def _reached(view: NodeView, now: float) -> tuple[FactRow, ...]:
    if saved(view):
        return (FactRow(tr("Snapshot"), view.address.place), FactRow(tr("Taken"), moment(view.as_of, now)))
    role = tr("as {role}", role=view.role.value) if view.role else tr("not logged in")
    return (
        FactRow(tr("Address"), view.address.place),
        FactRow(
            tr("This console"),
            tr("{reach} {role}, since {moment}", reach=reach_words(view), role=role, moment=moment(view.since, now)),
        ),
    )


def _node(view: NodeView, status: NodeStatus, now: float) -> tuple[FactRow, ...]:
    started = status.started + shift(view)
    rows = [
        FactRow(tr("Version"), status.version),
        FactRow(tr("Agent started"), tr("{moment} ({span})", moment=moment(started, now), span=span(now - started))),
        FactRow(tr("Fingerprint"), _pin_words(status.pin)),
        FactRow(tr("Boot"), status.boot_id),
        FactRow(tr("Cluster"), _signature(status)),
    ]
    if status.frozen:
        rows.append(
            FactRow(tr("Frozen"), trn("{count} time since it started", "{count} times since it started", status.frozen))
        )
    if status.rejected:
        counts = names(f"{count} {reason}" for reason, count in status.rejected.items())
        rows.append(FactRow(tr("Not believed"), tr("{counts} (heartbeats)", counts=counts)))
    return tuple(rows)


def _pin_words(pin: str) -> str:
    try:
        return words_of(pin)
    except ValueError:
        return tr("not known")


def _signature(status: NodeStatus) -> str:
    if not status.cluster_signature:
        return tr("in no cluster")
    place = tr("place {number}", number=status.node_id)
    return tr("{place}, signature {signature}", place=place, signature=status.cluster_signature[:8].upper())


def _alarm(status: NodeStatus, alarm: str) -> str:
    """What the agent says of a module begins with its name."""
    module, _, text = alarm.partition(": ")
    return labelled(module, said(text)) if module in {one.name for one in status.modules} else said(alarm)


def _listener(one: Listener) -> FactRow:
    place = f"[{one.address}]:{one.port}" if ":" in one.address else f"{one.address}:{one.port}"
    if one.open:
        return FactRow(one.name, place, FINE)
    return FactRow(one.name, place, WRONG, said(one.problem) or tr("not open"))


def _peer(peer: PeerStatus, view: NodeView, now: float) -> tuple[FactRow, ...]:
    alive = FINE if peer.alive else WRONG
    since = peer.since + shift(view)
    if not peer.alive:
        return (
            FactRow(
                peer.name,
                tr("lost {ago}", ago=ago(since, now)) if peer.since else tr("never heard"),
                alive,
                said(peer.reason),
            ),
        )
    problems = [] if peer.same_configuration else [tr("it has another cluster configuration")]
    rows = [FactRow(peer.name, _heard(peer), alive, joined(problems))]
    for lan in peer.lans:
        heard = FactRow(tr("on lan {lan}", lan=lan.lan), lan.address, FINE)
        silent = FactRow(
            heard.label, heard.value, WRONG, tr("not heard since {moment}", moment=moment(lan.since + shift(view), now))
        )
        rows.append(heard if lan.heard else silent)
    return tuple(rows)


def _heard(peer: PeerStatus) -> str:
    parts = [
        tr("gap {gap} of {window}", gap=number(peer.worst_gap * 1000), window=milliseconds(peer.window))
        if peer.window
        else "",
        tr("round trip {time}", time=milliseconds(peer.round_trip)) if peer.round_trip else "",
        tr("clock {offset}", offset=signed(peer.clock_offset)),
        peer.version,
    ]
    return ", ".join(part for part in parts if part)


def signed(seconds: float) -> str:
    """A clock's distance: `+0.8 ms`, `-3.2 s`, `+2 h 5 min`; what is shown as zero has no sign."""
    size = abs(seconds)
    sign = "" if round(size, 4) == 0 else "-" if seconds < 0 else "+"
    if size < 1:
        return sign + milliseconds(size)
    return sign + (tr("{seconds} s", seconds=number(size, 1)) if size < 60 else span(size))


def _probes(view: NodeView, status: NodeStatus, module: str, now: float) -> tuple[FactRow, ...]:
    rows = []
    for probe in status.probes:
        if probe.module != module:
            continue
        asked = ago(probe.last + shift(view), now)
        if probe.every:
            asked = tr("{ago}, every {seconds} s", ago=asked, seconds=number(probe.every, 1))
        rows.append(FactRow(probe.source, tr("{code}, {asked}", code=probe.answered, asked=asked)))
    return tuple(rows) or (FactRow(tr("Asked by"), tr("nobody has asked for ready.txt yet")),)
