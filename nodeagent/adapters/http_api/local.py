"""The local transport: the same API in plain HTTP/1.1, for the command line on this node.

Linux: a UNIX socket, 0660, where the kernel says who is at the other end. Windows: 127.0.0.1 on a free port with
a token in a file that only administrators can read.
"""

import asyncio
import os
import secrets
import shutil
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec

from nodeagent.adapters.http_api.app import Audit
from nodeagent.adapters.http_api.doors import GROUP, TokenDoor, peer_door
from nodeagent.adapters.http_api.route import Part
from nodeagent.adapters.http_api.server import serving
from nodeagent.contract.states import LogType
from nodeagent.durable import PRIVATE, write_durably
from nodeagent.home import Home
from nodeagent.listening import BACKLOG, RETRY, Say, closed

PATH_CAP = 107
"""Bytes the path of a UNIX socket may have."""
MODE = 0o660

T = TypeVar("T")


class LocalServer:
    """Serves the local transport of this home. `run` belongs into the agent's task group."""

    def __init__(self, part: Part, home: Home, *, audit: Audit, say: Say, platform: str = sys.platform) -> None:
        self._part, self._home, self._audit, self._say = part, home, audit, say
        self._unix = platform != "win32"
        self.problem = "not opened yet"
        """Why the command line cannot reach the agent now; empty while it can."""

    async def run(self) -> None:
        """Serve until cancelled; what is in the way is tried again every second and said once."""
        await (self._run_socket() if self._unix else self._run_token())

    async def _run_socket(self) -> None:
        path = self._home.socket
        async with serving(self._part, peer_door(), self._audit, self._say) as connection:
            sock = await self._until_done(lambda: bound(path))
            inode = path.stat().st_ino
            try:
                server = await asyncio.get_running_loop().create_server(connection, sock=sock, backlog=BACKLOG)
                await self._serve(server)
            finally:
                sock.close()
                with suppress(OSError):
                    if path.stat().st_ino == inode:
                        path.unlink()

    async def _run_token(self) -> None:
        token, path = secrets.token_urlsafe(32), self._home.local_token
        async with serving(self._part, TokenDoor(token), self._audit, self._say) as connection:
            while True:
                server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0, backlog=BACKLOG)
                said = msgspec.json.encode({"port": server.sockets[0].getsockname()[1], "token": token})
                try:
                    await self._until_done(partial(write_durably, path, said, PRIVATE))
                    await self._serve(server)
                finally:
                    server.close()
                    with suppress(OSError):
                        if path.read_bytes() == said:
                            path.unlink()

    async def _serve(self, server: asyncio.Server) -> None:
        self.problem = ""
        try:
            await closed(server)
        finally:
            self.problem = "the agent ends"
            server.close()

    async def _until_done(self, attempt: Callable[[], T]) -> T:
        while True:
            try:
                done = await asyncio.to_thread(attempt)
            except OSError as error:
                problem = f"the local transport cannot be opened: {error.strerror or error}"
                if problem != self.problem:
                    self._say(LogType.ERROR, f"{problem}; tried again every second")
                self.problem = problem
                await asyncio.sleep(RETRY)
            else:
                return done


def bound(path: Path) -> socket.socket:
    """A listening UNIX socket at this path. Blocks; raises OSError with one sentence.

    It is made beside its place and renamed into it, so nobody meets it with other rights or half-made; what an
    agent that died left there is replaced, a living agent's socket and anything else is not.
    """
    if len(os.fsencode(path)) + 4 > PATH_CAP:
        raise OSError(0, f"the path {path} is longer than the system allows for a socket")
    path.parent.mkdir(parents=True, exist_ok=True)
    _refuse_if_in_use(path)
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    sock = _unix_socket()
    try:
        sock.setblocking(False)
        sock.bind(str(fresh))
        fresh.chmod(MODE)
        with suppress(LookupError, PermissionError):
            shutil.chown(fresh, group=GROUP)
        sock.listen(BACKLOG)
        fresh.replace(path)
    except OSError:
        sock.close()
        fresh.unlink(missing_ok=True)
        raise
    return sock


def _refuse_if_in_use(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise OSError(0, f"{path} is in the way and is not a socket")
    except FileNotFoundError:
        return
    with _unix_socket() as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return
    raise OSError(0, f"another agent serves {path}")


def _unix_socket() -> socket.socket:
    if sys.platform == "win32":
        raise OSError(0, "Python has no UNIX sockets on Windows")
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
