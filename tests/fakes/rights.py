"""Files that everybody may read, or change, on any system."""

import sys
from pathlib import Path

if sys.platform == "win32":
    import ntsecuritycon as rights
    import win32security

    def open_to_all(path: Path, *, change: bool = False) -> None:
        """Everybody may read it; with `change` write it, too."""
        allowed = win32security.ACL()
        for sid, mask in (
            ("S-1-5-18", rights.FILE_ALL_ACCESS),
            ("S-1-5-32-544", rights.FILE_ALL_ACCESS),
            ("S-1-1-0", rights.FILE_GENERIC_READ | (rights.FILE_GENERIC_WRITE if change else 0)),
        ):
            allowed.AddAccessAllowedAce(win32security.ACL_REVISION, mask, win32security.ConvertStringSidToSid(sid))
        win32security.SetNamedSecurityInfo(
            str(path),
            win32security.SE_FILE_OBJECT,
            win32security.DACL_SECURITY_INFORMATION | win32security.PROTECTED_DACL_SECURITY_INFORMATION,
            None,
            None,
            allowed,
            None,
        )

else:

    def open_to_all(path: Path, *, change: bool = False) -> None:
        """Everybody may read it; with `change` write it, too."""
        path.chmod((0o755 if path.is_dir() else 0o644) | (0o022 if change else 0))
