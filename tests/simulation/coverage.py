"""How often each kind of fault and each transition between phases occurred: a count and a table."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from nodeagent.core.phases import (
    BEFORE_APPLICATION,
    CHECKED,
    PHASES,
    RESTART_TO_STOP,
    TIME_LEADS_TO,
    WAITS,
    Phase,
    Stage,
)
from tests.simulation.faults import KINDS

WANTED = 100
"""Occurrences over the standard suite below which a fault or transition counts as not shown."""


def _of(stage: Stage) -> list[Phase]:
    return [phase for phase, row in PHASES.items() if row.stage is stage]


def expected() -> set[tuple[Phase, Phase]]:
    """Every transition that the life of a module can make in a run, from its table.

    A run is over before REBOOT_LIMIT: from REBOOTING nobody gets to BOOT_DELAY.
    """
    found = {(phase, row.step.then) for phase, row in PHASES.items() if row.step}
    found |= set(TIME_LEADS_TO.items()) | set(RESTART_TO_STOP.items())
    found |= {(phase, Phase.POSTSTOP) for phase in BEFORE_APPLICATION}
    found |= {(phase, Phase.STOPPING) for phase in (*_of(Stage.UP), *_of(Stage.RECOVERING), Phase.STARTING)}
    found |= {(phase, Phase.RESTART_STOPPING) for phase in _of(Stage.UP)}
    found |= {(Phase.READY, Phase.DRAINING), (Phase.READY, Phase.RESTART_DRAINING), (Phase.READY, Phase.DOUBTING)}
    found |= {(Phase.WARMING, Phase.READY), (Phase.DOUBTING, Phase.READY), (Phase.ADOPTING, Phase.WARMING)}
    found |= {(Phase.STOPPED, first) for first in (Phase.BOOT_DELAY, Phase.PREPARING, Phase.RECOVERING, Phase.ADOPTING)}
    found |= {(waits, Phase.ENTERING_UP) for waits in WAITS}
    found |= {(Phase.WAITING, Phase.HELD), (Phase.HELD, Phase.WAITING)}
    found |= {(Phase.FORCING, Phase.WAITING), (Phase.ENTERING_UP, Phase.WAITING), (Phase.PAUSE, Phase.WAITING)}
    found |= {(Phase.TAKING_ADDRESS, Phase.WAITING), (Phase.STOPPED, Phase.FORCING)}
    found |= {(Phase.STOPPED, Phase.REBOOTING), (Phase.STOPPED, Phase.WITHOUT_STARTING)}
    found |= {(Phase.REBOOTING, Phase.STOPPED), (Phase.REBOOTING, Phase.PREPARING)}
    found |= {(Phase.STOPPED, Phase.WITHOUT_STOPPING), (Phase.RECOVERING, Phase.STOPPED)}
    forced = [*_of(Stage.UP), *_of(Stage.COMING), *_of(Stage.GOING), *_of(Stage.RESTARTING), *_of(Stage.RECOVERING)]
    found |= {(phase, Phase.FORCING) for phase in forced if phase is not Phase.FORCING}
    found |= {(started, Phase.WITHOUT_FORCING) for started in (Phase.WITHOUT_STARTING, Phase.WITHOUT_STOPPING)}
    return found - {(phase, phase) for phase in CHECKED}


@dataclass
class Coverage:
    """Counts of one run or of many."""

    faults: Counter[str] = field(default_factory=Counter)
    transitions: Counter[tuple[str, str]] = field(default_factory=Counter)
    slots: Counter[str] = field(default_factory=Counter)
    """What happened to the slots of virtual IPs, and how often an excuse was needed."""

    def add(self, other: "Coverage") -> None:
        """Put the counts of another run to these."""
        self.faults.update(other.faults)
        self.transitions.update(other.transitions)
        self.slots.update(other.slots)

    def rare(self, least: int = WANTED) -> list[str]:
        """What occurred less often."""
        return [f"{what} ({count})" for what, count in self._rows() if count < least]

    def table(self) -> str:
        """All counts as text."""
        rows = [*self._rows(), *sorted(self.slots.items())]
        return "\n".join(f"{count:>9,}  {what}" for what, count in rows)

    def _rows(self) -> Iterable[tuple[str, int]]:
        for kind in KINDS:
            yield kind, self.faults[kind]
        transitions = {(str(a), str(b)) for a, b in expected()} | set(self.transitions)
        for a, b in sorted(transitions):
            yield f"{a} → {b}", self.transitions[a, b]
