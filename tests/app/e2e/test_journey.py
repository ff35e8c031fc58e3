"""The main journey, end to end: mouse and keyboard in a real window, real agents, a real application."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from tests.app.conftest import SHOTS
from tests.app.e2e.journey import Report
from tests.app.e2e.play import REPORT

ROOT = Path(__file__).resolve().parents[3]
SANE = 3.0
"""Seconds that the window may stand still at most, even on a machine that does much else."""


@pytest.mark.timeout(300)
def test_the_main_journey() -> None:
    """On a virtual screen where there is one, so that the window is one of X; else on Qt's own offscreen platform."""
    screens, environment = SHOTS / "journey", {**os.environ, "PYTHONPATH": str(ROOT)}
    screen: list[str] = []
    if xvfb := shutil.which("xvfb-run"):
        screen = [xvfb, "-a", "-s", "-screen 0 1920x1200x24"]
        environment["QT_QPA_PLATFORM"] = "xcb"
    command = [*screen, sys.executable, "-m", "tests.app.e2e.play", str(screens)]
    answer = subprocess.run(
        command, check=False, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=280
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    report = msgspec.json.decode((screens / REPORT).read_bytes(), type=Report)
    print(report)
    three, two = report.mosaics
    assert len(three) == 3
    assert all(abs(count - 10) <= 1 for count in three.values()), three
    assert len(two) == 2
    assert all(abs(count - 15) <= 1 for count in two.values()), two
    assert report.painted
    assert report.worst < SANE, report.stalls
