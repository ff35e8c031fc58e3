"""The status snapshot: what one node knows of itself and of its peers at one moment.

Snapshots, not deltas: `revision` grows with every change, a reader that missed one loses nothing.
Times are wall-clock seconds since 1970 of the node that answers; ages and gaps are seconds.
"""

import msgspec

from nodeagent.contract.states import Action, Intent, Mode, ResourceState, State, Status


class ResourceStatus(msgspec.Struct, frozen=True):
    """One resource `class.ident`, e.g. `proc.httpd`."""

    name: str
    state: ResourceState
    since: float
    detail: str = ""
    """The last result in words, e.g. `2 of at least 1: 4711, 4712`."""
    by: str = ""
    """Who said so last: `errd`, the checker itself, or who set it by command."""
    took: float = 0.0
    """Seconds of the last look, 0 when nobody had to look."""


class ResourceChange(msgspec.Struct, frozen=True):
    """A resource took another state."""

    time: float
    state: ResourceState
    detail: str = ""
    by: str = ""


class ResourceHistory(msgspec.Struct, frozen=True):
    """The last changes of one resource, oldest first, at most 100."""

    name: str
    changes: tuple[ResourceChange, ...] = ()


class RunningScript(msgspec.Struct, frozen=True):
    """A script that runs now; `limit` is its time-out in seconds, 0 = none."""

    script: str
    run: str
    since: float
    limit: float = 0.0
    last_duration: float = 0.0
    """Seconds this script took the last time, 0 = not known."""


class Switches(msgspec.Struct, frozen=True):
    """What an administrator has paused; persistent until switched on again or its end has come."""

    errd: bool = True
    checker: bool = True
    failover: bool = True
    until: float = 0.0
    """When the first of these pauses ends by itself, 0 = none does."""
    errd_until: float = 0.0
    checker_until: float = 0.0
    failover_until: float = 0.0


class Refusal(msgspec.Struct, frozen=True):
    """An action that is not possible now, with the reason shown to the user."""

    action: Action
    reason: str


class ModuleStatus(msgspec.Struct, frozen=True):
    """One module on this node."""

    name: str
    configured: bool = True
    """False: installed, not in force (state and status then mean nothing)."""
    mode: Mode = Mode.FARM
    state: State = State.STOP
    status: Status = Status.NOT_READY
    since: float = 0.0
    by: str = ""
    """Who caused the present state: an administrator's name, `errd`, `boot`, `crash`, …"""
    why: str = ""
    """One sentence while not green, empty while green."""
    phase: str = ""
    """What is being done, in words of the life of a module, e.g. `start_both`, `draining`."""
    share: float = 0.0
    """Percent of new connections this node takes."""
    share_by: str = "load balancer"
    """`slots` when Keepgreen enforces it, else `load balancer`."""
    intent: Intent = Intent.STOP
    revision: int = 0
    waiting_revision: int = 0
    """A committed revision that waits for the next start, 0 = none."""
    signature: str = ""
    nodes: tuple[str, ...] = ()
    counted: int = 0
    maxloop: int = 0
    loop_interval: float = 0.0
    ready: bool = False
    """What ready.txt answers."""
    script: RunningScript | None = None
    resources: tuple[ResourceStatus, ...] = ()
    switches: Switches = Switches()
    refusals: tuple[Refusal, ...] = ()
    classes: tuple[str, ...] = ()
    """Own classes of process rules that are enabled."""
    run_without: bool = False
    """STOP, but its application was started without Keepgreen (`run-without`)."""


class LanStatus(msgspec.Struct, frozen=True):
    """A peer on one lan."""

    lan: str
    address: str
    heard: bool
    since: float


class PeerModule(msgspec.Struct, frozen=True):
    """A module on a peer, as its heartbeats say."""

    name: str
    state: State
    status: Status


class PeerStatus(msgspec.Struct, frozen=True):
    """A peer as this node sees it."""

    name: str
    alive: bool
    since: float
    reason: str = ""
    """Why it is not alive, in words: `silent for 1.0 s`, `said goodbye`, `never heard`."""
    degraded: bool = False
    same_configuration: bool = True
    lans: tuple[LanStatus, ...] = ()
    modules: tuple[PeerModule, ...] = ()
    round_trip: float = 0.0
    clock_offset: float = 0.0
    """Seconds to add to this node's wall clock to get the peer's."""
    worst_gap: float = 0.0
    """The longest silence while it was alive, against `window`."""
    window: float = 0.0
    version: str = ""
    api_port: int = 0
    health_port: int = 0


class ProbeSource(msgspec.Struct, frozen=True):
    """Who asks for ready.txt, and what it was answered last."""

    module: str
    source: str
    last: float
    every: float
    answered: int


class Listener(msgspec.Struct, frozen=True):
    """A port this agent serves, or wants to."""

    name: str
    address: str
    port: int
    open: bool
    problem: str = ""
    """E.g. `9010 is used by nginx (pid 812)`."""


class NodeStatus(msgspec.Struct, frozen=True):
    """`GET /api/v1/status`."""

    node: str
    """Its name in the cluster, the host name before it has one."""
    uuid: str
    version: str
    revision: int
    time: float
    boot_id: str
    started: float
    cluster_signature: str = ""
    modules: tuple[ModuleStatus, ...] = ()
    peers: tuple[PeerStatus, ...] = ()
    rejected: dict[str, int] = {}
    """Datagrams not believed, counted by reason in words."""
    frozen: int = 0
    """How often this node was found frozen since the agent started."""
    alarms: tuple[str, ...] = ()
    listeners: tuple[Listener, ...] = ()
    probes: tuple[ProbeSource, ...] = ()
    pin: str = ""
    node_id: int = 0
    """1, 2, …: its place in the command lan; 0 = in no cluster."""
    cpu: float = 0.0
    """Percent of all processors of the machine in use, over the last 2 s."""
    memory: float = 0.0
    """Percent of the machine's memory in use."""
