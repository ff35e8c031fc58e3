"""Cards and notes: a surface with a border, a tinted note, the empty state."""

from enum import Enum

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QFrame, QHBoxLayout, QSizePolicy, QSpacerItem, QVBoxLayout, QWidget

from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.labels import IconLabel, Words
from app.views.widgets.painting import paint_panel

RADIUS = 8
HEAD_HEIGHT = 44
CORNER = 3
"""So far above its border a corner is as good as straight, pixels."""
ICON_ROOM = 40
"""What the icon of an empty state needs above its words, pixels."""


class Card(QFrame):
    """A surface with a 1 px border. With a title it has a head of 44 px: title, facts, and what `add_to_head` adds.

    `body` is the layout below (no margins unless `padded`). Inside, tiles are divided by hairlines, never boxed.
    """

    def __init__(
        self, title: str = "", facts: str = "", parent: QWidget | None = None, *, padded: bool = False
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(1, 1, 1, 1)
        column.setSpacing(0)
        self.title = Words(title, fonts.PANEL, strong=True)
        self.facts = Words(facts, fonts.SIDE, Token.TEXT2, cut=True)
        self.head = QWidget()
        self.head.setFixedHeight(HEAD_HEIGHT)
        self._row = QHBoxLayout(self.head)
        self._row.setContentsMargins(16, 0, 8, 0)
        self._row.setSpacing(8)
        self._row.addWidget(self.title)
        self._row.addWidget(self.facts, 1)
        self._has_head = bool(title)
        column.addWidget(self.head)
        self.head.setVisible(self._has_head)
        self.body = QVBoxLayout()
        self.body.setSpacing(0)
        margin = 16 if padded else 0
        self.body.setContentsMargins(margin, margin, margin, margin)
        column.addLayout(self.body, 1)
        self.setAccessibleName(title)

    def add_to_head(self, part: QWidget, *, first: bool = False) -> None:
        """Puts a widget at the right of the head, or before the title."""
        if first:
            self._row.insertWidget(0, part)
        else:
            self._row.addWidget(part)

    def free_corners(self) -> None:
        """For a body that reaches down to the foot with a ground of its own: it ends where the round corners begin."""
        margins = self.body.contentsMargins()
        margins.setBottom(CORNER)
        self.body.setContentsMargins(margins)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.SURFACE, Token.BORDER, RADIUS)
        if self._has_head:
            painter.fillRect(QRect(1, HEAD_HEIGHT, self.width() - 2, 1), theme.colour(Token.DIVIDER))
        painter.end()


class Divider(QWidget):
    """A hairline, across or, when `upright`, down."""

    def __init__(self, parent: QWidget | None = None, *, upright: bool = False) -> None:
        super().__init__(parent)
        if upright:
            self.setFixedWidth(1)
        else:
            self.setFixedHeight(1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(Token.DIVIDER))
        painter.end()


class NoteKind(Enum):
    """What a note is about; its value is icon, ink, ground and edge."""

    INFO = ("info", Token.LINK, Token.ACCENT_BG, Token.ACCENT_LINE)
    TIME = ("clock", Token.LINK, Token.ACCENT_BG, Token.ACCENT_LINE)
    WARNING = ("problem", Token.ORANGE, Token.ORANGE_BG, Token.ORANGE_LINE)
    ERROR = ("problem", Token.RED, Token.RED_BG, Token.RED_LINE)
    PLAIN = ("info", Token.GREY, Token.GREY_BG, Token.GREY_LINE)


class Note(QFrame):
    """A tinted note: icon, one strong line, a sentence under it, and what `body` is given below."""

    def __init__(self, kind: NoteKind, title: str, sentence: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 11, 16, 11)
        row.setSpacing(8)
        self._mark = IconLabel(kind.value[0], kind.value[1])
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        self.body = QVBoxLayout()
        self.body.setSpacing(4)
        self._title = Words(title, fonts.BASE, strong=True, wrap=True)
        self._sentence = Words(sentence, fonts.BASE, Token.TEXT, wrap=True)
        self.body.addWidget(self._title)
        self.body.addWidget(self._sentence)
        row.addLayout(self.body, 1)
        self.set_note(kind, title, sentence)

    def set_note(self, kind: NoteKind, title: str, sentence: str = "") -> None:
        """Says something else."""
        self._kind = kind
        self._mark.set_icon(kind.value[0], kind.value[1])
        self._title.setText(title)
        self._title.set_token(kind.value[1] if kind in {NoteKind.ERROR, NoteKind.WARNING} else Token.TEXT)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), self._kind.value[2], self._kind.value[3], RADIUS)
        painter.end()


class EmptyState(QFrame):
    """Nothing here yet: an icon, one line, one sentence, and the buttons that change it; where it is low, no icon."""

    def __init__(
        self,
        icon: str,
        line: str,
        sentence: str,
        actions: tuple[QAbstractButton, ...] = (),
        parent: QWidget | None = None,
        *,
        framed: bool = True,
    ) -> None:
        super().__init__(parent)
        self._framed = framed
        self._icon = icon
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 4, 24, 4)
        column.setSpacing(6)
        column.addStretch(1)
        column.addSpacerItem(_room(54))
        self._line = Words(line, fonts.MODULE, strong=True, wrap=True)
        self._sentence = Words(sentence, fonts.BASE, Token.TEXT2, wrap=True)
        for words in (self._line, self._sentence):
            words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(words)
        if actions:
            column.addSpacing(6)
            row = QHBoxLayout()
            row.setSpacing(6)
            row.addStretch(1)
            for action in actions:
                row.addWidget(action)
            row.addStretch(1)
            column.addLayout(row)
        column.addSpacerItem(_room(17))
        column.addStretch(1)
        self.setAccessibleName(line)
        self.setAccessibleDescription(sentence)

    def set_text(self, line: str, sentence: str) -> None:
        """Says something else."""
        self._line.setText(line)
        self._sentence.setText(sentence)
        self.setAccessibleName(line)
        self.setAccessibleDescription(sentence)

    @property
    def icon_fits(self) -> bool:
        """Whether there is room for more than the words."""
        return self._line.y() >= ICON_ROOM

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._framed:
            paint_panel(painter, self.rect(), Token.SURFACE, Token.BORDER, RADIUS)
        if self.icon_fits:
            icons.paint(painter, self._icon, Token.TEXT3, (self.width() - 24) / 2, self._line.y() - 34, 24)
        painter.end()


def _room(height: int) -> QSpacerItem:
    """So high where there is room, in pixels."""
    return QSpacerItem(0, height, QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Preferred)
