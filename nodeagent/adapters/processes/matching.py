"""Which programs the `proc` rules mean. Pure."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nodeagent.contract.config import ProcRule


@dataclass(frozen=True, slots=True)
class _Rule:
    key: str
    nameregex: re.Pattern[str] | None
    argregex: re.Pattern[str] | None


class Patterns:
    """The rules of a module, ready to be asked about many programs.

    The name of a program is `name` in full or, with `nameregex`, holds a match of it (then `name` only
    names the resource); `argregex` must also match somewhere in the command line. On Windows letter
    case does not count and `.exe` may be left out of `name`. Rules for services are passed over.
    """

    def __init__(self, rules: Iterable[ProcRule], *, windows: bool) -> None:
        self._windows = windows
        self._by_name: dict[str, list[_Rule]] = {}
        self._by_regex: list[_Rule] = []
        for rule in rules:
            if rule.service:
                continue
            ready = _Rule(rule.key, self._compiled(rule.nameregex), self._compiled(rule.argregex))
            if ready.nameregex:
                self._by_regex.append(ready)
            else:
                self._by_name.setdefault(self._plain(rule.name), []).append(ready)

    def __bool__(self) -> bool:
        return bool(self._by_name or self._by_regex)

    def meaning(self, names: Iterable[str], command_line: Callable[[], str]) -> frozenset[str]:
        """Keys of the rules that mean a program with these names; its command line is asked for at most once."""
        named = [rule for name in names for rule in self._by_name.get(self._plain(name), ())]
        named += [rule for rule in self._by_regex if rule.nameregex and any(map(rule.nameregex.search, names))]
        line = command_line() if any(rule.argregex for rule in named) else ""
        return frozenset(r.key for r in named if r.argregex is None or r.argregex.search(line))

    def _compiled(self, text: str) -> re.Pattern[str] | None:
        return re.compile(text, re.IGNORECASE if self._windows else re.NOFLAG) if text else None

    def _plain(self, name: str) -> str:
        return name.lower().removesuffix(".exe") if self._windows else name
