"""What the agent counts of itself for the metrics: log lines, how long scripts ran, how late its loop was."""

import asyncio
import time
from collections import Counter, deque
from dataclasses import dataclass

from nodeagent.adapters.metrics import Own, ScriptTime
from nodeagent.contract.api import LogLine
from nodeagent.core import events as ev
from nodeagent.engine.ports import ScriptJob, ScriptRunner
from nodeagent.engine.writer import Writer

EVERY = 1.0
"""Seconds between two looks at the loop."""
REMEMBERED = 60
"""Looks whose latest counts."""


class Figures:
    """Counters since the agent started. Loop's thread only."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._lines: Counter[str] = Counter()
        self._began: dict[str, tuple[str, str, float]] = {}
        self._times: dict[tuple[str, str], ScriptTime] = {}
        self._late: deque[float] = deque(maxlen=REMEMBERED)

    async def run(self) -> None:
        """Look how late the loop wakes up, until cancelled."""
        while True:
            wanted = time.monotonic() + EVERY
            await asyncio.sleep(EVERY)
            self._late.append(max(0.0, time.monotonic() - wanted))

    def line_written(self, line: LogLine) -> None:
        """A line is in the log."""
        self._lines[line.type] += 1

    def script_began(self, job: ScriptJob) -> None:
        """A script is started now."""
        self._began[job.run] = (job.module, job.script, time.monotonic())

    def script_told(self, event: ev.Event) -> None:
        """An event of a script; its end is what counts."""
        if isinstance(event, ev.ScriptEnded) and (began := self._began.pop(event.run, None)):
            module, script, at = began
            took, known = time.monotonic() - at, self._times.get((module, script), ScriptTime(0, 0.0, 0.0))
            self._times[module, script] = ScriptTime(known.runs + 1, known.total + took, took)

    def now(self) -> Own:
        """All of them."""
        return Own(max(self._late, default=0.0), self._writer.waiting, dict(self._lines), dict(self._times))


@dataclass(frozen=True, slots=True)
class TimedScripts:
    """A ScriptRunner whose starts are told to the figures; its events go to `Figures.script_told`."""

    runner: ScriptRunner
    figures: Figures

    def run(self, job: ScriptJob) -> None:
        """Start it."""
        self.figures.script_began(job)
        self.runner.run(job)

    def wait_for(self, module: str, run: str, process: ev.ProcessRef) -> None:
        """Watch a process an earlier agent started."""
        self.runner.wait_for(module, run, process)

    def kill(self, module: str, run: str) -> None:
        """End the whole process tree of a run."""
        self.runner.kill(module, run)

    async def close(self) -> None:
        """Stop watching."""
        await self.runner.close()
