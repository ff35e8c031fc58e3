"""Applying a configuration to several nodes: the steps, who takes part, and what all kinds of it share.

All nodes take a step together; only when each has done it does the next begin. So nothing is committed anywhere
unless it was checked and staged everywhere.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

import msgspec

from app.services.connection import connection, logged_in
from app.services.nodes import Credentials, NodeAddress
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import Staged
from nodeagent.contract.errors import Problem, errors_of

if TYPE_CHECKING:
    from nodeagent.client.api_client import ApiClient

T = TypeVar("T")


class Stage(StrEnum):
    """The steps of a node, in this order."""

    CHECK = "check"
    STAGE = "stage"
    COMMIT = "commit"
    CONFIRM = "confirm"


class StepState(StrEnum):
    """How a step of a node stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    WENT_BACK = "went back"
    """The commit was taken back."""
    GOES_BACK = "goes back"
    """The node could not be told; it takes the commit back by itself when its time is over."""


class Step(msgspec.Struct, frozen=True):
    """One step of one node has begun or ended."""

    node: str
    stage: Stage
    state: StepState
    seconds: float = 0.0
    """How long it took."""
    trouble: Trouble | None = None
    detail: str = ""
    """The technical reason, or the agent's own sentence."""
    problems: tuple[Problem, ...] = ()
    """What the node found in the configuration, warnings too."""


class Outcome(StrEnum):
    """How it ended."""

    CHECKED = "checked"
    """Nothing was wrong; nothing was to be applied."""
    APPLIED = "applied"
    REFUSED = "refused"
    """A node could not be reached or said no before anything was committed: nothing has changed anywhere."""
    WENT_BACK = "went back"
    """It was committed and taken back: the configuration before is in force."""
    INCOMPLETE = "incomplete"
    """Some nodes have it and others do not; the steps say which. Applying again to those makes it whole."""


class Applied(msgspec.Struct, frozen=True):
    """The result. `steps` holds the last step of each node, by name."""

    outcome: Outcome
    signature: str = ""
    steps: dict[str, Step] = {}
    detail: str = ""
    """A reason that is no single node's, e.g. that they do not agree on the signature."""


class Target(msgspec.Struct, frozen=True):
    """A node that takes part: its name in the cluster, where it is, how to log in there."""

    name: str
    address: NodeAddress
    credentials: Credentials


OnStep = Callable[[Step], None]


class Stopped(Exception):
    """A step failed somewhere; the steps say where. `detail` when it is no single node's."""

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail)
        self.detail = detail


class Steps:
    """The nodes and their connections during one rollout."""

    def __init__(self, targets: Sequence[Target], on_step: OnStep) -> None:
        self.targets, self._on_step = tuple(targets), on_step
        self.clients: dict[str, ApiClient] = {}
        self.last: dict[str, Step] = {}
        self._found: dict[str, tuple[Problem, ...]] = {}
        self._closing = contextlib.AsyncExitStack()

    async def open(self, target: Target) -> "ApiClient":
        """Log in at one node."""
        client = await self._closing.enter_async_context(connection(target.address))
        await logged_in(client, target.credentials)
        self.clients[target.name] = client
        return client

    def client(self, target: Target) -> "ApiClient":
        """The open connection of a node."""
        return self.clients[target.name]

    def judged(self, target: Target, staged: Staged) -> Staged:
        """Keep what the node found for the step's end. Raises CallFailed when it refuses."""
        self._found[target.name] = staged.problems
        if not staged.ok:
            first = next((found.text for found in errors_of(staged.problems)), "")
            raise CallFailed(Trouble.DENIED, first)
        return staged

    async def each(self, stage: Stage, work: Callable[[Target], Awaitable[T]]) -> dict[str, T]:
        """One step on all nodes at once; all are waited for. Raises Stopped when one failed."""
        done: dict[str, T] = {}

        async def one(target: Target) -> None:
            began = time.monotonic()
            self._found.pop(target.name, None)
            self.tell(Step(target.name, stage, StepState.RUNNING))
            try:
                done[target.name] = await work(target)
            except CallFailed as failed:
                problems = failed.problem.problems if failed.problem else self._found.get(target.name, ())
                took = time.monotonic() - began
                self.tell(Step(target.name, stage, StepState.FAILED, took, failed.trouble, str(failed), problems))
            else:
                problems = self._found.get(target.name, ())
                self.tell(Step(target.name, stage, StepState.DONE, time.monotonic() - began, problems=problems))

        async with asyncio.TaskGroup() as group:
            for target in self.targets:
                group.create_task(one(target), name=f"{stage} {target.name}")
        if len(done) < len(self.targets):
            raise Stopped
        return done

    def tell(self, step: Step) -> None:
        """A step has begun or ended."""
        self.last[step.node] = step
        self._on_step(step)

    def result(self, outcome: Outcome, signature: str = "", detail: str = "") -> Applied:
        """The end of it."""
        return Applied(outcome, signature, dict(self.last), detail)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._closing.aclose()


@contextlib.asynccontextmanager
async def taking_part(targets: Sequence[Target], on_step: OnStep) -> AsyncIterator[Steps]:
    """The steps of these nodes; their connections are closed at the end."""
    started = Steps(targets, on_step)
    try:
        yield started
    finally:
        await started.aclose()


def agreed(staged: dict[str, Staged]) -> str:
    """The one signature of what all nodes have staged. Raises Stopped."""
    signatures = {answer.signature for answer in staged.values()}
    if len(signatures) != 1:
        raise Stopped("the nodes do not agree on what was staged")
    return signatures.pop()
