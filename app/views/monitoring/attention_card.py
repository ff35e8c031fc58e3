"""What is not green in a large cluster: at most five lines, worst first, each with its remedy."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.viewmodels import menus
from app.viewmodels.farm import ATTENTION_SHOWN, Attention, FarmModel
from app.viewmodels.menus import MenuEntry
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr, trn
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Card, PrimaryButton, SilhouetteLabel, Words

ROW = 40
STATE, MODULE, NODE = 148, 124, 96
"""Widths of the columns, pixels."""


class _Line(QWidget):
    """One thing that is not green; `wanted` carries the entry of its button."""

    wanted = Signal(object)

    def __init__(self, one: Attention) -> None:
        super().__init__()
        self._one = one
        self.setFixedHeight(ROW)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 12, 0)
        row.setSpacing(8)
        self._state = SilhouetteLabel(one.silhouette, one.state_words)
        self._sentence = Words("", fonts.BASE, Token.TEXT, cut=True)
        parts = (
            (self._state, STATE),
            (Words(one.module, strong=True, cut=True), MODULE),
            (Words(one.row.name, strong=True, cut=True), NODE),
        )
        for part, width in parts:
            holder = QWidget()
            holder.setFixedWidth(width)
            inside = QHBoxLayout(holder)
            inside.setContentsMargins(0, 0, 0, 0)
            inside.addWidget(part, 0 if part is self._state else 1, Qt.AlignmentFlag.AlignVCenter)
            if part is self._state:
                inside.addStretch(1)
            row.addWidget(holder)
        row.addWidget(self._sentence, 1)
        self.button = PrimaryButton("", dense=True)
        self.button.clicked.connect(lambda: self.wanted.emit(self._entry()))
        row.addWidget(self.button)

    def set_line(self, one: Attention, now: float, *, first: bool) -> None:
        """Say this; the `first` one has the filled button when its remedy is possible."""
        self._one = one
        entry = self._entry()
        self._state.set_state(one.silhouette, one.state_words)
        self.button.setText(entry.text)
        self.button.set_possible(entry.enabled, entry.reason)
        self.button.set_filled(first and entry.enabled)
        self.button.setAccessibleName(f"{entry.text}: {one.module}, {one.row.name}")
        self.tick(now)

    def tick(self, now: float) -> None:
        """Another second."""
        sentence = self._one.sentence(now)
        self._sentence.setText(sentence)
        self.setAccessibleName(", ".join((self._one.state_words, self._one.module, self._one.row.name, sentence)))

    def _entry(self) -> MenuEntry:
        tile = self._one.tile
        if tile is None:
            return menus.retry(self._one.row)
        return menus.why(tile) if tile.silhouette is Silhouette.WAIT else menus.remedy(tile)


class AttentionCard(Card):
    """Hidden while all is green. `wanted` carries the entry of a button."""

    wanted = Signal(object)

    def __init__(self) -> None:
        super().__init__(" ")
        self.facts.setText(tr("worst first; the table below keeps its order"))
        self.lines: list[_Line] = []
        self._more = Words("", fonts.SIDE, Token.TEXT2)
        self._more.setContentsMargins(16, 0, 16, 10)
        self.body.addWidget(self._more)
        self._known: tuple[tuple[str, str], ...] = ()

    def set_farm(self, farm: FarmModel, now: float) -> None:
        """Show what needs attention now."""
        all_of_them = farm.attention
        shown = all_of_them[:ATTENTION_SHOWN]
        self.setVisible(bool(shown))
        title = trn("{count} needs attention", "{count} need attention", len(all_of_them))
        self.title.setText(title)
        self.setAccessibleName(title)
        known = tuple((one.module, one.row.name) for one in shown)
        if known != self._known:
            self._known = known
            self._build(shown)
        for place, (line, one) in enumerate(zip(self.lines, shown, strict=True)):
            line.set_line(one, now, first=place == 0)
        rest = len(all_of_them) - len(shown)
        self._more.setVisible(rest > 0)
        self._more.setText(trn("and {count} more in the table", "and {count} more in the table", rest))

    def tick(self, now: float) -> None:
        """Another second."""
        for line in self.lines:
            line.tick(now)

    def _build(self, shown: tuple[Attention, ...]) -> None:
        for line in self.lines:
            self.body.removeWidget(line)
            line.hide()
            line.deleteLater()
        self.lines = [_Line(one) for one in shown]
        for place, line in enumerate(self.lines):
            line.wanted.connect(self.wanted)
            self.body.insertWidget(place, line)
