"""The one owner of the console's background work: every task has a name, none is lost, none outlives the window."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
OnError = Callable[[str, Exception], None]
"""(name of the task, what it raised)"""


class TaskOwner:
    """Starts tasks and ends them. What a task raises goes to `on_error`, once."""

    def __init__(self, on_error: OnError) -> None:
        self._on_error = on_error
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def start(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        """Run it on the running loop; the task may be awaited or cancelled. After `aclose` it is cancelled at once."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        if self._closed:
            task.cancel()
        return task

    def run_soon(self, work: Coroutine[Any, Any, object], name: str) -> None:
        """`start` for slots of views, which have no use for a task."""
        self.start(work, name)

    @property
    def names(self) -> tuple[str, ...]:
        """What runs now."""
        return tuple(sorted(task.get_name() for task in self._tasks))

    async def aclose(self) -> None:
        """Cancel everything but the caller and wait for its end."""
        self._closed = True
        while others := self._tasks - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.wait(others)
            await asyncio.sleep(0)  # lets the done-callbacks forget them

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._on_error(task.get_name(), error)
