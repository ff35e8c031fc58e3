"""Which counters of a session were already used: a replayed datagram is worth nothing."""

from typing import Final

WINDOW: Final = 1024
_MASK: Final = (1 << WINDOW) - 1


class ReplayWindow:
    """Remembers the last 1,024 counters. Bit n of the map stands for the counter `highest - n`."""

    __slots__ = ("_highest", "_used")

    def __init__(self) -> None:
        self._highest = -1
        self._used = 0

    def refuses(self, counter: int) -> bool:
        """True when the counter was used, or is too old to tell."""
        age = self._highest - counter
        return age >= 0 and (age >= WINDOW or bool(self._used >> age & 1))

    def use(self, counter: int) -> None:
        """Remember a counter; only after the datagram proved to be authentic."""
        ahead = counter - self._highest
        if ahead > 0:
            self._used = (self._used << ahead & _MASK | 1) if ahead < WINDOW else 1
            self._highest = counter
        else:
            self._used |= 1 << -ahead & _MASK
