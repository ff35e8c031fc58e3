"""The scripts that belong to a change of the configuration, not to a phase of the module's life.

`confcheck` runs before anything is kept, `config`, `postconfig` and `update` after a commit, `deconfig` before the
module goes. They never undo what was committed: what went wrong is said in the log and in the answer.
"""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

from nodeagent.adapters.config_store import Trial
from nodeagent.adapters.script_jobs import NodeFacts, script_job
from nodeagent.contract.config import UserScripts
from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.exit_codes import exit_words
from nodeagent.contract.states import LogType, Script, State
from nodeagent.core import effects as do
from nodeagent.core.events import Event, ScriptEnded, ScriptStarted
from nodeagent.engine.ports import CommittedModule, Journal, ScriptJob, ScriptRunner
from nodeagent.home import Home

_LINES = 5
_CHARACTERS = 1000


class _Run:
    """One script until its end."""

    def __init__(self) -> None:
        self.ended: asyncio.Future[ScriptEnded] = asyncio.get_running_loop().create_future()
        self.output = ""


class ConfigurationScripts:
    """Runs them one at a time per call; `seen` must be told every event of the runner."""

    def __init__(self, runner: ScriptRunner, journal: Journal, home: Home, facts: Callable[[], NodeFacts]) -> None:
        self._runner, self._journal, self._home, self._facts = runner, journal, home, facts
        self._runs: dict[str, _Run] = {}

    def seen(self, event: Event) -> None:
        """A script has started or ended."""
        match event:
            case ScriptStarted() if run := self._runs.get(event.run):
                run.output = event.output
            case ScriptEnded() if (run := self._runs.get(event.run)) and not run.ended.done():
                run.ended.set_result(event)

    async def run(self, script: Script, module: CommittedModule, state: State = State.STOP) -> tuple[Problem, ...]:
        """Run a script of this revision; what went wrong. One that the module does not bring is passed over."""
        if module.config.user is None or script not in module.scripts:
            return ()
        return await self._run(self._job(script, module, state, self._home), module)

    async def check(self, trial: Trial) -> tuple[Problem, ...]:
        """Run the confcheck of what is not kept yet."""
        job = self._job(Script.CONFCHECK, trial.module, State.STOP, trial.home)
        job = replace(
            job,
            env={**job.env, "SAFEVAR": str(self._home.var)},
            output_dir=trial.home.var.parent / "outputs",
            keep_output=True,
        )
        return await self._run(job, trial.module)

    def _job(self, script: Script, module: CommittedModule, state: State, home: Home) -> ScriptJob:
        run = f"{script}-{secrets.token_hex(4)}"
        effect = do.RunScript(module.config.name, run, script, (state, state, script), module.revision)
        return script_job(effect, module, home, self._facts())

    async def _run(self, job: ScriptJob, module: CommittedModule) -> tuple[Problem, ...]:
        run = self._runs[job.run] = _Run()
        limit = (module.config.user or UserScripts()).forcestoptimeout
        late = False
        try:
            self._runner.run(job)
            try:
                async with asyncio.timeout(limit):
                    end = await asyncio.shield(run.ended)
            except TimeoutError:
                late = True
                self._runner.kill(job.module, job.run)
                end = await run.ended
        finally:
            del self._runs[job.run]
        how = f"passed its forcestoptimeout ({limit:g} s) and was killed" if late else _ending(end)
        failed = late or end.exit_code != 0
        said = await asyncio.to_thread(_tail, job, run.output) if failed and run.output else end.said
        words = f"{job.script} {how}{f': {said}' if said else ''}"
        kind = LogType.ERROR if failed else LogType.SCRIPT
        self._journal.append(kind, words, module=job.module, origin=job.script, output=run.output)
        if not failed or job.executable is None:
            return ()
        return (Problem(Severity.ERROR, words, f"bin/{job.executable.name}"),)


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
