"""Parts that the first run and the cluster page share: a sunken panel with words to compare, a sentence in red."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import IconLabel, Words
from app.views.widgets.layouts import emptied
from app.views.widgets.painting import paint_panel


class SunkenPanel(QFrame):
    """A ground of its own inside a card. `body` is its layout, at the right of the icon."""

    def __init__(self, icon: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 11, 16, 11)
        row.setSpacing(12)
        row.addWidget(IconLabel(icon, Token.TEXT2), 0, Qt.AlignmentFlag.AlignTop)
        self.body = QVBoxLayout()
        self.body.setSpacing(8)
        self.title = Words(title, fonts.BASE, strong=True, wrap=True)
        self.body.addWidget(self.title)
        row.addLayout(self.body, 1)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.SUNKEN, Token.DIVIDER, 6)
        painter.end()


class WordsPanel(SunkenPanel):
    """First contact: for each node the six words of its key, to be compared with what the server prints."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("key", "", parent)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.body.addLayout(self._grid)
        self._shown: tuple[tuple[str, str], ...] = ()

    def set_nodes(self, nodes: tuple[tuple[str, str], ...]) -> None:
        """(name, six words) of each node."""
        if nodes == self._shown:
            return
        self._shown = nodes
        self.title.setText(tr("First contact: compare with what “keepgreen fingerprint” prints on each server"))
        emptied(self._grid)
        for row, (name, words) in enumerate(nodes):
            self._grid.addWidget(Words(name, fonts.SIDE, Token.TEXT2), row, 0)
            label = Words("  ".join(words.split()), fonts.BASE, mono=True, wrap=True)
            label.setAccessibleName(f"{name}: {words}")
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, row, 1)


class Remedy(Words):
    """The sentence under a row that says what is likely to help."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, fonts.SIDE, Token.RED, parent, wrap=True)

    def set_sentence(self, text: str) -> None:
        """Says it, or takes no room."""
        self.setText(text)
        self.setVisible(bool(text))
