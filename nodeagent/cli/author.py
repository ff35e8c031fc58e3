"""Whose name stands beside a configuration that was committed by command."""

import getpass


def author() -> str:
    """The user of the operating system, `local` where it has no name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "local"
