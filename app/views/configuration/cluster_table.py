"""The card *Nodes and lans*: a head with the names of the lans, a row per node."""

import time

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.cluster_rows import Standing
from app.viewmodels.saved_cluster import SavedCluster
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.cluster_row import GAP, NAME_WIDTH, ClusterLine, Columns
from app.views.tokens import Token
from app.views.widgets import Button, Card, Divider, Field, IconButton, Words
from app.views.widgets.layouts import emptied


class LanHead(QWidget):
    """The name of a lan, to be edited, whether commands use it, and the way to remove it."""

    def __init__(self, width: int, *, read_only: bool = False) -> None:
        super().__init__()
        self.setFixedWidth(width)
        self._read_only = read_only
        self.name = Field(tr("Name of the lan"), dense=True)
        self.name.line.setReadOnly(read_only)
        if not read_only:
            self.name.line.setObjectName("quiet")
        self._commands = Words(tr("commands"), fonts.SMALL, Token.TEXT3)
        self.remove_button = IconButton("cross", tr("Remove the lan"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(Words(tr("lan"), fonts.SMALL, Token.TEXT3, strong=True))
        row.addWidget(self.name, 1)
        row.addWidget(self._commands)
        row.addWidget(self.remove_button)

    def show_lan(self, name: str, base: bool, removable: bool) -> None:
        """Shows what the file says."""
        if not (self.name.line.hasFocus() and self.name.line.isModified()):
            self.name.set_text(name)
        self._commands.setVisible(base)
        self.remove_button.set_name(tr("Remove lan {lan}", lan=name))
        self.remove_button.setVisible(removable and not base and not self._read_only)


class ClusterTable(Card):
    """Shows and edits the rows of a ClusterEditor; of a SavedCluster it only shows them."""

    def __init__(self, model: ClusterEditor | SavedCluster) -> None:
        super().__init__(tr("Nodes and lans"), tr("a node has the same name on every lan"))
        self._model = model
        self._editor = model if isinstance(model, ClusterEditor) else None
        self.lines: list[ClusterLine] = []
        self.heads: list[LanHead] = []
        self._columns = Columns(0)
        self.ports_button = Button(tr("Check ports"), "link", quiet=True, dense=True)
        self.lan_button = Button(tr("Add lan"), "add", quiet=True, dense=True)
        self.node_button = Button(tr("Add node"), "add", quiet=True, dense=True)
        if self._editor is not None:
            self.lan_button.clicked.connect(self._editor.add_lan)
            self.node_button.clicked.connect(self.add_node)
            for button in (self.ports_button, self.lan_button, self.node_button):
                self.add_to_head(button)
        self._head = QWidget()
        self._head.setFixedHeight(36)
        self._head_row = QHBoxLayout(self._head)
        self._head_row.setContentsMargins(16, 0, 16, 0)
        self._head_row.setSpacing(GAP)
        self._rows = QVBoxLayout()
        self._rows.setContentsMargins(16, 10, 16, 14)
        self._rows.setSpacing(8)
        self.body.addWidget(self._head)
        self.body.addWidget(Divider())
        self.body.addLayout(self._rows)

    def refresh(self) -> None:
        """Shows the model again; widgets stay unless the number of lans changed."""
        form, rows = self._model.form, self._model.rows
        if self._columns.lans != len(form.lans):
            self._columns = Columns(len(form.lans), asked=self._editor is not None)
            self._build_head()
            while self.lines:
                self._drop(self.lines.pop())
        while len(self.lines) > len(rows):
            self._drop(self.lines.pop())
        while len(self.lines) < len(rows):
            self.lines.append(self._line(len(self.lines)))
            self._rows.addWidget(self.lines[-1])
            self.lines[-1].show()  # before the layout would do it, so that it can take the focus
        for at, head in enumerate(self.heads):
            head.show_lan(form.lans[at].name, at == form.base, len(form.lans) > 1)
        names, now = tuple(lan.name for lan in form.lans), time.monotonic()
        for line, row in zip(self.lines, rows, strict=True):
            line.show_row(row, names, form.base, now)

    def tick(self) -> None:
        """A second has passed."""
        now = time.monotonic()
        for line, row in zip(self.lines, self._model.rows, strict=True):
            if row.standing is Standing.ASKING:
                line.tick(row, now)

    def add_node(self) -> None:
        """A new row, with the focus in its address."""
        if self._editor is not None:
            at = self._editor.add_node()
            self.lines[at].addresses[self._editor.form.base].line.setFocus(Qt.FocusReason.OtherFocusReason)

    def focus_problem(self, row: int) -> None:
        """Leads to what is wrong in this row."""
        self.lines[row].focus_problem(self._model.rows[row], self._model.form.base)

    def _build_head(self) -> None:
        emptied(self._head_row)
        editor = self._editor
        self.heads = []
        self._head_row.addWidget(_title(tr("Node"), NAME_WIDTH))
        for at in range(self._columns.lans):
            head = LanHead(self._columns.lan, read_only=editor is None)
            if editor is not None:
                head.name.left.connect(lambda text, at=at: editor.rename_lan(at, text))
                head.remove_button.clicked.connect(lambda _=False, at=at: editor.remove_lan(at))
            self._head_row.addWidget(head)
            self.heads.append(head)
        if self._columns.asked:
            self._head_row.addWidget(_title(tr("From this computer"), self._columns.standing))
        if self._columns.facts:
            self._head_row.addWidget(_title(tr("Agent"), self._columns.version))
            self._head_row.addWidget(_title(tr("Cluster")), 1)
        else:
            self._head_row.addStretch(1)

    def _line(self, at: int) -> ClusterLine:
        editor, line = self._editor, ClusterLine(self._columns)
        if editor is None:
            return line
        line.named.connect(lambda name: editor.set_name(at, name))
        line.addressed.connect(lambda lan, address: editor.set_address(at, lan, address))
        line.removed.connect(lambda: editor.remove_node(at))
        line.retried.connect(lambda: editor.retry(at))
        line.new_key.connect(lambda: editor.compare_new_key(at))
        line.confirmed.connect(lambda match: editor.confirm_words(at, match))
        line.password_given.connect(lambda password: editor.log_in(at, password))
        return line

    def _drop(self, line: ClusterLine) -> None:
        self._rows.removeWidget(line)
        line.hide()
        line.deleteLater()


def _title(text: str, width: int = 0) -> Words:
    words = Words(text, fonts.SMALL, Token.TEXT3, strong=True)
    if width:
        words.setFixedWidth(width)
    return words
