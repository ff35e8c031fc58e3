"""Ending everything a script has started.

Members of a run are found in three ways, each of which covers what another misses: the session the
script was started in, parents and children, and the mark of the run in the environment (a daemon has
left its session and lost its parents, but not its environment). They are frozen until no new one
turns up, so that nobody forks away between the look and the blow, then killed.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress

from nodeagent.adapters.processes.linux import table
from nodeagent.core.events import ProcessRef

assert sys.platform == "linux"

_PAUSE = 0.005
_RUN = b"KEEPGREEN_RUN="
_NOBODY = ProcessRef(-1, float("inf"))
"""The script of a run of which only the mark is known; no process has it as its session."""


def members(root: ProcessRef, marks: frozenset[bytes]) -> frozenset[int]:
    """Living processes of the run whose script is `root`; never the caller. `marks` must all be in the environment."""
    assert marks  # none would be in every environment
    everything = {entry.pid: entry for entry in table.stats()}
    everything.pop(os.getpid(), None)
    family = {
        pid
        for pid, entry in everything.items()
        if (pid == root.pid and entry.created == root.created)
        or (entry.session == root.pid and entry.created >= root.created)
        or marks <= table.environment(pid)
    }
    children: dict[int, list[int]] = {}
    for pid, entry in everything.items():
        children.setdefault(entry.parent, []).append(pid)
    look = list(family)
    while look:
        more = [child for child in children.get(look.pop(), ()) if child not in family]
        family.update(more)
        look += more
    return frozenset(pid for pid in family if not everything[pid].ended)


def kill(root: ProcessRef, marks: frozenset[bytes], patience: float = 10.0) -> bool:
    """Kill the run's processes until none is left; False when some would not die in `patience` seconds. Blocks."""
    end = time.monotonic() + patience
    struck: set[tuple[int, float]] = set()
    while time.monotonic() < end:
        frozen: frozenset[int] = frozenset()
        while (new := members(root, marks) - frozen) and time.monotonic() < end:
            _send(new, signal.SIGSTOP)
            frozen |= new
        if not frozen and not _living(struck):
            return True
        struck |= {(entry.pid, entry.created) for pid in frozen if (entry := table.stat(pid))}
        _send(frozen, signal.SIGKILL)
        time.sleep(_PAUSE)
    return not members(root, marks) and not _living(struck)


def _living(struck: set[tuple[int, float]]) -> bool:
    """A process on its way out loses its environment, by which it is known, before it is gone."""
    return any(
        (entry := table.stat(pid)) is not None and entry.created == created and not entry.ended
        for pid, created in struck
    )


def _send(pids: frozenset[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end_marked(home: str, wanted: Callable[[str], bool]) -> None:
    """Kill every run of this KEEPGREEN_HOME whose KEEPGREEN_RUN is wanted dead. Blocks."""
    at_home = os.fsencode(f"KEEPGREEN_HOME={home}")
    runs = {
        entry
        for process in table.stats()
        for environment in (table.environment(process.pid),)
        if at_home in environment
        for entry in environment
        if entry.startswith(_RUN) and wanted(os.fsdecode(entry.removeprefix(_RUN)))
    }
    for run in runs:
        kill(_NOBODY, frozenset({run, at_home}))
