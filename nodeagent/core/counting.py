"""How many automatic actions a module may take inside its sliding window."""

from collections.abc import Iterable

from nodeagent.core.events import Counted

CHAIN_GAP = 60.0
"""Seconds: counted actions closer than this follow each other, and restart_delay doubles."""


class ActionCount:
    """The counted actions of one module, oldest first; those outside the window are forgotten."""

    def __init__(self, past: Iterable[Counted] = ()) -> None:
        self._actions = list(past)

    def add(self, action: Counted, interval: float) -> None:
        """Count one; `interval` 0 keeps only what restart_delay needs."""
        self._actions = [a for a in self._actions if a.at > action.at - max(interval, CHAIN_GAP)]
        self._actions.append(action)

    def reset(self) -> None:
        """An administrator has taken over."""
        self._actions.clear()

    def within(self, interval: float, now: float) -> tuple[Counted, ...]:
        """Those inside the window (all are forgotten with `interval` 0)."""
        return tuple(a for a in self._actions if a.at > now - interval) if interval else ()

    @property
    def all(self) -> tuple[Counted, ...]:
        """What must survive a crash of the agent."""
        return tuple(self._actions)

    def chained(self) -> int:
        """How many of the last actions followed each other within a minute, the last one included."""
        length = 0
        later: Counted | None = None
        for action in reversed(self._actions):
            if later is not None and later.at - action.at > CHAIN_GAP:
                break
            later, length = action, length + 1
        return length


def restart_delay(chained: int, first: float, most: float) -> float:
    """Seconds before the next start: `first`, doubled for each action that followed another, at most `most`."""
    if not first or chained < 1:
        return 0.0
    return min(first * 2.0 ** min(chained - 1, 30), most)
