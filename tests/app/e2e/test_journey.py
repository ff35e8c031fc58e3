"""The main journey, end to end: mouse and keyboard in a real window, real agents, a real application."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.console import Console
from app.services.memory import Memory
from app.services.tasks import TaskOwner
from tests.app.conftest import SHOTS
from tests.app.e2e.hands import Hands
from tests.app.e2e.journey import fresh_nodes, played

SANE = 3.0
"""Seconds that the window may stand still at most, even on a machine that does much else."""


@pytest.mark.timeout(300)
async def test_the_main_journey(qapp: QApplication, directory: Path) -> None:
    failed: list[str] = []
    tasks = TaskOwner(lambda name, error: failed.append(f"{name}: {error!r}"))
    console = Console(qapp, Memory(directory / "home"), tasks, directory / "demo")
    hands = Hands(console.window, SHOTS / "journey", print)
    with fresh_nodes(directory) as nodes:
        report = await played(console, nodes, hands)
    print(report)
    assert not failed
    three, two = report.mosaics
    assert len(three) == 3
    assert all(abs(count - 10) <= 1 for count in three.values()), three
    assert len(two) == 2
    assert all(abs(count - 15) <= 1 for count in two.values()), two
    assert report.painted
    assert report.worst < SANE, report.stalls
