"""What a module detects, and what follows: actions by the monitor, handlers and rules; WAIT; green.

Everything that comes in changes the resource table first and is judged then. From a stop order on, what
is detected is logged and acts no more; what is paused acts never and is not needed to be green.
"""

from abc import ABC, abstractmethod

from nodeagent.contract.states import Action, LogType, ResourceState
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.checking import Look
from nodeagent.core.failover import Firing
from nodeagent.core.handlers import HandlerRun
from nodeagent.core.monitoring import Detection
from nodeagent.core.order import Order
from nodeagent.core.orders import OrderedLife
from nodeagent.core.phases import WAITS, Phase
from nodeagent.core.script_runs import end_words

RESTARTED = "module_failure"
"""Who orders when a `module` checker finds that the other module was started anew."""


class WatchfulLife(OrderedLife, ABC):
    """The judging half of a module's life."""

    may_be_green = False
    """Whether the node has listened for one full window."""

    @abstractmethod
    def _judge_adoption(self, now: float) -> None:
        """A new agent has looked at what runs."""

    # --- what is seen -------------------------------------------------------------------------

    def processes_seen(self, found: ev.ProcessesSeen, now: float) -> None:
        """A scan answered: detections act, good rounds turn green."""
        before = self.senses.monitor.processes
        detections = self.senses.scanned(found, now)
        if detections is None:
            return
        if self.senses.monitor.processes != before:
            self._save()
        for detection in detections if self.phase is not Phase.ADOPTING else ():
            self._detected(detection, now)
        self._judge(now)
        self._emit(do.PublishStatus())

    def process_died(self, process: ev.ProcessRef, now: float) -> None:
        """A death is answered by one rescan at once."""
        if self.senses.monitor.died(process, now):
            self._log(LogType.DEBUG, f"process {process.pid} is gone", by="errd")
            self.senses.scan(now)

    def checker_looked(self, result: ev.CheckerResult, now: float) -> None:
        """A checker has looked: its resource may change, a rule may act."""
        seen = self.senses.looked(result, now)
        if seen is None:
            return
        look, changed = seen
        if changed:
            self._tell_change(look, result.text, now)
        if result.restarted:
            self._other_restarted(look, now)
        self._judge(now)
        if changed:
            self._emit(do.PublishStatus())

    def resource_set(self, event: ev.ResourceSet, now: float) -> None:
        """A resource was set by command, often by a `custom` checker."""
        if refused := self.senses.refuses(event.resource):
            text = f"resource {event.resource} {refused}: {event.author} cannot set it"
            self._log(LogType.ERROR, text, by=event.author)
            return
        look, changed = self.senses.told(event, now)
        if changed:
            text = f"set by {event.author}"
            self._log(LogType.INFO, f"resource {event.resource} is {event.state} ({text})", by=event.author)
            if look is not None:
                self._note_cause(look, text, event.author, now)
            self._emit(do.PublishStatus())
        self._judge(now)

    def _tell_change(self, look: Look, text: str, now: float) -> None:
        name, good = look.rule.key, look.state in (ResourceState.UP, ResourceState.INIT)
        paused = "" if self.memory.switches.checker else " (checkers are paused)"
        self._log(LogType.INFO if good else LogType.ERROR, f"{name} is {look.state}: {text}{paused}", by=name)
        self._note_cause(look, text, name, now)

    def _note_cause(self, look: Look, text: str, by: str, now: float) -> None:
        """A resource went down that has an action: it belongs to the answer to "why"."""
        if look.state is ResourceState.DOWN and look.rule.action is not None and self.acts:
            self.memory.causes.add(now, f"{look.rule.key} is down: {text}", by, evidence=text)

    # --- what is paused -----------------------------------------------------------------------

    def switch(self, name: str, on: bool, author: str, until: float | None, now: float) -> None:
        """Pause or resume `errd`, `checker` or `failover`. A pause that is over before it is told of is none."""
        words = f"{name} switched {'on' if on else 'off'} by {author}"
        if not on and until is not None and now >= until:
            words, on, until = f"{words} until a time that has passed: it is on", True, None
        self.memory.switches.set(name, on, until)
        self._log(LogType.USER, words, by=author)
        if on and name == "errd":
            self.senses.monitor.look_now(now)
            self.senses.scan(now)
        elif on and name == "checker":
            self.senses.check_now()
        self._save()
        self._judge(now)
        self._emit(do.PublishStatus())

    def _end_pauses(self, now: float) -> None:
        for name in self.memory.switches.due(now):
            self.switch(name, True, "its end time", None, now)

    def class_switched(self, name: str, on: bool, author: str, now: float) -> None:
        """Enable or disable an own class of process rules."""
        known = {rule.proc_class for rule in self.config.monitoring.procs} if self.config.monitoring else set()
        if name not in known - {"pre", "both"}:
            self._log(LogType.ERROR, f"no process rule has an own class {name}: {author} cannot switch it", by=author)
            return
        (self.memory.classes.add if on else self.memory.classes.discard)(name)
        self._log(LogType.USER, f"class {name} {'enabled' if on else 'disabled'} by {author}", by=author)
        self._save()
        self._set_monitoring(now)
        self._judge(now)
        self._emit(do.PublishStatus())

    # --- what follows -------------------------------------------------------------------------

    def _judge(self, now: float) -> None:
        """Let the rules look at what is known now; go on where nothing is in the way."""
        if self.phase is Phase.ADOPTING:
            self._judge_adoption(now)
        if self.acts:
            for firing in self.senses.firings(now):
                self._fired(firing, now)
        self._wait_or_go(now)
        self._turn_green(now)

    def _fired(self, firing: Firing, now: float) -> None:
        """A rule acts. In WAIT nothing runs yet: there only a stop means anything."""
        if not self.acts:
            self._log(LogType.ERROR, f"{firing.sentence} (the module is stopping)", by=firing.label)
        elif firing.action is Action.STOP or self.phase not in WAITS:
            self._automatic(Order(firing.action, firing.label, firing.label), firing.sentence, now)

    def _detected(self, detection: Detection, now: float) -> None:
        rule = detection.rule
        if detection.action is None:
            self._log(LogType.ERROR, f"{detection.text} (no action)", by="errd")
        elif not self.memory.switches.errd:
            self._log(LogType.ERROR, f"{detection.text} (monitoring is paused)", by="errd")
        elif not self.acts:
            self._log(LogType.ERROR, f"{detection.text} (the module is stopping)", by="errd")
        elif rule.handler:
            self._handle(detection, now)
        else:
            services = rule.restart_services if rule.service and detection.action is Action.RESTART else ""
            self._automatic(Order(detection.action, "errd", "errd", services), detection.text, now)

    def _handle(self, detection: Detection, now: float) -> None:
        run = HandlerRun(self._run_names(), detection, now + self.user.forcestoptimeout)
        if not self.handlers.begin(run):
            return
        rule = detection.rule
        self._log(LogType.ERROR, f"{detection.text}: {run.words} runs", by="errd")
        self.memory.causes.add(now, detection.text, "errd", action=rule.handler)
        self._save()
        self._emit(do.RunHandler(self.config.name, run.name, rule.handler, (rule.name,), self.revision))

    def _handler_done(self, run: HandlerRun, event: ev.ScriptEnded, now: float) -> None:
        self._save()
        rule = run.detection.rule
        words = end_words(event, killed=run.killed)
        handled = event.exit_code == 0 and not run.killed and not event.error
        self._log(
            LogType.INFO if handled else LogType.ERROR, f"{run.words}: {words}", by=rule.handler, output=run.output
        )
        if handled:
            self.senses.monitor.rearm(rule.key, now)
            self.senses.scan(now)
        elif self.acts and self.memory.switches.errd:
            seen = f"{run.detection.text}; {run.words}: {words}"
            self._automatic(Order(Action.STOPSTART, "errd", "errd"), seen, now)

    def _other_restarted(self, look: Look, now: float) -> None:
        text = f"{look.rule.key}: that module was started anew"
        if look.rule.action is None or not self.memory.switches.checker or not self.acts or self.phase in WAITS:
            self._log(LogType.INFO, text, by=look.rule.key)
        else:
            self._automatic(Order(Action.STOPSTART, RESTARTED, RESTARTED), text, now)

    def _wait_or_go(self, now: float) -> None:
        """In WAIT: held while a wait-resource is down, waiting while nothing is known of one, else on to UP."""
        if self.phase not in WAITS:
            return
        waiting = self.senses.waiting()
        then = Phase.HELD if waiting.down else Phase.WAITING if waiting.init else Phase.ENTERING_UP
        if then is not self.phase:
            self._enter(then, now)

    def _turn_green(self, now: float) -> None:
        """Ready when enough rounds were good and the node has listened long enough."""
        if self.phase not in (Phase.WARMING, Phase.DOUBTING) or not self.may_be_green:
            return
        wanted = self.config.health.rounds if self.phase is Phase.WARMING else 1
        if not self.senses.needed or self.senses.rounds.count >= wanted:
            self._enter(Phase.READY, now)

    def _watch_time(self, now: float) -> None:
        """Do what is due: ends of pauses, handlers out of time, scans, warm-ups, rules."""
        self._end_pauses(now)
        for run in self.handlers.due(now):
            if run.killed:  # else this rule would never have a handler again
                self._log(LogType.CRITICAL, f"the end of {run.words} was never told after its kill", by="errd")
                self.script_ended(ev.ScriptEnded(self.config.name, run.name, None), now)
                continue
            self._log(LogType.ERROR, f"{run.words}: its process tree is killed", by="errd", output=run.output)
            self._kill_handler(run, now)
        self.senses.scan(now)
        if self.senses.rules_due(now) and self.acts:
            self._judge(now)
