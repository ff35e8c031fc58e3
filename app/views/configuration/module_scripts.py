"""The scripts of a module: the list by platform, and the chosen one as text."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QWidget

from app.viewmodels.menus import MenuEntry
from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.script_files import (
    Platform,
    ScriptFile,
    addable,
    as_bytes,
    as_text,
    new_content,
    new_path,
    platform_words,
    script_files,
    script_words,
)
from app.viewmodels.text import file_size, labelled, tr
from app.views import fonts
from app.views.configuration.document_undo import DocumentUndo
from app.views.configuration.syntax import Highlighter, Language
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Button, Card, CodeEdit, Divider, EmptyState, Menu, Words
from nodeagent.contract.states import Script

LIST_WIDTH = 288
ROW = 28


class ModuleScripts(QWidget):
    """List left, text right. Every change goes to the module's draft at once and can be undone there."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__()
        self._editor = editor
        self._shown = ""
        self.files = QListWidget()
        self.files.setAccessibleName(tr("Scripts"))
        self.files.setFont(theme.font())
        self.files.currentItemChanged.connect(self._picked)
        self.add = Button(tr("Add script"), "add", quiet=True, menu=True)
        self.remove = Button(tr("Remove"), "remove", quiet=True)
        self.add.clicked.connect(self._open_menu)
        self.remove.clicked.connect(self._remove)
        left = Card(tr("Scripts"))
        left.setFixedWidth(LIST_WIDTH)
        left.body.addWidget(self.files, 1)
        left.body.addWidget(Divider())
        bar = QHBoxLayout()
        bar.setContentsMargins(4, 2, 4, 2)
        bar.addWidget(self.add)
        bar.addStretch(1)
        bar.addWidget(self.remove)
        left.body.addLayout(bar)
        self.right = Card("-")
        self.code = CodeEdit(tr("Script"))
        self.code.setUndoRedoEnabled(False)
        DocumentUndo(self.code)
        self._highlighter = Highlighter(self.code.document(), Language.SHELL)
        self.code.textChanged.connect(self._typed)
        self._facts = Words("", fonts.SIDE, Token.TEXT2)
        self.right.add_to_head(self._facts)
        self._empty = EmptyState("script", tr("No text to show"), "", framed=False)
        self.right.body.addWidget(self.code, 1)
        self.right.body.addWidget(self._empty, 1)
        self.right.free_corners()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(left)
        row.addWidget(self.right, 1)
        self.refresh()

    def refresh(self) -> None:
        """The files now."""
        found = script_files(self._editor.files)
        paths = [one.path for one in found]
        listed = [self.files.item(at).data(Qt.ItemDataRole.UserRole) for at in range(self.files.count())]
        if paths != listed:
            self._list(found)
        elif self._shown not in paths and paths:
            self.files.setCurrentRow(0)
        self._show(next((one for one in found if one.path == self._shown), None))

    def choose(self, path: str) -> None:
        """Shows this file."""
        for at in range(self.files.count()):
            if self.files.item(at).data(Qt.ItemDataRole.UserRole) == path:
                self.files.setCurrentRow(at)

    def add_script(self, script: Script, platform: Platform) -> None:
        """One more script, which does nothing yet."""
        path = new_path(script, platform)
        self._shown = path
        self._editor.set_file(path, new_content(script, platform), tr("Add {file}", file=path))
        self.choose(path)
        self.code.setFocus(Qt.FocusReason.OtherFocusReason)

    def _list(self, found: tuple[ScriptFile, ...]) -> None:
        self.files.blockSignals(True)
        self.files.clear()
        for one in found:
            item = QListWidgetItem(f"  {one.path.removeprefix('bin/')}")
            item.setData(Qt.ItemDataRole.UserRole, one.path)
            item.setToolTip(labelled(platform_words(one.platform), script_words(one.script)))
            item.setSizeHint(QSize(0, ROW))
            self.files.addItem(item)
        self.files.blockSignals(False)
        paths = [one.path for one in found]
        if self._shown not in paths:
            self._shown = next((one.path for one in found if one.script is Script.START_BOTH), "") or (
                paths[0] if paths else ""
            )
        if self._shown:
            self.files.setCurrentRow(paths.index(self._shown))

    def _show(self, file: ScriptFile | None) -> None:
        shown = as_text(self._editor.files[file.path]) if file else None
        self.code.setVisible(shown is not None)
        self._empty.setVisible(shown is None)
        self.remove.set_possible(file is not None, tr("no file is chosen"))
        if file is None:
            self.right.title.setText(tr("No script"))
            self.right.facts.setText("")
            self._facts.setText("")
            self._empty.set_text(
                tr("This module has no scripts"),
                tr("Add start_both and stop_both: they start and stop the application."),
            )
            return
        self.right.title.setText(file.path)
        self.right.facts.setText(script_words(file.script))
        self._facts.setText(f"{platform_words(file.platform)}, {file_size(file.size)}")
        self._highlighter.set_language(Language.of(file.path))
        if shown is None:
            self._empty.set_text(tr("No text to show"), tr("This file is a program or too large; it is kept as it is."))
            return
        if self.code.toPlainText() != shown.text:
            self.code.set_text(shown.text)

    def _typed(self) -> None:
        before = self._editor.files.get(self._shown)
        if before is not None and self.code.isVisible():
            data = as_bytes(before, self.code.toPlainText())
            name = tr("Edit {file}", file=self._shown)
            self._editor.set_file(self._shown, data, name, merge=f"file {self._shown}")

    def _picked(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._editor.leave_field()
            self._shown = item.data(Qt.ItemDataRole.UserRole)
            self.refresh()

    def _remove(self) -> None:
        path, self._shown = self._shown, ""
        self._editor.set_file(path, None, tr("Remove {file}", file=path))

    def menu(self) -> Menu:
        """What can be added, by platform."""
        found = {new_path(script, platform): (script, platform) for script, platform in addable(self._editor.files)}
        entries = [
            MenuEntry(
                platform_words(wanted),
                children=tuple(
                    MenuEntry(path.removeprefix("bin/")) for path, (_, platform) in found.items() if platform is wanted
                ),
            )
            for wanted in (Platform.LINUX, Platform.WINDOWS)
        ]
        return Menu.from_entries(entries, lambda entry: self.add_script(*found[f"bin/{entry.text}"]), self)

    def _open_menu(self) -> None:
        self.menu().open_under(self.add)
