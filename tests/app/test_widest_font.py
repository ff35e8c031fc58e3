"""The frame still fits 1280 × 720 with the widest font it may meet, in the longer language."""

import json
import os
import subprocess
import sys

PROBE = """
import json
from PySide6.QtGui import QFontInfo
from PySide6.QtWidgets import QApplication
from app.viewmodels.goto_model import GotoModel
from app.viewmodels.sidebar_model import SidebarModel
from app.viewmodels.text import use_language
from app.views import fonts
from app.views.theme import theme
fonts.WINDOWS = fonts.ELSEWHERE = (("DejaVu Sans",), ("DejaVu Sans Mono",))
app = QApplication([])
use_language("fr")
theme.apply(app, "light")
from app.views.help_page import HelpPage
from app.views.main_window import MainWindow
from app.views.settings import SettingsPage
window = MainWindow(SidebarModel(), GotoModel())
window.add_page("help", HelpPage())
window.add_page("settings", SettingsPage("light", "fr", False, {"Version": "1.0"}))
hint = window.minimumSizeHint()
bar = window.top_bar.minimumSizeHint()
print(json.dumps([QFontInfo(theme.font()).family(), hint.width(), hint.height(), bar.width()]))
"""


def test_the_frame_fits_with_the_widest_font() -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    _family, width, height, bar = json.loads(done.stdout)
    assert (width, height) <= (1280, 720)
    assert height <= 720
    assert bar <= 1280 - 256
