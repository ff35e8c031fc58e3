"""Calls of the API `/api/v1`, whatever carries them: TLS by pin (ApiClient), or the local transport of a node."""

from abc import ABC, abstractmethod
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

T = TypeVar("T")


class Calls(ABC):
    """One node that can be asked. Calls raise CallFailed."""

    @abstractmethod
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


def module_path(name: str) -> str:
    """Where a module is, below `/api/v1`."""
    return f"/modules/{quote(name, safe='')}"


def asked(query: msgspec.Struct) -> dict[str, Any]:
    """A query as aiohttp takes it: a bool as 0 or 1."""
    return {k: int(v) if isinstance(v, bool) else v for k, v in msgspec.to_builtins(query).items()}
