"""The lanes on their common axis: what does not move is painted once, the cursor on top of it."""

from bisect import bisect_right
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip

from app.viewmodels.text import joined, labelled, tr, trn
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.timeline_events import TimelineEvent
from app.viewmodels.timeline_lanes import Lane
from app.viewmodels.timeline_range import moment_words
from app.views import fonts, icons
from app.views.theme import theme
from app.views.timeline.lane_paint import MARK, paint_gutter, paint_lane
from app.views.timeline.scale import INDENT, RIGHT, Scale, paint_figures, paint_grid
from app.views.tokens import Token
from app.views.widgets.focus_ring import OWN_FOCUS
from app.views.widgets.painting import paint_focus, paint_panel, text_width

AXIS = 32
LANE, LOW_LANE = 40, 33
HEAD, LOW_HEAD = 34, 28
BAR = 20
NEAR = 6
"""Pixels around the pointer that still hit an event."""
DRAG = 4
"""Pixels a press must move to be a drag."""
TOLD = 3
"""Events that a tooltip names."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the chart: a lane by its number, or the name of a module above its lanes."""

    top: int
    height: int
    lane: int
    """-1 for a module's name."""
    module: str = ""


class LaneChart(QAbstractScrollArea):
    """A click leads to the log: `event_wanted(Lane, TimelineEvent)`, or `moment_wanted(Lane, float)` between events.

    A click on the axis puts the cursor on the nearest event. Drag, arrows and the wheel move and zoom.
    """

    event_wanted = Signal(object, object)
    moment_wanted = Signal(object, float)

    def __init__(self, model: TimelineModel) -> None:
        super().__init__()
        self._model = model
        self._left = 0
        self._rows: tuple[Row, ...] = ()
        self._layer: QPixmap | None = None
        self._painted: tuple[object, ...] = ()
        """What the layer shows."""
        self._lane = 0
        """The lane that the keys are on."""
        self._press: QPoint | None = None
        self._grip = 0.0
        self._dragging = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(OWN_FOCUS, True)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.verticalScrollBar().setSingleStep(LANE)
        self.verticalScrollBar().valueChanged.connect(self.refresh)
        model.changed.connect(self._other_lanes)
        model.moved.connect(self._moved)
        theme.changed.connect(self.refresh)
        self._other_lanes()

    def set_left(self, left: int) -> None:
        """Where the axis begins."""
        if left != self._left:
            self._left = left
            self.refresh()

    def refresh(self) -> None:
        """Paint all of it anew."""
        self._layer = None
        self._describe()
        self.viewport().update()

    def _moved(self) -> None:
        """Another range or cursor."""
        self._describe()
        self.viewport().update()

    def sizeHint(self) -> QSize:
        return QSize(700, AXIS + self._height(LANE, HEAD))

    def minimumSizeHint(self) -> QSize:
        return QSize(420, AXIS + LOW_HEAD + 2 * LOW_LANE)

    # --- where things are ---------------------------------------------------------------------

    def scale(self) -> Scale:
        """The axis now."""
        shown = self._model.range
        return Scale(self._left, self.viewport().width() - RIGHT, shown.start, shown.span)

    def lane_box(self, number: int) -> QRect:
        """The row of a lane in the viewport."""
        row = next(one for one in self._rows if one.lane == number)
        return QRect(0, AXIS + row.top - self.verticalScrollBar().value(), self.viewport().width(), row.height)

    def bar_box(self, number: int) -> QRect:
        """Where the bars of a lane stand, all of the axis long."""
        row, scale = self.lane_box(number), self.scale()
        top = row.top() + (row.height() - BAR + MARK) // 2
        return QRect(scale.left, top, scale.right - scale.left, BAR)

    def lane_at(self, place: QPoint) -> int | None:
        """The number of the lane there; None on the axis and on a module's name."""
        y = place.y() - AXIS + self.verticalScrollBar().value()
        if place.y() < AXIS or not self._rows:
            return None
        row = self._rows[max(bisect_right(self._rows, y, key=lambda one: one.top) - 1, 0)]
        return row.lane if row.lane >= 0 and row.top <= y < row.top + row.height else None

    def event_at(self, place: QPoint) -> TimelineEvent | None:
        """The event of a lane there."""
        number, scale = self.lane_at(place), self.scale()
        if number is None:
            return None
        return self._model.lanes[number].event_near(scale.moment(place.x()), scale.seconds(NEAR))

    def _height(self, lane: int, head: int) -> int:
        modules = {one.module for one in self._model.lanes}
        return len(self._model.lanes) * lane + len(modules) * head + 8

    def _arrange(self) -> None:
        """Rows are lower where otherwise not all would be in view."""
        room = self.viewport().height() - AXIS
        low = self._height(LANE, HEAD) > room
        lane, head = (LOW_LANE, LOW_HEAD) if low else (LANE, HEAD)
        rows: list[Row] = []
        top, module = 0, None
        for number, one in enumerate(self._model.lanes):
            if one.module != module:
                module = one.module
                rows.append(Row(top, head, -1, module))
                top += head
            rows.append(Row(top, lane, number))
            top += lane
        self._rows = tuple(rows)
        self.verticalScrollBar().setPageStep(max(room, 0))
        self.verticalScrollBar().setRange(0, max(top + 8 - room, 0))

    def _other_lanes(self) -> None:
        self._lane = min(self._lane, max(len(self._model.lanes) - 1, 0))
        count = len(self._model.lanes)
        self.setAccessibleName(trn("Timeline, {count} lane", "Timeline, {count} lanes", count))
        self._arrange()
        self.updateGeometry()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()
        self.refresh()

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        wanted = (self._model.range, self._model.board, self.devicePixelRatioF())
        if self._layer is None or wanted != self._painted:
            self._layer, self._painted = self._still(), wanted
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, self._layer)
        if self.hasFocus() and self._model.lanes:
            painter.setClipRect(self.viewport().rect().adjusted(0, AXIS, 0, 0))
            paint_focus(painter, self.lane_box(self._lane).adjusted(6, 1, -6, 0))
            painter.setClipping(False)
        self._paint_cursor(painter)
        painter.end()

    def _still(self) -> QPixmap:
        """All but the cursor and the focus."""
        ratio, size, now = self.devicePixelRatioF(), self.viewport().size(), self._model.session.now()
        layer = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)  # the card has round corners
        painter = QPainter(layer)
        scale = self.scale()
        whole = QRect(0, AXIS, size.width(), size.height() - AXIS)
        paint_grid(painter, scale, whole)
        painter.setClipRect(whole)
        for row in self._rows:
            top = AXIS + row.top - self.verticalScrollBar().value()
            if top + row.height < AXIS or top > size.height():
                continue
            if row.lane < 0:
                self._paint_module(painter, row.module, QRect(0, top, size.width(), row.height))
            else:
                lane = self._model.lanes[row.lane]
                line = QRect(16, top, size.width() - 16 - RIGHT, 1)
                painter.fillRect(line, theme.colour(Token.DIVIDER))
                bars = self.bar_box(row.lane)
                paint_gutter(painter, lane, QRect(0, bars.top() - 4, self._left, bars.height() + 8))
                paint_lane(painter, lane, scale, bars, now)
        painter.setClipping(False)
        painter.setFont(theme.font(fonts.SMALL, strong=True))
        painter.setPen(theme.colour(Token.TEXT3))
        clock = QRect(0, 0, self._left - 12, AXIS)
        painter.drawText(clock, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, tr("Clock"))
        painter.end()
        return layer

    @staticmethod
    def _paint_module(painter: QPainter, module: str, box: QRect) -> None:
        icons.paint(painter, "module", Token.TEXT2, 16, box.center().y() - 7, 16)
        painter.setFont(theme.font(strong=True))
        painter.setPen(theme.colour(Token.TEXT))
        painter.drawText(box.adjusted(INDENT, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, module)

    def _flag(self, scale: Scale) -> QRect | None:
        """The time at the cursor, on the axis; None while there is no cursor in view."""
        chosen = self._model.chosen
        if chosen is None or not self._model.range.holds(chosen.time):
            return None
        words = moment_words(chosen.time, scale.span)
        wide = text_width(words, theme.font(fonts.SIDE, strong=True)) + 16
        left = min(max(round(scale.x(chosen.time)) - wide // 2, scale.left), scale.right + RIGHT - 4 - wide)
        return QRect(left, 4, wide, AXIS - 8)

    def _paint_cursor(self, painter: QPainter) -> None:
        """The figures of the axis and, over them, the cursor."""
        chosen, scale = self._model.chosen, self.scale()
        flag = self._flag(scale)
        paint_figures(painter, scale, QRect(0, 0, self.viewport().width(), AXIS), flag)
        if chosen is None or flag is None:
            return
        painter.fillRect(
            QRect(round(scale.x(chosen.time)), AXIS - 4, 2, self.viewport().height()), theme.colour(Token.LINK)
        )
        paint_panel(painter, flag, Token.ACCENT, None, 4)
        painter.setFont(theme.font(fonts.SIDE, strong=True))
        painter.setPen(theme.colour(Token.ON_ACCENT))
        painter.drawText(flag, Qt.AlignmentFlag.AlignCenter, moment_words(chosen.time, scale.span))

    # --- words --------------------------------------------------------------------------------

    def words_at(self, place: QPoint) -> str:
        """What is said of a place."""
        number, scale = self.lane_at(place), self.scale()
        if number is None:
            return ""
        lane = self._model.lanes[number]
        if place.x() < scale.left:
            clock = tr("its clock is corrected by {offset}", offset=lane.clock) if lane.clock else ""
            silent = tr("does not answer: {why}", why=lane.silent) if lane.silent else ""
            return labelled(lane.name, joined((silent, clock)))
        moment, now = scale.moment(place.x()), self._model.session.now()
        bar = lane.bar_at(moment) if moment <= now else None
        reach = scale.seconds(NEAR)
        near = [one.words for one in lane.events if abs(one.time - moment) <= reach]
        lines = [labelled(lane.name, bar.sentence(now) if bar else tr("nothing is told")), *near[:TOLD]]
        if len(near) > TOLD:
            lines.append(trn("and {count} more", "and {count} more", len(near) - TOLD))
        return "\n".join(lines)

    def _describe(self) -> None:
        """For who does not see it: the lane the keys are on, and what it was at the cursor."""
        if not self._model.lanes:
            return
        lane, now = self._model.lanes[self._lane], self._model.session.now()
        chosen = self._model.chosen
        bar = lane.bar_at(chosen.time if chosen is not None else min(self._model.range.end, now) - 0.001)
        told = chosen.words if chosen is not None else ""
        words = joined((labelled(lane.name, bar.sentence(now) if bar else tr("nothing is told")), told))
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            if self.hasFocus():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))

    # --- pointer ------------------------------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos()), self)
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._press = event.position().toPoint()
            self._grip, self._dragging = self.scale().moment(self._press.x()), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._press is None:
            over = self.lane_at(place) is not None and place.x() >= self._left
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if over else Qt.CursorShape.ArrowCursor)
            return
        if not self._dragging and abs(place.x() - self._press.x()) > DRAG:
            self._dragging = True
            self._model.remember()
            self.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragging:
            self._model.move_to(self._grip - self.scale().seconds(place.x() - self._left), remember=False)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._press = self._press, None
        self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        if pressed is None or self._dragging or event.button() is not Qt.MouseButton.LeftButton:
            return
        place = event.position().toPoint()
        number = self.lane_at(place)
        if number is not None:
            self._lane = number
            if place.x() >= self._left:
                self._open(self._model.lanes[number], self.event_at(place), self.scale().moment(place.x()))
            else:
                self.refresh()
        elif place.y() < AXIS and place.x() >= self._left:
            self._model.choose_near(self.scale().moment(place.x()))

    def _open(self, lane: Lane, event: TimelineEvent | None, moment: float) -> None:
        if event is not None:
            self._model.choose(event)
            self.event_wanted.emit(lane, event)
        else:
            self.moment_wanted.emit(lane, moment)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn, scale = event.angleDelta(), self.scale()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and turn.y():
            self._model.zoom(-1 if turn.y() > 0 else 1, scale.moment(event.position().x()))
            event.accept()
        elif turn.x() or event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step = (turn.x() or turn.y()) / 120 * scale.span / 8
            self._model.move_to(self._model.range.start - step, remember=False)
            event.accept()
        else:
            super().wheelEvent(event)

    # --- keys ---------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        model, shown = self._model, self._model.range
        control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if not model.lanes:
            super().keyPressEvent(event)
            return
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                self._lane_by(-1 if event.key() == Qt.Key.Key_Up else 1)
            case Qt.Key.Key_Left | Qt.Key.Key_Right if control:
                model.move_to(shown.start + shown.span / 4 * (-1 if event.key() == Qt.Key.Key_Left else 1))
            case Qt.Key.Key_Left | Qt.Key.Key_Right:
                model.step(self._lane, -1 if event.key() == Qt.Key.Key_Left else 1)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal:
                model.zoom(-1, model.chosen.time if model.chosen and shown.holds(model.chosen.time) else None)
            case Qt.Key.Key_Minus:
                model.zoom(1, model.chosen.time if model.chosen and shown.holds(model.chosen.time) else None)
            case Qt.Key.Key_Home:
                model.move_to(0.0)
            case Qt.Key.Key_End:
                model.set_live(True)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                lane = model.lanes[self._lane]
                at = model.chosen.time if model.chosen else shown.end
                self._open(lane, lane.event_near(at, 0.0), at)
            case _:
                super().keyPressEvent(event)

    def _lane_by(self, step: int) -> None:
        self._lane = min(max(self._lane + step, 0), len(self._model.lanes) - 1)
        box, bar = self.lane_box(self._lane), self.verticalScrollBar()
        if box.top() < AXIS + HEAD:
            bar.setValue(bar.value() - (AXIS + HEAD - box.top()))
        elif box.bottom() > self.viewport().height():
            bar.setValue(bar.value() + box.bottom() - self.viewport().height() + 4)
        self.refresh()
