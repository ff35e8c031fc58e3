"""The mosaic: a cell for each connection in the colour of the node that answered, and the strip of rounds."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.viewmodels.mosaic_figures import StripBar
from app.viewmodels.text import clock, tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token, node_token
from app.views.widgets.painting import paint_panel

GAP = 3
LARGEST = 128
SMALLEST = 10


def paint_cell(painter: QPainter, box: QRect, number: int | None) -> None:
    """A cell: the node's colour and number, black with a cross when it failed, empty while it is not known."""
    if number is None:
        paint_panel(painter, box, Token.TRACK, None, 4)
        return
    if number == 0:
        paint_panel(painter, box, Token.FAILED_CELL, Token.FAILED_EDGE, 4)
        size = 12 if box.width() >= 16 else 8
        icons.paint(painter, "cross", _cross(), box.center().x() - size / 2 + 1, box.center().y() - size / 2 + 1, size)
        return
    paint_panel(painter, box, node_token(number), None, 4)
    if box.width() >= 14:
        painter.setFont(theme.font(fonts.SIDE if box.width() >= 22 else fonts.SMALL, strong=True))
        painter.setPen(theme.colour(Token.NODE_DIGIT))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(number))


def _cross() -> Token:
    """White on black in both themes: the digit's colour in light, the text's in dark."""
    return Token.TEXT if theme.dark else Token.NODE_DIGIT


class MosaicGrid(QWidget):
    """All cells of a round, as large as they fit. `words(cell)` gives the tooltip of one."""

    def __init__(self, words: Callable[[int], str]) -> None:
        super().__init__()
        self._words = words
        self._numbers: tuple[int | None, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Mosaic"))

    def set_numbers(self, numbers: tuple[int | None, ...], summary: str) -> None:
        """What the cells show; `summary` says it in words."""
        self.setAccessibleDescription(summary)
        if numbers != self._numbers:
            self._numbers = numbers
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(480, 360)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 160)

    def cell(self, number: int) -> QRect:
        """Where a cell stands, counted from 0."""
        columns, side = self._layout()
        row, column = divmod(number, columns)
        return QRect(column * (side + GAP), row * (side + GAP), side, side)

    def cell_at(self, place: QPoint) -> int | None:
        """Which cell stands there."""
        columns, side = self._layout()
        column, x = divmod(place.x(), side + GAP)
        row, y = divmod(place.y(), side + GAP)
        number = row * columns + column
        inside = x < side and y < side and 0 <= column < columns and row >= 0
        return number if inside and number < len(self._numbers) else None

    def _layout(self) -> tuple[int, int]:
        """Columns and the side of a cell, in px: the largest cells, in the shape that is most like the room."""
        count = max(len(self._numbers), 1)
        found = []
        for columns in range(1, count + 1):
            rows = -(-count // columns)
            side = min((self.width() + GAP) // columns, (self.height() + GAP) // rows) - GAP
            unlike = abs(columns * self.height() - rows * self.width())
            found.append((min(max(side, SMALLEST), LARGEST), -unlike, columns))
        side, _, columns = max(found)
        return columns, side

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        for at, number in enumerate(self._numbers):
            paint_cell(painter, self.cell(at), number)
        painter.end()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(event.pos())
            QToolTip.showText(event.globalPos(), self._words(cell) if cell is not None else "", self)
            return True
        return super().event(event)


class MosaicStrip(QWidget):
    """A bar for each round. `chosen(bar)` when one is picked, -1 = back to now."""

    chosen = Signal(int)
    LEFT = 48
    FOOT = 18

    def __init__(self, room: int) -> None:
        super().__init__()
        self._bars: Sequence[StripBar] = ()
        self._room = room
        self._chosen: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Share of cells over time"))

    def set_bars(self, bars: Sequence[StripBar], chosen: int | None) -> None:
        """The rounds, the oldest first, and which one is chosen."""
        self._bars, self._chosen = bars, chosen
        self.setAccessibleDescription(clock(bars[chosen].at) if chosen is not None else tr("now"))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(420, 140)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 84)

    def bar(self, number: int) -> QRect:
        """Where a bar stands; the newest is at the right."""
        wide = max((self.width() - self.LEFT) / self._room, 2.0)
        right = self.width() - (len(self._bars) - 1 - number) * wide
        return QRect(round(right - wide), 4, max(round(wide) - 1, 1), self.height() - self.FOOT - 8)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        height = self.height() - self.FOOT - 8
        painter.setFont(theme.font(fonts.SMALL))
        painter.setPen(theme.colour(Token.TEXT3))
        for part in (0.0, 0.5, 1.0):
            y = round(4 + height * (1 - part))
            box = QRect(0, y - 8, self.LEFT - 8, 16)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{part * 100:.0f} %")
            painter.fillRect(QRect(self.LEFT, y, self.width() - self.LEFT, 1), theme.colour(Token.DIVIDER))
        last_words = self.width() + 100
        for at in range(len(self._bars) - 1, -1, -1):
            box = self.bar(at)
            if box.left() < self.LEFT:
                break
            self._paint_bar(painter, box, self._bars[at])
            if at == self._chosen:
                painter.setPen(theme.colour(Token.LINK))
                painter.drawRect(box.adjusted(-1, -2, 0, 1))
            words = QRect(box.right() - 54, self.height() - self.FOOT, 56, self.FOOT)
            if words.right() < last_words - 80 and words.left() >= self.LEFT - 20:
                painter.setPen(theme.colour(Token.TEXT3))
                painter.drawText(
                    words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, clock(self._bars[at].at)
                )
                last_words = words.right()
        painter.end()

    def _paint_bar(self, painter: QPainter, box: QRect, bar: StripBar) -> None:
        bottom = float(box.bottom() + 1)
        for number, part in bar.parts:
            top = bottom - part * box.height()
            token = Token.FAILED_CELL if number == 0 else node_token(number)
            piece = QRect(box.left(), round(top), box.width(), round(bottom) - round(top))
            painter.fillRect(piece, theme.colour(token))
            if number == 0 and theme.dark:
                painter.fillRect(QRect(piece.left(), piece.top(), piece.width(), 1), theme.colour(Token.FAILED_EDGE))
            bottom = top

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        hit = next((at for at in range(len(self._bars)) if self.bar(at).contains(place)), -1)
        self.chosen.emit(-1 if hit == self._chosen else hit)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if event.key() == Qt.Key.Key_Escape and self._chosen is not None:
            self.chosen.emit(-1)
        elif step and self._bars:
            now = len(self._bars) if self._chosen is None else self._chosen
            wanted = max(now + step, 0)
            self.chosen.emit(wanted if wanted < len(self._bars) else -1)
        else:
            super().keyPressEvent(event)
