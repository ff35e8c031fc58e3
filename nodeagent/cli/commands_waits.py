"""waitstart, waitstop, waitstate: nothing is ordered, only waited for."""

import os
import time
from collections.abc import Callable

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, status_of
from nodeagent.cli.commands_switches import seconds_of
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import module_name
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.tables import progress_wanted, say
from nodeagent.contract.states import State, Status
from nodeagent.contract.status import ModuleStatus, NodeStatus

_LOOK = 0.25
"""Seconds between two looks."""
_timeout_option = click.option(
    "--timeout", default="", metavar="TIME", help="Give up after this time, e.g. 90s, 0 = look once; left out: an hour."
)
_HOUR = 3600.0


def _wait(module: str, timeout: str, wants_json: bool, what: str, there: Callable[[ModuleStatus], bool]) -> None:
    name, limit = module_name(module), seconds_of("--timeout", timeout) if timeout else _HOUR
    if os.environ.get("KEEPGREEN_RUN", "").partition("/")[0] == name:
        raise CommandFailed(f"a script of {name} cannot wait for its own module", Exit.NOT_NOW)
    end = time.monotonic() + limit
    if progress_wanted():
        click.echo(f"waiting for {name}: {what} …", err=True)
    while not there(status := status_of(fetch("/status", NodeStatus), name)):
        if time.monotonic() >= end:
            now = f"{status.state} {status.status}{f': {status.why}' if status.why else ''}"
            raise CommandFailed(f"{name} is not {what} after {limit:g} s, it is {now}", Exit.NOT_NOW)
        time.sleep(_LOOK)
    if wants_json:
        click.echo(to_json({"module": name, "state": status.state, "status": status.status}))
    else:
        say(f"{name} is {status.state} {status.status}")


@click.command()
@module_option
@_timeout_option
@json_option
def waitstart(module: str, timeout: str, as_json: bool) -> None:
    """Wait until a module is UP and Ready."""
    _wait(module, timeout, as_json, "UP Ready", lambda m: (m.state, m.status) == (State.UP, Status.READY))


@click.command()
@module_option
@_timeout_option
@json_option
def waitstop(module: str, timeout: str, as_json: bool) -> None:
    """Wait until a module is stopped and no script of it runs."""
    _wait(module, timeout, as_json, "stopped", lambda m: m.state is State.STOP and m.script is None)


@click.command()
@click.argument("state", type=click.Choice(["STOP", "WAIT", "UP"], case_sensitive=False))
@module_option
@_timeout_option
@json_option
def waitstate(state: str, module: str, timeout: str, as_json: bool) -> None:
    """Wait until a module is in this state, whatever its status."""
    _wait(module, timeout, as_json, f"in {state}", lambda m: m.state == State(state))


WAITS = (waitstart, waitstop, waitstate)
