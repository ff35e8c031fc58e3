"""One lane of the timeline as it is painted: bars with their line and label, freezes, marks."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QPainter

from app.viewmodels.silhouettes import WORST_FIRST, Silhouette
from app.viewmodels.timeline_events import About, TimelineEvent
from app.viewmodels.timeline_lanes import Bar, Kind, Lane
from app.views import fonts, icons
from app.views.theme import theme
from app.views.timeline.scale import INDENT, Scale
from app.views.tokens import Token
from app.views.widgets.painting import (
    EDGE,
    GROUND,
    INK,
    elided,
    paint_hatching,
    paint_panel,
    paint_silhouette,
    text_width,
)

MARK = 10
"""Height and width of a mark."""
LINE = 3
NARROW, ROUND, LABELLED, WORDED = 3, 9, 22, 60
"""Pixels from which a bar has a shape, round corners, a silhouette, and most often words."""
SHORT = 30
"""Half the pixels up to which a share stands in the middle of its bar."""
CHIP = 20
GAP = 1


@dataclass(frozen=True, slots=True)
class Piece:
    """A bar and the pixels it takes, the part in view."""

    bar: Bar
    left: int
    right: int

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left


def pieces(lane: Lane, scale: Scale, now: float) -> list[Piece]:
    """The bars of a lane that are in view."""
    end = scale.start + scale.span
    found = []
    for bar in lane.bars:
        if bar.end <= scale.start or bar.start >= end or bar.start >= now:
            continue
        left, right = round(scale.x(bar.start)), round(scale.x(min(bar.end, now)))
        found.append(Piece(bar, max(left, scale.left), min(right, scale.right)))
    return found


def marks(lane: Lane, scale: Scale) -> list[tuple[int, TimelineEvent]]:
    """The events in view that have a mark, and where: of several in one place the worst."""
    found: list[tuple[int, TimelineEvent]] = []
    for event in lane.events:
        if event.about not in {About.PROBLEM, About.ORDER} or not scale.start <= event.time <= scale.start + scale.span:
            continue
        x = round(scale.x(event.time))
        if found and x - found[-1][0] < MARK:
            if event.about is About.PROBLEM and found[-1][1].about is not About.PROBLEM:
                found[-1] = (found[-1][0], event)
        else:
            found.append((x, event))
    return found


def paint_lane(painter: QPainter, lane: Lane, scale: Scale, box: QRect, now: float) -> None:
    """The bars and marks of a lane; `box` is where its bars stand, marks are above it."""
    shown = pieces(lane, scale, now)
    painter.save()
    painter.setClipRect(QRect(scale.left, box.top() - MARK - 2, scale.right - scale.left + 1, box.height() + MARK + 4))
    for piece in shown:
        if piece.width >= NARROW or _calm(piece.bar):
            _paint_ground(painter, piece, scale, box)
    chips = _chips(shown)
    said = False
    for piece in shown:
        if piece.width >= NARROW:
            inset = _chip_width(chips[piece]) + 6 if piece in chips else 0
            said = said and piece.bar.goes_on
            _paint_label(painter, piece, inset, box, said=said)
            said = said or piece.width >= WORDED
    _paint_slivers(painter, shown, box)
    for host, frozen in chips.items():
        _paint_chip(painter, host, frozen, box)
    painter.restore()
    for x, event in marks(lane, scale):
        icons.paint(painter, event.icon, Token(event.token), x - MARK // 2, box.top() - MARK - 1, MARK)


def paint_gutter(painter: QPainter, lane: Lane, box: QRect) -> None:
    """The node's name and its clock, left of its lane; a silent node has its silhouette before the name."""
    font = theme.font(medium=True)
    clock = text_width(lane.clock, theme.font(fonts.SIDE))
    painter.setFont(font)
    painter.setPen(theme.colour(Token.TEXT3 if lane.silent else Token.TEXT))
    room = box.width() - INDENT - clock - 24
    middle = Qt.AlignmentFlag.AlignVCenter
    name = elided(lane.node, font, room, Qt.TextElideMode.ElideMiddle)
    painter.drawText(QRect(INDENT, box.top(), room, box.height()), middle, name)
    if lane.silent:
        paint_silhouette(painter, INDENT - 20, box.center().y() - 6, 14, Silhouette.UNREACHABLE)
    painter.setFont(theme.font(fonts.SIDE))
    painter.setPen(theme.colour(Token.TEXT3))
    figures = QRect(0, box.top(), box.width() - 12, box.height())
    painter.drawText(figures, Qt.AlignmentFlag.AlignRight | middle, lane.clock)


def _calm(bar: Bar) -> bool:
    """Nothing is lost when it is too short to be seen."""
    return bar.silhouette is Silhouette.READY or bar.kind is Kind.READING


def _paint_ground(painter: QPainter, piece: Piece, scale: Scale, box: QRect) -> None:
    """Ground, edge and line: Ready has its line at the bottom, everything else at the top."""
    bar = piece.bar
    inside = piece.right < scale.right
    place = QRect(piece.left, box.top(), piece.width - (GAP if inside else 0), box.height())
    match bar.kind:
        case Kind.READING:
            return
        case Kind.UNKNOWN:
            paint_hatching(painter, place, Token.GREY_LINE, Token.SURFACE)
            return
        case Kind.FROZEN:
            paint_hatching(painter, place, Token.TEXT2, Token.SURFACE)
            paint_panel(painter, place, None, Token.TEXT2, 0)
            return
    ink, ready = INK[bar.silhouette], bar.silhouette is Silhouette.READY
    edge = EDGE[ink] if ready else ink
    if piece.width < ROUND:
        painter.fillRect(place, theme.colour(edge if piece.width >= NARROW else GROUND[ink]))
        painter.fillRect(place.adjusted(1, 1, -1, -1), theme.colour(GROUND[ink]))
    else:
        paint_panel(painter, place, GROUND[ink], edge, 4)
    top = place.bottom() - LINE + 1 if ready else place.top()
    painter.fillRect(QRect(place.left(), top, place.width(), LINE), theme.colour(ink))


def _paint_label(painter: QPainter, piece: Piece, inset: int, box: QRect, *, said: bool) -> None:
    """Silhouette and words as far as there is room for them; only the share where the state was said before."""
    bar = piece.bar
    if bar.kind is Kind.FROZEN:
        return
    known = bar.kind is Kind.STATE
    ink, font = INK[bar.silhouette] if known else Token.TEXT3, theme.font(fonts.SIDE, medium=True)
    left, room = piece.left + 6 + inset, piece.width - 12 - inset
    words = bar.share if said and not inset else bar.label
    if bar.kind is Kind.READING or (said and not inset):
        wide = text_width(words, font)
        if words and wide <= room + 8:
            left = left if room > 2 * SHORT else piece.left + (piece.width - wide) // 2
            _words(painter, words, font, ink, QRect(left, box.top(), wide + 2, box.height()))
        return
    if room + 12 < LABELLED:
        return
    fitting = next((one for one in (words, bar.share) if one and text_width(one, font) + 20 <= room), "")
    wide = text_width(fitting, font) + 20 if fitting else 14
    if not fitting and not inset:
        left = piece.left + (piece.width - 14) // 2
    if not known:
        paint_panel(painter, QRect(left - 3, box.top() + 1, wide + 6, box.height() - 2), Token.SURFACE, None, 4)
    paint_silhouette(painter, left, box.top() + (box.height() - 14) // 2, 14, bar.silhouette)
    _words(painter, fitting, font, ink, QRect(left + 20, box.top(), wide, box.height()))


def _words(painter: QPainter, words: str, font: QFont, ink: Token, box: QRect) -> None:
    painter.setFont(font)
    painter.setPen(theme.colour(ink))
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, words)


def _paint_slivers(painter: QPainter, shown: Sequence[Piece], box: QRect) -> None:
    """What is too short for a shape: a line of 2 px in its colour, the worst of those that share a place."""
    worst: dict[int, Silhouette] = {}
    for piece in shown:
        if piece.width < NARROW and not _calm(piece.bar):
            which = piece.bar.silhouette
            before = worst.get(piece.left, which)
            worst[piece.left] = min(which, before, key=WORST_FIRST.index)
    for x, which in worst.items():
        painter.fillRect(QRect(x, box.top(), 2, box.height()), theme.colour(INK[which]))


def _chips(shown: Sequence[Piece]) -> dict[Piece, Bar]:
    """Where the words of each freeze stand: in the first of the next bars that has room for them."""
    found: dict[Piece, Bar] = {}
    for at, piece in enumerate(shown):
        if piece.bar.kind is not Kind.FROZEN:
            continue
        least = _chip_width(piece.bar) + 12
        host = next((one for one in shown[at + 1 : at + 4] if one.width >= least and one not in found), None)
        if host is not None:
            found[host] = piece.bar
    return found


def _chip_width(frozen: Bar) -> int:
    return text_width(frozen.words, theme.font(fonts.SIDE, strong=True)) + 30


def _paint_chip(painter: QPainter, host: Piece, frozen: Bar, box: QRect) -> None:
    place = QRect(host.left + 4, box.top() + (box.height() - CHIP) // 2 + 1, _chip_width(frozen), CHIP - 2)
    paint_panel(painter, place, Token.RAISED, Token.GREY_LINE, 4)
    icons.paint(painter, "freeze", Token.TEXT, place.left() + 6, place.top() + 3, 12)
    _words(painter, frozen.words, theme.font(fonts.SIDE, strong=True), Token.TEXT, place.adjusted(22, 0, 0, 0))
