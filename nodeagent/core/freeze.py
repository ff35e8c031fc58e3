"""Self-doubt: an agent that was not running must not judge others by the silence it slept through."""

READING = 0.05
"""Seconds after a freeze within which what has waited in the sockets is read."""


class FreezeDetector:
    """Told of every wake-up; finds those that came too late. Counts them for the status."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0

    def observe(self, now: float, deadline: float | None, window: float) -> float | None:
        """Seconds this node was frozen, None when the wake-up was on time.

        `deadline` is when the core wanted to be woken (None: whenever something happens), `window`
        the detection window; a wake-up is too late by more than half of it.
        """
        if deadline is None or now - deadline <= window / 2:
            return None
        self.count += 1
        return now - deadline
