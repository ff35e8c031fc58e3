"""The end of a process as an event: a pidfd becomes readable."""

import asyncio
import os
import sys
from collections.abc import Callable

from nodeagent.adapters.processes.linux import table
from nodeagent.core.events import ProcessRef

assert sys.platform == "linux"

_POLL = 0.25


class Death:
    """The watch over one process."""

    def __init__(self, loop: asyncio.AbstractEventLoop, process: ProcessRef, ended: Callable[[], None]) -> None:
        self._loop, self._process, self._ended = loop, process, ended
        self._fd = -1
        self._timer: asyncio.Handle | None = None
        try:
            self._fd = os.pidfd_open(process.pid)
            # Looked at only now that the descriptor holds on to the process: the pid may be another's by this time.
            found = table.stat(process.pid)
        except ProcessLookupError:
            found = None
        except OSError:  # no pidfds here, or no descriptor left: look again and again instead
            self.cancel()
            self._timer = loop.call_later(_POLL, self._poll)
            return
        if found and found.created == process.created:
            loop.add_reader(self._fd, self._tell)
        else:
            self._timer = loop.call_soon(self._tell)

    def cancel(self) -> None:
        """Tell nothing from now on."""
        if self._timer:
            self._timer.cancel()
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1

    def _tell(self) -> None:
        self.cancel()
        self._ended()

    def _poll(self) -> None:
        if self._lives():
            self._timer = self._loop.call_later(_POLL, self._poll)
        else:
            self._tell()

    def _lives(self) -> bool:
        try:
            found = table.stat(self._process.pid)
        except OSError:  # not even a descriptor for the look
            return True
        return found is not None and not found.ended and found.created == self._process.created


class Deaths:
    """Tells when processes end, within a few milliseconds; in the loop's thread only."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def watch(self, process: ProcessRef, ended: Callable[[], None]) -> Death:
        """Call `ended` once, from the loop, when the process is gone (soon, when it already is)."""
        return Death(self._loop, process, ended)

    def close(self) -> None:
        """Nothing is held beyond the single watches."""
