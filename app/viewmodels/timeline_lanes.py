"""The lanes of the timeline: what each module was on each node, as bars, and what happened, as marks. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import accumulate
from math import inf

from app.services.nodes import NodeView
from app.viewmodels.node_facts import signed
from app.viewmodels.reach import saved, silent, trouble_words
from app.viewmodels.silhouettes import Silhouette, of_module
from app.viewmodels.text import NBSP, clock_fine, labelled, number, span, tr
from app.viewmodels.timeline_events import TimelineEvent
from app.viewmodels.timeline_story import SETTLING, Freeze, Gap, Story
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus

MOMENTS = 3_000
"""Changes of a module's states up to which its shares are reckoned."""


class Kind(StrEnum):
    """What a bar stands for."""

    STATE = "state"
    FROZEN = "frozen"
    UNKNOWN = "unknown"
    READING = "reading"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a module was on a node from `start` to `end`; an open one lasts until now, its end is infinite."""

    start: float
    end: float
    silhouette: Silhouette
    words: str
    """`UP Ready`; of what is not a state, what it is."""
    kind: Kind = Kind.STATE
    by: str = ""
    share: str = ""
    """`33 %`; empty when it is not known."""
    goes_on: bool = False
    """Only the share is another than in the bar before."""

    @property
    def label(self) -> str:
        """`UP Ready, 33 %`."""
        return tr("{state}, {share}", state=self.words, share=self.share) if self.share else self.words

    def sentence(self, now: float) -> str:
        """`STOP NotReady, from 13:12:04.118 on, for 40 min; by maxloop`."""
        last = min(self.end, now)
        length = seconds_words(last - self.start)
        begin = clock_fine(self.start)
        if self.end == inf:
            when = tr("since {time}, for {length}", time=begin, length=length)
        else:
            when = tr("{begin} to {end}, {length}", begin=begin, end=clock_fine(last), length=length)
        author = tr("by {author}", author=self.by) if self.by else ""
        return ", ".join(part for part in (labelled(self.label, when), author) if part)


@dataclass(frozen=True)
class Lane:
    """One module on one node. Bars and events are in the order of time; bars do not overlap."""

    module: str
    node: str
    clock: str
    """What its times are corrected by: `+0.3 ms`."""
    silent: str
    """Why the node does not answer, empty while it does."""
    bars: tuple[Bar, ...]
    events: tuple[TimelineEvent, ...] = ()

    @property
    def name(self) -> str:
        """`farm, node1`."""
        return f"{self.module}, {self.node}"

    def bar_at(self, moment: float) -> Bar | None:
        """What it was then."""
        place = bisect_right(self.bars, moment, key=lambda bar: bar.start) - 1
        return self.bars[place] if place >= 0 and moment < self.bars[place].end else None

    def event_near(self, moment: float, reach: float) -> TimelineEvent | None:
        """The event that is nearest, at most `reach` seconds away."""
        first = bisect_left(self.events, moment - reach, key=_time)
        last = bisect_right(self.events, moment + reach, key=_time)
        return min(self.events[first:last], key=lambda event: abs(event.time - moment), default=None)


@dataclass(frozen=True)
class NodeTold:
    """What is known of one node: its view, its story, and how far back it could be read."""

    view: NodeView
    story: Story
    absent: tuple[Gap, ...] = ()
    known_from: float = 0.0
    """Before this its log is not known."""
    reading: bool = False
    trouble: str = ""
    """Why its log cannot be read."""
    shift: float = 0.0


def lane(told: NodeTold, module: str, status: ModuleStatus | None, begin: float) -> Lane:
    """A module on a node since `begin`; `events` are not in it yet."""
    bars = _states(told, module, status)
    for absent in told.absent:
        later = [one.time for one in told.story.states.get(module, ()) if one.time >= absent.end]
        settled = later[0] if later and later[0] <= absent.end + SETTLING else absent.end
        known = any(bar.start <= absent.start for bar in bars)
        words = tr("Unknown: no agent ran") if absent.seen else tr("Unknown: its agent ended unseen")
        gap = Bar(absent.start, settled, Silhouette.UNREACHABLE, words, Kind.UNKNOWN)
        bars = _covered(bars, gap, cut_only=True)
        if known and settled == absent.end:
            bars = _covered(bars, _at_rest(settled, later[0] if later else inf), cut_only=False)
    for freeze in told.story.freezes:
        bars = _covered(bars, _frozen(freeze), cut_only=True)
    if told.known_from > begin or told.reading or told.trouble:
        bars = _covered(bars, _unread(told, begin, bars), cut_only=False)
    if silent(told.view):
        since = told.view.as_of if told.view.status is not None else begin
        words = tr("Unknown: {why}", why=trouble_words(told.view))
        gap = Bar(since, inf, Silhouette.UNREACHABLE, words, Kind.UNKNOWN)
        bars = _covered(bars, gap, cut_only=False)
    if saved(told.view):
        words = tr("Unknown: its snapshot ends here")
        gap = Bar(told.view.as_of + told.shift, inf, Silhouette.UNREACHABLE, words, Kind.UNKNOWN)
        bars = _covered(bars, gap, cut_only=False)
    shown = tuple(bar if bar.start >= begin else replace(bar, start=begin) for bar in bars if bar.end > begin)
    why = trouble_words(told.view) if silent(told.view) else ""
    return Lane(module, told.view.name, signed(told.shift) if told.view.status else "", why, shown)


def with_shares(lanes: Sequence[Lane], statuses: Sequence[ModuleStatus]) -> tuple[Lane, ...]:
    """The lanes of one module, with the share each Ready node had.

    A share is not written down anywhere: it follows from who was Ready, as long as all nodes count alike. While the
    state of one of them is not known, no share is.
    """
    moments = sorted({moment for one in lanes for bar in one.bars for moment in (bar.start, bar.end)})
    if len(moments) > MOMENTS or not _alike(statuses):
        return tuple(lanes)
    place = {moment: at for at, moment in enumerate(moments)}
    shares = _shares(lanes, place)
    found = []
    for one in lanes:
        bars: list[Bar] = []
        for bar in one.bars:
            if bar.silhouette is not Silhouette.READY:
                bars.append(bar)
                continue
            bars += _cut(bar, [(moments[at], shares[at]) for at in range(place[bar.start], place[bar.end])])
        found.append(replace(one, bars=tuple(bars)))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of the overview: the worst of all lanes."""

    start: float
    end: float
    silhouette: Silhouette


OVERVIEW_ORDER = (
    Silhouette.STOP,
    Silhouette.WAIT,
    Silhouette.TRANSIENT,
    Silhouette.UNREACHABLE,
    Silhouette.READY,
    Silhouette.UNCONFIGURED,
)
"""Worst first. What is not known hides no incident: these are looked for here."""


def overview(lanes: Iterable[Lane]) -> tuple[Stretch, ...]:
    """The worst of all lanes over time."""
    edges: list[tuple[float, int, int]] = []
    for one in lanes:
        for bar in one.bars:
            rank = OVERVIEW_ORDER.index(bar.silhouette)
            edges += [(bar.start, 1, rank), (bar.end, -1, rank)]
    edges.sort()
    counts = [0] * len(OVERVIEW_ORDER)
    found: list[Stretch] = []
    for at, (moment, step, rank) in enumerate(edges):
        counts[rank] += step
        until = edges[at + 1][0] if at + 1 < len(edges) else moment
        worst = next((place for place, count in enumerate(counts) if count), None)
        if until <= moment or worst is None:
            continue
        silhouette = OVERVIEW_ORDER[worst]
        if found and found[-1].end == moment and found[-1].silhouette is silhouette:
            found[-1] = replace(found[-1], end=until)
        else:
            found.append(Stretch(moment, until, silhouette))
    return tuple(found)


def seconds_words(seconds: float) -> str:
    """A length as finely as it matters: `0.118 s`, `3.4 s`, `40 min`."""
    if seconds < 10:
        return number(seconds, 1 if seconds >= 1 else 3) + NBSP + "s"
    return span(seconds)


# --- inside -----------------------------------------------------------------------------------


def _states(told: NodeTold, module: str, status: ModuleStatus | None) -> list[Bar]:
    """A bar for each state that the log tells of, and the present one as the node itself says."""
    states = told.story.states.get(module, ())
    bars = [
        Bar(one.time, states[at + 1].time if at + 1 < len(states) else inf, one.silhouette, one.words, by=one.by)
        for at, one in enumerate(states)
    ]
    if status is None or not status.configured:
        return bars
    words, since = f"{status.state} {status.status}", status.since + told.shift
    if not bars:
        return [Bar(since, inf, of_module(status), words, by=status.by)]
    if bars[-1].words != words and since >= bars[-1].start:
        bars[-1] = replace(bars[-1], end=since)
        bars.append(Bar(since, inf, of_module(status), words, by=status.by))
    return [bar for bar in bars if bar.end > bar.start]


def _at_rest(begin: float, end: float) -> Bar:
    """An agent that tells nothing of a module after its start has found it stopped."""
    return Bar(begin, end, Silhouette.STOP, f"{State.STOP} {Status.NOT_READY}")


def _frozen(freeze: Freeze) -> Bar:
    words = tr("frozen {length}", length=seconds_words(freeze.seconds))
    return Bar(freeze.end - freeze.seconds, freeze.end, Silhouette.TRANSIENT, words, Kind.FROZEN)


def _unread(told: NodeTold, begin: float, bars: Sequence[Bar]) -> Bar:
    """What was before the oldest line that could be read; a state that is known to have begun earlier stays."""
    kind = Kind.READING if told.reading else Kind.UNKNOWN
    words = tr("Its log is being read…") if told.reading else labelled(tr("Its log is not known"), told.trouble)
    end = told.known_from or inf
    if (told.reading or told.trouble) and bars:
        end = min(end, bars[0].start)
    return Bar(begin, max(end, begin), Silhouette.UNREACHABLE, words, kind)


def _covered(bars: Iterable[Bar], over: Bar, *, cut_only: bool) -> list[Bar]:
    """The bars with another one laid over them; with `cut_only` just where there was one."""
    if over.end <= over.start:
        return list(bars)
    found: list[Bar] = []
    hit = False
    for bar in bars:
        if bar.end <= over.start or bar.start >= over.end:
            found.append(bar)
            continue
        hit = True
        if bar.start < over.start:
            found.append(replace(bar, end=over.start))
        if bar.end > over.end:
            found.append(replace(bar, start=over.end))
    if hit or not cut_only:
        found.append(over)
    return sorted(found, key=lambda bar: bar.start)


def _shares(lanes: Sequence[Lane], place: Mapping[float, int]) -> list[str]:
    """The share of a node that is Ready, from each place on."""
    serving, doubtful = [0] * len(place), [0] * len(place)
    for bar in (bar for one in lanes for bar in one.bars):
        counts = serving if bar.silhouette is Silhouette.READY else doubtful
        if counts is serving or bar.kind in {Kind.UNKNOWN, Kind.READING}:
            counts[place[bar.start]] += 1
            counts[place[bar.end]] -= 1
    totals = zip(accumulate(serving), accumulate(doubtful), strict=True)
    return ["" if unknown or not count else _percent(100 / count) for count, unknown in totals]


def _cut(bar: Bar, told: Sequence[tuple[float, str]]) -> list[Bar]:
    """A Ready bar where its share changes."""
    pieces = [(moment, share) for at, (moment, share) in enumerate(told) if at == 0 or share != told[at - 1][1]]
    ends = [*(moment for moment, _ in pieces[1:]), bar.end]
    return [
        replace(bar, start=moment, end=end, share=share, goes_on=at > 0)
        for at, ((moment, share), end) in enumerate(zip(pieces, ends, strict=True))
    ]


def _alike(statuses: Sequence[ModuleStatus]) -> bool:
    """Whether all nodes take the same share: always before a load balancer, with slots as the powers say."""
    if all(status.share_by != "slots" for status in statuses):
        return True
    shares = [status.share for status in statuses if status.status is Status.READY]
    return bool(shares) and max(shares) - min(shares) < 1.5


def _time(event: TimelineEvent) -> float:
    return event.time


def _percent(value: float) -> str:
    return number(value) + NBSP + "%"
