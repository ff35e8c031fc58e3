"""What an administrator has paused for maintenance."""

from collections.abc import Iterable

NAMES = ("errd", "checker", "failover")


class SwitchBoard:
    """Process monitoring, checkers and rules, each on or off; a pause may have its own end time."""

    def __init__(self) -> None:
        self._off: set[str] = set()
        self._until: dict[str, float] = {}

    def recall(self, off: Iterable[str], until: Iterable[tuple[str, float]]) -> None:
        """Take up what the last agent knew."""
        self._off = set(off)
        self._until = {name: end for name, end in until if name in self._off}

    def set(self, name: str, on: bool, until: float | None) -> None:
        """Turn one; the end time is that of this pause."""
        self._off.discard(name)
        self._until.pop(name, None)
        if not on:
            self._off.add(name)
            if until is not None:
                self._until[name] = until

    @property
    def errd(self) -> bool:
        """Whether process monitoring acts."""
        return "errd" not in self._off

    @property
    def checker(self) -> bool:
        """Whether checkers act."""
        return "checker" not in self._off

    @property
    def failover(self) -> bool:
        """Whether rules act."""
        return "failover" not in self._off

    def ends_at(self, name: str) -> float | None:
        """When this pause ends by itself."""
        return self._until.get(name)

    @property
    def ends(self) -> tuple[tuple[str, float], ...]:
        """The pauses that end by themselves, with their times."""
        return tuple(sorted(self._until.items()))

    @property
    def until(self) -> float | None:
        """When the next pause ends by itself."""
        return min(self._until.values(), default=None)

    def due(self, now: float) -> tuple[str, ...]:
        """What must be switched on again because its end time has passed."""
        return tuple(name for name in NAMES if name in self._until and now >= self._until[name])
