"""journald's own protocol: one datagram of fields per line, to a socket that is always there when journald is."""

import socket
import sys
from contextlib import suppress
from pathlib import Path

from nodeagent.adapters.notify.message import SYSTEM_TYPES, is_main
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType

SOCKET = Path("/run/systemd/journal/socket")
_PRIORITY = {LogType.CRITICAL: 2, LogType.ERROR: 3, LogType.USER: 5}


def datagram(line: LogLine) -> bytes:
    """The line as journald's fields; a value with a line break goes with its length."""
    fields = {
        "MESSAGE": f"{line.module}: {line.text}" if line.module else line.text,
        "PRIORITY": str(_PRIORITY.get(line.type, 6)),
        "SYSLOG_IDENTIFIER": "keepgreen",
        "KEEPGREEN_NODE": line.node,
        "KEEPGREEN_MODULE": line.module,
        "KEEPGREEN_ORIGIN": line.origin,
        "KEEPGREEN_TYPE": line.type,
        "KEEPGREEN_CURSOR": str(line.cursor),
        "KEEPGREEN_CAUSE": line.cause,
    }
    parts = []
    for name, value in fields.items():
        data = value.encode()
        if b"\n" in data:
            parts.append(b"%s\n%s%s\n" % (name.encode(), len(data).to_bytes(8, "little"), data))
        elif data:
            parts.append(b"%s=%s\n" % (name.encode(), data))
    return b"".join(parts)


if sys.platform != "win32":

    class Journald:
        """The socket of journald; connected anew when journald was."""

        def __init__(self, path: Path = SOCKET) -> None:
            self._path = str(path)
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

        def send(self, line: LogLine) -> None:
            """Pass a line on when it is a main event; a full socket loses it."""
            if is_main(line, SYSTEM_TYPES):
                with suppress(OSError):
                    self._socket.sendto(datagram(line), self._path)

        def close(self) -> None:
            """Pass nothing on any more."""
            self._socket.close()
