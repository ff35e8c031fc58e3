"""Borders between the parts of a page stay where somebody dragged them, and never hide a part."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QSplitter
from pytestqt.qtbot import QtBot

from app.views.details.page import LOWER_BORDER, OUTPUT_BORDER
from app.views.timeline.page import EVENTS_BORDER
from tests.app.views.contoso import details_of, storied
from tests.app.views.test_details import shown as details
from tests.app.views.test_timeline_page import incident
from tests.app.views.test_timeline_page import shown as timeline


def drag(splitter: QSplitter, by: QPoint) -> None:
    """Move the border between its two parts by the mouse."""
    handle = splitter.handle(1)
    middle = handle.rect().center()
    QTest.mousePress(handle, Qt.MouseButton.LeftButton, pos=middle)
    QTest.mouseMove(handle, middle + by)
    QTest.mouseRelease(handle, Qt.MouseButton.LeftButton, pos=middle + by)
    QApplication.processEvents()


def test_borders_stay_where_they_were_dragged(qtbot: QtBot) -> None:
    _, page = details(qtbot, details_of(storied()), 1600, 1000)
    page.log.table.selectRow(4)
    QApplication.processEvents()
    drag(page._beside, QPoint(-80, 0))
    drag(page._below, QPoint(0, -60))
    width, height = page.output.width(), page.below.height()
    assert (width, height) != (0, 0)
    assert page._borders == {OUTPUT_BORDER: width, LOWER_BORDER: height}
    _, again = details(qtbot, details_of(storied()), 1600, 1000, dict(page._borders))
    again.log.table.selectRow(4)
    QApplication.processEvents()
    assert (again.output.width(), again.below.height()) == (width, height)
    _, small = details(qtbot, details_of(storied()), 1280, 720, {OUTPUT_BORDER: 5000, LOWER_BORDER: 5000})
    small.log.table.selectRow(4)
    QApplication.processEvents()
    assert small.log.width() >= small.log.minimumSizeHint().width()
    assert small._beside.height() >= small._beside.minimumSizeHint().height()


def test_the_border_above_the_events_stays_where_it_was_dragged(qtbot: QtBot) -> None:
    _, page = timeline(qtbot, incident(), 1280, 900)
    drag(page._split, QPoint(0, -40))
    height = page._split.sizes()[1]
    assert page._borders == {EVENTS_BORDER: height}
    _, again = timeline(qtbot, incident(), 1280, 900, borders={EVENTS_BORDER: height})
    assert again._split.sizes()[1] == height
    _, small = timeline(qtbot, incident(), 1280, 720, borders={EVENTS_BORDER: 5000})
    assert small._split.sizes()[0] >= small._split.widget(0).minimumSizeHint().height()
