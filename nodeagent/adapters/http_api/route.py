"""What a route is: one line of the table that serves, documents and tests the API."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from nodeagent.adapters.http_api.logins import Logins
from nodeagent.adapters.http_api.node_logins import NodeLogins
from nodeagent.adapters.http_api.relay import Relay
from nodeagent.adapters.http_api.users import Users
from nodeagent.contract.states import Role
from nodeagent.engine.control import Control
from nodeagent.engine.ports import Caller

PREFIX = "/api/v1"
SMALL = 64 * 1024
CONFIGURATION = 8 * 1024 * 1024
MODULE = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """What a request is served with, besides its own content."""

    control: Control
    users: Users
    logins: Logins
    node_logins: NodeLogins
    relay: Relay


@dataclass(frozen=True, slots=True)
class Call:
    """One request, admitted and decoded. `body` and `query` have the types of the route."""

    to: Part
    caller: Caller
    source: str
    token: str
    names: dict[str, str]
    body: Any
    query: Any
    raw_query: str
    """The query as it came, for the relay."""
    description: Callable[[], bytes]
    """The OpenAPI document of all routes."""

    @property
    def control(self) -> Control:
        """The agent."""
        return self.to.control

    @property
    def module(self) -> str:
        """The module in the path."""
        return self.names["module"]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path below `/api/v1`, who may call it, what goes in and what comes out."""

    name: str
    method: str
    path: str
    says: str
    serve: Callable[[Call], Awaitable[object]]
    role: Role | None = Role.MONITOR
    """None: no login needed."""
    takes: Any = None
    """Type of the JSON body; `bytes` is a raw body, None no body."""
    asks: Any = None
    """Struct of the query."""
    gives: Any = None
    """Type of the JSON answer; `bytes` is a raw answer, None is 204 without one."""
    media: str = "application/octet-stream"
    """Of a raw answer."""
    status: int = 200
    cap: int = SMALL
    """Bytes a body may have."""
    changes: bool = False
    """Changing requests go to the audit log, refused ones included."""
    idle: Callable[[Call], bool] = lambda call: False
    """Of a changing route: whether this request changes nothing as things are, and so is not audited."""
    proves: bool = False
    """A proof of who calls, given all the time by machines: it goes to the audit log when it is refused."""
    audited: Callable[[Any], str] = lambda body: ""
    """What of the body the audit line names; never a secret."""
    local: bool = False
    """Only through the local transport."""
    stream: bool = False
    """A WebSocket: `serve` gives the stream of its messages, whose type is `gives`."""
    download: bool = False
    """`serve` gives a Download instead of bytes."""
    relayed: bool = False
    """`serve` gives the answer of another node."""


ORDER = (Role.MONITOR, Role.CONTROL, Role.ADMIN)


def may(role: Role, needed: Role) -> bool:
    """Each role may do what the one before it may."""
    return ORDER.index(role) >= ORDER.index(needed)
