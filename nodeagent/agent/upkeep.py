"""Keeps what is written down within its bounds: old script outputs, snapshots that were never fetched."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from nodeagent.adapters.output_files import remove_old
from nodeagent.durable import wall_time
from nodeagent.home import Home

EVERY = 3600.0
"""Seconds between two looks."""
DAY = 86400.0


class Upkeep:
    """The log, audit and resource history bound themselves; this is for files. `days` is how long outputs stay."""

    def __init__(self, home: Home, days: int) -> None:
        self._home, self._days = home, days

    async def run(self) -> None:
        """Clear up at once and every hour, beside the loop, until cancelled."""
        await self._done(self.forget_snapshots)
        while True:
            await self._done(self.forget_outputs)
            await asyncio.sleep(EVERY)

    @staticmethod
    async def _done(work: Callable[[], None]) -> None:
        with suppress(OSError):  # a directory that cannot be read is no reason to end: once more in an hour
            await asyncio.to_thread(work)

    def forget_snapshots(self) -> None:
        """An agent that was killed left them behind."""
        for file in self._home.temporary.glob("snapshot-*.zip"):
            with suppress(OSError):
                file.unlink()

    def forget_outputs(self) -> None:
        """Remove the script outputs that are too old."""
        modules = self._home.var / "modules"
        for module in modules.iterdir() if modules.is_dir() else ():
            remove_old(self._home.user_log(module.name), wall_time() - self._days * DAY)
