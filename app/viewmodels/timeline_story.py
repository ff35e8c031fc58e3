"""What the log of one node tells of its modules: their states, freezes, times without an agent. Pure.

The lines are laid on one axis first, by `merge_lines`: everything here is in the clock of that axis.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from app.viewmodels.silhouettes import Silhouette, of_state
from nodeagent.client.timeline import NodeLines, TimedLine, merge_lines
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType, State, Status

TYPES = "CEUI"
"""The types of lines that can be told: what scripts print and what is verbose is in the log only."""
STATE_WORDS = " by "
"""Words that every line of a change of state holds, to look for in a log."""
SETTLING = 5.0
"""Seconds in which an agent that has started tells of what it found."""

_STATE = re.compile(rf"({'|'.join(State)}) ({'|'.join(Status)})\b(?:.* \(\w+ by (.*)\))?", re.DOTALL)
_FROZEN = re.compile(r"this node was (?:frozen|paused) for (\d+(?:\.\d+)?) s")
_STARTS, _STOPS = re.compile(r"agent \S+ starts \("), re.compile(r"agent stops; ")
_GONE = re.compile(r"(\S+) (?:lost: |said goodbye)")


@dataclass(frozen=True, slots=True)
class StateTold:
    """A module took a state."""

    time: float
    silhouette: Silhouette
    words: str
    """`UP Ready`."""
    by: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """The node stood still until `end`."""

    end: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Absence:
    """An agent began at `end`; the one before spoke last at `after`, and with its last word when `told`."""

    after: float
    end: float
    told: bool


@dataclass(frozen=True)
class Story:
    """All that one node tells."""

    states: Mapping[str, Sequence[StateTold]] = field(default_factory=dict)
    """By module, oldest first."""
    freezes: tuple[Freeze, ...] = ()
    absences: tuple[Absence, ...] = ()
    losses: tuple[tuple[float, str], ...] = ()
    """When it said of which other node that it is gone."""
    lines: tuple[TimedLine, ...] = ()


def worth_telling(line: LogLine) -> bool:
    """Whether a line belongs on the timeline."""
    if line.type is LogType.INFO:
        return line.origin == "membership" or state_of(line) is not None or _of_agent(line)
    return line.type in {LogType.CRITICAL, LogType.ERROR, LogType.USER}


def state_of(line: LogLine) -> tuple[Silhouette, str, str] | None:
    """Silhouette, words and author of a change of state; None for any other line."""
    return _state(line.text) if line.type is LogType.INFO and line.origin == "life" and line.module else None


def frozen_for(line: LogLine) -> float | None:
    """Seconds that the node stood still before this line; None for any other line."""
    found = _FROZEN.match(line.text) if line.origin == "membership" else None
    return float(found[1]) if found else None


def story(lines: Iterable[LogLine], shift: float) -> Story:
    """What these lines of one node tell; `shift` is added to its clock to have the axis."""
    timed = merge_lines((NodeLines(tuple(lines), -shift),))
    states: dict[str, list[StateTold]] = {}
    freezes: list[Freeze] = []
    absences: list[Absence] = []
    losses: list[tuple[float, str]] = []
    before: TimedLine | None = None
    for one in timed:
        line = one.line
        if (told := state_of(line)) is not None:
            states.setdefault(line.module, []).append(StateTold(one.time, *told))
        elif (seconds := frozen_for(line)) is not None:
            freezes.append(Freeze(one.time, seconds))
        elif line.origin == "membership" and (gone := _GONE.match(line.text)):
            losses.append((one.time, gone[1]))
        elif _of_agent(line) and _STARTS.match(line.text) and before is not None:
            absences.append(Absence(before.time, one.time, bool(_STOPS.match(before.line.text))))
        before = one
    return Story(states, tuple(freezes), tuple(absences), tuple(losses), timed)


@dataclass(frozen=True, slots=True)
class Gap:
    """From `start` to `end` no agent ran on a node; when its end was not `seen`, it may have run for a part of it."""

    start: float
    end: float
    seen: bool = True


def without_agent(node: str, own: Story, others: Iterable[Story]) -> tuple[Gap, ...]:
    """The times without an agent on this node.

    An agent that was killed cannot say when: its peers can. Where none of them watched, nothing is known since its last
    line; where one did and missed nothing, the time was too short to be seen.
    """
    peers = tuple(others)
    found = []
    for absence in own.absences:
        begin, seen = absence.after, True
        if not absence.told:
            said = [at for peer in peers for at, gone in peer.losses if gone == node and begin < at <= absence.end]
            if said:
                begin = min(said)
            elif any(_watched(peer, absence) for peer in peers):
                begin = absence.end
            else:
                seen = False
        found.append(Gap(begin, absence.end, seen))
    return tuple(found)


@lru_cache(maxsize=1024)
def _state(text: str) -> tuple[Silhouette, str, str] | None:
    """What these words say: the same few are said again and again."""
    found = _STATE.match(text)
    if found is None:
        return None
    state, status, by = found.groups()
    return of_state(State(state), Status(status)), f"{state} {status}", by or ""


def _watched(peer: Story, absence: Absence) -> bool:
    """Whether this peer's own agent ran all the while."""
    return bool(peer.lines) and not any(one.after < absence.end and one.end > absence.after for one in peer.absences)


def _of_agent(line: LogLine) -> bool:
    return line.origin == "agent" and not line.module and bool(_STARTS.match(line.text) or _STOPS.match(line.text))
