"""The system's own log gets the main events: journald on Linux, the Event Log on Windows."""

import sys
from pathlib import Path
from typing import Protocol

from nodeagent.contract.api import LogLine


class SystemLog(Protocol):
    """Takes lines; never blocks, never fails: what the system does not take is in the agent's log."""

    def send(self, line: LogLine) -> None:
        """Pass a line on when it is a main event."""

    def close(self) -> None:
        """Pass nothing on any more."""


class NoSystemLog:
    """A system without one that we know of."""

    def send(self, line: LogLine) -> None:
        """Goes nowhere."""

    def close(self) -> None:
        """Nothing to do."""


if sys.platform == "win32":
    from nodeagent.adapters.notify.event_log import EventLog

    def system_log() -> SystemLog:
        """The Event Log."""
        return EventLog()

else:
    from nodeagent.adapters.notify.journald import SOCKET, Journald

    def system_log(socket_path: Path = SOCKET) -> SystemLog:
        """journald where it runs, else nothing."""
        return Journald(socket_path) if socket_path.is_socket() else NoSystemLog()
