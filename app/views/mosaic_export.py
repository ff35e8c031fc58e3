"""The menu that saves the result of a load-balancing test: as it is seen, or all connections as a table."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.viewmodels.menus import MenuEntry
from app.viewmodels.mosaic import MosaicModel
from app.viewmodels.text import tr
from app.views.widgets import Button, Menu


class ExportButton(Button):
    """Saves what `model` has found; the picture is one of `page`, as it is when it is asked for."""

    def __init__(self, model: MosaicModel, page: QWidget) -> None:
        super().__init__(tr("Export"), menu=True)
        self._model, self._page = model, page
        self.clicked.connect(lambda: self.menu_now().open_under(self))

    def menu_now(self) -> Menu:
        """The two ways."""
        picture, table = MenuEntry(tr("Picture (PNG)…")), MenuEntry(tr("Table of all connections (CSV)…"))
        return Menu.from_entries(
            (picture, table), lambda entry: self._picture() if entry is picture else self._table(), self._page
        )

    def _picture(self) -> None:
        png = QBuffer()
        png.open(QIODevice.OpenModeFlag.WriteOnly)
        self._page.grab().save(png, "PNG")
        self._ask("png", lambda path: self._model.export_picture(path, bytes(png.data().data())))

    def _table(self) -> None:
        self._ask("csv", self._model.export_table)

    def _ask(self, kind: str, save: Callable[[Path], None]) -> None:
        # Not the static call: that one would run a loop of its own inside ours.
        dialog = QFileDialog(self._page, tr("Export the result"), str(Path.home()), f"*.{kind}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(kind)
        dialog.selectFile(f"{self._model.export_name}.{kind}")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: save(Path(path)))
        dialog.open()
