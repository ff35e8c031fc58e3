"""Notifications of the desktop, beside an icon in its system tray."""

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from app.viewmodels.notice import Notice
from app.viewmodels.text import tr

SHOWN_MS = 10_000


class Tray(QObject):
    """The icon is there from the first notification until `hide`. `opened` when the user answers to it."""

    opened = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None

    @staticmethod
    def reason() -> str:
        """Why this desktop shows none, "" when it does. Asks the desktop, so not for the start of the console."""
        return "" if QSystemTrayIcon.isSystemTrayAvailable() else tr("this desktop has no system tray")

    def tell(self, notice: Notice) -> None:
        """Show it, where there is a tray."""
        if self._icon is None:
            if self.reason():
                return
            self._icon = QSystemTrayIcon(QApplication.windowIcon(), self)
            self._icon.setToolTip("Keepgreen")
            self._icon.activated.connect(lambda _how: self.opened.emit())
            self._icon.messageClicked.connect(self.opened)
            self._icon.show()
        self._icon.showMessage(notice.title, notice.text, QSystemTrayIcon.MessageIcon.Warning, SHOWN_MS)

    def hide(self) -> None:
        """Take the icon away."""
        if self._icon is not None:
            self._icon.hide()
            self._icon.deleteLater()
            self._icon = None
