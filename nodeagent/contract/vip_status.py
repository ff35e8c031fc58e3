"""What the API tells of a module's virtual IP: the slot map, who owns it, who says what."""

from typing import Annotated

import msgspec


class VipAddress(msgspec.Struct, frozen=True):
    """A virtual address on this node; `interface` empty while it is not there."""

    addr: str
    type: str
    vmac: str = ""
    interface: str = ""


class VipNode(msgspec.Struct, frozen=True):
    """A node as this one knows it. Epochs are hexadecimal; equal ones mean the same slot table."""

    name: str
    serves: bool
    """In the table's view."""
    alive: bool
    wire_only: bool = False
    """Silent on UDP, heard by its probes."""
    seen: str = ""
    applied: str = ""


class VipGroup(msgspec.Struct, frozen=True):
    """A load-balancing group; `owners` name the node of each of the 256 slots, "" for nobody.

    `mine`, `est`, `quiet` are the slots that this node's kernel was last told to hold.
    """

    name: str
    powers: dict[str, int]
    owners: tuple[str, ...]
    mine: tuple[int, ...] = ()
    est: tuple[int, ...] = ()
    quiet: tuple[int, ...] = ()
    taken: int = 0
    """Packets that this node has taken since the filter was made."""


class VipStatus(msgspec.Struct, frozen=True):
    """`GET /modules/<m>/vip`."""

    module: str
    node: str
    addresses: tuple[VipAddress, ...]
    present: bool
    """The filter is in the kernel and the addresses are on this node."""
    open: bool
    """The traffic is open as far as `vip open|close` goes."""
    agreed: bool
    """All nodes have applied this slot table."""
    epoch: str
    nodes: tuple[VipNode, ...]
    groups: tuple[VipGroup, ...]
    timeout: float = 0.0
    """Seconds after which the kernel forgets its slots unless they are set again; 0 = never (nobody else is there)."""
    alarms: tuple[str, ...] = ()


class VipWhere(msgspec.Struct, frozen=True):
    """One answer of `GET /modules/<m>/vip/where`: the node that serves a client by one rule."""

    group: str
    rule: str
    """In words, e.g. `tcp 80 of 10.0.0.100, by address`."""
    slot: int
    node: str
    """"" when nobody serves it."""
    by_port: bool = False
    """The client's port counts, too."""


class WhereQuery(msgspec.Struct, frozen=True):
    """The query of `vip/where`: the client's address, and its port where the rule looks at it."""

    address: Annotated[str, msgspec.Meta(min_length=2, max_length=45)]
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0


class FloodProbe(msgspec.Struct, frozen=True):
    """`POST /vip/flood-probe`, said to every node at once with the same `round` (32 random hexadecimal digits)."""

    round: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z")]
    address: Annotated[str, msgspec.Meta(max_length=45)] = ""
    """Of the network that is meant, such as the virtual one; empty: this node's own address."""
    interface: Annotated[str, msgspec.Meta(max_length=15)] = ""
    """The network interface, where the address does not tell it."""


class FloodHeard(msgspec.Struct, frozen=True):
    """What a node has heard of the others within the round."""

    node: str
    interface: str
    near: tuple[str, ...]
    """Nodes whose frames to everybody arrive."""
    reached_by: tuple[str, ...]
    """Nodes whose frames to a MAC that no switch knows arrive, as those to a virtual MAC would."""


class SetGate(msgspec.Struct, frozen=True):
    """`POST /modules/<m>/vip`: a script opens or closes the traffic (`scriptcontrol="on"`)."""

    open: bool
