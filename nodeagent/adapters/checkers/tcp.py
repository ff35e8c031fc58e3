"""Connects to a TCP port and closes again."""

import asyncio
import socket
from contextlib import suppress
from time import monotonic

from nodeagent.adapters.checkers.look import Seen, answered
from nodeagent.adapters.checkers.names import Names, Target

_BANNER = 65536


class TcpLook:
    """Good when one of the host's addresses takes the connection; they are tried in turn, each for its part."""

    def __init__(self, names: Names, host: str, port: int, timeout: float) -> None:
        self._names, self._host, self._port, self._timeout = names, host, port, timeout

    async def look(self) -> Seen:
        """Connect once."""
        end = monotonic() + self._timeout
        targets = await self._names.targets(self._host, self._timeout)
        while True:
            target, *targets = targets
            began = monotonic()
            try:
                # The last one has all the time that is left: whoever cuts us off knows the sentence for that.
                async with asyncio.timeout((end - began) / (len(targets) + 1) if targets else None):
                    await connected(target, self._port)
            except OSError:  # TimeoutError is one
                if not targets:
                    raise
                continue
            return answered(monotonic() - began)


async def connected(target: Target, port: int) -> None:
    """Connect, say goodbye. Raises OSError."""
    with socket.socket(target.family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, target.at(port))
        with suppress(OSError):
            sock.shutdown(socket.SHUT_WR)
            sock.recv(_BANNER)  # what the server said and nobody read would turn the goodbye into a reset
