"""Details by mouse and keyboard, and how it looks."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.details import DetailsModel
from app.views.details.page import DetailsPage
from app.views.main_window import MainWindow
from tests.app.conftest import Look
from tests.app.viewmodels.farms import FakeSession
from tests.app.views.contoso import details_of, storied, window_of


def shown(qtbot: QtBot, model: DetailsModel, width: int = 1280, height: int = 720) -> tuple[MainWindow, DetailsPage]:
    window = window_of(qtbot, model.session, width, height)
    page = DetailsPage(model)
    window.add_page("details", page)
    window.show_page("details")
    window.show()
    with qtbot.waitActive(window):
        window.activateWindow()
    return window, page


def test_in_every_look(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    window, page = shown(qtbot, details_of(storied()), look.width, look.height)
    shot(window, f"details-{look.name}")
    page.log.table.selectRow(4)
    shot(window, f"details-output-{look.name}")
    page.show_why()
    page.turn.click()
    shot(window, f"details-why-{look.name}")
    hint = page.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 672
