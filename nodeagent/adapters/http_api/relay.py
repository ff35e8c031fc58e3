"""Passing a request on to another node of the cluster, one hop, with no more rights than the caller has here.

This node proves who it is by its key and names the caller; the other node admits, refuses and audits as always.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

from nodeagent.client.api_client import ApiClient
from nodeagent.client.failures import UNREACHED, CallFailed, Trouble
from nodeagent.client.node_key import NodeKey
from nodeagent.engine.ports import Caller, Peer, Refused

CONNECT, LIMIT = 3.0, 3700.0
"""Seconds for a connection, and for a whole call: an order may be waited for an hour."""


@dataclass(frozen=True, slots=True)
class Relayed:
    """What the other node answers, as it arrives. Whoever takes it closes `chunks`; `size` None: not known."""

    status: int
    media: str
    size: int | None
    disposition: str
    chunks: AsyncGenerator[bytes]


class Relay:
    """Speaks with the key of this node."""

    def __init__(self, key: NodeKey) -> None:
        self._key = key

    async def pass_on(self, caller: Caller, peer: Peer, method: str, target: str, body: bytes) -> Relayed:
        """The answer of the other node to this request; `target` is below `/api/v1`. Raises Refused."""
        async with AsyncExitStack() as stack:
            try:
                client = await self._connected(stack, caller, peer)
                answer = await stack.enter_async_context(client.opened(method, target, body or None, timeout=LIMIT))
            except CallFailed as failed:
                status = failed.problem.status if failed.problem else 0
                kind = "peer-refused" if status else "peer-unreachable"
                raise Refused(502, kind, f"{peer.name}: {failed}") from None
            return Relayed(
                answer.status,
                answer.headers.get("Content-Type", "application/octet-stream"),
                answer.content_length,
                answer.headers.get("Content-Disposition", ""),
                _chunks(stack.pop_all(), answer.content.iter_any()),
            )

    async def _connected(self, stack: AsyncExitStack, caller: Caller, peer: Peer) -> ApiClient:
        """Logged in over the first address that answers; logged out and closed with `stack`."""
        failures: list[CallFailed] = []
        for address in peer.addresses:
            async with AsyncExitStack() as attempt:
                client = ApiClient(address, peer.port, peer.pin, connect_timeout=CONNECT)
                await attempt.enter_async_context(client)
                try:
                    await client.login_as_node(self._key, caller.role, caller.name)
                except CallFailed as failed:
                    if failed.trouble not in UNREACHED:
                        raise
                    failures.append(failed)
                    continue
                attempt.push_async_callback(_logged_out, client)
                stack.push_async_exit(attempt.pop_all())
                return client
        if not failures:
            raise CallFailed(Trouble.UNREACHABLE, "it has no address in this cluster")
        raise failures[0]


async def _logged_out(client: ApiClient) -> None:
    try:
        await client.logout()
    except CallFailed:
        return  # its session ends by itself


async def _chunks(stack: AsyncExitStack, content: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    async with stack:
        async for chunk in content:
            yield chunk
