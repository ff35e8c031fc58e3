"""The timeline of a cluster: every node's day on one clock, the part of it that is looked at, and the chosen event."""

import time
from collections.abc import Awaitable, Callable

from PySide6.QtCore import QObject, QTimer, Signal

from app.viewmodels.reach import silent
from app.viewmodels.session_model import SessionModel, Tasks
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import clock, clock_fine, joined, moment, names, tr, trn
from app.viewmodels.timeline_board import Board, BoardMaker, Shown
from app.viewmodels.timeline_events import About, RangeEvents, TimelineEvent
from app.viewmodels.timeline_lanes import Lane, Stretch
from app.viewmodels.timeline_log import NodeLog
from app.viewmodels.timeline_range import Range, fitting, span_words

REST_LEAST, REST_MOST = 100, 2000
"""Milliseconds between two looks at the cluster: twenty times what one takes, within these bounds."""
AGAIN = 10.0
"""Seconds until a log that could not be read is asked for once more."""
BACK = 50
"""Ranges remembered to go back to."""
ALL = frozenset(About)
SHOWN: dict[str, frozenset[About]] = {
    "all": ALL,
    "problems": frozenset({About.PROBLEM, About.FREEZE}),
    "states": frozenset({About.STATE, About.FREEZE}),
    "orders": frozenset({About.ORDER}),
}
"""What the list of events can be narrowed to, by key."""


class TimelineModel(QObject):
    """`changed` after other lanes or events, `moved` after another range or cursor. Idle until `watch(True)`."""

    changed = Signal()
    moved = Signal()

    def __init__(self, session: SessionModel, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session, self._tasks = session, tasks
        self.module, self.node = "", ""
        """The scope, "" = all."""
        self.only, self.about = "", "all"
        """The module of the scope that is shown, "" = all; and a key of SHOWN."""
        self.board = Board()
        self.events = RangeEvents(self)
        self.range = Range(0.0).at(session.now())
        self.chosen: TimelineEvent | None = None
        """The event under the cursor."""
        self._back: list[Range] = []
        self._maker = BoardMaker()
        self._logs: dict[str, NodeLog] = {}
        self._rest = QTimer(self, singleShot=True, interval=REST_LEAST)
        self._rest.timeout.connect(self.look)
        self._unsubscribe: Callable[[], object] | None = None

    # --- its life -----------------------------------------------------------------------------

    def watch(self, watched: bool) -> None:
        """Somebody looks, or nobody does any more: then nothing is reckoned."""
        if self._unsubscribe is not None:
            self._unsubscribe()
            self.session.changed.disconnect(self._soon)
            self._unsubscribe = None
        self._rest.stop()
        if watched:
            self._unsubscribe = self.session.session.subscribe(self._soon)
            self.session.changed.connect(self._soon)
            self.look()

    def close(self) -> None:
        """Hear no more of the session."""
        self.watch(False)

    def set_scope(self, module: str, node: str) -> None:
        """Lanes of this module or node only, "" = of all. Another scope takes the choice of a module away."""
        if (module, node) != (self.module, self.node):
            self.module, self.node, self.only = module, node, ""
            self.look()

    def show_module(self, module: str) -> None:
        """Of the scope only this module, "" = all."""
        self.only = module
        self.look()

    def show_about(self, about: str) -> None:
        """List only these events, a key of SHOWN."""
        self.about = about
        self.look()

    def look(self) -> None:
        """Take up what has happened, now."""
        began = time.perf_counter()
        now = self.session.now()
        views = self.session.session.view()
        for gone in self._logs.keys() - {view.name for view in views}:
            del self._logs[gone]
        for view in views:
            self._follow(view.name, now, reached=view.reached)
        shown = Shown(frozenset({self.module, self.only}), self.node, SHOWN[self.about])
        board = self._maker.make(now, views, self._logs, self.session.clocks, self.session.farm.modules, shown)
        if board.events is not self.board.events:
            self.events.set_events(board.events)
            self.chosen = self._found_again(board)
        self.board = board
        self.range = self.range.at(now)
        self._show_events()
        self.changed.emit()
        took = (time.perf_counter() - began) * 1000
        self._rest.setInterval(int(min(max(REST_LEAST, 20 * took), REST_MOST)))

    def ask_again(self) -> None:
        """Ask silent nodes, and those whose log could not be read, at once."""
        for watched in self.session.session.nodes:
            if silent(watched.view):
                watched.retry()
        for log in self._logs.values():
            log.tried = 0.0
        self.look()

    def tick(self) -> None:
        """Another second."""
        self._set_range(self.range.at(self.session.now()))

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """What is shown, module by module."""
        return self.board.lanes

    @property
    def overview(self) -> tuple[Stretch, ...]:
        """The worst of all lanes over the day."""
        return self.board.overview

    # --- what is said -------------------------------------------------------------------------

    @property
    def facts(self) -> str:
        """How well the axis holds, and who is silent; of a snapshot first where it ends."""
        quiet = [view.name for view in self.session.session.view() if silent(view)]
        if quiet:
            return trn(
                "{nodes} does not answer: its lanes end at its last word",
                "{nodes} do not answer: their lanes end at their last word",
                len(quiet),
                nodes=names(quiet),
            )
        if self.session.read_only:
            end = tr("Ends at {time}, when the snapshot was taken", time=clock(self.session.now()))
            return joined((end, self.session.clocks.words))
        return self.session.clocks.words

    @property
    def empty_words(self) -> tuple[str, str]:
        """What stands in place of the lanes while there are none: a line and a sentence."""
        if not self.session.farm.modules:
            return tr("No module yet"), tr("Each module on each node has a lane here, as soon as there is one.")
        return tr("No module here"), tr("Choose a module, a node or the cluster in the sidebar.")

    @property
    def no_event_words(self) -> tuple[str, str]:
        """What stands in place of the events while there are none in the range."""
        if any(log.reading for log in self._logs.values()):
            return tr("The logs are being read…"), tr("Each node answers for itself.")
        return tr("Nothing happened in this range"), tr("Choose a longer one, or drag the frame over the 24 hours.")

    @property
    def events_text(self) -> str:
        """`7; the chosen one is under the cursor`."""
        count = self.events.count
        if count > len(self.events.shown):
            return tr("{count}; the newest {shown} are shown", count=count, shown=len(self.events.shown))
        if self.events.row_of(self.chosen) >= 0:
            return tr("{count}; the chosen one is under the cursor", count=count)
        return str(count)

    @property
    def range_words(self) -> tuple[str, str]:
        """`13:11:00 to 13:14:00` and `22 Nov, 3 min`."""
        start, end = self.range.start, self.range.end
        fine = self.range.span < 60
        begin, last = (clock_fine(one) if fine else clock(one) for one in (start, end))
        days = dict.fromkeys(moment(one, one).rpartition(" ")[0] for one in (start, end))
        return tr("{begin} to {end}", begin=begin, end=last), ", ".join((*days, span_words(self.range.span)))

    @property
    def modules(self) -> tuple[str, ...]:
        """All modules of the cluster."""
        return tuple(card.name for card in self.session.farm.modules)

    # --- the range ----------------------------------------------------------------------------

    def move_to(self, start: float, *, remember: bool = True) -> None:
        """The range begins there now."""
        self._go(self.range.moved(start, self.session.now()), remember=remember)

    def centre(self, moment: float) -> None:
        """The range has this moment in its middle."""
        self._go(self.range.centred(moment, self.session.now()))

    def set_span(self, span: int) -> None:
        """So many seconds, one of SPANS; the cursor keeps its place when it is in view."""
        around = self.chosen.time if self.chosen and self.range.holds(self.chosen.time) else None
        self._go(self.range.spanned(span, self.session.now(), around))

    def zoom(self, steps: int, around: float | None = None) -> None:
        """So many steps longer, or shorter when negative."""
        self._go(self.range.zoomed(steps, self.session.now(), around))

    def set_live(self, live: bool) -> None:
        """Follow the time at the right edge, or stand still."""
        now = self.session.now()
        self._go(Range(now - self.range.span, self.range.span, live).at(now) if live else self._still())

    def fit_incident(self) -> None:
        """The incident at the cursor, else the last one: from where something was not green until all was again."""
        found = self.incident()
        if found is not None:
            self._go(fitting(*found, self.session.now()))

    def incident(self) -> tuple[float, float] | None:
        """From when to when; None when all was green all day."""
        now, bad = self.session.now(), {Silhouette.STOP, Silhouette.WAIT, Silhouette.TRANSIENT}
        found: list[tuple[float, float]] = []
        for stretch in self.overview:
            if stretch.silhouette not in bad:
                continue
            if found and stretch.start <= found[-1][1]:
                found[-1] = (found[-1][0], min(stretch.end, now))
            else:
                found.append((stretch.start, min(stretch.end, now)))
        if self.chosen is None:
            return found[-1] if found else None
        at = self.chosen.time
        return min(found, key=lambda one: max(one[0] - at, at - one[1], 0.0), default=None)

    @property
    def can_go_back(self) -> bool:
        """Whether there was another range before."""
        return bool(self._back)

    def go_back(self) -> None:
        """The range before this one."""
        if self._back:
            self._set_range(self._back.pop().at(self.session.now()))

    def _still(self) -> Range:
        return Range(self.range.start, self.range.span, live=False)

    def remember(self) -> None:
        """The range now is one to go back to: a drag begins."""
        if not self._back or self._back[-1] != self.range:
            self._back = [*self._back[-BACK:], self.range]

    def _go(self, wanted: Range, *, remember: bool = True) -> None:
        if remember and wanted != self.range:
            self.remember()
        self._set_range(wanted)

    def _set_range(self, wanted: Range) -> None:
        self.range = wanted
        self._show_events()
        self.moved.emit()

    def _show_events(self) -> None:
        """A live range has what comes in the second until it moves on, too."""
        self.events.show_range(self.range.start, self.range.end + self.range.live)

    # --- the cursor ---------------------------------------------------------------------------

    def choose(self, event: TimelineEvent | None) -> None:
        """Put the cursor on an event, which comes into view and stays there; None takes it away."""
        self.chosen = event
        if event is None:
            self.moved.emit()
        elif self.range.holds(event.time):
            self._set_range(self._still())
        else:
            self.centre(event.time)

    def choose_near(self, moment: float) -> None:
        """Put the cursor on the event in view that is nearest, whatever its lane."""
        near = min(self.events.shown, key=lambda event: abs(event.time - moment), default=None)
        if near is not None:
            self.choose(near)

    def step(self, number: int, direction: int) -> None:
        """From the cursor to the next event of a lane, or to the one before."""
        at = self.chosen.time if self.chosen else (self.range.end if direction < 0 else self.range.start)
        known = self.lanes[number].events
        if direction > 0:
            event = next((one for one in known if one.time > at), None)
        else:
            event = next((one for one in reversed(known) if one.time < at), None)
        if event is not None:
            self.choose(event)

    def _found_again(self, board: Board) -> TimelineEvent | None:
        """The chosen event where it is now: the clock of its node may be corrected otherwise."""
        chosen = self.chosen
        if chosen is None:
            return None
        again = (one for one in board.events if one.node == chosen.node and one.line == chosen.line)
        return next(again, chosen)

    # --- inside -------------------------------------------------------------------------------

    def _soon(self) -> None:
        if self._unsubscribe is not None and not self._rest.isActive():
            self._rest.start()

    def _follow(self, node: str, now: float, *, reached: bool) -> None:
        log = self._logs.setdefault(node, NodeLog(self.session.session, node))
        own = now - self.session.clocks.of(node)
        followed = log.was_read and log.follow(own)
        if not reached or log.reading:
            return
        if followed and log.wants_past:
            log.reading = True
            self._tasks.run_soon(self._then_look(log.read_past, own), f"past of {node}")
        elif not followed and now >= log.tried + AGAIN:
            log.reading, log.tried = True, now
            self._tasks.run_soon(self._then_look(log.read, own), f"timeline of {node}")

    async def _then_look(self, read: Callable[[float], Awaitable[None]], now: float) -> None:
        await read(now)
        self._soon()
