"""The card that saves snapshots of chosen nodes."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.viewmodels.snapshots import Snapshots
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, Card, CheckBox, Choice, PrimaryButton, ProgressRow, StepState, StepView, Words
from app.views.widgets.flow import ROW, Flow, Scroller

ROW_HEIGHT, ROWS = 56, 3
ROWS_HEIGHT = ROW_HEIGHT * ROWS
"""More nodes than that scroll."""


class SnapshotCard(Card):
    """Module, nodes, the button, and a row for each node while and after it is saved."""

    def __init__(self, model: Snapshots) -> None:
        super().__init__(tr("Snapshot"), tr("log, configuration, states and script outputs in one file for each node"))
        self._model = model
        self.module = Choice(tr("Module"))
        self.module.setMinimumWidth(160)
        self.module.chosen.connect(model.choose)
        self.boxes: dict[str, CheckBox] = {}
        self._nodes = Flow()
        self.anonymise = CheckBox(tr("Replace addresses and names"))
        self.anonymise.clicked.connect(model.set_anonymise)
        self.save = PrimaryButton(tr("Save snapshots…"), "snapshot")
        self.save.clicked.connect(self._save)
        self.cancel = Button(tr("Cancel"))
        self.cancel.clicked.connect(model.cancel)
        top = QHBoxLayout()
        top.setSpacing(12)
        for part in (_label(tr("Module")), self.module, _label(tr("On"))):
            top.addWidget(part, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(Scroller(self._nodes, ROW, 4 * ROW), 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self.anonymise)
        bottom.addStretch(1)
        bottom.addWidget(self.cancel)
        bottom.addWidget(self.save)
        self._rows: dict[str, tuple[ProgressRow, Words]] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self._list.setContentsMargins(0, 0, 0, 0)
        listed = QWidget()
        listed.setObjectName("scrolled")
        listed.setLayout(self._list)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(listed)
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 12, 16, 12)
        inner.setSpacing(10)
        inner.addLayout(top)
        inner.addLayout(bottom)
        inner.addWidget(self._scroll)
        self.body.addLayout(inner)
        self._scroll.hide()
        model.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """The model now."""
        model = self._model
        names = [(name, name) for name in model.modules]
        if [self.module.itemText(place) for place in range(self.module.count())] != [name for name, _ in names]:
            self.module.set_entries(names)
        self.module.choose(model.module)
        self._show_nodes()
        self.anonymise.setChecked(model.anonymise)
        self.save.set_possible(not model.reason, model.reason)
        self.cancel.setVisible(model.running)
        if tuple(self._rows) != tuple(row.node for row in model.rows):
            self._rebuild()
        for row in model.rows:
            progress, words = self._rows[row.node]
            state = StepState.FAILED if row.failed else StepState.DONE if row.done else StepState.RUNNING
            progress.set_steps([StepView(tr("Save"), state)], "")
            words.setText(row.words)
            words.set_token(Token.RED if row.failed else Token.TEXT2)

    def texts(self) -> dict[str, str]:
        """Node → what stands under its row."""
        return {node: words.text() for node, (_, words) in self._rows.items()}

    def _show_nodes(self) -> None:
        model = self._model
        nodes = model.known
        if tuple(self.boxes) != nodes:
            self.boxes = {node: CheckBox(node) for node in nodes}
            for node, box in self.boxes.items():
                box.clicked.connect(lambda checked, node=node: model.choose_node(node, checked))
            self._nodes.set_parts(tuple(self.boxes.values()))
        for node, box in self.boxes.items():
            reason = model.node_reason(node)
            box.setChecked(node in model.nodes)
            box.set_possible(not reason, reason)

    def _rebuild(self) -> None:
        for progress, words in self._rows.values():
            for part in (progress, words):
                self._list.removeWidget(part)
                part.hide()
                part.deleteLater()
        self._rows = {}
        for row in self._model.rows:
            progress, words = ProgressRow(row.node), Words("", fonts.SIDE, Token.TEXT2, wrap=True)
            words.setContentsMargins(ProgressRow.NAME_WIDTH, 0, 0, 4)
            self._list.addWidget(progress)
            self._list.addWidget(words)
            self._rows[row.node] = (progress, words)
        self._scroll.setFixedHeight(ROWS_HEIGHT if len(self._rows) > ROWS else ROW_HEIGHT * len(self._rows))
        self._scroll.setVisible(bool(self._rows))

    def _save(self) -> None:
        # Not the static call: that one would run a loop of its own inside ours.
        dialog = QFileDialog(self, tr("Where are the snapshots saved?"), str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._model.save(Path(path)))
        dialog.open()


def _label(text: str) -> Words:
    words = Words(text, fonts.BASE, Token.TEXT2)
    words.setMinimumHeight(ROW)
    return words
