"""The bar over every page: six tabs, Go to or run, and the bell with what is unread."""

from PySide6.QtCore import QEvent, QObject, QRect, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.viewmodels.goto_model import GotoModel
from app.viewmodels.text import tr
from app.views.go_to import GoTo
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Badge, IconButton, TabBar
from app.views.widgets.tabs import RING

HEIGHT = 49
TABS = ("monitoring", "details", "timeline", "test", "configuration", "support")


def tab_names() -> dict[str, str]:
    """The words of the six tabs by their keys, in the language in use."""
    return {
        "monitoring": tr("Monitoring"),
        "details": tr("Details"),
        "timeline": tr("Timeline"),
        "test": tr("Test"),
        "configuration": tr("Configuration"),
        "support": tr("Support"),
    }


class TopBar(QWidget):
    """Tabs at the left, Go to and the bell at the right. `chosen(key)`, `bell_pressed`."""

    chosen = Signal(str)
    bell_pressed = Signal()

    def __init__(self, goto_model: GotoModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.tabs = TabBar(height=HEIGHT - 1)
        self.tabs.setAccessibleName(tr("Pages"))
        names = tab_names()
        for key in TABS:
            self.tabs.add_tab(key, names[key], key)
        self.tabs.chosen.connect(self.chosen)
        self.go_to = GoTo(goto_model)
        self.bell = IconButton("bell", tr("Events"))
        self.bell.setFixedSize(32, 32)
        self.bell.clicked.connect(self.bell_pressed)
        self._unread = Badge()
        self._unread.setParent(self)
        self.bell.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(24 - RING, 0, 16, 1)
        row.setSpacing(4)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(self.go_to)
        row.addWidget(self.bell)

    def set_unread(self, count: int) -> None:
        """How many events nobody has looked at yet."""
        self._unread.set_count(count)
        self.bell.setAccessibleDescription(tr("{count} unread", count=count) if count else "")
        self._place()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in {QEvent.Type.Move, QEvent.Type.Resize}:
            self._place()
        return False

    def _place(self) -> None:
        size = self._unread.sizeHint()
        self._unread.setGeometry(self.bell.x() + 18, self.bell.y() + 1, size.width(), size.height())
        self._unread.raise_()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(Token.SURFACE))
        painter.fillRect(QRect(0, self.height() - 1, self.width(), 1), theme.colour(Token.BORDER))
        painter.end()
