"""How busy the machine is: processors and memory, sampled beside the loop."""

import asyncio
from collections.abc import Callable

import psutil

from nodeagent.engine.leisure import Leisure

EVERY = 2.0
"""Seconds between two samples."""
NOTEWORTHY = 2.0
"""Percentage points by which a figure must move before anybody is told."""


class NodeLoad:
    """The last figures, in percent of the whole machine; 0 before the first sample."""

    def __init__(self, on_change: Callable[[], None], leisure: Leisure, every: float = EVERY) -> None:
        self._on_change, self._leisure, self._every = on_change, leisure, every
        self.cpu = 0.0
        self.memory = 0.0

    async def run(self) -> None:
        """Sample until cancelled."""
        await asyncio.to_thread(_sample)  # the first one has nothing to be compared with
        while True:
            await self._leisure.sleep(self._every)
            self.take(*await asyncio.to_thread(_sample))

    def take(self, cpu: float, memory: float) -> None:
        """A sample; small moves are not told, so that an idle machine stays idle."""
        if abs(cpu - self.cpu) >= NOTEWORTHY or abs(memory - self.memory) >= NOTEWORTHY:
            self.cpu, self.memory = cpu, memory
            self._on_change()


def _sample() -> tuple[float, float]:
    return psutil.cpu_percent(), psutil.virtual_memory().percent
