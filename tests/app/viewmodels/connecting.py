"""Waits and owners that the tests of connecting models share."""

import asyncio
from collections.abc import Callable

from app.services.tasks import TaskOwner


async def settled(tasks: TaskOwner) -> None:
    """Until nothing runs any more; 20 s at most."""
    async with asyncio.timeout(20):
        while tasks.names:
            await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Until it is so; 20 s at most."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def owner() -> TaskOwner:
    """A task owner that lets no error pass unseen."""

    def failed(name: str, error: Exception) -> None:
        raise AssertionError(name) from error

    return TaskOwner(failed)
