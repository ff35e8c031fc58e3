"""What a person does at a window: looks, waits, points, clicks and types. Nothing here knows a view model."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QLineEdit, QMenu, QTabBar, QWidget

PATIENCE = 30.0
"""Seconds that anything may take on a busy machine."""


class Hands:
    """Works on one window and keeps numbered pictures of it in `screens`."""

    def __init__(self, window: QWidget, screens: Path, say: Callable[[str], None]) -> None:
        self._window, self._screens, self._say = window, screens, say
        self._pictures = 0
        self.step = ""
        screens.mkdir(parents=True, exist_ok=True)

    def begin(self, step: str) -> None:
        """The next step of the journey."""
        self.step = step
        self._say(step)

    async def until(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Wait for it. Raises AssertionError after so many seconds."""
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                await self.picture("stuck")
                raise AssertionError(f"{self.step}: waited {seconds:.0f} s in vain until {what}")
            await asyncio.sleep(0.02)

    async def look(self, seconds: float = 0.2) -> None:
        """Let the window paint."""
        await asyncio.sleep(seconds)

    async def picture(self, name: str) -> None:
        """What the window shows now, menus included."""
        await self.look()
        self._pictures += 1
        shown = self._window.grab()
        popup = QApplication.activePopupWidget()
        if popup is not None:
            popup.render(shown, self._window.mapFromGlobal(popup.mapToGlobal(QPoint(0, 0))))
        path = self._screens / f"{self._pictures:02}-{name}.png"
        assert shown.save(str(path)), f"{path} was not written"

    # --- pointer ------------------------------------------------------------------------------

    async def click(self, widget: QWidget, place: QPoint | None = None) -> None:
        """Wait until it can be clicked, then click its middle or this place of it."""
        await self.until(lambda: widget.isVisible() and widget.isEnabled(), f"{_name(widget)} can be clicked")
        if not widget.window().isActiveWindow() and not isinstance(widget.window(), QMenu):
            widget.window().activateWindow()  # what a click does where there is a window manager
            await self.until(widget.isActiveWindow, "the window is active")
        point = place or (QPoint(12, widget.height() // 2) if _is_box(widget) else widget.rect().center())
        QTest.mouseMove(widget, point)
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)
        await self.look(0.05)

    async def click_tab(self, tabs: QTabBar, title: str) -> None:
        """Click the tab with this title."""
        titles = [tabs.tabText(index).split("  ")[0].strip() for index in range(tabs.count())]
        index = titles.index(title)
        await self.until(lambda: tabs.isTabEnabled(index), f"the tab {title} can be chosen")
        await self.click(tabs, tabs.tabRect(index).center())

    async def click_row(self, view: QAbstractItemView, text: str) -> None:
        """Click the line with this text in a tree, list or table."""
        await self.until(lambda: _row(view, text).isValid(), f"{_name(view)} shows {text}")
        await self.click(view.viewport(), view.visualRect(_row(view, text)).center())

    async def choose(self, words: str) -> None:
        """Click an entry of the open menu by its text."""
        await self.until(lambda: isinstance(QApplication.activePopupWidget(), QMenu), "a menu is open")
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        rows = {row.accessibleName(): row for row in menu.findChildren(QWidget) if row.accessibleName()}
        assert words in rows, f"{words!r} is not in the menu {list(rows)}"
        await self.click(rows[words])

    # --- keyboard -----------------------------------------------------------------------------

    async def write(self, line: QLineEdit, text: str, leave: bool = True) -> None:
        """Click into the field, replace what is there, and leave it with Tab."""
        await self.click(line)
        assert line.hasFocus(), f"{self.step}: {_name(line)} takes no focus; it is in {QApplication.focusWidget()}"
        QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        await self._type(line, text)
        if leave:
            QTest.keyClick(line, Qt.Key.Key_Tab)
        await self.look(0.05)

    async def insert_after(self, editor: QWidget, line: int, text: str) -> None:
        """In a text: go to the end of this line, counted from 1, begin a new one and type."""
        await self.click(editor)
        QTest.keyClick(editor, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        for _ in range(line - 1):
            QTest.keyClick(editor, Qt.Key.Key_Down)
        QTest.keyClick(editor, Qt.Key.Key_End)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        await self._type(editor, text)

    @staticmethod
    async def _type(widget: QWidget, text: str) -> None:
        """Key by key, so that the window lives between two of them."""
        for key in text:
            QTest.keyClicks(widget, key)
            await asyncio.sleep(0)


def _name(widget: QWidget) -> str:
    return widget.accessibleName() or type(widget).__name__


def _is_box(widget: QWidget) -> bool:
    return isinstance(widget, QAbstractButton) and widget.isCheckable() and type(widget).__name__ == "CheckBox"


def button(page: QWidget, text: str) -> QAbstractButton:
    """A visible button with this text on a page; where there are several, the first one."""
    found = [one for one in page.findChildren(QAbstractButton) if one.text() == text and one.isVisible()]
    assert found, f"no button {text!r} on {_name(page)}"
    return found[0]


def _row(view: QAbstractItemView, text: str, above: QModelIndex | None = None) -> QModelIndex:
    """The line with this text, at any depth; invalid when there is none."""
    model, parent = view.model(), above or QModelIndex()
    for row in range(model.rowCount(parent)):
        index = model.index(row, 0, parent)
        if str(index.data()).strip() == text:
            return index
        if (below := _row(view, text, index)).isValid():
            return below
    return QModelIndex()
