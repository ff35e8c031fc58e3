"""Windows that are gone at the end of a test: left to the garbage collector they may go in mid-repaint."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import shiboken6
from PySide6.QtWidgets import QApplication, QWidget

W = TypeVar("W", bound=QWidget)


@contextmanager
def shown(page: W, width: int = 1184, height: int = 852) -> Iterator[W]:
    """The page in a window of this size, in px."""
    page.resize(width, height)
    page.show()
    QApplication.processEvents()
    try:
        yield page
    finally:
        shiboken6.delete(page)
        gc.collect()
