"""From an entry of a view model to its menu row, its question and its order; the same on every page."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtWidgets import QWidget

from app.viewmodels.menus import Command, MenuEntry
from app.viewmodels.session_model import SessionModel
from app.viewmodels.text import tr
from app.views.page import Page
from app.views.widgets import AskSheet, Menu


@dataclass(frozen=True)
class _Row:
    """An entry as the menu widget wants it; `command` is the place of the entry in its list."""

    text: str
    enabled: bool
    reason: str
    command: str
    danger: bool


class Deeds:
    """Carries out what is chosen on one page; asks first, under the page's header, where it cannot be undone."""

    def __init__(self, page: Page, model: SessionModel) -> None:
        self._page, self._model = page, model

    def open_menu(self, entries: Sequence[MenuEntry], button: QWidget) -> None:
        """Opens the menu of these entries below a button."""
        menu = self._menu(entries, button)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.open_under(button)

    def do(self, entry: MenuEntry) -> None:
        """Carries out one entry, after its question if it has one."""
        if not entry.enabled or entry.command is None:
            return
        command: Command = entry.command
        if entry.question is None:
            self._model.perform(command)
            return
        sheet = AskSheet(entry.question.sentence, "", entry.question.verb, tr("Leave it as it is"))
        sheet.answered.connect(lambda yes: self._model.perform(command) if yes else None)
        self._page.ask(sheet)

    def _menu(self, entries: Sequence[MenuEntry], parent: QWidget) -> Menu:
        menu = Menu(parent)
        for entry in entries:
            if entry.separated:
                menu.addSeparator()
            if entry.children and entry.enabled:
                below = self._menu(entry.children, menu)
                below.setTitle(entry.text)
                menu.addMenu(below)
                continue
            kind = str(entry.command.deed) if entry.command else ""
            row = _Row(entry.text, entry.enabled, entry.reason, kind, entry.danger)
            menu.add_entry(row, lambda _kind, chosen=entry: self.do(chosen))
        return menu
