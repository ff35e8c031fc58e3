"""firewall add, del, show: the ports of the agent in the firewall of this computer."""

import click
import msgspec

from nodeagent.cli import firewall as rules
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.in_force import cluster_file
from nodeagent.cli.options import json_option
from nodeagent.cli.tables import say, show_problems, show_table
from nodeagent.contract.errors import errors_of
from nodeagent.home import Home

_only_print = click.option("--print", "only_print", is_flag=True, help="Change nothing, only write the commands.")


class Done(msgspec.Struct, frozen=True):
    """The JSON answer: what was run (or would be), and what undoes it."""

    firewall: str
    commands: tuple[str, ...]
    undo: str
    changed: bool


@click.group()
def firewall() -> None:
    """The ports of the agent in the firewall of this computer."""


@firewall.command("add")
@_only_print
@json_option
def firewall_add(only_print: bool, as_json: bool) -> None:
    """Let in what the agent needs: heartbeats, health port, API, enrolment."""
    tool = _tool()
    _change(tool, tool.add, "keepgreen firewall del", only_print, as_json)


@firewall.command("del")
@_only_print
@json_option
def firewall_del(only_print: bool, as_json: bool) -> None:
    """Take away what `add` has made."""
    tool = _tool()
    _change(tool, tool.remove, "keepgreen firewall add", only_print, as_json)


@firewall.command("show")
@json_option
def firewall_show(as_json: bool) -> None:
    """Show which ports are needed, which firewall is in charge, and what it says of them."""
    ports = _ports()
    tool = rules.tool_here(ports)
    try:
        said = rules.run(tool.show) if tool else ""
    except CommandFailed as failed:
        said = failed.sentence
    if as_json:
        click.echo(to_json({"firewall": tool.name if tool else "", "ports": ports, "said": said}))
        return
    show_table(("rule", "port", "for"), [(p.name, f"{p.port}/{p.protocol}", p.why) for p in ports])
    say(f"firewall   {tool.name if tool else 'none that this command knows'}")
    for line in said.splitlines():
        say(f"  {line}")


def _ports() -> tuple[rules.Opening, ...]:
    from nodeagent.adapters.settings import load_settings
    from nodeagent.contract.cluster_xml import read_cluster

    home = Home.from_environment()
    settings, problems = load_settings(home.settings)
    if settings is None:
        show_problems(errors_of(problems))
        raise CommandFailed(f"{home.settings} has to be good first", Exit.BAD_DATA)
    file = cluster_file(home)
    try:
        cluster, _ = read_cluster(file.read_bytes(), "cluster.xml")
    except FileNotFoundError:
        cluster = None
    except OSError as error:
        raise CommandFailed(f"{file} cannot be read: {error.strerror}", Exit.BAD_DATA) from None
    listen = settings.listen
    return rules.openings(cluster.port if cluster else 4800, listen.health_port, listen.api_port, listen.enrol_port)


def _tool() -> rules.Tool:
    ports = _ports()
    tool = rules.tool_here(ports)
    if tool is None:
        needed = ", ".join(f"{p.port}/{p.protocol}" for p in ports)
        text = f"there is no firewall here that this command knows; if there is one elsewhere, let in {needed}"
        raise CommandFailed(text, Exit.NOT_NOW)
    return tool


def _change(
    tool: rules.Tool, commands: tuple[rules.Command, ...], undo: str, only_print: bool, wants_json: bool
) -> None:
    if not only_print:
        rules.run(commands)
    if wants_json:
        click.echo(to_json(Done(tool.name, tuple(map(rules.shown, commands)), undo, not only_print)))
        return
    for command in commands:
        say(rules.shown(command))
    if commands and not only_print:
        say(f"done in {tool.name}; `{undo}` undoes it", "green")
    if not commands:
        say(f"{tool.name}: there is nothing to change")
    if tool.remark:
        say(tool.remark, "yellow")
