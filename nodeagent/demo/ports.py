"""Is a port free, and if not: who has it?"""

import errno
import socket
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from nodeagent.listening import holder

Protocol = Literal["tcp", "udp"]


@dataclass(frozen=True, slots=True)
class Port:
    """One address and port that the demo needs."""

    address: str
    number: int
    protocol: Protocol = "tcp"

    def __str__(self) -> str:
        return f"{self.address}:{self.number}"


class DemoPortTaken(Exception):
    """A port the demo needs is in use, or its address is not there; the text says which and by whom."""


def demand_free(ports: Iterable[Port]) -> None:
    """Raise DemoPortTaken naming every port of these that cannot be had."""
    if taken := [problem for port in ports if (problem := why_not(port))]:
        raise DemoPortTaken("; ".join(taken))


def why_not(port: Port) -> str:
    """One clause that says why the port cannot be bound, empty when it can."""
    kind = socket.SOCK_STREAM if port.protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        elif port.protocol == "tcp":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.address, port.number))
            if port.protocol == "tcp":
                probe.listen(1)
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return f"{port} is used by {holder(port.protocol, port.address, port.number) or 'another program'}"
            return f"{port} cannot be used: {error.strerror}"
    return ""
