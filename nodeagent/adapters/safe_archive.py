"""`.safe` archives: zip files with `conf/`, `bin/` and `web/` at their root, from wherever they come.

Everything is judged from the directory of the archive before a byte is unpacked, and nothing touches the disk.
"""

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping

from nodeagent.contract.errors import Problem, Severity, errors_of
from nodeagent.contract.module_files import (
    MAX_BYTES,
    MAX_FILES,
    ROOTS,
    USERCONFIG,
    is_posix_program,
    path_problem,
    paths_problems,
)

MAX_RATIO = 200
_RATIO_FROM = 1024 * 1024
_ENCRYPTED = 0x1
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_POSIX = 3
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
    OSError,
)


def read_archive(data: bytes, file: str = "module.safe") -> tuple[dict[str, bytes] | None, list[Problem]]:
    """The files by path, or None exactly when an error is among the problems; all of them are reported.

    What lies outside of the three directories is left out with a warning.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            problems = _directory_problems(entries, file)
            if errors_of(problems):
                return None, problems
            files: dict[str, bytes] = {}
            for entry in entries:
                name = entry.orig_filename
                if _root(name) in ROOTS and not name.endswith("/"):
                    files[name] = _content(archive, entry)
    except _UNREADABLE as error:
        text = f"this is not a readable zip archive ({str(error) or type(error).__name__})"
        return None, [Problem(Severity.ERROR, text, file)]
    return files, problems


def write_archive(files: Mapping[str, bytes]) -> bytes:
    """The archive of these files; the same files always give the same bytes."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _NO_TIME)
            entry.create_system = _POSIX
            entry.external_attr = (stat.S_IFREG | (0o755 if is_posix_program(path, data) else 0o644)) << 16
            entry.compress_type = zipfile.ZIP_STORED if _too_dense(data) else zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return whole.getvalue()


def _too_dense(data: bytes) -> bool:
    """Whether it would shrink so much that `read_archive` takes it for a bomb."""
    return len(data) > _RATIO_FROM and len(data) > MAX_RATIO * len(zlib.compress(data))


def _directory_problems(entries: list[zipfile.ZipInfo], file: str) -> list[Problem]:
    problems: list[Problem] = []
    if len(entries) > MAX_FILES:
        problems.append(_error(f"{len(entries)} entries, at most {MAX_FILES} are allowed", file))
        return problems
    if (total := sum(entry.file_size for entry in entries)) > MAX_BYTES:
        problems.append(_error(f"{total} bytes when unpacked, at most {MAX_BYTES} are allowed", file))
    for entry in entries:
        if why := _entry_problem(entry):
            problems.append(_error(f"{entry.orig_filename!r}: {why}", file))
    inside: list[str] = []
    outside: set[str] = set()
    for name in (entry.orig_filename for entry in entries):
        if _root(name) in ROOTS and not name.endswith("/"):
            inside.append(name)
        elif why := path_problem(f"conf/{name.removesuffix('/')}"):
            problems.append(_error(f"{name!r}: {why}", file))
        elif _root(name) not in ROOTS:
            outside.add(_root(name) or name)
    problems += paths_problems(inside, file)
    if outside:
        text = f"{', '.join(map(repr, sorted(outside)))} left out: a module holds {', '.join(ROOTS)} only"
        problems.append(Problem(Severity.WARNING, text, file))
    if USERCONFIG not in inside:
        problems.append(_error(f"{USERCONFIG} is missing", file))
    return problems


def _entry_problem(entry: zipfile.ZipInfo) -> str:
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "links and special files are not allowed"
    if entry.flag_bits & _ENCRYPTED:
        return "encrypted entries are not allowed"
    if entry.compress_type not in _METHODS:
        return "it is compressed in another way than deflate"
    if entry.file_size > _RATIO_FROM and entry.file_size > MAX_RATIO * max(entry.compress_size, 1):
        return f"it grows more than {MAX_RATIO} times when unpacked"
    return ""


def _content(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """At most what the directory says, so that a lying directory cannot fill the memory."""
    with archive.open(entry) as stream:
        content = stream.read(entry.file_size + 1)
    if len(content) != entry.file_size:
        raise zipfile.BadZipFile(f"{entry.orig_filename!r} has another size than its directory says")
    return content


def _root(name: str) -> str:
    """The directory at the root of the archive; empty for a file that lies at the root itself."""
    return name.split("/", 1)[0] if "/" in name else ""


def _error(text: str, file: str) -> Problem:
    return Problem(Severity.ERROR, text, file)
