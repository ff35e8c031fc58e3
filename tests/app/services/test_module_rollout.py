"""Applying a module to several nodes when the console ends in the midst of it."""

import asyncio
from pathlib import Path

import pytest

from app.services.module_rollout import ModuleRequest, apply_module
from app.services.nodes import Credentials, NodeAddress
from app.services.rollout import Stage, Step, StepState, Target
from tests.app.services.agents import fake_committer


def target(name: str, address: NodeAddress) -> Target:
    return Target(name, address, Credentials("admin", "right"))


async def cancelled_when(stage: Stage, state: StepState, *targets: Target) -> None:
    """An apply that is cancelled as soon as the first node tells this of a step."""
    steps: list[Step] = []

    def on_step(step: Step) -> None:
        steps.append(step)
        if (step.node, step.stage, step.state) == ("node1", stage, state):
            applying.cancel()

    async with asyncio.TaskGroup() as group:
        applying = group.create_task(apply_module(ModuleRequest("farm", {}, targets), on_step))
    assert applying.cancelled()


async def test_a_commit_that_has_begun_reaches_every_node(tmp_path: Path) -> None:
    async with fake_committer(tmp_path / "1") as (first, one), fake_committer(tmp_path / "2") as (second, two):
        second.hangs = True
        await cancelled_when(Stage.COMMIT, StepState.DONE, target("node1", one), target("node2", two))
        assert (first.committed, second.committed) == (1, 1)


@pytest.mark.parametrize("state", [StepState.RUNNING, StepState.DONE])
async def test_before_the_commit_nothing_changes(tmp_path: Path, state: StepState) -> None:
    async with fake_committer(tmp_path / "1") as (first, one), fake_committer(tmp_path / "2") as (second, two):
        await cancelled_when(Stage.STAGE, state, target("node1", one), target("node2", two))
        assert (first.asked, second.asked) == (0, 0)
