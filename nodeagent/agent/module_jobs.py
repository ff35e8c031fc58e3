"""The revisions of the modules that may run something, and the jobs of what they run."""

from collections.abc import Callable

from nodeagent.adapters.script_jobs import NodeFacts, checker_jobs, script_job
from nodeagent.contract.config import UserScripts
from nodeagent.core import effects as do
from nodeagent.engine.ports import CheckerJob, CommittedModule, ScriptJob
from nodeagent.home import Home


class ModuleJobs:
    """The port `Jobs`. A running module keeps the revision it started with, so several are known."""

    def __init__(self, home: Home, facts: Callable[[], NodeFacts]) -> None:
        self._home, self._facts = home, facts
        self._modules: dict[tuple[str, int], CommittedModule] = {}

    def keep(self, module: CommittedModule) -> None:
        """This revision may be named by an effect from now on."""
        self._modules[module.config.name, module.revision] = module

    def script(self, effect: do.RunScript | do.RunHandler) -> ScriptJob:
        """The job of a script or a handler."""
        return script_job(effect, self._modules[effect.module, effect.revision], self._home, self._facts())

    def checkers(self, effect: do.RunCheckers) -> tuple[CheckerJob, ...]:
        """The jobs of a module's checkers."""
        return checker_jobs(effect, self._modules[effect.module, effect.revision], self._home, self._facts())

    def output_cap(self, name: str) -> int:
        """Bytes an output file of the module's scripts may have."""
        newest = max((m for (known, _), m in self._modules.items() if known == name), key=lambda m: m.revision)
        return (newest.config.user or UserScripts()).userlogsize * 1024
