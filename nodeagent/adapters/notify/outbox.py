"""Lines on their way to somebody far away: collected, sent together, not too often, and again when it failed."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from nodeagent.adapters.notify.message import Message, NotSent, is_main
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from nodeagent.listening import Say
from nodeagent.own_thread import in_thread

LINES = 500
"""Lines of one message."""

WINDOW = 30.0
"""Seconds whose lines go together."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds and numbers: lines of one `window` go together, a failed message is tried again after `retry`, then
    twice as late each time up to `last_retry`; `waiting` lines may wait, `hourly` messages leave per `hour`."""

    hourly: int
    window: float = WINDOW
    retry: float = 30.0
    last_retry: float = 900.0
    waiting: int = 1000
    hour: float = 3600.0


class Outbox:
    """One way out. `send` blocks and raises NotSent; it runs in a thread of its own.

    `name` is how the log calls it. What waits when the agent ends is not sent: it is in the log.
    """

    def __init__(self, name: str, send: Callable[[Message], None], say: Say, types: str, pace: Pace) -> None:
        self._name, self._send, self._say, self._types, self._pace = name, send, say, types, pace
        self._lines: deque[LogLine] = deque()
        self._left_out = 0
        self._sent: deque[float] = deque(maxlen=pace.hourly)
        self._some = asyncio.Event()
        self._failing = False

    def offer(self, line: LogLine) -> None:
        """A line was written; it is taken when it is a main event. Never blocks."""
        if not is_main(line, self._types):
            return
        self._lines.append(line)
        if len(self._lines) > self._pace.waiting:
            self._lines.popleft()
            self._left_out += 1
        self._some.set()

    async def run(self) -> None:
        """Deliver until cancelled."""
        retry = 0.0
        while True:
            await self._some.wait()
            await asyncio.sleep(max(retry or self._pace.window, self._pause()))
            retry = 0.0 if await self._deliver() else min(max(2 * retry, self._pace.retry), self._pace.last_retry)

    def _pause(self) -> float:
        """Seconds until one more message may leave."""
        if len(self._sent) < self._pace.hourly:
            return 0.0
        return self._sent[0] + self._pace.hour - time.monotonic()

    async def _deliver(self) -> bool:
        lines, left_out = tuple(self._lines)[:LINES], self._left_out
        message = Message(lines[-1].node, lines, left_out)
        try:
            attempt = in_thread("notification", partial(self._attempt, message))
        except OSError as error:
            why = f"no thread can be had for it ({error.strerror})"
        else:
            why = await attempt
        if why:
            if not self._failing:
                self._say(LogType.ERROR, f"{self._name} is not delivered: {why}; it is tried again")
            self._failing = True
            return False
        self._sent.append(time.monotonic())
        self._left_out -= left_out
        while self._lines and self._lines[0].cursor <= lines[-1].cursor:
            self._lines.popleft()
        if not self._lines:
            self._some.clear()
        if self._failing:
            self._failing = False
            self._say(LogType.INFO, f"{self._name} is delivered again")
        return True

    def _attempt(self, message: Message) -> str:
        try:
            self._send(message)
        except NotSent as error:
            return " ".join(str(error).split())
        return ""
