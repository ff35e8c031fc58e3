"""Tells at once when a link or an address of this node changes (Linux; elsewhere the checkers' interval must do)."""

import asyncio
import socket
import sys
from collections.abc import Callable
from typing import Protocol

_GATHER = 0.02
"""Seconds to wait for what belongs to the same change."""


class LinkEvents(Protocol):
    """Calls back after changes, until it is closed. `tells`: after every one."""

    tells: bool

    def close(self) -> None:
        """Tell nothing more."""


if sys.platform == "linux":
    _GROUPS = 0x1 | 0x10 | 0x100
    """RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR."""
    _MOST = 64

    class NetlinkEvents:
        """What the kernel tells of links and addresses. The messages are not read: whoever is called looks itself."""

        tells = True

        def __init__(self, changed: Callable[[], None]) -> None:
            self._loop = asyncio.get_running_loop()
            self._changed = changed
            self._timer: asyncio.TimerHandle | None = None
            self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            try:
                self._socket.setblocking(False)
                self._socket.bind((0, _GROUPS))
            except OSError:
                self._socket.close()
                raise
            self._loop.add_reader(self._socket, self._readable)

        def close(self) -> None:
            """Tell nothing more."""
            if self._timer is not None:
                self._timer.cancel()
            self._loop.remove_reader(self._socket)
            self._socket.close()

        def _readable(self) -> None:
            for _ in range(_MOST):
                try:
                    self._socket.recv(65536)
                except BlockingIOError:
                    break
                except OSError:  # messages were lost (ENOBUFS): so there were some
                    continue
            if self._timer is None:
                self._timer = self._loop.call_later(_GATHER, self._tell)

        def _tell(self) -> None:
            self._timer = None
            self._changed()


class NullEvents:
    """Nothing tells of changes here."""

    tells = False

    def close(self) -> None:
        """Nothing is held."""


def link_events(changed: Callable[[], None]) -> LinkEvents:
    """The events of this system; where it gives none the intervals of the checkers stand in."""
    if sys.platform == "linux":
        try:
            return NetlinkEvents(changed)
        except OSError:
            return NullEvents()
    return NullEvents()
