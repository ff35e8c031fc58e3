"""The public HTTP port (9010): the health URL that load balancers probe, a one-page status, the mosaic.

No disk, no lock, no login, no log line per probe; `Host` and query are ignored, but for the mosaic's module.
"""

import asyncio
import re
import socket
import time
from collections.abc import Callable

import msgspec

from nodeagent.adapters.http_public.connection import Connection, prepared
from nodeagent.adapters.http_public.mosaic import MOSAIC_PAGES, WHO, Mosaic
from nodeagent.adapters.http_public.page import page
from nodeagent.adapters.http_public.probes import Probes
from nodeagent.adapters.http_public.starts import Starts
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import Listener, ModuleStatus, NodeStatus, ProbeSource
from nodeagent.durable import wall_time
from nodeagent.listening import BACKLOG, Say, TcpPort

METHODS = (b"GET", b"HEAD", b"OPTIONS")
MODULE_FILE = re.compile(rb"/var/modules/([A-Za-z0-9_-]{1,32})/(ready\.txt|live\.txt|status\.json)")
ABSOLUTE = re.compile(rb"https?://[^/]*", re.IGNORECASE)

READY = prepared("200 OK", b"OK\n")
NOT_FOUND = prepared("404 Not Found", b"NOT FOUND\n")
NOT_ALLOWED = prepared("405 Method Not Allowed", b"METHOD NOT ALLOWED\n", extra="Allow: GET, HEAD, OPTIONS\r\n")
PAGE_GUARD = "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"


class PublicModule(msgspec.Struct, frozen=True):
    """`status.json` of a module: how it stands, without causes. `since` and `started` in seconds since 1970."""

    node: str
    module: str
    state: State
    status: Status
    since: float
    share: float
    ready: bool
    phase: str
    started: float
    """When it became Ready last, other than by a look of its agent; 0 = before the agent started."""


class HealthServer:
    """Serves the public port and is the engine's HealthBoard.

    `on_time` is asked at every probe: while it says False no module is ready and the agent is not alive.
    """

    def __init__(
        self,
        address: str,
        port: int,
        say: Say,
        on_time: Callable[[], bool],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = wall_time,
    ) -> None:
        self._on_time = on_time
        self._ready: dict[str, bool] = {}
        self._status: NodeStatus | None = None
        self._pages: dict[bool, tuple[bytes, bytes]] = {}
        """The page of this status by whether the agent is on time, once it was asked for."""
        self._modules: dict[str, ModuleStatus] = {}
        self._starts = Starts()
        self._mosaic = Mosaic()
        self._probes = Probes(monotonic, wall)
        self._connections: dict[Connection, None] = {}
        self._port = TcpPort("health port", address, port, self._serve, say)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """How the port stands on each address."""
        return self._port.listeners

    @property
    def probes(self) -> tuple[ProbeSource, ...]:
        """Who probed which module, when last, how often, and what it was told."""
        return self._probes.sources()

    def set_ready(self, module: str, ready: bool) -> None:
        """What ready.txt of this module answers from now on."""
        self._ready[module] = ready

    def set_status(self, status: NodeStatus) -> None:
        """What status.json, the page and the mosaic show; modules no longer in it are forgotten."""
        self._status = status
        self._pages.clear()
        self._mosaic.set_status(status)
        self._modules = {module.name: module for module in status.modules}
        self._starts.note(status.modules)
        self._ready = {name: ready for name, ready in self._ready.items() if name in self._modules}

    async def run(self) -> None:
        """Serve until cancelled."""
        try:
            await self._port.run()
        finally:
            for connection in tuple(self._connections):
                connection.cut()

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        loop = asyncio.get_running_loop()
        return await loop.create_server(lambda: Connection(self._answer, self._connections), sock=sock, backlog=BACKLOG)

    def _answer(self, method: bytes, target: bytes, source: str) -> bytes:
        if method not in METHODS:
            return NOT_ALLOWED[0]
        path, _, query = target.partition(b"?")
        if path[:1] != b"/":
            path = ABSOLUTE.sub(b"", path, count=1)
        if path == b"/":
            with_body, head_only = self._page()
        elif path in MOSAIC_PAGES:
            with_body, head_only = self._mosaic.page
        elif path == WHO:
            with_body, head_only = self._mosaic.who(query)
        else:
            with_body, head_only = self._file(path, source)
        return head_only if method == b"HEAD" else with_body

    def _file(self, path: bytes, source: str) -> tuple[bytes, bytes]:
        match = MODULE_FILE.fullmatch(path)
        if match is None:
            return NOT_FOUND
        module, on_time = match[1].decode(), self._on_time()
        if module not in self._modules and module not in self._ready:
            return NOT_FOUND
        ready = on_time and self._ready.get(module, False)
        if match[2] == b"ready.txt":
            self._probes.count(module, source, 200 if ready else 404)
            return READY if ready else NOT_FOUND
        if match[2] == b"live.txt":
            return READY if on_time else NOT_FOUND
        return self._status_file(module, ready)

    def _status_file(self, module: str, ready: bool) -> tuple[bytes, bytes]:
        known = self._modules.get(module)
        if known is None or self._status is None:
            return NOT_FOUND
        public = PublicModule(
            self._status.node,
            module,
            known.state,
            known.status,
            known.since,
            known.share,
            ready,
            known.phase,
            self._starts.of(module),
        )
        return prepared("200 OK", msgspec.json.encode(public) + b"\n", "application/json")

    def _page(self) -> tuple[bytes, bytes]:
        if self._status is None:
            return NOT_FOUND
        on_time = self._on_time()
        if on_time not in self._pages:
            body = page(self._status, on_time)
            self._pages[on_time] = prepared("200 OK", body, "text/html; charset=utf-8", PAGE_GUARD)
        return self._pages[on_time]
