"""A script as a process of Linux: its own session, its output straight into its file."""

import errno
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from nodeagent.adapters.processes.launching import Cannot, mark_of
from nodeagent.adapters.processes.linux import table, tree
from nodeagent.adapters.processes.linux.scope import scope_command
from nodeagent.core.events import ProcessRef
from nodeagent.engine.ports import ScriptJob

assert sys.platform == "linux"

_SYSTEMD = Path("/run/systemd/system")


class Child:
    """A script that was started, here or by an earlier agent."""

    def __init__(self, process: ProcessRef, marks: frozenset[bytes], popen: subprocess.Popen[bytes] | None) -> None:
        self.process = process
        self._marks = marks
        self._popen = popen

    def exit_code(self) -> int | None:
        """To be asked once it has ended: its code, -n when signal n ended it, None when it is not our child."""
        return self._popen.poll() if self._popen else None

    def kill(self) -> bool:
        """End the script and all it started; False when something would not die. Blocks."""
        return tree.kill(self.process, self._marks)

    def leave(self) -> None:
        """Let it go on without us."""
        if self._popen and self._popen.returncode is None:
            self._popen.returncode = 0  # else Popen warns of a process still running, which is what is wanted

    def forget(self) -> None:
        """It has ended and was told; nothing is held for it."""


def launch(job: ScriptJob, executable: Path, output: Path | None, *, apart: bool) -> Child:
    """Start the script, output appended to this file (None: to nowhere). Raises Cannot. Blocks.

    `apart`: in a scope of its own under systemd, which makes no new ones while the system shuts down.
    """
    environment = {**job.env, "KEEPGREEN_RUN": mark_of(job.module, job.run)}
    root = os.geteuid() == 0
    scope = scope_command(job.module, os.environ, booted=apart and _SYSTEMD.is_dir(), root=root)
    file = os.open(output or os.devnull, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        popen = subprocess.Popen(
            [*scope, str(executable), *job.args],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=job.cwd,
            env=environment,
            start_new_session=True,
            umask=job.umask,
        )
    except OSError as error:
        raise _reason(job, executable, error) from error
    finally:
        os.close(file)
    created = table.created(popen.pid)
    if created is None:  # it is at least a zombie, so there was no descriptor: what nobody can watch must not run
        with suppress(ProcessLookupError):
            os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()
        raise Cannot(126, f"{executable} was ended again: the agent has no descriptor left to watch it by")
    return Child(ProcessRef(popen.pid, created), _marks(environment), popen)


def adopt(module: str, run: str, process: ProcessRef) -> Child:
    """Take over a script of an earlier agent (it may be gone)."""
    marks = {f"KEEPGREEN_RUN={mark_of(module, run)}".encode()}
    if table.created(process.pid) == process.created:
        marks |= {entry for entry in table.environment(process.pid) if entry.startswith(b"KEEPGREEN_HOME=")}
    return Child(process, frozenset(marks), None)


def _marks(environment: dict[str, str]) -> frozenset[bytes]:
    """KEEPGREEN_HOME too: several agents on one machine (the demo) may have runs of one name."""
    names = ("KEEPGREEN_RUN", "KEEPGREEN_HOME")
    return frozenset(os.fsencode(f"{name}={environment[name]}") for name in names if name in environment)


def _reason(job: ScriptJob, executable: Path, error: OSError) -> Cannot:
    """Why it could not be started, as the shell would number it: 127 not found, 126 not to be run."""
    why = error.strerror or str(error)
    if not job.cwd.is_dir():
        return Cannot(126, f"the working directory {job.cwd} does not exist")
    if not executable.exists():
        return Cannot(127, f"{executable} does not exist")
    if not os.access(executable, os.X_OK):
        return Cannot(126, f"{executable} is not executable: {why} (chmod +x helps)")
    if isinstance(error, FileNotFoundError):
        interpreter = _interpreter(executable)
        ends = " (the file has Windows line ends)" if interpreter.endswith("\r") else ""
        return Cannot(126, f"{executable} wants the interpreter {interpreter.strip()}, which does not exist{ends}")
    if error.errno == errno.ENOEXEC:
        return Cannot(126, f"{executable} is no program and has no #! line (#!/bin/sh as the first one helps)")
    return Cannot(126, f"{executable} cannot be run: {why}")


def _interpreter(executable: Path) -> str:
    with executable.open("rb") as file:
        line = file.read(256).partition(b"\n")[0].decode(errors="replace")
    return line.removeprefix("#!").strip(" \t").split(" ")[0] if line.startswith("#!") else "of its file format"
