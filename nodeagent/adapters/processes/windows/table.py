"""The process table of Windows."""

import subprocess
import sys
from collections.abc import Iterator

import psutil

from nodeagent.adapters.processes.windows import api
from nodeagent.core.events import ProcessRef

assert sys.platform == "win32"

_FIRST_OF_A_BOOT = ("services.exe", "wininit.exe", "smss.exe")


def created(pid: int) -> float | None:
    """When the process began, in seconds since 1970 as the clock was then; None when there is none."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return None


def command_line(pid: int) -> str:
    """Its command line; empty when it is gone or may not be read."""
    try:
        return subprocess.list2cmdline(psutil.Process(pid).cmdline())
    except (psutil.Error, OSError):
        return ""


def programs() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every living program with its name."""
    for pid, _, name in api.snapshot():
        if pid:
            yield pid, (name,)


def descendants(root: ProcessRef) -> frozenset[int]:
    """The process and what it and its children started, as far as the parents still live. Blocks shortly."""
    if created(root.pid) != root.created:
        return frozenset()
    family = {root.pid: root.created}
    rows = [(pid, parent) for pid, parent, _ in api.snapshot() if pid]
    found = True
    while found:
        found = False
        for pid, parent in rows:
            # A parent that is younger than its child is a stranger that was given a used pid.
            if pid not in family and parent in family and (began := created(pid)) and began >= family[parent]:
                family[pid] = began
                found = True
    return frozenset(family)


def machine_boot() -> str:
    """When the first process of this boot began. Raises LookupError when none of those known is there."""
    names = {name.lower(): pid for pid, _, name in api.snapshot()}
    for first in _FIRST_OF_A_BOOT:
        if first in names and (began := created(names[first])):
            return f"{first}-{began:.6f}"
    raise LookupError("no process of the system itself is to be seen")
