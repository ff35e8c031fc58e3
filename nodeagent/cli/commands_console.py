"""console: starts the desktop console, which this program knows only by its name."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import click

from nodeagent.cli.exits import CommandFailed, Exit

NEEDS = ("app", "PySide6", "qasync", "keyring")
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


@click.command()
@click.option(
    "--demo",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DIR",
    help="Start the demo farm in DIR, or connect to it there.",
)
def console(demo: Path | None) -> int:
    """Open the desktop console."""
    return open_console(demo)


def open_console(demo: Path | None) -> int:
    """Run it to its end and give its exit code. Raises CommandFailed when it is not installed, or has no display."""
    missing = [name for name in NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandFailed(
            f"the desktop console is not installed here ({', '.join(missing)} is missing); "
            f'install it with: "{sys.executable}" -m pip install "keepgreen[app]"',
            Exit.AGENT_DOWN,
        )
    if sys.platform == "linux" and not any(map(os.environ.get, _DISPLAYS)):
        raise CommandFailed(
            "there is no display here: start the console on a workstation and connect it to this node", Exit.AGENT_DOWN
        )
    arguments = ["--demo", str(demo)] if demo is not None else []
    # A checkout is found by its directory only while that is the current one.
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    code = subprocess.run([sys.executable, "-m", "app", *arguments], check=False, env=environment).returncode
    return code if code >= 0 else 128 - code  # a signal, as a shell says it
