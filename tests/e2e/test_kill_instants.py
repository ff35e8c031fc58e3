"""kill -9 of the agent at instants over apply, start, stop, log writing and recovery (all 200: see kill_instants)."""

import random

import pytest

from tests.e2e.kill_instants import play

INSTANTS = 40


@pytest.mark.covers("storage kill", "storage atomic")
@pytest.mark.timeout(400)
def test_a_killed_agent_leaves_nothing_wrong() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}: python -m tests.e2e.kill_instants {INSTANTS} {seed}")
    assert play(INSTANTS, seed) == []
