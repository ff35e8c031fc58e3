"""Own icons: SVG on a 16 grid, tinted from the theme, rendered at the ratio of the screen."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from app.resource_files import resource
from app.views.theme import theme
from app.views.tokens import Token

INK = "currentColor"


@lru_cache(maxsize=256)
def _source(name: str) -> str:
    return resource(f"icons/{name}.svg").read_text(encoding="utf-8")


@lru_cache(maxsize=512)
def _renderer(name: str, colour: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace(INK, colour).encode()))


@lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, ratio: float) -> QPixmap:
    made = QPixmap(round(size * ratio), round(size * ratio))
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _renderer(name, colour).render(painter, QRectF(0, 0, size, size))
    painter.end()
    return made


def pixmap(name: str, token: Token = Token.TEXT2, size: int = 16, ratio: float | None = None) -> QPixmap:
    """The icon as a pixmap of `size` device-independent pixels. Without `ratio` that of the sharpest screen."""
    if ratio is None:
        application = QGuiApplication.instance()
        ratio = application.devicePixelRatio() if isinstance(application, QGuiApplication) else 1.0
    return _pixmap(name, theme.colour(token).name(), size, ratio)


def paint(painter: QPainter, name: str, token: Token, x: float, y: float, size: int = 16) -> None:
    """Draws the icon with its upper left corner at x, y, sharp on the device that is painted on."""
    ratio = painter.device().devicePixelRatioF() if painter.device() else 1.0
    painter.drawPixmap(round(x), round(y), pixmap(name, token, size, ratio))


def icon(name: str, token: Token = Token.TEXT2, size: int = 16) -> QIcon:
    """The icon for parts of Qt that want a QIcon, with a greyed version for what is not possible now."""
    made = QIcon(pixmap(name, token, size))
    made.addPixmap(pixmap(name, Token.TEXT3, size), QIcon.Mode.Disabled)
    return made
