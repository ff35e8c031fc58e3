"""The listening side of the API: TLS on port 9453, and what every transport of it has in common."""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.web_request import BaseRequest

from nodeagent.adapters.http_api.app import Api, Audit
from nodeagent.adapters.http_api.doors import Door, TlsDoor
from nodeagent.adapters.http_api.problems import INTERNAL, answer_with, problem
from nodeagent.adapters.http_api.route import Part
from nodeagent.contract.states import LogType
from nodeagent.contract.status import Listener
from nodeagent.listening import BACKLOG, Say, TcpPort, TurnedAway

CONNECTIONS_CAP = 256
IDLE = 75.0
"""Seconds a connection may wait for a (next) request."""
HANDSHAKE = 5.0
GRACE = 2.0
"""Seconds that requests get to end when the agent does."""

QUIET = logging.getLogger("nodeagent.http")
QUIET.setLevel(logging.CRITICAL + 1)
"""The agent has its own log; the library's would hold tracebacks and a line per request."""


class Requests(web.RequestHandler):
    """What is not even HTTP is a problem document, too."""

    __slots__ = ("say",)

    say: Say

    def handle_error(
        self, request: BaseRequest, status: int = 500, exc: BaseException | None = None, message: str | None = None
    ) -> web.StreamResponse:
        """The answer to a request that could not be read."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer had begun")
        if status < 500:
            answer = answer_with(problem(status, "bad-request", "this is not a request as HTTP says"))
        else:
            self.say(LogType.ERROR, f"unexpected error in an answer: {type(exc).__name__}: {exc}")
            answer = answer_with(problem(500, "internal", INTERNAL))
        answer.force_close()
        return answer


@asynccontextmanager
async def serving(part: Part, door: Door, audit: Audit, say: Say) -> AsyncIterator[Callable[[], asyncio.Protocol]]:
    """A factory of connections that serve the API through this door, for as long as the context lasts."""
    runner = web.AppRunner(Api(part, door, audit, say).application(), access_log=None, shutdown_timeout=GRACE)
    await runner.setup()
    manager, loop = runner.server, asyncio.get_running_loop()
    assert manager is not None

    def connection() -> asyncio.Protocol:
        if len(manager.connections) >= CONNECTIONS_CAP:
            return TurnedAway()
        requests = Requests(
            manager,
            loop=loop,
            keepalive_timeout=IDLE,
            logger=QUIET,
            access_log=QUIET,
            lingering_time=GRACE,
            auto_decompress=False,
        )
        requests.say = say
        return requests

    try:
        yield connection
    finally:
        await runner.cleanup()


class ApiServer:
    """The API over TLS; a login is needed for nearly all of it."""

    def __init__(self, part: Part, context: ssl.SSLContext, *, address: str, port: int, audit: Audit, say: Say) -> None:
        self._part, self._context, self._audit, self._say = part, context, audit, say
        self._port = TcpPort("API port", address, port, self._serve, say)
        self._connection: Callable[[], asyncio.Protocol] = TurnedAway

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """How the port stands on each address."""
        return self._port.listeners

    async def run(self) -> None:
        """Serve until cancelled."""
        async with serving(self._part, TlsDoor(self._part.logins), self._audit, self._say) as self._connection:
            await self._port.run()

    async def _serve(self, sock: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            self._connection, sock=sock, ssl=self._context, ssl_handshake_timeout=HANDSHAKE, backlog=BACKLOG
        )
