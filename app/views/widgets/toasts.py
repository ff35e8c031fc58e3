"""Toasts at the bottom right: they never take the focus, and the same text stays in Events."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets.buttons import IconButton, LinkButton
from app.views.widgets.labels import Words
from app.views.widgets.painting import paint_panel, paint_silhouette

SHOWN_MS = 6000
MOST = 3
WIDTH = 328
HEIGHT = 56
MARGIN = 24
GAP = 8


class Toast(QFrame):
    """One message: silhouette, a strong line, a side fact, perhaps a link. It leaves by itself after 6 s."""

    gone = Signal(object)

    def __init__(
        self,
        silhouette: Silhouette,
        title: str,
        facts: str = "",
        link: str = "",
        open_link: Callable[[], None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._silhouette = silhouette
        self.setFixedSize(WIDTH, HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(Words(title, fonts.BASE, strong=True, cut=True))
        if facts:
            words.addWidget(Words(facts, fonts.SIDE, Token.TEXT2, cut=True))
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(44, 0, 8, 0)
        row.setSpacing(8)
        row.addLayout(words, 1)
        if link and open_link is not None:
            button = LinkButton(link, base=True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(open_link)
            row.addWidget(button)
        close = IconButton("cross", tr("Close"))
        close.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        close.clicked.connect(self.close)
        row.addWidget(close)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(f"{title}. {facts}" if facts else title)
        QTimer.singleShot(SHOWN_MS, self, self.close)

    def closeEvent(self, event: QCloseEvent) -> None:
        super().closeEvent(event)
        self.gone.emit(self)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.RAISED, Token.BORDER, 8)
        paint_silhouette(painter, 16, (self.height() - 16) / 2, 16, self._silhouette)
        painter.end()


class ToastArea(QObject):
    """The place of the toasts of one window: at most three, the oldest leaves first.

    `fixed_bottom` tells how much at the foot of the window must stay free: no toast covers a button to press.
    """

    def __init__(self, window: QWidget, fixed_bottom: Callable[[], int] = lambda: 0) -> None:
        super().__init__(window)
        self._fixed_bottom = fixed_bottom
        self._window = window
        self._toasts: list[Toast] = []
        window.installEventFilter(self)

    def show_toast(
        self,
        silhouette: Silhouette,
        title: str,
        facts: str = "",
        link: str = "",
        open_link: Callable[[], None] | None = None,
    ) -> Toast:
        """Shows a message above the others."""
        toast = Toast(silhouette, title, facts, link, open_link, self._window)
        self._toasts.append(toast)
        toast.gone.connect(self._gone)
        for old in self._toasts[:-MOST]:
            old.close()
        self._toasts = self._toasts[-MOST:]
        toast.show()
        self._place()
        return toast

    def _gone(self, toast: Toast) -> None:
        self._toasts = [other for other in self._toasts if other is not toast]
        self._place()

    def _place(self) -> None:
        bottom = self._window.height() - MARGIN - self._fixed_bottom()
        for toast in reversed(self._toasts):
            toast.move(self._window.width() - WIDTH - MARGIN, bottom - HEIGHT)
            toast.raise_()
            bottom -= HEIGHT + GAP

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._window and event.type() in {QEvent.Type.Resize, QEvent.Type.LayoutRequest}:
            self._place()
        return False
