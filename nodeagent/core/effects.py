"""What the core wants done. Imperative; carried out by the engine in the order given.

The order within one answer is a promise (a stop turns the health URL to 404 before anything else);
a reply, where there is one, is an event.
"""

from dataclasses import dataclass

from nodeagent.contract.config import CheckerRule, ProcRule
from nodeagent.contract.states import LogType, ResourceState, Script
from nodeagent.core.events import ModuleRecord, ProcessRef
from nodeagent.core.traffic_messages import TrafficEffect


@dataclass(frozen=True, slots=True)
class SendDatagram:
    """Send to a peer on a lan; loss is nobody's error."""

    lan: str
    peer: str
    data: bytes


@dataclass(frozen=True, slots=True)
class RunScript:
    """Run a script of the module's revision; answered by ScriptStarted and ScriptEnded."""

    module: str
    run: str
    script: Script
    args: tuple[str, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class RunHandler:
    """Run the handler of a `proc` with the module's environment; answered like RunScript."""

    module: str
    run: str
    executable: str
    args: tuple[str, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class AwaitScript:
    """Watch a script that an earlier agent started; answered by ScriptEnded."""

    module: str
    run: str
    process: ProcessRef


@dataclass(frozen=True, slots=True)
class KillScript:
    """End the whole process tree of a run; its end is told by ScriptEnded."""

    module: str
    run: str


@dataclass(frozen=True, slots=True)
class ScanProcesses:
    """Look for the processes of these rules at once; answered by ProcessesSeen."""

    module: str
    procs: tuple[ProcRule, ...]


@dataclass(frozen=True, slots=True)
class WatchProcesses:
    """From now on tell the death of exactly these processes of the module (replaces the last set)."""

    module: str
    processes: frozenset[ProcessRef]


@dataclass(frozen=True, slots=True)
class RunCheckers:
    """From now on exactly these checkers of the module run; those that ran before and are named again run on.

    Answered by CheckerResult after each look; a `custom` one is a program that answers by command.
    """

    module: str
    checkers: tuple[CheckerRule, ...]
    revision: int


@dataclass(frozen=True, slots=True)
class CheckNow:
    """Every running checker of the module looks at once; results of looks begun from now on carry `round`."""

    module: str
    round: int


@dataclass(frozen=True, slots=True)
class RebootSystem:
    """Start this machine anew (`automatic_reboot`); refused unless the agent's own setting allows it."""

    module: str
    why: str


@dataclass(frozen=True, slots=True)
class SetHealth:
    """What ready.txt of the module answers from now on; never waits for anything."""

    module: str
    ready: bool


@dataclass(frozen=True, slots=True)
class SaveState:
    """Write the record durably; answered by StateSaved with the serial."""

    module: str
    record: ModuleRecord
    serial: int


@dataclass(frozen=True, slots=True)
class RecordLine:
    """A line for the log."""

    type: LogType
    text: str
    module: str = ""
    origin: str = "agent"
    cause: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class RecordResource:
    """A resource took another state: a line for its history. `took`: seconds of the look."""

    module: str
    name: str
    state: ResourceState
    detail: str
    took: float
    by: str


@dataclass(frozen=True, slots=True)
class AnswerOrder:
    """Tell who ordered whether it was accepted, in one sentence."""

    ticket: int
    accepted: bool
    text: str


@dataclass(frozen=True, slots=True)
class PublishStatus:
    """The status snapshot has changed."""


Effect = (
    SendDatagram
    | RunScript
    | RunHandler
    | AwaitScript
    | KillScript
    | ScanProcesses
    | WatchProcesses
    | RunCheckers
    | CheckNow
    | RebootSystem
    | SetHealth
    | TrafficEffect
    | SaveState
    | RecordLine
    | RecordResource
    | AnswerOrder
    | PublishStatus
)
