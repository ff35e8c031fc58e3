"""The first page: three ways to a cluster, all in view at once. It is also what *Add cluster* shows."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout

from app.viewmodels.demo_farm import DemoFarm
from app.viewmodels.first_run import ConnectModel
from app.viewmodels.found_nodes import FoundNodes
from app.viewmodels.text import tr
from app.views.first_run_connect import ConnectCard
from app.views.first_run_found import DemoCard, FoundCard
from app.views.page import MARGIN, SCROLL_BAR, Page
from app.views.widgets import Button

TICK_MS = 500


class FirstRunPage(Page):
    """Connect at the left, Find and Demo at the right; in a narrow window these two stand below."""

    open_wanted = Signal()
    """The user wants to open snapshots, for which no cluster is needed."""
    help_topic = "first-run"

    def __init__(self, connect: ConnectModel, found: FoundNodes, demo: DemoFarm) -> None:
        super().__init__(tr("Welcome to Keepgreen"), tr("Choose one way in; the others stay under Add cluster"))
        self.connect_card = ConnectCard(connect)
        self.found_card = FoundCard(found, connect)
        self.demo_card = DemoCard(demo)
        self._side = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._side.setSpacing(16)
        self._side.addWidget(self.found_card)
        self._side.addWidget(self.demo_card)
        self._side.addStretch(1)
        left = QVBoxLayout()
        left.addWidget(self.connect_card)
        left.addStretch(1)
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._columns.setSpacing(16)
        self._columns.addLayout(left, 13)
        self._columns.addLayout(self._side, 7)
        self.body.addLayout(self._columns)
        self.body.addStretch(1)
        self.open = Button(tr("Open a snapshot…"), "snapshot")
        self.open.clicked.connect(self.open_wanted)
        self.add_button(self.open)
        self.folded.connect(self._fold)
        connect.changed.connect(self.fold_or_unfold)
        self._ticker = QTimer(self, interval=TICK_MS)
        self._ticker.timeout.connect(self._tick)

    def _fold(self, narrow: bool) -> None:
        down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
        self._columns.setDirection(down if narrow else across)
        self._side.setDirection(across if narrow else down)
        for at, card in enumerate((self.found_card, self.demo_card)):
            self._side.setStretch(at, 1 if narrow else 0)
            self._side.setAlignment(card, Qt.AlignmentFlag.AlignTop if narrow else Qt.AlignmentFlag(0))
        self._side.setStretch(2, 0 if narrow else 1)

    def minimumSizeHint(self) -> QSize:
        """What the stacked page needs: in a window too narrow for two columns they stand below each other."""
        hint = super().minimumSizeHint()
        stacked = max(self.connect_card.minimumSizeHint().width(), self._side_width()) + 2 * MARGIN
        return QSize(min(hint.width(), stacked), hint.height())

    def least_wide(self) -> int:
        """What two columns need: more in a language with longer words."""
        side = max(card.minimumSizeHint().width() for card in (self.found_card, self.demo_card))
        both = self.connect_card.minimumSizeHint().width() + self._columns.spacing() + side
        return max(super().least_wide(), both + 2 * MARGIN + SCROLL_BAR)

    def _side_width(self) -> int:
        """Of the two smaller cards side by side."""
        cards = (self.found_card, self.demo_card)
        return sum(card.minimumSizeHint().width() for card in cards) + self._side.spacing()

    def _tick(self) -> None:
        for card in (self.connect_card, self.found_card, self.demo_card):
            card.tick()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ticker.start()
        self.connect_card.focus_first()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._ticker.stop()
