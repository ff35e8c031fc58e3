"""What the console knows of a node: where it is, how it is reached, what it last said. Facts, no words."""

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from nodeagent.client.failures import Trouble
from nodeagent.contract.api import Identity
from nodeagent.contract.states import Role
from nodeagent.contract.status import NodeStatus

API_PORT = 9453
_HOST = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_-]{1,63})*\.?$")


class NodeAddress(msgspec.Struct, frozen=True):
    """Where a node's API answers, and the pin of the key that may answer; without a pin no password is sent."""

    address: str
    port: int = API_PORT
    pin: str = ""

    @property
    def place(self) -> str:
        """`10.0.0.107`, `10.0.0.107:9999`, `[fe80::1]:9999`: as it is typed."""
        if self.port == API_PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


class Reach(StrEnum):
    """How a node is reached now."""

    NEW = "new"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    """The event stream is open."""
    POLLING = "polling"
    """It answers, but gives no event stream."""
    UNREACHABLE = "unreachable"
    SAVED = "saved"
    """Not at all: it is a snapshot that somebody opened."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How to log in."""

    user: str
    password: str = field(repr=False)


class NodeView(msgspec.Struct, frozen=True):
    """One node as the console sees it. Times are seconds since 1970 on the console's clock."""

    address: NodeAddress
    name: str
    """Its name in the cluster, its address while that is unknown."""
    reach: Reach = Reach.NEW
    trouble: Trouble | None = None
    """Why it is not reached; of a polled node why there is no event stream."""
    detail: str = ""
    """The technical reason behind `trouble`."""
    since: float = 0.0
    """Since when `reach` is what it is; UNREACHABLE counts from the last answer."""
    status: NodeStatus | None = None
    """What it said last, kept while it is unreachable."""
    as_of: float = 0.0
    """When it last answered."""
    role: Role | None = None
    """What this console's user may do there; None before a login."""
    retry_at: float = 0.0
    """When the next attempt begins; 0 = now, or only after somebody does something."""

    @property
    def reached(self) -> bool:
        """It answers now, were it from its snapshot."""
        return self.reach in {Reach.CONNECTED, Reach.POLLING, Reach.SAVED}


class CheckedAddress(msgspec.Struct, frozen=True):
    """What stands at an address. `address.pin` is the pin that answered when an `identity` did."""

    address: NodeAddress
    identity: Identity | None = None
    trouble: Trouble | None = None
    detail: str = ""
    round_trip: float = 0.0
    """Seconds, connection included."""


def typed_address(text: str) -> NodeAddress | None:
    """`host`, `host:port`, `1.2.3.4`, `::1`, `[::1]:port` as typed by a person; None when it is none of these."""
    host, port = text.strip(), ""
    if host.startswith("["):
        host, closed, rest = host[1:].partition("]")
        if not closed or (rest and not rest.startswith(":")):
            return None
        port = rest[1:]
        if rest and not port:
            return None
    elif host.count(":") == 1:
        host, _, port = host.partition(":")
        if not port:
            return None
    if port and not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        return None
    number = int(port) if port else API_PORT
    try:
        return NodeAddress(str(ipaddress.ip_address(host)), number)
    except ValueError:
        if ":" in host or not _HOST.match(host) or re.fullmatch(r"[0-9.]+", host):
            return None
        return NodeAddress(host, number)
