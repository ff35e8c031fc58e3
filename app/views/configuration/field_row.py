"""A row of the module form: label, editor, hint, and below them what is wrong."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_fields import FieldState
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.document_undo import DocumentUndo
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Choice, InlineError, Words
from app.views.widgets.fields import LABEL_WIDTH, set_wrong
from app.views.widgets.painting import text_width

GAP = 8
HEIGHT = 32
LABEL = LABEL_WIDTH + 12
WIDEST_CHOICE = 420
PADDING = 14
"""Left and right of the text in a field, its border included."""
_INNER = "QLineEdit { border: none; padding: 0; min-height: 0; background: transparent; }"


class FieldRow(QWidget):
    """Shows a FieldState. `edited(text)` while the user types or when he picks, `left` when he leaves the field.

    One that is `read_only` is a line to select and copy from, whatever its value is one of.
    """

    edited = Signal(str)
    left = Signal()

    def __init__(self, state: FieldState, *, read_only: bool = False) -> None:
        super().__init__()
        self._state, self._read_only = state, read_only
        self._label = Words(state.spec.label, fonts.BASE, Token.TEXT2, wrap=True)
        self._label.setFixedWidth(LABEL)
        self._label.setMinimumHeight(32)
        self._hint = Words("", fonts.SIDE, Token.TEXT3, wrap=True)
        self._hint.setMinimumHeight(32)
        self._error = InlineError()
        self._warning = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self._typed = QLineEdit()
        self._typed.setReadOnly(read_only)
        DocumentUndo(self._typed)
        self.editor = self._make(state)
        self.editor.setFixedSize(self._width(), HEIGHT)
        self._label.setBuddy(self.editor)
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self._label, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.editor, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._hint, 1, Qt.AlignmentFlag.AlignTop)
        below = QVBoxLayout()
        below.setContentsMargins(LABEL + GAP, 0, 0, 0)
        below.setSpacing(2)
        below.addWidget(self._error)
        below.addWidget(self._warning)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addLayout(below)
        self.show_state(state)

    @property
    def state(self) -> FieldState:
        """What is shown."""
        return self._state

    def error(self) -> str:
        """The sentence under the field, "" when it is right."""
        return self._error.text()

    def show_state(self, state: FieldState) -> None:
        """The state now. What the user is typing is not written over."""
        self._state = state
        self._put(state)
        self._label.setText(state.spec.label)
        self._label.setFont(theme.font(strong=state.changed))
        self._label.set_token(Token.TEXT if state.changed else Token.TEXT2)
        default = tr("Default: {value}.", value=state.placeholder) if state.placeholder else ""
        self._hint.setText(state.hint)
        self.editor.setToolTip(" ".join(part for part in (tr("Allowed: {what}.", what=state.allowed), default) if part))
        self._error.set_text(state.error)
        self._warning.setText(state.warning)
        self._warning.setVisible(bool(state.warning) and not state.error)
        self.editor.setAccessibleDescription(state.error or state.warning or state.hint)
        set_wrong(self.editor, bool(state.error))

    def text(self) -> str:
        """What the field shows."""
        if isinstance(self.editor, Choice):
            return self.editor.currentText() if self.editor.isEditable() else self.editor.current_key()
        return self.editor.text()

    def _width(self) -> int:
        """What the field's kind of value needs; more for a list whose words are longer in this language."""
        if self._read_only and self._state.choices:
            room = max(text_width(words, theme.font()) for _, words in self._state.choices) + 2 * PADDING
            return max(self._state.spec.width, min(room, WIDEST_CHOICE))
        if isinstance(self.editor, Choice) and not self.editor.isEditable():
            return max(self._state.spec.width, min(self.editor.sizeHint().width(), WIDEST_CHOICE))
        return self._state.spec.width

    def _make(self, state: FieldState) -> QLineEdit | Choice:
        if self._read_only or not state.choices:
            line = self._typed
            line.setFont(theme.font())
            line.setAccessibleName(state.spec.label)
            line.textEdited.connect(self.edited)
            line.editingFinished.connect(self.left)
            return line
        entries = [(value, value if state.free else words) for value, words in state.choices]
        choice = Choice(state.spec.label, entries)
        choice.chosen.connect(self._picked)
        if state.free:
            choice.setEditable(True)
            choice.setInsertPolicy(Choice.InsertPolicy.NoInsert)
            inner = self._typed
            choice.setLineEdit(inner)
            choice.setCompleter(None)  # type: ignore[arg-type]
            inner.setStyleSheet(_INNER)
            inner.setFont(theme.font())
            inner.setAccessibleName(state.spec.label)
            inner.textEdited.connect(self.edited)
            inner.editingFinished.connect(self.left)
        return choice

    def _picked(self, key: str) -> None:
        self.edited.emit(key)
        self.left.emit()

    def _put(self, state: FieldState) -> None:
        editor = self.editor
        if isinstance(editor, QLineEdit):
            words = {} if state.free else dict(state.choices)
            value = words.get(state.value, state.value)
            editor.setPlaceholderText(words.get(state.placeholder, state.placeholder))
            if editor.text() != value and not (editor.hasFocus() and state.error and editor.isModified()):
                editor.setText(value)
                if not editor.hasFocus() and text_width(value, theme.font()) + 2 * PADDING > self._width():
                    editor.setCursorPosition(0)  # what does not fit is read from its beginning
            return
        if state.free:
            self._typed.setPlaceholderText(state.placeholder)
            if editor.currentText() != state.value:
                editor.setEditText(state.value)
            return
        if state.value and editor.findData(state.value) < 0:
            editor.addItem(state.value, state.value)
        editor.choose(state.value or state.placeholder)


def rows_of(states: tuple[FieldState, ...], editor: ModuleEditor) -> list[FieldRow]:
    """A row for each field; the editor takes what is typed."""
    made = []
    for state in states:
        row = FieldRow(state, read_only=editor.read_only)
        row.edited.connect(lambda text, row=row: editor.set_field(row.state.path, row.state.spec.attribute, text))
        row.left.connect(editor.leave_field)
        made.append(row)
    return made
