"""What a module's traffic depends on besides its own configuration: who serves, who is heard, what this node may do."""

from collections.abc import Mapping
from dataclasses import dataclass

from nodeagent.core.handover import Presence
from nodeagent.core.view import Member


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the module's traffic depends on at one moment."""

    view: tuple[Member, ...]
    """Who serves, nodes that are alive on the wire only included."""
    serving: bool
    """The application answers on this node."""
    others: Mapping[str, Presence]
    """Every other node of the module."""
    staged: Mapping[str, bytes]
    """The signature of the newest powers that each other node knows whose module is UP."""
    window: float
    pulse: float
    doubt: bool
    """A living peer was not heard for half a window."""
    may_serve: bool
    """This node's heartbeats can leave it."""
    macs: tuple[tuple[str, str, str], ...] = ()
    unheard: tuple[tuple[str, str, str], ...] = ()
    """(interface, MAC, node) where a node that serves should be heard on the wire and is not."""
    wire_only: tuple[str, ...] = ()
    """Nodes that are alive on the wire and silent on UDP."""
    udp_port: int = 4800
