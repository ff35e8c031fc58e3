"""`WS /events`: the status whenever it changes and log lines, one JSON message each, to one client.

The client's pongs are awaited; one that does not read what it is sent is cut, never waited for.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable

import msgspec
from aiohttp import web

from nodeagent.contract.api import Event

HEARTBEAT = 20.0
SEND_LIMIT = 10.0
"""Seconds a message may wait for its reader."""
GONE, REVOKED = 1001, 1008


class Streams:
    """The open event streams of one server; closed together with it."""

    def __init__(self, send_limit: float = SEND_LIMIT) -> None:
        self._send_limit = send_limit
        self._open: set[web.WebSocketResponse] = set()

    async def serve(
        self, request: web.Request, events: AsyncIterator[Event], still_allowed: Callable[[], Awaitable[bool]]
    ) -> web.WebSocketResponse:
        """Send until either side ends it. `still_allowed` is asked before each message."""
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT, compress=False, max_msg_size=4096, timeout=2.0)
        await socket.prepare(request)
        self._open.add(socket)
        try:
            async with asyncio.TaskGroup() as tasks:
                sender = tasks.create_task(self._send(request, socket, events, still_allowed), name="events")
                async for _ in socket:
                    pass  # What the client says does not matter; its end does.
                sender.cancel()
        finally:
            self._open.discard(socket)
            if isinstance(events, AsyncGenerator):
                await events.aclose()
        return socket

    async def close(self, _: web.Application) -> None:
        """End all streams, saying so."""
        # Side by side: a client that does not answer is waited for, and there may be many of them.
        await asyncio.gather(*(socket.close(code=GONE, message=b"the agent ends") for socket in tuple(self._open)))

    async def _send(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        events: AsyncIterator[Event],
        still_allowed: Callable[[], Awaitable[bool]],
    ) -> None:
        try:
            async for event in events:
                if not await still_allowed():
                    await socket.close(code=REVOKED, message=b"the session has ended")
                    return
                async with asyncio.timeout(self._send_limit):
                    await socket.send_str(msgspec.json.encode(event).decode())
            await socket.close(code=GONE)
        except TimeoutError:
            if request.transport is not None:
                request.transport.abort()
        except ConnectionError:
            return
