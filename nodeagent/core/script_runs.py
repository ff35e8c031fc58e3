"""The runs of a module's scripts that have not ended yet."""

from dataclasses import dataclass, field

from nodeagent.contract.states import Script
from nodeagent.core.events import ProcessRef


@dataclass(slots=True)
class Run:
    """One run; `killed` once its process tree was ordered to be killed."""

    name: str
    script: Script
    args: tuple[str, ...]
    process: ProcessRef | None = None
    output: str = ""
    killed: bool = False

    @property
    def words(self) -> str:
        """How a log line names it: `stop_both force WAIT STOP stop`."""
        return " ".join((self.script, *self.args))


@dataclass(slots=True)
class ScriptRuns:
    """Usually one; two while `stop_both force` meets a stop_both that hangs."""

    _alive: dict[str, Run] = field(default_factory=dict)

    def begin(self, run: Run) -> Run:
        """A run was ordered."""
        self._alive[run.name] = run
        return run

    def get(self, name: str) -> Run | None:
        """A run that has not ended."""
        return self._alive.get(name)

    def end(self, name: str) -> Run | None:
        """Forget it; None when it was not one of these."""
        return self._alive.pop(name, None)

    @property
    def alive(self) -> tuple[Run, ...]:
        """In the order they were begun."""
        return tuple(self._alive.values())

    @property
    def last(self) -> Run | None:
        """The youngest, which the record remembers."""
        return next(reversed(self._alive.values()), None)
