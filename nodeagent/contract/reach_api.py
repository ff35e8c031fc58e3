"""Whether one node reaches a place: the cell of the table that `doctor` and the console draw of all nodes."""

from typing import Annotated, Literal

import msgspec


class Reach(msgspec.Struct, frozen=True):
    """`POST /connectivity`: open a TCP connection from this node and close it. UDP is told by the heartbeats."""

    address: Annotated[str, msgspec.Meta(max_length=64)]
    """An IP address."""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]


class Reached(msgspec.Struct, frozen=True):
    """What came of it. `mtu` is that of the interface it went out by, 0 = not known; `took` in seconds."""

    ok: bool
    reason: str = ""
    took: float = 0.0
    source: str = ""
    """This node's own address of the connection."""
    mtu: int = 0
    cause: Literal["", "silence", "refused", "no way"] = ""
    """What `reason` comes to: nothing came back, nothing listens there, or the network says that it is not there."""
