"""Files for the snapshot: the end of a long one, and how a tree of them is protected."""

import stat
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

FILES = 5000


def tail(file: Path, size: int) -> bytes:
    """The last `size` bytes of a file that is no link, from the beginning of a line. Raises OSError."""
    if file.is_symlink():
        raise OSError(f"{file.name} is a link")
    with file.open("rb") as opened:
        length = opened.seek(0, 2)
        start = max(0, length - size)
        opened.seek(start)
        data = opened.read(size)
    return data.partition(b"\n")[2] if start and not data.startswith((b"\xff\xfe", b"\xfe\xff")) else data


def file_modes(trees: Iterable[Path]) -> bytes:
    """Mode, owner, size and time of every file, at most 5,000 of each tree."""
    lines = []
    for tree in trees:
        for number, path in enumerate([tree, *sorted(tree.rglob("*"))]):
            if number >= FILES:
                lines.append(f"… more in {tree}")
                break
            try:
                info = path.lstat()
            except OSError as error:
                lines.append(f"{path}: {error.strerror}")
                continue
            when = datetime.fromtimestamp(info.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            mode = stat.filemode(info.st_mode)
            lines.append(f"{mode} {info.st_uid}:{info.st_gid} {info.st_size:>12} {when} {path}")
    return "\n".join(lines).encode("utf-8", "replace")
