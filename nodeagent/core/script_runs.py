"""The runs of a module's scripts that have not ended yet."""

from dataclasses import dataclass, field

from nodeagent.contract.exit_codes import exit_words
from nodeagent.contract.states import Script
from nodeagent.core.events import ProcessRef, ScriptEnded


def agent_of_runs(session: bytes) -> str:
    """What the names of an agent's runs begin with, in front of `-<number>`; numbers only grow."""
    return session[:4].hex()


def end_words(event: ScriptEnded, *, killed: bool) -> str:
    """How a script or a handler ended, as a log line says it."""
    if killed:
        return "killed with its whole process tree"
    return event.error or ("its end was not seen" if event.exit_code is None else exit_words(event.exit_code))


@dataclass(slots=True)
class Run:
    """One run; `killed` once its process tree was ordered to be killed."""

    name: str
    script: Script
    args: tuple[str, ...]
    process: ProcessRef | None = None
    output: str = ""
    killed: bool = False
    begun: float | None = None
    """On the core's clock; None: by an earlier agent, nobody knows when."""

    @property
    def kind(self) -> tuple[Script, bool]:
        """Runs of one kind take about as long: the script, and whether it was forced."""
        return self.script, self.args[:1] == ("force",)

    @property
    def words(self) -> str:
        """How a log line names it: `stop_both force WAIT STOP stop`."""
        return " ".join((self.script, *self.args))


@dataclass(slots=True)
class ScriptRuns:
    """Usually one; two while `stop_both force` meets a stop_both that hangs."""

    _alive: dict[str, Run] = field(default_factory=dict)
    _took: dict[tuple[Script, bool], float] = field(default_factory=dict)

    def begin(self, run: Run) -> Run:
        """A run was ordered."""
        self._alive[run.name] = run
        return run

    def get(self, name: str) -> Run | None:
        """A run that has not ended."""
        return self._alive.get(name)

    def end(self, name: str, now: float) -> Run | None:
        """Forget it, but not how long it took; None when it was not one of these."""
        run = self._alive.pop(name, None)
        if run is not None and run.begun is not None and not run.killed:
            self._took[run.kind] = now - run.begun
        return run

    def last_duration(self, run: Run) -> float:
        """Seconds the last run of this kind took, 0 when none has ended by itself since the agent started."""
        return self._took.get(run.kind, 0.0)

    @property
    def alive(self) -> tuple[Run, ...]:
        """In the order they were begun."""
        return tuple(self._alive.values())

    @property
    def last(self) -> Run | None:
        """The youngest, which the record remembers."""
        return next(reversed(self._alive.values()), None)
