"""Which start of a module its status is about."""

from collections.abc import Iterable

from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus
from nodeagent.core.phases import LOOKING_AGAIN


class Starts:
    """When each module became Ready last, other than by such a look.

    Statuses come some milliseconds late and then only the newest, so that a short look may not be seen at all: what
    nothing was seen of is one. A restart runs three scripts and is never that short.
    """

    def __init__(self) -> None:
        self._of: dict[str, float] = {}
        self._anew: set[str] = set()
        """Those that were seen at something else than Ready or a look."""

    def note(self, modules: Iterable[ModuleStatus]) -> None:
        """The statuses of now; a module that is no longer among them is forgotten."""
        now = {module.name: module for module in modules}
        self._of = {name: started for name, started in self._of.items() if name in now}
        self._anew &= now.keys()
        for name, module in now.items():
            if (module.state, module.status) == (State.UP, Status.READY):
                if name in self._anew or name not in self._of:
                    self._of[name] = module.since
                self._anew.discard(name)
            elif module.phase in LOOKING_AGAIN:
                self._of.setdefault(name, 0.0)
            else:
                self._anew.add(name)

    def of(self, module: str) -> float:
        """Seconds since 1970; 0 = before this agent."""
        return self._of.get(module, 0.0)
