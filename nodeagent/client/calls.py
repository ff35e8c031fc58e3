"""Calls of the API `/api/v1`, whatever carries them: TLS by pin (ApiClient), or the local transport of a node."""

from abc import ABC, abstractmethod
from typing import Any, Final, TypeVar, cast
from urllib.parse import quote, urlencode

import msgspec

from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import ProblemDetail

T = TypeVar("T")

_TROUBLES: Final = {
    "urn:keepgreen:wrong-password": Trouble.WRONG_PASSWORD,
    "urn:keepgreen:login-required": Trouble.LOGIN_REQUIRED,
    "urn:keepgreen:other-cluster": Trouble.OTHER_CLUSTER,
    "urn:keepgreen:peer-unreachable": Trouble.UNREACHABLE,
}
"""What the type of a problem says; any other is DENIED."""


class Calls(ABC):
    """One node that can be asked. Calls raise CallFailed."""

    @property
    @abstractmethod
    def place(self) -> str:
        """The node, as a sentence names it."""

    @abstractmethod
    async def carried(self, method: str, target: str, body: bytes | None, *, raw: bool, timeout: float | None) -> bytes:
        """The answer to a request that the node accepts; `target` is a path below `/api/v1` with its query.

        `raw`: the body is no JSON. `timeout` in seconds for all of it.
        """

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
        target = f"{path}{f'?{urlencode(query)}' if query else ''}"
        raw = isinstance(body, bytes)
        data = body if isinstance(body, bytes) else (msgspec.json.encode(body) if body is not None else None)
        content = await self.carried(method, target, data, raw=raw, timeout=timeout)
        return cast(T, content) if type is bytes else self.decoded(content or b"null", type)

    def decoded(self, content: bytes, type: type[T]) -> T:
        """What the node has said as this type."""
        try:
            return msgspec.json.decode(content, type=type)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise CallFailed(Trouble.NOT_UNDERSTOOD, f"{self.place} answered something unknown: {error}") from None

    def denied(self, status: int, content: bytes) -> CallFailed:
        """What the node has said instead of an answer."""
        try:
            said = msgspec.json.decode(content, type=ProblemDetail)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return CallFailed(Trouble.NOT_UNDERSTOOD, f"{self.place} answered with HTTP status {status}")
        return CallFailed(_TROUBLES.get(said.type, Trouble.DENIED), said.detail, said)


def module_path(name: str) -> str:
    """Where a module is, below `/api/v1`."""
    return f"/modules/{quote(name, safe='')}"


def asked(query: msgspec.Struct) -> dict[str, Any]:
    """A query as an address takes it: a bool as 0 or 1."""
    return {k: int(v) if isinstance(v, bool) else v for k, v in msgspec.to_builtins(query).items()}
