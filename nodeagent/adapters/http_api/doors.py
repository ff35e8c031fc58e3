"""Who is calling: a bearer token over TLS, the kernel's word on the local socket, a file's token on Windows."""

import asyncio
import hmac
import os
import socket
import struct
import sys
from typing import Protocol

from aiohttp import web

from nodeagent.adapters.http_api.logins import Logins
from nodeagent.contract.states import Role
from nodeagent.engine.ports import Caller, Refused

GROUP = "keepgreen"
"""Members of this group may use the local transport."""


class Door(Protocol):
    """One way in."""

    async def caller(self, request: web.Request) -> Caller | None:
        """Who it is; None when he did not say. Raises Refused when he may not come in this way."""


def bearer(request: web.Request) -> str:
    """The token of the Authorization header, empty when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class TlsDoor:
    """Sessions and API tokens."""

    def __init__(self, logins: Logins) -> None:
        self._logins = logins

    async def caller(self, request: web.Request) -> Caller | None:
        """The user of the session or the name of the API token."""
        known = self._logins.who(bearer(request))
        return Caller(known[0], known[1], request.remote or "") if known else None


class TokenDoor:
    """127.0.0.1 with a token from a file that only administrators can read."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    async def caller(self, request: web.Request) -> Caller | None:
        """The local administrator."""
        if hmac.compare_digest(bearer(request).encode("utf-8", "replace"), self._token):
            return Caller("local administrator", Role.ADMIN, "local", local=True)
        return None


class NoDoor:
    """A system without peer credentials: nobody comes in through a UNIX socket."""

    async def caller(self, request: web.Request) -> Caller | None:
        """Always refused."""
        raise Refused(403, "local-only", "this system cannot tell who is at the other end of the socket")


if sys.platform == "linux":
    import grp
    import pwd

    class PeerDoor:
        """The kernel says who is at the other end: root, the agent's own user, or a member of the group."""

        async def caller(self, request: web.Request) -> Caller | None:
            """Named after the operating system's user."""
            sock = request.transport.get_extra_info("socket") if request.transport else None
            if sock is None:
                return None
            _, uid, gid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            # A directory service may be asked for names and groups, and be slow.
            name, member = ("root", True) if uid == 0 else await asyncio.to_thread(_account, uid, gid)
            if not member and uid != os.geteuid():
                raise Refused(403, "not-in-group", f"{name} is neither root nor in the group {GROUP}")
            return Caller(name, Role.ADMIN, "local", local=True)

    def _account(uid: int, gid: int) -> tuple[str, bool]:
        try:
            name = pwd.getpwuid(uid).pw_name
            groups = os.getgrouplist(name, gid)
        except KeyError:
            name, groups = f"uid {uid}", [gid]
        try:
            return name, grp.getgrnam(GROUP).gr_gid in groups
        except KeyError:
            return name, False

    def peer_door() -> Door:
        """The door of a UNIX socket here."""
        return PeerDoor()

else:

    def peer_door() -> Door:
        """The door of a UNIX socket here."""
        return NoDoor()
