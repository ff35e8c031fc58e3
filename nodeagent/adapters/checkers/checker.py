"""The time of one checker.

It looks at once, then at fixed times: half an interval to a whole one after the first look, which part
depends only on the name of its module, so that many modules do not all look in one moment, and the checkers of
one look together, which costs one wake-up; from then on every interval, whatever the looks take, up to a
hundredth of it late. A time that passes during a look is left out.
Told to look at once, it drops a look that is under way and begins anew.
"""

import asyncio
import zlib
from collections.abc import Callable
from time import monotonic

from nodeagent.adapters.checkers.look import Look, Seen, refused
from nodeagent.core.events import CheckerResult
from nodeagent.engine.leisure import LATE, Leisure

DEFAULT_INTERVAL = 10.0
DEFAULT_TIMEOUT = 5.0


class Checker:
    """Looks again and again until its task is cancelled. Interval and timeout in seconds."""

    def __init__(
        self,
        module: str,
        key: str,
        look: Look,
        interval: float,
        timeout: float,
        post: Callable[[CheckerResult], None],
        leisure: Leisure,
    ) -> None:
        self._module, self._key, self._look = module, key, look
        self._interval, self._timeout, self._post, self._leisure = interval, timeout, post, leisure
        self._round = 0
        self._called = asyncio.Event()
        self._under_way: asyncio.Timeout | None = None

    def now(self, round: int | None = None) -> None:
        """Look at once; `round` is told with the results from then on."""
        if round is not None:
            self._round = round
        self._called.set()
        if self._under_way is not None:
            self._under_way.reschedule(asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Until cancelled."""
        first = monotonic() - self._interval * (1 - phase(self._module)) / 2
        while True:
            await self._look_once()
            now = monotonic()
            due = now + self._interval - (now - first) % self._interval
            call = self._leisure.call_at(due, self._called.set, min(LATE, self._interval / 100))
            try:
                await self._called.wait()
            finally:
                call.cancel()

    async def _look_once(self) -> None:
        while True:
            self._called.clear()
            round_, began = self._round, monotonic()
            try:
                async with asyncio.timeout(self._timeout) as timer:
                    self._under_way = timer
                    seen = await self._look.look()
            except OSError as error:
                if not timer.expired():
                    seen = refused(error)
                elif self._called.is_set():
                    continue
                else:
                    seen = Seen(False, f"no answer within {self._timeout:g} s")
            finally:
                self._under_way = None
            took = monotonic() - began
            self._post(CheckerResult(self._module, self._key, seen.good, seen.text, took, round_, seen.restarted))
            return


def phase(name: str) -> float:
    """A number from 0 up to 1 that is always the same for this name."""
    return zlib.crc32(name.encode()) / 2**32
