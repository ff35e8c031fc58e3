"""What an administrator has paused for maintenance."""

from dataclasses import dataclass

NAMES = ("errd", "checker", "failover")


@dataclass(slots=True)
class SwitchBoard:
    """Process monitoring, checkers and rules, each on or off; `until` ends all pauses at once."""

    errd: bool = True
    checker: bool = True
    failover: bool = True
    until: float | None = None

    def set(self, name: str, on: bool, until: float | None) -> None:
        """Turn one; the end time holds while anything is off."""
        setattr(self, name, on)
        self.until = until if self.off else None

    @property
    def off(self) -> tuple[str, ...]:
        """What is paused."""
        return tuple(name for name in NAMES if not getattr(self, name))

    def due(self, now: float) -> tuple[str, ...]:
        """What must be switched on again because its end time has passed."""
        return self.off if self.until is not None and now >= self.until else ()
