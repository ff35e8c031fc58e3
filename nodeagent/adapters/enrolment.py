"""The open side of enrolment: a port of its own, for ten minutes, for one node that knows the code."""

import asyncio
import hmac
import logging
import secrets
import ssl
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import msgspec
from aiohttp import web

from nodeagent.contract import enrolment as wire
from nodeagent.contract.pins import is_signed, pin_of_key
from nodeagent.contract.states import LogType
from nodeagent.engine.ports import Refused
from nodeagent.listening import Place, Say, TurnedAway, holder, no_such_family

OPEN: Final = 600.0
"""Seconds until the port closes by itself."""
TRIES: Final = 5
"""Wrong proofs until it does."""
LARGEST: Final = 4096
"""Bytes of a request."""
LIFE: Final = 15.0
"""Seconds a connection may last."""
HANDSHAKE: Final = 5.0
CONNECTIONS: Final = 16
PER_SECOND: Final = 20
_CHALLENGES: Final = 16
"""As many are remembered at a time."""
_QUIET = logging.getLogger("nodeagent.enrolment")
_QUIET.setLevel(logging.CRITICAL + 1)

Audit = Callable[[str, str, str, str], None]
"""(who, from where, what, result)."""


@dataclass(frozen=True, slots=True)
class Registry:
    """What the node knows of itself and keeps of others."""

    name: Callable[[], str]
    objection: Callable[[wire.Proof, str], str]
    """Why a newcomer with this pin cannot be taken, one sentence; "" when it can."""
    keep: Callable[[str, str], None]
    """Remember name and pin. Blocks; raises Refused when the disk does."""


@dataclass(slots=True)
class _Opening:
    """One code and what came of it so far."""

    key: bytes
    until: float
    timer: asyncio.TimerHandle
    servers: list[asyncio.Server] = field(default_factory=list)
    wrong: int = 0
    challenges: deque[bytes] = field(default_factory=lambda: deque(maxlen=_CHALLENGES))


class _Brief(web.RequestHandler):
    """A connection that ends, whatever is (not) sent over it."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Its time begins."""
        super().connection_made(transport)
        if isinstance(transport, asyncio.Transport):
            asyncio.get_running_loop().call_later(LIFE, transport.abort)


class EnrolmentPort:
    """Closed until `open`. A code is in memory only; it is good for one newcomer.

    `run` belongs into the agent's task group.
    """

    def __init__(
        self,
        pin: str,
        context: ssl.SSLContext,
        registry: Registry,
        *,
        address: str,
        port: int,
        audit: Audit,
        say: Say,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pin, self._context, self._registry = pin, context, registry
        self._address, self._port, self._audit, self._say, self._monotonic = address, port, audit, say, monotonic
        self._opening: _Opening | None = None
        self._handlers: web.Server | None = None
        self._recent: deque[float] = deque(maxlen=PER_SECOND)

    async def run(self) -> None:
        """Serve whenever it is open, until cancelled."""
        self._handlers = web.Server(self._answer)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            self._close("")
            await self._handlers.shutdown(0)
            self._handlers = None

    @property
    def is_open(self) -> bool:
        """Whether a newcomer may come."""
        return self._opening is not None

    async def open(self, who: str) -> wire.EnrolOpened:
        """A new code, which takes the place of an older one. Raises Refused when the port is taken."""
        self._close("another code takes its place")
        code = wire.code_of(secrets.token_bytes(wire.CODE_BYTES))
        loop = asyncio.get_running_loop()
        servers = await self._listen()
        timer = loop.call_later(OPEN, self._close, "nobody has come in ten minutes")
        self._opening = _Opening(wire.key_of(code), self._monotonic() + OPEN, timer, servers)
        port = servers[0].sockets[0].getsockname()[1]
        self._say(LogType.USER, f"enrolment is open on port {port} for ten minutes: ordered by {who}")
        return wire.EnrolOpened(code, port, OPEN)

    async def _listen(self) -> list[asyncio.Server]:
        servers: list[asyncio.Server] = []
        loop = asyncio.get_running_loop()
        for place in Place.all_of(self._address, self._port):
            try:
                sock = place.socket()
            except OSError as error:
                if no_such_family(error, place):
                    continue
                for server in servers:
                    server.close()
                used_by = await asyncio.to_thread(holder, "tcp", place.address, place.port)
                raise Refused(409, "port-taken", f"port {place.problem(error, used_by)}") from None
            serving = loop.create_server(
                self._connection, sock=sock, ssl=self._context, ssl_handshake_timeout=HANDSHAKE
            )
            servers.append(await serving)
        return servers

    def _connection(self) -> asyncio.Protocol:
        handlers = self._handlers
        if handlers is None or len(handlers.connections) >= CONNECTIONS:
            return TurnedAway()
        return _Brief(
            handlers, loop=asyncio.get_running_loop(), access_log=_QUIET, logger=_QUIET, keepalive_timeout=LIFE
        )

    def _close(self, why: str) -> None:
        opening, self._opening = self._opening, None
        if opening is None:
            return
        opening.timer.cancel()
        for server in opening.servers:
            server.close()
        if why:
            self._say(LogType.USER, f"enrolment is closed: {why}")

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        answer: wire.Challenge | wire.Welcome | wire.Denied
        try:
            status, answer = 200, await self._exchange(request)
        except Refused as refused:
            status, answer = refused.status, wire.Denied(refused.detail)
        response = web.Response(status=status, body=msgspec.json.encode(answer), content_type="application/json")
        response.force_close()
        return response

    async def _exchange(self, request: web.BaseRequest) -> wire.Challenge | wire.Welcome:
        now = self._monotonic()
        if len(self._recent) == PER_SECOND and now - self._recent[0] < 1.0:
            raise Refused(429, "too-many", "too many requests: try again in a second")
        self._recent.append(now)
        if (request.method, request.path) != ("POST", "/enrol"):
            raise Refused(404, "no-such-thing", "here is only POST /enrol")
        said = await _read(request)
        opening = self._opening
        if opening is None or self._monotonic() >= opening.until:
            raise Refused(409, "closed", "enrolment is closed: `keepgreen enrol open` gives a new code")
        if isinstance(said, wire.Hello):
            nonce = secrets.token_bytes(wire.NONCE)
            opening.challenges.append(nonce)
            return wire.Challenge(nonce)
        return await self._admit(opening, said, request.remote or "-")

    async def _admit(self, opening: _Opening, proof: wire.Proof, source: str) -> wire.Welcome:
        """The newcomer is known from here on, and the code is used. Raises Refused."""
        audit = partial(self._audit, "-", source, f"enrol {proof.name}")
        pin = pin_of_key(proof.public_key)
        try:
            self._prove(opening, proof, pin)
            if why := self._registry.objection(proof, pin):
                raise Refused(409, "not-this-node", why)
            self._close(f"{proof.name} from {source} has enrolled")
            await asyncio.to_thread(self._registry.keep, proof.name, pin)
        except Refused as refused:
            audit(f"refused: {refused.detail}")
            raise
        audit(f"ok, pin {pin}")
        name = self._registry.name()
        nonces = (proof.own_nonce, proof.nonce)
        said = wire.said_by(wire.Side.IS_OPEN, self._pin, pin, nonces, name)
        return wire.Welcome(name, wire.mac_of(opening.key, said))

    def _prove(self, opening: _Opening, proof: wire.Proof, pin: str) -> None:
        if proof.nonce not in opening.challenges:
            raise Refused(409, "old-challenge", "this challenge was used already, or is too old: join again")
        opening.challenges.remove(proof.nonce)
        said = wire.said_by(wire.Side.JOINS, pin, self._pin, (proof.own_nonce, proof.nonce), proof.name, proof.uuid)
        known = hmac.compare_digest(wire.mac_of(opening.key, said), proof.mac)
        if known and is_signed(proof.public_key, proof.signature, said):
            return
        opening.wrong += 1
        left = TRIES - opening.wrong
        if not left:
            self._close(f"the code was wrong {TRIES} times")
            raise Refused(403, "wrong-code", "the code is wrong once too often: enrolment is closed")
        raise Refused(403, "wrong-code", f"the code is wrong, or somebody is in between: {left} more tries")


async def _read(request: web.BaseRequest) -> wire.Hello | wire.Proof:
    too_large = Refused(413, "too-large", f"a request may have at most {LARGEST} bytes")
    if (request.content_length or 0) > LARGEST:
        raise too_large
    data = bytearray()
    with suppress(ConnectionError):
        async for chunk in request.content.iter_any():
            data += chunk
            if len(data) > LARGEST:
                raise too_large
    try:
        return msgspec.json.decode(bytes(data), type=wire.Hello | wire.Proof)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(400, "bad-request", "this is no request for enrolment") from None
