"""Words: a label with a size, a weight and a colour from the theme, and an icon as a label."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token


class Words(QLabel):
    """A label. `wrap` breaks lines; with `cut` it is elided at the end and the tooltip has the whole."""

    def __init__(
        self,
        text: str = "",
        size: int = fonts.BASE,
        token: Token = Token.TEXT,
        parent: QWidget | None = None,
        *,
        strong: bool = False,
        wrap: bool = False,
        cut: bool = False,
        mono: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self._token = token
        self._cut = cut
        self._whole = ""
        """What the tooltip says because it is cut."""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(theme.font(size, strong=strong, mono=mono))
        self.setWordWrap(wrap)
        self._paint()

    def set_token(self, token: Token) -> None:
        """Another colour."""
        if token is not self._token:
            self._token = token
            self._paint()

    def _paint(self) -> None:
        palette = self.palette()
        colour = theme.colour(self._token)
        if palette.color(QPalette.ColorRole.WindowText) != colour:
            palette.setColor(QPalette.ColorRole.WindowText, colour)
            self.setPalette(palette)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_token"):
            self._paint()
        super().changeEvent(event)

    def minimumSizeHint(self) -> QSize:
        hint = super().minimumSizeHint()
        return QSize(24, hint.height()) if self._cut else hint

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._cut:
            super().paintEvent(event)
            return
        painter = QPainter(self)
        painter.setPen(theme.colour(self._token))
        shown = self.shown()
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | self.alignment(), shown)
        painter.end()
        whole = self.text() if shown != self.text() else ""
        if whole != self._whole:
            self._whole = whole
            self.setToolTip(whole)

    def shown(self) -> str:
        """The text as it is read now; with `cut` perhaps only its beginning."""
        if not self._cut:
            return self.text()
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())


class IconLabel(QWidget):
    """An icon that is not pressed; `name` for a screen reader where it says more than the words beside it."""

    def __init__(
        self, icon: str, token: Token = Token.TEXT2, size: int = 16, parent: QWidget | None = None, *, name: str = ""
    ) -> None:
        super().__init__(parent)
        self._icon = icon
        self._token = token
        self._size = size
        self.setFixedSize(size, size)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)

    def set_icon(self, icon: str, token: Token | None = None) -> None:
        """Another icon, in another colour where one is given."""
        self._icon = icon
        self._token = token or self._token
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        icons.paint(painter, self._icon, self._token, 0, 0, self._size)
        painter.end()
