"""What settings mean: a note with the sentence, and a ruler drawn to scale."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.viewmodels.module_meaning import Ink, Meaning, Stretch, length
from app.viewmodels.text import tr
from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Note, NoteKind
from app.views.widgets.painting import text_width

BAR = 6
LINE = 18
REFERENCE = 480
LEAST = 3
"""A stretch is never narrower than this, so that it is seen at all."""
INKS = {Ink.PLAIN: Token.CHART, Ink.WORKING: Token.ORANGE, Ink.GOOD: Token.GREEN, Ink.STOPPED: Token.RED}


class Ruler(QWidget):
    """Stretches of time after each other: the moment each begins above the bar, what happens below it."""

    def __init__(self) -> None:
        super().__init__()
        self._stretches: tuple[Stretch, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_stretches(self, stretches: tuple[Stretch, ...]) -> None:
        """Other stretches."""
        self._stretches = stretches
        said = [f"{length(at)}: {stretch.words}" for at, stretch in self._moments()]
        self.setAccessibleName(tr("From 0 s on"))
        self.setAccessibleDescription(", ".join(said))
        self.setVisible(bool(stretches))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        # Of one reference width: a height that followed the width could come and go with a scroll bar for ever.
        rows = 1 + max((row for _, row in self._labels(REFERENCE)), default=0)
        return QSize(320, LINE + BAR + 8 + rows * LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def _moments(self) -> list[tuple[float, Stretch]]:
        moments, at = [], 0.0
        for stretch in self._stretches:
            moments.append((at, stretch))
            at += stretch.seconds
        return moments

    def starts(self, width: int) -> list[int]:
        """Where each stretch begins, in px; to scale, but none narrower than LEAST."""
        total = sum(stretch.seconds for stretch in self._stretches)
        room = width - LEAST * len(self._stretches)
        places, x = [], 0.0
        for stretch in self._stretches:
            places.append(round(x))
            x += LEAST + (room * stretch.seconds / total if total else 0)
        return places

    def _labels(self, width: int) -> list[tuple[QRect, int]]:
        """The box of the words of each stretch and the row it fits in without touching another."""
        ends: list[int] = []
        boxes = []
        for x, stretch in zip(self.starts(width), self._stretches, strict=True):
            wide = text_width(stretch.words, theme.font(fonts.SIDE)) + 4
            left = max(0, min(x, width - wide))
            row = next((number for number, end in enumerate(ends) if left >= end + 12), len(ends))
            if row == len(ends):
                ends.append(0)
            ends[row] = left + wide
            boxes.append((QRect(left, LINE + BAR + 8 + row * LINE, wide, LINE), row))
        return boxes

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        width = self.width()
        starts = [*self.starts(width), width]
        taken = -12
        for (at, stretch), left, right, (box, _) in zip(
            self._moments(), starts[:-1], starts[1:], self._labels(width), strict=True
        ):
            ink = theme.colour(INKS[stretch.ink])
            painter.fillRect(QRect(left, LINE + 2, max(right - left - 1, LEAST - 1), BAR), ink)
            painter.setFont(theme.font(fonts.SIDE, strong=True))
            painter.setPen(theme.colour(Token.TEXT))
            words = length(at)
            wide = text_width(words, painter.font()) + 4
            place = max(0, min(left, width - wide))
            if place >= taken + 12:
                painter.drawText(QRect(place, 0, wide, LINE), Qt.AlignmentFlag.AlignVCenter, words)
                taken = place + wide
            painter.setFont(theme.font(fonts.SIDE))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, stretch.words)
        painter.end()


class MeaningNote(Note):
    """The note "What it means"."""

    def __init__(self) -> None:
        super().__init__(NoteKind.TIME, "")
        self.ruler = Ruler()
        self.body.addSpacing(6)
        self.body.addWidget(self.ruler)
        self.show_meaning(None)

    def show_meaning(self, meaning: Meaning | None) -> None:
        """The meaning now; None while the file has problems."""
        if meaning is None:
            self.set_note(NoteKind.TIME, tr("What it means"), tr("Solve the problems to see what the settings mean."))
            self.ruler.set_stretches(())
            return
        self.set_note(NoteKind.TIME, tr("What it means"), meaning.sentence)
        self.ruler.set_stretches(meaning.ruler)
