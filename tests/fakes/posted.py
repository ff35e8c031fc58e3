"""Collects what an adapter posts, and waits for it with a deadline."""

import asyncio
from typing import TypeVar

from nodeagent.core.events import Event

_Kind = TypeVar("_Kind")


class Posted:
    """Stands where the engine stands: call it with events, ask it for them by type."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    def all(self, kind: type[_Kind]) -> list[_Kind]:
        return [event for event in self.events if isinstance(event, kind)]

    async def wait(self, kind: type[_Kind], count: int = 1, within: float = 30.0) -> list[_Kind]:
        """The first `count` events of this type."""
        async with asyncio.timeout(within):
            while len(found := self.all(kind)) < count:
                self._more.clear()
                await self._more.wait()
        return found[:count]

    async def one(self, kind: type[_Kind], within: float = 30.0) -> _Kind:
        return (await self.wait(kind, 1, within))[0]
