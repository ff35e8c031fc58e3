"""The fault simulation is worth its name: it finds each of these mistakes."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.planted.planted import PlantedBug, read_planted

pytestmark = pytest.mark.timeout(900)

HERE = Path(__file__).parent
RUNS = 60
PROCESSES = 2


def hunt(bug: PlantedBug, place: Path) -> str:
    """What the simulation says of a core with this mistake, empty when it finds nothing."""
    bug.plant(place)
    seeds = [str(seed) for seed in range(bug.first, bug.first + RUNS)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.simulation.run", "--stop", *seeds],
        cwd=place,
        env={**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr, f"{bug.name}: {done.stderr}"
    return done.stdout if done.returncode == 1 else ""


def test_each_planted_bug_is_found(tmp_path: Path) -> None:
    bugs = [read_planted(path) for path in sorted(HERE.glob("*.txt"))]
    assert len(bugs) >= 12
    with ThreadPoolExecutor(PROCESSES) as threads:
        said = list(threads.map(lambda bug: hunt(bug, tmp_path / bug.name), bugs))
    missed = [f"{bug.name}: {bug.what}" for bug, story in zip(bugs, said, strict=True) if not story]
    assert not missed, f"not found within {RUNS} runs: {missed}"
    for bug, story in zip(bugs, said, strict=True):
        assert "VIOLATED" in story, bug.name
        assert "Traceback" not in story, f"{bug.name} is found by an invariant, not by an exception"
