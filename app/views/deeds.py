"""From an entry of a view model to its menu, its question and its order; the same on every page."""

from collections.abc import Sequence

from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QWidget

from app.viewmodels.menus import MenuEntry
from app.viewmodels.session_model import SessionModel
from app.viewmodels.text import tr
from app.views.page import Page
from app.views.widgets import AskSheet, Menu


class Deeds:
    """Carries out what is chosen on one page; asks first, under the page's header, where it cannot be undone."""

    def __init__(self, page: Page, model: SessionModel) -> None:
        self._page, self._model = page, model

    def open_menu(self, entries: Sequence[MenuEntry], button: QWidget) -> None:
        """Opens the menu of these entries below a button."""
        Menu.from_entries(entries, self.do, button).open_under(button)

    def open_menu_at(self, entries: Sequence[MenuEntry], place: QPoint) -> None:
        """Opens the menu of these entries at a place of the screen."""
        Menu.from_entries(entries, self.do, self._page).open_at(place)

    def do(self, entry: MenuEntry) -> None:
        """Carries out one entry, after its question if it has one."""
        command = entry.command
        if not entry.enabled or command is None:
            return
        if entry.question is None:
            self._model.perform(command)
            return
        sheet = AskSheet(entry.question.sentence, "", entry.question.verb, tr("Leave it as it is"))
        sheet.answered.connect(lambda yes: self._model.perform(command) if yes else None)
        self._page.ask(sheet)
