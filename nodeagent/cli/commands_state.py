"""state and why."""

import os
from collections.abc import Iterator

import click
from rich.text import Text

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, status_of
from nodeagent.cli.commands_switches import pauses
from nodeagent.cli.exits import STATE_EXITS, Exit
from nodeagent.cli.local import module_name, module_path
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.tables import clock, coloured_status, number, say, show_table, since
from nodeagent.contract.api import WhyAnswer
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus

_ACTIVE = STATE_EXITS["UP"]


@click.command()
@click.option("-m", "module", default="", metavar="MODULE", help="Only this module; left out: SAFEMODULE, else all.")
@click.option("-v", "verbose", is_flag=True, help="Also share, since when, by whom and why, and what is paused.")
@click.option("-l", "local", is_flag=True, help="Only this node, not its peers.")
@click.option("-q", "quiet", is_flag=True, help="Write nothing; the exit code says it: STOP 0, WAIT 1, UP 2.")
@json_option
def state(module: str, verbose: bool, local: bool, quiet: bool, as_json: bool) -> int:
    """Show the state of the modules on this node and, as its heartbeats tell, on the others."""
    if quiet:
        name = module_name(module)
        return STATE_EXITS.get(status_of(fetch("/status", NodeStatus), name).state, _ACTIVE)
    status = fetch("/status", NodeStatus)
    wanted = module or os.environ.get("SAFEMODULE", "")
    if wanted:
        module_path(wanted)
        status_of(status, wanted)
    if as_json:
        click.echo(to_json(status))
        return Exit.OK
    rows = [*_own_rows(status, wanted), *(() if local else _peer_rows(status, wanted))]
    columns = ("node", "module", "state", "status", "share", "since", "by", "why")
    show_table(*((columns, rows) if verbose else (columns[:4], [row[:4] for row in rows])))
    if verbose:
        for paused in (text for one in status.modules if wanted in ("", one.name) for text in pauses(one)):
            say(f"{status.node}: {paused}", "yellow")
    for alarm in status.alarms:
        say(f"alarm: {alarm}", "red")
    return Exit.OK


def _own_rows(status: NodeStatus, wanted: str) -> Iterator[tuple[str | Text, ...]]:
    modules = [m for m in status.modules if wanted in ("", m.name)]
    if not modules:
        yield (status.node, "no module", "", "", "", "", "", "")
    for module in modules:
        yield (status.node, module.name, *_state_cells(module), *_more_cells(module, status.time))


def _state_cells(module: ModuleStatus) -> tuple[str | Text, str | Text]:
    if not module.configured:
        return "NOT CONFIGURED", Text("installed, not in force", style="bright_black")
    return str(module.state), coloured_status(module.state, module.status)


def _more_cells(module: ModuleStatus, now: float) -> tuple[str, str, str, str]:
    if not module.configured:
        return "", "", "", ""
    doing = "" if module.status is Status.READY else module.phase
    share = f"{number(module.share)} %" + (" (load balancer)" if module.share_by == "load balancer" else "")
    return share, since(module.since, now), module.by, module.why or doing


def _peer_rows(status: NodeStatus, wanted: str) -> Iterator[tuple[str | Text, ...]]:
    for peer in status.peers:
        why = "" if peer.alive else peer.reason
        if peer.alive and not peer.same_configuration:
            why = "other configuration"
        lost_since = "" if peer.alive else since(peer.since, status.time)
        modules = [m for m in peer.modules if wanted in ("", m.name)]
        for module in modules:
            shown = coloured_status(module.state, module.status, known=peer.alive)
            last = str(module.state) if peer.alive else f"was {module.state}"
            yield (peer.name, module.name, last, shown, "", lost_since, "", why)
        if not modules and peer.alive:
            absent = Text("not in force there", style="bright_black") if wanted else ""
            yield (peer.name, wanted or "no module", "", absent, "", "", "", why)
        elif not modules:
            shown = coloured_status(State.STOP, Status.NOT_READY, known=False)
            yield (peer.name, wanted, "lost", shown, "", lost_since, "", why)


@click.command()
@module_option
@json_option
def why(module: str, as_json: bool) -> None:
    """Say why a module is in the state it is in, and what that rests on."""
    name = module_name(module)
    answer = fetch(f"/modules/{name}/why", WhyAnswer)
    if as_json:
        click.echo(to_json(answer))
        return
    say(answer.sentence)
    for link in answer.chain:
        then = f" → {link.action}" if link.action else ""
        say(f"  {clock(link.time)}  {link.by}: {link.text}{then}")
        place = f"{link.output}:{link.line}" if link.output and link.line else link.output
        for evidence in filter(None, (link.evidence, place)):
            say(f"      {evidence}", "bright_black")
