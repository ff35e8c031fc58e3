"""One HTTP request the way a client of the farm makes it: on a connection of its own, without TLS."""

import asyncio

PATIENCE = 1.0
"""Seconds that anything may take to answer before it counts as silent."""


async def fetch(address: str, port: int, path: str = "/") -> tuple[int, str]:
    """A plain HTTP GET over a connection of its own: status and body; 0 and the reason when there is no answer."""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(address, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {address}:{port}\r\nConnection: close\r\n\r\n".encode())
                head, _, body = (await reader.read(-1)).decode("utf-8", "replace").partition("\r\n\r\n")
            finally:
                writer.close()
        return int(head.split(maxsplit=2)[1]), body
    except (OSError, TimeoutError) as error:
        return 0, str(error) or "no answer in time"
    except (ValueError, IndexError):
        return 0, "closed without an answer"
