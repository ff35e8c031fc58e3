"""The calls of the client over the local transport: this node, or by its relay any node of the cluster."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from nodeagent.cli.client import fetch
from nodeagent.cli.exits import CommandFailed, Exit, exit_of_http
from nodeagent.cli.local import NODE, PREFIX, Answer, ask
from nodeagent.client.failures import UNREACHED, CallFailed, Trouble
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract.api import ClusterInfo

R = TypeVar("R")


class LocalCalls(NodeCalls):
    """A node of the cluster; an empty name is this one."""

    def __init__(self, node: str = "") -> None:
        self._node = node

    @property
    def place(self) -> str:
        """Its name."""
        return self._node or "this node"

    async def carried(self, method: str, target: str, body: bytes | None, *, raw: bool, timeout: float | None) -> bytes:
        """Over the local transport, in a thread."""
        media = "application/octet-stream" if raw else "application/json"
        try:
            answer = await asyncio.to_thread(self._asked, method, PREFIX + target, body or b"", media, timeout or 60.0)
        except CommandFailed as failed:
            raise CallFailed(Trouble.UNREACHABLE, failed.sentence) from None
        if not 200 <= answer.status < 300:
            raise self.denied(answer.status, answer.body)
        return answer.body

    def _asked(self, method: str, target: str, data: bytes, media: str, timeout: float) -> Answer:
        NODE.set(self._node)  # in the copy of the context that a thread gets
        return ask(method, target, data, timeout=timeout, content_type=media)


def all_nodes() -> dict[str, NodeCalls]:
    """Every node of the cluster, by name. Raises CommandFailed when this node is in none."""
    info = fetch("/cluster", ClusterInfo)
    if not info.configured:
        raise CommandFailed("this node is in no cluster", Exit.NOT_NOW)
    return {name: LocalCalls("" if name == info.name else name) for name in info.nodes}


def nodes_or_this() -> dict[str, NodeCalls]:
    """Every node of the cluster, by name; this one alone while it is in none. Raises CommandFailed."""
    info = fetch("/cluster", ClusterInfo)
    names = info.nodes if info.configured else (info.name,)
    return {name: LocalCalls("" if name == info.name else name) for name in names}


def finished(work: Coroutine[Any, Any, R]) -> R:
    """Run it to its end. Raises CommandFailed for every failed call."""
    try:
        return asyncio.run(work)
    except CallFailed as failed:
        problems = map(str, failed.problem.problems if failed.problem else ())
        lines = dict.fromkeys([str(failed), *problems])  # the sentence often is the first of the problems
        raise CommandFailed("\n".join(lines), _exit_code(failed)) from None


def _exit_code(failed: CallFailed) -> int:
    if failed.problem:
        return exit_of_http(failed.problem.status)
    return Exit.AGENT_DOWN if failed.trouble in UNREACHED else Exit.NOT_NOW
