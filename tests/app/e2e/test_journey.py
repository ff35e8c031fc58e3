"""The main journey, end to end: mouse and keyboard in a real window, real agents, a real application."""

import asyncio
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.console import Console
from app.services.memory import Memory
from app.services.tasks import TaskOwner
from tests.app.conftest import SHOTS
from tests.app.e2e.hands import Hands
from tests.app.e2e.journey import Journey, fresh_nodes
from tests.app.e2e.watching import LoopWatch, percentile

SANE = 3.0
"""Seconds that the window may stand still at most, even on a machine that does much else."""


@pytest.mark.timeout(300)
async def test_the_main_journey(qapp: QApplication, directory: Path) -> None:
    failed: list[tuple[str, Exception]] = []
    console = Console(
        qapp, Memory(directory / "home"), TaskOwner(lambda name, error: failed.append((name, error))), directory / "demo"
    )
    hands = Hands(console.window, SHOTS / "journey", print)
    with fresh_nodes(directory) as nodes:
        console.show()
        living = asyncio.ensure_future(console.run())
        watch = LoopWatch(lambda: hands.step)
        journey = Journey(console, nodes, hands)
        try:
            await journey.play()
        finally:
            watch.stop()
            console.window.close()
            await living
    assert not failed
    three, two = journey.mosaics
    assert all(abs(count - 10) <= 1 for count in three.values()), three
    assert all(abs(count - 15) <= 1 for count in two.values()), two
    assert journey.painted is not None
    assert journey.painted.delays
    p95 = percentile(journey.painted.delays, 0.95)
    print(f"worst stall {watch.worst * 1000:.0f} ms; event to painted p95 {p95 * 1000:.0f} ms")
    assert watch.worst < SANE
