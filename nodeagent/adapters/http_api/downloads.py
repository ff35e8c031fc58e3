"""Sending what is too large to be held in memory: a file, or the answer of another node."""

import asyncio
from contextlib import aclosing

from aiohttp import web

from nodeagent.adapters.http_api.relay import Relayed
from nodeagent.client.failures import CallFailed
from nodeagent.engine.ports import Download

CHUNK_LIMIT = 60.0
"""Seconds a piece may wait for its reader."""


async def send_relayed(request: web.Request, answer: Relayed) -> web.StreamResponse:
    """Send what another node answers, as it arrives; what breaks off there breaks off here."""
    response = web.StreamResponse(status=answer.status, headers={"Content-Type": answer.media})
    if answer.disposition:
        response.headers["Content-Disposition"] = answer.disposition
    response.content_length = answer.size
    try:
        async with aclosing(answer.chunks) as chunks:
            await response.prepare(request)
            async for chunk in chunks:
                async with asyncio.timeout(CHUNK_LIMIT):
                    await response.write(chunk)
            await response.write_eof()
    except (OSError, TimeoutError, CallFailed):
        if request.transport is not None:
            request.transport.abort()
    return response


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
