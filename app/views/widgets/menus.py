"""Menus of 32 px rows. What is not possible now stays, greyed, with the reason as its second line."""

from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QMenu, QSizePolicy, QWidget, QWidgetAction

from app.viewmodels.menus import Deed, MenuEntry
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import paint_panel, text_width

ROW = 32
ROW_WITH_REASON = 44
ICONS = {
    Deed.START: "start",
    Deed.RESTART: "restart",
    Deed.STOPSTART: "restart",
    Deed.STOP: "stop",
    Deed.FORCESTOP: "stop",
    Deed.PAUSE: "pause",
    Deed.RESUME: "start",
    Deed.OPEN_LOG: "log",
    Deed.SNAPSHOT: "snapshot",
    Deed.WHY: "info",
    Deed.BOOT_ON: "clock",
    Deed.BOOT_OFF: "clock",
    Deed.RETRY: "restart",
}
SHORTCUTS = {Deed.OPEN_LOG: "Enter", Deed.WHY: "F4", Deed.RETRY: "F5"}


class _Row(QWidget):
    """The painted row of one entry."""

    def __init__(self, action: QWidgetAction, entry: MenuEntry) -> None:
        super().__init__()
        self._action = action
        self._entry = entry
        deeds = {each.command.deed for each in (entry, *entry.children) if each.command}
        deed = deeds.pop() if len(deeds) == 1 else None
        self._icon = ICONS.get(deed, "") if deed else ""
        self._keys = SHORTCUTS.get(deed, "") if deed and not entry.children else ""
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(ROW if entry.enabled or not entry.reason else ROW_WITH_REASON)
        self.setAccessibleName(entry.text)
        self.setAccessibleDescription(entry.reason)
        self.setToolTip(entry.reason)

    def sizeHint(self) -> QSize:
        text = text_width(self._entry.text, theme.font(strong=True))
        reason = text_width(self._entry.reason, theme.font(fonts.SIDE)) if not self._entry.enabled else 0
        keys = text_width(self._keys, theme.font(fonts.SIDE))
        return QSize(max(40 + max(text + 24 + keys, reason) + 16, 200), self.height())

    def _menu(self) -> QMenu | None:
        parent = self.parentWidget()
        return parent if isinstance(parent, QMenu) else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        menu = self._menu()
        if menu is not None and self._entry.enabled and menu.activeAction() is not self._action:
            menu.setActiveAction(self._action)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A greyed row keeps the menu open: its reason is there to be read."""
        if self._entry.enabled and not self._entry.children and self.rect().contains(event.position().toPoint()):
            for menu in QApplication.topLevelWidgets():
                if isinstance(menu, Menu):
                    menu.close()
            self._action.trigger()
        event.accept()

    def leaveEvent(self, event: QEvent) -> None:
        self.update()
        super().leaveEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        menu = self._menu()
        if menu is not None and menu.activeAction() is self._action and self._entry.enabled:
            paint_panel(painter, self.rect(), Token.SELECTED, None, 4)
        ink = (Token.RED if self._entry.danger else Token.TEXT) if self._entry.enabled else Token.TEXT3
        if self._icon:
            icons.paint(painter, self._icon, ink, 12, 8)
        painter.setFont(theme.font())
        painter.setPen(theme.colour(ink))
        painter.drawText(QRect(40, 0, self.width(), ROW), Qt.AlignmentFlag.AlignVCenter, self._entry.text)
        painter.setFont(theme.font(fonts.SIDE))
        painter.setPen(theme.colour(Token.TEXT3))
        edge = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(0, 0, self.width() - 12, ROW), edge, self._keys)
        if self._entry.children:
            icons.paint(painter, "right", ink, self.width() - 24, 10, 12)
        if not self._entry.enabled and self._entry.reason:
            painter.drawText(QRect(40, 22, self.width() - 44, 18), Qt.AlignmentFlag.AlignVCenter, self._entry.reason)
        painter.end()


class Menu(QMenu):
    """A menu of entries; `Menu.from_entries(entries, chosen)` calls `chosen(entry)` for the one picked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowFlag(Qt.WindowType.NoDropShadowWindowHint)
        self.setToolTipsVisible(True)
        self.hovered.connect(lambda _action: self._repaint_rows())

    @classmethod
    def from_entries(
        cls, entries: Iterable[MenuEntry], chosen: Callable[[MenuEntry], None], parent: QWidget | None = None
    ) -> "Menu":
        """A menu with a row per entry, and menus beside it for those with children."""
        menu = cls(parent)
        for entry in entries:
            if entry.separated:
                menu.addSeparator()
            menu.add_entry(entry, chosen)
        return menu

    def add_entry(self, entry: MenuEntry, chosen: Callable[[MenuEntry], None]) -> None:
        """One more row at the end."""
        action = QWidgetAction(self)
        action.setText(entry.text)
        action.setEnabled(entry.enabled)
        action.setToolTip(entry.reason)
        action.setDefaultWidget(_Row(action, entry))
        if entry.children:
            action.setMenu(Menu.from_entries(entry.children, chosen, self))
        else:
            action.triggered.connect(lambda _checked=False: chosen(entry))
        self.addAction(action)

    def open_under(self, button: QWidget) -> None:
        """Opens once below a button, aligned with its right edge where it would leave the window."""
        place = button.mapToGlobal(QPoint(0, button.height() + 4))
        room = button.window().mapToGlobal(QPoint(button.window().width(), 0)).x()
        width = self.sizeHint().width()
        if place.x() + width > room:
            place.setX(button.mapToGlobal(QPoint(button.width(), 0)).x() - width)
        self.open_at(place)

    def open_at(self, place: QPoint) -> None:
        """Opens at a place of the screen, once: closed it is deleted."""
        self.aboutToHide.connect(self.deleteLater)
        self.popup(place)

    def _repaint_rows(self) -> None:
        for row in self.findChildren(_Row):
            row.update()
