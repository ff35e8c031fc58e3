"""Pings an address; every second again until it answers, so that one lost packet is no failure."""

import sys

from nodeagent.adapters.checkers.look import Seen, answered
from nodeagent.adapters.checkers.names import Names

if sys.platform == "win32":
    from nodeagent.adapters.checkers.ping_windows import ping
else:
    from nodeagent.adapters.checkers.ping_socket import ping


class PingLook:
    """Good when the host's first address answers."""

    def __init__(self, names: Names, host: str, timeout: float) -> None:
        self._names, self._host, self._timeout = names, host, timeout

    async def look(self) -> Seen:
        """Ping until there is an answer."""
        (target, *_) = await self._names.targets(self._host, self._timeout)
        took = await ping(target, self._timeout)
        return took if isinstance(took, Seen) else answered(took)
