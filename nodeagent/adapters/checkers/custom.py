"""A program of the module that keeps running and sets its resource by command."""

import asyncio
from collections.abc import Callable
from time import monotonic

from nodeagent.core.events import CheckerResult
from nodeagent.engine.ports import ProgramEnd, Programs, ScriptJob

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds before an ended program is started again: doubled each time, from the first again once it ran so long."""


class CustomChecker:
    """Keeps the program running until its task is cancelled; that ends its whole process tree."""

    def __init__(
        self, key: str, job: ScriptJob, programs: Programs, post: Callable[[CheckerResult], None], pause: float
    ) -> None:
        self._key, self._job, self._programs, self._post = key, job, programs, post
        self._first_pause = pause
        self._round = 0

    def now(self, round: int | None = None) -> None:
        """The program decides itself when it looks."""
        if round is not None:
            self._round = round

    async def run(self) -> None:
        """Until cancelled."""
        pause = self._first_pause
        while True:
            began = monotonic()
            end = await self._programs.run(self._job)
            ran = monotonic() - began
            self._post(CheckerResult(self._job.module, self._key, None, _said(end), ran, self._round))
            if ran >= LONGEST_PAUSE:
                pause = self._first_pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def _said(end: ProgramEnd) -> str:
    if end.error:
        return f"custom program could not be started: {end.error}"
    if end.exit_code is None or end.exit_code >= 0:
        return f"custom program ended with exit code {end.exit_code}"
    return f"custom program was ended by signal {-end.exit_code}"
