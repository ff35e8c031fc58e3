"""Runs the scripts of the modules.

A run goes through: started in a thread (disk and exec may be slow) → ScriptStarted → its end is seen →
its last words are read in a thread → ScriptEnded. A kill can come at any time; then the end is told
only when the whole tree is gone, so that the next script does not meet the remains of this one.
"""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from nodeagent.adapters.processes.launching import Cannot, Child
from nodeagent.adapters.processes.outputs import file_name, last_words, rotate
from nodeagent.adapters.processes.system import WINDOWS, Death, Deaths, adopt, end_marked, launch
from nodeagent.adapters.processes.tending import OutputTender
from nodeagent.core.events import ProcessRef, ScriptEnded, ScriptStarted
from nodeagent.durable import PRIVATE
from nodeagent.engine.ports import Post, ScriptJob

_Result = TypeVar("_Result")
_ENCODINGS = ("utf-8", "oem") if WINDOWS else ("utf-8",)


@dataclass(slots=True)
class _Run:
    """One script from its order to its end."""

    module: str
    name: str
    child: Child | None = None
    death: Death | None = None
    output: Path | None = None
    trouble: str = ""
    """Why its output could not be kept."""
    ended: bool = False
    kill_ordered: bool = False
    killing: bool = False


@dataclass(frozen=True, slots=True)
class _Launched:
    child: Child
    output: Path | None
    trouble: str


class ScriptProcesses:
    """The port `ScriptRunner`. Made and used in the loop's thread."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._loop = asyncio.get_running_loop()
        self._deaths = Deaths(self._loop)
        self._threads = ThreadPoolExecutor(max_workers=8, thread_name_prefix="script")
        self._tender = OutputTender(self._loop)
        self._runs: dict[tuple[str, str], _Run] = {}
        self._apart = True
        self._closed = False

    def tend(self, output_dir: Path, output_cap: int) -> None:
        """Keep the output files there within their cap from now on: applications of an earlier agent write on."""
        self._tender.tend(output_dir, output_cap)

    def run(self, job: ScriptJob) -> None:
        """Start it. A script that the module does not bring has ended well at once."""
        if job.executable is None:
            self._loop.call_soon(self._say, ScriptEnded(job.module, job.run, 0))
            return
        run = self._runs[job.module, job.run] = _Run(job.module, job.run)
        self._work(partial(_start, job, job.executable, self._apart), partial(self._started, run))
        if job.keep_output:
            self._tender.tend(job.output_dir, job.output_cap)

    def system_stops(self) -> None:
        """The operating system shuts down: scripts from now on belong to the agent, which waits for them."""
        self._apart = False

    def wait_for(self, module: str, run: str, process: ProcessRef) -> None:
        """Watch a script of an earlier agent; its exit code stays unknown."""
        adopted = self._runs[module, run] = _Run(module, run, adopt(module, run, process))
        self._watch(adopted, process)

    def kill(self, module: str, run: str) -> None:
        """End the script and everything it started, daemons included. A run that has ended is left alone:
        what it started may be the application."""
        if (found := self._runs.get((module, run))) and not found.ended:
            found.kill_ordered = True
            self._kill(found)

    async def close(self) -> None:
        """Stop watching. Scripts and what they started go on."""
        self._closed = True
        self._tender.close()
        for run in self._runs.values():
            self._leave(run)
        self._runs.clear()
        self._deaths.close()
        self._threads.shutdown(wait=False)

    def _started(self, run: _Run, result: _Launched | Cannot) -> None:
        if isinstance(result, Cannot):
            self._finish(run, ScriptEnded(run.module, run.name, result.exit_code, error=result.why))
            return
        run.child, run.output, run.trouble = result.child, result.output, result.trouble
        if self._closed:
            self._leave(run)
            return
        process = result.child.process
        self._say(ScriptStarted(run.module, run.name, process, run.output.name if run.output else ""))
        self._watch(run, process)
        if run.kill_ordered:
            self._kill(run)

    def _watch(self, run: _Run, process: ProcessRef) -> None:
        run.death = self._deaths.watch(process, partial(self._gone, run))

    def _gone(self, run: _Run) -> None:
        run.ended = True
        if not run.killing:
            self._tell(run)

    def _kill(self, run: _Run) -> None:
        if run.child and not run.killing:
            run.killing = True
            self._work(run.child.kill, partial(self._killed, run))

    def _killed(self, run: _Run, all_gone: bool) -> None:
        run.killing = False
        if self._closed:
            self._leave(run)
        elif run.ended:
            self._tell(run)
        elif not all_gone and run.death:
            # A stop always ends: what sits in the kernel and cannot die is not waited for.
            run.death.cancel()
            error = "it could not be killed: the kernel holds it, or it belongs to another user"
            self._finish(run, ScriptEnded(run.module, run.name, None, error=error))

    def _tell(self, run: _Run) -> None:
        assert run.child is not None
        code = run.child.exit_code()
        run.child.forget()
        known = None if run.kill_ordered else code
        self._work(
            partial(_words, run.output, run.trouble),
            lambda said: self._finish(run, ScriptEnded(run.module, run.name, known, said)),
        )

    def _finish(self, run: _Run, event: ScriptEnded) -> None:
        self._runs.pop((run.module, run.name), None)
        run.death = None  # they know each other: else only a rare full look of the garbage collector finds the two
        self._say(event)

    def _say(self, event: ScriptStarted | ScriptEnded) -> None:
        if not self._closed:
            self._post(event)

    def _leave(self, run: _Run) -> None:
        if run.death:
            run.death.cancel()
        if run.child and not run.ended and not run.killing:
            run.child.leave()

    def _work(self, work: Callable[[], _Result], then: Callable[[_Result], None]) -> None:
        future = self._loop.run_in_executor(self._threads, work)
        future.add_done_callback(lambda done: then(done.result()))


def _start(job: ScriptJob, executable: Path, apart: bool) -> _Launched | Cannot:
    """Make room for the output, start the script. Supervision goes on without output when there is no room."""
    output, trouble = None, ""
    if job.keep_output:
        output = job.output_dir / file_name(job.script, datetime.now(UTC))
        try:
            job.output_dir.mkdir(parents=True, exist_ok=True)
            output.touch(PRIVATE)  # a script may say a password
            rotate(job.output_dir)
        except OSError as error:
            output, trouble = None, f"(its output could not be kept: {error.strerror or os.strerror(error.errno or 0)})"
    try:
        return _Launched(launch(job, executable, output, apart=apart), output, trouble)
    except Cannot as cannot:
        return cannot
    except (OSError, ValueError) as error:  # no descriptor left, a name in the environment that cannot be one
        return Cannot(126, f"{executable} cannot be run: {error}")


def end_lost(home: str, is_lost: Callable[[str, str], bool]) -> None:
    """End the runs (module, name) that agents of this KEEPGREEN_HOME have lost, with all they started. Blocks."""

    def wanted(mark: str) -> bool:
        module, _, run = mark.partition("/")
        return is_lost(module, run)

    end_marked(home, wanted)


def _words(output: Path | None, trouble: str) -> str:
    return last_words(output, _ENCODINGS) if output else trouble
