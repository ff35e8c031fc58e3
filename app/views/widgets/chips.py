"""Chips that filter, and the badge with a count."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QWidget

from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import paint_panel, text_width


class Chip(QPushButton):
    """A filter that is on or off: word, and how many it concerns (or "off"). `fold` leaves the first letter."""

    def __init__(self, text: str, figure: str = "", checked: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._figure = figure
        self._folded = False
        self.setCheckable(True)
        self.setChecked(checked)
        self.setAutoDefault(False)
        self.setAccessibleDescription(figure)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def set_figure(self, figure: str) -> None:
        """The count behind the word."""
        if figure != self._figure:
            self._figure = figure
            self.setAccessibleDescription(figure)
            self.updateGeometry()
            self.update()

    def fold(self, folded: bool) -> None:
        """The first letter instead of the word, for narrow windows."""
        self._folded = folded
        self.setToolTip(self.text() if folded else "")
        self.updateGeometry()
        self.update()

    def _word(self) -> str:
        return self.text()[:1] if self._folded else self.text()

    def sizeHint(self) -> QSize:
        width = 24 + text_width(self._word(), theme.font(fonts.SIDE, strong=True))
        if self._figure:
            width += 6 + text_width(self._figure, theme.font(fonts.SIDE))
        return QSize(width, 28)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        on = self.isChecked()
        ground = Token.ACCENT_BG if on else (Token.HOVER if self.underMouse() else None)
        paint_panel(painter, self.rect(), ground, Token.ACCENT_LINE if on else Token.BORDER)
        font = theme.font(fonts.SIDE, strong=on)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT if on else Token.TEXT3))
        width = text_width(self._word(), font)
        painter.drawText(QRect(12, 0, width + 2, self.height()), Qt.AlignmentFlag.AlignVCenter, self._word())
        painter.setFont(theme.font(fonts.SIDE))
        painter.setPen(theme.colour(Token.TEXT2 if on else Token.TEXT3))
        box = QRect(12 + width + 6, 0, self.width(), self.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, self._figure)
        painter.end()


class Badge(QLabel):
    """A count in a filled disc: blue for what is unread, red (`error`) for what is wrong. Hidden at 0."""

    def __init__(self, count: int = 0, parent: QWidget | None = None, *, error: bool = False, name: str = "") -> None:
        super().__init__(parent)
        self._error = error
        self._name = name
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.set_count(count)

    def set_count(self, count: int, name: str = "") -> None:
        """Shows another count; above 99 it says 99+."""
        self._name = name or self._name
        self.setText(str(count) if count < 100 else "99+")
        self.setAccessibleName(self._name or self.text())
        self.setVisible(count > 0)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(max(16, 10 + text_width(self.text(), theme.font(fonts.SMALL, strong=True))), 16)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_panel(painter, self.rect(), Token.RED if self._error else Token.ACCENT, None, 8)
        painter.setFont(theme.font(fonts.SMALL, strong=True))
        painter.setPen(theme.colour(Token.SURFACE if self._error else Token.ON_ACCENT))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()
