"""Which programs a `proc` rule means. Pure."""

import re
from collections.abc import Callable, Iterable

from nodeagent.contract.config import ProcRule


class Pattern:
    """One rule, ready to be asked about many programs.

    The name of a program is `name` in full or, with `nameregex`, holds a match of it (then `name` only
    names the resource); `argregex` must also match somewhere in the command line. On Windows letter
    case does not count and `.exe` may be left out of `name`.
    """

    def __init__(self, rule: ProcRule, *, windows: bool) -> None:
        self.name = rule.name
        flags = re.IGNORECASE if windows else re.NOFLAG
        self._windows = windows
        self._wanted = self._plain(rule.name)
        self._nameregex = re.compile(rule.nameregex, flags) if rule.nameregex else None
        self._argregex = re.compile(rule.argregex, flags) if rule.argregex else None

    def accepts(self, names: Iterable[str], command_line: Callable[[], str]) -> bool:
        """Whether a program with these names is meant; the command line is asked for only when it decides."""
        if self._nameregex:
            named = any(self._nameregex.search(name) for name in names)
        else:
            named = any(self._plain(name) == self._wanted for name in names)
        return named and (self._argregex is None or bool(self._argregex.search(command_line())))

    def _plain(self, name: str) -> str:
        return name.lower().removesuffix(".exe") if self._windows else name
