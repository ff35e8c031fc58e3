"""Save and apply of the cluster: a row per node, what was seen after the commit, keep or go back, and the outcome."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from app.services.cluster_rollout import ClusterRequest, Deadline, Decide, Seen
from app.services.nodes import NodeAddress
from app.services.rollout import Applied, OnStep, Outcome, Stage, Step, StepState, Target
from app.services.tasks import TaskOwner
from app.viewmodels.address_row import AddressRow
from app.viewmodels.node_checks import ClusterOfSession, NodeChecks
from app.viewmodels.text import counted, joined, labelled, names, number, said, tr, trn
from app.viewmodels.trouble_words import reason
from nodeagent.client.failures import UNREACHED, Trouble

Apply = Callable[[ClusterRequest, OnStep, Decide], Awaitable[Applied]]
Check = Callable[[ClusterRequest, OnStep], Awaitable[Applied]]


class Phase(StrEnum):
    """Where the apply is."""

    IDLE = "idle"
    CHECKING = "checking"
    APPLYING = "applying"
    ASKING = "asking"
    """Committed; the person is asked to keep it."""
    ENDED = "ended"


@dataclass(frozen=True)
class ApplyRow:
    """A node taking part, or with a `remark` one that does not."""

    name: str
    stage: Stage | None = None
    state: StepState = StepState.RUNNING
    seconds: float = 0.0
    """Of all steps so far."""
    sentence: str = ""
    """Why it failed and what helps."""
    remark: str = ""

    @property
    def time(self) -> str:
        """`0.6 s`, empty before the first step ended."""
        return tr("{seconds} s", seconds=number(self.seconds, 1)) if self.seconds else ""


@dataclass(frozen=True)
class Ended:
    """How it ended, in words: `good` says whether what was wanted is so."""

    good: bool
    title: str
    sentence: str = ""


@dataclass(frozen=True)
class Participant:
    """A node of the file: its name there and what stands at its address."""

    name: str
    standing: AddressRow


class ClusterApply(QObject):
    """One apply at a time. `changed` after anything shown; `applied` when the configuration was kept."""

    changed = Signal()
    applied = Signal()

    def __init__(
        self, session: ClusterOfSession, checks: NodeChecks, tasks: TaskOwner, check: Check, apply: Apply
    ) -> None:
        super().__init__()
        self._session, self._checks, self._tasks = session, checks, tasks
        self._check, self._apply = check, apply
        self._task: asyncio.Task[None] | None = None
        self._decision: asyncio.Future[bool] | None = None
        self._over = 0.0
        self._places: dict[str, NodeAddress] = {}
        self._deadline: Deadline | None = None
        self.phase = Phase.IDLE
        self.rows: tuple[ApplyRow, ...] = ()
        self.ended: Ended | None = None

    @property
    def busy(self) -> bool:
        """It runs, or waits for an answer."""
        return self.phase in {Phase.CHECKING, Phase.APPLYING, Phase.ASKING}

    def begin(
        self,
        xml: bytes,
        participants: Sequence[Participant],
        left_out: Sequence[str] = (),
        removed: Sequence[str] = (),
        *,
        only_check: bool = False,
    ) -> None:
        """Check, or save and apply, this file on these nodes."""
        if self.busy:
            return
        self.phase = Phase.CHECKING if only_check else Phase.APPLYING
        self.ended = self._deadline = None
        remark = tr("left out of this apply: its entry stays a draft here")
        self._places = {one.name: one.standing.address or NodeAddress(one.standing.text) for one in participants}
        self.rows = (
            *(ApplyRow(one.name) for one in participants),
            *(ApplyRow(name, remark=remark) for name in left_out),
        )
        self._task = self._tasks.start(self._run(xml, participants, removed, only_check), "apply the cluster")
        self.changed.emit()

    def keep(self) -> None:
        """Keep the new configuration."""
        self._decide(True)

    def go_back(self) -> None:
        """Take it back on all nodes."""
        self._decide(False)

    def cancel(self) -> None:
        """Stop: what was committed is taken back."""
        if self._task is not None:
            self._task.cancel()

    # --- the confirm bar ----------------------------------------------------------------------

    @property
    def seen_title(self) -> str:
        """What was seen after the commit."""
        bad = self._bad_nodes()
        if self._deadline is None:
            return ""
        if bad:
            return tr("{nodes} did not answer with the new configuration", nodes=names(bad))
        good = [seen.node for seen in self._deadline.seen]
        return trn(
            "{nodes} still answers with the new configuration",
            "{nodes} still answer with the new configuration",
            len(good),
            nodes=names(good),
        )

    @property
    def seen_sentence(self) -> str:
        """Peers that do not hear each other, else what happens without an answer."""
        if self._deadline is None:
            return ""
        for seen in self._deadline.seen:
            if seen.detail and not seen.answers:
                return labelled(seen.node, said(seen.detail))
            if seen.silent:
                return _silence(seen)
        return tr("Keep it, or each node goes back by itself when the time is over, also if this console closes")

    @property
    def all_answer(self) -> bool:
        """Nothing speaks against keeping it."""
        return self._deadline is not None and not self._bad_nodes()

    def remaining(self, now: float) -> tuple[float, str]:
        """Part of the time left (1 to 0) and `0:43 left`; `now` on the monotonic clock."""
        if self._deadline is None:
            return 0.0, ""
        left = max(self._over - now, 0.0)
        return left / max(self._deadline.within, 1.0), tr("{time} left", time=counted(left))

    def _bad_nodes(self) -> list[str]:
        return [seen.node for seen in self._deadline.seen if not seen.answers] if self._deadline else []

    def _decide(self, keep: bool) -> None:
        if self._decision is not None and not self._decision.done():
            self._decision.set_result(keep)
            self.phase = Phase.APPLYING
            self.changed.emit()

    # --- the run ------------------------------------------------------------------------------

    async def _run(
        self, xml: bytes, participants: Sequence[Participant], removed: Sequence[str], only_check: bool
    ) -> None:
        began = time.monotonic()
        try:
            targets = await self._targets(participants)
            if len(targets) < len(participants):
                self.ended = Ended(False, tr("Nothing was changed"), tr("A password is missing: type it in the table."))
                return
            request = ClusterRequest(xml, targets)
            if only_check:
                self.ended = self._checked(await self._check(request, self._on_step))
                return
            result = await self._apply(request, self._on_step, self._ask)
            await self._settle(result, targets, removed, time.monotonic() - began)
        except asyncio.CancelledError:
            left = tr("Nothing was changed.") if only_check else tr("What was committed is taken back on every node.")
            self.ended = Ended(False, tr("Cancelled"), left)
            raise
        finally:
            self.phase, self._task, self._decision, self._deadline = Phase.ENDED, None, None, None
            self.changed.emit()

    async def _targets(self, participants: Sequence[Participant]) -> tuple[Target, ...]:
        found = []
        for one in participants:
            credentials = await self._checks.credentials(one.standing)
            if credentials is None or one.standing.address is None:
                self._checks.need_password(one.standing.text)
            else:
                found.append(Target(one.name, one.standing.address, credentials))
        return tuple(found)

    async def _ask(self, deadline: Deadline) -> bool:
        self._deadline = deadline
        self._over = time.monotonic() + deadline.within
        self._decision = asyncio.get_running_loop().create_future()
        self.phase = Phase.ASKING
        self.changed.emit()
        return await self._decision

    async def _settle(
        self, applied: Applied, targets: tuple[Target, ...], removed: Sequence[str], seconds: float
    ) -> None:
        committed = {Outcome.APPLIED, Outcome.INCOMPLETE, Outcome.WENT_BACK}
        if applied.outcome in committed:
            # Nodes that joined have the users of the cluster now; the session knows what holds.
            for target in targets:
                self._checks.forget_login(target.address)
        if applied.outcome is Outcome.APPLIED:
            for name in removed:
                await self._session.remove(name)
        self.ended = self._words(applied, [target.name for target in targets], removed, seconds)
        if applied.outcome is Outcome.APPLIED:
            self.applied.emit()

    def _on_step(self, step: Step) -> None:
        self.rows = tuple(
            _stepped(row, step, self._places[row.name]) if row.name == step.node else row for row in self.rows
        )
        self.changed.emit()

    def _checked(self, applied: Applied) -> Ended:
        if applied.outcome is Outcome.CHECKED:
            return Ended(True, tr("All nodes accept this configuration"), tr("Nothing was changed."))
        return Ended(False, tr("Not accepted, and nothing was changed"), self._first_failure(applied))

    def _words(self, applied: Applied, nodes: list[str], removed: Sequence[str], seconds: float) -> Ended:
        match applied.outcome:
            case Outcome.APPLIED:
                sentence = tr("Applied and confirmed in {seconds} s.", seconds=number(seconds, 1))
                if removed:
                    sentence = trn(
                        "{nodes} no longer belongs to the cluster; its own copy of cluster.xml stays there",
                        "{nodes} no longer belong to the cluster; their own copies of cluster.xml stay there",
                        len(removed),
                        nodes=names(removed),
                    )
                title = trn(
                    "{nodes} has the new configuration",
                    "{nodes} have the new configuration",
                    len(nodes),
                    nodes=names(nodes),
                )
                return Ended(True, title, sentence)
            case Outcome.REFUSED | Outcome.CHECKED:
                return Ended(False, tr("Nothing was changed on any node"), self._first_failure(applied))
            case Outcome.INCOMPLETE:
                return Ended(
                    False,
                    tr("Not all nodes have the new configuration"),
                    tr(
                        "The confirmed ones keep it and tell the others. Apply again to make it whole. {failure}",
                        failure=self._first_failure(applied),
                    ).strip(),
                )
            case Outcome.WENT_BACK:
                return self._gone_back(applied)

    def _gone_back(self, applied: Applied) -> Ended:
        title = tr("Gone back: the configuration before is in force")
        failure = self._first_failure(applied)
        if self._decision is None:
            return Ended(False, title, failure)
        if self._decision.done() and not self._decision.cancelled() and not self._decision.result():
            return Ended(False, title, failure or tr("You took the change back; your edit stays here as a draft."))
        within = round(self._deadline.within) if self._deadline else 60
        lost = tr(
            "Nobody kept the change within {seconds} s, so every node went back; your edit stays here as a draft.",
            seconds=within,
        )
        return Ended(False, title, failure or lost)

    def _first_failure(self, applied: Applied) -> str:
        for row in self.rows:
            if row.sentence:
                return labelled(row.name, row.sentence)
        return applied.detail


def _silence(seen: Seen) -> str:
    return tr(
        "{node} does not hear {peers} yet: check the UDP port of the heartbeats between them before you keep it",
        node=seen.node,
        peers=names(seen.silent),
    )


def _stepped(row: ApplyRow, step: Step, place: NodeAddress) -> ApplyRow:
    """The row after a step began or ended. A step back keeps the sentence of why."""
    sentence = row.sentence
    if step.state is StepState.FAILED:
        sentence = _why(step, place)
    elif step.state is StepState.GOES_BACK:
        sentence = tr("It could not be told to go back and does so by itself when its time is over.")
    return replace(row, stage=step.stage, state=step.state, seconds=row.seconds + step.seconds, sentence=sentence)


def _why(step: Step, place: NodeAddress) -> str:
    errors = [said(problem.text) for problem in step.problems if problem.severity == "error"]
    if errors:
        return joined(errors)
    if step.trouble is None or step.trouble is Trouble.DENIED:
        return said(step.detail)
    if step.trouble in UNREACHED and step.stage is not Stage.CHECK:
        return tr("It stopped answering while the change was applied. Start its agent, then apply again.")
    return reason(step.trouble, place, detail=said(step.detail)).remedy
