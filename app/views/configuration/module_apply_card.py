"""A check or an apply under way: a row of steps for each node, and how it ended."""

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.services.rollout import Outcome, Stage
from app.viewmodels.module_apply import ApplyRow, ModuleApply
from app.viewmodels.module_meaning import length
from app.viewmodels.text import labelled, said, tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import Button, Card, ProgressRow, StepState, StepView, Words
from app.views.widgets.flow import Scroller

LEAST, MOST = 84, 200
"""Heights of the rows where there are more of them than room, pixels."""


def stage_words(stage: Stage) -> str:
    """What a step is called."""
    return {
        Stage.CHECK: tr("Check"),
        Stage.STAGE: tr("Stage"),
        Stage.COMMIT: tr("Commit"),
        Stage.CONFIRM: tr("Confirm"),
    }[stage]


class ModuleApplyCard(Card):
    """Stands above the footer until it is closed."""

    def __init__(self, apply: ModuleApply) -> None:
        super().__init__(apply.title or "-")
        self.apply = apply
        self._rows: dict[str, ProgressRow] = {}
        self._words: dict[str, Words] = {}
        self.button = Button(tr("Close"), dense=True)
        self.button.clicked.connect(self._pressed)
        self.add_to_head(self.button)
        rows = QWidget()
        self._list = QVBoxLayout(rows)
        self._list.setContentsMargins(16, 4, 16, 8)
        self._list.setSpacing(0)
        self.body.addWidget(Scroller(rows, LEAST, MOST))
        apply.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """How far it is now."""
        apply = self.apply
        self.title.setText(apply.title)
        self.facts.setText(apply.verdict)
        self.facts.set_token(Token.RED if apply.outcome in {Outcome.REFUSED, Outcome.INCOMPLETE} else Token.TEXT2)
        self.button.setText(tr("Cancel") if apply.running else tr("Close"))
        self.button.set_possible(
            apply.cancellable or not apply.running, tr("the nodes are taking it over: this cannot be stopped any more")
        )
        if tuple(self._rows) != tuple(row.node for row in apply.rows):
            self._rebuild()
        for row in apply.rows:
            self._rows[row.node].set_steps(
                _steps(row, apply.stages), length(round(row.seconds, 1)) if row.seconds else ""
            )
            self._words[row.node].setText(_says(row))
            self._words[row.node].set_token(Token.RED if row.failed else Token.TEXT2)
            self._words[row.node].setVisible(bool(_says(row)))

    def texts(self) -> dict[str, str]:
        """Node → what stands under its row."""
        return {node: words.text() for node, words in self._words.items()}

    def _rebuild(self) -> None:
        for old in (*self._rows.values(), *self._words.values()):
            self._list.removeWidget(old)
            old.deleteLater()
        self._rows = {row.node: ProgressRow(row.node) for row in self.apply.rows}
        self._words = {row.node: Words("", fonts.SIDE, Token.TEXT2, wrap=True) for row in self.apply.rows}
        for node, progress in self._rows.items():
            self._list.addWidget(progress)
            self._words[node].setContentsMargins(ProgressRow.NAME_WIDTH, 0, 0, 4)
            self._list.addWidget(self._words[node])

    def _pressed(self) -> None:
        if self.apply.running:
            self.apply.cancel()
        else:
            self.apply.close()


def _steps(row: ApplyRow, stages: tuple[Stage, ...]) -> list[StepView]:
    steps = []
    for stage in stages:
        if stage in row.done:
            state = StepState.DONE
        elif stage is row.stage:
            state = StepState.FAILED if row.failed else StepState.RUNNING
        else:
            state = StepState.WAITING
        steps.append(StepView(stage_words(stage), state))
    return steps


def _says(row: ApplyRow) -> str:
    found = [f"{problem.file}:{problem.line} {said(problem.text)}" for problem in row.problems if problem.line]
    if row.failed and len(found) > 1:
        return "\n".join(found[:4])
    return row.text if row.failed or not found else labelled(row.text, found[0])
