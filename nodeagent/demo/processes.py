"""Processes that outlive the one that starts them, and finding everything that belongs to one node.

What a node starts carries its KEEPGREEN_HOME in the environment: agent, scripts and the application alike.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
import psutil

SAME_START = 2.0
"""Seconds by which two readings of one process's creation time may differ: the wall clock is adjusted meanwhile."""
POLITE = 10.0
"""Seconds a process has to end by itself."""


class Mark(msgspec.Struct, frozen=True):
    """A process that cannot be mistaken for a later one with the same pid."""

    pid: int
    created: float

    def process(self) -> psutil.Process | None:
        """The process when it still runs."""
        try:
            found = psutil.Process(self.pid)
            same = abs(found.create_time() - self.created) < SAME_START
            return found if same and is_running(found) else None
        except psutil.Error:
            return None


def start_detached(command: Sequence[str], environment: Mapping[str, str], directory: Path, log: Path) -> Mark:
    """Start a process in a session of its own; what it says is appended to `log`."""
    detached = 0
    if sys.platform == "win32":
        detached = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            creationflags=detached,
        )
    mark = Mark(process.pid, psutil.Process(process.pid).create_time())
    # Popen would wait for it, and complain of it at the end of this program; it is on its own now.
    process.returncode = 0
    return mark


def is_running(process: psutil.Process) -> bool:
    """It is there and no zombie; a dead child of ours is reaped."""
    try:
        if process.status() != psutil.STATUS_ZOMBIE:
            return True
        if sys.platform != "win32":
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)
    except psutil.Error:
        pass
    return False


def of_demo(directory: Path) -> list[psutil.Process]:
    """Everything that a demo in this directory started and that still runs; agents first."""
    found = []
    for process in psutil.process_iter():
        home = home_of(process)
        if home and home.parent == directory and is_running(process):
            found.append(process)
    return sorted(found, key=lambda process: not is_agent(process))


def of_home(home: Path) -> list[psutil.Process]:
    """The part of it that one node started; its agent first, so that it cannot react to the end of the others."""
    return [process for process in of_demo(home.parent) if home_of(process) == home]


def home_of(process: psutil.Process) -> Path | None:
    """The node that a process belongs to; None for one of nobody's, and for one that has just gone."""
    try:
        home = process.environ().get("KEEPGREEN_HOME")
    except (psutil.Error, OSError):
        return None
    return Path(home) if home else None


def is_agent(process: psutil.Process) -> bool:
    """It runs `nodeagent agent run`; in a virtual environment of Windows these are two processes."""
    try:
        return process.cmdline()[-3:] == ["nodeagent", "agent", "run"]
    except psutil.Error:
        return False


def end(processes: Iterable[psutil.Process], *, polite: float = POLITE) -> list[psutil.Process]:
    """Ask them to end, kill what still runs after `polite` seconds (0 = at once); those that survive even that."""
    left = list(processes)
    if polite:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.terminate()
        left = wait_gone(left, polite)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.kill()
    return wait_gone(left, 5.0)


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those that still run after at most so many seconds."""
    deadline = time.monotonic() + seconds
    left = [p for p in processes if is_running(p)]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [p for p in left if is_running(p)]
    return left
