"""What a module remembers of its life: the intent, who and why, what counted, what was paused."""

from dataclasses import dataclass

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import Action, Intent, ResourceState
from nodeagent.core.cause import CauseChain, too_many
from nodeagent.core.counting import ActionCount, restart_delay
from nodeagent.core.events import Counted, ModuleRecord, ProcessRef, ScriptRun
from nodeagent.core.phases import Phase
from nodeagent.core.script_runs import Run
from nodeagent.core.switches import SwitchBoard


@dataclass(frozen=True, slots=True)
class Order:
    """An order: what, by whom; with an `identity` (`-i who`) it is automatic and counts."""

    action: Action
    author: str
    identity: str = ""

    @property
    def planned(self) -> bool:
        """By a person or a shutdown: the node drains first."""
        return not self.identity


class ModuleMemory:
    """One module's memory. `recall` takes it from a record, `record` writes it down."""

    def __init__(self, module: str) -> None:
        self.intent = Intent.STOP
        self.by = ""
        self.why = "never started"
        self.said = ""
        """The last thing a script said of a failure: evidence."""
        self.count = ActionCount()
        self.causes = CauseChain(module)
        self.switches = SwitchBoard()
        self.resources: dict[str, tuple[ResourceState, float]] = {}

    def recall(self, record: ModuleRecord) -> None:
        """Take up what the last agent knew."""
        self.intent, self.by = record.intent, record.author
        self.why = record.why or self.why
        self.count = ActionCount(record.counted)
        self.switches = SwitchBoard(record.errd, record.checker, record.failover, record.switched_until)

    def record(
        self,
        phase: Phase,
        since: float,
        revision: int,
        runs: tuple[Run, ...],
        monitored: tuple[tuple[str, ProcessRef], ...],
    ) -> ModuleRecord:
        """All that the next agent must know."""
        return ModuleRecord(
            phase=phase,
            intent=self.intent,
            author=self.by,
            revision=revision,
            runs=tuple(ScriptRun(run.name, run.script, run.process) for run in runs),
            monitored=monitored,
            counted=self.count.all,
            errd=self.switches.errd,
            checker=self.switches.checker,
            failover=self.switches.failover,
            switched_until=self.switches.until,
            why=self.why,
            since=since,
        )

    def take_over(self, order: Order) -> None:
        """A person ordered something: the count begins anew, the intent is his."""
        self.count.reset()
        if order.action in (Action.STOP, Action.FORCESTOP):
            self.intent = Intent.STOP
        elif order.action in (Action.START, Action.STOPSTART):
            self.intent = Intent.START

    def count_action(self, order: Order, seen: str, config: ModuleConfig, now: float) -> str:
        """Count an automatic action; the sentence of the stop when there were too many, else empty."""
        self.count.add(Counted(now, order.identity, seen), config.loop_interval)
        counted = self.count.within(config.loop_interval, now)
        self.causes.add(now, seen, order.identity, action=order.action, evidence=self.said)
        if len(counted) <= config.maxloop:
            self.why = f"{seen}: {order.action} by {order.identity}"
            return ""
        self.why = too_many(counted, config.maxloop, config.loop_interval, self.said)
        self.intent = Intent.STOP
        self.causes.add(now, self.why, "maxloop", action=Action.STOP)
        return self.why

    def stop_sentence(self, order: Order) -> str:
        """Why a module that is told to stop stops."""
        if order.planned:
            return f"stopped by {order.author}"
        if order.author in ("maxloop", "prestart"):
            return self.why
        return f"stopped by {order.identity}" + (f": {self.said}" if self.said else "")

    def delay(self, order: Order, config: ModuleConfig) -> float:
        """Seconds of restart_delay before the start that this order leads to."""
        if order.planned:
            return 0.0
        return restart_delay(self.count.chained(), config.restart_delay, config.restart_delay_max)
