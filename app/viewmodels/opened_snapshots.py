"""Opening snapshots: files are read beside the window, sorted into clusters, or refused in one sentence each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.services.snapshot_file import (
    MOST_BYTES,
    MOST_OF_A_PART,
    SnapshotFile,
    SnapshotRefused,
    SnapshotTrouble,
    read_snapshot,
)
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import file_size, joined, moment, names, tr, trn

PATIENCE = 0.3
"""Seconds without a word."""
NAMED = 3
"""Missing parts that are named; more are counted."""


class SnapshotOpener(QObject):
    """`opened(files)` for the files of each cluster, `refused(sentences)` for what is no snapshot.

    `begun(words)` when it takes so long that somebody may wonder.
    """

    begun = Signal(str)
    opened = Signal(object)
    refused = Signal(str)

    def __init__(self, tasks: Tasks, read: Callable[[Path], SnapshotFile] = read_snapshot) -> None:
        super().__init__()
        self._tasks, self._read = tasks, read

    def open(self, paths: Sequence[Path]) -> None:
        """Read these files."""
        if paths:
            self._tasks.start(self._open(tuple(paths)), "open snapshots")

    async def _open(self, paths: tuple[Path, ...]) -> None:
        files, refusals = [], []
        words = trn("Reading {count} snapshot…", "Reading {count} snapshots…", len(paths))
        patience = asyncio.get_running_loop().call_later(PATIENCE, self.begun.emit, words)
        try:
            for path in paths:
                try:
                    files.append(await asyncio.to_thread(self._read, path))
                except SnapshotRefused as refused:
                    refusals.append(refusal_words(path, refused))
        finally:
            patience.cancel()
        for group in grouped(files):
            self.opened.emit(group)
        if refusals:
            self.refused.emit("\n".join(refusals))


def grouped(files: Sequence[SnapshotFile]) -> tuple[tuple[SnapshotFile, ...], ...]:
    """Those of one cluster together, each node once: what was taken of a node later stands for itself."""
    groups: list[list[SnapshotFile]] = []
    for file in sorted(files, key=lambda one: one.status.time):
        fitting = (
            group
            for group in groups
            if group[0].status.cluster_signature == file.status.cluster_signature
            and group[0].anonymised == file.anonymised
            and file.status.node not in {one.status.node for one in group}
        )
        group = next(fitting, None)
        if group is None:
            groups.append(group := [])
        group.append(file)
    return tuple(map(tuple, groups))


def band_words(files: Sequence[SnapshotFile]) -> tuple[str, str]:
    """What stands above each page of a snapshot: of whom and from when, and what is not in it."""
    now = datetime.now(UTC).timestamp()
    times = sorted(file.status.time for file in files)
    taken = list(dict.fromkeys((moment(times[0], now), moment(times[-1], now))))
    title = tr(
        "Snapshot of {nodes}, taken {moment}, read only",
        nodes=names(file.status.node for file in files),
        moment=taken[0] if len(taken) == 1 else tr("{first} to {last}", first=taken[0], last=taken[1]),
    )
    hidden = tr("Addresses and names are replaced") if any(file.anonymised for file in files) else ""
    return title, joined((hidden, *(_missing(file) for file in files if file.missing)))


def _missing(file: SnapshotFile) -> str:
    shown = names(file.missing[:NAMED])
    if (rest := len(file.missing) - NAMED) > 0:
        shown = trn("{parts} and {count} more", "{parts} and {count} more", rest, parts=shown)
    return tr("not whole of {node}: {parts}", node=file.status.node, parts=shown)


def refusal_words(path: Path, refused: SnapshotRefused) -> str:
    """Why a file was not opened, and what helps."""
    match refused.trouble:
        case SnapshotTrouble.NOT_READABLE:
            return tr("{file} cannot be read: {why}.", file=path.name, why=refused.detail)
        case SnapshotTrouble.NOT_ZIP:
            return tr(
                "{file} is no zip file: a snapshot is the file that Support or keepgreen snapshot saved.",
                file=path.name,
            )
        case SnapshotTrouble.CUT:
            return tr("{file} is damaged or was cut on its way: copy it once more.", file=path.name)
        case SnapshotTrouble.FOREIGN:
            return tr("{file} is no snapshot of a node: there is no status.json in it.", file=path.name)
        case SnapshotTrouble.TOO_LARGE:
            return tr(
                "{file} is larger than a snapshot can be: allowed are {all} unpacked, {part} for each part.",
                file=path.name,
                all=file_size(MOST_BYTES),
                part=file_size(MOST_OF_A_PART),
            )
        case SnapshotTrouble.NOT_UNDERSTOOD:
            return tr("{file} was saved by another version, which this console does not understand.", file=path.name)
