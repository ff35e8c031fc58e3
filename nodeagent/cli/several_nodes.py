"""`-H "*"` and `-H n1,n2`: the same command on several nodes at once, a result per node.

The agent here passes each request on to the node that is meant, so this process needs no key and no password.
"""

import io
import json
import sys
import threading
from collections.abc import Callable, Sequence
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field

from nodeagent.cli.client import as_json, fetch
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import NODE
from nodeagent.cli.tables import say
from nodeagent.contract.api import ClusterInfo

HERE_ONLY = (
    *([name] for name in ("agent", "service", "passwd", "demo", "console", "doctor", "firewall", "completion")),
    *(["logview"], ["enrol"], ["cluster", "check"], ["vip", "release"]),
)
"""Commands about this computer and its files, and one that never ends."""
ONE_FILE = (["snapshot"], ["module", "package"])
"""Commands that write a file here."""
EVERYWHERE = (["token", "add"], ["token", "revoke"], ["cluster", "rotate"], ["cluster", "replace"], ["vip", "probe"])
"""Commands that go to all nodes by themselves."""


@dataclass(slots=True)
class NodeResult:
    """What a command said and did on one node."""

    node: str
    out: io.StringIO = field(default_factory=io.StringIO)
    err: io.StringIO = field(default_factory=io.StringIO)
    code: int = Exit.INTERRUPTED


_RESULT: ContextVar[NodeResult] = ContextVar("result")


class _Split(io.TextIOBase):
    """Takes the place of stdout or stderr: what a thread writes goes to the result of its node."""

    def __init__(self, real: io.TextIOBase, of: Callable[[NodeResult], io.StringIO]) -> None:
        self._real, self._of = real, of

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What the real stream can show."""
        return self._real.encoding or "ascii"

    def write(self, text: str) -> int:
        """To the thread's own result; outside of such a thread to the real stream."""
        result = _RESULT.get(None)
        return self._of(result).write(text) if result else self._real.write(text)

    def flush(self) -> None:
        """Nothing waits here."""


def run(words: Sequence[str], guarded: Callable[[Sequence[str]], int]) -> int:
    """`NODES COMMAND …`: do it on all of them, show what came of it; the greatest exit code. Raises CommandFailed.

    `guarded` runs a command line, says in one sentence what went wrong, and gives the exit code.
    """
    if len(words) < 2:
        raise CommandFailed('-H wants nodes and a command, e.g. `-H "*" state` or `-H node1,node2 start`', Exit.USAGE)
    if words[1].startswith("-H"):
        raise CommandFailed("-H goes once before the command: name all nodes with commas between them", Exit.USAGE)
    nodes, command = _nodes(words[0]), list(words[1:])
    endless = command[0] == "log" and any(word.startswith("-f") for word in command)
    if endless or _is_one_of(command, HERE_ONLY):
        raise CommandFailed(f"{' '.join(command[:2])} is for this node alone: leave out -H", Exit.USAGE)
    if _is_one_of(command, EVERYWHERE):
        raise CommandFailed(f"{' '.join(command[:2])} goes to all nodes by itself: leave out -H", Exit.USAGE)
    if len(nodes) > 1 and _is_one_of(command, ONE_FILE):
        name = " ".join(next(one for one in ONE_FILE if command[: len(one)] == one))
        raise CommandFailed(f"{name} writes one file: name one node with -H", Exit.USAGE)
    results = _run_all(nodes, command, guarded)
    if "--json" in command:
        said = {
            one.node: {"exit": one.code, "answer": _answer(one.out.getvalue()), "error": one.err.getvalue().strip()}
            for one in results
        }
        sys.stdout.write(as_json(said) + "\n")
    else:
        for one in results:
            _show(one)
    return max((one.code for one in results), default=Exit.OK)


def _is_one_of(command: list[str], commands: tuple[list[str], ...]) -> bool:
    return any(command[: len(one)] == one for one in commands)


def _nodes(text: str) -> dict[str, str]:
    """Node → what NODE has to be: empty for this one."""
    info = fetch("/cluster", ClusterInfo)
    known = info.nodes if info.configured else (info.name,)
    wanted = known if text == "*" else tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if unknown := [name for name in wanted if name not in known]:
        text = f"the cluster has no node {', '.join(unknown)}; it has {', '.join(known)}"
        raise CommandFailed(text, Exit.USAGE)
    if not wanted:
        raise CommandFailed(f'-H wants "*" or names of nodes: {", ".join(known)}', Exit.USAGE)
    return {name: "" if name == info.name else name for name in wanted}


def _run_all(
    nodes: dict[str, str], command: Sequence[str], guarded: Callable[[Sequence[str]], int]
) -> list[NodeResult]:
    results = [NodeResult(name) for name in nodes]

    def work(result: NodeResult) -> None:
        NODE.set(nodes[result.node])
        _RESULT.set(result)
        result.code = guarded(command)

    # Daemons: Ctrl-C ends the command, whatever a node still waits for.
    threads = [
        threading.Thread(target=copy_context().run, args=(work, result), name=result.node, daemon=True)
        for result in results
    ]
    real = sys.stdout, sys.stderr
    sys.stdout = _Split(real[0], lambda result: result.out)  # type: ignore[arg-type]
    sys.stderr = _Split(real[1], lambda result: result.err)  # type: ignore[arg-type]
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.stdout, sys.stderr = real
    return results


def _answer(text: str) -> object:
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text


def _show(result: NodeResult) -> None:
    said = [*result.out.getvalue().splitlines(), *result.err.getvalue().splitlines()]
    style = "" if result.code < Exit.USAGE else "red"
    if len(said) <= 1:
        words = said[0].removeprefix(f"{result.node}: ") if said else f"exit code {int(result.code)}"
        say(f"{result.node}: {words}", style)
        return
    say(f"{result.node}:", style)
    for line in said:
        say(f"  {line}")
