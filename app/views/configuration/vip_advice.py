"""Which way to share an address is right on this network: the advice, and a test of it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.flood_test import FloodLine, FloodTest
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, IconLabel, Note, NoteKind, Words


class VipAdvice(Note):
    """The note above the fields of a way to share an address."""

    def __init__(self) -> None:
        super().__init__(NoteKind.INFO, tr("Which way is right here?"))
        self._flood: FloodTest | None = None
        self._shown: tuple[FloodLine, ...] = ()
        self.test = Button(tr("Test the network"))
        self.test.clicked.connect(self._run)
        self._busy = Words(tr("The nodes send frames to each other for three seconds…"), fonts.SIDE, Token.TEXT2)
        self._lines = QVBoxLayout()
        self._lines.setSpacing(2)
        row = QHBoxLayout()
        row.setContentsMargins(0, 6, 0, 4)
        row.setSpacing(12)
        row.addWidget(self.test)
        row.addWidget(self._busy, 1)
        row.addStretch(0)
        self.body.addLayout(row)
        self.body.addLayout(self._lines)

    def show_advice(self, words: str, flood: FloodTest) -> None:
        """What the running module tells, and the test; the same one every time."""
        self.set_note(NoteKind.INFO, tr("Which way is right here?"), words)
        if self._flood is None:
            self._flood = flood
            flood.changed.connect(self._refresh)
        self._refresh()

    @property
    def words(self) -> tuple[str, ...]:
        """The sentences of the result."""
        return tuple(line.text for line in self._shown)

    def _run(self) -> None:
        if self._flood is not None:
            self._flood.run()

    def _refresh(self) -> None:
        flood = self._flood
        if flood is None:
            return
        self.test.set_possible(not flood.reason, flood.reason)
        self._busy.setVisible(flood.running)
        if flood.lines == self._shown:
            return
        self._shown = flood.lines
        while item := self._lines.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        for line in self._shown:
            self._lines.addWidget(_Line(line))


class _Line(QWidget):
    """A sentence behind its mark."""

    def __init__(self, line: FloodLine) -> None:
        super().__init__()
        ink = Token.GREEN if line.good else Token.RED
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 2, 0, 2)
        row.setSpacing(8)
        row.addWidget(IconLabel("check" if line.good else "problem", ink), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Words(line.text, fonts.BASE, Token.TEXT if line.good else Token.RED, wrap=True), 1)
