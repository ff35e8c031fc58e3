"""Configuration of a snapshot: the cluster or a module as a node had it, as form and as files. To read only."""

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QStackedWidget, QWidget

from app.viewmodels.snapshot_files import SnapshotFiles
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.module_scripts import LIST_WIDTH, ROW
from app.views.configuration.syntax import Highlighter, Language
from app.views.page import Page
from app.views.snapshot.forms import SavedClusterForm, SavedModuleForm
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Card, Choice, CodeEdit, EmptyState, IconButton, Segments, Words

FORM, FILES = "form", "files"


class SnapshotFilesPage(Page):
    """Shows SnapshotFiles; `title` is that of the snapshot."""

    help_topic = "support"

    def __init__(self, model: SnapshotFiles, title: str) -> None:
        super().__init__(scrolling=False)
        self._model, self._title = model, title
        self.node, self.revision = Choice(tr("Node")), Choice(tr("Revision"))
        self.node.setMinimumWidth(140)
        self.revision.setMinimumWidth(200)
        self.node.chosen.connect(model.choose_node)
        self.revision.chosen.connect(lambda number: model.choose_revision(int(number)))
        self.views = Segments(((FORM, tr("Form")), (FILES, tr("Files"))), tr("View"))
        self.views.chosen.connect(lambda _view: self._show_view())
        self._as_on = Words(tr("As on"), fonts.BASE, Token.TEXT2)
        for part in (self._as_on, self.node, self.revision, self.views):
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
        self.form: SavedModuleForm | SavedClusterForm | None = None
        """What Form shows, None while there is nothing."""
        self._formed: object = None
        self._beside = QWidget()
        row = QHBoxLayout(self._beside)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(left)
        row.addWidget(self._right, 1)
        self._stack = QStackedWidget()
        for shown in (self.empty, self._beside):
            self._stack.addWidget(shown)
        self.body.addWidget(self._stack, 1)
        self._narrow_form = False
        self.folded.connect(self._fold)
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
        self.views.setVisible(shown is not None)
        self.empty.set_text(tr("Nothing to show"), model.nothing)
        if shown is not None:
            self._right.title.setText(shown.path)
            self._right.facts.setText(shown.facts)
            self._highlighter.set_language(Language.of(shown.path))
            self.code.set_text(shown.text)
        self._make_form()
        self._show_view()

    def _make_form(self) -> None:
        """One form for each revision of a node."""
        model = self._model
        if self._formed is (wanted := model.editor or model.cluster):
            return
        self._formed = wanted
        if self.form is not None:
            self._stack.removeWidget(self.form)
            self.form.deleteLater()
            self.form = None
        if model.editor is not None:
            self.form = SavedModuleForm(model.editor)
            self.form.fold(self._narrow_form)
        elif model.cluster is not None:
            self.form = SavedClusterForm(model.cluster)
        if self.form is not None:
            self._stack.addWidget(self.form)

    def _show_view(self) -> None:
        shown: QWidget = self._beside if self.views.current_key() == FILES else self.form or self.empty
        self._stack.setCurrentWidget(shown if self._model.shown is not None else self.empty)

    def _fold(self, folded: bool) -> None:
        self._narrow_form = folded
        self._as_on.setVisible(not folded)
        if isinstance(self.form, SavedModuleForm):
            self.form.fold(folded)

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
