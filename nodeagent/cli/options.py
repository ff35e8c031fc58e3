"""Options that many commands share."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nodeagent.cli.exits import CommandFailed, Exit

F = TypeVar("F", bound=Callable[..., Any])

LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is read: what the agent takes at once."""


PIN_DIGITS = 64


def is_pin(text: str) -> bool:
    """Whether this is a pin as `fingerprint` shows it."""
    return len(text) == PIN_DIGITS and not set(text.lower()) - set("0123456789abcdef")


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
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)  # /dev/zero has no end
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandFailed(f"{path} cannot be read: {reason}", Exit.BAD_DATA) from None
    if len(data) > LARGEST:
        raise CommandFailed(f"{path} has more than {LARGEST >> 20} MiB, which no file of ours has", Exit.BAD_DATA)
    return data


def stdin_line() -> str:
    """The next line of the standard input, empty at its end. Raises CommandFailed."""
    try:
        line = sys.stdin.readline().rstrip("\r\n")
        line.encode()
    except UnicodeError:
        raise CommandFailed("the standard input is not UTF-8 text", Exit.BAD_DATA) from None
    return line
