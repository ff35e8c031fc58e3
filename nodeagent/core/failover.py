"""Failover rules at work: which rules fire, and what keeps a module waiting.

A rule fires when its condition has become true, and again only after the condition was false. Rules written
by the user must hold for `handle_time` first; generated ones act at once, since the checkers' `fall` already
filtered what they look at.

What counts is what the caller gives: checkers that may not act yet (warm-up, not running) are left out. A
checker that is left out, like any resource that does not exist, is `init`, so that `tcp.* == down` needs
every tcp checker to have found its service down.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nodeagent.contract.config import CheckerRule, Failover
from nodeagent.contract.failover_rules import (
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    FailoverRule,
    Negation,
    comparisons,
)
from nodeagent.contract.generated_rules import rules_in_force
from nodeagent.contract.states import Action, ResourceState

NAMED_IN_A_SENTENCE = 4
"""Resources that a sentence names before it only counts the others."""

Resources = Mapping[str, ResourceState]


@dataclass(frozen=True, slots=True)
class Firing:
    """A rule whose action must follow now; `sentence` like `tcp.web is down (rule t_web)`."""

    label: str
    action: Action
    sentence: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """Why a module may not go on: a wake-up is due when both are empty."""

    down: tuple[str, ...] = ()
    """The resources that make a rule with wait() true now."""
    init: tuple[str, ...] = ()
    """Of the resources given, those that rules with wait() look at and nothing is known of yet."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Whether a condition is true, and the resources (with their states) that make it so."""

    holds: bool
    because: tuple[tuple[str, ResourceState], ...]


def find(condition: Condition, resources: Resources) -> Finding:
    """Evaluate a condition; a pattern looks at all resources given."""
    match condition:
        case Comparison():
            return _compare(condition, resources)
        case Negation(inner=inner):
            found = find(inner, resources)
            return Finding(not found.holds, found.because)
        case Conjunction(parts=parts):
            return _combine((find(part, resources) for part in parts), all_needed=True)
        case Disjunction(parts=parts):
            return _combine((find(part, resources) for part in parts), all_needed=False)


class FailoverRules:
    """The rules of one module's life: generated ones and the user's own."""

    def __init__(self, failover: Failover, checkers: Sequence[CheckerRule]) -> None:
        self._since: dict[str, float] = {}
        self._fired: set[str] = set()
        self._rules: tuple[FailoverRule, ...] = ()
        self.reconfigure(failover, checkers)

    def reconfigure(self, failover: Failover, checkers: Sequence[CheckerRule]) -> None:
        """Take changed rules live; what is known of unchanged ones stays."""
        before = set(self._rules)
        self._rules = rules_in_force(failover, checkers)
        own = {rule.label for rule in failover.rules}
        self._hold = {rule.label: failover.handle_time if rule.label in own else 0.0 for rule in self._rules}
        self._checkers = {checker.key: ResourceState.INIT for checker in checkers}
        kept = {rule.label for rule in self._rules if rule in before}
        self._since = {label: since for label, since in self._since.items() if label in kept}
        self._fired &= kept

    def evaluate(self, resources: Resources, now: float) -> tuple[Firing, ...]:
        """The rules that fire now, in the order of the rules."""
        known = self._checkers | dict(resources)
        firings = []
        for rule in self._rules:
            found = find(rule.condition, known)
            if not found.holds:
                self._since.pop(rule.label, None)
                self._fired.discard(rule.label)
                continue
            self._since.setdefault(rule.label, now)
            if rule.label not in self._fired and now >= self._due(rule.label):
                self._fired.add(rule.label)
                firings.append(Firing(rule.label, rule.action, _sentence(rule, found)))
        return tuple(firings)

    def waiting_for(self, resources: Resources) -> Waiting:
        """What the rules with wait() say of these resources, whatever their `handle_time`."""
        known = self._checkers | dict(resources)
        down: dict[str, None] = {}
        init: dict[str, None] = {}
        for rule in self._rules:
            if rule.action is not Action.WAIT:
                continue
            found = find(rule.condition, known)
            if found.holds:
                down.update(dict.fromkeys(name for name, _ in found.because))
            for comparison in comparisons(rule.condition):
                init.update(
                    (name, None)
                    for name, state in resources.items()
                    if state is ResourceState.INIT and comparison.matches(name)
                )
        return Waiting(tuple(down), tuple(init))

    def next_deadline(self) -> float | None:
        """When the next rule whose condition holds will have held long enough."""
        return min((self._due(label) for label in self._since.keys() - self._fired), default=None)

    def forget(self) -> None:
        """A new life begins: nothing is held, nothing has fired."""
        self._since.clear()
        self._fired.clear()

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long: no rule matures because of it."""
        self._since = {label: since + seconds for label, since in self._since.items()}

    def _due(self, label: str) -> float:
        return self._since[label] + self._hold[label]


def _compare(comparison: Comparison, resources: Resources) -> Finding:
    if comparison.is_pattern:
        seen = {name: state for name, state in resources.items() if comparison.matches(name)}
    else:
        seen = {comparison.resource: resources.get(comparison.resource, ResourceState.INIT)}
    if not seen:
        seen = {comparison.resource: ResourceState.INIT}
    good = {name: state for name, state in seen.items() if (state is comparison.state) is comparison.equal}
    holds = len(good) == len(seen) if comparison.of_all else bool(good)
    because = good if holds else {name: state for name, state in seen.items() if name not in good}
    return Finding(holds, tuple(because.items()))


def _combine(parts: Iterable[Finding], *, all_needed: bool) -> Finding:
    found = list(parts)
    holds = all(part.holds for part in found) if all_needed else any(part.holds for part in found)
    because = dict(fact for part in found if part.holds is holds for fact in part.because)
    return Finding(holds, tuple(because.items()))


def _sentence(rule: FailoverRule, found: Finding) -> str:
    facts = [f"{name} is {state}" for name, state in found.because]
    more = len(facts) - NAMED_IN_A_SENTENCE
    named = ", ".join(facts[:NAMED_IN_A_SENTENCE]) + (f" and {more} more" if more > 0 else "")
    return f"{named} (rule {rule.label})"
