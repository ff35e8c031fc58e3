"""The Timeline page: the day in one bar, the lanes of what is looked at, and the events in it."""

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QKeySequence, QResizeEvent, QShortcut, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.viewmodels.text import tr
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.timeline_events import TimelineEvent
from app.viewmodels.timeline_lanes import Lane
from app.viewmodels.timeline_range import SPANS, span_words
from app.views import fonts
from app.views.page import Page
from app.views.timeline.event_table import WIDE, EventTable
from app.views.timeline.lane_chart import LaneChart
from app.views.timeline.overview import Overview
from app.views.timeline.scale import gutter
from app.views.tokens import Token
from app.views.widgets import Button, Card, Choice, Divider, EmptyState, IconButton, LinkButton, ToggleButton, Words

SECOND = 1000
GAP = 12
RANGE_ROW = 44
EVENTS_LEAST = 158
"""Height of the events when the lanes want more than there is: their head and three lines."""
EVENTS_BORDER = "timeline.events"
"""The border whose place is the height of the events."""


class _Halves(QSplitter):
    """The lanes get what they want, the events the rest, until somebody drags the border: then they keep that."""

    def __init__(self, lanes: QWidget, events: QWidget, borders: dict[str, int]) -> None:
        super().__init__(Qt.Orientation.Vertical)
        self._lanes, self._events, self._borders = lanes, events, borders
        self.setHandleWidth(GAP)
        self.setChildrenCollapsible(False)
        self.addWidget(lanes)
        self.addWidget(events)
        self.setStretchFactor(0, 1)
        self.splitterMoved.connect(lambda: borders.update({EVENTS_BORDER: self.sizes()[1]}))

    def _share_out(self) -> None:
        room, kept = self.height() - GAP, self._borders.get(EVENTS_BORDER)
        if room <= EVENTS_LEAST:
            return
        if kept is None:
            lanes = min(self._lanes.sizeHint().height(), room - EVENTS_LEAST)
        else:
            least, most = self._lanes.minimumSizeHint().height(), room - self._events.minimumSizeHint().height()
            lanes = max(least, min(room - kept, most))
        if lanes != self.sizes()[0]:
            self.setSizes([lanes, room - lanes])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_out()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self._share_out()  # the lanes want another height
        return done


class _NoEvent(QWidget):
    """In place of the events: a line and a sentence, with less room than an empty state takes."""

    def __init__(self) -> None:
        super().__init__()
        self._line = Words("", fonts.PANEL, strong=True, wrap=True)
        self._sentence = Words("", fonts.BASE, Token.TEXT2, wrap=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 8)
        column.setSpacing(4)
        column.addStretch(1)
        for words in (self._line, self._sentence):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        column.addStretch(1)

    def set_text(self, line: str, sentence: str) -> None:
        """Says something else."""
        self._line.setText(line)
        self._sentence.setText(sentence)
        self.setAccessibleName(line)
        self.setAccessibleDescription(sentence)


class TimelinePage(Page):
    """A click leads to the log of a module on a node: `line_wanted(module, node, LogLine)`, or `moment_wanted`."""

    line_wanted = Signal(str, str, object)
    moment_wanted = Signal(str, str, float)
    help_topic = "timeline"

    def __init__(self, model: TimelineModel, borders: dict[str, int] | None = None) -> None:
        super().__init__(scrolling=False)
        self.model, self._borders = model, {} if borders is None else borders
        self._place: tuple[str, ...] = ()
        self._modules: tuple[str, ...] = ()
        self.modules = Choice(tr("Module"), [("", tr("All modules"))])
        self.about = Choice(
            tr("Events"),
            (
                ("all", tr("All events")),
                ("problems", tr("Problems and freezes")),
                ("states", tr("States and freezes")),
                ("orders", tr("Orders")),
            ),
        )
        self.live = ToggleButton(tr("Live"), "start")
        for part in (self.modules, self.about, self.live):
            self.add_button(part)
        self.live.setVisible(not model.session.read_only)
        self.body.setSpacing(GAP)
        self._fill()
        self._connect()
        self._clock = QTimer(self, interval=SECOND)
        self._clock.timeout.connect(model.tick)
        self._show_lanes()

    # --- parts --------------------------------------------------------------------------------

    def _fill(self) -> None:
        self.empty = EmptyState("timeline", *self.model.empty_words)
        self._split = _Halves(self._chart_card(), self._events_card(), self._borders)
        self.body.addWidget(self._split, 1)
        self.body.addWidget(self.empty, 1)

    def _chart_card(self) -> Card:
        card = Card()
        self.overview, self.chart = Overview(self.model), LaneChart(self.model)
        self._range, self._day = Words("", fonts.PANEL, strong=True), Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self.back = IconButton("undo", tr("Back to the range before"))
        self.spans = Choice(tr("Length"), [(str(one), span_words(one)) for one in SPANS], dense=True)
        self.fit = Button(tr("Fit incident"), dense=True)
        row = QWidget()
        row.setFixedHeight(RANGE_ROW)
        line = QHBoxLayout(row)
        line.setContentsMargins(16, 0, 12, 0)
        line.setSpacing(8)
        line.addWidget(self._range)
        line.addWidget(self._day, 1)
        line.addWidget(self.back)
        line.addWidget(self.spans)
        line.addWidget(self.fit)
        for part in (self.overview, Divider(), row, Divider()):
            card.body.addWidget(part)
        card.body.addWidget(self.chart, 1)
        return card

    def _events_card(self) -> Card:
        self.events_card = Card(tr("Events in this range"), "-")
        self.open_log = LinkButton(tr("Open log there"), base=True)
        self.events_card.add_to_head(self.open_log)
        self.table = EventTable(self.model.events)
        self.no_event = _NoEvent()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.table)
        self._stack.addWidget(self.no_event)
        self._stack.setMinimumHeight(84)
        self.events_card.body.addWidget(self._stack, 1)
        self.events_card.free_corners()
        return self.events_card

    def _connect(self) -> None:
        model = self.model
        model.changed.connect(self._show_lanes)
        model.moved.connect(self._show_range)
        self.modules.chosen.connect(model.show_module)
        self.about.chosen.connect(model.show_about)
        self.live.clicked.connect(model.set_live)
        self.back.clicked.connect(model.go_back)
        self.spans.chosen.connect(lambda key: model.set_span(int(key)))
        self.fit.clicked.connect(model.fit_incident)
        self.chart.event_wanted.connect(self._lead)
        self.chart.moment_wanted.connect(lambda lane, at: self.moment_wanted.emit(lane.module, lane.node, at))
        self.table.chosen.connect(model.choose)
        self.table.opened.connect(self._open)
        self.open_log.clicked.connect(lambda: self._open(model.chosen))
        refresh = QShortcut(QKeySequence("F5"), self)
        refresh.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        refresh.activated.connect(model.ask_again)

    # --- for the owner of the page ------------------------------------------------------------

    def leave_pane(self) -> bool:
        """Esc takes the cursor away."""
        chosen = self.model.chosen is not None
        if chosen:
            self.model.choose(None)
        return chosen

    def regions(self) -> tuple[QWidget, ...]:
        """Header, day, lanes, events."""
        parts = (self.header, self.overview, self.chart, self.events_card)
        return tuple(part for part in parts if part.isVisible())

    def showEvent(self, event: QShowEvent) -> None:
        self.model.watch(True)
        self._clock.start()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.stop()
        self.model.watch(False)
        super().hideEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.table.fold(event.size().width() < WIDE)
        self._align()
        super().resizeEvent(event)

    # --- what is shown ------------------------------------------------------------------------

    def _show_lanes(self) -> None:
        model = self.model
        path = tuple(part for part in (model.session.title, model.module, model.node) if part)
        if path != self._place:
            self._place = path
            self.set_title(*path)
        self.set_facts(model.facts)
        if model.modules != self._modules:
            self._modules = model.modules
            self.modules.set_entries([("", tr("All modules")), *((name, name) for name in model.modules)])
        self.modules.choose(model.module or model.only)
        self.modules.set_possible(not model.module, tr("one module is chosen in the sidebar"))
        self._align()
        self._split.setVisible(bool(model.lanes))
        self.empty.setVisible(not model.lanes)
        self.empty.set_text(*model.empty_words)
        self._show_range()

    def _align(self) -> None:
        """Day and lanes have one axis."""
        left = gutter(self.model.lanes, self.width())
        self.overview.set_left(left)
        self.chart.set_left(left)

    def _show_range(self) -> None:
        model = self.model
        words, day = model.range_words
        self._range.setText(words)
        self._day.setText(day)
        self.live.setChecked(model.range.live)
        self.spans.choose(str(model.range.span))
        self.back.set_possible(model.can_go_back, tr("there was no other range yet"))
        self.fit.set_possible(model.incident() is not None, tr("nothing was wrong all day"))
        self.open_log.set_possible(model.chosen is not None, tr("choose an event first"))
        self.events_card.facts.setText(model.events_text)
        self.no_event.set_text(*model.no_event_words)
        self._stack.setCurrentWidget(self.table if model.events.shown else self.no_event)
        self.table.show_chosen(model.chosen)

    # --- what the user does -------------------------------------------------------------------

    def _lead(self, lane: Lane, event: TimelineEvent) -> None:
        self.line_wanted.emit(lane.module, lane.node, event.line)

    def _open(self, event: TimelineEvent | None) -> None:
        """An event of all modules is shown in the log of the first of its lanes."""
        if event is None:
            return
        lane = next((one for one in self.model.lanes if one.node == event.node and event in one.events), None)
        if lane is not None:
            self.model.choose(event)
            self._lead(lane, event)
