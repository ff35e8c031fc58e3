"""Mode bits and owners: who else gets at a file of the agent on Linux."""

import stat
import sys
from contextlib import suppress
from pathlib import Path
from shlex import quote

assert sys.platform != "win32"

import pwd  # noqa: E402


def opened(path: Path, secret: bool, var: Path) -> tuple[str, str]:
    """(who else may read a secret, or change what is none; the command against it), both empty when nobody may.

    Root and the owner of SAFEVAR may. Raises OSError when it is not there or cannot be looked at.
    """
    info, owner = path.stat(), var.stat().st_uid
    mode = stat.S_IMODE(info.st_mode)
    others, remedies = [], []
    if info.st_uid not in (0, owner):
        others.append(f"owner {_name(info.st_uid)}")
        remedies.append(f"chown {_name(owner)} {quote(str(path))}")
    own_group = info.st_gid == info.st_uid  # many systems give each user a group of his own, which may write
    if mode & (0o077 if secret else 0o002 if own_group else 0o022):
        others.append(f"mode {mode:o}")
        closed = ("700" if path.is_dir() else "600") if secret else "go-w"
        remedies.append(f"chmod {closed} {quote(str(path))}")
    return ", ".join(others), " && ".join(remedies)


def let_pass(folder: Path) -> None:
    """All may go through it to what they may use, only its owner may change what is in it. Another's stays as it is."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    right = (mode | 0o711) & ~0o022
    if mode != right:
        with suppress(PermissionError):
            folder.chmod(right)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
