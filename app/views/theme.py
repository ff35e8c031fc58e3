"""The theme in force: which colour table, the palette and style sheet built from it, reduced motion."""

from enum import StrEnum
from functools import lru_cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from app.views import fonts
from app.views.style_sheet import style_sheet
from app.views.tokens import DARK, LIGHT, Token


class Mode(StrEnum):
    """What the user chose; `SYSTEM` follows the desktop where it tells, else light."""

    LIGHT = "light"
    DARK = "dark"
    SYSTEM = "system"


class Theme(QObject):
    """The one theme of the process. `changed` comes after palette and style sheet are in force."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.mode = Mode.LIGHT
        self.reduced_motion = False
        self._table = LIGHT
        self._application: QApplication | None = None

    @property
    def dark(self) -> bool:
        """Whether the dark table is in force."""
        return self._table is DARK

    def colour(self, token: Token) -> QColor:
        """The colour a token has now."""
        return _colour(self._table[token])

    def font(self, size: int = fonts.BASE, *, strong: bool = False, medium: bool = False, mono: bool = False) -> QFont:
        """A font of the interface: `size` in pixels, `strong` is weight 600, `medium` 500."""
        weight = fonts.STRONG if strong else fonts.MEDIUM if medium else fonts.PLAIN
        return fonts.font(size, weight, mono=mono)

    def apply(self, application: QApplication, mode: Mode | str) -> None:
        """Puts a mode in force, at the start and while running."""
        self.mode = Mode(mode)
        if self._application is not application:
            self._application = application
            application.setStyle("Fusion")
            fonts.load()
            application.setFont(self.font())
            application.styleHints().colorSchemeChanged.connect(self._system_changed)
        self._table = DARK if self._wants_dark(application) else LIGHT
        application.setPalette(self._palette())
        application.setStyleSheet(style_sheet({token.value: colour for token, colour in self._table.items()}))
        self.changed.emit()

    def _wants_dark(self, application: QApplication) -> bool:
        if self.mode is not Mode.SYSTEM:
            return self.mode is Mode.DARK
        return application.styleHints().colorScheme() is Qt.ColorScheme.Dark

    def _system_changed(self) -> None:
        if self._application is not None and self.mode is Mode.SYSTEM:
            self.apply(self._application, Mode.SYSTEM)

    def _palette(self) -> QPalette:
        role = QPalette.ColorRole
        made = QPalette()
        for which, token in (
            (role.Window, Token.WINDOW),
            (role.WindowText, Token.TEXT),
            (role.Base, Token.SURFACE),
            (role.AlternateBase, Token.SUNKEN),
            (role.Text, Token.TEXT),
            (role.Button, Token.SURFACE),
            (role.ButtonText, Token.TEXT),
            (role.BrightText, Token.ON_ACCENT),
            (role.ToolTipBase, Token.RAISED),
            (role.ToolTipText, Token.TEXT),
            (role.PlaceholderText, Token.TEXT3),
            (role.Highlight, Token.SELECTED),
            (role.HighlightedText, Token.TEXT),
            (role.Link, Token.LINK),
            (role.LinkVisited, Token.LINK),
            (role.Mid, Token.BORDER),
            (role.Midlight, Token.DIVIDER),
            (role.Dark, Token.FIELD),
            (role.Light, Token.SURFACE),
            (role.Shadow, Token.BORDER),
            (role.Accent, Token.ACCENT),
        ):
            made.setColor(which, self.colour(token))
        for which in (role.WindowText, role.Text, role.ButtonText):
            made.setColor(QPalette.ColorGroup.Disabled, which, self.colour(Token.TEXT3))
        return made


@lru_cache(maxsize=128)
def _colour(value: str) -> QColor:
    return QColor(value)


theme = Theme()
