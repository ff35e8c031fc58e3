"""Beside the table of nodes: the timing of heartbeats with what it means, and the apply with a row per node."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.services.rollout import Stage, StepState
from app.viewmodels.cluster_apply import ApplyRow, ClusterApply, Phase
from app.viewmodels.cluster_editor import ClusterEditor
from app.viewmodels.saved_cluster import SavedCluster
from app.viewmodels.text import tr
from app.views import fonts, widgets
from app.views.configuration.module_apply_card import stage_words
from app.views.first_run_parts import Remedy
from app.views.tokens import Token
from app.views.widgets import Button, Card, Field, FormRow, Note, NoteKind, ProgressRow, StepView, Words


class HeartbeatsCard(Card):
    """Pulse, silent pulses and port, and the sentence that says what they mean; of a SavedCluster to read only."""

    def __init__(self, model: ClusterEditor | SavedCluster) -> None:
        super().__init__(tr("Heartbeats"), tr("how fast a dead node is noticed"))
        self._model = model
        editor = model if isinstance(model, ClusterEditor) else None
        self.fields = {
            "pulse": Field(tr("Pulse"), width=120),
            "slost_count": Field(tr("Silent pulses"), width=120),
            "port": Field(tr("UDP port"), width=120),
        }
        hints = {
            "pulse": tr("time between two heartbeats, 100ms by default"),
            "slost_count": tr("before a node is lost, 10 by default"),
            "port": tr("the same on all nodes, 4800 by default"),
        }
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 14, 16, 16)
        inner.setSpacing(8)
        for name, field in self.fields.items():
            field.line.setReadOnly(editor is None)
            if editor is not None:
                field.left.connect(lambda text, name=name: editor.set_timing(name, text))
            inner.addWidget(FormRow(field.line.accessibleName(), field, hints[name]))
        self._meaning = Note(NoteKind.TIME, tr("What it means"))
        inner.addSpacing(4)
        inner.addWidget(self._meaning)
        self.body.addLayout(inner)
        self.body.addStretch(1)

    def refresh(self) -> None:
        """Shows the model again."""
        form = self._model.form
        values = {"pulse": form.pulse, "slost_count": form.slost_count, "port": form.port}
        for name, field in self.fields.items():
            if not (field.line.hasFocus() and field.line.isModified()):
                field.set_text(values[name])
            field.set_error(self._model.field_error(name))
        self._meaning.set_note(NoteKind.TIME, tr("What it means"), self._model.meaning)
        self._meaning.setVisible(bool(self._model.meaning))

    def focus_problem(self) -> None:
        """Puts the focus into the first field that is wrong."""
        for name, field in self.fields.items():
            if self._model.field_error(name):
                field.line.setFocus()
                return


class ApplyLine(QWidget):
    """A node of the apply: its steps, and under them why it failed."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.progress = ProgressRow(name)
        self.sentence = Remedy()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.progress)
        below = QVBoxLayout()
        below.setContentsMargins(ProgressRow.NAME_WIDTH, 0, 0, 6)
        below.addWidget(self.sentence)
        column.addLayout(below)

    def show_row(self, row: ApplyRow) -> None:
        """Shows how far it is."""
        self.progress.set_steps(steps_of(row), row.time, row.remark)
        self.sentence.set_sentence(row.sentence)


class ApplyCard(Card):
    """The last check or apply of this window, and how it ended."""

    def __init__(self, apply: ClusterApply) -> None:
        super().__init__(tr("Apply"))
        self._apply = apply
        self.lines: dict[str, ApplyLine] = {}
        self.cancel_button = Button(tr("Cancel"), quiet=True, dense=True)
        self.cancel_button.clicked.connect(apply.cancel)
        self.add_to_head(self.cancel_button)
        self._idle = Words(
            tr("Save and apply writes cluster.xml on all nodes or on none; each node gets a row here."),
            fonts.BASE,
            Token.TEXT2,
            wrap=True,
        )
        self._rows = QVBoxLayout()
        self._rows.setSpacing(0)
        self.note = Note(NoteKind.PLAIN, "")
        inner = QVBoxLayout()
        inner.setContentsMargins(16, 8, 16, 16)
        inner.setSpacing(8)
        inner.addWidget(self._idle)
        inner.addLayout(self._rows)
        inner.addWidget(self.note)
        self.body.addLayout(inner)
        self.body.addStretch(1)

    def refresh(self) -> None:
        """Shows the model again."""
        apply = self._apply
        wanted = [row.name for row in apply.rows]
        if list(self.lines) != wanted:
            for line in self.lines.values():
                self._rows.removeWidget(line)
                line.hide()
                line.deleteLater()
            self.lines = {name: ApplyLine(name) for name in wanted}
            for line in self.lines.values():
                self._rows.addWidget(line)
        for row in apply.rows:
            self.lines[row.name].show_row(row)
        self._idle.setVisible(not apply.rows)
        self.cancel_button.setVisible(apply.phase in {Phase.CHECKING, Phase.APPLYING})
        self.note.setVisible(apply.ended is not None)
        if apply.ended is not None:
            kind = NoteKind.INFO if apply.ended.good else NoteKind.ERROR
            self.note.set_note(kind, apply.ended.title, apply.ended.sentence)


def steps_of(row: ApplyRow) -> tuple[StepView, ...]:
    """The four steps of a row as they are painted."""
    if row.remark:
        return ()
    order = tuple(Stage)
    now = order.index(row.stage) if row.stage is not None else -1
    steps = []
    for at, stage in enumerate(order):
        if at < now or (at == now and row.state is StepState.DONE):
            steps.append(StepView(stage_words(stage), widgets.StepState.DONE))
        elif at > now:
            steps.append(StepView(stage_words(stage), widgets.StepState.WAITING))
        else:
            steps.append(_present(stage_words(stage), row.state))
    return tuple(steps)


def _present(words: str, state: StepState) -> StepView:
    match state:
        case StepState.FAILED:
            return StepView(words, widgets.StepState.FAILED)
        case StepState.WENT_BACK:
            return StepView(tr("went back"), widgets.StepState.HELD)
        case StepState.GOES_BACK:
            return StepView(tr("goes back"), widgets.StepState.RUNNING)
        case _:
            return StepView(words, widgets.StepState.RUNNING)
