"""A snapshot that a node has saved, read back: what it said, its log, its configuration. Blocks; for a thread."""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import msgspec

from app.services.zip_entries import UNREADABLE, unpacked
from nodeagent.contract.api import LogLine, WhyAnswer
from nodeagent.contract.record_api import AuditLine, ResourceChange
from nodeagent.contract.status import NodeStatus
from nodeagent.contract.vip_status import VipStatus

MOST_FILES = 5000
MOST_BYTES = 512 * 1024 * 1024
"""Unpacked, all together; a node writes at most 8 MB for each of its few dozen parts."""
MOST_OF_A_PART = 32 * 1024 * 1024
_CLUSTER = re.compile(r"cluster/(\d{1,9})/cluster\.xml")
_MODULE = re.compile(r"module/([^/]+)/(\d{1,9})/(.+)")
_KEPT = ("cluster/", "module/", "outputs/")
_PARTS = ("status.json", "why.json", "vip.json", "log.jsonl", "resource_history.jsonl", "audit.jsonl", "manifest.json")
NOT_UNDERSTOOD = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a wrong JSON text raises: wrong words, signs that are no UTF-8, brackets without end."""
T = TypeVar("T")


class SnapshotTrouble(StrEnum):
    """Why a file cannot be opened."""

    NOT_READABLE = "not readable"
    """The computer does not let it be read."""
    NOT_ZIP = "not a zip"
    CUT = "cut"
    """It began as a zip, but its end is missing or a part of it is damaged."""
    FOREIGN = "foreign"
    """A zip with something else in it."""
    TOO_LARGE = "too large"
    NOT_UNDERSTOOD = "not understood"
    """Its status is written in a way that this console does not know."""


class SnapshotRefused(Exception):
    """A file that is no snapshot for this console; `detail` is the technical reason."""

    def __init__(self, trouble: SnapshotTrouble, detail: str = "") -> None:
        super().__init__(detail or trouble.value)
        self.trouble, self.detail = trouble, detail


class Meta(msgspec.Struct, frozen=True):
    """What a node keeps beside a revision of a module."""

    author: str = ""
    time: float = 0.0
    signature: str = ""
    nodes: tuple[str, ...] = ()


class _Entry(msgspec.Struct, frozen=True):
    name: str
    cut: bool = False
    problem: str = ""


class _Manifest(msgspec.Struct, frozen=True):
    anonymised: bool = False
    parts: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class SnapshotFile:
    """One node at one moment, `status.time`. Everything but the status may be missing."""

    path: Path
    status: NodeStatus
    why: tuple[WhyAnswer, ...] = ()
    lines: tuple[LogLine, ...] = ()
    changes: tuple[ResourceChange, ...] = ()
    audit: tuple[AuditLine, ...] = ()
    clusters: Mapping[int, bytes] = field(default_factory=dict)
    """Revision → cluster.xml."""
    modules: Mapping[str, Mapping[int, Mapping[str, bytes]]] = field(default_factory=dict)
    """Module → revision → path → content; `meta.json` is one of the paths."""
    outputs: Mapping[str, bytes] = field(default_factory=dict)
    vips: tuple[VipStatus, ...] | None = None
    """The slots of each module with a virtual IP; None when they were not saved, as by older agents."""
    anonymised: bool = False
    missing: tuple[str, ...] = ()
    """Parts that the console would show, but the node could not write, or not wholly."""

    def meta(self, module: str, revision: int) -> Meta:
        """What is known of a revision."""
        try:
            return msgspec.json.decode(self.modules[module][revision]["meta.json"], type=Meta)
        except (KeyError, *NOT_UNDERSTOOD):
            return Meta()


def read_snapshot(path: Path) -> SnapshotFile:
    """The snapshot in this file. Raises SnapshotRefused."""
    try:
        parts = _parts(path)
    except OSError as error:
        raise SnapshotRefused(SnapshotTrouble.NOT_READABLE, error.strerror or str(error)) from error
    if "status.json" not in parts:
        raise SnapshotRefused(SnapshotTrouble.FOREIGN, "there is no status.json in it")
    try:
        status = msgspec.json.decode(parts["status.json"], type=NodeStatus)
    except NOT_UNDERSTOOD as error:
        raise SnapshotRefused(SnapshotTrouble.NOT_UNDERSTOOD, str(error)) from error
    manifest = _one(parts.get("manifest.json", b"{}"), _Manifest) or _Manifest()
    modules: dict[str, dict[int, dict[str, bytes]]] = {}
    for name, data in parts.items():
        if found := _MODULE.fullmatch(name):
            modules.setdefault(found[1], {}).setdefault(int(found[2]), {})[found[3]] = data
    return SnapshotFile(
        path,
        status,
        _one(parts.get("why.json", b"[]"), tuple[WhyAnswer, ...]) or (),
        tuple(sorted(_lines(parts, "log.jsonl", LogLine), key=lambda line: line.cursor)),
        tuple(sorted(_lines(parts, "resource_history.jsonl", ResourceChange), key=lambda change: change.cursor)),
        tuple(sorted(_lines(parts, "audit.jsonl", AuditLine), key=lambda line: line.cursor)),
        {int(found[1]): data for name, data in parts.items() if (found := _CLUSTER.fullmatch(name))},
        modules,
        {name.removeprefix("outputs/"): data for name, data in parts.items() if name.startswith("outputs/")},
        _one(parts.get("vip.json", b""), tuple[VipStatus, ...]),
        manifest.anonymised,
        tuple(part.name for part in manifest.parts if (part.cut or part.problem) and _shown(part.name)),
    )


def _shown(name: str) -> bool:
    """Whether the console has a use for this part; the others are for a person with a text editor."""
    return name in _PARTS or name.startswith(_KEPT)


def _parts(path: Path) -> dict[str, bytes]:
    with path.open("rb") as file:
        begun = file.read(4) == b"PK\x03\x04"
        try:
            with zipfile.ZipFile(file) as archive:
                wanted = [one for one in archive.infolist() if _shown(one.filename)]
                _refuse_too_large(wanted)
                return {one.filename: unpacked(archive, one) for one in wanted if not one.is_dir()}
        except UNREADABLE as error:
            trouble = SnapshotTrouble.CUT if begun else SnapshotTrouble.NOT_ZIP
            raise SnapshotRefused(trouble, str(error)) from error


def _refuse_too_large(entries: list[zipfile.ZipInfo]) -> None:
    total = sum(entry.file_size for entry in entries)
    largest = max((entry.file_size for entry in entries), default=0)
    if len(entries) > MOST_FILES or total > MOST_BYTES or largest > MOST_OF_A_PART:
        raise SnapshotRefused(SnapshotTrouble.TOO_LARGE, f"{len(entries)} files, {total} bytes")


def _one(data: bytes, kind: type[T]) -> T | None:
    try:
        return msgspec.json.decode(data, type=kind)
    except NOT_UNDERSTOOD:
        return None


def _lines(parts: Mapping[str, bytes], name: str, kind: type[T]) -> Iterator[T]:
    """What can be read; a part that was cut may end in the middle of a line."""
    decoder = msgspec.json.Decoder(kind)
    for line in parts.get(name, b"").splitlines():
        try:
            yield decoder.decode(line)
        except NOT_UNDERSTOOD:
            continue
