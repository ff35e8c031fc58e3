"""Failover rules: what a rule is, and how it is written.

A resource is named `class.id`. In a condition `?` in place of a part means any one, `*` means all:
`tcp.? == down`, `custom.* == up`. A resource that does not exist counts as `init`, and so does a pattern that
matches none; so `tcp.? != down` and `!(tcp.* == down)` always say the same.
"""

import msgspec

from nodeagent.contract.states import Action, ResourceState

ANY_ONE, ALL = "?", "*"
RULE_ACTIONS = (Action.STOP, Action.STOPSTART, Action.WAIT, Action.RESTART)


class Comparison(msgspec.Struct, frozen=True, tag=True):
    """`class.id == state`, or `!=` when not `equal`. `?` and `*` never stand in the same resource."""

    kind: str
    ident: str
    state: ResourceState
    equal: bool = True

    @property
    def resource(self) -> str:
        """The resource as it is written, e.g. `tcp.web` or `tcp.?`."""
        return f"{self.kind}.{self.ident}"

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for any one or for all resources of a kind."""
        return not {self.kind, self.ident}.isdisjoint((ANY_ONE, ALL))

    @property
    def of_all(self) -> bool:
        """Whether every resource that matches must satisfy it; else one is enough."""
        return ALL in (self.kind, self.ident)

    def matches(self, resource: str) -> bool:
        """Whether it looks at this resource."""
        kind, _, ident = resource.partition(".")
        return self.kind in (kind, ANY_ONE, ALL) and self.ident in (ident, ANY_ONE, ALL)

    def text(self) -> str:
        """As in the file."""
        return f"{self.resource} {'==' if self.equal else '!='} {self.state}"


class Negation(msgspec.Struct, frozen=True, tag=True):
    """`!(…)`."""

    inner: "Condition"

    def text(self) -> str:
        """As in the file."""
        inner = self.inner.text()
        return f"!{inner}" if isinstance(self.inner, Negation) else f"!({inner})"


class Conjunction(msgspec.Struct, frozen=True, tag=True):
    """`… && …`: two or more parts."""

    parts: tuple["Condition", ...]

    def text(self) -> str:
        """As in the file."""
        return " && ".join(_part(part) for part in self.parts)


class Disjunction(msgspec.Struct, frozen=True, tag=True):
    """`… || …`: two or more parts."""

    parts: tuple["Condition", ...]

    def text(self) -> str:
        """As in the file."""
        return " || ".join(_part(part) for part in self.parts)


Condition = Comparison | Negation | Conjunction | Disjunction


class FailoverRule(msgspec.Struct, frozen=True):
    """`label: if (condition) then action;`"""

    label: str
    condition: Condition
    action: Action
    """One of `RULE_ACTIONS`."""

    def text(self) -> str:
        """The rule as it is written in the file."""
        return f"{self.label}: if ({self.condition.text()}) then {self.action}();"


def comparisons(condition: Condition) -> tuple[Comparison, ...]:
    """All comparisons of a condition, in the order of the text."""
    match condition:
        case Comparison():
            return (condition,)
        case Negation(inner=inner):
            return comparisons(inner)
        case Conjunction(parts=parts) | Disjunction(parts=parts):
            return tuple(found for part in parts for found in comparisons(part))


def _part(part: Condition) -> str:
    return f"({part.text()})" if isinstance(part, Conjunction | Disjunction) else part.text()
