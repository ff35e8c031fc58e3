"""The files of a module: which paths are allowed, how they are written, which of them are its scripts. Pure.

Paths are relative, with `/`, and mean the same on Linux and Windows, so what one of them cannot hold is refused
on both.
"""

import re
from collections.abc import Iterable, Mapping

from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.states import Script

ROOTS = ("bin", "conf", "web")
USERCONFIG = "conf/userconfig.xml"
MAX_FILES = 2000
MAX_BYTES = 256 * 1024 * 1024
POSIX_SUFFIXES = ("", ".sh")
WINDOWS_SUFFIXES = (".ps1", ".cmd", ".bat", ".exe", ".vbs")

_CRLF_SUFFIXES = (".cmd", ".bat", ".ps1")
_FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f\x7f]')
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
_MAX_PART = 120
_MAX_PATH = 200


def path_problem(path: str) -> str:
    """Why a module cannot hold this path; empty when it can."""
    if not path or len(path.encode("utf-8", "replace")) > _MAX_PATH:
        return f"a path has 1 to {_MAX_PATH} bytes"
    if not path.isprintable():
        return "unprintable characters are not allowed in a path"
    if found := _FORBIDDEN.search(path):
        return f"the character {found.group()!r} is not allowed in a path"
    parts = path.split("/")
    for part in parts:
        if part in ("", ".", ".."):
            return "a path is relative, without empty, '.' or '..' parts"
        if len(part.encode("utf-8", "replace")) > _MAX_PART:
            return f"a name in a path has at most {_MAX_PART} bytes"
        if part.startswith(" ") or part.endswith((" ", ".")):
            return f"the name {part!r} begins or ends with a space or ends with a dot"
        if _DEVICE.fullmatch(part):
            return f"the name {part!r} is a device on Windows"
    if parts[0] not in ROOTS or len(parts) == 1:
        return f"a module holds files in {', '.join(f'{root}/' for root in ROOTS)} only"
    return ""


def paths_problems(paths: Iterable[str], file: str = "") -> list[Problem]:
    """Everything wrong with these paths together: each by itself, and names that collide on some system."""
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    good: list[str] = []
    for path in paths:
        if why := path_problem(path):
            problems.append(Problem(Severity.ERROR, f"{path!r}: {why}", file))
        elif other := seen.get(path.casefold()):
            same = "is there twice" if other == path else f"and {other!r} are the same file on Windows"
            problems.append(Problem(Severity.ERROR, f"{path!r} {same}", file))
        else:
            seen[path.casefold()] = path
            good.append(path)
    for path in good:
        parts = path.casefold().split("/")
        for length in range(2, len(parts)):
            if other := seen.get("/".join(parts[:length])):
                problems.append(Problem(Severity.ERROR, f"{other!r} is a file and a directory (of {path!r})", file))
    return problems


def files_problems(files: Mapping[str, bytes], file: str = "") -> list[Problem]:
    """Everything wrong with a module's set of files, before its configuration is read."""
    problems = paths_problems(files, file)
    if len(files) > MAX_FILES:
        problems.append(Problem(Severity.ERROR, f"{len(files)} files, at most {MAX_FILES} are allowed", file))
    if (total := sum(map(len, files.values()))) > MAX_BYTES:
        problems.append(Problem(Severity.ERROR, f"{total} bytes, at most {MAX_BYTES} are allowed", file))
    if USERCONFIG not in files:
        problems.append(Problem(Severity.ERROR, f"{USERCONFIG} is missing", file))
    return problems


def suffix_of(path: str) -> str:
    """`.cmd` of `bin/start_both.CMD`; empty when the name has none."""
    name = path.rsplit("/", 1)[-1]
    dot = name.rfind(".")
    return name[dot:].lower() if dot > 0 else ""


def is_posix_program(path: str, data: bytes) -> bool:
    """Whether Linux is to be able to execute it: in bin/, without extension or `.sh`, or with a `#!` line."""
    return path.startswith("bin/") and (suffix_of(path) in POSIX_SUFFIXES or data.startswith(b"#!"))


def as_written(path: str, data: bytes) -> bytes:
    """The bytes as every node writes them: Linux scripts with LF, `.cmd .bat .ps1` with CRLF, the rest as it is."""
    if not path.startswith("bin/") or b"\0" in data:
        return data
    if suffix_of(path) in _CRLF_SUFFIXES:
        return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data.replace(b"\r\n", b"\n") if is_posix_program(path, data) else data


def script_candidates(paths: Iterable[str], script: Script, suffixes: tuple[str, ...]) -> list[str]:
    """The files in bin/ that could be this script, the one that runs first."""
    fold = str.lower if suffixes == WINDOWS_SUFFIXES else str
    by_name = {fold(path): path for path in paths}
    wanted = (f"bin/{script}{suffix}" for suffix in suffixes)
    return [by_name[name] for name in wanted if name in by_name]
