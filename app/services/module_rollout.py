"""Applying a module: checked and staged on all chosen nodes, then committed on all, then read back."""

import asyncio
from contextlib import suppress

import msgspec

from app.services.rollout import Applied, OnStep, Outcome, Stage, Steps, StepState, Stopped, Target, agreed, taking_part
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import Commit, ModuleInfo, Staged, StageModule

COMMIT_TRIES = 3
COMMIT_PAUSE = 1.0
"""Seconds between two tries of a commit: a node that restarts just then still takes it."""
LAST_WORD = 15.0
"""Seconds that a cancelled apply takes to bring a commit that has begun to the other nodes, too."""


class ModuleRequest(msgspec.Struct, frozen=True):
    """What to apply, and to which nodes; `targets` are exactly the module's nodes."""

    module: str
    files: dict[str, bytes]
    targets: tuple[Target, ...]
    base: dict[str, int] = {}
    """Node → revision this edit began from; a node with another one refuses. Not named = not asked."""


async def check_module(request: ModuleRequest, on_step: OnStep) -> Applied:
    """Check on all nodes; nothing is changed."""
    async with taking_part(request.targets, on_step) as at:
        try:
            await at.each(Stage.CHECK, lambda target: _check(at, request, target))
        except Stopped as stopped:
            return at.result(Outcome.REFUSED, detail=stopped.detail)
        return at.result(Outcome.CHECKED)


async def apply_module(request: ModuleRequest, on_step: OnStep) -> Applied:
    """Check, stage, commit, read back. Cancelled before the commit begins, nothing has changed; later, it goes on."""
    async with taking_part(request.targets, on_step) as at:
        try:
            await at.each(Stage.CHECK, lambda target: _check(at, request, target))
            signature = agreed(await at.each(Stage.STAGE, lambda target: _stage(at, request, target)))
        except Stopped as stopped:
            return at.result(Outcome.REFUSED, detail=stopped.detail)
        try:
            await _committed(at, request.module, signature)
            await at.each(Stage.CONFIRM, lambda target: _read_back(at, request.module, signature, target))
        except Stopped as stopped:
            committed = any(step.stage is Stage.CONFIRM or step.state is StepState.DONE for step in at.last.values())
            return at.result(Outcome.INCOMPLETE if committed else Outcome.REFUSED, signature, stopped.detail)
        return at.result(Outcome.APPLIED, signature)


async def _check(at: Steps, request: ModuleRequest, target: Target) -> Staged:
    client = await at.open(target)
    return at.judged(target, await client.check_module(request.module, _body(request, target)))


async def _stage(at: Steps, request: ModuleRequest, target: Target) -> Staged:
    return at.judged(target, await at.client(target).stage_module(request.module, _body(request, target)))


async def _committed(at: Steps, module: str, signature: str) -> None:
    """Commit on all. Raises Stopped. Cancelled in the midst of it, the rest follows first: half of it is no state."""
    try:
        await at.each(Stage.COMMIT, lambda target: _commit(at, module, signature, target))
    except asyncio.CancelledError:
        behind = [target for target in at.targets if at.last[target.name].state is not StepState.DONE]
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                commits = (_commit(at, module, signature, target) for target in behind)
                await asyncio.gather(*commits, return_exceptions=True)
        raise


async def _commit(at: Steps, module: str, signature: str, target: Target) -> ModuleInfo:
    tries = COMMIT_TRIES
    while True:
        tries -= 1
        try:
            return await at.client(target).commit_module(module, Commit(signature))
        except CallFailed as failed:
            if not tries or failed.problem is not None:
                raise
        await asyncio.sleep(COMMIT_PAUSE)


async def _read_back(at: Steps, module: str, signature: str, target: Target) -> None:
    """The node says of itself that this is what it has."""
    infos = await at.client(target).modules()
    if not any(info.name == module and info.signature == signature for info in infos):
        raise CallFailed(Trouble.DENIED, f"{target.name} has another configuration of {module} in force")


def _body(request: ModuleRequest, target: Target) -> StageModule:
    nodes = tuple(one.name for one in request.targets)
    return StageModule(request.files, nodes, base=request.base.get(target.name, -1))
