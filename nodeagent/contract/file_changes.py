"""What differs between two sets of files, for a person to read. Pure."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Literal

from nodeagent.contract.revisions import FileChange

MAX_LINES = 5000
"""Of a file that is compared line by line: the comparison takes time by the square of it."""
MAX_DIFF = 64 * 1024
"""Characters of one file's diff."""
MAX_ALL = 1024 * 1024
"""Characters of all of them together."""


def file_changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> tuple[FileChange, ...]:
    """Every file that is not the same in both, by path."""
    left = MAX_ALL
    found: list[FileChange] = []
    for path in changed_paths(before, after):
        change = _change(path, before.get(path), after.get(path), min(left, MAX_DIFF))
        left -= len(change.diff)
        found.append(change)
    return tuple(found)


def changed_paths(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """The paths whose content (or its digest) is not the same in both."""
    return tuple(path for path in sorted({*before, *after}) if before.get(path) != after.get(path))


def _change(path: str, old: bytes | None, new: bytes | None, most: int) -> FileChange:
    kind: Literal["added", "removed", "changed"] = "added" if old is None else "removed" if new is None else "changed"
    was, now = _lines(old), _lines(new)
    if was is None or now is None:
        return FileChange(path, kind)
    if max(len(was), len(now)) > MAX_LINES:
        return FileChange(path, kind, cut=True)
    text = "".join(_ended(difflib.unified_diff(was, now, f"a/{path}", f"b/{path}")))
    if len(text) <= most:
        return FileChange(path, kind, text)
    return FileChange(path, kind, text[: text.rfind("\n", 0, most) + 1], cut=True)


def _lines(data: bytes | None) -> list[str] | None:
    """Its lines, None when it is no text."""
    if data is None:
        return []
    if b"\0" in data:
        return None
    # Only at line feeds: a carriage return is a difference that a script can die of.
    *whole, last = data.decode("utf-8", "replace").split("\n")
    return [f"{line}\n" for line in whole] + ([last] if last else [])


def _ended(lines: Iterable[str]) -> Iterable[str]:
    return (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
