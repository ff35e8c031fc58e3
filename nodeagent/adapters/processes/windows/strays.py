"""Runs that an earlier agent left behind, known by the mark in their environment."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress

import psutil

assert sys.platform == "win32"


def end_marked(home: str, wanted: Callable[[str], bool]) -> None:
    """End every process of this KEEPGREEN_HOME whose KEEPGREEN_RUN is wanted dead. Blocks."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            run = environment.get("KEEPGREEN_RUN")
            mine = environment.get("KEEPGREEN_HOME") == home and process.pid != os.getpid()
            if run is not None and mine and wanted(run):
                process.kill()
