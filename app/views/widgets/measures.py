"""Measures: the share of a node and a small meter. Both are progress bars to a screen reader."""

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QProgressBar, QSizePolicy, QWidget

from app.views.tokens import Token
from app.views.widgets.painting import BAR_HEIGHT, paint_bar

STEPS = 1000


class Meter(QProgressBar):
    """A thin bar, 4 px, for a fraction of 0 to 1; `name` says of what."""

    thickness = 4

    def __init__(
        self, name: str, value: float = 0.0, token: Token = Token.CHART, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._token = token
        self._fraction = 0.0
        self._hatched = False
        self.setRange(0, STEPS)
        self.setTextVisible(False)
        self.setFixedHeight(self.thickness)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        self.set_value(value)

    def set_value(self, value: float, words: str = "") -> None:
        """A fraction of 0 to 1; `words` is the figure as it is written beside the bar."""
        self._fraction = value
        self.setValue(round(min(max(value, 0.0), 1.0) * STEPS))
        self.setAccessibleDescription(words)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(56, self.thickness)

    def minimumSizeHint(self) -> QSize:
        return QSize(16, self.thickness)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_bar(painter, QRectF(self.rect()), self._fraction, self._token, hatched=self._hatched)
        painter.end()


class ShareBar(Meter):
    """The share of a node: solid when Keepgreen enforces the slots, hatched when a load balancer decides."""

    thickness = BAR_HEIGHT

    def __init__(self, name: str, share: float = 0.0, hatched: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(name, share, Token.CHART, parent)
        self._hatched = hatched
