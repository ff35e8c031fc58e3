"""The files that hold what scripts say: named, kept small, kept few.

A script, and the application it leaves behind, writes into its file itself, in append mode, for as
long as it lives. So a file can be cut from outside at any time: the next write lands at its new end.
"""

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

KEPT = 50
"""Files a module keeps; the ones written to longest ago go first."""

WORDS = 300
"""Characters of a script's last words."""

_PATTERN = "userlog_*.ulog"
_MARK = re.compile(rb"\n?\[Keepgreen: (\d+) bytes were cut out here\]\n")
_MARK_LENGTH = 80
_LINE = 4096
_CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x1f\x7f]+")


def file_name(script: str, now: datetime) -> str:
    """`userlog_<ISO time>_<script>.ulog`, the time in UTC and without the characters Windows refuses."""
    stamp = now.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%S.%f")
    return f"userlog_{stamp}Z_{script}.ulog"


def rotate(directory: Path, keep: int = KEPT) -> None:
    """Remove the files written to longest ago until `keep` are left; one that cannot be removed stays."""
    dated = []
    for path in directory.glob(_PATTERN):
        with suppress(OSError):
            dated.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(dated)[: max(0, len(dated) - keep)]:
        with suppress(OSError):
            path.unlink()


def trim(path: Path, cap: int) -> None:
    """Cut the middle out of a file over `cap` bytes: its beginning, a line that says how much, its newest end.

    Writers in append mode go on undisturbed; what they write during the cut may fall to it. Raises OSError.
    """
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        if size <= cap:
            return
        file.seek(0)
        head = file.read(cap // 4 + _MARK_LENGTH)
        before = 0
        if mark := _MARK.search(head):
            head, before = head[: mark.start()], int(mark[1])
            rest = mark.end()
        else:
            head = _whole_lines(head[: cap // 4])
            rest = len(head)
        start = max(size - cap // 2, rest)
        file.seek(start)
        tail = file.read(cap // 2)
        line_end = tail.find(b"\n", 0, _LINE)
        if 0 <= line_end < len(tail) - 1:
            start, tail = start + line_end + 1, tail[line_end + 1 :]
        file.seek(len(head))
        file.write(b"\n" * (not head.endswith(b"\n")) + _mark(before + start - rest) + tail)
        file.truncate()


def sweep(caps: Mapping[Path, int]) -> int:
    """Trim the files in these directories to their caps; the bytes all of them hold, to see whether they grow."""
    total = 0
    for directory, cap in caps.items():
        for path in directory.glob(_PATTERN):
            with suppress(OSError):
                if (size := path.stat().st_size) > cap:
                    trim(path, cap)
                total += size
    return total


def last_words(path: Path, encodings: Iterable[str] = ("utf-8",)) -> str:
    """The last line in the file that says something, at most 300 characters of it; empty when there is none."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, file.seek(0, 2) - _LINE))
            lines = file.read().splitlines()
    except OSError:
        return ""
    for line in reversed(lines):
        text = _CONTROL.sub("", _decode(line, encodings).replace("\t", " ")).strip()
        if text and not _MARK.match(line + b"\n"):
            return text[:WORDS]
    return ""


def _decode(line: bytes, encodings: Iterable[str]) -> str:
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            return line.decode(encoding)
    return line.decode(errors="replace")


def _whole_lines(text: bytes) -> bytes:
    end = text.rfind(b"\n", max(0, len(text) - _LINE))
    return text[: end + 1] if end >= 0 else text


def _mark(count: int) -> bytes:
    return b"[Keepgreen: %d bytes were cut out here]\n" % count
