"""Requests and answers of `/api/v1` about what a node has written down, beside its log."""

from typing import Annotated

import msgspec

from nodeagent.contract.api import WallTime
from nodeagent.contract.states import ResourceState

Cursor = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
Limit = Annotated[int, msgspec.Meta(ge=1, le=5000)]
OUTPUT_CAP = 4 * 1024 * 1024
"""Bytes of a script output that one answer may hold."""


class AuditLine(msgspec.Struct, frozen=True):
    """One changing command: who gave it, from where, what came of it. `cursor` grows with every line."""

    cursor: int
    time: float
    who: str
    source: str
    command: str
    result: str


class AuditPage(msgspec.Struct, frozen=True):
    """`GET /audit`; oldest first. `now` is the wall clock of the node that answers."""

    lines: tuple[AuditLine, ...]
    next: int
    now: float


class RecordQuery(msgspec.Struct, frozen=True, omit_defaults=True, rename={"since": "from", "until": "to"}):
    """The query of the audit log and of a resource's history; `from` and `to` are seconds since 1970, 0 = open.

    `text` is looked for in every column of words; `newest` gives the last `limit` lines instead of the first.
    """

    after: Cursor = 0
    text: Annotated[str, msgspec.Meta(max_length=200)] = ""
    since: WallTime = 0.0
    until: WallTime = 0.0
    limit: Limit = 500
    newest: bool = False


class ResourceChange(msgspec.Struct, frozen=True):
    """A resource `class.ident` of a module took this state; `took` is how long its check ran, in seconds."""

    cursor: int
    time: float
    module: str
    name: str
    state: ResourceState
    detail: str
    took: float
    by: str
    """Who says so: `checker`, `errd`, `rule`, a user's name."""


class ResourcePage(msgspec.Struct, frozen=True):
    """`GET /modules/<m>/resources/<name>/history`; oldest first. `now` is the wall clock of the node that answers."""

    changes: tuple[ResourceChange, ...]
    next: int
    now: float


class OutputQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """The query of a script output: `limit` bytes of the file from `offset` on."""

    offset: Cursor = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=OUTPUT_CAP)] = OUTPUT_CAP


class SnapshotQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """The query of a snapshot; `anonymise` replaces addresses and names, the same one always by the same word."""

    anonymise: bool = False
