"""The Windows Event Log (Application, source "Keepgreen"), by the system's own functions."""

import sys

from nodeagent.adapters.notify.message import SYSTEM_TYPES, is_main
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

SOURCE = "Keepgreen"
WAITING = 1000
"""Lines that may wait for the service behind the log."""
_ERROR, _WARNING, _INFORMATION = 1, 2, 4
EVENT_ID = {LogType.CRITICAL: 1, LogType.ERROR: 2, LogType.USER: 3, LogType.INFO: 4}
"""What filters and alerts go by."""
EVENT_TYPE = {LogType.CRITICAL: _ERROR, LogType.ERROR: _ERROR, LogType.USER: _WARNING}


if sys.platform == "win32":
    import ctypes
    import threading
    import winreg
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import suppress
    from ctypes import wintypes

    _advapi32 = ctypes.WinDLL("advapi32", use_last_error=True)
    _advapi32.RegisterEventSourceW.restype = wintypes.HANDLE
    _advapi32.RegisterEventSourceW.argtypes = [wintypes.LPCWSTR, wintypes.LPCWSTR]
    _advapi32.DeregisterEventSource.argtypes = [wintypes.HANDLE]
    _advapi32.ReportEventW.restype = wintypes.BOOL
    _advapi32.ReportEventW.argtypes = [
        wintypes.HANDLE,
        wintypes.WORD,
        wintypes.WORD,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.WORD,
        wintypes.DWORD,
        ctypes.POINTER(wintypes.LPCWSTR),
        wintypes.LPVOID,
    ]

    class EventLog:
        """Passes lines on in a thread of its own: the log's service may be slow."""

        def __init__(self) -> None:
            _register()
            self._source: int | None = _advapi32.RegisterEventSourceW(None, SOURCE)
            self._thread = ThreadPoolExecutor(1, "event log")
            self._room = threading.BoundedSemaphore(WAITING)

        def send(self, line: LogLine) -> None:
            """Pass a line on when it is a main event, and not too many wait."""
            if self._source and is_main(line, SYSTEM_TYPES) and self._room.acquire(blocking=False):
                self._thread.submit(self._report, self._source, line)

        def close(self) -> None:
            """Pass on what waits, then nothing any more."""
            if self._source:
                self._thread.submit(_advapi32.DeregisterEventSource, self._source)
                self._source = None
            self._thread.shutdown(wait=False)

        def _report(self, source: int, line: LogLine) -> None:
            text = f"{line.module}: {line.text}" if line.module else line.text
            words = (wintypes.LPCWSTR * 1)(f"{text}\n\nnode {line.node}, {line.origin}, line {line.cursor}")
            kind, number = EVENT_TYPE.get(line.type, _INFORMATION), EVENT_ID.get(line.type, 4)
            _advapi32.ReportEventW(source, kind, 0, number, None, 1, 0, words, None)
            self._room.release()

    def _register() -> None:
        """Let the viewer show the bare text: a program of Windows has a message "%1" for the ids 1 to 1000."""
        place = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{SOURCE}"
        with suppress(OSError), winreg.CreateKey(winreg.HKEY_LOCAL_MACHINE, place) as key:
            file = r"%SystemRoot%\System32\EventCreate.exe"
            winreg.SetValueEx(key, "EventMessageFile", 0, winreg.REG_EXPAND_SZ, file)
            winreg.SetValueEx(key, "TypesSupported", 0, winreg.REG_DWORD, _ERROR | _WARNING | _INFORMATION)
