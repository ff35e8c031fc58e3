"""What the core is told. Past tense; built by the engine from what the adapters saw."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodeagent.contract.config import ClusterConfig, ModuleConfig
from nodeagent.contract.states import Action, Intent, ResourceState, Script
from nodeagent.core.order import Order
from nodeagent.core.traffic_messages import LansBound, LinkSeen, ProbeReceived, TrafficEvent


@dataclass(frozen=True, slots=True, order=True)
class ProcessRef:
    """A process, not to be mistaken for a later one with its pid: `created` is its start time, compared in one boot."""

    pid: int
    created: float


@dataclass(frozen=True, slots=True)
class ScriptRun:
    """A script that was running when the record was written."""

    run: str
    script: Script
    process: ProcessRef | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """One automatic action that counts against maxloop: when, by whom, and what was seen."""

    at: float
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class ModuleRecord:
    """What a module must remember over a crash of the agent; all times on the core's own clock.

    The store keeps boot id and wall time beside it and translates: a record of an earlier boot has
    `same_boot` False, its `counted` times are moved to this clock by their age (never negative).
    """

    phase: str = "stopped"
    order: Order | None = None
    """What it was doing, or was to do once a script had ended; None in the records of earlier versions."""
    intent: Intent = Intent.STOP
    author: str = ""
    revision: int = 0
    runs: tuple[ScriptRun, ...] = ()
    """Scripts that had not ended; two while a stop_both that hangs is being forced."""
    monitored: tuple[tuple[str, ProcessRef], ...] = ()
    """(key of a `proc`, process) that were seen while UP."""
    counted: tuple[Counted, ...] = ()
    errd: bool = True
    checker: bool = True
    failover: bool = True
    pauses: tuple[tuple[str, float], ...] = ()
    """(errd, checker or failover, when its pause ends by itself)."""
    classes: tuple[str, ...] = ()
    """Own classes of `proc` that were enabled by command."""
    handlers: tuple[str, ...] = ()
    """Runs of handlers that had not ended."""
    run_without: bool = False
    """The application was started without the product."""
    why: str = ""
    """The sentence of the last stop, shown again after a restart of the agent."""
    said: str = ""
    """The last thing a script said of a failure."""
    since: float | None = None
    same_boot: bool = True


@dataclass(frozen=True, slots=True)
class ClusterConfigured:
    """A cluster configuration was committed (None: this node is in no cluster any more)."""

    config: ClusterConfig | None
    me: str = ""
    keys: tuple[bytes, ...] = ()
    confirmed: bool = True
    """False: it goes back by itself unless it is confirmed."""


@dataclass(frozen=True, slots=True)
class ModuleConfigured:
    """A revision of a module was committed, or read when the agent started (then with its record)."""

    config: ModuleConfig
    revision: int
    scripts: frozenset[Script] = frozenset()
    record: ModuleRecord | None = None
    boot_on: bool = False
    """The node's own setting, which counts when the module says `boot="ignore"`."""


@dataclass(frozen=True, slots=True)
class ModuleRemoved:
    """A module was uninstalled or deconfigured; it was in STOP."""

    module: str


@dataclass(frozen=True, slots=True)
class DatagramReceived:
    """A datagram came in on a lan."""

    lan: str
    source: str
    data: bytes


@dataclass(frozen=True, slots=True)
class WallClockRead:
    """The wall clock is `offset` seconds ahead of the core's clock; said when it changed."""

    offset: float


@dataclass(frozen=True, slots=True)
class ActionOrdered:
    """Somebody ordered an action. With an `identity` (`-i who`) it counts against maxloop."""

    module: str
    action: Action
    author: str
    identity: str = ""
    ticket: int = 0
    """Comes back in AnswerOrder; 0 = nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class ScriptStarted:
    """The process of a script exists."""

    module: str
    run: str
    process: ProcessRef
    output: str = ""
    """Name of its output file."""


@dataclass(frozen=True, slots=True)
class ScriptEnded:
    """The process of a script is gone. `exit_code` None: not known (adopted, or killed); `said` its last words."""

    module: str
    run: str
    exit_code: int | None
    said: str = ""
    error: str = ""
    """Why it could not be started at all, e.g. `Permission denied`."""


@dataclass(frozen=True, slots=True)
class ProcessesSeen:
    """Result of a scan: key of a `proc` → the processes that match it; zombies are not in it."""

    module: str
    found: Mapping[str, tuple[ProcessRef, ...]]


@dataclass(frozen=True, slots=True)
class ProcessDied:
    """A watched process is gone."""

    module: str
    process: ProcessRef


@dataclass(frozen=True, slots=True)
class CheckerResult:
    """A checker looked once. `good` None: it cannot look at all, `text` says why (no right to ping, say)."""

    module: str
    checker: str
    """`CheckerRule.key`, e.g. `tcp.web`."""
    good: bool | None
    text: str
    took: float
    round: int = 0
    """Of the youngest CheckNow that came before this look began."""
    restarted: bool = False
    """Only of a `module` checker: the other module was started anew since the last look."""


@dataclass(frozen=True, slots=True)
class StateSaved:
    """The record with this serial is on disk (or could not be written: `error`)."""

    module: str
    serial: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Printed:
    """A script said something by printi or printe."""

    module: str
    text: str
    error: bool
    origin: str = ""


@dataclass(frozen=True, slots=True)
class ResourceSet:
    """A resource `class.ident` was set by command (`set -r res -v val`)."""

    module: str
    resource: str
    state: ResourceState
    author: str


@dataclass(frozen=True, slots=True)
class SwitchSet:
    """An administrator paused or resumed `errd`, `checker` or `failover`, with an optional end."""

    module: str
    switch: str
    on: bool
    author: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class ClassSwitched:
    """A person or a script enabled or disabled an own class of `proc`."""

    module: str
    proc_class: str
    on: bool
    author: str


@dataclass(frozen=True, slots=True)
class RunWithoutOrdered:
    """Run start_both (or stop_both) with the module in STOP; answered by AnswerOrder."""

    module: str
    start: bool
    author: str
    ticket: int = 0


@dataclass(frozen=True, slots=True)
class LoopCounted:
    """A script counts an action of its own against maxloop (`incloop`); `text`: what it has seen."""

    module: str
    author: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class LoopReset:
    """The count begins anew (`resetloop`)."""

    module: str
    author: str


@dataclass(frozen=True, slots=True)
class SystemStopping:
    """The operating system shuts down: modules stop with their scripts."""


@dataclass(frozen=True, slots=True)
class AgentStopping:
    """Only the agent ends: say goodbye, leave the applications alone."""


ModuleEvent = (
    ModuleRemoved
    | ActionOrdered
    | ScriptStarted
    | ScriptEnded
    | ProcessesSeen
    | ProcessDied
    | CheckerResult
    | TrafficEvent
    | StateSaved
    | Printed
    | ResourceSet
    | SwitchSet
    | ClassSwitched
    | RunWithoutOrdered
    | LoopCounted
    | LoopReset
)

Event = (
    ModuleEvent
    | ClusterConfigured
    | ModuleConfigured
    | DatagramReceived
    | WallClockRead
    | LansBound
    | LinkSeen
    | ProbeReceived
    | SystemStopping
    | AgentStopping
)
