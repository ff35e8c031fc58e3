"""Who asks for ready.txt, how often, and what was answered: kept per source, not logged per probe."""

from collections.abc import Callable
from dataclasses import dataclass

from nodeagent.contract.status import ProbeSource

SOURCES_CAP = 64
SMOOTHING = 0.3
"""Weight of the newest interval in the shown one."""


@dataclass(slots=True)
class Seen:
    """One source of one module; `at` on the monotonic clock, `last` on the wall clock."""

    at: float
    last: float
    every: float
    answered: int


class Probes:
    """The last 64 sources; the one silent longest is forgotten first."""

    def __init__(self, monotonic: Callable[[], float], wall: Callable[[], float]) -> None:
        self._monotonic, self._wall = monotonic, wall
        self._seen: dict[tuple[str, str], Seen] = {}

    def count(self, module: str, source: str, answered: int) -> None:
        """A probe of a module was answered with this HTTP status."""
        now, wall = self._monotonic(), self._wall()
        before = self._seen.pop((module, source), None)
        every = 0.0
        if before is not None:
            gap = now - before.at
            every = gap if before.every == 0.0 else before.every + SMOOTHING * (gap - before.every)
        elif len(self._seen) >= SOURCES_CAP:
            del self._seen[next(iter(self._seen))]
        self._seen[module, source] = Seen(now, wall, every, answered)

    def sources(self) -> tuple[ProbeSource, ...]:
        """What the status snapshot shows, the most recent last; `every` 0 after a single probe."""
        return tuple(
            ProbeSource(module=module, source=source, last=seen.last, every=seen.every, answered=seen.answered)
            for (module, source), seen in self._seen.items()
        )
