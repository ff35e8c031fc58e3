"""The API of an agent, by its pin: for the console, the demo and everything that drives nodes from outside.

The pin is compared inside the TLS handshake, before a byte of a request exists.
"""

import ssl
from collections.abc import AsyncIterator
from enum import StrEnum
from types import TracebackType
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote, urlencode

import aiohttp
import msgspec

from nodeagent.contract import api, record_api, revisions
from nodeagent.contract.pins import pin_of_certificate
from nodeagent.contract.status import NodeStatus

T = TypeVar("T")

SCRIPTS = 120.0
"""Seconds for a call that runs scripts of a module: it is answered when they have ended."""


class Trouble(StrEnum):
    """Why a call failed, as a person would say it."""

    REFUSED = "refused"
    TIMED_OUT = "timed out"
    CERTIFICATE_CHANGED = "certificate changed"
    WRONG_PASSWORD = "wrong password"  # noqa: S105  (words for a person)
    DENIED = "denied"
    """The agent said no: see the problem."""
    NOT_UNDERSTOOD = "not understood"
    """What answers there is no agent of a known version."""
    UNREACHABLE = "unreachable"


class CallFailed(Exception):
    """The one error of a call. `problem` is the agent's own word when it gave one."""

    def __init__(self, trouble: Trouble, text: str, problem: api.ProblemDetail | None = None) -> None:
        super().__init__(text)
        self.trouble, self.problem = trouble, problem


class WrongPin(ssl.SSLCertVerificationError):
    """Another key than the pinned one answered."""


def pinned_context(pin: str | None) -> ssl.SSLContext:
    """A client context that lets a handshake succeed only with this pin; with None only with the first key it met."""
    trusted = pin

    class Pinned(ssl.SSLObject):
        def do_handshake(self) -> None:
            nonlocal trusted
            super().do_handshake()
            met = pin_of_certificate(self.getpeercert(binary_form=True) or b"")
            trusted = trusted or met
            if met != trusted:
                raise WrongPin(f"the key {met[:16]}… answered instead of {trusted[:16]}…")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.sslobject_class = Pinned
    return context


class ApiClient:
    """One node. Without a `pin` it can only ask who the node is; a password goes to a pinned node alone.

    An async context manager. `timeout` in seconds for a whole call. Calls raise CallFailed.
    """

    def __init__(self, address: str, port: int, pin: str | None = None, *, timeout: float = 10.0) -> None:
        host = f"[{address}]" if ":" in address else address
        self._place, self._root, self._pin = f"{address}:{port}", f"https://{host}:{port}/api/v1", pin
        self._timeout = aiohttp.ClientTimeout(total=timeout)
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

    async def call(
        self,
        method: str,
        path: str,
        type: type[T],
        body: object = None,
        *,
        query: dict[str, Any] | None = None,
        timeout: float | None = None,
    ) -> T:
        """Any route below `/api/v1`; a body of bytes goes raw, `bytes` and `NoneType` as answer type are raw, too."""
        raw = isinstance(body, bytes)
        data = body if raw else (msgspec.json.encode(body) if body is not None else None)
        headers = (
            {"Content-Type": "application/octet-stream" if raw else "application/json"} if data is not None else {}
        )
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self._root}{path}{f'?{urlencode(query)}' if query else ''}"
        limit = aiohttp.ClientTimeout(total=timeout) if timeout is not None else self._timeout
        try:
            async with self._open.request(
                method, url, data=data, headers=headers, timeout=limit, allow_redirects=False
            ) as answer:
                content = await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(error) from None
        if answer.status >= 300:
            raise self._denied(answer.status, content)
        if type is bytes:
            return cast(T, content)
        return self._decoded(content or b"null", type)

    async def events(self, after: int = 0) -> AsyncIterator[api.Event]:
        """The messages of `WS /events` until the node ends them."""
        headers = {"Authorization": f"Bearer {self._token}"}
        url = f"{self._root}/events?after={after}"
        try:
            async with self._open.ws_connect(url, headers=headers, heartbeat=20.0, max_msg_size=0) as socket:
                async for message in socket:
                    if message.type is aiohttp.WSMsgType.TEXT:
                        yield self._decoded(message.data.encode(), api.Event)
        except aiohttp.WSServerHandshakeError as error:
            raise CallFailed(Trouble.DENIED, f"{self._place} gives no events: HTTP status {error.status}") from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(error) from None

    async def identity(self) -> api.Identity:
        """Who the node is; needs no login."""
        return await self.call("GET", "/identity", api.Identity)

    async def login(self, user: str, password: str) -> api.Session:
        """Open a session; later calls use it. A wrong password is answered late: up to 60 s."""
        if self._pin is None:
            raise CallFailed(Trouble.DENIED, f"no password goes to {self._place} before its fingerprint is confirmed")
        session = await self.call("POST", "/login", api.Session, api.Login(user, password), timeout=75.0)
        self._token = session.token
        return session

    async def logout(self) -> None:
        """End the session."""
        await self.call("POST", "/logout", type(None))
        self._token = ""

    async def status(self) -> NodeStatus:
        """What the node knows now."""
        return await self.call("GET", "/status", NodeStatus)

    async def log(self, query: api.LogQuery | None = None) -> api.LogPage:
        """A page of the log."""
        return await self.call("GET", "/log", api.LogPage, query=_asked(query or api.LogQuery()))

    async def deconfigure_cluster(self) -> api.ClusterInfo:
        """Take the node out of its cluster; refused while a module runs."""
        return await self.call("POST", "/cluster/deconfig", api.ClusterInfo)

    async def cluster_history(self) -> tuple[revisions.Revision, ...]:
        """The kept revisions of the cluster configuration, newest first."""
        return await self.call("GET", "/cluster/history", tuple[revisions.Revision, ...])

    async def cluster_revision(self, revision: int) -> bytes:
        """The cluster.xml of one of them."""
        return await self.call("GET", f"/cluster/history/{revision}", bytes)

    async def cluster_difference(self, query: revisions.DiffQuery) -> revisions.Difference:
        """What two of them differ in."""
        return await self.call("GET", "/cluster/diff", revisions.Difference, query=msgspec.to_builtins(query))

    async def restore_cluster(self, request: revisions.Restore) -> api.ClusterInfo:
        """Put an older cluster.xml in force as a new revision, on this node alone."""
        return await self.call("POST", "/cluster/restore", api.ClusterInfo, request)

    async def present_cluster_key(self) -> bytes:
        """The active cluster key; refused when there is none."""
        return (await self.call("GET", "/cluster/key", api.ClusterKey)).key

    async def stage_cluster(self, request: api.StageCluster) -> api.Staged:
        """Keep a cluster configuration beside the current one."""
        return await self.call("POST", "/cluster/stage", api.Staged, request)

    async def commit_cluster(self, request: api.Commit) -> api.ClusterInfo:
        """Make the staged one current."""
        return await self.call("POST", "/cluster/commit", api.ClusterInfo, request)

    async def cluster(self) -> api.ClusterInfo:
        """The committed cluster, and whether its commit waits for a confirmation."""
        return await self.call("GET", "/cluster", api.ClusterInfo)

    async def check_cluster(self, request: api.StageCluster) -> api.Staged:
        """What `stage_cluster` would answer; nothing is changed."""
        return await self.call("POST", "/cluster/check", api.Staged, request)

    async def confirm_cluster(self, signature: str) -> api.ClusterInfo:
        """The commit with this signature stays; confirming what is final already changes nothing."""
        return await self.call("POST", "/cluster/confirm", api.ClusterInfo, api.Confirm(signature))

    async def rollback_cluster(self, signature: str) -> api.ClusterInfo:
        """Take the commit with this signature back at once; refused when it was confirmed."""
        return await self.call("POST", "/cluster/rollback", api.ClusterInfo, api.Confirm(signature))

    async def cluster_key(self) -> bytes:
        """Make the cluster key."""
        return (await self.call("POST", "/cluster/key", api.ClusterKey)).key

    async def cluster_users(self) -> bytes:
        """The user table, for StageCluster.users."""
        return await self.call("GET", "/cluster/users", bytes)

    async def modules(self) -> tuple[api.ModuleInfo, ...]:
        """All installed modules."""
        return await self.call("GET", "/modules", tuple[api.ModuleInfo, ...])

    async def install(self, module: str, archive: bytes) -> api.ModuleInfo:
        """Install a `.safe` archive; its `problems` name what this version does not know."""
        return await self.call("PUT", _module(module), api.ModuleInfo, archive, timeout=60.0)

    async def module_archive(self, module: str, revision: int = 0) -> bytes:
        """A module as a `.safe` archive; 0 = the revision in force, or what is installed."""
        query = {"revision": revision}
        return await self.call("GET", f"{_module(module)}/archive", bytes, query=query, timeout=60.0)

    async def expanded_module(self, module: str, revision: int = 0) -> bytes:
        """safeconf.xml: its userconfig.xml with the macros replaced."""
        return await self.call("GET", f"{_module(module)}/expanded", bytes, query={"revision": revision})

    async def module_contents(self, module: str, revision: int = 0) -> dict[str, bytes]:
        """All files of a revision, for StageModule.files; 0 = that in force, or what is installed."""
        place = f"{_module(module)}/history/{revision}/files" if revision else f"{_module(module)}/files"
        listed = await self.call("GET", place, tuple[api.FileInfo, ...])
        return {file.path: await self.call("GET", f"{place}/{quote(file.path)}", bytes) for file in listed}

    async def module_history(self, module: str) -> tuple[revisions.Revision, ...]:
        """Its kept revisions, newest first."""
        return await self.call("GET", f"{_module(module)}/history", tuple[revisions.Revision, ...])

    async def module_difference(self, module: str, query: revisions.DiffQuery) -> revisions.Difference:
        """What two of them differ in."""
        return await self.call(
            "GET", f"{_module(module)}/diff", revisions.Difference, query=msgspec.to_builtins(query), timeout=60.0
        )

    async def restore_module(self, module: str, request: revisions.Restore) -> api.ModuleInfo:
        """Put the content of an older revision in force as a new one, on this node alone."""
        return await self.call("POST", f"{_module(module)}/restore", api.ModuleInfo, request, timeout=SCRIPTS)

    async def deconfigure_module(self, module: str) -> api.ModuleInfo:
        """Take a stopped module out of force; it stays installed."""
        return await self.call("POST", f"{_module(module)}/deconfig", api.ModuleInfo, timeout=SCRIPTS)

    async def uninstall(self, module: str) -> revisions.Uninstalled:
        """Take a stopped module away; the answer names the backup on the node."""
        return await self.call("DELETE", _module(module), revisions.Uninstalled, timeout=SCRIPTS)

    async def check_module(self, module: str, request: api.StageModule) -> api.Staged:
        """What `stage_module` would answer; nothing is changed."""
        return await self.call("POST", f"{_module(module)}/check", api.Staged, request, timeout=SCRIPTS)

    async def stage_module(self, module: str, request: api.StageModule) -> api.Staged:
        """Keep a new revision beside the current one."""
        return await self.call("POST", f"{_module(module)}/stage", api.Staged, request, timeout=SCRIPTS)

    async def commit_module(self, module: str, request: api.Commit) -> api.ModuleInfo:
        """Make the staged revision current; its `problems` say which scripts of the change failed."""
        return await self.call("POST", f"{_module(module)}/commit", api.ModuleInfo, request, timeout=SCRIPTS)

    async def order(self, module: str, order: api.Order) -> api.OrderAnswer:
        """Order an action; a refusal is a CallFailed."""
        path = f"{_module(module)}/actions"
        return await self.call("POST", path, api.OrderAnswer, order, timeout=10.0 + order.wait)

    async def why(self, module: str) -> api.WhyAnswer:
        """Why a module is not green."""
        return await self.call("GET", f"{_module(module)}/why", api.WhyAnswer)

    async def audit(self, query: record_api.RecordQuery | None = None) -> record_api.AuditPage:
        """A page of the audit log."""
        return await self.call("GET", "/audit", record_api.AuditPage, query=_asked(query or record_api.RecordQuery()))

    async def resource_history(
        self, module: str, resource: str, query: record_api.RecordQuery | None = None
    ) -> record_api.ResourcePage:
        """What became of a resource."""
        path = f"{_module(module)}/resources/{quote(resource, safe='')}/history"
        return await self.call("GET", path, record_api.ResourcePage, query=_asked(query or record_api.RecordQuery()))

    async def metrics(self) -> bytes:
        """The node in figures, as Prometheus reads them."""
        return await self.call("GET", "/metrics", bytes)

    async def snapshot(self, module: str, *, anonymise: bool = False, timeout: float = 300.0) -> AsyncIterator[bytes]:
        """The zip for a support case, as it arrives; `timeout` in seconds until the last byte."""
        url = f"{self._root}{_module(module)}/snapshot?anonymise={int(anonymise)}"
        headers, limit = {"Authorization": f"Bearer {self._token}"}, aiohttp.ClientTimeout(total=timeout)
        try:
            async with self._open.get(url, headers=headers, timeout=limit, allow_redirects=False) as answer:
                if answer.status >= 300:
                    raise self._denied(answer.status, await answer.read())
                async for chunk in answer.content.iter_any():
                    yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._failed(error) from None

    @property
    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("use it as an async context manager")
        return self._session

    def _decoded(self, content: bytes, type: type[T]) -> T:
        try:
            return msgspec.json.decode(content, type=type)
        except msgspec.DecodeError as error:
            raise CallFailed(Trouble.NOT_UNDERSTOOD, f"{self._place} answered something unknown: {error}") from None

    def _denied(self, status: int, content: bytes) -> CallFailed:
        try:
            said = msgspec.json.decode(content, type=api.ProblemDetail)
        except msgspec.DecodeError:
            return CallFailed(Trouble.NOT_UNDERSTOOD, f"{self._place} answered with HTTP status {status}")
        wrong = said.type == "urn:keepgreen:wrong-password"
        return CallFailed(Trouble.WRONG_PASSWORD if wrong else Trouble.DENIED, said.detail, said)

    def _failed(self, error: Exception) -> CallFailed:
        causes: list[BaseException | None] = [error, getattr(error, "certificate_error", None), error.__cause__]
        if any(isinstance(cause, WrongPin) for cause in causes):
            return CallFailed(
                Trouble.CERTIFICATE_CHANGED, f"{self._place} has another key than before; nothing was sent to it"
            )
        os_error = getattr(error, "os_error", error)
        if isinstance(error, TimeoutError):
            return CallFailed(Trouble.TIMED_OUT, f"{self._place} did not answer in time")
        if isinstance(os_error, ConnectionRefusedError):
            return CallFailed(Trouble.REFUSED, f"nothing listens on {self._place}")
        return CallFailed(Trouble.UNREACHABLE, f"{self._place} cannot be reached: {error}")


def _module(name: str) -> str:
    return f"/modules/{quote(name, safe='')}"


def _asked(query: msgspec.Struct) -> dict[str, Any]:
    """A query as aiohttp takes it: a bool as 0 or 1."""
    return {k: int(v) if isinstance(v, bool) else v for k, v in msgspec.to_builtins(query).items()}
