"""`safekit -r processtree` and `-r boundcmd`: processes with all their children."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence

import psutil

from nodeagent.cli.exits import CommandFailed, Exit

_GRACE = 3.0
"""Seconds between the polite and the final signal."""


def run(words: Sequence[str]) -> int:
    """`list [PID|NAME [REGEX]]`, `kill PID|NAME [REGEX]`. Raises CommandFailed."""
    if list(words[:1]) == ["list"]:
        for root in _roots(words[1:]) if len(words) > 1 else _tops():
            for line in _lines(root, 0):
                sys.stdout.write(line + "\n")
        return Exit.OK
    if list(words[:1]) == ["kill"] and len(words) > 1:
        roots = [process for process in _roots(words[1:]) if process.pid not in _own_line()]
        if not roots:
            raise CommandFailed(f"safekit -r processtree kill: no process {words[1]}", Exit.USAGE)
        for root in roots:
            end_tree(root)
        return Exit.OK
    raise CommandFailed("safekit -r processtree wants `list [PID|NAME]` or `kill PID|NAME`", Exit.USAGE)


def bounded(words: Sequence[str]) -> int:
    """`SECONDS COMMAND …`: the command's exit code, or 75 when it was ended at the limit. Raises CommandFailed."""
    try:
        seconds = float(words[0])
        command = list(words[1:])
        if not command or not 0 < seconds < 1e9:
            raise ValueError
    except (IndexError, ValueError):
        raise CommandFailed("safekit -r boundcmd wants seconds and a command", Exit.USAGE) from None
    try:
        process = subprocess.Popen(command)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise CommandFailed(f"{command[0]} cannot be run: {reason}", Exit.USAGE) from None
    try:
        return process.wait(seconds) & 0xFF
    except subprocess.TimeoutExpired:
        end_tree(psutil.Process(process.pid))
        process.wait()
        raise CommandFailed(f"{command[0]} was ended after {seconds:g} s", Exit.NOT_NOW) from None


def end_tree(root: psutil.Process) -> None:
    """End a process and all its children: asked first, then killed."""
    try:
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return
    _each(tree, psutil.Process.terminate)
    _, alive = psutil.wait_procs(tree, timeout=_GRACE)
    _each(alive, psutil.Process.kill)
    psutil.wait_procs(alive, timeout=_GRACE)


def _each(processes: Sequence[psutil.Process], signal: Callable[[psutil.Process], None]) -> None:
    for process in processes:
        try:
            signal(process)
        except psutil.NoSuchProcess:
            continue
        except psutil.AccessDenied:
            raise CommandFailed(f"process {process.pid} may not be ended by this user", Exit.REFUSED) from None


def _roots(words: Sequence[str]) -> list[psutil.Process]:
    if words[0].isascii() and words[0].isdigit():
        try:
            return [psutil.Process(int(words[0]))]
        except (psutil.NoSuchProcess, OverflowError):
            return []
    wanted = words[0].casefold().removesuffix(".exe")
    try:
        arguments = re.compile(words[1] if len(words) > 1 and words[1] != "all" else "")
    except re.error as error:
        raise CommandFailed(f"{words[1]!r} is not a regular expression: {error}", Exit.USAGE) from None
    return [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if wanted in ("all", str(process.info["name"] or "").casefold().removesuffix(".exe"))
        and arguments.search(" ".join(process.info["cmdline"] or ()))
    ]


def _tops() -> Iterator[psutil.Process]:
    known = set(psutil.pids())
    for process in psutil.process_iter(["ppid"]):
        if process.info["ppid"] in (0, None) or process.info["ppid"] not in known:
            yield process


def _lines(process: psutil.Process, depth: int) -> Iterator[str]:
    try:
        text = " ".join(process.cmdline()) or process.name()
        children = process.children()
    except psutil.Error:
        return
    yield f"{'  ' * depth}{process.pid} {text}"
    for child in children:
        yield from _lines(child, depth + 1)


def _own_line() -> set[int]:
    """This command and everything above it: a script that names `sh` must not end itself."""
    me = psutil.Process()
    return {me.pid, *(parent.pid for parent in me.parents())}
