"""Everything a module looks at: processes, checkers, resources set by command, and the rules about them.

One place asks for scans and checkers and keeps the resource table. What follows from it is decided by
the life of the module, which tells here which classes are looked at and what is paused.
"""

from collections.abc import Callable

from nodeagent.contract.config import CheckerRule, ModuleConfig
from nodeagent.contract.states import ResourceState
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.checking import CheckerBoard, Look
from nodeagent.core.failover import FailoverRules, Firing, Waiting
from nodeagent.core.monitoring import Detection, ProcessMonitor
from nodeagent.core.resources import Resource, ResourceTable
from nodeagent.core.rounds import Rounds
from nodeagent.core.switches import SwitchBoard

PROCESSES = "errd"
"""The process monitor's name in a round."""

MOST_RESOURCES = 500
"""Resources of a module; a script that makes up new names for ever must not fill the memory."""


class Senses:
    """What one module knows of its application and its surroundings."""

    def __init__(self, config: ModuleConfig, switches: SwitchBoard, emit: Callable[[do.Effect], None]) -> None:
        self.switches = switches
        self._module, self._emit = config.name, emit
        self.monitor = ProcessMonitor(config.monitoring)
        self.board = CheckerBoard(config.checkers)
        self.rules = FailoverRules(config.failover, config.checkers)
        self.table = ResourceTable(self._record)
        self.rounds = Rounds()
        self.classes: frozenset[str] = frozenset()
        """What is looked at now."""

    def _record(self, resource: Resource) -> None:
        """A resource took another state: it belongs in the history."""
        self._emit(
            do.RecordResource(self._module, resource.name, resource.state, resource.detail, resource.took, resource.by)
        )

    # --- what is looked at --------------------------------------------------------------------

    def use(self, classes: frozenset[str], own: frozenset[str], revision: int, now: float) -> None:
        """Look at these classes; `own`: further classes of process rules. `revision` brings custom checkers."""
        if classes != self.classes:
            if not self.classes or "both" in classes - self.classes:
                self.rules.forget()
            if "both" in classes ^ self.classes:
                self.rounds.reset()
            self.classes = classes
        watched = bool(self.monitor.processes)
        self.monitor.use(classes | own, now)
        if watched and not self.monitor.rules:
            self._emit(do.WatchProcesses(self._module, frozenset()))
        self._run(self.board.use(classes, now), revision, now)
        self.scan(now)

    def reconfigure(self, config: ModuleConfig, revision: int, now: float) -> None:
        """Take a live change; what is known of what stays the same stays."""
        self.monitor.reconfigure(config.monitoring, now)
        self.rules.reconfigure(config.failover, config.checkers)
        self._run(self.board.reconfigure(config.checkers, now), revision, now)
        self.scan(now)

    def _run(self, rules: tuple[CheckerRule, ...] | None, revision: int, now: float) -> None:
        if rules is None:
            return
        self._emit(do.RunCheckers(self._module, rules, revision))
        if self.board.replaced:
            self._emit(do.CheckNow(self._module, self.board.look_now(self.board.replaced)))
        last = self.board.last()
        for rule in self.board.rules:
            known = self.table.get(rule.key)
            if known is None or last.get(rule.key) is not known.state:
                self.table.put(rule.key, ResourceState.INIT, now, by=rule.key)

    def scan(self, now: float) -> None:
        """Ask for a scan when one is due."""
        if self.monitor.scan_due(now):
            self._emit(do.ScanProcesses(self._module, self.monitor.rules))

    def look_now(self, now: float) -> None:
        """Nothing that was seen until now counts: everything looks at once."""
        self.rounds.reset()
        self.monitor.look_now(now)
        self.scan(now)
        self.check_now()

    def check_now(self) -> None:
        """The checkers look at once; what they saw until now tells nothing."""
        if self.board.running:
            self._emit(do.CheckNow(self._module, self.board.look_now()))

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long: nothing runs out because of it."""
        self.monitor.forgive(seconds)
        self.board.forgive(seconds)
        self.rules.forgive(seconds)

    # --- what is seen -------------------------------------------------------------------------

    def scanned(self, found: ev.ProcessesSeen, now: float) -> list[Detection] | None:
        """A scan answered; None: it tells nothing (and was asked for again)."""
        before = self.monitor.processes
        detections = self.monitor.seen(found.found, now)
        if detections is None:
            self.scan(now)
            return None
        if self.monitor.processes != before:
            self._emit(do.WatchProcesses(self._module, frozenset(p for _, p in self.monitor.processes)))
        for name, state, _, words in self.monitor.resources():
            self.table.put(name, state, now, by=PROCESSES, detail=words)
        self.rounds.note(PROCESSES, self.monitor.rounds > 0, self.needed)
        return detections

    def looked(self, result: ev.CheckerResult, now: float) -> tuple[Look, bool] | None:
        """A checker has looked: what it says, and whether its resource has changed. None: it tells nothing."""
        look = self.board.take(result.checker, result.good, result.round)
        return None if look is None else (look, self._note(look, result.text, result.checker, result.took, now))

    def refuses(self, resource: str) -> str:
        """Why this resource is not for commands, empty when it is."""
        if resource.startswith("proc.") or any(r.key == resource and r.kind != "custom" for r in self.board.rules):
            return "is found out, not set"
        full = len(self.table.all()) >= MOST_RESOURCES and self.table.get(resource) is None
        return f"is one too many, there are {MOST_RESOURCES}" if full else ""

    def told(self, event: ev.ResourceSet, now: float) -> tuple[Look | None, bool]:
        """A resource was set by command: what that says of its checker, and whether it has changed."""
        text = f"set by {event.author}"
        look = self.board.told(event.resource, event.state)
        if look is None:
            return None, self.table.put(event.resource, event.state, now, by=event.author, detail=text)
        return look, self._note(look, text, event.author, 0.0, now)

    def _note(self, look: Look, text: str, by: str, took: float, now: float) -> bool:
        settled = look.good is False or look.state in (ResourceState.UP, ResourceState.UNKNOWN)
        if settled and look.rule.action is not None and self.switches.checker:
            self.rounds.note(look.rule.key, look.good is not False, self.needed | {look.rule.key})
        return self.table.put(look.rule.key, look.state, now, by=by, detail=text, took=took)

    # --- what it means ------------------------------------------------------------------------

    @property
    def needed(self) -> frozenset[str]:
        """What must be good for a round: nothing that is paused, nothing that could not act."""
        checkers = self.board.needed() if self.switches.checker else frozenset()
        processes = {PROCESSES} if self.monitor.rules and self.switches.errd else set()
        return checkers | processes

    def firings(self, now: float) -> tuple[Firing, ...]:
        """The rules that must act now."""
        if not self.switches.failover:
            return ()
        facts = self._others() | (dict(self.board.facts()) if self.switches.checker else {})
        return self.rules.evaluate(facts, now)

    def waiting(self) -> Waiting:
        """What keeps the module in WAIT; a paused rule keeps nothing."""
        if not self.switches.failover:
            return Waiting()
        return self.rules.waiting_for(self._others() | (dict(self.board.states()) if self.switches.checker else {}))

    @property
    def down_now(self) -> frozenset[str]:
        """The checkers with an action that found their resource down, unless they are paused."""
        states = self.board.states() if self.switches.checker else {}
        return frozenset(
            rule.key
            for rule in self.board.running
            if rule.action is not None and states.get(rule.key) is ResourceState.DOWN
        )

    def _others(self) -> dict[str, ResourceState]:
        """The resources that no checker finds out."""
        checked = {rule.key for rule in self.board.rules}
        watched = {name for name, *_ in self.monitor.resources()} if self.switches.errd else set()
        return {
            known.name: known.state
            for known in self.table.all()
            if known.name not in checked and (known.name in watched or not known.name.startswith("proc."))
        }

    def shown(self) -> tuple[Resource, ...]:
        """The resources that mean something now: processes while they are monitored, checkers from a start on."""
        watched = {name for name, *_ in self.monitor.resources()}
        checked = {rule.key for rule in self.board.rules}
        return tuple(
            known
            for known in self.table.all()
            if known.name in watched
            or (known.name in checked and self.classes)
            or (known.name not in checked and not known.name.startswith("proc."))
        )

    def rules_due(self, now: float) -> bool:
        """Whether a warm-up is over or a rule has held long enough."""
        warm = self.board.warm_up(now)
        due = self.rules.next_deadline() if self.switches.failover else None
        return warm or (due is not None and now >= due)

    def next_deadline(self, acting: bool) -> float | None:
        """When a scan, the end of a warm-up or (`acting`: while they are asked) a rule is due."""
        rules = self.rules.next_deadline() if acting and self.switches.failover else None
        times = (self.monitor.next_deadline(), self.board.next_deadline(), rules)
        return min((t for t in times if t is not None), default=None)
