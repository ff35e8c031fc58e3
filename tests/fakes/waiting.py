"""Waiting for what becomes true, with a deadline."""

import asyncio
from collections.abc import Callable


async def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    """Look every 10 ms. Raises TimeoutError."""
    async with asyncio.timeout(seconds):
        while not true():
            await asyncio.sleep(0.01)
