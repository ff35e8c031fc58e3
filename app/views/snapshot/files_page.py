"""Configuration of a snapshot: cluster.xml, or the files of a module, as a node had them. To read only."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem

from app.viewmodels.snapshot_files import SnapshotFiles
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.module_scripts import LIST_WIDTH, ROW
from app.views.configuration.syntax import Highlighter, Language
from app.views.page import Page
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Card, Choice, CodeEdit, EmptyState, IconButton, Words


class SnapshotFilesPage(Page):
    """Shows SnapshotFiles; `title` is that of the snapshot."""

    help_topic = "support"

    def __init__(self, model: SnapshotFiles, title: str) -> None:
        super().__init__(scrolling=False)
        self._model, self._title = model, title
        self.node, self.revision = Choice(tr("Node")), Choice(tr("Revision"))
        self.node.setMinimumWidth(140)
        self.revision.setMinimumWidth(260)
        self.node.chosen.connect(model.choose_node)
        self.revision.chosen.connect(lambda number: model.choose_revision(int(number)))
        for part in (Words(tr("As on"), fonts.BASE, Token.TEXT2), self.node, self.revision):
            self.add_button(part)
        self.files = QListWidget()
        self.files.setAccessibleName(tr("Files"))
        self.files.setFont(theme.font())
        self.files.currentItemChanged.connect(self._picked)
        left = Card(tr("Files"))
        left.setFixedWidth(LIST_WIDTH)
        left.body.addWidget(self.files, 1)
        self._left = left
        self._right = Card("-", "-")
        self.code = CodeEdit(tr("File"), read_only=True)
        self._highlighter = Highlighter(self.code.document(), Language.XML)
        copy = IconButton("copy", tr("Copy the file"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.code.toPlainText()))
        self._right.add_to_head(copy)
        self._right.body.addWidget(self.code, 1)
        self.empty = EmptyState("module", tr("Nothing to show"), "")
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(left)
        row.addWidget(self._right, 1)
        row.addWidget(self.empty, 1)
        self.body.addLayout(row, 1)
        model.changed.connect(self.refresh)
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_highlighter"):
            self._highlighter.rehighlight()

    def refresh(self) -> None:
        """What the model says now."""
        model = self._model
        self.set_title(self._title, model.module or tr("Cluster"))
        self.node.set_entries([(node, node) for node in model.nodes])
        self.node.choose(model.node)
        self.revision.set_entries([(str(number), words) for number, words in model.revisions])
        self.revision.choose(str(model.revision))
        self.revision.setVisible(bool(model.revisions))
        self._list()
        shown = model.shown
        self._left.setVisible(len(model.paths) > 1)
        self._right.setVisible(shown is not None)
        self.empty.setVisible(shown is None)
        self.empty.set_text(tr("Nothing to show"), model.nothing)
        if shown is not None:
            self._right.title.setText(shown.path)
            self._right.facts.setText(shown.facts)
            self._highlighter.set_language(Language.of(shown.path))
            self.code.set_text(shown.text)

    def _list(self) -> None:
        paths, model = self._model.paths, self._model
        self.files.blockSignals(True)
        if [self.files.item(at).data(Qt.ItemDataRole.UserRole) for at in range(self.files.count())] != list(paths):
            self.files.clear()
            for path in paths:
                item = QListWidgetItem(f"  {path}")
                item.setData(Qt.ItemDataRole.UserRole, path)
                item.setSizeHint(QSize(0, ROW))
                self.files.addItem(item)
        if model.path in paths:
            self.files.setCurrentRow(paths.index(model.path))
        self.files.blockSignals(False)

    def _picked(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._model.choose_path(item.data(Qt.ItemDataRole.UserRole))
