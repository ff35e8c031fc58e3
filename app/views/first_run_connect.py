"""The large card of the first run: addresses, words to compare, login, Connect."""

import sys
import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.first_run import ConnectModel
from app.viewmodels.text import tr
from app.views import fonts
from app.views.first_run_address import AddressLine
from app.views.first_run_parts import WordsPanel
from app.views.tokens import Token
from app.views.widgets import Button, Card, CheckBox, Divider, Field, PrimaryButton, Words
from app.views.widgets.possible import grey


class ConnectCard(Card):
    """Shows a ConnectModel. `tick` refreshes the words that count seconds."""

    def __init__(self, model: ConnectModel) -> None:
        super().__init__(tr("Connect to nodes"))
        self._model = model
        self._connecting = False
        self.lines: dict[int, AddressLine] = {}
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 16, 16, 16)
        inner.setSpacing(12)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(8)
        inner.addLayout(self._lines)
        self.words = WordsPanel()
        inner.addWidget(self.words)
        self.match = CheckBox()
        self.match.clicked.connect(model.confirm_words)
        inner.addWidget(self.match)
        inner.addWidget(self._login())
        self.body.addLayout(inner)
        self.body.addWidget(Divider())
        self.body.addLayout(self._foot())
        model.changed.connect(self.refresh)
        self.refresh()

    def tick(self) -> None:
        """A second has passed."""
        if any(row.state == "asking" for row in self._model.rows):
            self._show_lines()

    def focus_first(self) -> None:
        """Puts the focus where the journey begins: the empty line."""
        self.lines[self._model.rows[-1].id].field.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def refresh(self) -> None:
        """Shows the model again; the focus stays, but goes to the password that was wrong."""
        model = self._model
        ended, self._connecting = self._connecting and not model.connecting, model.connecting
        self._show_lines()
        contacts = tuple((row.name, row.identity.words) for row in model.contacts if row.identity)
        self.words.set_nodes(contacts)
        self.words.setVisible(bool(contacts))
        self.match.setVisible(bool(contacts))
        self.match.setText(model.words_text)
        self.match.setChecked(bool(contacts) and model.words_match)
        not_yet = model.asks_password
        for part in (self.user, self.password):
            grey(part.line, not not_yet, not_yet)
        self.password.line.setPlaceholderText(model.password_hint)
        self.keep.set_possible(model.keep_persistent, tr("this computer has no keyring: passwords are asked again"))
        self._remark.setText("" if model.connecting else model.left_out or model.connect_reason)
        self.connect_button.setText(model.connect_text)
        self.connect_button.set_possible(not model.connect_reason, model.connect_reason)
        self.cancel_button.setVisible(model.connecting)
        if ended and not model.chosen and not model.asks_password:
            self.password.line.setFocus(Qt.FocusReason.OtherFocusReason)
            self.password.line.selectAll()

    def _login(self) -> QWidget:
        model = self._model
        self.user = Field(tr("Login"), model.user, width=128)
        self.password = Field(tr("Password"), secret=True)
        self.password.line.setMinimumWidth(180)
        self.keep = CheckBox(_keep_words(), model.keep)
        self.user.left.connect(model.set_user)
        self.password.edited.connect(model.set_password)
        self.password.line.returnPressed.connect(model.connect_nodes)
        self.keep.clicked.connect(lambda on: setattr(model, "keep", on))
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(Words(tr("Login"), token=Token.TEXT2))
        row.addWidget(self.user)
        row.addSpacing(8)
        row.addWidget(Words(tr("Password"), token=Token.TEXT2))
        row.addWidget(self.password, 1)
        row.addSpacing(4)
        row.addWidget(self.keep)
        holder = QWidget()
        holder.setLayout(row)
        return holder

    def _foot(self) -> QHBoxLayout:
        self._remark = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self._remark.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.cancel_button = Button(tr("Cancel"))
        self.cancel_button.clicked.connect(self._model.cancel)
        self.connect_button = PrimaryButton(tr("Connect"))
        self.connect_button.clicked.connect(self._model.connect_nodes)
        row = QHBoxLayout()
        row.setContentsMargins(16, 16, 16, 16)
        row.setSpacing(12)
        row.addWidget(self._remark, 1)
        row.addWidget(self.cancel_button)
        row.addWidget(self.connect_button)
        return row

    def _show_lines(self) -> None:
        now, rows = time.monotonic(), self._model.rows
        wanted = {row.id for row in rows}
        for gone in [number for number in self.lines if number not in wanted]:
            line = self.lines.pop(gone)
            self._lines.removeWidget(line)
            line.hide()
            line.deleteLater()
        for place, row in enumerate(rows):
            if row.id not in self.lines:
                self.lines[row.id] = self._line(row.id)
                self._lines.insertWidget(place, self.lines[row.id])
                self.lines[row.id].show()  # before the layout would do it, so that it can take the focus
            self.lines[row.id].show_row(row, now, row is rows[-1])

    def _line(self, number: int) -> AddressLine:
        model, line = self._model, AddressLine()
        line.left.connect(lambda text: model.leave(number, text))
        line.next.connect(lambda: self._go_on(number))
        line.removed.connect(lambda: model.remove(number))
        line.own_password.connect(lambda password: model.set_own_password(number, password))
        line.new_key.connect(lambda: model.compare_new_key(number))
        return line

    def _go_on(self, number: int) -> None:
        """From a filled line to the one below."""
        numbers = [row.id for row in self._model.rows]
        after = numbers[numbers.index(number) + 1 :] if number in numbers else []
        if after:
            self.lines[after[0]].field.line.setFocus(Qt.FocusReason.TabFocusReason)


def _keep_words() -> str:
    if sys.platform == "win32":
        return tr("Keep in the Windows keyring")
    return tr("Keep in this computer’s keyring")
