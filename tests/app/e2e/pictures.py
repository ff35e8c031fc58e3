"""`python -m tests.app.e2e.pictures [DIRECTORY]`: pictures of the console on a demo farm of which one node is stopped.

Without a directory the README's picture is made; with one, every page there, light and dark, in two sizes and two
languages.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import msgspec
import psutil

from app.services.memory import FILE, HOME_VARIABLE, Remembered, RememberedCluster, Settings
from nodeagent.demo.farm import DemoInfo, down, home_of, status, up
from nodeagent.demo.processes import of_home
from tests.fakes.short_directory import short_directory

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "docs" / "pictures" / "monitoring.png"
LOOKS = (
    ("light", "en", "1280x720"),
    ("dark", "en", "1280x720"),
    ("light", "fr", "1280x720"),
    ("light", "en", "1920x1080"),
    ("dark", "fr", "1920x1080"),
)
VICTIM = 2
RESTARTS = 3
"""What the demo's module allows; the next death stops it."""


def main(arguments: Sequence[str]) -> int:
    """The exit code."""
    with short_directory() as place:
        try:
            info = up(place / "demo", report=print)
            break_down(info)
            if not arguments:
                shots = picture(place, "light", "en", "1440x860", demo=place / "demo")
                README.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(next(shots.glob("*-monitoring.png")), README)
                print(f"{README} {README.stat().st_size // 1024} kB")
                return 0
            for look in LOOKS:
                target = Path(arguments[0]) / "-".join(look)
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(picture(place, *look, demo=place / "demo"), target)
                print(target)
            return 0
        finally:
            down(place / "demo")


def picture(
    place: Path,
    theme: str,
    language: str,
    size: str,
    demo: Path | None = None,
    clusters: tuple[RememberedCluster, ...] = (),
) -> Path:
    """The directory with a picture of each page in this look: of the demo farm, else of what is remembered."""
    home, shots = place / "console", place / "-".join((theme, language, size))
    home.mkdir(exist_ok=True)
    settings = Settings(theme=theme, language=language, reduced_motion=True)  # type: ignore[arg-type]
    (home / FILE).write_bytes(msgspec.json.encode(Remembered(settings=settings, clusters=clusters)))
    source = ["--demo", demo] if demo is not None else []
    command = [sys.executable, "-m", "app", *source, "--screenshots", shots, "--size", size]
    environment = {**os.environ, HOME_VARIABLE: str(home), "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, env=environment, cwd=ROOT)
    return shots


def break_down(info: DemoInfo) -> None:
    """Kill one node's application once more often than it may be restarted."""
    directory = Path(info.directory)
    for _ in range(RESTARTS + 1):
        wait_for(directory, ready=True)
        for process in of_home(home_of(directory, VICTIM)):
            with suppress(psutil.Error):
                if "serve" in process.cmdline():
                    process.kill()
        wait_for(directory, ready=False)


def wait_for(directory: Path, *, ready: bool) -> None:
    """Until ready.txt of the node says so. Raises TimeoutError after a minute."""
    deadline = time.monotonic() + 60
    while (status(directory).nodes[VICTIM - 1].ready == HTTPStatus.OK) is not ready:
        if time.monotonic() > deadline:
            raise TimeoutError(f"node{VICTIM} did not become {'ready' if ready else 'unready'}")
        time.sleep(0.1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
