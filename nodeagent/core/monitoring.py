"""Process monitoring: from scans and deaths to detections.

One scan finds the processes of each `proc`; from then on a death is told at once and is answered by
one rescan. Acting needs proof: fewer processes than `atleast` in a scan made after the death, and
after `grace`. A process that was never seen since the start gets one poll period (or `start_after`)
to appear, because start scripts return before what they started is there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nodeagent.contract.config import Monitoring, ProcRule
from nodeagent.contract.states import Action, ResourceState
from nodeagent.core.events import ProcessRef

FIRST_LOOKS = 0.05
"""Seconds to the second scan after a start; doubles until the poll period, so that green comes soon."""

SCAN_LIMIT = 30.0
"""Seconds after which a scan that never answered is asked for again."""


@dataclass(frozen=True, slots=True)
class Detection:
    """A rule is broken. `action` None: only to be logged."""

    rule: ProcRule
    action: Action | None
    text: str


@dataclass(slots=True)
class _Watched:
    """What is known of one rule since its monitoring began."""

    rule: ProcRule
    began: float
    found: tuple[ProcessRef, ...] = ()
    state: ResourceState = ResourceState.INIT
    since: float = 0.0
    ever_good: bool = False
    bad_since: float | None = None
    quiet_until: float = 0.0
    """A handler has just repaired what this rule found."""
    told: bool = False

    @property
    def only_told(self) -> bool:
        """`noaction`: it never keeps the module from being green."""
        return self.rule.action is None and not self.rule.handler

    def good(self, count: int) -> bool:
        """Whether so many processes satisfy the rule."""
        rule = self.rule
        return (rule.atleast < 0 or count >= rule.atleast) and (rule.atmax < 0 or count <= rule.atmax)

    def act_at(self, polltimer: float) -> float:
        """When a rule that is broken since `bad_since` may act."""
        assert self.bad_since is not None
        if self.ever_good:
            return max(self.quiet_until, self.bad_since + self.rule.grace)
        return max(self.quiet_until, self.began + polltimer * max(1, self.rule.start_after - 1))

    def detection(self, ever_seen: bool) -> Detection:
        """The broken rule in words; `ever_seen` since the agent knows the module."""
        count, rule = len(self.found), self.rule
        if count > rule.atmax >= 0:
            text = f"{rule.name}: {count} processes, at most {rule.atmax} allowed"
        elif rule.service and not count:
            text = f"service {rule.name} {'does not run' if ever_seen else 'was never seen running'}"
        elif not ever_seen:
            text = f"no process named {rule.name} was ever seen"
        elif not count and not self.ever_good:
            text = f"{rule.name} did not come up"
        elif not count:
            text = f"{rule.name} gone"
        else:
            text = f"{rule.name}: {count} processes, at least {rule.atleast} needed"
        return Detection(rule, rule.action, text)


class ProcessMonitor:
    """The monitored processes of one module; off until `use` names a class."""

    def __init__(self, config: Monitoring | None) -> None:
        self._config = config or Monitoring()
        self._watched: dict[str, _Watched] = {}
        self._ever_seen: set[str] = set()
        self._classes: frozenset[str] = frozenset()
        self._next_scan: float | None = None
        self._asked: float | None = None
        self._again = False
        self._outdated = False
        self._pace = FIRST_LOOKS
        self.rounds = 0
        """Good scans in a row, by the rules that have an action."""
        self.scanned = True
        """Whether a scan has answered since monitoring began, or there is nothing to scan."""

    def use(self, classes: frozenset[str], now: float) -> None:
        """Monitor the rules of these classes; rules that stay keep what is known of them."""
        if classes != self._classes:
            self._classes = classes
            self._begin(now)

    def reconfigure(self, config: Monitoring | None, now: float) -> None:
        """Take a changed `<errd>` live; what is known of unchanged rules stays."""
        before, self._config = self._config.procs, config or Monitoring()
        self._ever_seen &= {rule.key for rule in before if rule in self._config.procs}
        self._watched = {key: w for key, w in self._watched.items() if w.rule in self._config.procs}
        self._begin(now)

    @property
    def rules(self) -> tuple[ProcRule, ...]:
        """What a scan must look for now."""
        return tuple(w.rule for w in self._watched.values())

    @property
    def failing(self) -> bool:
        """Whether the last scan found a rule broken that has an action."""
        return bool(self._watched) and self.scanned and not self.rounds

    @property
    def processes(self) -> tuple[tuple[str, ProcessRef], ...]:
        """(rule key, process) of the last scan."""
        return tuple((key, p) for key, w in self._watched.items() for p in w.found)

    def resources(self) -> tuple[tuple[str, ResourceState, float, str], ...]:
        """(resource, state, since, words) per rule."""
        return tuple((f"proc.{key}", w.state, w.since, _words(w)) for key, w in self._watched.items())

    def look_now(self, now: float) -> None:
        """Scan as soon as possible and judge anew (after a freeze or a pause)."""
        if self._watched:
            self.rounds, self.scanned = 0, False
            self._outdated = self._asked is not None  # what it will say was seen before
            for watched in self._watched.values():
                watched.told = False
            self._look(now)

    def rearm(self, key: str, now: float) -> None:
        """A handler says that it repaired what this rule found: look at once, act again a grace (or a poll) later."""
        watched = self._watched.get(key)
        if watched is not None:
            watched.told = False
            watched.quiet_until = now + max(watched.rule.grace, self._config.polltimer)
            self._look(now)

    def died(self, process: ProcessRef, now: float) -> bool:
        """A watched process is gone; True when it was one of ours (a rescan is due now)."""
        ours = any(process in w.found for w in self._watched.values())
        if ours:
            self._look(now)
        return ours

    def scan_due(self, now: float) -> bool:
        """True once each time a scan must be asked for; the caller asks for it."""
        if self._asked is not None and now >= self._asked + SCAN_LIMIT:
            self._asked = None
            self._next_scan = now if self._watched else None
        if self._asked is not None or self._next_scan is None or now < self._next_scan:
            return False
        self._asked, self._next_scan = now, None
        return True

    def next_deadline(self) -> float | None:
        """When `scan_due` can become true."""
        return self._asked + SCAN_LIMIT if self._asked is not None else self._next_scan

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long: no grace runs out because of it."""
        for watched in self._watched.values():
            watched.began += seconds
            watched.quiet_until += seconds
            if watched.bad_since is not None:
                watched.bad_since += seconds

    def seen(self, found: Mapping[str, tuple[ProcessRef, ...]], now: float) -> list[Detection] | None:
        """Take the result of a scan; return the rules that are broken and may act now.

        None: the answer tells nothing, because it was asked for before monitoring began anew or this node froze.
        """
        if self._asked is None:
            return None
        self._asked = None
        if self._outdated:
            self._outdated, self._again, self._next_scan = False, False, now if self._watched else None
            return None
        self.scanned = True
        detections = []
        all_good = serving = True
        for key, watched in self._watched.items():
            watched.found = found.get(key, ())
            good = watched.good(len(watched.found))
            self._note(watched, good, now)
            all_good = all_good and good
            serving = serving and (good or watched.only_told)
            if good or watched.told:
                continue
            if now >= watched.act_at(self._config.polltimer):
                watched.told = True
                detections.append(watched.detection(key in self._ever_seen))
        self.rounds = self.rounds + 1 if serving else 0
        self._plan(now, all_good)
        return detections

    def _begin(self, now: float) -> None:
        rules = [r for r in self._config.procs if r.proc_class in self._classes]
        # A scan that is under way was not asked for what is new, and may have found what an earlier rule looked for.
        lacks = self._outdated or not rules or any(r.key not in self._watched for r in rules)
        self._outdated = self._asked is not None and lacks
        self._asked = self._asked if self._outdated else None
        self._watched = {r.key: self._watched.get(r.key) or _Watched(r, now, since=now) for r in rules}
        self.rounds, self._pace, self._again = 0, FIRST_LOOKS, False
        self._next_scan = now if self._watched else None
        self.scanned = not self._watched

    def _note(self, watched: _Watched, good: bool, now: float) -> None:
        state = ResourceState.UP if good else ResourceState.DOWN
        if not good and not watched.ever_good and now < watched.began + self._config.polltimer:
            state = ResourceState.INIT
        if state is not watched.state:
            watched.state, watched.since = state, now
        if watched.found:
            self._ever_seen.add(watched.rule.key)
        if good:
            watched.ever_good, watched.bad_since, watched.told = True, None, False
        elif watched.bad_since is None:
            watched.bad_since = now

    def _plan(self, now: float, all_good: bool) -> None:
        due = now + self._config.polltimer
        if not all_good:
            pending = [
                w.act_at(self._config.polltimer)
                for w in self._watched.values()
                if w.bad_since is not None and not w.told
            ]
            self._pace = min(self._pace * 2, self._config.polltimer)
            due = min([due, now + self._pace, *(max(at, now) for at in pending)])
        self._next_scan = now if self._again else due
        self._again = False

    @property
    def looking(self) -> bool:
        """A scan is under way: what was seen before may be over."""
        return self._asked is not None

    def _look(self, now: float) -> None:
        if self._asked is None:
            self._next_scan = now
        else:
            self._again = True  # the running scan may have looked before the death


def _words(watched: _Watched) -> str:
    rule, pids = watched.rule, ", ".join(str(p.pid) for p in watched.found[:8])
    bounds = [f"at least {rule.atleast}"] if rule.atleast >= 0 else []
    bounds += [f"at most {rule.atmax}"] if rule.atmax >= 0 else []
    text = f"{len(watched.found)} running"
    if bounds:
        text += f", {' and '.join(bounds)} wanted"
    return f"{text} (pid {pids})" if pids else text
