"""Programs that run only as long as somebody wants them to, and not longer than the agent (custom checkers)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from nodeagent.adapters.processes.launching import Cannot, Child
from nodeagent.adapters.processes.outputs import file_name, rotate
from nodeagent.adapters.processes.system import Death, Deaths, end_marked, launch
from nodeagent.core.events import ProcessRef
from nodeagent.durable import PRIVATE
from nodeagent.engine.ports import ProgramEnd, ScriptJob
from nodeagent.own_thread import in_thread

MARK = "/custom."
"""What is in the mark of each run of such a program, and of no script."""


class ProgramProcesses:
    """The port `Programs`. Made and used in the loop's thread. `tend` keeps output files within their cap."""

    def __init__(self, tend: Callable[[Path, int], None]) -> None:
        self._tend = tend
        self._deaths = Deaths(asyncio.get_running_loop())
        self._turns: dict[tuple[str, str], asyncio.Lock] = {}
        self._outputs: dict[tuple[str, str], Path] = {}

    async def run(self, job: ScriptJob) -> ProgramEnd:
        """Start it and wait for its end. However this ends, cancelled too, its whole process tree is ended with it.

        One run after the other of a name: the mark of a run is what its tree is known by.
        """
        async with self._turns.setdefault((job.module, job.run), asyncio.Lock()):
            try:
                starting = in_thread(f"start {job.run}", partial(self._start, job))
            except OSError as error:
                return ProgramEnd(126, f"no thread can be had to start it ({error.strerror})")
            try:
                child = await asyncio.shield(starting)
                if isinstance(child, Cannot):
                    return ProgramEnd(child.exit_code, child.why)
                if job.keep_output:
                    self._tend(job.output_dir, job.output_cap)
                await self._end_of(child.process)
                return ProgramEnd(child.exit_code())
            finally:
                await self._clear(starting)

    def close(self) -> None:
        """Watch nothing more; no run may be under way."""
        self._deaths.close()

    async def _end_of(self, process: ProcessRef) -> None:
        ended = asyncio.Event()
        death: Death = self._deaths.watch(process, ended.set)
        try:
            await ended.wait()
        finally:
            if not ended.is_set():
                death.cancel()

    @staticmethod
    async def _clear(starting: asyncio.Future[Child | Cannot]) -> None:
        child = await starting
        if not isinstance(child, Cannot):
            await in_thread("end of a program", child.kill)
            child.exit_code()  # takes it off the process table
            child.forget()

    def _start(self, job: ScriptJob) -> Child | Cannot:
        assert job.executable is not None
        try:
            return launch(job, job.executable, self._output(job), apart=False)
        except Cannot as cannot:
            return cannot
        except (OSError, ValueError) as error:
            return Cannot(126, f"{job.executable} cannot be run: {error}")

    def _output(self, job: ScriptJob) -> Path | None:
        """One file for all runs of an agent: a program that ends again and again would rotate all others away."""
        if not job.keep_output:
            return None
        output = self._outputs.get((job.module, job.run))
        if output is None or not output.exists():
            output = job.output_dir / file_name(job.script, datetime.now(UTC))
            try:
                job.output_dir.mkdir(parents=True, exist_ok=True)
                output.touch(PRIVATE)
                rotate(job.output_dir)
            except OSError:  # a full disk: it runs on without its output
                return None
            self._outputs[job.module, job.run] = output
        return output


def end_strays(home: str) -> None:
    """End the programs that an agent of this home left behind when it died. `home`: KEEPGREEN_HOME. Blocks."""
    end_marked(home, lambda run: MARK in run)
