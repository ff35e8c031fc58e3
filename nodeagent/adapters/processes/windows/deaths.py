"""The end of a process as an event: its handle becomes signalled.

One wait takes 64 handles at most, so the watched processes are shared out to groups, each with a
thread that waits for all of its handles and for an event that tells it of a change.
"""

import asyncio
import sys
import threading
from collections.abc import Callable

from nodeagent.adapters.processes.windows import api, table
from nodeagent.core.events import ProcessRef

assert sys.platform == "win32"

_ROOM = 60
_POLL = 0.25


class Death:
    """The watch over one process. Used in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ended: Callable[[], None]) -> None:
        self.loop, self._ended = loop, ended
        self._told = False
        self.timer: asyncio.Handle | None = None
        self.group: _Group | None = None

    def tell(self) -> None:
        """The process is gone."""
        if not self._told:
            self.cancel()
            self._ended()

    def cancel(self) -> None:
        """Tell nothing from now on."""
        self._told = True
        if self.timer:
            self.timer.cancel()
        if self.group:
            self.group.remove(self)


class _Group:
    """Up to 60 processes and the thread that waits for them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed = api.create_event()
        self._handles: dict[Death, int] = {}
        self._dropped: list[int] = []
        self._closing = False
        self._thread = threading.Thread(target=self._wait, name="deaths", daemon=True)
        self._thread.start()

    def add(self, death: Death, handle: int) -> bool:
        """Wait for this handle too, and close it in the end; False when the group is full."""
        with self._lock:
            if self._closing or len(self._handles) >= _ROOM:
                return False
            self._handles[death] = handle
        death.group = self
        api.set_event(self._changed)
        return True

    def remove(self, death: Death) -> None:
        """Wait for it no more."""
        with self._lock:
            handle = self._handles.pop(death, None)
            if handle is not None:
                self._dropped.append(handle)  # closed by the thread, which may be waiting for it just now
        api.set_event(self._changed)

    def close(self) -> None:
        """End the thread, close all handles."""
        with self._lock:
            self._closing = True
        api.set_event(self._changed)
        self._thread.join()

    def _wait(self) -> None:
        while True:
            with self._lock:
                for handle in self._dropped:
                    api.close_handle(handle)
                self._dropped.clear()
                if self._closing:
                    break
                waiting = list(self._handles.items())
            index = api.wait_for_any([self._changed, *(handle for _, handle in waiting)])
            if index == 0:
                continue
            death, handle = waiting[index - 1]
            with self._lock:
                if self._handles.pop(death, None) is None:
                    continue  # removed meanwhile: its handle is among the dropped
            api.close_handle(handle)
            death.loop.call_soon_threadsafe(death.tell)
        for handle in self._handles.values():
            api.close_handle(handle)
        api.close_handle(self._changed)


class Deaths:
    """Tells when processes end, within a few milliseconds; in the loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._groups: list[_Group] = []

    def watch(self, process: ProcessRef, ended: Callable[[], None]) -> Death:
        """Call `ended` once, from the loop, when the process is gone (soon, when it already is)."""
        death = Death(self._loop, ended)
        try:
            handle = api.open_process(process.pid, api.SYNCHRONIZE | api.PROCESS_QUERY_LIMITED_INFORMATION)
        except OSError as error:
            if error.winerror == api.ERROR_ACCESS_DENIED:
                death.timer = self._loop.call_later(_POLL, self._poll, death, process)
            else:
                death.timer = self._loop.call_soon(death.tell)
            return death
        # Looked at only now that the handle holds on to the process: the pid may be another's by this time.
        if table.created(process.pid) != process.created:
            api.close_handle(handle)
            death.timer = self._loop.call_soon(death.tell)
        elif not any(group.add(death, handle) for group in self._groups):
            group = _Group()
            group.add(death, handle)
            self._groups.append(group)
        return death

    def close(self) -> None:
        """End the waiting threads."""
        for group in self._groups:
            group.close()
        self._groups.clear()

    def _poll(self, death: Death, process: ProcessRef) -> None:
        """A process of the system that we may see, but not wait for."""
        if table.created(process.pid) == process.created:
            death.timer = self._loop.call_later(_POLL, self._poll, death, process)
        else:
            death.tell()
