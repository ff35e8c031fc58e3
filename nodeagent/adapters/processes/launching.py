"""What both systems' halves agree on when a script is started."""

from typing import Protocol

from nodeagent.core.events import ProcessRef


class Cannot(Exception):
    """A script that could not be started: `exit_code` 127 (not there) or 126, and one clause that says why."""

    def __init__(self, exit_code: int, why: str) -> None:
        super().__init__(why)
        self.exit_code, self.why = exit_code, why


class Child(Protocol):
    """A script's process, started here or by an earlier agent."""

    process: ProcessRef

    def exit_code(self) -> int | None:
        """To be asked once it has ended; None when it cannot be known."""

    def kill(self) -> bool:
        """End the script and all it started; False when something would not die. Blocks."""

    def leave(self) -> None:
        """Let it go on without us."""

    def forget(self) -> None:
        """It has ended; give back what was held for it."""


def mark_of(module: str, run: str) -> str:
    """The value of KEEPGREEN_RUN in the environment of a run and of all it starts."""
    return f"{module}/{run}"
