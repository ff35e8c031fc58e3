"""The script output files of a module: listed, read in pieces, and removed when they are old. Blocks.

A file belongs to the script of which its name ends: `userlog_<time>_<script>.ulog`.
"""

from contextlib import suppress
from pathlib import Path

from nodeagent.contract.api import FileInfo

PATTERN = "*.ulog"


def outputs(directory: Path) -> tuple[FileInfo, ...]:
    """The files, newest first."""
    known = []
    for file in directory.glob(PATTERN) if directory.is_dir() else ():
        with suppress(OSError):  # rotated away in this moment
            if file.is_file() and not file.is_symlink():
                known.append((file.name, file.stat()))
    return tuple(
        FileInfo(name, stat.st_size, stat.st_mtime)
        for name, stat in sorted(known, key=lambda one: (one[1].st_mtime, one[0]), reverse=True)
    )


def piece(file: Path, offset: int, limit: int) -> bytes:
    """At most `limit` bytes from `offset` on; nothing behind the end. Raises OSError."""
    with file.open("rb") as opened:
        opened.seek(offset)
        return opened.read(limit)


def remove_old(directory: Path, before: float) -> int:
    """Remove the files last written before this wall time; how many went.

    The newest of each script stays: the application it started may still write into it.
    """
    kept: set[str] = set()
    removed = 0
    for known in outputs(directory):
        script = known.path.split("_", 2)[-1]
        if script in kept and known.time < before:
            with suppress(OSError):
                (directory / known.path).unlink()
                removed += 1
        kept.add(script)
    return removed
