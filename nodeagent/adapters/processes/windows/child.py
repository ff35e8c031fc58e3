"""A script as a process of Windows, with all it starts in one job.

The job has no kill-on-close: the end of the agent touches nothing. The script itself holds a handle to
its job, so that the name of the job lives as long as the script does and a later agent finds it.
"""

import _winapi
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from nodeagent.adapters.processes.launching import Cannot, mark_of
from nodeagent.adapters.processes.windows import api, table
from nodeagent.adapters.processes.windows.command import command_line
from nodeagent.core.events import ProcessRef
from nodeagent.engine.ports import ScriptJob

assert sys.platform == "win32"

_CREATE_SUSPENDED = 0x4
_CREATE_UNICODE_ENVIRONMENT = 0x400
_KILLED = 1
_FILE_APPEND_DATA = 0x4
_SHARE_READ_WRITE = 0x3
_NOT_FOUND = (2, 3)
_PATIENCE = 10.0


class Child:
    """A script that was started, here (`handle`) or by an earlier agent (0)."""

    def __init__(self, process: ProcessRef, job: int | None, handle: int = 0) -> None:
        self.process = process
        self._job = job
        self._handle = handle

    def exit_code(self) -> int | None:
        """To be asked once it has ended; None when it was not started here."""
        return _winapi.GetExitCodeProcess(self._handle) if self._handle else None

    def kill(self) -> bool:
        """End the script and all it started; False when something would not die. Blocks."""
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            family = table.descendants(self.process)
            if self._job is not None:
                api.terminate_job(self._job, _KILLED)
            for pid in family - {os.getpid()}:
                _terminate(pid)
            if table.created(self.process.pid) != self.process.created or self._signalled():
                return True
            time.sleep(0.02)
        return False

    def leave(self) -> None:
        """Let it go on without us."""
        self.forget()

    def forget(self) -> None:
        """Give the handles back; the processes of the job live on."""
        if self._job is not None:
            api.close_handle(self._job)
        if self._handle:
            api.close_handle(self._handle)
        self._job, self._handle = None, 0

    def _signalled(self) -> bool:
        return bool(self._handle) and _winapi.WaitForSingleObject(self._handle, 0) == api.WAIT_OBJECT_0


def launch(job: ScriptJob, executable: Path, output: Path | None, *, apart: bool) -> Child:
    """Start the script, output appended to this file (None: to nowhere). Raises Cannot. Blocks.

    `apart` says nothing here: a job is always a thing of its own.
    """
    program = shutil.which(str(executable), path=job.env.get("PATH"))
    if program is None and not executable.exists():
        raise Cannot(127, f"{executable} does not exist")
    if not job.cwd.is_dir():
        raise Cannot(126, f"the working directory {job.cwd} does not exist")
    environment = {**job.env, "KEEPGREEN_RUN": mark_of(job.module, job.run)}
    says = _inheritable(str(output or "NUL"), _FILE_APPEND_DATA if output else _winapi.GENERIC_WRITE)
    hears = _inheritable("NUL", _winapi.GENERIC_READ)
    try:
        process, thread, pid, _ = _winapi.CreateProcess(
            None,
            command_line(program or str(executable), job.args, environment),
            None,
            None,
            True,
            _CREATE_SUSPENDED
            | _CREATE_UNICODE_ENVIRONMENT
            | subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.CREATE_NO_WINDOW,
            environment,
            str(job.cwd),
            subprocess.STARTUPINFO(
                dwFlags=subprocess.STARTF_USESTDHANDLES,
                hStdInput=hears,
                hStdOutput=says,
                hStdError=says,
                lpAttributeList={"handle_list": [hears, says]},
            ),
        )
    except OSError as error:
        code = 127 if error.winerror in _NOT_FOUND else 126
        raise Cannot(code, f"{executable} cannot be run: {error.strerror}") from error
    finally:
        api.close_handle(says)
        api.close_handle(hears)
    try:
        return _jobbed(pid, process)
    finally:
        api.resume(thread)
        api.close_handle(thread)


def adopt(module: str, run: str, process: ProcessRef) -> Child:
    """Take over a script of an earlier agent (it may be gone)."""
    return Child(process, api.open_job(_job_name(process)))


def _jobbed(pid: int, handle: int) -> Child:
    """The suspended process in a job of its own, before its first instruction."""
    created = table.created(pid)
    assert created is not None  # we hold its handle
    process = ProcessRef(pid, created)
    job = api.create_job(_job_name(process))
    try:
        api.assign_to_job(job, handle)
        api.give_handle(job, handle)
    except OSError:  # whoever runs the agent forbids nested jobs: it is killed by parents and children then
        api.close_handle(job)
        return Child(process, None, handle)
    return Child(process, job, handle)


def _job_name(process: ProcessRef) -> str:
    return f"Keepgreen-{process.pid}-{process.created:.6f}"


def _inheritable(path: str, access: int) -> int:
    """Append access alone makes the system put each write at the end of the file, whoever has cut it.

    Deleting is not shared: a file that somebody still writes to stays.
    """
    handle = _winapi.CreateFile(
        path, access | api.SYNCHRONIZE, _SHARE_READ_WRITE, _winapi.NULL, _winapi.OPEN_EXISTING, 0, _winapi.NULL
    )
    os.set_handle_inheritable(handle, True)
    return handle


def _terminate(pid: int) -> None:
    try:
        handle = api.open_process(pid, api.PROCESS_TERMINATE)
    except OSError:
        return
    api.terminate_process(handle, _KILLED)
    api.close_handle(handle)
