"""The resource table of a module: every named fact, who said it last, and what it was before."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from nodeagent.contract.states import ResourceState

HISTORY = 100
"""Changes kept per resource; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Change:
    """A resource took another state; `at` is on the core's clock."""

    at: float
    state: ResourceState
    detail: str
    by: str


@dataclass(slots=True)
class Resource:
    """One resource `class.ident`. `took`: seconds of the last look, 0 when nobody had to look."""

    name: str
    state: ResourceState = ResourceState.INIT
    since: float = 0.0
    detail: str = ""
    by: str = ""
    took: float = 0.0
    history: deque[Change] = field(default_factory=lambda: deque(maxlen=HISTORY))


class ResourceTable:
    """All resources of one module, in the order they were first heard of; none is ever forgotten.

    `changed` is told of every new state.
    """

    def __init__(self, changed: Callable[[Resource], None]) -> None:
        self._known: dict[str, Resource] = {}
        self._changed = changed

    def put(self, name: str, state: ResourceState, now: float, *, by: str, detail: str = "", took: float = 0.0) -> bool:
        """What is known of a resource now; True when its state has changed."""
        known = self._known.setdefault(name, Resource(name))
        changed = state is not known.state or not known.by
        known.detail, known.by, known.took = detail, by, took
        if changed:
            known.state, known.since = state, now
            known.history.append(Change(now, state, detail, by))
            self._changed(known)
        return changed

    def get(self, name: str) -> Resource | None:
        """One of them."""
        return self._known.get(name)

    def all(self) -> tuple[Resource, ...]:
        """Every resource ever heard of."""
        return tuple(self._known.values())
