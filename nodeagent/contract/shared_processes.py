"""Processes that two modules on one node would both take for their own."""

from collections.abc import Mapping

from nodeagent.contract.config import ModuleConfig, ProcRule


def shared_processes(config: ModuleConfig, others: Mapping[str, ModuleConfig], *, windows: bool) -> list[str]:
    """One sentence for each rule that finds what a rule of another module finds, too.

    `others`: the modules on this node by name. Rules with different arguments find different processes.
    """
    return [
        f"{'the service' if rule.service else 'the process'} {rule.name} is monitored by the module {module}, too: "
        "each counts the other's as its own; tell them apart with argregex, or monitor it in one"
        for rule in _rules(config)
        for module, other in sorted(others.items())
        if any(_finds_the_same(rule, theirs, windows) for theirs in _rules(other))
    ]


def _rules(config: ModuleConfig) -> tuple[ProcRule, ...]:
    return config.monitoring.procs if config.monitoring else ()


def _finds_the_same(one: ProcRule, other: ProcRule, windows: bool) -> bool:
    if one.service != other.service or one.nameregex != other.nameregex:
        return False
    if one.argregex != other.argregex and one.argregex and other.argregex:
        return False
    return _called(one, windows) == _called(other, windows)


def _called(rule: ProcRule, windows: bool) -> str:
    return rule.name.lower().removesuffix(".exe") if windows else rule.name
