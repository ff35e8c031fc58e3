"""Checkers: from single looks to the state of a resource.

`fall` bad looks in a row put a resource down, `rise` good ones put it up. A checker may act only after
its first good look, or `warmup` after it began. What a look saw that began before this node froze (or
before its pause ended, or under another rule) tells nothing: such results carry an older round. A resource
that was down by then stays so when the first new look is bad; when it is good, nothing is known before `rise`
of them. A `custom` checker is a program that tells its resource by command; what it said holds until it says
something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from nodeagent.contract.config import CheckerRule
from nodeagent.contract.states import Action, ResourceState

PRE, BOTH = "pre", "both"


@dataclass(frozen=True, slots=True)
class Look:
    """What one result says. `good` None: the checker cannot look at all."""

    rule: CheckerRule
    state: ResourceState
    good: bool | None


@dataclass(slots=True)
class _Running:
    """What is known of a checker since it began to run."""

    rule: CheckerRule
    began: float
    state: ResourceState = ResourceState.INIT
    falls: int = 0
    rises: int = 0
    wanted: int = 0
    """Results of an earlier round tell nothing."""
    fresh: bool = True
    """Whether a result of the wanted round has come."""
    warm: bool = False
    """Whether a failure has consequences: it was good once, or its warm-up is over."""

    @property
    def by_command(self) -> bool:
        """It tells its resource by command, and only when it changes."""
        return self.rule.kind == "custom"


class CheckerBoard:
    """The checkers of one module; none runs until `use` names a class."""

    def __init__(self, rules: tuple[CheckerRule, ...]) -> None:
        self._rules = rules
        self._classes: frozenset[str] = frozenset()
        self._running: dict[str, _Running] = {}
        self._round = 0
        self.replaced: frozenset[str] = frozenset()
        """Those of the last change that run by another rule than before: what was seen by the old one may yet come."""

    def use(self, classes: frozenset[str], now: float) -> tuple[CheckerRule, ...] | None:
        """Run the checkers of these classes; those that run already run on. None when that changes nothing.

        A checker with the action `wait` runs with the `pre` ones whatever its class: nothing else would
        ever wake the module up.
        """
        self._classes = classes
        rules = tuple(rule for rule in self._rules if rule.when in classes or (rule.action is Action.WAIT and classes))
        if rules == self.running:
            return None
        before, kept = self._running, {key: known for key, known in self._running.items() if known.rule in rules}
        self._running = {rule.key: kept.get(rule.key) or _Running(rule, now) for rule in rules}
        self.replaced = frozenset(before.keys() & self._running.keys() - kept.keys())
        return rules

    def reconfigure(self, rules: tuple[CheckerRule, ...], now: float) -> tuple[CheckerRule, ...] | None:
        """Take a changed `<check>` live; what is known of unchanged checkers stays."""
        self._rules = rules
        return self.use(self._classes, now)

    @property
    def rules(self) -> tuple[CheckerRule, ...]:
        """All checkers of the module."""
        return self._rules

    @property
    def running(self) -> tuple[CheckerRule, ...]:
        """Those that run now."""
        return tuple(known.rule for known in self._running.values())

    def look_now(self, keys: frozenset[str] | None = None) -> int:
        """Nothing that was seen until now (`keys`: by these) counts; the round that the next looks must carry."""
        self._round += 1
        for key, known in self._running.items():
            if keys is None or key in keys:
                known.wanted, known.fresh, known.falls, known.rises = self._round, known.by_command, 0, 0
        return self._round

    def take(self, key: str, good: bool | None, round_: int) -> Look | None:
        """A checker has looked. None: it does not run any more, or looked too early to tell anything."""
        known = self._running.get(key)
        if known is None or round_ < known.wanted:
            return None
        return self._count(known, good)

    def told(self, key: str, state: ResourceState) -> Look | None:
        """A `custom` checker tells its resource by command. None: it does not run."""
        known = self._running.get(key)
        if known is None:
            return None
        if state is ResourceState.INIT:
            known.state, known.falls, known.rises = state, 0, 0
            return Look(known.rule, state, False)
        return self._count(known, {ResourceState.UP: True, ResourceState.DOWN: False}.get(state))

    def warm_up(self, now: float) -> bool:
        """End the warm-ups that are over; whether a checker may act now that could not before."""
        due = [known for known in self._running.values() if not known.warm and now >= known.began + known.rule.warmup]
        for known in due:
            known.warm = True
        return bool(due)

    def facts(self) -> Mapping[str, ResourceState]:
        """What rules may act on now: the running checkers that are past their warm-up."""
        return {key: known.state for key, known in self._running.items() if known.fresh and known.warm}

    def states(self) -> Mapping[str, ResourceState]:
        """What is known of the running checkers, warm-up or not."""
        return {key: known.state if known.fresh else ResourceState.INIT for key, known in self._running.items()}

    def last(self) -> Mapping[str, ResourceState]:
        """What each running checker goes on from: its state, whether or not a look of the wanted round has come."""
        return {key: known.state for key, known in self._running.items()}

    def needed(self) -> frozenset[str]:
        """Those whose good result makes a round: they have an action, can look, and did not say it by command."""
        return frozenset(
            key
            for key, known in self._running.items()
            if known.rule.action is not None
            and known.state is not ResourceState.UNKNOWN
            and not (known.by_command and known.state is ResourceState.UP)
        )

    def next_deadline(self) -> float | None:
        """When the next warm-up is over."""
        ends = (known.began + known.rule.warmup for known in self._running.values() if not known.warm)
        return min(ends, default=None)

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long: no warm-up runs out because of it."""
        for known in self._running.values():
            known.began += seconds

    @staticmethod
    def _count(known: _Running, good: bool | None) -> Look:
        was_down = known.state is ResourceState.DOWN and not known.fresh
        known.fresh = True
        known.rises = known.rises + 1 if good else 0
        known.falls = known.falls + 1 if good is False else 0
        known.warm = known.warm or bool(good)
        if good is None:
            known.state = ResourceState.UNKNOWN
        elif known.rises >= known.rule.rise:
            known.state = ResourceState.UP
        elif known.falls >= known.rule.fall:
            known.state = ResourceState.DOWN
        elif good and was_down:
            known.state = ResourceState.INIT
        return Look(known.rule, known.state, good)
