"""The calls of the client over the local transport: this node, or by its relay any node of the cluster."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from nodeagent.cli.client import fetch
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import NODE, PREFIX, accepted, ask
from nodeagent.client.calls import T
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract.api import ClusterInfo

R = TypeVar("R")


class LocalCalls(NodeCalls):
    """A node of the cluster; an empty name is this one."""

    def __init__(self, node: str = "") -> None:
        self._node = node

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
        """Any route below `/api/v1`."""
        target = f"{PREFIX}{path}{f'?{urlencode(query)}' if query else ''}"
        data = body if isinstance(body, bytes) else (b"" if body is None else msgspec.json.encode(body))
        try:
            content = await asyncio.to_thread(self._asked, method, target, data, timeout or 60.0)
            return content if type is bytes else msgspec.json.decode(content or b"null", type=type)  # type: ignore[return-value]
        except CommandFailed as failed:
            trouble = Trouble.UNREACHABLE if failed.exit_code == Exit.AGENT_DOWN else Trouble.DENIED
            raise CallFailed(trouble, failed.sentence) from None
        except msgspec.DecodeError as error:
            raise CallFailed(Trouble.NOT_UNDERSTOOD, f"its answer was not understood: {error}") from None

    def _asked(self, method: str, target: str, data: bytes, timeout: float) -> bytes:
        NODE.set(self._node)  # in the copy of the context that a thread gets
        return accepted(ask(method, target, data, timeout=timeout))


def all_nodes() -> dict[str, NodeCalls]:
    """Every node of the cluster, by name. Raises CommandFailed when this node is in none."""
    info = fetch("/cluster", ClusterInfo)
    if not info.configured:
        raise CommandFailed("this node is in no cluster", Exit.NOT_NOW)
    return {name: LocalCalls("" if name == info.name else name) for name in info.nodes}


def finished(work: Coroutine[Any, Any, R]) -> R:
    """Run it to its end. Raises CommandFailed for every failed call."""
    try:
        return asyncio.run(work)
    except CallFailed as failed:
        code = Exit.AGENT_DOWN if failed.trouble in (Trouble.UNREACHABLE, Trouble.REFUSED) else Exit.NOT_NOW
        raise CommandFailed(str(failed), Exit.REFUSED if failed.trouble is Trouble.WRONG_PASSWORD else code) from None
