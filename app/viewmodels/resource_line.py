"""What a resource was in the last hour, as a line to paint. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from nodeagent.contract.record_api import ResourceChange
from nodeagent.contract.status import ResourceStatus

HISTORY = 3600.0
"""Seconds that the line shows."""
STEPS = 360
"""A line is drawn in this many steps, so that it changes only when it looks different."""


@dataclass(frozen=True)
class Stretch:
    """A part of the line, from `start` to `end` in steps; `state` as the agent calls it."""

    start: int
    end: int
    state: str


def stretches(
    one: ResourceStatus, changes: Sequence[ResourceChange], seconds: float, now: float
) -> tuple[Stretch, ...]:
    """What it was; its present state holds from `since` on. `seconds` is the shift of the node's clock.

    What was before the first change that is known counts as not checked; a moment is one step long.
    """
    told = [(change.time + seconds, str(change.state)) for change in changes if change.time < one.since]
    told.append((one.since + seconds, str(one.state)))
    begin, last = now - HISTORY, 0
    found: list[Stretch] = []
    ends = [*(time for time, _ in told[1:]), now]
    for (time, state), until in zip(told, ends, strict=True):
        start = max(_step(time - begin), last)
        if start > last:
            found.append(Stretch(last, start, "init"))
        end = min(max(_step(until - begin), start + (until > begin)), STEPS)
        if end > start:
            found.append(Stretch(start, end, state))
            last = end
    return tuple(found)


def _step(seconds: float) -> int:
    return round(min(max(seconds, 0.0), HISTORY) / HISTORY * STEPS)
