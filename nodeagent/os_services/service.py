"""One service, whatever the system."""

from dataclasses import dataclass


class Unanswered(Exception):
    """The service manager gave no answer; the text is one clause that says why."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service as its manager sees it now."""

    exists: bool = False
    serves: bool = False
    """Started completely. One that is still starting, or that ends, does not serve; one that reloads does."""
    pid: int = 0
    """Its main process; 0 when none stands for it (a unit that only ran a command, say)."""
    since: float = 0.0
    """Seconds after boot when it was started; 0 where the system does not say."""
    restarts: str = ""
    """How it starts itself again after a failure, in the system's own words; empty when it does not."""
