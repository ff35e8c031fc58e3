"""Revisions of a module or of the cluster, and what they differ in: bodies of `/api/v1`."""

from typing import Annotated, Literal

import msgspec

RevisionNumber = Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]


class Revision(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of a history, newest first. Numbers are this node's own; a signature is equal on all nodes."""

    number: int
    time: float
    """Seconds since 1970, of its commit."""
    author: str
    signature: str
    nodes: tuple[str, ...] = ()
    current: bool = False
    """It is the one in force."""
    changed: tuple[str, ...] = ()
    """Files that differ from the revision before it that is kept; all of them when there is none."""


class FileChange(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one file."""

    path: str
    change: Literal["added", "removed", "changed"]
    diff: str = ""
    """Unified diff; empty for what is no text, or too large."""
    cut: bool = False
    """There is more, or a diff would be too large."""


class Difference(msgspec.Struct, frozen=True):
    """From one revision to another; `earlier` 0 = from nothing."""

    earlier: int
    later: int
    files: tuple[FileChange, ...]


class DiffQuery(msgspec.Struct, frozen=True, omit_defaults=True, rename={"earlier": "from", "later": "to"}):
    """The query of a diff. `to` 0 = the one in force, `from` 0 = the one kept before it."""

    earlier: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)] = 0
    later: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)] = 0


class RevisionQuery(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which revision of a module; 0 = the one in force, or what is installed."""

    revision: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)] = 0


class Restore(msgspec.Struct, frozen=True, omit_defaults=True):
    """`POST …/restore`: the content of this revision becomes a new revision, in force on this node.

    A module keeps its present nodes. Keys, pins and users never come back.
    """

    revision: RevisionNumber
    author: str = ""
    confirm_within: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 0.0
    """Cluster only, as in a commit."""


class Uninstalled(msgspec.Struct, frozen=True):
    """Answer to `DELETE /modules/<m>`: the file on the node that holds what was taken away."""

    backup: str
