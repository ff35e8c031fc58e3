"""The timers of the console's loop: what asyncio wants called, called by Qt, never one inside another.

While a callback runs it may let Qt process events (a drag, a native dialog, a simulated click). Another callback that
ran in there would meet a task that is in the middle of a step; asyncio forbids that and the wake-up would be lost.
Here it waits until the one that runs has returned.
"""

import asyncio

from PySide6.QtCore import QObject, QTimerEvent


class LoopTimers(QObject):
    """Takes the place of the timers that qasync brings."""

    def __init__(self) -> None:
        super().__init__()
        self._handles: dict[int, asyncio.Handle] = {}
        self._running = self._stopped = False

    def add_callback(self, handle: asyncio.Handle, delay: float = 0) -> asyncio.Handle:
        """Run it once, `delay` seconds from now."""
        self._handles[self.startTimer(int(max(0, delay) * 1000))] = handle
        return handle

    def timerEvent(self, event: QTimerEvent) -> None:
        """Qt's call; one that comes while a callback runs is left alone, Qt makes it again."""
        if self._running:
            return
        self.killTimer(event.timerId())
        handle = self._handles.pop(event.timerId(), None)
        if handle is None or self._stopped or handle.cancelled():
            return
        self._running = True
        try:
            handle._run()
        finally:
            self._running = False

    def stop(self) -> None:
        """Run nothing any more."""
        self._stopped = True

    def set_debug(self, enabled: bool) -> None:
        """Asked for by the loop; asyncio's own debug mode says enough."""
