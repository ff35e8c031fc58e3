"""systemd as the agent's supervisor: what it is told over its notification socket (sd_notify(3))."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import MutableMapping
from contextlib import suppress

assert sys.platform == "linux"

EXTENSION = 15.0
"""Seconds that each word of a stop that goes on gives us more; an agent that hangs holds a shutdown no longer."""

_PATIENCE = 5.0


class Systemd:
    """The supervisor of an agent that systemd started. Used in the loop's thread."""

    def __init__(self, address: str, watchdog: float | None) -> None:
        """`watchdog`: seconds after which systemd kills an agent that gives no sign of life."""
        self._loop = asyncio.get_running_loop()
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._watchdog = watchdog
        self._extended = 0.0
        self._sign: asyncio.TimerHandle | None = None

    @classmethod
    def from_environment(cls, environment: MutableMapping[str, str]) -> "Systemd | None":
        """None when nobody waits for words. The variables are taken out: what scripts start must not speak for us."""
        address = environment.pop("NOTIFY_SOCKET", "")
        every, of = environment.pop("WATCHDOG_USEC", ""), environment.pop("WATCHDOG_PID", "")
        if not address:
            return None
        mine = every.isdigit() and of in ("", str(os.getpid()))
        return cls(address, int(every) / 1e6 if mine else None)

    def started(self) -> None:
        """The agent serves; from now on it gives signs of life."""
        self._tell("READY=1", "STATUS=serving")
        self._live()

    def may_need(self, seconds: float) -> None:
        """systemd is told while it lasts."""

    def stopping(self, seconds: float, text: str) -> None:
        """Ask for more time, once a second."""
        if self._loop.time() - self._extended >= 1.0:
            self._extended = self._loop.time()
            more = int(min(seconds, EXTENSION) * 1e6)
            self._tell(f"EXTEND_TIMEOUT_USEC={more}", f"STATUS={text}, {seconds:.0f} s at most")

    async def system_stops(self) -> bool:
        """systemd calls itself stopping as soon as a shutdown is queued, before it ends the first unit.

        A shutdown that is only planned (`shutdown +10`) does not count: then this is a restart of the service.
        """
        self._tell("STOPPING=1")
        return await asyncio.to_thread(_system_stops)

    def close(self) -> None:
        """No more words."""
        if self._sign:
            self._sign.cancel()
        self._socket.close()

    def _live(self) -> None:
        if self._watchdog:
            self._tell("WATCHDOG=1")
            self._sign = self._loop.call_later(self._watchdog / 3, self._live)

    def _tell(self, *words: str) -> None:
        with suppress(OSError):
            self._socket.sendto("\n".join(words).encode(), self._address)


def _system_stops() -> bool:
    command = ["systemctl", "is-system-running"]
    try:
        answer = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.stdout.strip() == "stopping"
