"""Moments and pixels: what the overview and the lanes share."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter

from app.viewmodels.timeline_lanes import Lane
from app.viewmodels.timeline_range import ticks
from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import text_width

RIGHT = 24
"""Pixels free at the right of an axis."""
LEAST_GUTTER = 168
INDENT = 38
"""Where the name of a node begins."""
FIGURE = 104
"""Pixels that a figure of an axis has for itself."""


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `left` to `right` that shows `span` seconds from `start` on."""

    left: int
    right: int
    start: float
    span: float

    def x(self, moment: float) -> float:
        """Where a moment is; far outside it stays a little outside."""
        part = (moment - self.start) / self.span
        return self.left + min(max(part, -1.0), 2.0) * (self.right - self.left)

    def moment(self, x: float) -> float:
        """Which moment is there."""
        return self.start + self.seconds(x - self.left)

    def seconds(self, pixels: float) -> float:
        """How long so many pixels are."""
        return pixels / max(self.right - self.left, 1) * self.span


def gutter(lanes: Sequence[Lane], width: int) -> int:
    """The width left of the axis: the longest name and clock, but at most a quarter of all."""
    name = max((text_width(lane.node, theme.font(medium=True)) for lane in lanes), default=0)
    clock = max((text_width(lane.clock, theme.font(fonts.SIDE)) for lane in lanes), default=0)
    return max(min(INDENT + name + 16 + clock + 12, width // 4), LEAST_GUTTER)


def paint_figures(painter: QPainter, scale: Scale, row: QRect, avoid: QRect | None = None) -> None:
    """The round times of an axis in this row, but none where `avoid` stands."""
    painter.setFont(theme.font(fonts.SIDE))
    painter.setPen(theme.colour(Token.TEXT3))
    for moment, words in _ticks(scale):
        half = text_width(words, painter.font()) // 2 + 4
        x = round(scale.x(moment))
        box = QRect(x - half, row.top(), 2 * half, row.height())
        if (
            scale.left <= box.left() + 4
            and box.right() <= scale.right + RIGHT
            and not (avoid and box.intersects(avoid))
        ):
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


def paint_grid(painter: QPainter, scale: Scale, box: QRect) -> None:
    """A hairline at each of these times, and at both ends."""
    for x in (scale.left, scale.right, *(round(scale.x(moment)) for moment, _ in _ticks(scale))):
        painter.fillRect(QRect(x, box.top(), 1, box.height()), theme.colour(Token.DIVIDER))


def _ticks(scale: Scale) -> Iterator[tuple[float, str]]:
    return ticks(scale.start, scale.start + scale.span, (scale.right - scale.left) // FIGURE)
