"""All lanes of a cluster, made anew only where something they rest on has changed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from heapq import merge

from app.services.nodes import NodeView
from app.viewmodels.farm import ModuleCard
from app.viewmodels.reach import silent, trouble_words
from app.viewmodels.text import DAY, MINUTE
from app.viewmodels.tile import NodeTile
from app.viewmodels.timeline_clock import Clocks
from app.viewmodels.timeline_events import About, TimelineEvent, event_of
from app.viewmodels.timeline_lanes import Lane, NodeTold, Stretch, lane, overview, with_shares
from app.viewmodels.timeline_log import NodeLog
from app.viewmodels.timeline_story import Story, without_agent


@dataclass(frozen=True)
class Shown:
    """What of a cluster is shown, "" = all."""

    modules: frozenset[str] = frozenset({""})
    """Names of modules that a lane's must all be, but for "" which is any."""
    node: str = ""
    about: frozenset[About] = frozenset(About)

    def holds(self, module: str) -> bool:
        """Whether this module is shown."""
        return all(name in {"", module} for name in self.modules)


@dataclass(frozen=True)
class Board:
    """What is shown at one moment."""

    lanes: tuple[Lane, ...] = ()
    overview: tuple[Stretch, ...] = ()
    events: tuple[TimelineEvent, ...] = field(default=(), repr=False)
    """Of all lanes, by time."""


class BoardMaker:
    """Makes one board after the other."""

    def __init__(self) -> None:
        self._bars: dict[tuple[str, str], tuple[tuple[object, ...], Lane]] = {}
        self._shared: dict[str, tuple[tuple[Lane, ...], tuple[object, ...], tuple[Lane, ...]]] = {}
        self._events: dict[str, tuple[Story, float, tuple[TimelineEvent, ...]]] = {}
        self._of_lane: dict[tuple[str, str], tuple[tuple[object, ...], Lane]] = {}
        self._shown = Shown()
        self.board = Board()

    def make(
        self,
        now: float,
        views: Sequence[NodeView],
        logs: Mapping[str, NodeLog],
        clocks: Clocks,
        cards: Iterable[ModuleCard],
        shown: Shown,
    ) -> Board:
        """The board now; the same object as before when nothing has changed."""
        begin = (now - DAY) // MINUTE * MINUTE
        stories = {view.name: logs[view.name].story(clocks.of(view.name)) for view in views}
        told = {view.name: _told(view, logs[view.name], stories, clocks.of(view.name)) for view in views}
        events = {name: self._told_events(name, one, begin) for name, one in stories.items()}
        lanes: list[Lane] = []
        for card in cards:
            if not shown.holds(card.name):
                continue
            whole = tuple(self._lane(told[tile.node], card.name, tile, begin) for tile in card.tiles)
            for one in self._with_shares(card, whole):
                if shown.node in {"", one.node}:
                    lanes.append(self._with_events(one, events[one.node], shown))
        if shown != self._shown or not _same(lanes, self.board.lanes):
            self._shown = shown
            self.board = Board(tuple(lanes), overview(lanes), _listed(lanes, events, shown))
        return self.board

    def _lane(self, told: NodeTold, module: str, tile: NodeTile, begin: float) -> Lane:
        status = tile.status
        present = (status.state, status.status, status.since, status.by, status.configured) if status else None
        quiet = (told.view.as_of, told.view.trouble) if silent(told.view) else None
        known = (told.absent, told.known_from, told.reading, told.trouble, told.shift, begin)
        rests_on = (told.story.states.get(module), told.story.freezes, present, quiet, *known)
        kept = self._bars.get((module, tile.node))
        if kept is None or kept[0] != rests_on:
            kept = self._bars[module, tile.node] = (rests_on, lane(told, module, status, begin))
        return kept[1]

    def _with_shares(self, card: ModuleCard, lanes: tuple[Lane, ...]) -> tuple[Lane, ...]:
        statuses = [tile.status for tile in card.tiles if tile.status is not None]
        figures = tuple((one.share, one.share_by, one.status) for one in statuses)
        kept = self._shared.get(card.name)
        if kept is None or kept[1] != figures or not _same(kept[0], lanes):
            kept = self._shared[card.name] = (lanes, figures, with_shares(lanes, statuses))
        return kept[2]

    def _told_events(self, node: str, told: Story, begin: float) -> tuple[TimelineEvent, ...]:
        kept = self._events.get(node)
        if kept is None or kept[0] is not told or kept[1] != begin:
            found = tuple(event_of(node, one) for one in told.lines if one.time >= begin)
            kept = self._events[node] = (told, begin, found)
        return kept[2]

    def _with_events(self, one: Lane, events: tuple[TimelineEvent, ...], shown: Shown) -> Lane:
        rests_on = (one, events, shown.about)
        kept = self._of_lane.get((one.module, one.node))
        if kept is None or not _same(rests_on, kept[0]):
            found = tuple(event for event in events if event.module in {"", one.module} and event.about in shown.about)
            kept = self._of_lane[one.module, one.node] = (rests_on, replace(one, events=found))
        return kept[1]


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    """Whether these are the very same objects."""
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


def _told(view: NodeView, log: NodeLog, stories: Mapping[str, Story], shift: float) -> NodeTold:
    trouble = log.trouble or (trouble_words(view) if silent(view) and not log.was_read else "")
    own = stories[view.name]
    others = (one for name, one in stories.items() if name != view.name)
    return NodeTold(
        view,
        own,
        without_agent(view.name, own, others) if own.absences else (),
        known_from=log.known_from + shift if log.known_from else 0.0,
        reading=not log.was_read and not trouble,
        trouble=trouble,
        shift=shift,
    )


def _listed(
    lanes: Sequence[Lane], events: Mapping[str, tuple[TimelineEvent, ...]], shown: Shown
) -> tuple[TimelineEvent, ...]:
    """The events of all lanes, each once."""
    modules = {one.module for one in lanes} | {""}
    nodes = dict.fromkeys(one.node for one in lanes)
    found = merge(*(events[name] for name in nodes), key=lambda event: event.time)
    return tuple(event for event in found if event.module in modules and event.about in shown.about)
