"""Files that are either the old or the new one, whatever happens while they are written. Blocks: not on the loop.

A file or directory is written beside its place, brought to the disk, and renamed into it. One writer per path.
"""

import os
import shutil
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

PUBLIC = 0o644
PRIVATE = 0o600
PROGRAM = 0o755

_REPLACE_TRIES = 40
_REPLACE_PAUSE = 0.05


def wall_time() -> float:
    """Seconds since 1970, for what is kept and shown; never for durations."""
    return datetime.now(UTC).timestamp()


@dataclass(frozen=True, slots=True)
class FileContent:
    """What a file of a tree holds, and its mode."""

    data: bytes
    mode: int = PUBLIC


def write_durably(path: Path, data: bytes, mode: int = PUBLIC) -> None:
    """Replace `path` at once and for good; with PRIVATE only this user and the administrators may read it.

    Makes missing directories. Raises OSError and leaves the old file as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    try:
        _write_file(fresh, FileContent(data, mode))
        _replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def write_tree_durably(target: Path, files: Mapping[str, FileContent]) -> None:
    """Make `target` a directory with exactly these files (relative paths with `/`), complete before it is there.

    An old directory in its place is away only between two renames; `settle_tree` brings it back after a crash there.
    """
    _settle(target, ignore_errors=False)
    fresh, old = _beside(target)
    try:
        fresh.mkdir(parents=True)
        for name, content in files.items():
            place = fresh / name
            place.parent.mkdir(parents=True, exist_ok=True)
            _write_file(place, content)
        for directory, _, _ in os.walk(fresh, topdown=False):
            sync_directory(Path(directory))
        if target.exists():
            _replace(target, old)
        _replace(fresh, target)
    except BaseException:
        settle_tree(target)
        raise
    sync_directory(target.parent)
    shutil.rmtree(old, ignore_errors=True)


def settle_tree(target: Path) -> None:
    """Clear away what a crash inside `write_tree_durably` left beside `target`; the old content comes back.

    Left for the next time is what cannot be cleared away now: on Windows another program may hold a file of it.
    """
    _settle(target, ignore_errors=True)


def remove_tree(target: Path) -> None:
    """Delete a directory; a crash half-way leaves nothing that looks like it."""
    _settle(target, ignore_errors=False)
    _replace(target, _gone(target))
    shutil.rmtree(_gone(target))


def set_aside(path: Path) -> Path:
    """Rename something unreadable to `<name>.corrupt-<time>`, which is returned."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    _replace(path, aside)
    return aside


def sync_directory(directory: Path) -> None:
    """Bring the names in a directory to the disk. Windows does so by itself and cannot be asked."""
    if sys.platform != "win32":
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def make_private(path: Path) -> None:
    """Keep everybody but this user and the administrators away from a file or directory."""
    if sys.platform == "win32":
        _restrict_access(path)
    else:
        path.chmod(0o700 if path.is_dir() else PRIVATE)


def _beside(target: Path) -> tuple[Path, Path]:
    return target.with_name(f".{target.name}.new"), target.with_name(f".{target.name}.old")


def _gone(target: Path) -> Path:
    return target.with_name(f".{target.name}.gone")


def _settle(target: Path, *, ignore_errors: bool) -> None:
    fresh, old = _beside(target)
    if old.exists() and not target.exists():
        _replace(old, target)
    for leftover in (fresh, old, _gone(target)):
        if leftover.exists():
            shutil.rmtree(leftover, ignore_errors=ignore_errors)


def _write_file(path: Path, content: FileContent) -> None:
    path.unlink(missing_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, content.mode), "wb") as file:
        if content.mode == PRIVATE:
            make_private(path)
        elif sys.platform != "win32":
            os.fchmod(file.fileno(), content.mode)
        file.write(content.data)
        file.flush()
        os.fsync(file.fileno())


def _replace(source: Path, target: Path) -> None:
    """On Windows a virus scanner or a reader holds files for moments: try again for 2 s."""
    tries = _REPLACE_TRIES if sys.platform == "win32" else 1
    for left in reversed(range(tries)):
        try:
            source.replace(target)
        except PermissionError as error:
            if not left and sys.platform == "win32":  # whose words name the source, and rights alone
                text = f"another program may have it open ({error.strerror})"
                raise PermissionError(error.errno, text, str(target)) from error
            if not left:
                raise
            time.sleep(_REPLACE_PAUSE)
        else:
            return


if sys.platform == "win32":
    import ntsecuritycon  # type: ignore[import-untyped]
    import win32api  # type: ignore[import-untyped]
    import win32security  # type: ignore[import-untyped]

    def _restrict_access(path: Path) -> None:
        token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32security.TOKEN_QUERY)
        allowed = win32security.ACL()
        inherit = win32security.OBJECT_INHERIT_ACE | win32security.CONTAINER_INHERIT_ACE if path.is_dir() else 0
        for owner in (
            win32security.CreateWellKnownSid(win32security.WinBuiltinAdministratorsSid, None),
            win32security.CreateWellKnownSid(win32security.WinLocalSystemSid, None),
            win32security.GetTokenInformation(token, win32security.TokenUser)[0],
        ):
            allowed.AddAccessAllowedAceEx(win32security.ACL_REVISION, inherit, ntsecuritycon.FILE_ALL_ACCESS, owner)
        win32security.SetNamedSecurityInfo(
            str(path),
            win32security.SE_FILE_OBJECT,
            win32security.DACL_SECURITY_INFORMATION | win32security.PROTECTED_DACL_SECURITY_INFORMATION,
            None,
            None,
            allowed,
            None,
        )
