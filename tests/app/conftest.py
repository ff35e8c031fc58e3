"""The console's tests: a real QApplication on the offscreen platform, with theme and fonts, and pictures."""

import asyncio
import gc
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("QT_API", "pyside6")

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.viewmodels.text import use_language
from app.views.theme import theme
from app.views.widgets.focus_ring import FocusRing
from tests.app.legible import illegible

SHOTS = Path(os.environ.get("KEEPGREEN_SHOTS", "") or Path(tempfile.gettempdir(), "shots"))


def _qasync_loop() -> asyncio.AbstractEventLoop:
    from app.main import event_loop

    application = QApplication.instance() or QApplication([])
    assert isinstance(application, QApplication)
    return event_loop(application)


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Async tests with a window run on the loop of Qt, the others on a plain one."""
    del config
    with_window = "qapp" in getattr(item, "fixturenames", ()) or "qtbot" in getattr(item, "fixturenames", ())
    return {"qt": _qasync_loop} if with_window else {"plain": asyncio.new_event_loop}


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    """The application with theme, fonts and focus ring, as the console starts it."""
    qapp.setQuitOnLastWindowClosed(False)
    theme.reduced_motion = True
    theme.apply(qapp, "light")
    FocusRing(qapp)
    return qapp


@pytest.fixture(autouse=True, scope="module")
def swept() -> Iterator[None]:
    """What belongs to Qt is collected in its own thread, never in one that this test or a later one starts."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def nothing_left_on_screen(request: pytest.FixtureRequest) -> Iterator[None]:
    """A window that outlives its test is styled anew with every later change of theme: the suite would crawl."""
    yield
    if "qapp" not in request.fixturenames and "qtbot" not in request.fixturenames:
        return
    for widget in QApplication.topLevelWidgets():
        widget.hide()
        widget.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@dataclass(frozen=True)
class Look:
    """A theme, a size of the window and a language, in force for one test."""

    mode: str
    width: int
    height: int
    language: str

    @property
    def name(self) -> str:
        """For the name of a picture, `light-1280x720-en`."""
        return f"{self.mode}-{self.width}x{self.height}-{self.language}"


LOOKS = (
    Look("light", 1280, 720, "en"),
    Look("dark", 1280, 720, "fr"),
    Look("light", 1440, 900, "en"),
    Look("dark", 1440, 900, "fr"),
    Look("light", 1920, 1080, "fr"),
    Look("dark", 1920, 1080, "en"),
)


@pytest.fixture(params=LOOKS, ids=lambda look: look.name)
def look(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[Look]:
    """Every theme and size in turn; the window is made by the test after the look is in force."""
    chosen: Look = request.param
    theme.apply(qapp, chosen.mode)
    use_language(chosen.language)
    yield chosen
    use_language("en")
    theme.apply(qapp, "light")


@pytest.fixture
def shot(qapp: QApplication) -> Callable[[QWidget, str], Path]:
    """`shot(widget, name)` saves what the widget shows as a picture and returns its path; all of it can be read."""

    def save(widget: QWidget, name: str) -> Path:
        widget.show()
        for _ in range(3):
            qapp.sendPostedEvents(None, QEvent.Type.LayoutRequest.value)
            qapp.processEvents()
        SHOTS.mkdir(parents=True, exist_ok=True)
        path = SHOTS / f"{name}.png"
        assert widget.grab().save(str(path)), f"{path} was not written"
        assert not (faults := illegible(widget)), "\n".join((name, *faults))
        return path

    return save
