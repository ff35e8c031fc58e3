"""The rules that follow from the checkers, and all rules that hold for a module.

Labels: `t_ID` tcp, `p_ID` ping, `c_ID` custom, `h_ID` http, and one rule for all checkers of a kind:
`interface_failure`, `ip_failure`, `module_failure`. Where the checkers of such a kind have several actions there
is one rule per action, `interface_failure_wait`, …; a checker without an action has no part in any rule.
"""

from collections.abc import Iterator, Sequence

from nodeagent.contract.config import CheckerRule, Failover
from nodeagent.contract.failover_rules import ANY_ONE, Comparison, Condition, Disjunction, FailoverRule
from nodeagent.contract.states import Action, ResourceState

_EACH = {"tcp": "t", "ping": "p", "custom": "c", "http": "h"}
_TOGETHER = {"intf": "interface_failure", "ip": "ip_failure", "module": "module_failure"}


def generated_rules(checkers: Sequence[CheckerRule]) -> tuple[FailoverRule, ...]:
    """The rules that give each checker its action."""
    each = (
        FailoverRule(f"{_EACH[checker.kind]}_{checker.ident}", _down(checker.kind, checker.ident), checker.action)
        for checker in checkers
        if checker.kind in _EACH and checker.action
    )
    together = (rule for kind, label in _TOGETHER.items() for rule in _together(kind, label, checkers))
    return (*each, *together)


def rules_in_force(failover: Failover, checkers: Sequence[CheckerRule]) -> tuple[FailoverRule, ...]:
    """Generated rules, each replaced by an own one of its label, then the other own rules; `extends` no: own only."""
    generated = generated_rules(checkers) if failover.extends else ()
    return tuple({rule.label: rule for rule in (*generated, *failover.rules)}.values())


def _together(kind: str, label: str, checkers: Sequence[CheckerRule]) -> Iterator[FailoverRule]:
    of_kind = [checker for checker in checkers if checker.kind == kind]
    by_action: dict[Action, list[str]] = {}
    for checker in of_kind:
        if checker.action:
            by_action.setdefault(checker.action, []).append(checker.ident)
    for action, idents in by_action.items():
        suffix = f"_{action}" if len(by_action) > 1 else ""
        parts = [ANY_ONE] if len(idents) == len(of_kind) else idents
        yield FailoverRule(label + suffix, _any_down(kind, parts), action)


def _any_down(kind: str, idents: Sequence[str]) -> Condition:
    parts = tuple(_down(kind, ident) for ident in idents)
    return parts[0] if len(parts) == 1 else Disjunction(parts)


def _down(kind: str, ident: str) -> Comparison:
    return Comparison(kind, ident, ResourceState.DOWN)
