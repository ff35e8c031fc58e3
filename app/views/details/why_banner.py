"""Why it is not green, above everything: the sentence, the way to the chain, and the remedy; the chain itself."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.viewmodels.details import Banner
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.viewmodels.why_chain import ChainStep
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, Card, IconButton, LinkButton, PrimaryButton, SilhouetteLabel, Words
from app.views.widgets.layouts import emptied
from app.views.widgets.painting import paint_panel

HEAD, LEAST, CHAIN_HEIGHT = 47, 84, 232
"""Pixels: of the line above the chain, of the shortest card, of the longest; longer chains scroll."""


class WhyBanner(QFrame):
    """`chain_wanted` for the chain, `wanted` carries the entry of the remedy."""

    chain_wanted = Signal()
    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._banner: Banner | None = None
        self._mark = SilhouetteLabel(Silhouette.STOP, size=20)
        self._sentence = Words("", fonts.BASE, strong=True, wrap=True)
        self._facts = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self.chain_button = Button(tr("Show the chain"))
        self.remedy_button = PrimaryButton("", "start")
        self.chain_button.clicked.connect(self.chain_wanted)
        self.remedy_button.clicked.connect(self._press)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self._sentence)
        words.addWidget(self._facts)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(18, 10, 12, 10)
        row.setSpacing(8)
        row.addWidget(self._mark)
        row.addSpacing(4)
        row.addLayout(words, 1)
        row.addWidget(self.chain_button)
        row.addWidget(self.remedy_button)
        self.setMinimumHeight(60)

    def set_banner(self, banner: Banner) -> None:
        """Say this."""
        self._banner = banner
        self._mark.set_state(banner.silhouette)
        self._sentence.setText(banner.sentence)
        self._facts.setText(banner.facts)
        self._facts.setVisible(bool(banner.facts))
        self.chain_button.setVisible(banner.why is not None)
        if banner.why is not None:
            self.chain_button.set_possible(banner.why.enabled, banner.why.reason)
        remedy = banner.remedy
        self.remedy_button.setVisible(remedy is not None)
        if remedy is not None:
            self.remedy_button.setText(remedy.text)
            self.remedy_button.set_icon_name("start" if banner.tint == "red" else "restart")
            self.remedy_button.set_possible(remedy.enabled, remedy.reason)
        self.setAccessibleName(banner.sentence)
        self.setAccessibleDescription(banner.facts)
        self.update()

    def set_chain_open(self, opened: bool) -> None:
        """Whether the chain is shown below."""
        self.chain_button.setText(tr("Hide the chain") if opened else tr("Show the chain"))

    def _press(self) -> None:
        if self._banner is not None and self._banner.remedy is not None:
            self.wanted.emit(self._banner.remedy)

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self._banner is None:
            return
        painter = QPainter(self)
        tint = self._banner.tint
        paint_panel(painter, self.rect(), Token(f"{tint}_bg"), Token(f"{tint}_line"), 8)
        painter.end()


class ChainCard(Card):
    """The cause chain, oldest first. `output_wanted(name)` for the evidence of a script; `closed` for the cross."""

    output_wanted = Signal(str)
    closed = Signal()

    def __init__(self) -> None:
        super().__init__(tr("How it came to this"), tr("oldest first"))
        close = IconButton("cross", tr("Hide the chain"), "Esc")
        close.clicked.connect(self.closed)
        self.add_to_head(close)
        self._rows = QWidget()
        self._rows.setObjectName("scrolled")
        self._grid = QGridLayout(self._rows)
        self._grid.setContentsMargins(16, 8, 16, 12)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(0)
        self._grid.setColumnStretch(1, 3)
        self._grid.setColumnStretch(2, 2)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._rows)
        self._scroll.setAccessibleName(tr("How it came to this"))
        self.body.addWidget(self._scroll)
        self.steps: tuple[ChainStep, ...] = ()

    def set_steps(self, steps: Sequence[ChainStep]) -> None:
        """Show these."""
        self.steps = tuple(steps)
        emptied(self._grid)
        if not steps:
            self._grid.addWidget(Words(tr("The node keeps no causes of this state."), fonts.BASE, Token.TEXT2), 0, 0)
        for row, step in enumerate(steps):
            self._add(row, step, last=row == len(steps) - 1)
        for row in range(self._grid.rowCount() + 1):  # one of an earlier chain would tear this one apart
            self._grid.setRowStretch(row, int(row == len(steps)))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Another width breaks the words in other places."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        height = self._grid.heightForWidth(self._scroll.viewport().width()) + HEAD
        self.setFixedHeight(min(max(height, LEAST), CHAIN_HEIGHT))

    def _add(self, row: int, step: ChainStep, *, last: bool) -> None:
        top = Qt.AlignmentFlag.AlignTop
        moment = Words(step.moment, fonts.SIDE, Token.TEXT3)
        text = Words(" ".join(part for part in (step.text, step.by) if part), fonts.BASE, strong=last, wrap=True)
        text.setAccessibleName(step.words)
        evidence = Words(step.evidence, fonts.SIDE, Token.TEXT2, wrap=True)
        for words in (moment, text, evidence):
            words.setContentsMargins(0, 4, 0, 0)
        for column, words in enumerate((moment, text, evidence)):
            self._grid.addWidget(words, row, column, top)
            words.show()  # Qt would do it later, and the height is asked for now
        if step.output:
            link = LinkButton(tr("Output"))
            link.setAccessibleName(tr("Output of {step}", step=step.text))
            link.clicked.connect(lambda _checked=False, name=step.output: self.output_wanted.emit(name))
            self._grid.addWidget(link, row, 3, top)
