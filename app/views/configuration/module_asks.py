"""What the module page asks before it is done: export, uninstall, restore."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from app.viewmodels.menus import MenuEntry
from app.viewmodels.module_configuration import ModuleConfiguration
from app.viewmodels.text import names, tr
from app.views.page import Page
from app.views.widgets import AskSheet, Menu


class ModuleAsks:
    """Of one page; questions stand under its header."""

    def __init__(self, page: Page, model: ModuleConfiguration) -> None:
        self._page, self._model = page, model

    def menu(self) -> Menu:
        """Export and uninstall, greyed with the reason."""
        model = self._model
        export = MenuEntry(tr("Export as .safe…"), not model.export_reason, model.export_reason)
        gone = MenuEntry(tr("Uninstall…"), not model.uninstall_reason, model.uninstall_reason, danger=True)
        return Menu.from_entries(
            (export, gone), lambda entry: self._export() if entry is export else self._uninstall(), self._page
        )

    def _export(self) -> None:
        name = f"{self._model.module}.safe"
        # Not the static call: that one would run a loop of its own inside ours.
        dialog = QFileDialog(self._page, tr("Export the module"), str(Path.home()), "*.safe")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.selectFile(name)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: self._model.export(Path(path)))
        dialog.open()

    def _uninstall(self) -> None:
        model = self._model
        sheet = AskSheet(
            tr("{module} is taken away from {nodes}.", module=model.module, nodes=names(model.holders)),
            tr("Its configuration, scripts and revisions go; each node keeps a copy of what was in force."),
            tr("Uninstall {module}", module=model.module),
            tr("Leave it as it is"),
        )
        sheet.answered.connect(lambda yes: model.uninstall() if yes else None)
        self._page.ask(sheet)

    def restore(self, number: int) -> None:
        """Asks, then brings this revision back."""
        draft = self._model.draft
        if draft is None:
            return
        lost = tr("Changes of your draft that were not applied are lost.") if draft.editor.changes.count else ""
        sheet = AskSheet(
            tr("Revision {number} comes back as a new revision on {nodes}.", number=number, nodes=names(draft.nodes)),
            lost,
            tr("Restore revision {number}", number=number),
            tr("Leave it as it is"),
        )
        sheet.answered.connect(lambda yes: draft.history.restore() if yes else None)
        self._page.ask(sheet)
