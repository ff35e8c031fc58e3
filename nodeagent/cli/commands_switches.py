"""What an administrator may pause: errd, checker, failover; and the node's own boot setting."""

from collections.abc import Iterator
from typing import Literal

import click
from click import Command

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, status_of, tell
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import module_name
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.tables import clock, say, span
from nodeagent.contract.api import SetBoot, SetSwitch
from nodeagent.contract.durations import parse_duration
from nodeagent.contract.order_api import BootSetting, SetClass
from nodeagent.contract.states import Boot
from nodeagent.contract.status import ModuleStatus, NodeStatus, Switches

Switch = Literal["errd", "checker", "failover"]

_WHAT: dict[Switch, str] = {
    "errd": "the monitoring of processes",
    "checker": "the checkers",
    "failover": "the failover rules",
}
_BOOT = {
    Boot.ON: "the configuration says boot=on, which counts instead",
    Boot.OFF: "the configuration says boot=off, which counts instead",
    Boot.AUTO: "the configuration says boot=auto, which counts instead: as it was before",
    None: "the module is not in force, so it does not start",
}
_until_option = click.option(
    "--until", default="", metavar="TIME", help="Turns round by itself after this time, e.g. 2h or 1h30m."
)


def pauses(module: ModuleStatus) -> Iterator[str]:
    """One sentence for each thing that is paused."""
    for name, what in _WHAT.items():
        on, until = _now(module.switches, name)
        if not on:
            yield f"{what} of {module.name}: {_said(on, until)}"


def _now(switches: Switches, name: Switch) -> tuple[bool, float]:
    """Whether it is on, and when its pause ends, 0 = not by itself."""
    on = {"errd": switches.errd, "checker": switches.checker, "failover": switches.failover}[name]
    ends = {"errd": switches.errd_until, "checker": switches.checker_until, "failover": switches.failover_until}
    return on, 0.0 if on else ends[name]


def _said(on: bool, until: float) -> str:
    return ("on" if on else "off") + (f" until {clock(until)[:19]}" if until else "")


def seconds_of(option: str, text: str) -> float:
    """A duration of the command line in seconds. Raises CommandFailed."""
    try:
        return parse_duration(text, "s").seconds
    except ValueError as error:
        raise CommandFailed(f"{option}: {text!r} {error}", Exit.USAGE) from None


def _until(text: str) -> float:
    """Seconds, 0 where nothing is said: for good. Raises CommandFailed."""
    seconds = seconds_of("--until", text) if text else 0.0
    if text and not seconds:
        raise CommandFailed(f"--until: {text!r} is over at once: a longer time is wanted, e.g. 2h", Exit.USAGE)
    return seconds


def _command(name: Switch) -> Command:
    classes = name == "errd"
    more = "; enable or disable one of its own classes" if classes else ""

    @click.command(
        name, help=f"Pause (off) or resume (on) {_WHAT[name]} of a module, or say which it is (status){more}."
    )
    @click.argument("value", type=click.Choice(["on", "off", "status", *(["enable", "disable"] if classes else [])]))
    @module_option
    @_until_option
    @json_option
    def switch(*, value: str, module: str, until: str, as_json: bool, proc_class: str = "") -> int:
        if until and value != "off":
            raise CommandFailed("--until goes with off only", Exit.USAGE)
        if (value in ("enable", "disable")) != bool(proc_class):
            text = f"{value} wants a class" if not proc_class else f"{value} takes no {proc_class!r}"
            raise CommandFailed(f"{name} {text}", Exit.USAGE)
        if proc_class:
            return _switch_class(module_name(module), proc_class, value == "enable", as_json)
        if value == "status":
            return _show(name, module_name(module), as_json)
        return _turn(name, module_name(module), value == "on", _until(until), as_json)

    if classes:
        switch.params.insert(1, click.Argument(["proc_class"], metavar="[CLASS]", default=""))
    return switch


def _switch_class(module: str, name: str, on: bool, wants_json: bool) -> int:
    order = SetClass(name, on)
    tell(f"/modules/{module}/classes", order)
    if wants_json:
        click.echo(to_json(order))
    else:
        say(f"the class {name} of {module}: {'enabled' if on else 'disabled'}")
    return Exit.OK


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
    status = status_of(fetch("/status", NodeStatus), module)
    on, until = _now(status.switches, name)
    classes = status.classes if name == "errd" else ()
    if wants_json:
        more = {"classes": classes} if name == "errd" else {}
        click.echo(to_json({"switch": name, "on": on, "until": until, **more}))
        return Exit.OK
    say(f"{_WHAT[name]} of {module}: {_said(on, until)}")
    if classes:
        say(f"enabled classes: {', '.join(classes)}")
    return Exit.OK


@click.command()
@click.argument("value", type=click.Choice(["on", "off", "status"]))
@module_option
@_until_option
@json_option
def boot(value: str, module: str, until: str, as_json: bool) -> int:
    """Start a module when this node boots (on) or not (off), or say which it is (status).

    This is the node's own setting: it counts while the module's configuration says boot="ignore".
    """
    name = module_name(module)
    if value == "status" and until:
        raise CommandFailed("--until goes with on and off only", Exit.USAGE)
    if value != "status":
        tell(f"/modules/{name}/boot", SetBoot(value == "on", _until(until)))
    setting = fetch(f"/modules/{name}/boot", BootSetting)
    if as_json:
        click.echo(to_json(setting))
        return Exit.OK
    say(f"start of {name} at boot: {_said(setting.on, setting.until)}")
    if setting.configured is not Boot.IGNORE:
        say(_BOOT[setting.configured], "yellow")
    return Exit.OK


SWITCHES = (*(_command(name) for name in _WHAT), boot)
