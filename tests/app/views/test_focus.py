"""Where the focus goes when what had it is greyed or gone: never into the next field by chance."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.cluster_apply import Phase
from app.viewmodels.module_fields import Tab
from app.views.page import Page
from app.views.widgets import AskSheet, Button, Field
from tests.app.viewmodels.connecting import settled, until
from tests.app.views.test_cluster_page import Bench
from tests.app.views.test_module_page import opened
from tests.app.views.windows import shown


def activate(qtbot: QtBot, window: QWidget) -> None:
    """The focus is where the keys go."""
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)


@pytest.fixture
def form(qtbot: QtBot) -> Iterator[tuple[Button, Field]]:
    """A button to press, and a field that comes next."""
    window = QWidget()
    column = QVBoxLayout(window)
    button, field = Button("Save and apply"), Field("Pulse")
    column.addWidget(button)
    column.addWidget(field)
    with shown(window, 400, 200):
        activate(qtbot, window)
        button.setFocus()
        assert QApplication.focusWidget() is button
        yield button, field


def test_a_button_that_is_greyed_keeps_the_focus_around_it(form: tuple[Button, Field]) -> None:
    button, field = form
    button.set_possible(False, "an apply waits for its confirmation")
    assert QApplication.focusWidget() is button.parentWidget()
    button.set_possible(True)
    QTest.keyClick(button.parentWidget(), Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is button
    QTest.keyClick(button, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is field.line


def test_an_answered_question_gives_the_focus_back(qtbot: QtBot) -> None:
    page, field = Page("Contoso"), Field("Pulse")
    page.body.addWidget(field)
    with shown(page):
        activate(qtbot, page)
        field.line.setFocus()
        sheet = AskSheet("No node will answer.", "", "Stop", "Leave it as it is")
        page.ask(sheet)
        assert QApplication.focusWidget() is sheet.back_button
        QTest.mouseClick(sheet.back_button, Qt.MouseButton.LeftButton)
        assert QApplication.focusWidget() is field.line


def test_a_tab_that_is_clicked_takes_the_focus_of_the_page_it_hides(qtbot: QtBot) -> None:
    page, _ = opened()
    with shown(page):
        activate(qtbot, page)
        page.form.rows(Tab.GENERAL)[1].editor.setFocus()
        tabs = page.form.tabs
        index = tabs.keys().index(Tab.PROCESSES)
        QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(index).center())
        assert QApplication.focusWidget() is tabs


def test_a_new_module_is_named_at_once(qtbot: QtBot) -> None:
    page, model = opened()
    with shown(page):
        activate(qtbot, page)
        model.begin_new()
        assert isinstance(focus := QApplication.focusWidget(), QLineEdit)
        assert focus.accessibleName() == "Name"


async def test_neither_an_apply_nor_its_answer_puts_the_focus_into_a_field(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    page.apply_button.setFocus()
    QTest.keyClick(page.apply_button, Qt.Key.Key_Space)
    await until(lambda: bench.editor.apply.phase is Phase.ASKING)
    assert not isinstance(QApplication.focusWidget(), QLineEdit)
    assert page.bar is not None
    page.bar.keep_button.setFocus()
    QTest.keyClick(page.bar.keep_button, Qt.Key.Key_Space)
    await settled(bench.tasks)
    assert page.bar is None
    assert QApplication.focusWidget() is page
    page.close()
