"""A state as a widget: the pill, the bare silhouette with its word, the badge of paused checks."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.viewmodels.silhouettes import Silhouette
from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.buttons import LinkButton
from app.views.widgets.labels import Words
from app.views.widgets.painting import (
    INK,
    PILL_HEIGHT,
    paint_panel,
    paint_pill,
    paint_silhouette,
    pill_width,
    text_width,
)


class StatePill(QLabel):
    """A state in its pill: silhouette and words, `StatePill(Silhouette.STOP, "STOP NotReady")`."""

    def __init__(self, silhouette: Silhouette, words: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_state(silhouette, words)

    def set_state(self, silhouette: Silhouette, words: str) -> None:
        """Shows another state."""
        self._silhouette = silhouette
        self.setText(words)
        self.setAccessibleName(words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(pill_width(self._silhouette, self.text()), PILL_HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_pill(painter, 0, 0, self._silhouette, self.text())
        painter.end()


class SilhouetteLabel(QLabel):
    """A silhouette with or without its word behind it, on any ground.

    `name` is what a screen reader says where no word is shown.
    """

    def __init__(
        self,
        silhouette: Silhouette,
        words: str = "",
        size: int = 16,
        parent: QWidget | None = None,
        *,
        name: str = "",
        strong: bool = False,
    ) -> None:
        super().__init__(parent)
        self._size = size
        self.setFont(theme.font(fonts.SIDE, strong=strong))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_state(silhouette, words, name)

    def set_state(self, silhouette: Silhouette, words: str = "", name: str = "") -> None:
        """Shows another state."""
        self._silhouette = silhouette
        self.setText(words)
        self.setAccessibleName(name or words)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        width = self._size + (6 + text_width(self.text(), self.font()) + 2 if self.text() else 0)
        return QSize(width, max(self._size, 16))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_silhouette(painter, 0, (self.height() - self._size) / 2, self._size, self._silhouette)
        painter.setFont(self.font())
        painter.setPen(theme.colour(INK[self._silhouette]))
        box = QRect(self._size + 6, 0, self.width(), self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


class PausedBadge(QWidget):
    """Checks are paused: what, until when, and the way back. `pressed` when the link is."""

    pressed = Signal()

    def __init__(self, what: str, until: str = "", link: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(PILL_HEIGHT)
        self._what = Words(what, fonts.SIDE, strong=True)
        self._until = Words(until, fonts.SIDE, Token.TEXT2)
        self._link = LinkButton(link)
        self._link.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(28, 0, 10, 0)
        row.setSpacing(6)
        for part in (self._what, self._until, self._link):
            row.addWidget(part)
        self._link.setVisible(bool(link))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"{what} {until}".strip())

    def set_text(self, what: str, until: str = "", link: str = "", reason: str = "") -> None:
        """Shows other words; an empty link takes the link away, a `reason` greys it."""
        self._what.setText(what)
        self._until.setText(until)
        self._link.setText(link)
        self._link.setVisible(bool(link))
        self._link.set_possible(not reason, reason)
        self.setAccessibleName(f"{what} {until}".strip())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.GREY_BG, Token.GREY_LINE, 6)
        paint_silhouette(painter, 9, 6, 12, Silhouette.PAUSED)
        painter.end()
