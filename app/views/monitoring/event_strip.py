"""The events at the foot of Monitoring: the last few lines, or one when there is little room."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.viewmodels.events_model import EVENT_ROLE, Event, EventsModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import clock, tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import LinkButton
from app.views.widgets.painting import elided, paint_silhouette, text_width

HEAD, ROW, MARGIN = 40, 24, 24
COLUMNS = (0, 76, 100, 160)
"""Left edges of time, kind, module, node; the text follows the node."""


class EventStrip(QWidget):
    """`chosen(event)` when a line is pressed; `all_wanted` for the link."""

    chosen = Signal(object)
    all_wanted = Signal()

    def __init__(self, events: EventsModel, lines: int = 4) -> None:
        super().__init__()
        self._events, self._lines, self._now = events, lines, 0.0
        self._all = LinkButton(tr("Show all"), self)
        self._all.clicked.connect(self.all_wanted)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Events"))
        events.rowsInserted.connect(self.update)

    def fold(self, folded: bool) -> None:
        """One line, or four."""
        self._lines = 1 if folded else 4
        self.updateGeometry()
        self.update()

    def tick(self, now: float) -> None:
        """Another second."""
        self._now = now
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(400, HEAD + self._lines * ROW + 8)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def shown(self) -> list[Event]:
        """The lines that are shown, newest first."""
        rows = min(self._lines, self._events.rowCount())
        return [self._events.index(row, 0).data(EVENT_ROLE) for row in range(rows)]

    def resizeEvent(self, event: object) -> None:
        del event
        self._all.resize(self._all.sizeHint())
        self._all.move(self.width() - MARGIN - self._all.width(), (HEAD - self._all.height()) // 2 + 2)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        row = (int(event.position().y()) - HEAD) // ROW
        shown = self.shown()
        if 0 <= row < len(shown):
            self.chosen.emit(shown[row])

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(Token.SURFACE))
        painter.fillRect(QRect(0, 0, self.width(), 1), theme.colour(Token.BORDER))
        strong = theme.font(fonts.BASE, strong=True)
        painter.setFont(strong)
        painter.setPen(theme.colour(Token.TEXT))
        painter.drawText(QRect(MARGIN, 2, 200, HEAD), Qt.AlignmentFlag.AlignVCenter, tr("Events"))
        painter.setFont(theme.font(fonts.SIDE))
        painter.setPen(theme.colour(Token.TEXT2))
        left = MARGIN + text_width(tr("Events"), strong) + 12
        painter.drawText(QRect(left, 2, 300, HEAD), Qt.AlignmentFlag.AlignVCenter, self._events.today_text(self._now))
        shown = self.shown()
        if not shown:
            painter.drawText(
                QRect(MARGIN, HEAD, self.width() - 2 * MARGIN, ROW),
                Qt.AlignmentFlag.AlignVCenter,
                tr("What happens on the nodes is written here, the newest first."),
            )
        for number, event in enumerate(shown):
            self._paint_event(painter, event, HEAD + number * ROW)
        painter.end()

    def _paint_event(self, painter: QPainter, event: Event, top: int) -> None:
        side, medium = theme.font(fonts.SIDE), theme.font(fonts.SIDE, medium=True)
        time_left, kind_left, module_left, node_left = (MARGIN + at for at in COLUMNS)
        painter.setPen(theme.colour(Token.TEXT3))
        painter.setFont(side)
        painter.drawText(QRect(time_left, top, 70, ROW), Qt.AlignmentFlag.AlignVCenter, clock(event.time))
        if event.icon in Silhouette.__members__.values():
            paint_silhouette(painter, kind_left, top + 5, 14, Silhouette(event.icon))
        else:
            icons.paint(painter, event.icon, Token(event.token), kind_left, top + 5, 14)
        painter.setPen(theme.colour(Token.TEXT))
        painter.setFont(medium)
        painter.drawText(
            QRect(module_left, top, 56, ROW), Qt.AlignmentFlag.AlignVCenter, elided(event.module, medium, 56)
        )
        painter.drawText(QRect(node_left, top, 66, ROW), Qt.AlignmentFlag.AlignVCenter, elided(event.node, medium, 66))
        painter.setFont(side)
        left = node_left + 72
        room = self.width() - MARGIN - left
        painter.drawText(QRect(left, top, room, ROW), Qt.AlignmentFlag.AlignVCenter, elided(event.text, side, room))
