"""Moves a module through the table of phases: runs their scripts, keeps their time, saves and tells.

What makes it move (orders, checks, the start of an agent) is in `module_life`. `_enter` is the one
place where the phase changes; it turns the health answer off before anything else.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

from nodeagent.contract.config import UserScripts
from nodeagent.contract.states import Action, LogType, Script, State, Status
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.handlers import HandlerRun, HandlerRuns
from nodeagent.core.module_memory import ModuleMemory
from nodeagent.core.order import Order
from nodeagent.core.phases import ACTING, CHECKED, PHASES, TIME_LEADS_TO, Limit, Phase, Row, Stage, Step, checked_in
from nodeagent.core.script_runs import Run, ScriptRuns, end_words
from nodeagent.core.senses import Senses

SAVE_LIMIT = 5.0
"""Seconds a start waits for its intent record; a full disk must not keep a service down."""

KILL_LIMIT = 30.0
"""Seconds after a tree kill before a script whose end was never told is given up."""


class PhaseMachine(ABC):
    """The moving half of a module's life. Effects go to `emit` in the order they must be carried out."""

    def __init__(
        self,
        configured: ev.ModuleConfigured,
        emit: Callable[[do.Effect], None],
        run_names: Callable[[], str],
        now: float,
    ) -> None:
        self.config, self.revision, self.scripts = configured.config, configured.revision, configured.scripts
        self.waiting: ev.ModuleConfigured | None = None
        """A committed revision whose scripts wait for the next start."""
        self._emit, self._run_names = emit, run_names
        self.phase, self.entered = Phase.STOPPED, now
        self.state, self.status, self.since = State.STOP, Status.NOT_READY, now
        self.memory = ModuleMemory(configured.config.name)
        self.senses = Senses(configured.config, self.memory.switches, emit)
        self.runs = ScriptRuns()
        self.handlers = HandlerRuns()
        self.ready = False
        """What the health URL answers."""
        self._order = Order(Action.STOP, "")
        self._pending: Order | None = None
        self._deadline: float | None = None
        self._serial = 0
        self._saving = 0

    @abstractmethod
    def _arrive(self, now: float) -> None:
        """A phase without a script was entered: do what it does, or wait."""

    @abstractmethod
    def _script_done(self, run: Run, exit_code: int | None, now: float) -> None:
        """The last script of the present phase has ended."""

    @abstractmethod
    def _script_taken_over_done(self, run: Run, now: float) -> None:
        """A script that the last agent had started has ended."""

    @abstractmethod
    def _handler_done(self, run: HandlerRun, event: ev.ScriptEnded, now: float) -> None:
        """A handler has ended."""

    @property
    def row(self) -> Row:
        """The table row of the present phase."""
        return PHASES[self.phase]

    @property
    def acts(self) -> bool:
        """Whether what is detected now has consequences: never from a stop order on."""
        return self.phase in ACTING and self._pending is None

    @property
    def user(self) -> UserScripts:
        """How scripts run."""
        return self.config.user or UserScripts()

    def seconds(self, limit: Limit) -> float | None:
        """A time-out of the scripts; None: there is none. Only a start may take for ever, since a stop always ends."""
        user = self.user
        return {
            Limit.START: user.starttimeout or None,
            Limit.NICE: user.nicestoptimeout,
            Limit.FORCE: user.forcestoptimeout,
        }[limit]

    def next_deadline(self) -> float | None:
        """When `tick` has something to do."""
        times = (
            self._deadline,
            self.senses.next_deadline(self.acts),
            self.handlers.next_deadline(),
            self.memory.switches.until,
        )
        return min((t for t in times if t is not None), default=None)

    def script_started(self, event: ev.ScriptStarted) -> None:
        """Remember the process, for the next agent."""
        if handler := self.handlers.get(event.run):
            handler.output = event.output
        if run := self.runs.get(event.run):
            run.process, run.output = event.process, event.output
            self._save()
            self._log(LogType.SCRIPT, f"{run.words} (pid {event.process.pid})", by=run.script, output=event.output)

    def script_ended(self, event: ev.ScriptEnded, now: float) -> None:
        """The end of the last run that is alive moves the life on."""
        if handler := self.handlers.end(event.run):
            self._handler_done(handler, event, now)
            return
        run = self.runs.end(event.run, now)
        if run is None:
            return
        self._tell_end(run, event, now)
        if self.runs.alive:
            self._save()
        elif self.phase is Phase.RECOVERING:
            self._script_taken_over_done(run, now)
        elif self.row.step is not None:
            self._script_done(run, event.exit_code, now)

    def _enter(self, phase: Phase, now: float, *, script_runs: bool = False) -> None:
        """Change the phase; `script_runs`: the script of the new phase is the one that runs already."""
        if phase is Phase.POSTSTOP and self._order.action is Action.WAIT:  # nothing runs any more: it ends in WAIT
            phase, self._order = Phase.WAITING, Order(Action.START, self._order.author, self._order.identity)
        self.phase, self.entered, self._deadline = phase, now, None
        row = self.row
        self._set_health(phase is Phase.READY)
        if (row.state, row.status) != (self.state, self.status):
            self.state, self.status, self.since = row.state, row.status, now
            self._log(
                LogType.INFO, f"{row.state} {row.status}: {phase} ({self._order.action} by {self.memory.by})", by="life"
            )
        self._set_monitoring(now)
        if row.step is None:
            self._save()
            self._arrive(now)
        elif script_runs:
            self._deadline = self._end_of(row.step, now)
            self._save()
        else:
            self._run_step(now)
        self._emit(do.PublishStatus())

    def _run_step(self, now: float) -> None:
        step = self.row.step
        assert step is not None
        self._deadline = self._end_of(step, now)
        if self.config.user is not None and step.script in self.scripts:
            action = {Action.WAIT: "stopwait", Action.FORCESTOP: "stop"}.get(self._order.action, self._order.action)
            to = State.WAIT if step.forced and self._order.action is Action.WAIT else step.to
            services = ("-Services", self._order.services) if self._order.services else ()
            args = (*(("force",) if step.forced else ()), step.frm, to, action, *services)
            run = self.runs.begin(Run(self._run_names(), step.script, args, begun=now))
            if step.script is Script.START_BOTH:
                self.memory.said = ""
            self._save()
            self._emit(do.RunScript(self.config.name, run.name, step.script, args, self.revision))
        elif not self.runs.alive:
            self._enter(step.then, now)

    def _end_of(self, step: Step, now: float) -> float | None:
        limit = self.seconds(step.limit)
        return None if limit is None else now + limit

    def _wait(self, seconds: float, now: float) -> None:
        if seconds > 0:
            self._deadline = now + seconds
        else:
            self._time_is_up(now)

    def _time_is_up(self, now: float) -> None:
        """The deadline of the phase has passed."""
        if self.phase is Phase.PREPARING:
            self._log(LogType.ERROR, f"the disk did not answer for {SAVE_LIMIT:g} s; starting all the same")
        if self.phase in TIME_LEADS_TO:
            self._enter(TIME_LEADS_TO[self.phase], now)
        elif fresh := [run for run in self.runs.alive if not run.killed]:
            self._kill(fresh)
            self._deadline = now + KILL_LIMIT
        else:
            for run in self.runs.alive:
                self._log(LogType.CRITICAL, f"the end of {run.words} was never told after its kill")
                self.script_ended(ev.ScriptEnded(self.config.name, run.name, None), now)

    def _kill(self, runs: list[Run]) -> None:
        for run in runs:
            run.killed = True
            self._log(LogType.ERROR, f"{run.words}: its process tree is killed", by=run.script, output=run.output)
            self._emit(do.KillScript(self.config.name, run.name))

    def _tell_end(self, run: Run, event: ev.ScriptEnded, now: float) -> None:
        words = end_words(event, killed=run.killed)
        failed = bool(event.error or event.exit_code or run.killed)
        self._log(
            LogType.ERROR if failed else LogType.SCRIPT, f"{run.words}: {words}", by=run.script, output=run.output
        )
        if failed and run.script in (Script.START_BOTH, Script.PRESTART):
            if event.said and not self.memory.said:
                self.memory.said = f"{run.script} said “{event.said}”"
            self.memory.causes.add(now, f"{run.script}: {words}", run.script, evidence=event.said, output=run.output)

    def _take(self, event: ev.ModuleConfigured, now: float) -> None:
        self.config, self.revision, self.scripts = event.config, event.revision, event.scripts
        self.waiting = None
        self.senses.reconfigure(event.config, event.revision, now)

    def _set_monitoring(self, now: float) -> None:
        own = frozenset(self.memory.classes) if self.phase in CHECKED else frozenset()
        revision = self.waiting.revision if self.waiting else self.revision
        classes = checked_in(self.phase)
        if self.row.stage is Stage.GOING:  # a stop begins no look: it may come before prestart or after poststop
            classes &= self.senses.classes
        self.senses.use(classes, own, revision, now)
        if self.row.stage in (Stage.GOING, Stage.RESTARTING):
            self._end_handlers(now)

    def _end_handlers(self, now: float) -> None:
        """A handler must not repair what is being stopped."""
        for handler in self.handlers.alive:
            if not handler.killed:
                self._kill_handler(handler, now)

    def _kill_handler(self, handler: HandlerRun, now: float) -> None:
        handler.killed, handler.deadline = True, now + KILL_LIMIT
        self._emit(do.KillScript(self.config.name, handler.name))

    def _set_health(self, ready: bool) -> None:
        if ready is not self.ready:
            self.ready = ready
            self._emit(do.SetHealth(self.config.name, ready))

    def _save(self) -> None:
        self._serial += 1
        record = self.memory.record(
            self.phase,
            self._pending or self._order,
            self.since,
            self.revision,
            self.runs.alive,
            self.handlers.alive,
            self.senses.monitor.processes,
        )
        self._emit(do.SaveState(self.config.name, record, self._serial))

    def _log(self, type_: LogType, text: str, *, by: str = "agent", output: str = "") -> None:
        self._emit(do.RecordLine(type_, text, self.config.name, by, self.memory.causes.last_id, output))
