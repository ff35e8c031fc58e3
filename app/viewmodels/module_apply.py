"""Checking and applying a module on the chosen nodes: a row for each node, step by step, and how it ended."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from PySide6.QtCore import QObject, Signal

from app.services.module_rollout import ModuleRequest, apply_module, check_module
from app.services.nodes import Credentials, NodeAddress, NodeView
from app.services.rollout import Applied, OnStep, Outcome, Stage, Step, StepState, Target
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import labelled, said, tr, trn
from app.viewmodels.trouble_words import known_remedy, reason
from nodeagent.client.failures import Trouble
from nodeagent.contract.errors import Problem, Severity

Rollout = Callable[[ModuleRequest, OnStep], Coroutine[Any, Any, Applied]]


class ApplySession(Protocol):
    """What of a cluster session an apply needs."""

    def view(self) -> tuple[NodeView, ...]:
        """All nodes now."""

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        """How to log in there."""


@dataclass(frozen=True)
class ApplyRow:
    """A node. `done` stages are behind it, `stage` is the one that runs or failed."""

    node: str
    done: tuple[Stage, ...] = ()
    stage: Stage | None = None
    failed: bool = False
    text: str = ""
    """What failed and what to do, or how many warnings the node has."""
    seconds: float = 0.0
    problems: tuple[Problem, ...] = ()


class ModuleApply(QObject):
    """One check or apply after the other of one module. `ended(outcome)` after each."""

    changed = Signal()
    ended = Signal(Outcome)

    def __init__(
        self,
        session: ApplySession,
        tasks: Tasks,
        *,
        apply: Rollout = apply_module,
        check: Rollout = check_module,
    ) -> None:
        super().__init__()
        self._session, self._tasks, self._apply, self._check = session, tasks, apply, check
        self._task: asyncio.Task[None] | None = None
        self.rows: tuple[ApplyRow, ...] = ()
        self.title = ""
        self.outcome: Outcome | None = None
        self.detail = ""
        self.signature = ""
        self.stages: tuple[Stage, ...] = ()

    @property
    def running(self) -> bool:
        """Whether one is under way."""
        return self._task is not None

    @property
    def cancellable(self) -> bool:
        """Whether nothing was committed yet: a cancel changes nothing anywhere."""
        return self.running and all(row.stage in {None, Stage.CHECK, Stage.STAGE} for row in self.rows)

    def check(self, module: str, files: Mapping[str, bytes], nodes: Sequence[str]) -> None:
        """Ask the nodes what they find; nothing changes."""
        title = trn("Check on {count} node", "Check on {count} nodes", len(nodes))
        self._begin(title, (Stage.CHECK,), self._check, module, files, nodes, {})

    def apply(self, module: str, files: Mapping[str, bytes], nodes: Sequence[str], base: Mapping[str, int]) -> None:
        """Put it in force on all these nodes or on none."""
        title = trn("Apply to {count} node", "Apply to {count} nodes", len(nodes))
        self._begin(title, tuple(Stage), self._apply, module, files, nodes, base)

    def cancel(self) -> None:
        """Stop it while nothing is committed."""
        if self.cancellable and self._task is not None:
            self._task.cancel()

    def close(self) -> None:
        """The rows were read."""
        if not self.running:
            self.rows, self.outcome = (), None
            self.changed.emit()

    @property
    def verdict(self) -> str:
        """How it ended, in a sentence; "" while it runs."""
        warnings = sum(problem.severity is Severity.WARNING for row in self.rows for problem in row.problems)
        match self.outcome:
            case None:
                return ""
            case Outcome.CHECKED if warnings:
                return tr("It can be applied; the nodes have warnings.")
            case Outcome.CHECKED:
                return tr("It can be applied: no node has an objection.")
            case Outcome.APPLIED:
                return tr("In force on all chosen nodes.")
            case Outcome.REFUSED:
                return said(self.detail) or tr("Nothing has changed on any node.")
            case _:
                return tr("Some nodes have it and others do not: apply again to make it whole.")

    # --- inside -------------------------------------------------------------------------------

    def _begin(
        self,
        title: str,
        stages: tuple[Stage, ...],
        rollout: Rollout,
        module: str,
        files: Mapping[str, bytes],
        nodes: Sequence[str],
        base: Mapping[str, int],
    ) -> None:
        if self.running or not nodes:
            return
        self.title, self.stages = title, stages
        self.outcome, self.detail, self.signature = None, "", ""
        self.rows = tuple(ApplyRow(node) for node in nodes)
        self._task = self._tasks.start(self._run(rollout, module, dict(files), dict(base)), title)
        self.changed.emit()

    async def _run(self, rollout: Rollout, module: str, files: dict[str, bytes], base: dict[str, int]) -> None:
        try:
            targets = await self._targets()
            if targets is None:
                self.outcome = Outcome.REFUSED
            else:
                applied = await rollout(ModuleRequest(module, files, targets, base), self._step)
                self.outcome, self.detail, self.signature = applied.outcome, applied.detail, applied.signature
        except asyncio.CancelledError:
            self.outcome, self.detail = Outcome.REFUSED, tr("Cancelled: nothing has changed on any node.")
            raise
        finally:
            self._task = None
            self.changed.emit()
            if self.outcome is not None:
                self.ended.emit(self.outcome)

    async def _targets(self) -> tuple[Target, ...] | None:
        """None when a node cannot be logged in to; its row says so."""
        views = {view.name: view for view in self._session.view()}
        targets: list[Target] = []
        for row in self.rows:
            view = views.get(row.node)
            credentials = await self._session.credentials_of(view.address) if view else None
            if view is None or credentials is None:
                trouble = Trouble.PASSWORD_NEEDED if view else Trouble.UNREACHABLE
                self._step(Step(row.node, Stage.CHECK, StepState.FAILED, trouble=trouble))
                continue
            targets.append(Target(row.node, view.address, credentials))
        return tuple(targets) if len(targets) == len(self.rows) else None

    def _step(self, step: Step) -> None:
        self.rows = tuple(self._after(row, step) if row.node == step.node else row for row in self.rows)
        self.changed.emit()

    def _after(self, row: ApplyRow, step: Step) -> ApplyRow:
        done = tuple(stage for stage in self.stages if self.stages.index(stage) < self.stages.index(step.stage))
        problems = step.problems or row.problems
        if step.state is StepState.RUNNING:
            return replace(row, done=done, stage=step.stage)
        if step.state is StepState.DONE:
            count = sum(problem.severity is Severity.WARNING for problem in problems)
            text = trn("{count} warning", "{count} warnings", count) if count else ""
            return replace(
                row,
                done=(*done, step.stage),
                stage=None,
                text=text,
                problems=problems,
                seconds=row.seconds + step.seconds,
            )
        return replace(
            row,
            done=done,
            stage=step.stage,
            failed=True,
            text=self._why(step),
            problems=problems,
            seconds=row.seconds + step.seconds,
        )

    def _why(self, step: Step) -> str:
        view = next((view for view in self._session.view() if view.name == step.node), None)
        if step.trouble is None or view is None:
            return said(step.detail) or tr("This node is not known here.")
        remedy = known_remedy(step.trouble, view.address, detail=said(step.detail))
        if step.trouble is Trouble.DENIED:
            return remedy
        return labelled(reason(step.trouble, view.address).short, remedy)
