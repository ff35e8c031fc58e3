"""set, get, and the switches errd, checker and failover."""

from typing import Literal

import click

from nodeagent.cli import fast
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, module_name, status_of, tell
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.tables import clock, say, span
from nodeagent.contract.api import SetSwitch
from nodeagent.contract.durations import parse_duration
from nodeagent.contract.status import NodeStatus

Switch = Literal["errd", "checker", "failover"]

_WHAT: dict[Switch, str] = {
    "errd": "the monitoring of processes",
    "checker": "the checkers",
    "failover": "the failover rules",
}


@click.command("set")
@click.option("-r", "resource", default="", metavar="RESOURCE", help="The resource, e.g. custom.db.")
@click.option("-v", "value", default="", metavar="VALUE", help=f"Its value: {', '.join(fast.VALUES)}.")
@module_option
@click.option("-i", expose_value=False, metavar="WHO", help="Taken as in existing scripts; the log names the user.")
@json_option
def set_value(resource: str, value: str, module: str, as_json: bool) -> int:
    """Set a resource: what a custom checker found."""
    return fast.set_resource(resource, value, module, as_json)


@click.command("get")
@click.option("-r", "resource", default="", metavar="RESOURCE", help="The resource, e.g. proc.httpd.")
@module_option
@json_option
def get_value(resource: str, module: str, as_json: bool) -> int:
    """Write the value of a resource."""
    return fast.get(resource, module, as_json)


def _command(name: Switch) -> click.Command:
    @click.command(name, help=f"Pause (off) or resume (on) {_WHAT[name]} of a module, or say which it is (status).")
    @click.argument("value", type=click.Choice(["on", "off", "status"]))
    @module_option
    @click.option("--until", default="", metavar="TIME", help="With off: on again after this time, e.g. 2h or 1h30m.")
    @json_option
    def switch(value: str, module: str, until: str, as_json: bool) -> int:
        if until and value != "off":
            raise CommandFailed("--until goes with off only", Exit.USAGE)
        if value == "status":
            return _show(name, module_name(module), as_json)
        return _turn(name, module_name(module), value == "on", _seconds(until), as_json)

    return switch


def _seconds(until: str) -> float:
    if not until:
        return 0.0
    try:
        return parse_duration(until, "s").seconds
    except ValueError as error:
        raise CommandFailed(f"--until: {until!r} {error}", Exit.USAGE) from None


def _turn(name: Switch, module: str, on: bool, seconds: float, wants_json: bool) -> int:
    order = SetSwitch(name, on, seconds)
    tell(f"/modules/{module}/switches", order)
    if wants_json:
        click.echo(to_json(order))
        return Exit.OK
    end = f" for {span(seconds)}" if seconds else ""
    say(f"{_WHAT[name]} of {module}: {'on' if on else 'off' + end}")
    return Exit.OK


def _show(name: Switch, module: str, wants_json: bool) -> int:
    switches = status_of(fetch("/status", NodeStatus), module).switches
    on = bool({"errd": switches.errd, "checker": switches.checker, "failover": switches.failover}[name])
    if wants_json:
        click.echo(to_json({"switch": name, "on": on, "until": 0.0 if on else switches.until}))
        return Exit.OK
    end = f" until {clock(switches.until)[:19]}" if not on and switches.until else ""
    say(f"{_WHAT[name]} of {module}: {'on' if on else 'off' + end}")
    return Exit.OK


SWITCHES = tuple(_command(name) for name in _WHAT)
