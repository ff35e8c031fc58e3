"""Buttons: one filled for a page, plain, quiet, dangerous, toggles, icons alone and links."""

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QEnterEvent, QKeySequence, QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QWidget

from app.viewmodels.text import labelled
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import paint_panel, text_width
from app.views.widgets.possible import grey, keep_focus

HEIGHT = 32
DENSE_HEIGHT = 28


class Button(QPushButton):
    """A bordered button of 32 px (28 when `dense`).

    `danger` writes in red, `quiet` leaves the border away, `menu` adds the arrow down, `badge` a count or a few
    words in a pill behind the text. `set_possible(False, reason)` greys it with the reason as tooltip.
    """

    def __init__(
        self,
        text: str,
        icon: str = "",
        parent: QWidget | None = None,
        *,
        danger: bool = False,
        quiet: bool = False,
        menu: bool = False,
        dense: bool = False,
    ) -> None:
        super().__init__(text, parent)
        self._icon = icon
        self._danger = danger
        self._quiet = quiet
        self._menu = menu
        self._badge = ""
        self._name = ""
        """What the tooltip says first: the words of a folded button, the name of an icon."""
        self._keys = QKeySequence()
        self._reason = ""
        self._folded = False
        self._height = DENSE_HEIGHT if dense else HEIGHT
        self.setFont(theme.font(medium=True))
        self.setAutoDefault(False)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def set_icon_name(self, icon: str) -> None:
        """Another icon before the text; empty for none."""
        self._icon = icon
        self.updateGeometry()
        self.update()

    def set_badge(self, badge: str) -> None:
        """A few words in a pill behind the text, "1 problem"; empty for none."""
        self._badge = badge
        self._explain()
        self.updateGeometry()
        self.update()

    def set_keys(self, keys: str) -> None:
        """The shortcut that its page listens to, "Ctrl+S", to be told in the tooltip.

        A shortcut of the button itself would click 100 ms late, and twice in that time only once.
        """
        self._keys = QKeySequence(keys)
        self._explain()

    def set_possible(self, possible: bool, reason: str = "") -> None:
        """Greys the button with the reason why it cannot be pressed now, or frees it."""
        if not possible:
            keep_focus(self)
        self.setEnabled(possible)
        self._reason = "" if possible else reason
        self._explain()

    def fold(self, folded: bool) -> None:
        """Shows the icon alone with the text as tooltip, for narrow windows. Without an icon it stays as it is."""
        if folded is self._folded or not self._icon:
            return
        self._folded = folded
        self._name, words = (self.text(), "") if folded else ("", self._name)
        self.setAccessibleName(self._name)
        self.setText(words)
        self._explain()

    def _explain(self) -> None:
        """The tooltip: name, shortcut, and why it cannot be pressed now."""
        if self._reason:
            self.setToolTip(labelled(self._name, self._reason))
        else:
            keys = self._keys.toString(QKeySequence.SequenceFormat.NativeText)
            self.setToolTip(f"{self._name} ({keys})" if self._name and keys else self._name or keys)
        self.setAccessibleDescription(self._reason or self._badge)

    def sizeHint(self) -> QSize:
        if not self.text() and self._icon and not self._menu:
            return QSize(self._height, self._height)
        width = (34 if self._icon else 13) + text_width(self.text(), self.font())
        width += 29 if self._menu else 16 if self._icon else 13
        if self._badge:
            width += 22 + text_width(self._badge, theme.font(fonts.SMALL, strong=True))
        return QSize(width, self._height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.update()
        super().enterEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in {QEvent.Type.EnabledChange, QEvent.Type.FontChange}:
            self.updateGeometry()
        super().changeEvent(event)

    def _colours(self) -> tuple[Token | None, Token | None, Token]:
        """Ground, edge and ink in the present condition."""
        pressed = self.isDown() or self.underMouse()
        if not self.isEnabled():
            return (None if self._quiet else Token.SUNKEN), (None if self._quiet else Token.BORDER), Token.TEXT3
        if self.isChecked():
            return Token.ACCENT_BG, Token.ACCENT_LINE, Token.LINK
        if self._danger:
            return (Token.RED_BG if pressed else Token.RAISED), Token.RED_LINE, Token.RED
        if self._quiet:
            return (Token.HOVER if pressed else None), None, Token.TEXT2
        return (Token.HOVER if pressed else Token.RAISED), Token.GREY_LINE, Token.TEXT

    def paintEvent(self, _event: QPaintEvent) -> None:
        ground, edge, ink = self._colours()
        painter = QPainter(self)
        box = self.rect()
        paint_panel(painter, box, ground, edge)
        painter.setFont(self.font())
        x = max((box.width() - self.sizeHint().width()) // 2, 0)
        if self._icon:
            alone = not self.text() and not self._menu
            left = (box.width() - 16) // 2 if alone else x + 13
            icons.paint(painter, self._icon, ink, left, (box.height() - 16) // 2)
        x += 34 if self._icon else 13
        painter.setPen(theme.colour(ink))
        room = text_width(self.text(), self.font())
        painter.drawText(QRect(x, 0, room + 2, box.height()), Qt.AlignmentFlag.AlignVCenter, self.text())
        x += room
        if self._menu:
            icons.paint(painter, "down", ink, x + 5, (box.height() - 12) // 2, 12)
        if self._badge:
            self._paint_badge(painter, x + 8)
        painter.end()

    def _paint_badge(self, painter: QPainter, x: int) -> None:
        font = theme.font(fonts.SMALL, strong=True)
        box = QRect(x, (self.height() - 18) // 2, text_width(self._badge, font) + 14, 18)
        paint_panel(painter, box, Token.RED_BG, Token.RED_LINE, 9)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.RED))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._badge)


class PrimaryButton(Button):
    """The one filled button of a page: the remedy of the worst thing in view. `set_filled(False)` makes it plain."""

    def __init__(self, text: str, icon: str = "", parent: QWidget | None = None, *, dense: bool = False) -> None:
        super().__init__(text, icon, parent, dense=dense)
        self._filled = True
        self.setFont(theme.font(strong=True))

    def set_filled(self, filled: bool) -> None:
        """Filled only while it is the remedy of the worst thing in view."""
        self._filled = filled
        self.setFont(theme.font(strong=filled, medium=not filled))
        self.update()

    def _colours(self) -> tuple[Token | None, Token | None, Token]:
        if not self._filled or not self.isEnabled():
            return super()._colours()
        return Token.ACCENT, None, Token.ON_ACCENT

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._filled and self.isEnabled() and (self.underMouse() or self.isDown()):
            painter = QPainter(self)
            # The pointer is answered by an edge: a lighter ground would fall under the contrast of the text.
            paint_panel(painter, self.rect(), None, Token.LINK, 6, 2)
            painter.end()


class ToggleButton(Button):
    """A button that stays pressed, "XML beside"."""

    def __init__(self, text: str, icon: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, icon, parent)
        self.setCheckable(True)


class IconButton(Button):
    """An icon alone, without border; `name` is what it does, as tooltip and for a screen reader."""

    def __init__(self, icon: str, name: str, shortcut: str = "", parent: QWidget | None = None) -> None:
        super().__init__("", icon, parent, quiet=True, dense=True)
        self.set_name(name, shortcut)

    def set_name(self, name: str, shortcut: str = "") -> None:
        """Names what the button does."""
        self._name = name
        self.setAccessibleName(name)
        self.set_keys(shortcut)


class LinkButton(QPushButton):
    """Words that can be pressed, in the colour of links; 12 px unless `base`."""

    def __init__(self, text: str, parent: QWidget | None = None, *, base: bool = False) -> None:
        super().__init__(text, parent)
        self.setFont(theme.font(fonts.BASE if base else fonts.SIDE))
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAutoDefault(False)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def set_possible(self, possible: bool, reason: str = "") -> None:
        """Greys the words with the reason, or frees them."""
        grey(self, possible, reason)

    def sizeHint(self) -> QSize:
        return QSize(text_width(self.text(), self.font()) + 4, 24)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self.font()
        font.setUnderline(self.underMouse() and self.isEnabled())
        painter.setFont(font)
        painter.setPen(theme.colour(Token.LINK if self.isEnabled() else Token.TEXT3))
        painter.drawText(self.rect().adjusted(2, 0, 2, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()
