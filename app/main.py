"""The entry of the console: arguments, the log file, Qt's loop. The only module that knows qasync."""

import argparse
import asyncio
import contextlib
import logging
import logging.handlers
import os
import queue
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from app.console import Console

SETTLE = 30.0
"""Seconds that nodes get to answer before pictures are taken."""
PICTURE = 1.0
"""Seconds that a page gets before its picture is taken."""
log = logging.getLogger("keepgreen.console")


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the window and live until it is closed."""
    given = _parser().parse_args(arguments)
    os.environ.setdefault("QT_API", "pyside6")
    from PySide6.QtCore import QLocale
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from app.resource_files import resource
    from app.services.memory import Memory, console_home
    from app.services.tasks import TaskOwner
    from app.viewmodels.text import LANGUAGES, use_language
    from app.views.theme import theme
    from app.views.widgets.focus_ring import FocusRing

    home = console_home(os.environ, Path.home())
    listener = _log_to(home)
    application = QApplication([sys.argv[0]])
    application.setApplicationName("Keepgreen")
    application.setWindowIcon(QIcon(str(resource("keepgreen.svg"))))
    application.setQuitOnLastWindowClosed(False)
    memory = Memory(home)
    settings = memory.load().settings
    wanted = settings.language or QLocale.system().name()[:2]
    use_language(wanted if wanted in LANGUAGES else "en")
    theme.reduced_motion = settings.reduced_motion
    theme.apply(application, settings.theme)
    FocusRing(application)
    from app.console import Console
    from app.sweeping import sweep

    async def live() -> None:
        console = Console(application, memory, TaskOwner(_failed), given.demo or home / "demo")
        console.show()
        if given.size is not None:
            console.window.resize(*given.size)
        async with asyncio.TaskGroup() as group:
            sweeping = group.create_task(sweep(), name="garbage")
            if given.screenshots is not None:
                group.create_task(_take_pictures(console, given.screenshots), name="pictures")
            await console.run(demo=given.demo is not None)
            sweeping.cancel()

    try:
        with asyncio.Runner(loop_factory=lambda: event_loop(application)) as runner:
            runner.run(live())
    except KeyboardInterrupt:
        return 130
    finally:
        listener.stop()
    return 0


def event_loop(application: "QApplication") -> asyncio.AbstractEventLoop:
    """A loop of asyncio that Qt drives."""
    import qasync  # type: ignore[import-untyped]

    from app.loop_timers import LoopTimers

    loop: asyncio.AbstractEventLoop = qasync.QEventLoop(application)
    loop._timer = LoopTimers()  # type: ignore[attr-defined]
    return loop


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="keepgreen console", description="The desktop console of Keepgreen.")
    parser.add_argument("--demo", type=Path, metavar="DIR", help="start the demo farm in DIR, or connect to it there")
    parser.add_argument("--screenshots", type=Path, metavar="DIR", help="write a picture of each page to DIR, then end")
    parser.add_argument("--size", type=_size, metavar="WxH", help="size of the window, 1280x720 at least")
    return parser


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no size: give width and height in pixels, as in 1440x900")
    return int(width), int(height)


def _failed(name: str, error: Exception) -> None:
    log.error("%s failed", name, exc_info=error)


def _log_to(home: Path) -> logging.handlers.QueueListener:
    """The console's own log, at most 3 MB, written by a thread of its own; where the disk refuses there is none."""
    logging.raiseExceptions = False
    with contextlib.suppress(OSError):
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = logging.handlers.RotatingFileHandler(home / "console.log", maxBytes=1_000_000, backupCount=2, delay=True)
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    lines: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    root = logging.getLogger()
    root.setLevel(logging.WARNING)
    log.setLevel(logging.INFO)
    root.addHandler(logging.handlers.QueueHandler(lines))
    listener = logging.handlers.QueueListener(lines, file)
    listener.start()
    return listener


async def _take_pictures(console: "Console", directory: Path) -> None:
    """Every page there is, as soon as the nodes have answered."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(SETTLE):
            await console.settled.wait()
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    for number, (name, show) in enumerate(console.tour(), 1):
        show()
        await asyncio.sleep(PICTURE)
        console.window.grab().save(str(directory / f"{number:02}-{name}.png"))
    console.window.close()
