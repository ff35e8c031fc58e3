"""The API of an agent over TLS, by its pin: for everything that is not on the node itself.

The pin is compared inside the TLS handshake, before a byte of a request exists.
"""

import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import aiohttp

from nodeagent.client.calls import module_path
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.node_calls import NodeCalls
from nodeagent.client.node_key import NodeKey
from nodeagent.client.pinned import WrongPin, pinned_context
from nodeagent.contract import api
from nodeagent.contract.node_login import NodeChallenge, NodeLogin, signed_text
from nodeagent.contract.states import Role


class ApiClient(NodeCalls):
    """One node. Without a `pin` it can only ask who the node is; a password goes to a pinned node alone.

    An async context manager. `timeout` in seconds for a whole call, `connect_timeout` for a connection. Calls raise
    CallFailed.
    """

    def __init__(
        self,
        address: str,
        port: int,
        pin: str | None = None,
        *,
        timeout: float = 10.0,
        connect_timeout: float | None = None,
    ) -> None:
        host = f"[{address}]" if ":" in address else address
        self._place, self._root, self._pin = f"{address}:{port}", f"https://{host}:{port}/api/v1", pin
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=connect_timeout)
        self._context = pinned_context(pin)
        self._token = ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        connector = aiohttp.TCPConnector(ssl=self._context, limit=8)
        self._session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def connect(self) -> api.Identity:
        """Meet the node: the pin is checked, and that it says the same of itself."""
        said = await self.identity()
        if self._pin is not None and said.pin != self._pin:
            raise CallFailed(
                Trouble.CERTIFICATE_CHANGED, f"{self._place} has a certificate of another key than its own"
            )
        return said

    @property
    def place(self) -> str:
        """Address and port."""
        return self._place

    async def carried(self, method: str, target: str, body: bytes | None, *, raw: bool, timeout: float | None) -> bytes:
        """Over TLS, with the session's token."""
        async with self.opened(method, target, body, raw=raw, timeout=timeout) as answer:
            content = await answer.read()
        if answer.status >= 300:
            raise self.denied(answer.status, content)
        return content

    @asynccontextmanager
    async def opened(
        self, method: str, target: str, data: bytes | None = None, *, raw: bool = True, timeout: float | None = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer to a request as it arrives, whatever its status; what breaks meanwhile is a CallFailed, too.

        `target` is a path below `/api/v1` with its query; `timeout` in seconds until the last byte.
        """
        headers = (
            {"Content-Type": "application/octet-stream" if raw else "application/json"} if data is not None else {}
        )
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        limit = (
            aiohttp.ClientTimeout(total=timeout, sock_connect=self._timeout.sock_connect)
            if timeout is not None
            else self._timeout
        )
        url = f"{self._root}{target}"
        try:
            async with self._open.request(
                method, url, data=data, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(error) from None

    async def events(self, after: int = 0) -> AsyncIterator[api.Event]:
        """The messages of `WS /events` until the node ends them."""
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self._root}/events?after={after}"
        try:
            async with self._open.ws_connect(url, headers=headers, heartbeat=20.0, max_msg_size=0) as stream:
                async for message in stream:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        yield self.decoded(message.data.encode(), api.Event)
        except aiohttp.WSServerHandshakeError as error:
            raise CallFailed(Trouble.DENIED, f"{self._place} gives no events: HTTP status {error.status}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(error) from None

    async def login(self, user: str, password: str) -> api.Session:
        """Open a session; later calls use it. A wrong password is answered late: up to 60 s."""
        if self._pin is None:
            raise CallFailed(Trouble.DENIED, f"no password goes to {self._place} before its fingerprint is confirmed")
        session = await self.call("POST", "/login", api.Session, api.Login(user, password), timeout=75.0)
        self._token = session.token
        return session

    async def login_as_node(self, key: NodeKey, role: Role, user: str) -> api.Session:
        """Open a session for `user` of the node with this key; the pin of the other one has to be known."""
        if self._pin is None:
            raise CallFailed(Trouble.DENIED, f"no proof goes to {self._place} before its pin is known")
        nonce = (await self.call("POST", "/node-challenge", NodeChallenge)).nonce
        signature = key.sign(signed_text(nonce, self._pin, key.pin, role, user))
        proof = NodeLogin(nonce, key.public_key, role, user, signature)
        session = await self.call("POST", "/node-login", api.Session, proof)
        self._token = session.token
        return session

    async def logout(self) -> None:
        """End the session."""
        await self.call("POST", "/logout", type(None))
        self._token = ""

    async def snapshot(self, module: str, *, anonymise: bool = False, timeout: float = 300.0) -> AsyncIterator[bytes]:
        """The zip for a support case, as it arrives; `timeout` in seconds until the last byte."""
        target = f"{module_path(module)}/snapshot?anonymise={int(anonymise)}"
        async with self.opened("GET", target, timeout=timeout) as answer:
            if answer.status >= 300:
                raise self.denied(answer.status, await answer.read())
            async for chunk in answer.content.iter_any():
                yield chunk

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use it as an async context manager")
        if self._session.closed:
            raise CallFailed(Trouble.UNREACHABLE, f"the connection to {self._place} was closed")
        return self._session

    def _failed(self, error: Exception) -> CallFailed:
        causes: list[BaseException | None] = [error, getattr(error, "certificate_error", None), error.__cause__]
        if any(isinstance(cause, WrongPin) for cause in causes):
            return CallFailed(
                Trouble.CERTIFICATE_CHANGED, f"{self._place} has another key than before; nothing was sent to it"
            )
        if isinstance(error, aiohttp.InvalidURL):
            return CallFailed(Trouble.NAME_UNKNOWN, f"{self._place} is no address that can be called")
        os_error = getattr(error, "os_error", error)
        if isinstance(error, TimeoutError):
            return CallFailed(Trouble.TIMED_OUT, f"{self._place} did not answer in time")
        if isinstance(os_error, ConnectionRefusedError):
            return CallFailed(Trouble.REFUSED, f"nothing listens on {self._place}")
        trouble = Trouble.UNREACHABLE
        if isinstance(os_error, ssl.SSLError):
            trouble = Trouble.NOT_UNDERSTOOD
        elif isinstance(os_error, socket.gaierror):
            trouble = Trouble.NAME_UNKNOWN
        return CallFailed(trouble, f"{self._place} cannot be reached: {error}")
