"""log, logview, cmdlog, printi and printe."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import click
import msgspec
from rich.text import Text

from nodeagent.cli import fast
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, status_of
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import module_path
from nodeagent.cli.options import F, json_option, module_option
from nodeagent.cli.tables import clean, clock, console, show_table
from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.record_api import AuditPage
from nodeagent.contract.states import LogType
from nodeagent.contract.status import NodeStatus

_FOLLOW_SECONDS = 0.5
_LONGEST_PAGE = 5000
"""Lines the agent gives at once."""
_LONGEST_TEXT = 200
"""Characters that may be looked for."""
_STYLES = {LogType.CRITICAL: "bold red", LogType.ERROR: "red", LogType.USER: "cyan", LogType.DEBUG: "bright_black"}


def _options(command: F) -> F:
    """What `log` and `logview` have in common."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Write one JSON object per line."),
        click.option("--text", default="", metavar="TEXT", help="Only lines with this text."),
        click.option("--types", default="", metavar="LETTERS", help=f"Only these types, e.g. CE: {''.join(LogType)}."),
        click.option(
            "-n", "count", type=click.IntRange(1, _LONGEST_PAGE), default=50, metavar="N", help="The last N lines (50)."
        ),
        click.option(
            "-m", "module", default="", metavar="MODULE", help="Only this module; left out: SAFEMODULE, else all."
        ),
    ):
        command = option(command)
    return command


@click.command()
@_options
@click.option("-f", "follow", is_flag=True, help="Go on with new lines as they come, until Ctrl-C.")
def log(*, module: str, follow: bool, count: int, types: str, text: str, as_json: bool) -> None:
    """Show the log of this node."""
    _read(module, follow, count, types, text, as_json)


@click.command()
@_options
def logview(*, module: str, count: int, types: str, text: str, as_json: bool) -> None:
    """Show the log of this node and go on with new lines as they come, until Ctrl-C."""
    _read(module, True, count, types, text, as_json)


def _read(module: str, follow: bool, count: int, types: str, text: str, wants_json: bool) -> None:
    letters = "".join(dict.fromkeys(types.upper()))
    wanted = {"module": module or os.environ.get("SAFEMODULE", ""), "types": letters, "text": _looked_for(text)}
    if wanted["module"]:
        module_path(wanted["module"])
    if unknown := set(wanted["types"]) - set("".join(LogType)):
        raise CommandFailed(
            f"--types does not know {''.join(sorted(unknown))!r}: use letters of {''.join(LogType)}", Exit.USAGE
        )
    query = {key: value for key, value in wanted.items() if value}
    page = fetch("/log", LogPage, {**query, "newest": "1", "limit": str(count)})
    if wanted["module"] and not page.lines:
        status_of(fetch("/status", NodeStatus), wanted["module"])  # nothing would ever come of a name mistyped
    _show(page.lines, wants_json)
    with _ended_by_ctrl_c() if follow else nullcontext():
        while follow:
            time.sleep(_FOLLOW_SECONDS)
            page = fetch("/log", LogPage, {**query, "after": str(page.next), "limit": str(_LONGEST_PAGE)})
            _show(page.lines, wants_json)


@contextmanager
def _ended_by_ctrl_c() -> Iterator[None]:
    """End at once: a KeyboardInterrupt that falls into a destructor is lost, and following would go on."""
    if threading.current_thread() is not threading.main_thread():  # one of several nodes; Ctrl-C is their main's
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: os._exit(Exit.INTERRUPTED))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@click.command()
@click.option(
    "-n", "count", type=click.IntRange(1, _LONGEST_PAGE), default=50, metavar="N", help="The last N lines (50)."
)
@click.option("--text", default="", metavar="TEXT", help="Only lines with this text.")
@json_option
def cmdlog(count: int, text: str, as_json: bool) -> None:
    """Show the audit log of this node: who gave which changing command from where, and what came of it."""
    looked_for = {"text": text} if _looked_for(text) else {}
    page = fetch("/audit", AuditPage, {"newest": "1", "limit": str(count), **looked_for})
    if as_json:
        click.echo(to_json(page.lines))
        return
    rows = [(clock(line.time)[:19], line.who, line.source, line.command, line.result) for line in page.lines]
    show_table(("time", "who", "from", "command", "result"), rows)


def _looked_for(text: str) -> str:
    if len(text) > _LONGEST_TEXT:
        raise CommandFailed(f"--text looks for at most {_LONGEST_TEXT} characters", Exit.USAGE)
    return text


def _show(lines: tuple[LogLine, ...], wants_json: bool) -> None:
    out = console()
    for line in lines:
        if wants_json:
            click.echo(msgspec.json.encode(line).decode())
            continue
        about = " ".join(filter(None, (line.module, line.origin)))
        output = f" [{line.output}]" if line.output else ""
        shown = f"{clock(line.time)} {line.type} {line.node} {about}: {line.text}{output}"
        out.print(Text(clean(shown), style=_STYLES.get(line.type, "")), soft_wrap=True)


def _command(name: str, error: bool, what: str) -> click.Command:
    @click.command(name, help=what)
    @module_option
    @click.option("-i", "who", default="", metavar="WHO", help="Who says it; left out: the script that runs.")
    @click.argument("text", nargs=-1, required=True)
    def print_it(module: str, who: str, text: tuple[str, ...]) -> int:
        return fast.print_line(" ".join(text), error, module, who)

    return print_it


print_info = _command("printi", False, "Write a line into the log of a module.")
print_error = _command("printe", True, "Write an error line into the log of a module.")
