"""The last 24 hours in one bar, and the frame over what is looked at."""

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import DAY, clock, labelled, tr
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.timeline_lanes import OVERVIEW_ORDER, Stretch
from app.viewmodels.timeline_range import SPANS
from app.views.theme import theme
from app.views.timeline.scale import RIGHT, Scale, paint_figures
from app.views.tokens import Token
from app.views.widgets.focus_ring import OWN_FOCUS
from app.views.widgets.painting import EDGE, GROUND, INK, elided, paint_focus, paint_hatching, paint_panel

HEIGHT = 66
THIN, THICK = QRect(0, 19, 0, 12), QRect(0, 16, 0, 18)
"""Where a bar stands while all is well, and while something is not."""
FRAME_LEAST = 10
FILLED, LINE = 48, 3
"""Pixels up to which a bar is filled; a longer one is tinted, with a line at its top as in the lanes."""
STALE = 30.0
"""Seconds after which the day is painted anew though nothing happened: its right edge is now."""
FIGURES = QRect(0, 40, 0, 18)


class Overview(QWidget):
    """Drag the frame, or click where it shall be; arrows move it, plus and minus make it shorter and longer."""

    def __init__(self, model: TimelineModel) -> None:
        super().__init__()
        self._model = model
        self._left = 0
        self._grip: float | None = None
        """While the frame is dragged: from its start to the pointer, seconds."""
        self._layer: QPixmap | None = None
        self._painted = 0.0
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(OWN_FOCUS, True)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("The last 24 hours"))
        model.changed.connect(self.refresh)
        model.moved.connect(self._moved)
        theme.changed.connect(self.refresh)

    def set_left(self, left: int) -> None:
        """Where the axis begins."""
        if left != self._left:
            self._left = left
            self.refresh()

    def refresh(self) -> None:
        """Other lanes, or another look."""
        self._layer = None
        self._moved()

    def sizeHint(self) -> QSize:
        return QSize(600, HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return QSize(360, HEIGHT)

    def frame(self) -> QRect:
        """The frame over the range that is looked at."""
        scale, shown = self._scale(), self._model.range
        left, right = scale.x(shown.start), scale.x(shown.end)
        wide = max(right - left, FRAME_LEAST)
        left = min(max((left + right - wide) / 2, scale.left - 2), scale.right + 2 - wide)
        return QRect(round(left), 12, round(wide), 26)

    def stretch_at(self, x: float) -> Stretch | None:
        """What is painted there."""
        scale = self._scale()
        found = [one for one in self._model.overview if one.start <= scale.moment(x) < one.end]
        return found[0] if found else None

    def _scale(self) -> Scale:
        now = self._model.session.now()
        return Scale(self._left, self.width() - RIGHT, now - DAY, DAY)

    def _moved(self) -> None:
        begin, day = self._model.range_words
        self.setAccessibleDescription(f"{begin}, {day}")
        if self._model.session.now() - self._painted > STALE:
            self._layer = None
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._layer = None
        super().resizeEvent(event)

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._layer is None or self._layer.devicePixelRatio() != self.devicePixelRatioF():
            self._layer = self._still()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._layer)
        paint_panel(painter, self.frame(), None, Token.LINK, 4, 2)
        if self.hasFocus():
            paint_focus(painter, self.frame().adjusted(-4, -4, 4, 4), 6)
        painter.end()

    def _still(self) -> QPixmap:
        """All but the frame."""
        ratio = self.devicePixelRatioF()
        layer = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        layer.setDevicePixelRatio(ratio)
        layer.fill(Qt.GlobalColor.transparent)  # the card has round corners
        self._painted = self._model.session.now()
        painter = QPainter(layer)
        scale = self._scale()
        painter.setFont(theme.font(strong=True))
        painter.setPen(theme.colour(Token.TEXT))
        words = elided(self._words(), painter.font(), self._left - 24)
        painter.drawText(QRect(16, 12, self._left - 20, 26), Qt.AlignmentFlag.AlignVCenter, words)
        paint_panel(
            painter, QRect(scale.left, THIN.y(), scale.right - scale.left, THIN.height()), Token.SUNKEN, None, 2
        )
        for rank in reversed(OVERVIEW_ORDER):
            for one in self._model.overview:
                if one.silhouette is rank:
                    self._paint(painter, scale, one)
        paint_figures(painter, scale, FIGURES)
        painter.end()
        return layer

    def _words(self) -> str:
        scope = ", ".join(part for part in (self._model.module or self._model.only, self._model.node) if part)
        return tr("24 h, {scope}", scope=scope or tr("all nodes"))

    def _paint(self, painter: QPainter, scale: Scale, one: Stretch) -> None:
        left = round(max(scale.x(one.start), scale.left))
        right = round(min(scale.x(one.end), scale.right))
        calm = one.silhouette in {Silhouette.READY, Silhouette.UNREACHABLE, Silhouette.UNCONFIGURED}
        place = THIN if calm else THICK
        box = QRect(left, place.y(), max(right - left, 0 if calm else 2), place.height())
        ink = INK[one.silhouette]
        if one.silhouette is Silhouette.UNREACHABLE:
            paint_hatching(painter, box, Token.GREY_LINE, Token.SURFACE)
        elif calm:
            painter.fillRect(box, theme.colour(EDGE[ink]))
        elif box.width() <= FILLED:
            painter.fillRect(box, theme.colour(ink))
        else:
            paint_panel(painter, box, GROUND[ink], ink, 2)
            painter.fillRect(QRect(box.left(), box.top(), box.width(), LINE), theme.colour(ink))

    # --- pointer and keys ---------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.words_at(event.pos().x()), self)
            return True
        return super().event(event)

    def words_at(self, x: float) -> str:
        """What is said of a place: the worst state there, and when it was so; left of the axis what it is about."""
        if x < self._left:
            return self._words()
        one, now = self.stretch_at(x), self._model.session.now()
        if one is None:
            return ""
        state = tr("Unknown") if one.silhouette is Silhouette.UNREACHABLE else one.silhouette.words
        return labelled(state, tr("{begin} to {end}", begin=clock(one.start), end=clock(min(one.end, now))))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x, scale, model = event.position().x(), self._scale(), self._model
        if event.button() is not Qt.MouseButton.LeftButton or x < scale.left - FRAME_LEAST:
            return
        model.remember()
        if not self.frame().adjusted(-2, 0, 2, 0).contains(int(x), 20):
            model.centre(scale.moment(x))
        self._grip = scale.moment(x) - model.range.start

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        if self._grip is not None:
            self._model.move_to(self._scale().moment(x) - self._grip, remember=False)
            return
        over = self.frame().contains(int(x), 20)
        self.setCursor(Qt.CursorShape.OpenHandCursor if over else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._grip = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        model, shown = self._model, self._model.range
        match event.key():
            case Qt.Key.Key_Left:
                model.move_to(shown.start - shown.span / 2)
            case Qt.Key.Key_Right:
                model.move_to(shown.start + shown.span / 2)
            case Qt.Key.Key_Home:
                model.move_to(0.0)
            case Qt.Key.Key_End:
                model.set_live(True)
            case Qt.Key.Key_Plus | Qt.Key.Key_Equal if shown.span > SPANS[0]:
                model.zoom(-1)
            case Qt.Key.Key_Minus if shown.span < DAY:
                model.zoom(1)
            case _:
                super().keyPressEvent(event)
