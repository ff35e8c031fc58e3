"""The check of `<failover>`: every mistake of its rules at its line and column, and rules that look at nothing."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from nodeagent.contract.config import CheckerRule, ProcRule
from nodeagent.contract.config_check import Check, Checked
from nodeagent.contract.errors import Severity
from nodeagent.contract.failover_rules import Comparison, FailoverRule, comparisons
from nodeagent.contract.generated_rules import generated_rules
from nodeagent.contract.module_build import checkers_of
from nodeagent.contract.rule_grammar import RuleText, read_rules
from nodeagent.contract.states import Action
from nodeagent.contract.value_types import suggestion
from nodeagent.contract.xml_reader import XmlFile, text_of

_SET_BY_VIP = {"ip", "intf"}
"""The kinds of resources that `<vip>` sets too."""


def check_failover(xml: XmlFile, check: Check, service: Checked) -> None:
    """Adds what is wrong in the rules to the file's problems."""
    failover = service.first("failover")
    if failover is None or check.lacks_macros(failover.element):
        return
    read = read_rules(text_of(failover.element))
    places = xml.places(failover.element)

    def say(severity: Severity, offset: int, text: str) -> None:
        line, column = places.place(offset)
        xml.say(severity, failover.element, f"column {column}: {text}", line=line)

    for mistake in read.mistakes:
        say(Severity.ERROR, mistake.offset, mistake.text)
    checkers = tuple(checkers_of(service.first("check")))
    for offset, resource, near in _set_by_nothing(read, service, checkers):
        say(Severity.WARNING, offset, f'nothing sets "{resource}": it counts as init until a command sets it{near}')
    generated = {rule.label for rule in generated_rules(checkers)} if failover.on("extends") else set()
    for offset, rule in zip(read.labels, read.rules, strict=True):
        if rule.label in generated:
            say(Severity.NOTE, offset, f'this rule replaces the generated rule "{rule.label}"')
        for resource in _not_checked_while_waiting(rule, checkers):
            text = f'this rule waits for "{resource}", checked only while UP: its checker needs when="pre"'
            say(Severity.WARNING, offset, text)


def _set_by_nothing(
    read: RuleText, service: Checked, checkers: Sequence[CheckerRule]
) -> Iterator[tuple[int, str, str]]:
    """(offset, resource, suggestion), each resource once."""
    known = {checker.key for checker in checkers} | set(_processes(service.first("errd")))
    anything = _SET_BY_VIP if service.first("vip") else set()
    said: set[str] = set()
    for offset, comparison in read.comparisons:
        resource = comparison.resource
        if resource in said or comparison.kind in anything or _any_matches(comparison, known):
            continue
        said.add(resource)
        yield offset, resource, suggestion(resource, sorted(known))


def _not_checked_while_waiting(rule: FailoverRule, checkers: Sequence[CheckerRule]) -> Iterator[str]:
    """What would let a module go on at once that this rule has made wait."""
    looked_at = comparisons(rule.condition) if rule.action is Action.WAIT else ()
    for checker in checkers:
        # A checker with the action wait runs while the module waits, whatever its class.
        stops = checker.when == "both" and checker.action is not Action.WAIT
        if stops and any(comparison.matches(checker.key) for comparison in looked_at):
            yield checker.key


def _any_matches(comparison: Comparison, resources: Iterable[str]) -> bool:
    return any(comparison.matches(resource) for resource in resources)


def _processes(errd: Checked | None) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for proc in errd.all("proc") if errd else ():
        name = proc.text("name")
        seen[name] += 1
        yield f"proc.{ProcRule(name, '', number=seen[name]).key}"
