"""Access lists and owners: who else gets at a file of the agent on Windows."""

import sys
from collections.abc import Set
from pathlib import Path
from typing import Any

assert sys.platform == "win32"

import ntsecuritycon as rights  # type: ignore[import-untyped]  # noqa: E402
import pywintypes  # type: ignore[import-untyped]  # noqa: E402
import win32api  # type: ignore[import-untyped]  # noqa: E402
import win32security  # type: ignore[import-untyped]  # noqa: E402

_TAKE = rights.WRITE_DAC | rights.WRITE_OWNER | rights.GENERIC_ALL
"""Who has one of these can give himself the rest."""
READ = rights.FILE_READ_DATA | rights.GENERIC_READ | _TAKE
CHANGE = (
    rights.FILE_WRITE_DATA
    | rights.FILE_APPEND_DATA
    | rights.FILE_DELETE_CHILD
    | rights.DELETE
    | rights.GENERIC_WRITE
    | _TAKE
)
"""In a folder: adding to it, or taking out of it."""

ADMINISTRATORS, SYSTEM, USERS = "S-1-5-32-544", "S-1-5-18", "S-1-5-32-545"
_INSTALLER = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
"""NT SERVICE\\TrustedInstaller, which %ProgramFiles% lists."""
_PLACEHOLDERS = ("S-1-3-0", "S-1-3-4")
"""Who makes a file, and who owns it: the owner is looked at by himself."""
_OWNER_AND_LIST = win32security.OWNER_SECURITY_INFORMATION | win32security.DACL_SECURITY_INFORMATION
_INHERITED_BELOW = win32security.OBJECT_INHERIT_ACE | win32security.CONTAINER_INHERIT_ACE


def opened(path: Path, secret: bool, var: Path) -> tuple[str, str]:
    """(who else may read a secret, or change what is none; the commands against it), both empty when nobody may.

    Administrators, the system, this user and the owner of SAFEVAR may. Raises OSError when it is not there or cannot
    be looked at.
    """
    found = strangers(path, READ if secret else CHANGE, _owner(_described(var)))
    if not found:
        return "", ""
    if None in found:
        grants = f"*{ADMINISTRATORS}:F *{SYSTEM}:F"
        return "everybody, it has no access list", f'icacls "{path}" /inheritance:r /grant:r {grants}'
    sids = [sid for sid in found if sid]
    remedies = [f'icacls "{path}" /inheritance:d', f'icacls "{path}" /remove:g {" ".join(f"*{sid}" for sid in sids)}']
    if _owner(_described(path)) in found:
        remedies.append(f'icacls "{path}" /setowner *{ADMINISTRATORS}')
    return ", ".join(map(_name, sids)), ", then ".join(remedies)


def strangers(path: Path, wanted: int, *trusted: str) -> tuple[str | None, ...]:
    """The SIDs beside administrators, system and this user that have one of the wanted rights; None: everybody has.

    Raises OSError.
    """
    return holders(_described(path), wanted, {_sid_of_user(), *trusted})


def holders(descriptor: Any, wanted: int, trusted: Set[str]) -> tuple[str | None, ...]:
    """`strangers` by a security descriptor. What is denied to somebody is not taken off: it seldom says all."""
    entries = descriptor.GetSecurityDescriptorDacl()
    if entries is None:
        return (None,)
    known = {ADMINISTRATORS, SYSTEM, _INSTALLER, *_PLACEHOLDERS, *trusted}
    found = [owner for owner in (_owner(descriptor),) if owner and owner not in known]
    for number in range(entries.GetAceCount()):
        try:
            (kind, _), mask, *_, sid = entries.GetAce(number)
        except NotImplementedError:
            continue  # allowed on a condition, which no installer sets and nobody can judge here
        text = str(win32security.ConvertSidToStringSid(sid))
        if kind == win32security.ACCESS_ALLOWED_ACE_TYPE and mask & wanted and text not in known:
            found.append(text)
    return tuple(dict.fromkeys(found))


def let_others_only_read(folder: Path) -> None:
    """Administrators and the system get all rights in it, users may read, nobody else comes in. Raises OSError."""
    allowed = win32security.ACL()
    for sid, mask in (
        (ADMINISTRATORS, rights.FILE_ALL_ACCESS),
        (SYSTEM, rights.FILE_ALL_ACCESS),
        (USERS, rights.FILE_GENERIC_READ | rights.FILE_GENERIC_EXECUTE),
    ):
        who = win32security.ConvertStringSidToSid(sid)
        allowed.AddAccessAllowedAceEx(win32security.ACL_REVISION, _INHERITED_BELOW, mask, who)
    protected = win32security.DACL_SECURITY_INFORMATION | win32security.PROTECTED_DACL_SECURITY_INFORMATION
    try:
        win32security.SetNamedSecurityInfo(
            str(folder), win32security.SE_FILE_OBJECT, protected, None, None, allowed, None
        )
    except pywintypes.error as error:
        raise OSError(error.winerror, f"the rights of {folder} cannot be set: {error.strerror}") from error


def _described(path: Path) -> Any:
    try:
        return win32security.GetNamedSecurityInfo(str(path), win32security.SE_FILE_OBJECT, _OWNER_AND_LIST)
    except pywintypes.error as error:
        raise OSError(error.winerror, f"{path}: {error.strerror}") from error


def _owner(descriptor: Any) -> str:
    owner = descriptor.GetSecurityDescriptorOwner()
    return str(win32security.ConvertSidToStringSid(owner)) if owner else ""


def _sid_of_user() -> str:
    token = win32security.OpenProcessToken(win32api.GetCurrentProcess(), win32security.TOKEN_QUERY)
    return str(
        win32security.ConvertSidToStringSid(win32security.GetTokenInformation(token, win32security.TokenUser)[0])
    )


def _name(sid: str) -> str:
    try:
        name, domain, _ = win32security.LookupAccountSid(None, win32security.ConvertStringSidToSid(sid))
    except pywintypes.error:
        return sid
    return f"{domain}\\{name}" if domain else str(name)
