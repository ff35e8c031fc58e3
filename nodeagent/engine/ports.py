"""What the engine asks of the adapters, and the agent of its control. Protocols only."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from nodeagent.contract.api import (
    LogLine,
    LogPage,
)
from nodeagent.contract.config import CheckerRule, ClusterConfig, ModuleConfig, ProcRule
from nodeagent.contract.states import LogType, ResourceState, Role, Script
from nodeagent.contract.status import NodeStatus
from nodeagent.core.events import Event, ModuleRecord, ProcessRef
from nodeagent.core.traffic_messages import ObserveTraffic, PrepareTraffic, SendProbe, SetSlots, WithdrawTraffic

Post = Callable[[Event], None]
"""Hands an event to the core; from the loop's thread only. Never blocks."""


@dataclass(frozen=True, slots=True)
class ScriptJob:
    """Everything a script needs. `executable` None: the module does not bring it."""

    module: str
    run: str
    script: str
    """Names its output file."""
    executable: Path | None
    args: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    output_dir: Path
    output_cap: int
    """Bytes one run may leave in its file; the rest is trimmed and the cut marked."""
    keep_output: bool = True
    umask: int = -1
    """Of its process, where there is such a thing; -1: that of the agent."""


class ScriptRunner(Protocol):
    """Runs scripts; posts ScriptStarted and exactly one ScriptEnded per run."""

    def run(self, job: ScriptJob) -> None:
        """Start it; its own session/process group (Linux) or job (Windows), output straight to its file."""

    def wait_for(self, module: str, run: str, process: ProcessRef) -> None:
        """Watch a process an earlier agent started (ScriptEnded at once when it is gone)."""

    def kill(self, module: str, run: str) -> None:
        """End the whole process tree of a run, daemonised children included."""

    async def close(self) -> None:
        """Stop watching. Scripts and what they started go on."""


class Processes(Protocol):
    """Finds and watches the processes of the monitored applications."""

    def scan(self, module: str, procs: tuple[ProcRule, ...]) -> None:
        """Look in a thread, post ProcessesSeen; running scans of one module are joined."""

    def watch(self, module: str, processes: frozenset[ProcessRef]) -> None:
        """Post ProcessDied for each of them that ends; replaces the module's last set."""

    def exclude(self, processes: frozenset[ProcessRef]) -> None:
        """Processes never counted: the running module scripts (the agent itself is always excluded)."""

    async def close(self) -> None:
        """Stop watching."""


@dataclass(frozen=True, slots=True)
class CheckerJob:
    """A checker to run. `program` is that of a `custom` one, else None."""

    rule: CheckerRule
    program: ScriptJob | None = None


class Checkers(Protocol):
    """Runs the checkers of all modules, each independent of the others; posts CheckerResult."""

    def check(self, module: str, jobs: tuple[CheckerJob, ...]) -> None:
        """Exactly these from now on; unchanged ones run on. An empty tuple ends the module's checkers."""

    def check_now(self, module: str, round: int) -> None:
        """Every checker of the module looks at once, not at its interval; later results carry `round`."""

    async def close(self) -> None:
        """End all of them, custom programs with their process trees."""


@dataclass(frozen=True, slots=True)
class ProgramEnd:
    """How a program ended; `error`: why it could not be started at all."""

    exit_code: int | None
    error: str = ""


class Programs(Protocol):
    """Runs programs that must not outlive whoever wants them."""

    async def run(self, job: ScriptJob) -> ProgramEnd:
        """Start it and wait for its end. However this ends, cancelled too, its whole process tree is ended with it."""


class Traffic(Protocol):
    """The virtual IPs in the kernel. What is asked for one module is done in the order it was asked for."""

    def prepare(self, effect: PrepareTraffic) -> None:
        """Filter without slots, then the addresses behind it; posts TrafficPrepared."""

    def set_slots(self, effects: Sequence[SetSlots]) -> None:
        """The slots of all these modules in one transaction, at once; posts SlotsSet for each."""

    def withdraw(self, effect: WithdrawTraffic) -> None:
        """Addresses off, then the filter; an earlier agent's too."""

    def observe(self, effect: ObserveTraffic) -> None:
        """Look into the kernel; posts TrafficObserved."""

    def probe(self, effect: SendProbe) -> None:
        """Send a probe frame now; what comes in is posted as ProbeReceived."""

    async def close(self) -> None:
        """Do nothing more. The kernel goes on as it is."""


class Rebooting(Protocol):
    """Starts the machine anew."""

    def reboot(self, module: str, why: str) -> None:
        """Do it, or say in the log why not."""


class Datagrams(Protocol):
    """The UDP sockets of the lans."""

    def configure(self, config: ClusterConfig | None, me: str) -> None:
        """Bind to the own address on each lan (retry every second until it exists), forget the others."""

    def send(self, lan: str, peer: str, data: bytes) -> None:
        """Send now; errors are swallowed and counted."""

    def drain(self) -> None:
        """Post everything that waits in the sockets, at once."""

    def problems(self) -> tuple[str, ...]:
        """Why a lan cannot be served now, one sentence each."""

    async def close(self) -> None:
        """Close all."""


class HealthBoard(Protocol):
    """Prepared answers of the public HTTP port."""

    def set_ready(self, module: str, ready: bool) -> None:
        """What ready.txt of this module answers from now on."""

    def set_status(self, status: NodeStatus) -> None:
        """What status.json and the one-page status show."""


class StateStore(Protocol):
    """Durable small records. Called in the writer thread."""

    def save(self, module: str, record: ModuleRecord) -> None:
        """Write, fsync, rename. Raises OSError."""

    def load(self, module: str) -> ModuleRecord | None:
        """The last record, moved to the present clock; None when there is none (or it is unreadable: said)."""


class Journal(Protocol):
    """Log and audit."""

    def append(
        self,
        type: LogType,
        text: str,
        *,
        module: str = "",
        origin: str = "agent",
        cause: str = "",
        output: str = "",
    ) -> LogLine:
        """Give the line its cursor and time, hand it to the writer; never blocks."""

    def query(
        self,
        *,
        after: int = 0,
        module: str = "",
        types: str = "",
        text: str = "",
        since: float = 0.0,
        until: float = 0.0,
        limit: int = 500,
        newest: bool = False,
    ) -> LogPage:
        """Read lines, oldest first (`newest`: the last `limit` of them). Blocks: call in a thread."""

    def audit(self, who: str, source: str, command: str, result: str) -> None:
        """One line for a changing command; append-only."""

    def resource_changed(
        self, module: str, name: str, state: ResourceState, detail: str, took: float = 0.0, by: str = ""
    ) -> None:
        """A resource took another state (or the same for another reason): one line of its history."""

    async def flush(self) -> None:
        """Until everything appended so far is committed, or the disk has refused it."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API."""

    name: str
    role: Role
    source: str
    local: bool = False


@dataclass(frozen=True, slots=True)
class Peer:
    """Where the API of a node is; `addresses` are tried in this order."""

    name: str
    addresses: tuple[str, ...]
    port: int
    pin: str


@dataclass(frozen=True, slots=True)
class CommittedModule:
    """The current revision of a module as the store holds it."""

    config: ModuleConfig
    revision: int
    scripts: frozenset[Script]
    executables: Mapping[Script, Path] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Download:
    """A file that is sent as it is read. Whoever takes it closes `chunks` and calls `discard` in the end."""

    name: str
    size: int
    chunks: AsyncGenerator[bytes]
    discard: Callable[[], None]


class Refused(Exception):
    """An expected refusal; becomes a problem+json with this HTTP status and stable `kind`."""

    def __init__(self, status: int, kind: str, detail: str, problems: tuple[object, ...] = ()) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.problems = status, kind, detail, problems
