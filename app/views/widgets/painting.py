"""What widgets and delegates paint alike: silhouettes, pills, bars, hatching, elided text, focus."""

from functools import lru_cache
from math import cos, pi, sin

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from app.viewmodels.silhouettes import Silhouette
from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token

PILL_HEIGHT = 24
BAR_HEIGHT = 6
FOCUS_WIDTH = 2

INK: dict[Silhouette, Token] = {
    Silhouette.READY: Token.GREEN,
    Silhouette.TRANSIENT: Token.ORANGE,
    Silhouette.STOP: Token.RED,
    Silhouette.WAIT: Token.RED,
    Silhouette.UNREACHABLE: Token.GREY,
    Silhouette.UNCONFIGURED: Token.GREY,
    Silhouette.PAUSED: Token.GREY,
}
GROUND: dict[Token, Token] = {
    Token.GREEN: Token.GREEN_BG,
    Token.ORANGE: Token.ORANGE_BG,
    Token.RED: Token.RED_BG,
    Token.GREY: Token.GREY_BG,
}
EDGE: dict[Token, Token] = {
    Token.GREEN: Token.GREEN_LINE,
    Token.ORANGE: Token.ORANGE_LINE,
    Token.RED: Token.RED_LINE,
    Token.GREY: Token.GREY_LINE,
}
# These words are one name, not a state followed by a status.
_ONE_NAME = (Silhouette.UNREACHABLE, Silhouette.UNCONFIGURED, Silhouette.PAUSED)


def paint_silhouette(
    painter: QPainter, x: float, y: float, size: float, which: Silhouette, token: Token | None = None
) -> None:
    """Draws a state silhouette into the square of `size` at x, y, in its own colour unless another is given."""
    ink = theme.colour(token or INK[which])
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(x, y)
    painter.scale(size / 16, size / 16)
    _SHAPES[which](painter, ink, theme.colour(Token.SURFACE))
    painter.restore()


def _pen(ink: QColor, width: float = 1.5) -> QPen:
    return QPen(ink, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def _ready(painter: QPainter, ink: QColor, paper: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawEllipse(QPointF(8, 8), 7, 7)
    painter.setPen(_pen(paper, 1.9))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(4.9, 8.3), QPointF(7.1, 10.5), QPointF(11.2, 5.9)]))


def _transient(painter: QPainter, ink: QColor, _paper: QColor) -> None:
    painter.setPen(_pen(ink, 1.7))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    ring = QRectF(2.5, 2.5, 11, 11)
    painter.drawArc(ring, 80 * 16, 145 * 16)
    painter.drawArc(ring, 260 * 16, 145 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawPolygon(QPolygonF([QPointF(8.2, -0.2), QPointF(11.9, 2.7), QPointF(8.2, 5.4)]))
    painter.drawPolygon(QPolygonF([QPointF(7.8, 16.2), QPointF(4.1, 13.3), QPointF(7.8, 10.6)]))


def _stop(painter: QPainter, ink: QColor, paper: QColor) -> None:
    corner = 7.35
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    painter.drawPolygon(
        QPolygonF(
            [QPointF(8 + corner * cos(pi / 8 + k * pi / 4), 8 + corner * sin(pi / 8 + k * pi / 4)) for k in range(8)]
        )
    )
    painter.setPen(_pen(paper, 1.9))
    painter.drawLine(QPointF(5.6, 5.6), QPointF(10.4, 10.4))
    painter.drawLine(QPointF(10.4, 5.6), QPointF(5.6, 10.4))


def _wait(painter: QPainter, ink: QColor, _paper: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    for k in range(10):
        angle = k * 2 * pi / 10
        painter.drawEllipse(QPointF(8 + 6.1 * cos(angle), 8 + 6.1 * sin(angle)), 1.0, 1.0)


def _ring(painter: QPainter, ink: QColor) -> None:
    painter.setPen(_pen(ink))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QPointF(8, 8), 6.4, 6.4)


def _unreachable(painter: QPainter, ink: QColor, _paper: QColor) -> None:
    _ring(painter, ink)
    painter.drawLine(QPointF(3.7, 12.3), QPointF(12.3, 3.7))


def _unconfigured(painter: QPainter, ink: QColor, _paper: QColor) -> None:
    _ring(painter, ink)
    painter.drawLine(QPointF(5, 8), QPointF(11, 8))


def _paused(painter: QPainter, ink: QColor, _paper: QColor) -> None:
    painter.setPen(_pen(ink, 1.7))
    painter.drawLine(QPointF(5.5, 3.5), QPointF(5.5, 12.5))
    painter.drawLine(QPointF(10.5, 3.5), QPointF(10.5, 12.5))


_SHAPES = {
    Silhouette.READY: _ready,
    Silhouette.TRANSIENT: _transient,
    Silhouette.STOP: _stop,
    Silhouette.WAIT: _wait,
    Silhouette.UNREACHABLE: _unreachable,
    Silhouette.UNCONFIGURED: _unconfigured,
    Silhouette.PAUSED: _paused,
}


@lru_cache(maxsize=256)
def text_width(text: str, font: QFont) -> int:
    """The width of a short text that is asked for again and again."""
    return QFontMetrics(font).horizontalAdvance(text)


def pill_words(which: Silhouette, words: str) -> str:
    """The words as a pill writes them: a wider gap between state and status."""
    return words if which in _ONE_NAME else words.replace(" ", "  ", 1)


def pill_width(which: Silhouette, words: str) -> int:
    """The width a pill takes for its words."""
    return 28 + text_width(pill_words(which, words), theme.font(fonts.SIDE, strong=True)) + 10


def paint_pill(painter: QPainter, x: int, y: int, which: Silhouette, words: str) -> None:
    """Draws a state pill, `PILL_HEIGHT` high and `pill_width` wide."""
    ink = INK[which]
    font = theme.font(fonts.SIDE, strong=True)
    box = QRectF(x + 0.5, y + 0.5, pill_width(which, words) - 1, PILL_HEIGHT - 1)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.colour(EDGE[ink]))
    painter.setBrush(theme.colour(GROUND[ink]))
    painter.drawRoundedRect(box, PILL_HEIGHT / 2 - 0.5, PILL_HEIGHT / 2 - 0.5)
    paint_silhouette(painter, x + 8, y + 5, 14, which)
    painter.setPen(theme.colour(ink))
    painter.setFont(font)
    painter.drawText(box.adjusted(27.5, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, pill_words(which, words))
    painter.restore()


def paint_bar(
    painter: QPainter, box: QRectF, fraction: float, token: Token = Token.CHART, *, hatched: bool = False
) -> None:
    """Draws a measure on its track: solid, or hatched where the figure is only expected."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    ground = QPainterPath()
    ground.addRoundedRect(box, box.height() / 2, box.height() / 2)
    painter.setClipPath(ground)
    painter.fillRect(box, theme.colour(Token.TRACK))
    part = QRectF(box.left(), box.top(), box.width() * min(max(fraction, 0.0), 1.0), box.height())
    if hatched:
        ratio = painter.device().devicePixelRatioF()
        painter.setClipRect(part, Qt.ClipOperation.IntersectClip)
        painter.drawTiledPixmap(part, _hatch(theme.colour(token).name(), theme.colour(Token.TRACK).name(), ratio))
    else:
        painter.fillRect(part, theme.colour(token))
    painter.restore()


def paint_hatching(painter: QPainter, box: QRect, ink: Token, ground: Token) -> None:
    """Fills a box with slanting lines; neighbouring boxes fit together."""
    ratio = painter.device().devicePixelRatioF()
    tile = _hatch(theme.colour(ink).name(), theme.colour(ground).name(), ratio)
    painter.drawTiledPixmap(QRectF(box), tile, QPointF(box.left() % 6, box.top() % 6))


@lru_cache(maxsize=16)
def _hatch(ink: str, ground: str, ratio: float) -> QPixmap:
    """One 6 × 6 tile of the hatching, in the pixels of the screen."""
    made = QPixmap(round(6 * ratio), round(6 * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(QColor(ground))
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(ink), 2.9, Qt.PenStyle.SolidLine, Qt.PenCapStyle.SquareCap))
    for shift in (-6, 0, 6):
        painter.drawLine(QPointF(shift - 1, 7), QPointF(shift + 7, -1))
    painter.end()
    return made


def paint_panel(
    painter: QPainter,
    box: QRect,
    ground: Token | None,
    edge: Token | None,
    radius: float = 6,
    width: float = 1,
) -> None:
    """Draws a rounded ground with its edge inside the box, sharp on whole pixels."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    inset = width / 2
    painter.setPen(QPen(theme.colour(edge), width) if edge else QPen(Qt.PenStyle.NoPen))
    painter.setBrush(theme.colour(ground) if ground else Qt.BrushStyle.NoBrush)
    shape = QRectF(box).adjusted(inset, inset, -inset, -inset) if edge else QRectF(box)
    painter.drawRoundedRect(shape, radius, radius)
    painter.restore()


def paint_focus(painter: QPainter, box: QRect, radius: float = 4) -> None:
    """Draws the focus ring inside the box, for cells and tabs that have no room around them."""
    paint_panel(painter, box, None, Token.LINK, radius, FOCUS_WIDTH)


def elided(text: str, font: QFont, width: int, where: Qt.TextElideMode = Qt.TextElideMode.ElideRight) -> str:
    """The text cut to the width; whoever paints it puts the whole text into the tooltip."""
    return QFontMetrics(font).elidedText(text, where, width)
