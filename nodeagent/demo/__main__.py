"""`python -m nodeagent.demo`: the demo up, shown until Ctrl-C, then down. What `dev.py run` does."""

import argparse
import asyncio
import contextlib
import io
import signal
import sys
from pathlib import Path

from rich.console import Console

from nodeagent.demo.farm import MOST_NODES, DemoFailed, DemoPortTaken, default_directory, down, up
from nodeagent.demo.table import show, tell

UNAVAILABLE = 69
FAILED = 70


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python3 dev.py run", description="A farm of real agents on this computer.")
    parser.add_argument("--dir", type=Path, default=default_directory(), help="where it keeps its files (%(default)s)")
    parser.add_argument("--nodes", type=int, default=3, help=f"1 to {MOST_NODES} (%(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="how long to watch without a terminal (%(default)s)"
    )
    a = parser.parse_args()
    console = Console(highlight=False, markup=False, emoji=False)
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK"):
        if number := getattr(signal, name, None):
            signal.signal(number, signal.default_int_handler)
    try:
        info = up(a.dir, a.nodes, say)
    except (DemoPortTaken, DemoFailed) as problem:
        print(problem, file=sys.stderr)
        return UNAVAILABLE if isinstance(problem, DemoPortTaken) else FAILED
    except KeyboardInterrupt:
        return 130
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(show(info, console) if console.is_terminal else tell(info, console, a.seconds))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        down(a.dir, say)
    except DemoFailed as problem:
        print(problem, file=sys.stderr)
        return FAILED
    return 0


def say(line: str) -> None:
    """One line of progress."""
    print(line, flush=True)


if __name__ == "__main__":
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    sys.exit(main())
