"""Keeps the output files of all modules within their caps, in a thread of its own."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from nodeagent.adapters.processes.outputs import sweep

_SOON = 0.2
_SELDOM = 2.0
"""Seconds between two looks while files grow, and while they do not."""


class OutputTender:
    """Looks at the files again and again, often while something writes. Used in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outputs")
        self._caps: dict[Path, int] = {}
        self._total = 0
        self._timer: asyncio.TimerHandle | None = None
        self._sweeping = False
        self._closed = False

    def tend(self, directory: Path, cap: int) -> None:
        """Keep each output file in this directory within `cap` bytes from now on."""
        self._caps[directory] = cap
        self._again(_SOON)

    def close(self) -> None:
        """Look no more."""
        self._closed = True
        if self._timer:
            self._timer.cancel()
        self._thread.shutdown(wait=False)

    def _again(self, seconds: float) -> None:
        if self._closed or self._sweeping:
            return
        if self._timer:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = True
        self._loop.run_in_executor(self._thread, sweep, dict(self._caps)).add_done_callback(self._swept)

    def _swept(self, done: asyncio.Future[int]) -> None:
        self._sweeping = False
        before, self._total = self._total, done.result()
        self._again(_SOON if self._total != before else _SELDOM)
