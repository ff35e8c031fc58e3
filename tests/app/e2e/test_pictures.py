"""`dev.py screenshots`: the console as a program makes a picture of each page in the look asked for, and ends."""

from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.views.tokens import DARK, Token
from tests.app.e2e.pictures import picture
from tests.app.e2e.test_console import SILENT


@pytest.mark.timeout(90)
def test_a_picture_of_each_page_in_this_look(tmp_path: Path) -> None:
    shots = picture(tmp_path, "dark", "fr", "1280x720", clusters=(SILENT,))
    names = [path.name for path in sorted(shots.iterdir())]
    assert names == [
        "01-configuration.cluster.png",
        "02-first_run.png",
        "03-events.png",
        "04-settings.png",
        "05-help.png",
    ]
    for name in names:
        image = QImage(str(shots / name))
        assert (image.width(), image.height()) == (1280, 720), name
        assert image.pixelColor(4, 400).name() == DARK[Token.SIDEBAR].lower(), name
