"""The scripts that belong to a change of the configuration, not to a phase of the module's life.

`confcheck` runs before anything is kept, `config`, `postconfig` and `update` after a commit, `deconfig` before the
module goes. They never undo what was committed: what went wrong is said in the log and in the answer. What a commit
owes is noted durably before it, so that the next agent finishes what this one could not.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import msgspec

from nodeagent.adapters.config_store import Trial, Unfinished, UnfinishedChanges
from nodeagent.adapters.script_jobs import NodeFacts, script_job
from nodeagent.contract.config import UserScripts
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.exit_codes import exit_words
from nodeagent.contract.states import LogType, Script, State
from nodeagent.core import effects as do
from nodeagent.core.events import Event, ScriptEnded, ScriptStarted
from nodeagent.engine.ports import CommittedModule, Journal, ScriptJob, ScriptRunner
from nodeagent.home import Home

AFTER_COMMIT = (Script.CONFIG, Script.POSTCONFIG, Script.UPDATE)

_LINES = 5
_CHARACTERS = 1000


class _Run:
    """One script until its end."""

    def __init__(self, output: str = "") -> None:
        loop = asyncio.get_running_loop()
        self.started: asyncio.Future[ScriptStarted | None] = loop.create_future()
        """None: it ended without."""
        self.ended: asyncio.Future[ScriptEnded] = loop.create_future()
        self.output = output


class ConfigurationScripts:
    """Runs them one at a time per call; `seen` must be told every event of the runner."""

    def __init__(
        self,
        runner: ScriptRunner,
        journal: Journal,
        home: Home,
        facts: Callable[[], NodeFacts],
        changes: UnfinishedChanges,
    ) -> None:
        self._runner, self._journal, self._home, self._facts = runner, journal, home, facts
        self._changes = changes
        self._runs: dict[str, _Run] = {}
        self.earlier: dict[str, Unfinished] = {}
        """The changes that the agent before this one has not finished, by module."""

    def take_up(self) -> None:
        """Look for what an earlier agent has left. Blocks."""
        self.earlier = self._changes.left_behind()

    def is_lost(self, module: str, run: str) -> bool:
        """Whether an earlier agent began this run and nobody can wait for it. After `take_up`."""
        if run.startswith(f"{Script.CONFCHECK}-"):  # whoever asked is gone
            return True
        change = self.earlier.get(module)
        return change is not None and change.run == run and change.process is None

    def seen(self, event: Event) -> None:
        """A script has started or ended."""
        match event:
            case ScriptStarted() if run := self._runs.get(event.run):
                run.output = event.output
                run.started.set_result(event)
            case ScriptEnded() if (run := self._runs.get(event.run)) and not run.ended.done():
                run.ended.set_result(event)
                if not run.started.done():
                    run.started.set_result(None)

    def owe(self, module: str, change: Unfinished) -> None:
        """It is about to begin: should this agent end meanwhile, the next one goes on. Blocks; raises OSError."""
        self._changes.keep(module, change)

    async def settle(self, module: str) -> None:
        """The change is finished, or did not take place."""
        with suppress(OSError):  # the next agent finds nothing to do
            await asyncio.to_thread(self._changes.forget, module)

    async def run(self, change: Unfinished, module: CommittedModule, state: Callable[[], State]) -> tuple[Problem, ...]:
        """Run what a change owes, one after the other, with this revision; what went wrong.

        A script that the module does not bring is passed over, and the update of a module that is stopped.
        """
        problems: tuple[Problem, ...] = ()
        for number, script in enumerate(change.left):
            now = state()
            if module.config.user is None or script not in module.scripts:
                continue
            if script is not Script.UPDATE or now is not State.STOP:
                left = msgspec.structs.replace(change, left=change.left[number:])
                problems += await self._run(self._job(script, module, now, self._home), module, left)
        return problems

    async def await_earlier(self, module: str, change: Unfinished) -> None:
        """Wait for the script that an earlier agent has left running; end it when its time is over."""
        assert change.process is not None
        run = self._runs[change.run] = _Run(change.output)
        script = change.left[0]
        try:
            self._runner.wait_for(module, change.run, change.process)
            late, _ = await self._end(module, change.run, change.until)
        finally:
            del self._runs[change.run]
        how = "passed its forcestoptimeout and was killed" if late else "ended"
        words = f"{script}, which the agent before this one had begun, {how}"
        kind = LogType.ERROR if late else LogType.SCRIPT
        self._journal.append(kind, words, module=module, origin=script, output=run.output)

    async def check(self, trial: Trial) -> tuple[Problem, ...]:
        """Run the confcheck of what is not kept yet."""
        job = self._job(Script.CONFCHECK, trial.module, State.STOP, trial.home)
        job = replace(
            job,
            env={**job.env, "SAFEVAR": str(self._home.var)},
            output_dir=trial.home.var.parent / "outputs",
            keep_output=True,
        )
        return await self._run(job, trial.module, None)

    def _job(self, script: Script, module: CommittedModule, state: State, home: Home) -> ScriptJob:
        run = f"{script}-{secrets.token_hex(4)}"
        effect = do.RunScript(module.config.name, run, script, (state, state, script), module.revision)
        return script_job(effect, module, home, self._facts())

    async def _run(self, job: ScriptJob, module: CommittedModule, change: Unfinished | None) -> tuple[Problem, ...]:
        run = self._runs[job.run] = _Run()
        limit = (module.config.user or UserScripts()).forcestoptimeout
        until = time.monotonic() + limit
        try:
            if change is not None:
                change = msgspec.structs.replace(change, run=job.run, process=None, output="", until=until)
                await self._note(job.module, change)
            self._runner.run(job)
            if (started := await run.started) and change is not None:
                change = msgspec.structs.replace(change, process=started.process, output=started.output)
                await self._note(job.module, change)
            late, end = await self._end(job.module, job.run, until)
        finally:
            del self._runs[job.run]
        how = f"passed its forcestoptimeout ({limit:g} s) and was killed" if late else _ending(end)
        failed = late or end.exit_code != 0
        said = await asyncio.to_thread(_tail, job, run.output) if failed and run.output else end.said
        words = f"{job.script} {how}{f': {said}' if said else ''}"
        kind = LogType.ERROR if failed else LogType.SCRIPT
        output = "" if change is None else run.output  # confcheck: it is not among those of the module
        self._journal.append(kind, words, module=job.module, origin=job.script, output=output)
        if not failed or job.executable is None:
            return ()
        return (Problem(Severity.ERROR, words, f"bin/{job.executable.name}"),)

    async def _note(self, module: str, change: Unfinished) -> None:
        with suppress(OSError):  # a full disk: only the next agent would miss it
            await asyncio.to_thread(self._changes.keep, module, change)

    async def _end(self, module: str, name: str, until: float) -> tuple[bool, ScriptEnded]:
        """Whether it had to be killed at `until` (time.monotonic), and its end."""
        ended = self._runs[name].ended
        try:
            async with asyncio.timeout(until - time.monotonic()):
                return False, await asyncio.shield(ended)
        except TimeoutError:
            self._runner.kill(module, name)
            return True, await ended


def _ending(end: ScriptEnded) -> str:
    if end.error:
        return f"did not run: {end.error}"
    return "ended" if end.exit_code is None else f"ended with {exit_words(end.exit_code)}"


def _tail(job: ScriptJob, output: str) -> str:
    """The last lines that the script wrote, on one line."""
    try:
        with (job.output_dir / output).open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - 4 * _CHARACTERS))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    printable = ("".join(c if c.isprintable() else " " for c in line).strip() for line in text.splitlines())
    return " | ".join([line for line in printable if line][-_LINES:])[-_CHARACTERS:]
