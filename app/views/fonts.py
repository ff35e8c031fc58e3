"""The type of the console: families per platform, sizes in device-independent pixels, tabular figures."""

import sys
from functools import lru_cache

from PySide6.QtGui import QFont, QFontDatabase

from app.resource_files import resource

WINDOWS = ("Segoe UI", "Inter", "DejaVu Sans"), ("Cascadia Mono", "Consolas", "JetBrains Mono", "DejaVu Sans Mono")
ELSEWHERE = ("Inter", "DejaVu Sans"), ("JetBrains Mono", "DejaVu Sans Mono")

SMALL = 11
SIDE = 12
BASE = 13
PANEL = 14
MODULE = 15
PAGE = 18
FIGURE = 24
PLAIN = QFont.Weight.Normal
MEDIUM = QFont.Weight.Medium
STRONG = QFont.Weight.DemiBold


def load() -> None:
    """Makes the bundled fonts known to Qt. A font that cannot be read is left out: the next family serves."""
    for path in sorted(resource("fonts").glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(path))


@lru_cache(maxsize=64)
def _font(size: int, weight: QFont.Weight, mono: bool) -> QFont:
    families = WINDOWS if sys.platform == "win32" else ELSEWHERE
    made = QFont()
    made.setFamilies(families[1] if mono else families[0])
    made.setPixelSize(size)
    made.setWeight(weight)
    if mono:
        made.setStyleHint(QFont.StyleHint.Monospace)
        # Ligatures would show `!=` in a script as one sign that nobody typed.
        made.setFeature(QFont.Tag("calt"), 0)
    else:
        made.setFeature(QFont.Tag("tnum"), 1)
    return made


def font(size: int = BASE, weight: QFont.Weight = PLAIN, *, mono: bool = False) -> QFont:
    """A font of the interface with tabular figures, or the fixed-width one; `size` in pixels."""
    return _font(size, weight, mono)
