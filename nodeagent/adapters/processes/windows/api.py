"""The calls of kernel32 that neither psutil nor the standard library offers, with their types."""

import ctypes
import sys
from collections.abc import Iterator
from ctypes import wintypes

assert sys.platform == "win32"

SYNCHRONIZE = 0x00100000
PROCESS_TERMINATE = 0x0001
PROCESS_QUERY_LIMITED_INFORMATION = 0x1000
JOB_OBJECT_TERMINATE = 0x0008
DUPLICATE_SAME_ACCESS = 0x0002
INFINITE = 0xFFFFFFFF
WAIT_OBJECT_0 = 0
ERROR_ACCESS_DENIED = 5

_SNAP_PROCESS = 0x0002
_INVALID_HANDLE = wintypes.HANDLE(-1).value

_kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)


class _ProcessEntry(ctypes.Structure):
    _fields_ = (
        ("size", wintypes.DWORD),
        ("usage", wintypes.DWORD),
        ("pid", wintypes.DWORD),
        ("heap", ctypes.c_void_p),
        ("module", wintypes.DWORD),
        ("threads", wintypes.DWORD),
        ("parent", wintypes.DWORD),
        ("priority", wintypes.LONG),
        ("flags", wintypes.DWORD),
        ("name", wintypes.WCHAR * 260),
    )


_handle = wintypes.HANDLE
_dword = wintypes.DWORD
_bool = wintypes.BOOL

_open_process = _kernel32.OpenProcess
_open_process.argtypes, _open_process.restype = (_dword, _bool, _dword), _handle
_close_handle = _kernel32.CloseHandle
_close_handle.argtypes, _close_handle.restype = (_handle,), _bool
_create_event = _kernel32.CreateEventW
_create_event.argtypes, _create_event.restype = (ctypes.c_void_p, _bool, _bool, wintypes.LPCWSTR), _handle
_set_event = _kernel32.SetEvent
_set_event.argtypes, _set_event.restype = (_handle,), _bool
_wait = _kernel32.WaitForMultipleObjects
_wait.argtypes, _wait.restype = (_dword, ctypes.c_void_p, _bool, _dword), _dword
_terminate_process = _kernel32.TerminateProcess
_terminate_process.argtypes, _terminate_process.restype = (_handle, wintypes.UINT), _bool
_create_job = _kernel32.CreateJobObjectW
_create_job.argtypes, _create_job.restype = (ctypes.c_void_p, wintypes.LPCWSTR), _handle
_open_job = _kernel32.OpenJobObjectW
_open_job.argtypes, _open_job.restype = (_dword, _bool, wintypes.LPCWSTR), _handle
_assign = _kernel32.AssignProcessToJobObject
_assign.argtypes, _assign.restype = (_handle, _handle), _bool
_terminate_job = _kernel32.TerminateJobObject
_terminate_job.argtypes, _terminate_job.restype = (_handle, wintypes.UINT), _bool
_resume = _kernel32.ResumeThread
_resume.argtypes, _resume.restype = (_handle,), _dword
_duplicate = _kernel32.DuplicateHandle
_duplicate.argtypes = (_handle, _handle, _handle, ctypes.POINTER(_handle), _dword, _bool, _dword)
_duplicate.restype = _bool
_current_process = _kernel32.GetCurrentProcess
_current_process.argtypes, _current_process.restype = (), _handle
_snapshot = _kernel32.CreateToolhelp32Snapshot
_snapshot.argtypes, _snapshot.restype = (_dword, _dword), _handle
_first = _kernel32.Process32FirstW
_first.argtypes, _first.restype = (_handle, ctypes.POINTER(_ProcessEntry)), _bool
_next = _kernel32.Process32NextW
_next.argtypes, _next.restype = (_handle, ctypes.POINTER(_ProcessEntry)), _bool


def _checked(result: int | None) -> int:
    if not result:
        raise ctypes.WinError(ctypes.get_last_error())
    return result


def open_process(pid: int, access: int) -> int:
    """A handle to the process. Raises OSError (winerror 87: no such process, 5: access denied)."""
    return _checked(_open_process(access, False, pid))


def close_handle(handle: int) -> None:
    """Give the handle back."""
    _close_handle(handle)


def terminate_process(handle: int, code: int) -> bool:
    """End one process; False when it had ended or may not be ended."""
    return bool(_terminate_process(handle, code))


def create_event() -> int:
    """An event that goes back by itself when a wait has seen it."""
    return _checked(_create_event(None, False, False, None))


def set_event(event: int) -> None:
    """Let a wait for the event return."""
    _set_event(event)


def wait_for_any(handles: list[int]) -> int:
    """Wait without end for one of at most 64 handles; its index. Raises OSError."""
    array = (_handle * len(handles))(*handles)
    result = int(_wait(len(handles), array, False, INFINITE))
    if not WAIT_OBJECT_0 <= result < len(handles):
        raise ctypes.WinError(ctypes.get_last_error())
    return result


def create_job(name: str) -> int:
    """A job that lets its processes live when the last handle to it is closed."""
    return _checked(_create_job(None, name))


def open_job(name: str) -> int | None:
    """A handle to end the job with; None when there is none of this name."""
    handle: int | None = _open_job(JOB_OBJECT_TERMINATE, False, name)
    return handle


def assign_to_job(job: int, process: int) -> None:
    """The process, and all it will start, belongs to the job from now on. Raises OSError."""
    _checked(_assign(job, process))


def terminate_job(job: int, code: int) -> bool:
    """End all processes of the job."""
    return bool(_terminate_job(job, code))


def resume(thread: int) -> None:
    """Let a thread that was created suspended run."""
    _resume(thread)


def give_handle(handle: int, process: int) -> None:
    """Let another process hold the object too, until it ends. Raises OSError."""
    copy = _handle()
    _checked(_duplicate(_current_process(), handle, process, ctypes.byref(copy), 0, False, DUPLICATE_SAME_ACCESS))


def snapshot() -> Iterator[tuple[int, int, str]]:
    """Every process: pid, pid of its parent (which may be another's by now), file name of its program."""
    handle = _snapshot(_SNAP_PROCESS, 0)
    if handle == _INVALID_HANDLE:
        raise ctypes.WinError(ctypes.get_last_error())
    try:
        entry = _ProcessEntry(size=ctypes.sizeof(_ProcessEntry))
        more = _first(handle, ctypes.byref(entry))
        while more:
            yield entry.pid, entry.parent, entry.name
            more = _next(handle, ctypes.byref(entry))
    finally:
        _close_handle(handle)
