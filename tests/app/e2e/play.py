"""`python -m tests.app.e2e.play DIRECTORY`: the main journey, with numbered pictures in DIRECTORY and a summary."""

import asyncio
import os
import shutil
import sys
import time
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")

import msgspec
from PySide6.QtWidgets import QApplication

from app.console import Console
from app.services.memory import Memory
from app.services.tasks import TaskOwner
from app.views.theme import theme
from app.views.widgets.focus_ring import FocusRing
from nodeagent.demo.ports import DemoPortTaken
from tests.app.e2e.hands import Hands
from tests.app.e2e.journey import Report, fresh_nodes, played
from tests.fakes.short_directory import short_directory

REPORT = "report.json"


def main(screens: Path) -> int:
    """The exit code: 0 when every step went as it should."""
    application = QApplication([sys.argv[0]])
    application.setQuitOnLastWindowClosed(False)
    theme.apply(application, "light")
    FocusRing(application)
    from app.main import event_loop

    shutil.rmtree(screens, ignore_errors=True)
    failed: list[str] = []

    async def live(home: Path) -> Report:
        tasks = TaskOwner(lambda name, error: failed.append(f"{name}: {error!r}"))
        console = Console(application, Memory(home / "home"), tasks, home / "demo")
        hands = Hands(console.window, screens, lambda step: print(step, flush=True))
        with fresh_nodes(home) as nodes:
            return await played(console, nodes, hands)

    began = time.monotonic()
    try:
        with (
            short_directory() as home,
            asyncio.Runner(loop_factory=lambda: event_loop(application)) as runner,
        ):
            report = runner.run(live(home))
        print(report)
        (screens / REPORT).write_bytes(msgspec.json.encode(report))
    except* (AssertionError, DemoPortTaken) as group:
        failed += [str(error) for error in group.exceptions]
    print(f"{len(list(screens.glob('*.png')))} pictures in {screens}, {time.monotonic() - began:.0f} s")
    for sentence in failed:
        print(f"FAILED {sentence}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo-screens")))
