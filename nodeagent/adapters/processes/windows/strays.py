"""Runs that an earlier agent left behind, known by the mark in their environment."""

import os
import sys
from contextlib import suppress

import psutil

assert sys.platform == "win32"


def end_marked(part: str, home: str) -> None:
    """End every process of this KEEPGREEN_HOME with `part` in its KEEPGREEN_RUN. Blocks."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            run = environment.get("KEEPGREEN_RUN", "")
            if part in run and environment.get("KEEPGREEN_HOME") == home and process.pid != os.getpid():
                process.kill()
