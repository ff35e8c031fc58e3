"""Sending a file that is too large to be held in memory."""

import asyncio
from contextlib import aclosing

from aiohttp import web

from nodeagent.engine.ports import Download

CHUNK_LIMIT = 60.0
"""Seconds a piece may wait for its reader."""


async def send_file(request: web.Request, download: Download, media: str) -> web.StreamResponse:
    """Send it piece by piece; a reader that goes, or does not read, is cut. Always discards the file."""
    response = web.StreamResponse(headers={"Content-Type": media})
    response.headers["Content-Disposition"] = f'attachment; filename="{download.name}"'
    response.content_length = download.size
    try:
        async with aclosing(download.chunks) as chunks:
            await response.prepare(request)
            async for chunk in chunks:
                async with asyncio.timeout(CHUNK_LIMIT):
                    await response.write(chunk)
            await response.write_eof()
    except (OSError, TimeoutError):  # half an answer cannot be taken back: its length shows that it is no whole one
        if request.transport is not None:
            request.transport.abort()
    finally:
        download.discard()
    return response
