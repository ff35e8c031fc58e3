"""What takes time: a row of steps for a node, and the bar that asks to keep or go back."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import labelled, tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.buttons import Button, PrimaryButton
from app.views.widgets.labels import Words
from app.views.widgets.measures import Meter
from app.views.widgets.painting import elided, paint_panel, paint_silhouette, text_width

FRAME_MS = 250
FRAMES = 4


class StepState(Enum):
    """How far a step is; held back = it will not be done because another node failed."""

    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    FAILED = auto()
    HELD = auto()


def _state_words(state: StepState) -> str:
    """For a screen reader."""
    return {
        StepState.WAITING: tr("waiting"),
        StepState.RUNNING: tr("running"),
        StepState.DONE: tr("done"),
        StepState.FAILED: tr("failed"),
        StepState.HELD: tr("held"),
    }[state]


_LOOKS = {
    StepState.WAITING: ("waiting", Token.TEXT3),
    StepState.RUNNING: ("clock", Token.TEXT),
    StepState.DONE: ("check", Token.GREEN),
    StepState.FAILED: ("problem", Token.RED),
    StepState.HELD: ("waiting", Token.TEXT3),
}


@dataclass(frozen=True, slots=True)
class StepView:
    """One step as it is shown: its words ("Check", or for a failed one what failed) and how far it is."""

    text: str
    state: StepState


class ProgressRow(QWidget):
    """A node and its steps from left to right, 32 px, the time at the right. A failed step ends the row."""

    NAME_WIDTH = 120
    STEP_WIDTH = 104

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._steps: tuple[StepView, ...] = ()
        self._time = ""
        self._remark = ""
        self._frame = 0
        self._ticker = QTimer(self)
        self._ticker.setInterval(FRAME_MS)
        self._ticker.timeout.connect(self._tick)
        self.setFixedHeight(32)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def set_steps(self, steps: Sequence[StepView], time: str = "", remark: str = "") -> None:
        """Shows how far each step is; `remark` stands in place of steps ("left out of this apply: …")."""
        self._steps = tuple(steps)
        self._time = time
        self._remark = remark
        said = ", ".join(labelled(step.text, _state_words(step.state)) for step in self._steps)
        self.setAccessibleDescription(remark or said)
        self.setToolTip(labelled(self._name, remark or said))
        self._animate()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.NAME_WIDTH + self.STEP_WIDTH * max(len(self._steps), 1) + 60, 32)

    def minimumSizeHint(self) -> QSize:
        return QSize(self.NAME_WIDTH + 80 * max(len(self._steps), 1), 32)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._animate()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._ticker.stop()

    def _animate(self) -> None:
        running = any(step.state is StepState.RUNNING for step in self._steps)
        if running and self.isVisible() and not theme.reduced_motion:
            self._ticker.start()
        else:
            self._ticker.stop()

    def _tick(self) -> None:
        self._frame = (self._frame + 1) % FRAMES
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        middle = self.height() // 2
        painter.setFont(theme.font(medium=True))
        painter.setPen(theme.colour(Token.TEXT3 if self._remark else Token.TEXT))
        name = elided(self._name, painter.font(), self.NAME_WIDTH - 8, Qt.TextElideMode.ElideMiddle)
        painter.drawText(QRect(0, 0, self.NAME_WIDTH, self.height()), Qt.AlignmentFlag.AlignVCenter, name)
        painter.setFont(theme.font(fonts.SIDE))
        right = self.width()
        if self._time:
            painter.setPen(theme.colour(Token.TEXT2))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self._time)
            right -= text_width(self._time, painter.font()) + 8
        if self._remark:
            painter.setPen(theme.colour(Token.TEXT2))
            box = QRect(self.NAME_WIDTH, 0, right - self.NAME_WIDTH, self.height())
            shown = elided(self._remark, painter.font(), box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, shown)
            painter.end()
            return
        width = min(self.STEP_WIDTH, max((right - self.NAME_WIDTH) // max(len(self._steps), 1), 64))
        for index, step in enumerate(self._steps):
            last = index == len(self._steps) - 1
            self._paint_step(painter, step, self.NAME_WIDTH + index * width, right if last else 0, middle, width)
        painter.end()

    def _paint_step(self, painter: QPainter, step: StepView, x: int, right: int, middle: int, width: int) -> None:
        icon, ink = _LOOKS[step.state]
        if step.state is StepState.RUNNING:
            self._paint_running(painter, x, middle)
        else:
            size = 12 if icon == "waiting" else 14
            icons.paint(painter, icon, ink, x + (14 - size) / 2, middle - size / 2, size)
        strong = step.state in {StepState.FAILED, StepState.RUNNING}
        painter.setFont(theme.font(fonts.SIDE, medium=strong))
        calm = Token.TEXT2 if step.state in {StepState.WAITING, StepState.HELD} else Token.TEXT
        painter.setPen(theme.colour(Token.RED if step.state is StepState.FAILED else calm))
        room = (right - x if right else width) - 19
        shown = elided(step.text, painter.font(), room)
        painter.drawText(QRect(x + 19, 0, room, self.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        end = x + 19 + text_width(shown, painter.font())
        if not right and step.state is StepState.DONE and x + width - end > 16:
            painter.fillRect(QRect(end + 6, middle, x + width - end - 12, 1), theme.colour(Token.GREEN_LINE))

    def _paint_running(self, painter: QPainter, x: int, middle: int) -> None:
        painter.save()
        painter.translate(x + 7, middle)
        painter.rotate(360 / FRAMES / 2 * self._frame)
        paint_silhouette(painter, -7, -7, 14, Silhouette.TRANSIENT, Token.TEXT2)
        painter.restore()


class ConfirmBar(QFrame):
    """The orange bar above the footer: what was seen, the time left as bar and m:ss, Go back now, Keep.

    It stays until it is answered (`kept`, `went_back`) or the owner hides it because the time is over.
    """

    kept = Signal()
    went_back = Signal()

    def __init__(self, keep: str, go_back: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._seen = Words("", fonts.BASE, strong=True, cut=True)
        self._why = Words("", fonts.SIDE, Token.TEXT, wrap=True)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self._seen)
        words.addWidget(self._why)
        words.addStretch(1)
        self._why.hide()
        self._meter = Meter("", 1.0, Token.ORANGE)
        self._meter.thickness = 6
        self._meter.setFixedHeight(6)
        self._meter.setMinimumWidth(60)
        self._meter.setMaximumWidth(160)
        self._left = Words("", fonts.BASE, strong=True)
        self.back_button = Button(go_back)
        self.keep_button = PrimaryButton(keep, "check")
        self.back_button.clicked.connect(self.went_back)
        self.keep_button.clicked.connect(self.kept)
        row = QHBoxLayout(self)
        row.setContentsMargins(49, 12, 12, 12)
        row.setSpacing(8)
        row.addLayout(words, 4)
        row.addWidget(self._meter, 1)
        row.addWidget(self._left)
        row.addWidget(self.back_button)
        row.addWidget(self.keep_button)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_seen(self, seen: str, why: str = "") -> None:
        """What was seen after the change, and under it what happens if nobody answers."""
        self._seen.setText(seen)
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self.setAccessibleName(seen)
        self.setAccessibleDescription(why)

    def set_remaining(self, fraction: float, words: str) -> None:
        """The part of the time that is left, 1 to 0, and the same as m:ss."""
        self._meter.set_value(fraction, words)
        self._left.setText(words)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.ORANGE_BG, Token.ORANGE_LINE, 8)
        paint_silhouette(painter, 17, (self.height() - 20) / 2, 20, Silhouette.TRANSIENT)
        painter.end()
