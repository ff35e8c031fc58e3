"""The process table of Linux, read from /proc."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

assert sys.platform == "linux"

_TICK = os.sysconf("SC_CLK_TCK")
_KTHREADD = 2
_COMM_LENGTH = 15
_DELETED = " (deleted)"


@dataclass(frozen=True, slots=True)
class Stat:
    """One process as the kernel tells it in a single read."""

    pid: int
    name: str
    """The kernel's name of it, at most 15 characters."""
    ended: bool
    """A zombie: only its exit code is left."""
    parent: int
    session: int
    created: float
    """Seconds after boot: no correction of the wall clock moves it."""


def stat(pid: int) -> Stat | None:
    """The process with this pid; None when there is none."""
    try:
        file = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, ProcessLookupError):
        return None
    try:
        text = os.read(file, 4096)
    except ProcessLookupError:
        return None
    finally:
        os.close(file)
    start, end = text.index(b"("), text.rindex(b")")
    fields = text[end + 2 :].split()
    return Stat(
        pid=pid,
        name=os.fsdecode(text[start + 1 : end]),
        ended=fields[0] in (b"Z", b"X"),
        parent=int(fields[1]),
        session=int(fields[3]),
        created=int(fields[19]) / _TICK,
    )


def stats() -> Iterator[Stat]:
    """All processes, zombies included."""
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdigit()]
    for pid in pids:
        if found := stat(pid):
            yield found


def created(pid: int) -> float | None:
    """When the process began, in seconds after boot (a zombie counts); None when there is none."""
    found = stat(pid)
    return found.created if found else None


def arguments(pid: int) -> list[str]:
    """Its command line; empty when it is gone, a zombie or a kernel thread."""
    try:
        text = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [os.fsdecode(part) for part in text.rstrip(b"\0").split(b"\0")] if text else []


def command_line(pid: int) -> str:
    """Its command line, arguments joined by spaces."""
    return " ".join(arguments(pid))


def executable(pid: int) -> str:
    """File name of its program, though that may have been replaced since; empty when it may not be read."""
    try:
        path = os.readlink(f"/proc/{pid}/exe")  # noqa: PTH115
    except OSError:
        return ""
    return path.removesuffix(_DELETED).rpartition("/")[2]


def environment(pid: int) -> frozenset[bytes]:
    """`NAME=value` entries it was started with; empty when it may not be read."""
    try:
        return frozenset(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))
    except OSError:
        return frozenset()


def programs() -> Iterator[tuple[int, tuple[str, ...]]]:
    """Every living program with the names it goes by.

    Its kernel name (for a script with a `#!` line that is the script), in full where the kernel cut it
    and the first arguments tell the rest, and the file name of its executable.
    """
    for entry in stats():
        if entry.ended or _KTHREADD in (entry.pid, entry.parent):
            continue
        names = [entry.name]
        if len(entry.name) == _COMM_LENGTH:
            bases = (os.path.basename(argument) for argument in arguments(entry.pid)[:3])  # noqa: PTH119
            names += [base for base in bases if base.startswith(entry.name)]
        if file := executable(entry.pid):
            names.append(file)
        yield entry.pid, tuple(names)


def machine_boot() -> str:
    """A word of the kernel, drawn at random at each boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
