"""Reads the text of `<failover>`: `label: if (condition) then action;`, any number of times.

    condition = and-part { "||" and-part }         and-part = part { "&&" part }
    part      = "!" part | "(" condition ")" | resource ("==" | "!=") state
    resource  = class "." id, where ? or * may stand in place of class or id
    state     = init | up | down | unknown         action   = stop() | stopstart() | wait() | restart()

`//` to the end of the line and `/* … */` are comments. A mistake that leaves the structure clear is noted and
reading goes on; after any other one it goes on behind the next `;`, so that all mistakes are found at once.
"""

import re
from dataclasses import dataclass

from nodeagent.contract.failover_rules import (
    ALL,
    ANY_ONE,
    RULE_ACTIONS,
    Comparison,
    Condition,
    Conjunction,
    Disjunction,
    FailoverRule,
    Negation,
)
from nodeagent.contract.states import Action, ResourceState
from nodeagent.contract.value_types import suggestion

MAX_DEPTH = 50
MAX_MISTAKES = 1000
"""Reading ends here: a text of rubbish must not fill the memory with sentences about it."""

ACTIONS = "stop(), stopstart(), wait() and restart()"
STATES = "init, up, down and unknown"
_STATES = frozenset(map(str, ResourceState))
_ENDLESS = "the comment has no end: */ must follow"
EXAMPLE = "own: if (tcp.web == down) then stop();"

_BLANK = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_STOP = re.compile(r";|//|/\*")
_WORD = re.compile(r"[^\s()!=&|;:,/<>]+")
_RESOURCE = re.compile(r"[^\s()!=&|;:,/<>]+(?::+[^\s()!=&|;:,/<>]+)*")
_EQUALITY = re.compile(r"[=!]=")
_NEXT_RULE = re.compile(r"[^\s()!=&|;:,/<>]+\s*:")
_SIGNS = re.compile(r"[=!&|<>:]+|.", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_CLASS = re.compile(r"[A-Za-z0-9_-]{1,63}")


@dataclass(frozen=True, slots=True)
class Mistake:
    """What is wrong and what is allowed, at an offset of the text (its last character for what its end lacks)."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class RuleText:
    """A text that was read. `rules` are worth something only without `mistakes`."""

    rules: tuple[FailoverRule, ...]
    mistakes: tuple[Mistake, ...]
    labels: tuple[int, ...]
    """Where the label of each rule stands."""
    comparisons: tuple[tuple[int, Comparison], ...]
    """Every comparison with its offset, in the order of the text."""


def read_rules(text: str) -> RuleText:
    """All rules and all mistakes of a text."""
    return _Reader(text).run()


def _resource_problem(resource: str) -> str:
    """Why this cannot name a resource, "" when it can."""
    kind, _, ident = resource.partition(".")
    if resource in _STATES:
        return f'"{resource}" is a state: it stands on the right, like tcp.web == {resource}'
    if not (kind and ident):
        return f'"{resource[:40]}" is no resource: class.id is, like tcp.web, tcp.? (any one) or tcp.* (all)'
    if {kind, ident} == {ANY_ONE, ALL}:
        return f'"{resource}" asks for any one and for all: use either ? or *'
    if any(sign in part for part in {kind, ident} - {ANY_ONE, ALL} for sign in (ANY_ONE, ALL)):
        return f'in "{resource[:40]}" ? and * must stand for the whole class or the whole id, like tcp.? or *.web'
    if kind not in (ANY_ONE, ALL) and not _CLASS.fullmatch(kind):
        return f'"{kind[:40]}" cannot be a class: letters, digits, _ and - are allowed, at most 63 of them'
    return ""


class _LostError(Exception):
    """What follows cannot be understood before the next `;`."""


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._end = max(0, len(text.rstrip()) - 1)
        self._at = 0
        self._last = 0
        """Where the last word began, or would have."""
        self._depth = 0
        self._rules: list[FailoverRule] = []
        self._labels: set[str] = set()
        self._starts: list[int] = []
        self._mistakes: list[Mistake] = []
        self._comparisons: list[tuple[int, Comparison]] = []

    def run(self) -> RuleText:
        while self._at < len(self._text) and len(self._mistakes) < MAX_MISTAKES:
            self._depth = 0
            try:
                if self._skip() < len(self._text):
                    self._rule()
            except _LostError:
                self._recover()
        return RuleText(tuple(self._rules), tuple(self._mistakes), tuple(self._starts), tuple(self._comparisons))

    def _rule(self) -> None:
        start = self._at
        label = self._label()
        self._expect(":", f'":" must follow the label "{label[:40]}"')
        if self._word() != "if":
            raise self._lost(f'if must follow the label "{label[:40]}"', start=self._last)
        self._expect("(", "( must follow if")
        condition = self._condition()
        self._close()
        if self._word() != "then":
            raise self._lost("then must follow the condition", start=self._last)
        action = self._action()
        self._starts.append(start)
        self._rules.append(FailoverRule(label, condition, action))
        self._skip()
        if self._take(";"):
            return
        self._mistake(self._at, f"; must end the rule, not {self._found()}")
        if not _NEXT_RULE.match(self._text, self._at):
            self._recover()

    def _label(self) -> str:
        label, at = self._word(), self._last
        if not label:
            raise self._lost(f"a rule begins with its label, like {EXAMPLE}")
        if label == "if":
            raise self._lost(f"the rule has no label: it must begin with one, like {EXAMPLE}", instead=False, start=at)
        if not _LABEL.fullmatch(label):
            self._mistake(
                at, f'"{label[:40]}" cannot be a label: letters, digits, _ . and - are allowed, at most 80 of them'
            )
        if label in self._labels:
            self._mistake(at, f'the label "{label[:40]}" is given twice: each rule needs its own')
        self._labels.add(label)
        return label

    def _condition(self) -> Condition:
        parts = [self._and_part()]
        while self._skip_take("||"):
            parts.append(self._and_part())
        return parts[0] if len(parts) == 1 else Disjunction(tuple(parts))

    def _and_part(self) -> Condition:
        parts = [self._part()]
        while self._skip_take("&&"):
            parts.append(self._part())
        return parts[0] if len(parts) == 1 else Conjunction(tuple(parts))

    def _part(self) -> Condition:
        start = self._skip()
        if self._take("!"):
            self._deeper(start)
            inner = self._part()
            self._depth -= 1
            return Negation(inner)
        if self._take("("):
            self._deeper(start)
            condition = self._condition()
            self._close()
            self._depth -= 1
            return condition
        return self._comparison()

    def _comparison(self) -> Comparison:
        resource = self._match(_RESOURCE)
        at = self._last
        if not resource:
            raise self._lost("a resource like tcp.web must stand here")
        if wrong := _resource_problem(resource):
            self._mistake(at, wrong)
        self._skip()
        sign = _EQUALITY.match(self._text, self._at)
        if sign is None:
            raise self._lost(f'== or != must follow "{resource[:40]}"')
        self._at = sign.end()
        state = self._state(sign[0], known_wrong=resource in _STATES)
        kind, _, ident = resource.partition(".")
        comparison = Comparison(kind, ident, state, sign[0] == "==")
        if not wrong:
            self._comparisons.append((at, comparison))
        return comparison

    def _state(self, sign: str, *, known_wrong: bool) -> ResourceState:
        word = self._match(_RESOURCE)
        at = self._last
        if not word:
            raise self._lost(f"a state must follow {sign}, one of {STATES}")
        if word in _STATES:
            return ResourceState(word)
        what = "a resource is compared with a state, and " if "." in word else ""
        if not known_wrong:
            self._mistake(at, f'{what}"{word[:40]}" is no state: {STATES} are{suggestion(word, ResourceState)}')
        return ResourceState.UNKNOWN

    def _action(self) -> Action:
        word, at = self._word(), self._last
        if not word:
            raise self._lost(f"an action must follow then, one of {ACTIONS}")
        known = {str(action): action for action in RULE_ACTIONS}
        if word not in known:
            self._mistake(at, f'"{word[:40]}" is no action of a rule: {ACTIONS} are{suggestion(word, known)}')
        self._expect("(", f'() must follow "{word[:40]}"')
        self._expect(")", f') must follow "{word[:40]}("')
        return known.get(word, Action.STOP)

    def _close(self) -> None:
        self._expect(")", "&&, || or ) must follow the condition")

    def _deeper(self, start: int) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._lost(
                f"( and ! stand more than {MAX_DEPTH} deep inside each other: make two rules of it",
                instead=False,
                start=start,
            )

    def _skip(self) -> int:
        """Past blanks and comments; where that is."""
        if blank := _BLANK.match(self._text, self._at):
            self._at = blank.end()
        if self._text.startswith("/*", self._at):
            self._mistake(self._at, _ENDLESS)
            self._at = len(self._text)
            raise _LostError
        return self._at

    def _match(self, pattern: re.Pattern[str]) -> str:
        self._last = self._skip()
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _word(self) -> str:
        return self._match(_WORD)

    def _take(self, sign: str) -> bool:
        if self._text.startswith(sign, self._at):
            self._at += len(sign)
            return True
        return False

    def _skip_take(self, sign: str) -> bool:
        self._skip()
        return self._take(sign)

    def _expect(self, sign: str, text: str) -> None:
        if not self._skip_take(sign):
            raise self._lost(text)

    def _found(self) -> str:
        """What stands here, in quotes."""
        if self._at == len(self._text):
            return "the end of the text"
        found = _WORD.match(self._text, self._at) or _SIGNS.match(self._text, self._at)
        return f'"{found[0][:40]}"' if found else ""

    def _lost(self, text: str, *, instead: bool = True, start: int | None = None) -> _LostError:
        if start is not None:
            self._at = start
        self._mistake(self._at, f"{text}, not {self._found()}" if instead else text)
        return _LostError()

    def _mistake(self, offset: int, text: str) -> None:
        if len(self._mistakes) < MAX_MISTAKES:
            self._mistakes.append(Mistake(min(offset, self._end), text))

    def _recover(self) -> None:
        while stop := _STOP.search(self._text, self._at):
            self._at = stop.end()
            if stop[0] == ";":
                return
            closing = "\n" if stop[0] == "//" else "*/"
            end = self._text.find(closing, self._at)
            if end < 0 and stop[0] == "/*":
                self._mistake(stop.start(), _ENDLESS)
            self._at = len(self._text) if end < 0 else end + len(closing)
        self._at = len(self._text)
