"""Calls that may come a little late, so that they cost no wake-up of their own.

To wake up is most of what an idle agent costs, whatever it then does. The engine wakes up with every heartbeat that
comes or goes: what is due by then and not urgent is done along with it.
"""

import asyncio
from collections.abc import Callable

LATE = 0.1
"""Seconds that the most leisurely call may be late."""


class LeisurelyCall:
    """One call that is to come; once at most."""

    __slots__ = ("_callback", "_timer", "when")

    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self._callback: Callable[[], object] | None = callback
        self._timer: asyncio.TimerHandle | None = None

    def within(self, loop: asyncio.AbstractEventLoop, late: float) -> None:
        """It comes by itself when it is so late."""
        self._timer = loop.call_at(self.when + late, self.run)

    def run(self) -> None:
        """Make it, if it was not made or cancelled."""
        callback = self._callback
        self.cancel()
        if callback is not None:
            callback()

    def cancel(self) -> None:
        """Do not make it any more."""
        self._callback = None
        if self._timer is not None:
            self._timer.cancel()

    @property
    def over(self) -> bool:
        """Whether it was made or cancelled."""
        return self._callback is None


class Leisure:
    """All such calls of one loop. `woken` makes those that are due; without it they are as late as they may be."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._calls: set[LeisurelyCall] = set()
        self._next = float("inf")

    def call_at(self, when: float, callback: Callable[[], object], late: float = LATE) -> LeisurelyCall:
        """Call at this time of the loop's clock, `late` seconds later at most."""
        call = LeisurelyCall(when, callback)
        call.within(self._loop, late)
        self._calls.add(call)
        self._next = min(self._next, when)
        return call

    async def sleep(self, seconds: float, late: float = LATE) -> None:
        """Sleep so long, and `late` seconds longer at most."""
        over = asyncio.Event()
        call = self.call_at(self._loop.time() + seconds, over.set, late)
        try:
            await over.wait()
        finally:
            call.cancel()

    def woken(self, now: float) -> None:
        """The process is awake at this time: make the calls that are due."""
        if now < self._next:
            return
        due = [call for call in self._calls if call.when <= now]
        self._calls = {call for call in self._calls if call.when > now and not call.over}
        self._next = min((call.when for call in self._calls), default=float("inf"))
        for call in due:
            call.run()
