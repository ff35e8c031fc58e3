"""The events at the foot of Monitoring: the last few lines, or one when there is little room."""

from PySide6.QtCore import QEvent, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.viewmodels.events_model import EVENT_ROLE, Event, EventsModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import clock, tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import IconButton, LinkButton
from app.views.widgets.painting import elided, paint_focus, paint_silhouette, text_width

HEAD, ROW, MARGIN, LINES = 40, 24, 24, 4
TIME, KIND, MODULE, NODE, TEXT = 0, 72, 96, 160, 232
"""Left edges in a line."""


class EventStrip(QWidget):
    """`chosen(event)` when a line is pressed; `all_wanted` for the link."""

    chosen = Signal(object)
    all_wanted = Signal()

    def __init__(self, events: EventsModel, expanded: bool = True) -> None:
        super().__init__()
        self._events, self._wanted, self._narrow, self._now = events, expanded, False, 0.0
        self._current = 0
        self._all = LinkButton(tr("Show all"), self)
        self._all.clicked.connect(self.all_wanted)
        self._fold = IconButton("down", tr("Fold the events"), parent=self)
        self._fold.clicked.connect(self._toggle)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        events.rowsInserted.connect(self._told)
        self._arrange()

    @property
    def expanded(self) -> bool:
        """Whether several lines are shown."""
        return self._wanted and not self._narrow

    def fold(self, narrow: bool) -> None:
        """The window has become narrow or wide: one line where there is little room."""
        self._narrow = narrow
        self._arrange()

    def tick(self, now: float) -> None:
        """Another second."""
        self._now = now
        self.update()

    def shown(self) -> list[Event]:
        """The lines that are shown, newest first."""
        rows = min(LINES if self.expanded else 1, self._events.rowCount())
        return [self._events.index(row, 0).data(EVENT_ROLE) for row in range(rows)]

    def _toggle(self) -> None:
        self._wanted, self._narrow = not self.expanded, False
        self._arrange()

    def _arrange(self) -> None:
        self._all.setVisible(self.expanded)
        self._fold.set_icon_name("down" if self.expanded else "up")
        self._fold.set_name(tr("Fold the events") if self.expanded else tr("Unfold the events"))
        self._current = min(self._current, max(len(self.shown()) - 1, 0))
        self._told()
        self.updateGeometry()

    def _told(self) -> None:
        shown = self.shown()
        words = [self._line_words(shown[self._current])] if self._current < len(shown) else []
        self.setAccessibleName(": ".join([tr("Events"), *words]))
        self.update()

    @staticmethod
    def _line_words(event: Event) -> str:
        return ", ".join(part for part in (clock(event.time), event.module, event.node, event.text) if part)

    def sizeHint(self) -> QSize:
        return QSize(400, HEAD + (LINES * ROW + 8 if self.expanded else 0))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        for part in (self._fold, self._all):
            part.resize(part.sizeHint())
        self._fold.move(self.width() - MARGIN + 8 - self._fold.width(), (HEAD - self._fold.height()) // 2 + 1)
        self._all.move(self._fold.x() - self._all.width() - 4, (HEAD - self._all.height()) // 2 + 1)
        super().resizeEvent(event)

    # --- pointer and keys ---------------------------------------------------------------------

    def _row_at(self, y: int) -> int:
        return (y - HEAD) // ROW if self.expanded else 0

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row, shown = self._row_at(int(event.position().y())), self.shown()
        if 0 <= row < len(shown):
            self.chosen.emit(shown[row])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        shown = self.shown()
        match event.key():
            case Qt.Key.Key_Up | Qt.Key.Key_Down:
                step = -1 if event.key() == Qt.Key.Key_Up else 1
                self._current = min(max(self._current + step, 0), max(len(shown) - 1, 0))
                self._told()
            case Qt.Key.Key_Return | Qt.Key.Key_Enter if self._current < len(shown):
                self.chosen.emit(shown[self._current])
            case _:
                super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            row, shown = self._row_at(event.pos().y()), self.shown()
            QToolTip.showText(event.globalPos(), self._line_words(shown[row]) if 0 <= row < len(shown) else "", self)
            return True
        return super().event(event)

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(Token.SURFACE))
        painter.fillRect(QRect(0, 0, self.width(), 1), theme.colour(Token.BORDER))
        strong, side = theme.font(fonts.BASE, strong=True), theme.font(fonts.SIDE)
        painter.setFont(strong)
        painter.setPen(theme.colour(Token.TEXT))
        painter.drawText(QRect(MARGIN, 1, 200, HEAD), Qt.AlignmentFlag.AlignVCenter, tr("Events"))
        title = text_width(tr("Events"), strong)
        today = self._events.today_text(self._now)
        painter.setFont(side)
        painter.setPen(theme.colour(Token.TEXT2))
        shown = self.shown()
        if self.expanded:
            painter.drawText(QRect(MARGIN + title + 12, 1, 300, HEAD), Qt.AlignmentFlag.AlignVCenter, today)
            for number, event in enumerate(shown):
                self._paint_event(painter, event, MARGIN, HEAD + number * ROW, self.width() - MARGIN, number)
        else:
            end = self._fold.x() - 8 - text_width(today, side)
            painter.drawText(QRect(end, 1, 300, HEAD), Qt.AlignmentFlag.AlignVCenter, today)
            if shown:
                self._paint_event(painter, shown[0], MARGIN + title + 24, (HEAD - ROW) // 2 + 1, end - 16, 0)
        if not shown:
            left, top = (MARGIN, HEAD) if self.expanded else (MARGIN + title + 24, 9)
            words = tr("What happens on the nodes is written here, the newest first.")
            painter.drawText(QRect(left, top, self.width(), ROW), Qt.AlignmentFlag.AlignVCenter, words)
        painter.end()

    def _paint_event(self, painter: QPainter, event: Event, left: int, top: int, right: int, number: int) -> None:
        side, medium = theme.font(fonts.SIDE), theme.font(fonts.SIDE, medium=True)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.colour(Token.TEXT3))
        painter.setFont(side)
        painter.drawText(QRect(left + TIME, top, 70, ROW), middle, clock(event.time))
        if event.icon in set(Silhouette):
            paint_silhouette(painter, left + KIND, top + 5, 14, Silhouette(event.icon))
        else:
            icons.paint(painter, event.icon, Token(event.token), left + KIND, top + 5, 14)
        painter.setPen(theme.colour(Token.TEXT))
        painter.setFont(medium)
        for words, place, end in ((event.module, MODULE, NODE), (event.node, NODE, TEXT)):
            room = end - place - 8
            cut = elided(words, medium, room, Qt.TextElideMode.ElideMiddle)
            painter.drawText(QRect(left + place, top, room, ROW), middle, cut)
        painter.setFont(side)
        room = right - left - TEXT
        painter.drawText(QRect(left + TEXT, top, room, ROW), middle, elided(event.text, side, room))
        if self.hasFocus() and number == self._current:
            paint_focus(painter, QRect(left - 6, top, right - left + 12, ROW))
