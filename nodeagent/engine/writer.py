"""The one thread that writes to the disk, so that the loop never waits for it."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

Job = Callable[[], object]
Done = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class _Order:
    job: Job
    done: Done | None


class Writer:
    """Runs jobs one after the other, in the order they were submitted.

    A job that raises Exception does not end the thread: the exception is what `done` gets. `submit` never blocks;
    when `capacity` jobs wait (a hanging disk), those marked droppable are not taken.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, capacity: int = 4096) -> None:
        self._loop = loop
        self._capacity = capacity
        self._waiting: deque[_Order] = deque()
        self._changed = threading.Condition()
        self._submitted = 0
        self._finished = 0
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job, done: Done | None = None, *, droppable: bool = False) -> bool:
        """Run `job` in the thread, then `done(result or exception)` on the loop.

        False when a droppable job was not taken; raises RuntimeError after `close`.
        """
        with self._changed:
            if self._closed:
                raise RuntimeError("the writer is closed")
            if droppable and len(self._waiting) >= self._capacity:
                return False
            self._waiting.append(_Order(job, done))
            self._submitted += 1
            self._changed.notify_all()
        return True

    @property
    def waiting(self) -> int:
        """Jobs that are not done yet."""
        return self._submitted - self._finished

    def flush(self, timeout: float) -> bool:
        """Wait until everything submitted so far is done; False when `timeout` seconds did not suffice. Blocks."""
        with self._changed:
            wanted = self._submitted
            return self._changed.wait_for(lambda: self._finished >= wanted, timeout)

    def close(self, timeout: float = 5.0) -> bool:
        """Take no more, finish what waits, end the thread; False when `timeout` seconds did not suffice. Blocks."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                if not self._waiting:
                    return
                order = self._waiting.popleft()
            result: object
            try:
                result = order.job()
            except Exception as error:
                result = error
            self._tell(order.done, result)
            with self._changed:
                self._finished += 1
                self._changed.notify_all()

    def _tell(self, done: Done | None, result: object) -> None:
        if done is None:
            if isinstance(result, Exception):
                self._call(self._loop.call_exception_handler, {"message": "a disk job failed", "exception": result})
        else:
            self._call(done, result)

    def _call(self, function: Callable[..., object], argument: object) -> None:
        try:
            self._loop.call_soon_threadsafe(function, argument)
        except RuntimeError:
            # The loop has ended before the last jobs; nobody waits for their answers any more.
            if not self._loop.is_closed():
                raise
