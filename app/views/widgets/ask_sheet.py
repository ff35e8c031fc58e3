"""A question in the page: the sentence, and the verb on the button. Never a dialog."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.views import fonts
from app.views.tokens import Token
from app.views.widgets.buttons import Button
from app.views.widgets.labels import IconLabel, Words
from app.views.widgets.painting import paint_panel


class AskSheet(QFrame):
    """Asks before what cannot be undone. `answered(True)` for the verb, `answered(False)` for the way back or Esc."""

    answered = Signal(bool)

    def __init__(
        self, sentence: str, facts: str, verb: str, way_back: str, parent: QWidget | None = None, *, danger: bool = True
    ) -> None:
        super().__init__(parent)
        token = Token.RED if danger else Token.LINK
        self._danger = danger
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(Words(sentence, fonts.BASE, strong=True, wrap=True))
        if facts:
            words.addWidget(Words(facts, fonts.SIDE, Token.TEXT2, wrap=True))
        self.verb_button = Button(verb, danger=danger)
        self.back_button = Button(way_back)
        self.verb_button.clicked.connect(lambda: self.answered.emit(True))
        self.back_button.clicked.connect(lambda: self.answered.emit(False))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 11, 12, 11)
        row.setSpacing(8)
        row.addWidget(IconLabel("problem", token), 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        row.addWidget(self.back_button)
        row.addWidget(self.verb_button)
        self.setAccessibleName(sentence)
        self.setAccessibleDescription(facts)

    def take_focus(self) -> None:
        """Puts the focus on the harmless answer."""
        self.back_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.answered.emit(False)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        ground, edge = (Token.RED_BG, Token.RED_LINE) if self._danger else (Token.ACCENT_BG, Token.ACCENT_LINE)
        paint_panel(painter, self.rect(), ground, edge, 8)
        painter.end()
