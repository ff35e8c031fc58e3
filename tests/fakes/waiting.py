"""Waiting for something outside of the loop, with a deadline."""

import asyncio
from collections.abc import Callable


async def until(holds: Callable[[], bool], within: float = 60.0) -> None:
    """Returns when it holds; TimeoutError when it does not in time."""
    async with asyncio.timeout(within):
        while not holds():  # noqa: ASYNC110 (what is waited for is a process or a file, which sets no Event)
            await asyncio.sleep(0.01)
