"""What stands above every page of a snapshot, so that nobody takes it for a live cluster."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout

from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, IconLabel, Words
from app.views.widgets.painting import paint_panel


class SnapshotBand(QFrame):
    """One line: of whom, from when, what is missing; and the way out, `close_wanted`."""

    close_wanted = Signal()

    def __init__(self, title: str, missing: str) -> None:
        super().__init__()
        self.setFixedHeight(40)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(IconLabel("snapshot", Token.LINK))
        self.title = Words(title, fonts.BASE, strong=True, cut=True)
        self.missing = Words(missing, fonts.SIDE, Token.TEXT2, cut=True)
        self.missing.setToolTip(missing)
        row.addWidget(self.title, 0 if missing else 1)
        row.addWidget(self.missing, 1 if missing else 0)
        self.missing.setVisible(bool(missing))
        self.close_button = Button(tr("Close the snapshot"), dense=True)
        self.close_button.clicked.connect(self.close_wanted)
        row.addWidget(self.close_button)
        self.setAccessibleName(title)
        self.setAccessibleDescription(missing)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.ACCENT_BG, Token.ACCENT_LINE, 8)
        painter.end()
