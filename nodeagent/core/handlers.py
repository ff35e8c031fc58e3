"""Handlers of process rules: programs that repair by themselves what a rule found."""

from dataclasses import dataclass

from nodeagent.core.monitoring import Detection


@dataclass(slots=True)
class HandlerRun:
    """A handler that runs for a detection, until `deadline` at most; once `killed`, its end must be told by then."""

    name: str
    detection: Detection
    deadline: float
    killed: bool = False
    output: str = ""

    @property
    def words(self) -> str:
        """How a log line names it."""
        return f"handler {self.detection.rule.handler}"


class HandlerRuns:
    """At most one run per rule; none keeps anything else from going on."""

    def __init__(self) -> None:
        self._runs: dict[str, HandlerRun] = {}

    def begin(self, run: HandlerRun) -> bool:
        """A handler is to run; False when one of its rule runs already."""
        if any(run.detection.rule.key == other.detection.rule.key for other in self._runs.values()):
            return False
        self._runs[run.name] = run
        return True

    def get(self, name: str) -> HandlerRun | None:
        """A run that has not ended."""
        return self._runs.get(name)

    def end(self, name: str) -> HandlerRun | None:
        """Forget it; None when it was not one of these."""
        return self._runs.pop(name, None)

    def due(self, now: float) -> list[HandlerRun]:
        """Those whose time is over."""
        return [run for run in self._runs.values() if now >= run.deadline]

    def next_deadline(self) -> float | None:
        """When the next one is due."""
        return min((run.deadline for run in self._runs.values()), default=None)

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long."""
        for run in self._runs.values():
            run.deadline += seconds

    @property
    def alive(self) -> tuple[HandlerRun, ...]:
        """In the order they were begun."""
        return tuple(self._runs.values())
