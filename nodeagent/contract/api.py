"""Requests and answers of `/api/v1` that are not a status snapshot. JSON, field names as written here.

`route` constants and the OpenAPI file are in the adapter that serves them; these are the bodies.
"""

from typing import Annotated, Literal

import msgspec

from nodeagent.contract.errors import Problem
from nodeagent.contract.states import Action, LogType, ResourceState, Role

ResourceName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9_-]+\.[^\s/]+\Z", max_length=128)]
"""`class.ident`, e.g. `custom.db`."""

WallTime = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
"""Seconds since 1970."""


class ProblemDetail(msgspec.Struct, frozen=True, omit_defaults=True):
    """RFC 9457 `application/problem+json`; `type` is stable (`urn:keepgreen:…`), `detail` one sentence."""

    type: str
    title: str
    status: int
    detail: str
    path: str = ""
    line: int = 0
    problems: tuple[Problem, ...] = ()


class Login(msgspec.Struct, frozen=True):
    """`POST /login`."""

    user: str
    password: str


class Session(msgspec.Struct, frozen=True):
    """Answer to a login: a bearer token, idle life 8 h."""

    token: str
    user: str
    role: Role


class Identity(msgspec.Struct, frozen=True):
    """`GET /identity`, without login: what the console shows before it sends a password."""

    node: str
    uuid: str
    version: str
    pin: str
    words: str
    cluster_signature: str
    password_set: bool


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /modules/<m>/actions`. `identity` is `-i who`: the action then counts. `wait` in seconds."""

    action: Action
    identity: str = ""
    wait: float = 0.0
    run: str = ""
    """KEEPGREEN_RUN of the caller when it is a script of the agent."""


class OrderAnswer(msgspec.Struct, frozen=True):
    """`accepted` False comes with the reason; `done` tells whether `wait` saw the end of it."""

    accepted: bool
    text: str
    done: bool = False
    state: str = ""
    status: str = ""


class LogLine(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One line of the agent's log. `cursor` grows by 1 per line and survives restarts."""

    cursor: int
    time: float
    node: str
    module: str
    origin: str
    """Who says it: `agent`, `membership`, `errd`, `life`, `start_both`, a user's name."""
    type: LogType
    text: str
    cause: str = ""
    output: str = ""
    """Name of the script output file this line belongs to."""


class LogPage(msgspec.Struct, frozen=True):
    """`GET /log` with a LogQuery; oldest first."""

    lines: tuple[LogLine, ...]
    next: int
    now: float = 0.0
    """The wall clock of the node when it answered."""


class Print(msgspec.Struct, frozen=True):
    """`POST /modules/<m>/print`: printi / printe of a script."""

    text: str
    error: bool = False
    origin: str = ""


class CauseLink(msgspec.Struct, frozen=True):
    """One step of a cause chain, oldest first."""

    id: str
    time: float
    text: str
    by: str
    action: str = ""
    evidence: str = ""
    output: str = ""
    line: int = 0


class WhyAnswer(msgspec.Struct, frozen=True):
    """`GET /modules/<m>/why`: one sentence and what it rests on."""

    module: str
    sentence: str
    chain: tuple[CauseLink, ...] = ()


class StageCluster(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /cluster/stage`: everything a node needs to be in the cluster."""

    xml: bytes
    name: str
    """The name of the node that receives this."""
    keys: tuple[bytes, ...] = ()
    """Cluster keys of 32 bytes, the active one first; empty keeps what the node has."""
    pins: dict[str, str] = {}
    """Node name → pin of its public key."""
    users: bytes = b""
    """The user table as `GET /cluster/users` gives it; empty keeps the node's own."""
    take_over: bool = False
    author: str = ""
    base: str = ""
    """The signature this edit began from; refused when another one is in force. Empty = do not ask."""


class StageModule(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /modules/<m>/stage`: files by path (`conf/userconfig.xml`, `bin/start_both`) and the nodes."""

    files: dict[str, bytes]
    nodes: tuple[str, ...]
    author: str = ""
    base: int = -1
    """The revision this edit began from; refused when another one is current. -1 = do not ask."""


class Staged(msgspec.Struct, frozen=True):
    """Answer to check and stage: what was found, and the signature to compare over all nodes."""

    ok: bool
    signature: str = ""
    problems: tuple[Problem, ...] = ()
    revision: int = 0


class Commit(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST …/commit`: makes what was staged with this signature the current configuration."""

    signature: str
    author: str = ""
    confirm_within: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """Cluster only, seconds: the configuration before comes back by itself unless a confirmation arrives; 0 = final."""


class Confirm(msgspec.Struct, frozen=True):
    """`POST /cluster/confirm` and `/cluster/rollback`: the commit with this signature stays, or is taken back."""

    signature: str


class PendingConfirmation(msgspec.Struct, frozen=True):
    """A commit that waits for its confirmation. `seconds_left` 0: the node asks its peers, then goes back."""

    signature: str
    seconds_left: float
    within: float
    author: str
    time: float
    """Of the commit."""


class ClusterInfo(msgspec.Struct, frozen=True):
    """`GET /cluster`."""

    configured: bool
    name: str = ""
    xml: bytes = b""
    signature: str = ""
    nodes: tuple[str, ...] = ()
    pins: dict[str, str] = {}
    has_key: bool = False
    pending: PendingConfirmation | None = None
    keys: tuple[str, ...] = ()
    """Names of the cluster keys that this node believes, the active one first; a name tells nothing about its key."""
    known: dict[str, str] = {}
    """Name → pin of nodes that have enrolled: in force as soon as a cluster.xml names them."""


class ModuleInfo(msgspec.Struct, frozen=True):
    """One line of `GET /modules`."""

    name: str
    configured: bool
    revision: int
    nodes: tuple[str, ...] = ()
    author: str = ""
    time: float = 0.0
    signature: str = ""
    waits: tuple[str, ...] = ()
    """What of this revision the running module uses from its next start on, e.g. `farm/lan@name: waits for …`."""
    problems: tuple[Problem, ...] = ()
    """Only in the answer to a change: what is to be said of it, a script that failed for example."""


class FileInfo(msgspec.Struct, frozen=True):
    """A file of a module revision, or a script output file."""

    path: str
    size: int
    time: float


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message of `WS /events`: the whole status when its revision changed, and log lines."""

    status: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """A NodeStatus as JSON, encoded once for all readers; UNSET while it did not change."""
    lines: tuple[LogLine, ...] = ()


class MosaicAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """`GET /safekit/mosaic/who?m=<module>` on the health port: which node took this connection."""

    node: str
    colour: int
    """1, 2, …: the node's place in the command lan; colours repeat after the sixth."""
    module: str = ""
    state: str = ""
    """The module's state there in words, e.g. `UP Ready`; empty when no module was asked for."""


class SetSwitch(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST /modules/<m>/switches`: pause or resume; `seconds` until it resumes by itself, 0 = no end."""

    switch: Literal["errd", "checker", "failover"]
    on: bool
    seconds: Annotated[float, msgspec.Meta(ge=0, le=366 * 86400)] = 0.0


class SetResource(msgspec.Struct, frozen=True):
    """`POST /modules/<m>/resources`: a resource set by command."""

    name: ResourceName
    value: ResourceState


class SetBoot(msgspec.Struct, frozen=True):
    """`POST /modules/<m>/boot`: the node's own start-at-boot setting; it turns round after `seconds`, 0 = never."""

    on: bool
    seconds: Annotated[float, msgspec.Meta(ge=0, le=366 * 86400)] = 0.0


class NewPassword(msgspec.Struct, frozen=True):
    """`POST /users/<name>/password`."""

    password: Annotated[str, msgspec.Meta(min_length=8, max_length=256)]


class ClusterKey(msgspec.Struct, frozen=True):
    """Answer to `POST /cluster/key`: 32 bytes, to be staged on every node."""

    key: bytes


class LogQuery(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """The query of `GET /log`; `types` are letters as `EC`, `from` and `to` seconds since 1970."""

    after: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0
    module: str = ""
    types: Annotated[str, msgspec.Meta(pattern=r"\A[CEUSID]*\Z", max_length=6)] = ""
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""
    since: WallTime = 0.0
    until: WallTime = 0.0
    limit: Annotated[int, msgspec.Meta(ge=1, le=5000)] = 500
    newest: bool = False


class EventQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """The query of `WS /events`: log lines after this cursor."""

    after: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0
