"""What is typed or picked: fields with their error under them, rows of a form, boxes to tick, a choice."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.labels import IconLabel, Words
from app.views.widgets.painting import paint_panel, text_width
from app.views.widgets.possible import grey

LABEL_WIDTH = 128


class InlineError(QWidget):
    """The sentence under a field: an outlined triangle and what is allowed. No room is kept while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 0)
        row.setSpacing(6)
        self._words = Words("", fonts.SIDE, Token.RED, wrap=True)
        self._words.setFont(theme.font(fonts.SIDE, medium=True))
        row.addWidget(IconLabel("problem", Token.RED, 14), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._words, 1)
        self.hide()

    def text(self) -> str:
        """The sentence shown, empty when there is none."""
        return self._words.text()

    def set_text(self, text: str) -> None:
        """Shows a sentence, or nothing."""
        self._words.setText(text)
        self.setAccessibleName(text)
        self.setVisible(bool(text))


def set_wrong(editor: QWidget, wrong: bool) -> None:
    """Gives an editor the red edge of the style sheet, or takes it away."""
    if bool(editor.property("wrong")) != wrong:
        editor.setProperty("wrong", wrong)
        editor.style().unpolish(editor)
        editor.style().polish(editor)


class Field(QWidget):
    """A line of text with its error under it. `name` is what a screen reader calls it.

    `edited(text)` on every change by the user, `left(text)` when the user leaves it or presses Enter.
    """

    edited = Signal(str)
    left = Signal(str)

    def __init__(
        self,
        name: str,
        text: str = "",
        hint: str = "",
        parent: QWidget | None = None,
        *,
        secret: bool = False,
        mono: bool = False,
        dense: bool = False,
        width: int = 0,
    ) -> None:
        super().__init__(parent)
        self.line = QLineEdit(text)
        self.line.setFont(theme.font(mono=mono))
        self.line.setPlaceholderText(hint)
        self.line.setAccessibleName(name)
        self.line.setFixedHeight(28 if dense else 32)
        if secret:
            self.line.setEchoMode(QLineEdit.EchoMode.Password)
        if width:
            self.line.setFixedWidth(width)
        self._error = InlineError()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.line)
        column.addWidget(self._error)
        self.setFocusProxy(self.line)
        self.line.textEdited.connect(self.edited)
        self.line.editingFinished.connect(lambda: self.left.emit(self.line.text()))

    def text(self) -> str:
        """What is in the field."""
        return self.line.text()

    def set_text(self, text: str) -> None:
        """Puts a text in from the model; the place of the cursor is kept when nothing changed."""
        if text != self.line.text():
            self.line.setText(text)

    def error(self) -> str:
        """The sentence under the field, empty when it is right."""
        return self._error.text()

    def set_error(self, sentence: str) -> None:
        """Marks the field with the sentence under it; an empty one takes the mark away."""
        self._error.set_text(sentence)
        self.mark(sentence)

    def mark(self, sentence: str) -> None:
        """Gives the field the red edge of an error whose sentence stands elsewhere; an empty one takes it away."""
        self.line.setAccessibleDescription(sentence)
        set_wrong(self.line, bool(sentence))


class SearchField(QLineEdit):
    """A line that filters or finds: magnifier, words, and the keys that lead here. Esc clears it."""

    def __init__(self, name: str, hint: str, keys: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keys = keys
        self.setObjectName("quiet")
        self.setFont(theme.font())
        self.setFixedHeight(32)
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)
        self.setTextMargins(22, 0, text_width(keys, theme.font(fonts.SIDE)) + 4 if keys else 0, 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        icons.paint(painter, "search", Token.TEXT2, 8, (self.height() - 16) / 2)
        if not self.text():
            painter.setFont(theme.font(fonts.SIDE))
            painter.setPen(theme.colour(Token.TEXT3))
            edge = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(self.rect().adjusted(0, 0, -10, 0), edge, self._keys)
        painter.end()


class FormRow(QWidget):
    """A label of 128 px, an editor, and what stands behind it. The label is strong while the value is changed."""

    def __init__(self, label: str, editor: QWidget, hint: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = Words(label, fonts.BASE, Token.TEXT2)
        self._label.setFixedWidth(LABEL_WIDTH)
        self._label.setMinimumHeight(32)
        self._label.setWordWrap(True)
        self._label.setBuddy(editor)
        self._hint = Words(hint, fonts.SIDE, Token.TEXT2, wrap=True)
        self._hint.setMinimumHeight(32)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(editor, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._hint, 1, Qt.AlignmentFlag.AlignTop)
        self._hint.setVisible(bool(hint))
        if not hint:
            row.addStretch(1)


def _paint_words(painter: QPainter, button: QAbstractButton) -> None:
    painter.setFont(button.font())
    painter.setPen(theme.colour(Token.TEXT if button.isEnabled() else Token.TEXT3))
    box = QRect(24, 0, button.width() - 24, button.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, button.text())


class CheckBox(QCheckBox):
    """A box of 16 px to tick with its words."""

    def __init__(self, text: str = "", checked: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setChecked(checked)
        self.setFont(theme.font())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(16 + (10 + text_width(self.text(), self.font()) if self.text() else 0), 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def set_possible(self, possible: bool, reason: str = "") -> None:
        """Greys the box with the reason, or frees it."""
        grey(self, possible, reason)

    def hitButton(self, _pos: object) -> bool:
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRect(0, (self.height() - 16) // 2, 16, 16)
        if self.checkState() is Qt.CheckState.Unchecked:
            paint_panel(painter, box, Token.SURFACE, Token.FIELD if self.isEnabled() else Token.BORDER, 4)
        else:
            paint_panel(painter, box, Token.ACCENT if self.isEnabled() else Token.GREY, None, 4)
            partly = self.checkState() is Qt.CheckState.PartiallyChecked
            icons.paint(painter, "minus" if partly else "check", Token.ON_ACCENT, 2, box.y() + 2, 12)
        _paint_words(painter, self)
        painter.end()


class RadioButton(QRadioButton):
    """One of several, with its words."""

    def __init__(self, text: str, checked: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setChecked(checked)
        self.setFont(theme.font())
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(26 + text_width(self.text(), self.font()), 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, _pos: object) -> bool:
        return True

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        box = QRect(0, (self.height() - 16) // 2, 16, 16)
        on = self.isChecked()
        paint_panel(painter, box, Token.ACCENT if on else Token.SURFACE, None if on else Token.FIELD, 8)
        if on:
            paint_panel(painter, box.adjusted(5, 5, -5, -5), Token.ON_ACCENT, None, 3)
        _paint_words(painter, self)
        painter.end()


class Choice(QComboBox):
    """One of a list that opens, by key. `chosen(key)` when the user picks another."""

    chosen = Signal(str)

    def __init__(
        self, name: str, entries: Sequence[tuple[str, str]] = (), parent: QWidget | None = None, *, dense: bool = False
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFont(theme.font())
        self.setFixedHeight(28 if dense else 32)
        self.setMaxVisibleItems(12)
        self.set_entries(entries)
        self.activated.connect(lambda index: self.chosen.emit(str(self.itemData(index))))

    def set_entries(self, entries: Sequence[tuple[str, str]]) -> None:
        """Other entries, key and text; the chosen key is kept where it still exists."""
        before = self.current_key()
        self.clear()
        for key, text in entries:
            self.addItem(text, key)
        self.choose(before)

    def current_key(self) -> str:
        """The key of the chosen entry, empty when there is none."""
        return str(self.currentData()) if self.currentIndex() >= 0 else ""

    def choose(self, key: str) -> None:
        """Shows an entry as chosen without telling anybody."""
        if (index := self.findData(key)) >= 0:
            self.setCurrentIndex(index)

    def set_possible(self, possible: bool, reason: str = "") -> None:
        """Greys the choice with the reason, or frees it."""
        grey(self, possible, reason)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A wheel over a closed list would change a value by accident while the page scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        ink = Token.TEXT2 if self.isEnabled() else Token.TEXT3
        icons.paint(painter, "down", ink, self.width() - 24, (self.height() - 14) / 2, 14)
        painter.end()
