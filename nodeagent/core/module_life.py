"""Life of a module on one node: spec 03 as one automaton.

Theory of operation. A module is in one *phase* (`phases.PHASES`); entering a phase with a script
starts the script, its end moves on to the phase that the table names. Phases without a script are
left by time (drain, pauses), by good check rounds (warming, adopting, doubting) or by a saved
record. Orders come from people (`identity` empty, they reset the count) and from checkers or
scripts (`identity` set, they count against maxloop). An order that meets a running start script is
kept and obeyed when that script ends. Nothing here waits for the disk but a start, for its intent.
`phase_machine` does the moving; here is what makes it move.
"""

from collections.abc import Callable
from dataclasses import dataclass

from msgspec.structs import replace

from nodeagent.contract.exit_codes import exit_words
from nodeagent.contract.states import Action, Intent, LogType, ResourceState
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.module_memory import Order
from nodeagent.core.monitoring import Detection
from nodeagent.core.phase_machine import SAVE_LIMIT, PhaseMachine
from nodeagent.core.phases import (
    BEFORE_APPLICATION,
    CHECKED,
    IDLE,
    PRE_CHECKED,
    REFUSED,
    REFUSED_AUTOMATIC,
    RESTART_TO_STOP,
    STRENGTH,
    Phase,
    Stage,
)
from nodeagent.core.recovery import Recovery, decide
from nodeagent.core.script_runs import Run


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an order was accepted, in one sentence."""

    accepted: bool
    text: str


class ModuleLife(PhaseMachine):
    """One module on this node."""

    def __init__(
        self,
        configured: ev.ModuleConfigured,
        emit: Callable[[do.Effect], None],
        run_names: Callable[[], str],
        now: float,
    ) -> None:
        super().__init__(configured, emit, run_names, now)
        self._may_be_green = False
        self._recovered: frozenset[tuple[str, ev.ProcessRef]] = frozenset()
        """What ran when the last agent wrote its record."""

    @property
    def restarting(self) -> bool:
        """Not serving now, but about to without a full stop: it may own slots when nobody serves."""
        again = self._order.action is Action.RESTART and self.phase in (Phase.STARTING, Phase.WARMING)
        return again or self.row.stage is Stage.RESTARTING or self.phase is Phase.DOUBTING

    def refusal(self, action: Action) -> str:
        """Why this order is not possible (or has nothing to do) now, empty when it is."""
        key = (self.row.stage, action)
        return REFUSED.get(key) or IDLE.get(key, "")

    def recover(self, record: ev.ModuleRecord, boot_on: bool, now: float) -> None:
        """The agent has started: take up the life that the record tells of."""
        self.memory.recall(record)
        self.since = self.since if record.since is None else record.since
        self._recovered = frozenset(record.monitored)
        match decide(record, self.config.boot, boot_on):
            case Recovery.REST:
                pass
            case Recovery.STAY_DOWN:
                self.memory.why = "the machine was started again and boot does not start this module"
                self._save()
            case Recovery.BOOT:
                self._begin(Order(Action.START, "boot"), now, "started at boot", Phase.BOOT_DELAY)
            case Recovery.BEGIN:
                self._begin(Order(Action.START, self.memory.by), now, "the last agent ended during the start")
            case Recovery.AWAIT_SCRIPT:
                self._take_over(record.runs, now)
            case Recovery.ADOPT:
                self._order = Order(Action.START, self.memory.by)
                self._enter(Phase.ADOPTING, now)
            case Recovery.CRASHED:
                self._enter(Phase.RECOVERING, now)
                self._after_crash("the last agent ended while the module was stopping", now)

    def command(self, order: Order, now: float) -> Verdict:
        """Obey an order, keep it for later, or refuse it."""
        key = (self.row.stage, order.action)
        refused = REFUSED.get(key) or (order.identity and REFUSED_AUTOMATIC.get(key))
        if refused:
            self._log(LogType.INFO, f"{order.action} by {order.author} refused: {refused}", by=order.author)
            return Verdict(False, refused)
        if order.planned:
            self.memory.take_over(order)
        if order.action is Action.START and self._pending is not None and self._pending.action is not Action.RESTART:
            self._pending = Order(Action.STOPSTART, order.author, order.identity)
            self._save()
            return Verdict(True, f"starts again after the {Action.STOP} that waits for {self.phase}")
        if reason := IDLE.get(key):
            self._save()
            return Verdict(True, reason)
        if order.identity and order.action in (Action.RESTART, Action.STOPSTART, Action.WAIT):
            return self._automatic(order, f"{order.action} ordered by {order.identity}", now)
        sentence = f"{order.action} ordered by {order.author}"
        self.memory.causes.add(now, sentence, order.author, action=order.action, new=order.planned)
        self._log(LogType.USER if order.planned else LogType.ERROR, sentence, by=order.author)
        self._obey(order, now)
        return Verdict(True, f"{order.action} accepted")

    def shut_down(self, now: float) -> None:
        """The operating system goes down: stop with the scripts, the intent stays."""
        if self.row.stage is not Stage.REST:
            self._obey(Order(Action.STOP, "the system's shutdown"), now)

    def printed(self, text: str, error: bool, origin: str, now: float) -> None:
        """A script said something; an error is evidence. `origin`: KEEPGREEN_RUN of a script, or a name."""
        run = self.runs.get(origin.rpartition("/")[2])
        by = run.script if run else origin or "script"
        if error:
            self.memory.said = f"{by} said “{text}”"
            self.memory.causes.add(now, self.memory.said, by, evidence=text, output=run.output if run else "")
        self._log(LogType.ERROR if error else LogType.SCRIPT, text, by=by, output=run.output if run else "")

    def processes_seen(self, found: ev.ProcessesSeen, now: float) -> None:
        """A scan answered: detections act, good rounds turn green."""
        before = self.monitor.processes
        detections = self.monitor.seen(found.found, now)
        if detections is None:
            self._scan(now)
            return
        if self.monitor.processes != before:
            self._emit(do.WatchProcesses(self.config.name, frozenset(p for _, p in self.monitor.processes)))
            self._save()
        if self.phase is Phase.ADOPTING:
            self._judge_adoption(now)
            return
        for detection in detections:
            self._detected(detection, now)
        self._turn_green(now)
        self._emit(do.PublishStatus())

    def process_died(self, process: ev.ProcessRef, now: float) -> None:
        """A death is answered by one rescan at once."""
        if self.monitor.died(process, now):
            self._log(LogType.DEBUG, f"process {process.pid} is gone", by="errd")
            self._scan(now)

    def state_saved(self, serial: int, error: str, now: float) -> None:
        """The disk has the record, or says why not."""
        if error:
            self._log(LogType.CRITICAL, f"the state of the module cannot be saved: {error}")
        if self.phase is Phase.PREPARING and serial >= self._saving:
            self._enter(Phase.LEAVING_STOP, now)

    def switch(self, name: str, on: bool, author: str, until: float | None, now: float) -> None:
        """Pause or resume `errd`, `checker` or `failover`."""
        self.memory.switches.set(name, on, until)
        self._log(LogType.USER, f"{name} switched {'on' if on else 'off'} by {author}", by=author)
        if on and name == "errd":
            self.monitor.look_now(now)
            self._scan(now)
        self._save()
        self._emit(do.PublishStatus())

    def resource_set(self, resource: str, state: ResourceState, author: str, now: float) -> None:
        """A resource was set by command."""
        if self.memory.resources.get(resource, (None,))[0] is not state:
            self.memory.resources[resource] = (state, now)
            self._log(LogType.INFO, f"resource {resource} is {state} (set by {author})", by=author)
            self._emit(do.PublishStatus())

    def reconfigure(self, event: ev.ModuleConfigured, now: float) -> None:
        """A new revision: at once when stopped, else its live part now and the rest at the next start."""
        if self.phase is Phase.STOPPED:
            self._take(event)
            self._log(LogType.INFO, f"revision {event.revision} is in force")
        else:
            self.waiting = event
            self.config = replace(event.config, mode=self.config.mode, farm=self.config.farm)
            self.monitor.reconfigure(event.config.monitoring, now)
            self._scan(now)
            self._log(LogType.INFO, f"revision {event.revision}: in force, its scripts from the next start on")
        self._emit(do.PublishStatus())

    def froze(self, seconds: float, now: float) -> None:
        """This node stood still: 404, every check at once, and nothing runs out because of it."""
        if self._deadline is not None:
            self._deadline += seconds
        self.monitor.forgive(seconds)
        if self.phase in CHECKED:
            self.monitor.look_now(now)
            self._scan(now)
        if self.phase in (Phase.READY, Phase.DOUBTING):
            self.memory.why = f"this node was frozen for {seconds:.1f} s; one round of checks first"
            self._enter(Phase.DOUBTING, now)

    def let_be_green(self, now: float) -> None:
        """The node has listened for one full window."""
        self._may_be_green = True
        self._turn_green(now)

    def tick(self, now: float) -> None:
        """Do what is due."""
        for name in self.memory.switches.due(now):
            self.switch(name, True, "its end time", None, now)
        self._scan(now)
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._time_is_up(now)

    def _obey(self, order: Order, now: float) -> None:
        stage = self.row.stage
        if order.action is Action.FORCESTOP:
            self._force(order, now)
        elif stage is Stage.REST:
            self._begin(order, now, f"started by {order.author}")
        elif stage is Stage.GOING:
            goal = Action.STOPSTART if order.action is Action.START else order.action
            self._order = Order(goal, order.author, order.identity)  # only where it ends changes
            self.memory.by, self.memory.why = order.author, self.memory.stop_sentence(order)
            self._save()
        elif order.action is Action.RESTART and stage is Stage.UP:
            self._restart(order, now)
        elif self.runs.alive and stage is not Stage.RESTARTING:
            self._keep(order, now)
        else:
            self._go_down(order, now)

    def _keep(self, order: Order, now: float) -> None:
        """A start script runs: the order waits for its end, but not for ever."""
        if self._pending is None or STRENGTH.index(order.action) > STRENGTH.index(self._pending.action):
            self._pending = order
            self._log(LogType.INFO, f"{order.action} waits for the end of {self.phase}")
        bound = now + self.user.nicestoptimeout
        self._deadline = bound if self._deadline is None else min(self._deadline, bound)

    def _begin(self, order: Order, now: float, why: str, first: Phase = Phase.PREPARING) -> None:
        self._order, self.memory.by, self.memory.why = order, order.author, why
        if self.waiting:
            self._take(self.waiting)
        self._enter(first, now)

    def _go_down(self, order: Order, now: float) -> None:
        was, drains = self.phase, self._drains(order)
        if order.action is Action.RESTART:  # there is nothing up to restart
            order = Order(Action.STOPSTART, order.author, order.identity)
        self._order, self._pending, self.memory.by = order, None, order.author
        if order.action is Action.STOP:
            self.memory.why = self.memory.stop_sentence(order)
        if was in RESTART_TO_STOP:
            self._enter(RESTART_TO_STOP[was], now, script_runs=bool(self.runs.alive))
        elif was in BEFORE_APPLICATION:
            self._enter(Phase.POSTSTOP, now)
        else:
            self._enter(Phase.DRAINING if drains else Phase.STOPPING, now)

    def _restart(self, order: Order, now: float) -> None:
        drains = self._drains(order)
        self._order, self.memory.by = order, order.author
        if order.planned:
            self.memory.why = f"restarted by {order.author}"
        self._enter(Phase.RESTART_DRAINING if drains else Phase.RESTART_STOPPING, now)

    def _drains(self, order: Order) -> bool:
        return self.phase is Phase.READY and order.planned and self.config.health.drain > 0

    def _force(self, order: Order, now: float) -> None:
        self._order, self._pending, self.memory.by = order, None, order.author
        self.memory.why = self.memory.stop_sentence(order)
        self._kill([run for run in self.runs.alive if not run.killed])
        self._enter(Phase.FORCING, now)

    def _automatic(self, order: Order, seen: str, now: float) -> Verdict:
        """Count an automatic action and obey it, or stop when there were too many."""
        if sentence := self.memory.count_action(order, seen, self.config, now):
            self._log(LogType.CRITICAL, f"stopped: {sentence}", by="maxloop")
            self._obey(Order(Action.STOP, "maxloop", order.identity), now)
            return Verdict(True, f"stopped: {sentence}")
        self._log(LogType.ERROR, f"{seen}: {order.action} by {order.identity}", by=order.identity)
        self._obey(order, now)
        return Verdict(True, f"{order.action} accepted")

    def _detected(self, detection: Detection, now: float) -> None:
        if detection.action is None:
            self._log(LogType.ERROR, f"{detection.text} (no action)", by="errd")
        elif not self.memory.switches.errd:
            self._log(LogType.ERROR, f"{detection.text} (monitoring is paused)", by="errd")
        elif self.phase in CHECKED or self.phase in PRE_CHECKED:
            self._automatic(Order(detection.action, "errd", "errd"), detection.text, now)

    def _script_done(self, run: Run, exit_code: int | None, now: float) -> None:
        step = self.row.step
        assert step is not None
        repair = Order(Action.STOPSTART, run.script, run.script)
        failed = exit_code if self.user.act_on_exitcode else None
        if self._pending is not None:
            self._go_down(self._pending, now)
        elif self.phase is Phase.STARTING and run.killed:
            self._automatic(repair, f"start_both passed its starttimeout ({self.user.starttimeout:g} s)", now)
        elif self.phase is Phase.STARTING and failed:
            self._automatic(repair, f"start_both ended with {exit_words(failed)}", now)
        elif self.phase is Phase.PRESTART and failed:
            self.memory.why = f"prestart ended with {exit_words(failed)}"
            self._go_down(Order(Action.STOP, "prestart", "prestart"), now)
        else:
            self._enter(step.then, now)

    def _take_over(self, left: tuple[ev.ScriptRun, ...], now: float) -> None:
        """Await what the last agent started. What it may have started after its last record must not live on."""
        awaited = [(run, run.process) for run in left if run.process is not None]
        for run, process in awaited:  # before the phase is saved: yet another agent must know of them, too
            self.runs.begin(Run(run.run, run.script, (), process))
        self._enter(Phase.RECOVERING, now)
        self._deadline = now + self.user.forcestoptimeout
        for run, process in awaited:
            self._emit(do.AwaitScript(self.config.name, run.run, process))
        for run in left:
            if run.process is None:
                self._emit(do.KillScript(self.config.name, run.run))
        if not self.runs.alive:
            self._after_crash(f"the last agent ended while it began {left[-1].script}", now)

    def _judge_adoption(self, now: float) -> None:
        missing = self._recovered - frozenset(self.monitor.processes)
        if self.monitor.rounds and not missing:
            self._adopted("all monitored processes are the same", now)
        else:
            names = ", ".join(sorted({name for name, _ in missing})) or "a monitored process"
            self._after_crash(f"{names} went away while no agent was running", now)

    def _adopted(self, why: str, now: float) -> None:
        self._log(LogType.INFO, f"the running application was adopted: {why}")
        self.memory.why = "adopted after a start of the agent"
        self._enter(Phase.WARMING, now)

    def _script_taken_over_done(self, run: Run, now: float) -> None:
        self._after_crash(f"the last agent ended while {run.script} was running", now)

    def _after_crash(self, seen: str, now: float) -> None:
        if self._pending is not None:
            self._go_down(self._pending, now)
        elif self.memory.intent is Intent.STOP:
            self._go_down(Order(Action.STOP, self.memory.by or "the last agent", "crash"), now)
        else:
            self._automatic(Order(Action.STOPSTART, "crash", "crash"), seen, now)

    def _arrive(self, now: float) -> None:
        """What a phase without a script does or waits for."""
        match self.phase:
            case Phase.BOOT_DELAY:
                delay = (
                    self.config.boot_delay if self.memory.by == "boot" else self.memory.delay(self._order, self.config)
                )
                self._wait(delay, now)
            case Phase.PREPARING:
                self._saving = self._serial
                self._wait(SAVE_LIMIT, now)
            case Phase.WAITING:
                self._enter(Phase.ENTERING_UP, now)
            case Phase.DRAINING | Phase.RESTART_DRAINING:
                self._wait(self.config.health.drain, now)
            case Phase.PAUSE:
                self._wait(self.memory.delay(self._order, self.config), now)
            case Phase.WARMING | Phase.DOUBTING:
                self._turn_green(now)
            case Phase.ADOPTING if not self.monitor.rules:
                self._adopted("it has nothing to check", now)
            case Phase.STOPPED if self._order.action not in (Action.STOP, Action.FORCESTOP):
                order = Order(Action.START, self._order.author, self._order.identity)
                self._begin(order, now, self.memory.why, Phase.BOOT_DELAY)
            case Phase.STOPPED if self.waiting:
                self._take(self.waiting)

    def _turn_green(self, now: float) -> None:
        """Ready when enough rounds were good and the node has listened long enough."""
        if self.phase not in (Phase.WARMING, Phase.DOUBTING) or not self._may_be_green:
            return
        wanted = self.config.health.rounds if self.phase is Phase.WARMING else 1
        if not self.monitor.rules or not self.memory.switches.errd or self.monitor.rounds >= wanted:
            self._enter(Phase.READY, now)
