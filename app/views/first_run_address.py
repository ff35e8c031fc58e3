"""One typed address: the field, what stands there, and under it the reason why it is left out."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.address_row import AddressRow, RowState
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views import fonts
from app.views.first_run_parts import Remedy
from app.views.tokens import Token
from app.views.widgets import Button, Field, IconButton, IconLabel, SilhouetteLabel, Words

FIELD_WIDTH = 176
GAP = 12


class AddressLine(QWidget):
    """`left(text)` when the field was left, `next` when its Tab or Enter shall lead to a new line below."""

    left = Signal(str)
    next = Signal()
    removed = Signal()
    own_password = Signal(str)
    new_key = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = Field(tr("Address of a node"), hint=tr("address or name"), width=FIELD_WIDTH)
        self.field.left.connect(self._left)
        self.field.line.installEventFilter(self)
        self._mark = SilhouetteLabel(Silhouette.READY)
        self._clock = IconLabel("clock", Token.TEXT2)
        self._problem = IconLabel("problem", Token.RED)
        self._name = Words("", strong=True)
        self._facts = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self.password_button = Button(tr("Password…"), "key", dense=True)
        self.key_button = Button(tr("Compare new words"), "key", dense=True)
        self.remove_button = IconButton("cross", tr("Take out of the list"))
        self.remove_button.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # emptying the field does it by keyboard
        self.password_button.clicked.connect(self._ask_password)
        self.key_button.clicked.connect(self.new_key)
        self.remove_button.clicked.connect(self.removed)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.field)
        row.addSpacing(4)
        for part in (self._mark, self._clock, self._problem, self._name):
            row.addWidget(part)
        row.addWidget(self._facts, 1)
        for button in (self.password_button, self.key_button, self.remove_button):
            row.addWidget(button)
        self._remedy = Remedy()
        self.password = Field(
            tr("Password of this node"), hint=tr("its own password, then Enter"), secret=True, width=240
        )
        self.password.line.returnPressed.connect(self._password_typed)
        below = QVBoxLayout()
        below.setContentsMargins(FIELD_WIDTH + GAP, 0, 36, 0)
        below.setSpacing(4)
        below.addWidget(self._remedy)
        below.addWidget(self.password)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        column.addLayout(below)
        self._remedy.hide()
        self.password.hide()

    def show_row(self, row: AddressRow, now: float, last: bool) -> None:
        """Shows what the model knows; a field with the focus keeps what is being typed."""
        if not (self.field.line.hasFocus() and self.field.line.isModified()):
            self.field.set_text(row.text)
        failed, asking = row.state is RowState.FAILED, row.state is RowState.ASKING
        self.field.mark(row.reason.remedy if failed and row.reason else "")
        self._mark.setVisible(row.ready)
        self._clock.setVisible(asking)
        self._problem.setVisible(failed)
        self._name.setVisible(failed or row.ready)
        self._name.set_token(Token.RED if failed else Token.TEXT)
        self._name.setText(row.reason.short if failed and row.reason else row.name)
        self._facts.setText(self._facts_of(row, now, last))
        self._remedy.set_sentence(row.reason.remedy if failed and row.reason else "")
        self.password_button.setVisible(failed and row.offers_password)
        self.key_button.setVisible(failed and row.offers_new_key)
        self.remove_button.setVisible(not last)
        if not row.offers_password:
            self.password.hide()

    def _facts_of(self, row: AddressRow, now: float, last: bool) -> str:
        if row.state is RowState.ASKING:
            return row.waiting(now)
        if row.ready:
            signed = (tr("logged in"),) if row.state is RowState.SIGNED_IN else ()
            return ", ".join((row.facts, row.cluster, *signed))
        return tr("Tab checks the address and fills in the name") if last else ""

    def _left(self, text: str) -> None:
        self.field.line.setModified(False)
        self.left.emit(text)

    def _ask_password(self) -> None:
        self.password.show()
        self.password.line.setFocus(Qt.FocusReason.OtherFocusReason)

    def _password_typed(self) -> None:
        self.own_password.emit(self.password.text())
        self.password.line.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tab and Enter in a filled last field lead to the next line."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            forward = event.key() in {Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Enter}
            if forward and self.field.text().strip():
                self._left(self.field.text())
                self.next.emit()
                return True
        return super().eventFilter(watched, event)
