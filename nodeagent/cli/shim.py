"""`safekit …` as existing scripts call it. Which commands there are is in shim_table."""

import sys
from collections.abc import Callable, Sequence

from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.contract.shim_table import How, row_of

Dispatch = Callable[[Sequence[str]], int]
"""Runs a `keepgreen` command line."""

_HINT = "`keepgreen --help` shows what is possible"


def run(args: Sequence[str], dispatch: Dispatch) -> int:
    """Do what the table says. Raises CommandFailed."""
    words = list(args)
    if not words or words[0] in ("--help", "-h", "help"):
        return dispatch(["--help"])
    row = row_of(words)
    name = " ".join(words[:2] if words[0] == "-r" else words[:1])
    if row is None:
        raise CommandFailed(f"safekit {name}: no such command; {_HINT}", Exit.USAGE)
    match row.how:
        case How.SAME:
            return dispatch(words)
        case How.NOT_YET:
            note = f": {row.note}" if row.note else ""
            raise CommandFailed(f"safekit {name} is not in this version{note}", Exit.USAGE)
        case How.NOTHING:
            sys.stderr.write(f"safekit {name} does nothing here: {row.note}\n")
            return Exit.OK
        case How.TRANSLATED:
            return _translated(row.command, words, dispatch)


def _translated(command: str, words: list[str], dispatch: Dispatch) -> int:
    if command == "-H":
        return dispatch(words)
    if command == "-r exitcode":
        return _exitcode(words[2:])
    from nodeagent.cli import process_tree

    if command == "-r processtree":
        return process_tree.run(words[2:])
    return process_tree.bounded(words[2:])


def _exitcode(words: list[str]) -> int:
    try:
        code = int(words[0])
    except (IndexError, ValueError):
        raise CommandFailed("safekit -r exitcode wants a number", Exit.USAGE) from None
    return code & 0xFF
