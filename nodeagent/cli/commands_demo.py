"""demo up, status, down."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.options import json_option
from nodeagent.cli.tables import coloured_status, say, show_table

if TYPE_CHECKING:
    from nodeagent.demo.record import DemoInfo

_MOST_NODES = 16

_directory_option = click.option(
    "--dir",
    "directory",
    default="",
    metavar="DIR",
    help="Where the demo lives; left out: demo-farm in the current directory.",
)


@click.group(invoke_without_command=True)
@click.pass_context
def demo(context: click.Context) -> int:
    """A farm of real agents on this computer, to try the product; alone: start it and open the console on it."""
    if context.invoked_subcommand is not None:
        return Exit.OK
    from nodeagent.cli.commands_console import open_console

    return open_console(_place(""))


@demo.command("up")
@_directory_option
@click.option("--nodes", type=click.IntRange(1, _MOST_NODES), default=3, show_default=True, help="How many nodes.")
@json_option
def demo_up(directory: str, nodes: int, as_json: bool) -> None:
    """Start the demo; one that is up already is shown."""
    from nodeagent.demo.farm import up
    from nodeagent.demo.ports import DemoPortTaken
    from nodeagent.demo.record import DemoFailed

    try:
        info = up(_place(directory), nodes, lambda text: click.echo(text, err=True))
    except DemoPortTaken as taken:
        raise CommandFailed(str(taken), Exit.AGENT_DOWN) from None
    except DemoFailed as failed:
        raise CommandFailed(str(failed), Exit.NOT_NOW) from None
    _show(info, as_json)


@demo.command("status")
@_directory_option
@json_option
def demo_status(directory: str, as_json: bool) -> int:
    """Show the demo, seen from outside; exit code 69 when none is up."""
    from nodeagent.demo.farm import status
    from nodeagent.demo.record import DemoFailed

    try:
        view = status(_place(directory))
    except DemoFailed as failed:
        raise CommandFailed(str(failed), Exit.BAD_DATA) from None
    if as_json:
        click.echo(to_json(view))
    elif view.up:
        show_table(
            ("node", "address", "state", "status", "ready.txt", "application", "why"),
            [
                (
                    node.name,
                    node.address,
                    str(node.state or "no answer" if node.agent else "no agent"),
                    coloured_status(node.state, node.status) if node.state and node.status else "",
                    str(node.ready or "no answer"),
                    node.application or "no answer",
                    node.why or node.phase,
                )
                for node in view.nodes
            ],
        )
    else:
        say(f"no demo is up in {_place(directory)} (`keepgreen demo up` starts one)")
    return Exit.OK if view.up else Exit.AGENT_DOWN


@demo.command("down")
@_directory_option
@json_option
def demo_down(directory: str, as_json: bool) -> None:
    """End the demo: its agents, its application, its load balancer."""
    from nodeagent.demo.farm import down
    from nodeagent.demo.record import DemoFailed

    try:
        down(_place(directory))
    except DemoFailed as failed:
        raise CommandFailed(str(failed), Exit.NOT_NOW) from None
    if as_json:
        click.echo(to_json({"up": False}))
    else:
        say("the demo is down")


def _place(directory: str) -> Path:
    from nodeagent.demo.farm import default_directory

    return Path(directory) if directory else default_directory()


def _show(info: "DemoInfo", wants_json: bool) -> None:
    if wants_json:
        click.echo(to_json(info))
        return
    show_table(
        ("node", "address", "health", "api", "fingerprint"),
        [
            (node.name, node.address, str(node.health_port), str(node.api_port), node.words or node.pin)
            for node in info.nodes
        ],
    )
    say(f"application   {info.application_url}")
    say(f"mosaic        {info.mosaic_url}")
    say(f"log in as     {info.user} (password in {Path(info.directory) / 'demo.json'})")
    say(f"try           {Path(info.nodes[0].home) / 'keepgreen'} state -v" if info.nodes else "")
