"""The output of a script beside the log, the line that a cause names tinted."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.viewmodels.script_output import OutputModel
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Card, CodeEdit, Divider, IconButton, IconLabel, LinkButton, Words

WIDTH = 412
FOOT = 34


class OutputPane(Card):
    """Hidden while there is no output. `closed` when the user closes it."""

    closed = Signal()

    def __init__(self, model: OutputModel) -> None:
        super().__init__(tr("Output"))
        self._model = model
        self._shown = ""
        self.add_to_head(IconLabel("script"), first=True)
        self.copy = IconButton("copy", tr("Copy the output"))
        self.close_button = IconButton("cross", tr("Close the output"))
        self.add_to_head(self.copy)
        self.add_to_head(self.close_button)
        self.text = CodeEdit(tr("Output"), read_only=True)
        self._problem = Words("", fonts.BASE, Token.TEXT2, wrap=True)
        self._problem.setContentsMargins(16, 12, 16, 12)
        self._problem.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._size = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self.earlier = LinkButton(tr("Earlier run"))
        foot = QWidget()
        foot.setFixedHeight(FOOT)
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 0, 16, 0)
        row.addWidget(self._size, 1)
        row.addWidget(self.earlier)
        self.body.addWidget(self._problem, 1)
        self.body.addWidget(self.text, 1)
        self.body.addWidget(Divider())
        self.body.addWidget(foot)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.close_button.clicked.connect(self.closed)
        self.earlier.clicked.connect(model.open_earlier)
        model.changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        now = self._model.now
        self.setVisible(now is not None)
        if now is None:
            self._shown = ""
            return
        self.title.setText(now.title)
        self.facts.setText(now.facts)
        self._problem.setText(now.problem)
        self._problem.setVisible(bool(now.problem))
        self.text.setVisible(not now.problem)
        self.text.set_text(now.text.removesuffix("\n"))
        self.text.mark_lines(now.line, now.line, wrong=True)
        self._size.setText(now.size_text)
        self.earlier.setVisible(self._model.has_earlier)
        self.copy.set_possible(bool(now.text), tr("there is nothing to copy"))
        self.setAccessibleName(tr("Output of {script}", script=now.title))
        if now.text and self._shown != now.name:
            # Once per file: what the user scrolled to stays while a script goes on writing.
            self._shown = now.name
            self.text.show_line(now.line or 1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)
