"""A blocking call in a thread of its own.

The pool behind `asyncio.to_thread` is small and shared: calls that may hang (a name server that does not
answer, a program on a dead network drive) would keep everybody else out of it.
"""

import asyncio
import errno
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

_Result = TypeVar("_Result")


def in_thread(name: str, work: Callable[[], _Result]) -> asyncio.Future[_Result]:
    """Its result, in the calling loop. Cancelling the future leaves the thread to its end, unheard.

    The thread never holds up the end of the process. Raises OSError (EAGAIN) when no thread can be had.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[_Result] = loop.create_future()

    def tell(result: _Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, problem = None, None
        try:
            result = work()
        except BaseException as error:
            problem = error
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(tell, result, problem)

    try:
        threading.Thread(target=run, name=name, daemon=True).start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, str(error)) from error
    return future
