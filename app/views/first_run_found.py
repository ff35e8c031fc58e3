"""The card that finds nodes in a range of addresses, and the one that starts the demo farm."""

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.demo_farm import DemoFarm, DemoPhase
from app.viewmodels.first_run import ConnectModel
from app.viewmodels.found_nodes import FoundNode, FoundNodes
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, Card, Divider, Field, IconLabel, InlineError, Meter, Words
from app.views.widgets.layouts import emptied


class FoundRow(QWidget):
    """A node that was found, with Add."""

    def __init__(self, node: FoundNode, model: ConnectModel) -> None:
        super().__init__()
        self._address = node.address
        self._model = model
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(Words(node.name, fonts.BASE, strong=True))
        words.addWidget(Words(node.facts, fonts.SIDE, Token.TEXT2))
        self._where = Words(node.cluster, fonts.SIDE, Token.TEXT2, cut=True)
        self._cluster = node.cluster
        self.button = Button(tr("Add"), dense=True)
        self.button.setAccessibleName(tr("Add {node}", node=node.name))
        self.button.clicked.connect(lambda: model.add(self._address))
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 8, 12, 8)
        row.setSpacing(8)
        row.addWidget(IconLabel("node", Token.TEXT2))
        row.addLayout(words)
        row.addStretch(1)
        row.addWidget(self._where)
        row.addWidget(self.button)

    def refresh(self) -> None:
        """Whether it stands in the list now."""
        there = self._model.holds(self._address)
        self.button.setText(tr("Added") if there else tr("Add"))
        self.button.set_possible(not there, tr("it is in the list"))


class FoundCard(Card):
    """Shows FoundNodes; Add puts a node into the list of the large card."""

    def __init__(self, found: FoundNodes, model: ConnectModel) -> None:
        super().__init__(tr("Find nodes on this network"))
        self.add_to_head(IconLabel("radar", Token.TEXT2), first=True)
        self._found, self._model = found, model
        self.rows: dict[str, FoundRow] = {}
        self._list = QVBoxLayout()
        self._list.setSpacing(0)
        self.body.addLayout(self._list)
        self.range = Field(tr("Range of addresses"), hint=tr("10.0.0.0/24 or 10.0.0.100-140"))
        self.range.line.returnPressed.connect(self._scan)
        self.button = Button(tr("Scan"))
        self.button.clicked.connect(self._scan_or_cancel)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.range, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignTop)
        self._meter = Meter(tr("Addresses asked"))
        self._words = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        foot = QVBoxLayout()
        foot.setContentsMargins(16, 12, 12, 14)
        foot.setSpacing(8)
        foot.addLayout(row)
        foot.addWidget(self._meter)
        foot.addWidget(self._words)
        self.body.addLayout(foot)
        found.changed.connect(self.refresh)
        model.changed.connect(self._refresh_rows)
        self.refresh()

    def tick(self) -> None:
        """A second has passed."""
        if self._found.scanning:
            self._show_progress()

    def refresh(self) -> None:
        """Shows the model again."""
        for node in self._found.nodes:
            if node.address.place not in self.rows:
                self.rows[node.address.place] = row = FoundRow(node, self._model)
                self._list.addWidget(row)
                self._list.addWidget(Divider())
        if not self._found.nodes:
            self.rows.clear()
            emptied(self._list)
        self._refresh_rows()
        self.range.set_error(self._found.problem)
        self.button.setText(tr("Cancel") if self._found.scanning else tr("Scan"))
        self._meter.setVisible(self._found.scanning)
        self._show_progress()

    def _refresh_rows(self) -> None:
        for row in self.rows.values():
            row.refresh()

    def _show_progress(self) -> None:
        if self._found.scanning:
            words = self._found.progress_text(time.monotonic())
            self._meter.set_value(self._found.progress, words)
        else:
            words = self._found.result or tr("Only the range you type is asked, at most 1,024 addresses at a time.")
        self._words.setText(words)

    def _scan(self) -> None:
        self._found.scan(self.range.text())

    def _scan_or_cancel(self) -> None:
        if self._found.scanning:
            self._found.cancel()
        else:
            self._scan()


class DemoCard(Card):
    """Shows DemoFarm."""

    def __init__(self, demo: DemoFarm) -> None:
        super().__init__(tr("Start a demo farm on this computer"))
        self.add_to_head(IconLabel("computer", Token.TEXT2), first=True)
        self._demo = demo
        words = tr(
            "Three real agents on 127.0.0.11 to .13, a small web application, and a stand-in for the cloud load"
            " balancer on 127.0.0.10:8080. Nothing leaves this computer; everything lives in one folder."
        )
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 14, 16, 16)
        inner.setSpacing(10)
        inner.addWidget(Words(words, wrap=True))
        self._lines = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        inner.addWidget(self._lines)
        self._error = InlineError()
        inner.addWidget(self._error)
        self.button = Button(tr("Start the demo"), "start")
        self.button.clicked.connect(self._start_or_cancel)
        self._time = Words("", fonts.SIDE, Token.TEXT2)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self.button)
        row.addWidget(self._time)
        row.addStretch(1)
        inner.addLayout(row)
        self.body.addLayout(inner)
        demo.changed.connect(self.refresh)
        self.refresh()

    def tick(self) -> None:
        """A second has passed."""
        self._time.setText(self._demo.time_text(time.monotonic()))

    def refresh(self) -> None:
        """Shows the model again."""
        starting = self._demo.phase is DemoPhase.STARTING
        runs = self._demo.phase is DemoPhase.UP
        self.button.setText(tr("Cancel") if starting else tr("Go to the demo") if runs else tr("Start the demo"))
        self.button.set_icon_name("cross" if starting else "start")
        self._lines.setText("\n".join(self._demo.lines))
        self._lines.setVisible(bool(self._demo.lines))
        self._error.set_text(self._demo.trouble)
        self.tick()

    def _start_or_cancel(self) -> None:
        if self._demo.phase is DemoPhase.STARTING:
            self._demo.cancel()
        else:
            self._demo.start()
