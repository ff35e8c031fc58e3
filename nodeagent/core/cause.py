"""Why a module is as it is: a chain of what was seen, by whom, and which action followed."""

from collections import Counter, deque
from dataclasses import dataclass

from nodeagent.core.events import Counted

CHAIN = 40
"""Links kept per module; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One link. `at` is on the core's clock; `output` names a script output file as evidence."""

    id: str
    at: float
    text: str
    by: str
    action: str = ""
    evidence: str = ""
    output: str = ""


class CauseChain:
    """The links of one module, oldest first. A new order by an administrator begins a new chain."""

    def __init__(self, module: str) -> None:
        self._module = module
        self._links: deque[Cause] = deque(maxlen=CHAIN)
        self._serial = 0

    def add(
        self,
        now: float,
        text: str,
        by: str,
        *,
        action: str = "",
        evidence: str = "",
        output: str = "",
        new: bool = False,
    ) -> Cause:
        """Append a link; `new` forgets the chain before it."""
        if new:
            self._links.clear()
        self._serial += 1
        cause = Cause(f"{self._module}#{self._serial}", now, text, by, action, evidence, output)
        self._links.append(cause)
        return cause

    @property
    def links(self) -> tuple[Cause, ...]:
        """All links, oldest first."""
        return tuple(self._links)

    @property
    def last_id(self) -> str:
        """The id that log lines carry now, empty before the first link."""
        return self._links[-1].id if self._links else ""


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, …"""
    if 10 <= number % 100 <= 20:
        return f"{number}th"
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th') }"


def span(seconds: float) -> str:
    """A window in the largest unit that keeps it whole: `24 h`, `90 min`, `30 s`."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"


def too_many(actions: tuple[Counted, ...], maxloop: int, interval: float, said: str) -> str:
    """The sentence of a stop by maxloop: how many, what was seen and how often, the script's last words."""
    seen = Counter(action.text for action in actions)
    causes = ", ".join(f"{text} ({count} times)" if count > 1 else text for text, count in seen.items())
    sentence = f"{ordinal(len(actions))} automatic action in {span(interval)} ({maxloop} allowed): {causes}"
    return f"{sentence}; {said}" if said else sentence
