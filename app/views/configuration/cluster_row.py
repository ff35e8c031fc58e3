"""A node of the cluster table: its fields, what stands at its address, and under it what to do about it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from app.viewmodels.cluster_rows import ClusterRow, Standing
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import counted, tr
from app.views import fonts
from app.views.first_run_parts import Remedy, WordsPanel
from app.views.tokens import Token
from app.views.widgets import Button, CheckBox, Field, IconButton, IconLabel, SilhouetteLabel, Words

NAME_WIDTH = 132
GAP = 8


@dataclass(frozen=True)
class Columns:
    """The widths of the table, the same in the head and in every row."""

    lans: int
    asked: bool = True
    """Whether this computer asks the nodes: without it there is only what the file says."""

    @property
    def lan(self) -> int:
        """Of a field with an address."""
        return 164 if self.lans < 3 else 138

    @property
    def facts(self) -> bool:
        """Whether there is room for version and cluster."""
        return self.asked and self.lans < 4

    standing: int = 172
    version: int = 64
    button: int = 28


class ClusterLine(QWidget):
    """One row. Its signals are edits and wishes of the user."""

    named = Signal(str)
    addressed = Signal(int, str)
    removed = Signal()
    retried = Signal()
    new_key = Signal()
    confirmed = Signal(bool)
    password_given = Signal(str)

    def __init__(self, columns: Columns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = Field(tr("Name of the node"), width=NAME_WIDTH)
        self.addresses = [Field("", width=columns.lan) for _ in range(columns.lans)]
        self._mark = SilhouetteLabel(Silhouette.READY)
        self._clock = IconLabel("clock", Token.TEXT2)
        self._words = Words("", fonts.SIDE, strong=True, cut=True)
        self._words.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self._version = Words("", fonts.SIDE, Token.TEXT2)
        self._version.setFixedWidth(columns.version)
        self._cluster = Words("", fonts.SIDE, Token.TEXT2, cut=True)
        self.remove_button = IconButton("remove", tr("Remove the node"))
        self.remove_button.clicked.connect(self.removed)
        self.name.left.connect(self._leaver(self.name, self.named.emit))
        row = QHBoxLayout()
        row.setSpacing(GAP)
        row.addWidget(self.name)
        for at, field in enumerate(self.addresses):
            field.left.connect(self._leaver(field, partial(self.addressed.emit, at)))
            row.addWidget(field)
        standing = self._standing(columns.standing)
        row.addWidget(standing)
        row.addWidget(self._version)
        row.addWidget(self._cluster, 1)
        if not columns.facts:
            self._version.hide()
            self._cluster.hide()
            row.addStretch(1)
        row.addWidget(self.remove_button)
        for field in (self.name, *self.addresses):
            field.line.setReadOnly(not columns.asked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        column.addLayout(row)
        for part in (standing, self.remove_button):
            part.setVisible(columns.asked)
        column.addWidget(self._under(columns))

    def show_row(self, row: ClusterRow, lans: tuple[str, ...], base: int, now: float) -> None:
        """Shows what the model knows; a field keeps what is being typed."""
        _put(self.name, row.name.text)
        self.name.mark(row.name.error)
        for at, (field, cell) in enumerate(zip(self.addresses, row.addresses, strict=True)):
            _put(field, cell.text)
            wrong = cell.error or (row.remedy if at == base and row.standing is Standing.FAILED else "")
            field.mark(wrong)
            field.line.setAccessibleName(tr("Address of {node} on lan {lan}", node=row.name.text, lan=lans[at]))
            field.line.setPlaceholderText(tr("address or name") if at == base else tr("not on this lan"))
        self.remove_button.set_name(tr("Remove {node}", node=row.name.text))
        self._show_standing(row, now)
        errors = [cell.error for cell in (row.name, *row.addresses) if cell.error]
        self._errors.set_sentence("\n".join(dict.fromkeys(errors)))
        self._remedy.set_sentence(row.remedy)
        self.retry_button.setVisible(row.can_retry)
        self.key_button.setVisible(row.offers_new_key)
        self._trouble.setVisible(bool(row.remedy or errors))
        self.words.set_nodes(((row.name.text, row.words),) if row.words else ())
        self.words.setVisible(bool(row.words))
        self.match.setText(tr("The words match on {nodes}", nodes=row.name.text))
        self.match.setVisible(bool(row.words))
        self.match.setChecked(row.words_confirmed)
        self._login.setVisible(row.wants_password)
        self._under_row.setVisible(bool(errors or row.remedy or row.words or row.wants_password))

    def tick(self, row: ClusterRow, now: float) -> None:
        """A second has passed."""
        self._show_standing(row, now)

    def focus_problem(self, row: ClusterRow, base: int) -> None:
        """Puts the focus into what is wrong."""
        fields = [self.name, *self.addresses]
        cells = [row.name, *row.addresses]
        wrong = next((at for at, cell in enumerate(cells) if cell.error), base + 1)
        target = self.password.line if row.wants_password else fields[wrong].line
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_standing(self, row: ClusterRow, now: float) -> None:
        answers = row.standing is Standing.ANSWERS
        failed = row.standing is Standing.FAILED
        self._mark.setVisible(answers or failed)
        self._mark.set_state(Silhouette.READY if answers else Silhouette.UNREACHABLE)
        self._clock.setVisible(row.standing is Standing.ASKING)
        waited = now - row.since if row.standing is Standing.ASKING else 0.0
        fact = counted(waited) if waited >= 1 else row.standing_fact
        self._words.set_token(Token.RED if failed else Token.TEXT)
        self._words.setText(", ".join(part for part in (row.standing_text, fact) if part))
        self._version.setText(row.version)
        self._cluster.setText(row.cluster)

    def _standing(self, width: int) -> QWidget:
        holder = QWidget()
        holder.setFixedWidth(width)
        line = QHBoxLayout(holder)
        line.setContentsMargins(4, 0, 0, 0)
        line.setSpacing(6)
        for part in (self._mark, self._clock, self._words):
            line.addWidget(part)
        return holder

    def _under(self, columns: Columns) -> QWidget:
        self._errors, self._remedy = Remedy(), Remedy()
        self.retry_button = Button(tr("Try again"), "restart", dense=True)
        self.retry_button.clicked.connect(self.retried)
        self.key_button = Button(tr("Compare new words"), "key", dense=True)
        self.key_button.clicked.connect(self.new_key)
        sentences = QVBoxLayout()
        sentences.setSpacing(2)
        sentences.addWidget(self._errors)
        sentences.addWidget(self._remedy)
        sentences.addStretch(1)
        self._trouble = QWidget()
        trouble = QHBoxLayout(self._trouble)
        trouble.setContentsMargins(0, 0, 0, 0)
        trouble.setSpacing(GAP)
        trouble.addWidget(IconLabel("problem", Token.RED, 14), 0, Qt.AlignmentFlag.AlignTop)
        trouble.addLayout(sentences, 1)
        for button in (self.key_button, self.retry_button):
            trouble.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        self.words = WordsPanel()
        self.match = CheckBox()
        self.match.clicked.connect(self.confirmed)
        self.password = Field(tr("Password of this node"), hint=tr("password of admin there"), secret=True, width=220)
        self.login_button = Button(tr("Log in"), "key")
        self.password.line.returnPressed.connect(self._give_password)
        self.login_button.clicked.connect(self._give_password)
        self._login = QWidget()
        login = QHBoxLayout(self._login)
        login.setContentsMargins(0, 0, 0, 0)
        login.setSpacing(GAP)
        login.addWidget(Words(tr("Password"), token=Token.TEXT2))
        login.addWidget(self.password)
        login.addWidget(self.login_button)
        login.addStretch(1)
        self._under_row = QWidget()
        under = QVBoxLayout(self._under_row)
        under.setContentsMargins(NAME_WIDTH + GAP, 0, 0, 6)
        under.setSpacing(8)
        for part in (self._trouble, self.words, self.match, self._login):
            under.addWidget(part)
        return self._under_row

    def _give_password(self) -> None:
        if self.password.text():
            self.password_given.emit(self.password.text())
            self.password.line.clear()

    def _leaver(self, field: Field, tell: Callable[[str], None]) -> Callable[[str], None]:
        def left(text: str) -> None:
            field.line.setModified(False)
            tell(text)

        return left


def _put(field: Field, text: str) -> None:
    if not (field.line.hasFocus() and field.line.isModified()):
        field.set_text(text)
