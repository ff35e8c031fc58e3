"""What the doctor has seen; the judgements are made of nothing else."""

from dataclasses import dataclass, field

from nodeagent.contract.errors import Problem
from nodeagent.contract.reach_api import Reached
from nodeagent.contract.status import NodeStatus, PeerStatus
from nodeagent.host.rights import Guarded


@dataclass(frozen=True, slots=True)
class Machine:
    """This computer, seen without the agent."""

    system: str
    """`sys.platform`."""
    installed: bool | None
    """The service; None: its manager did not say."""
    running: bool
    settings: tuple[Problem, ...]
    guarded: tuple[Guarded, ...]
    """Files and folders that others have to keep out of."""
    free: int
    """Bytes where the agent keeps its files."""
    total: int
    unwritable: str
    """Why nothing can be written there, empty when it can."""
    addresses: frozenset[str]
    var: str
    safe: str
    elsewhere: str = ""
    """What the service starts instead of the agent of this home."""
    shut: bool = False
    """These files are shut to the user who asks, which says nothing of the agent."""
    made: bool = True
    """The place where the agent keeps its files is there: an agent has run with this home."""


@dataclass(frozen=True, slots=True)
class Place:
    """A port of a node, and whether another node reaches it."""

    what: str
    address: str
    port: int
    reached: Reached


@dataclass(frozen=True, slots=True)
class Peer:
    """Another node, seen from here and as it sees us."""

    seen: PeerStatus
    names: tuple[str, ...]
    """What its name is on this computer; empty: the name is not known."""
    expected: tuple[str, ...]
    """Its addresses in cluster.xml."""
    from_here: tuple[Place, ...] = ()
    from_there: tuple[Place, ...] = ()
    unreached: str = ""
    """Why it could not be asked, or not be tried from here; empty when it could."""
    uuid: str = ""
    path_mtu: bool | None = None
    """Whether a packet as large as the interface allows gets there; None: could not be tried."""
    hears_us: bool | None = None
    udp_port: int = 4800
    """Of the heartbeats."""
    api_port: int = 9453


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything."""

    machine: Machine
    status: NodeStatus | None
    no_answer: str = ""
    """Why the agent does not answer."""
    own_addresses: tuple[str, ...] = ()
    """Of this node in cluster.xml."""
    peers: tuple[Peer, ...] = field(default=())
    not_allowed: bool = False
    """The agent is there, but not for this user."""
