"""Options that many commands share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nodeagent.cli.exits import CommandFailed, Exit

F = TypeVar("F", bound=Callable[..., Any])


def module_option(command: F) -> F:
    """`-m`; client.module_name fills in what is left out."""
    return click.option(
        "-m",
        "module",
        default="",
        metavar="MODULE",
        help="The module; left out: SAFEMODULE, else the only module there is.",
    )(command)


def json_option(command: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Write JSON instead of text.")(command)


def identity_option(command: F) -> F:
    """`-i who`."""
    return click.option(
        "-i", "identity", default="", metavar="WHO", help="Who asks; the action then counts against maxloop."
    )(command)


def read_file(path: str) -> bytes:
    """The bytes of a file. Raises CommandFailed with one sentence."""
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandFailed(f"{path} cannot be read: {reason}", Exit.BAD_DATA) from None
