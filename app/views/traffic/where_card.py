"""The card that tells which node serves a client."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.text import tr
from app.viewmodels.traffic import TrafficModel
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, Card, Field, Words


class WhereCard(Card):
    """An address, a port, a button; the answer stands below, a line for each rule."""

    def __init__(self, model: TrafficModel) -> None:
        super().__init__(tr("Where is a client?"))
        self._model = model
        self.address = Field(tr("Address of the client"), model.address, tr("address"), width=200)
        self.port = Field(tr("Port of the client"), model.port, tr("port"), width=72)
        self.find_button = Button(tr("Find"), "search")
        self._lines: list[QWidget] = []
        row = QHBoxLayout()
        row.setSpacing(8)
        for part in (self.address, self.port, self.find_button):
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        row.addStretch(1)
        self._answer = QVBoxLayout()
        self._answer.setSpacing(4)
        self._hint = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 12)
        inner.setSpacing(8)
        inner.addLayout(row)
        inner.addWidget(self._hint)
        inner.addLayout(self._answer)
        self.body.addLayout(inner)
        for field in (self.address, self.port):
            field.edited.connect(lambda _text: model.set_client(self.address.text(), self.port.text()))
            field.line.returnPressed.connect(model.find)
        self.find_button.clicked.connect(model.find)
        self.refresh()

    def refresh(self) -> None:
        """The model now."""
        model = self._model
        self.address.set_error(model.address_error)
        self.port.set_error(model.port_error)
        self.find_button.set_possible(not model.where_reason, model.where_reason)
        wanted = [(line.node, line.words) for line in model.where]
        self._hint.setText(
            model.where_trouble
            or ("" if wanted else tr("The port matters only where a rule shares by address and port."))
        )
        self._hint.set_token(Token.RED if model.where_trouble else Token.TEXT2)
        self._hint.setVisible(bool(self._hint.text()))
        if wanted != [line.property("said") for line in self._lines]:
            self._rebuild(wanted)

    def texts(self) -> list[str]:
        """The lines of the answer."""
        return [line.accessibleName() for line in self._lines]

    def _rebuild(self, wanted: list[tuple[str, str]]) -> None:
        for line in self._lines:
            self._answer.removeWidget(line)
            line.hide()
            line.deleteLater()
        self._lines = []
        for node, words in wanted:
            line = QWidget()
            line.setProperty("said", (node, words))
            line.setAccessibleName(f"{node}, {words}")
            row = QHBoxLayout(line)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(8)
            row.addWidget(Words(node, fonts.BASE, strong=True))
            row.addWidget(Words(words, fonts.SIDE, Token.TEXT2, wrap=True), 1)
            self._answer.addWidget(line)
            self._lines.append(line)
