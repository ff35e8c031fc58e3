"""What a test run that was killed has left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.short_directory import clear_abandoned, short_directory

if sys.platform == "win32":
    pytest.skip("Windows has no locks on directories", allow_module_level=True)

ROOT = Path(__file__).resolve().parents[1]
RUN = """
import os, subprocess
from tests.fakes.short_directory import short_directory
with short_directory() as directory:
    env = os.environ | {"KEEPGREEN_HOME": str(directory / "node1")}
    agent = subprocess.Popen(["sleep", "600"], env=env, start_new_session=True)
    print(directory, agent.pid, flush=True)
    input()
"""


def test_the_directory_and_the_agents_of_a_killed_run_go_with_the_next_one() -> None:
    command = [sys.executable, "-c", RUN]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        directory, agent = run.stdout.readline().split()
        with short_directory() as mine:
            assert not {mine, Path(directory)} & set(clear_abandoned()), "both are in use"
        assert Path(directory).is_dir()
        run.kill()
    clear_abandoned()
    assert not Path(directory).exists()
    status = Path(f"/proc/{agent}/status")
    assert not status.exists() or "State:\tZ" in status.read_text()


def test_a_directory_is_gone_after_its_use() -> None:
    with short_directory() as directory:
        (directory / "node1").mkdir()
        assert len(os.fsencode(directory)) < 50
    assert not directory.exists()
