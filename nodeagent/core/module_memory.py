"""What a module remembers of its life: the intent, who and why, what counted, what was paused."""

from nodeagent.contract.config import ModuleConfig
from nodeagent.contract.states import Action, Intent
from nodeagent.core.cause import CauseChain, too_many
from nodeagent.core.counting import ActionCount, restart_delay
from nodeagent.core.events import Counted, ModuleRecord, ProcessRef, ScriptRun
from nodeagent.core.handlers import HandlerRun
from nodeagent.core.order import Order
from nodeagent.core.phases import Phase
from nodeagent.core.script_runs import Run
from nodeagent.core.switches import NAMES, SwitchBoard


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
        self.classes: set[str] = set()
        """Own classes of process rules that were enabled by command."""
        self.run_without = False

    def recall(self, record: ModuleRecord) -> None:
        """Take up what the last agent knew."""
        self.intent, self.by = record.intent, record.author
        self.why = record.why or self.why
        self.said = record.said
        self.count = ActionCount(record.counted)
        self.switches.recall([name for name in NAMES if not getattr(record, name)], record.pauses)
        self.classes = set(record.classes)
        self.run_without = record.run_without and record.same_boot

    def record(
        self,
        phase: Phase,
        order: Order,
        since: float,
        revision: int,
        runs: tuple[Run, ...],
        handlers: tuple[HandlerRun, ...],
        monitored: tuple[tuple[str, ProcessRef], ...],
    ) -> ModuleRecord:
        """All that the next agent must know."""
        return ModuleRecord(
            phase=phase,
            order=order,
            intent=self.intent,
            author=self.by,
            revision=revision,
            runs=tuple(ScriptRun(run.name, run.script, run.process) for run in runs),
            monitored=monitored,
            counted=self.count.all,
            errd=self.switches.errd,
            checker=self.switches.checker,
            failover=self.switches.failover,
            pauses=self.switches.ends,
            classes=tuple(sorted(self.classes)),
            handlers=tuple(run.name for run in handlers),
            run_without=self.run_without,
            why=self.why,
            said=self.said,
            since=since,
        )

    def take_over(self, order: Order) -> None:
        """A person ordered something: the count begins anew, the intent is his."""
        self.count.reset()
        if order.stays_down:
            self.intent = Intent.STOP
        elif order.action in (Action.START, Action.STOPSTART):
            self.intent = Intent.START

    def count_action(self, order: Order, seen: str, config: ModuleConfig, now: float) -> str:
        """Count an automatic action; the sentence of the stop when there were too many, else empty.

        A stop does not count: after it nothing begins again by itself.
        """
        follows = f"{order.action} by {order.identity}"
        if order.action is not Action.STOP:
            return self.count_seen(order.identity, seen, follows, config, now)
        self._acted(order.identity, seen, follows, now)
        return ""

    def count_seen(
        self, by: str, seen: str, follows: str, config: ModuleConfig, now: float, *, stops: bool = True
    ) -> str:
        """Count what `by` has seen and what follows; the sentence of the stop when it was too much, else empty.

        `stops` False: there is nothing to stop, it is only counted.
        """
        self.count.add(Counted(now, by, seen), config.loop_interval)
        counted = self.count.within(config.loop_interval, now)
        self._acted(by, seen, follows, now)
        if not stops or len(counted) <= config.maxloop:
            return ""
        self.why = too_many(counted, config.maxloop, config.loop_interval, self.said)
        self.intent = Intent.STOP
        self.causes.add(now, self.why, "maxloop", action=Action.STOP)
        return self.why

    def _acted(self, by: str, seen: str, follows: str, now: float) -> None:
        self.causes.add(now, seen, by, action=follows.partition(" ")[0], evidence=self.said)
        self.why = f"{seen}: {follows}"

    def stop_sentence(self, order: Order) -> str:
        """Why a module that is told to stop stops."""
        if order.author == "maxloop":
            return self.why
        if order.planned:
            return f"stopped by {order.author}"
        if order.seen and order.author == "prestart":
            return order.seen
        if order.seen:
            return f"{order.seen}: {order.action} by {order.identity}"
        return f"stopped by {order.identity}" + (f": {self.said}" if self.said else "")

    def delay(self, order: Order, config: ModuleConfig) -> float:
        """Seconds of restart_delay before the start that this order leads to."""
        if order.planned:
            return 0.0
        return restart_delay(self.count.chained(), config.restart_delay, config.restart_delay_max)
