"""log, printi and printe."""

import os
import time

import click
import msgspec
from rich.text import Text

from nodeagent.cli import fast
from nodeagent.cli.client import fetch
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import module_path
from nodeagent.cli.options import module_option
from nodeagent.cli.tables import clean, clock, console
from nodeagent.contract.api import LogLine, LogPage
from nodeagent.contract.states import LogType

_FOLLOW_SECONDS = 0.5
_LONGEST_PAGE = 5000
"""Lines the agent gives at once."""
_STYLES = {LogType.CRITICAL: "bold red", LogType.ERROR: "red", LogType.USER: "cyan", LogType.DEBUG: "bright_black"}


@click.command()
@click.option("-m", "module", default="", metavar="MODULE", help="Only this module; left out: SAFEMODULE, else all.")
@click.option("-f", "follow", is_flag=True, help="Go on with new lines as they come, until Ctrl-C.")
@click.option(
    "-n", "count", type=click.IntRange(1, _LONGEST_PAGE), default=50, metavar="N", help="The last N lines (50)."
)
@click.option("--types", default="", metavar="LETTERS", help="Only these types, e.g. CE: " + "".join(LogType) + ".")
@click.option("--text", default="", metavar="TEXT", help="Only lines with this text.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON object per line.")
def log(*, module: str, follow: bool, count: int, types: str, text: str, as_json: bool) -> None:
    """Show the log of this node."""
    wanted = {"module": module or os.environ.get("SAFEMODULE", ""), "types": types.upper(), "text": text}
    if wanted["module"]:
        module_path(wanted["module"])
    if unknown := set(wanted["types"]) - set("".join(LogType)):
        raise CommandFailed(
            f"--types does not know {''.join(sorted(unknown))!r}: use letters of {''.join(LogType)}", Exit.USAGE
        )
    query = {key: value for key, value in wanted.items() if value}
    page = fetch("/log", LogPage, {**query, "newest": "1", "limit": str(count)})
    _show(page.lines, as_json)
    while follow:
        time.sleep(_FOLLOW_SECONDS)
        page = fetch("/log", LogPage, {**query, "after": str(page.next), "limit": str(_LONGEST_PAGE)})
        _show(page.lines, as_json)


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
