"""service install, remove, status, and the hidden `run` by which Windows starts it."""

import os
import sys

import click
import msgspec

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.options import json_option
from nodeagent.cli.tables import say
from nodeagent.home import Home
from nodeagent.host.installation import BRING_HERE, NAME, CannotInstall
from nodeagent.host.service import elsewhere, install, remove
from nodeagent.os_services import Unanswered, services


@click.group()
def service() -> None:
    """The agent as a service of this system: a systemd unit, or a service of Windows."""


@service.command("install")
@json_option
def service_install(as_json: bool) -> None:
    """Start the agent now and at each boot of the system."""
    try:
        install(Home.from_environment())
    except CannotInstall as cannot:
        raise CommandFailed(str(cannot), Exit.CANNOT_CREATE) from None
    _tell(True, as_json, "installed and starts at each boot")


@service.command("remove")
@json_option
def service_remove(as_json: bool) -> None:
    """End the agent and take its service away; applications and configuration stay."""
    try:
        remove()
    except CannotInstall as cannot:
        raise CommandFailed(str(cannot), Exit.CANNOT_CREATE) from None
    _tell(False, as_json, "removed; the applications go on")


def _tell(installed: bool, as_json: bool, words: str) -> None:
    if as_json:
        click.echo(to_json({"service": NAME, "installed": installed}))
    else:
        say(f"the service {NAME} is {words}")


class ServiceState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What `service status` says; `pid` 0 when it does not run."""

    service: str
    installed: bool
    running: bool
    pid: int
    elsewhere: str = ""
    """What it starts instead of the agent of this home."""


@service.command("status")
@json_option
def service_status(as_json: bool) -> int:
    """Show whether the service is installed and runs; exit code 69 when it does not run."""
    try:
        seen = services([NAME])[NAME]
    except Unanswered as unanswered:
        raise CommandFailed(str(unanswered), Exit.AGENT_DOWN) from None
    home = Home.from_environment()
    other = elsewhere(home) if seen.exists else ""
    state = ServiceState(NAME, seen.exists, seen.serves, seen.pid if seen.serves else 0, other)
    if as_json:
        click.echo(to_json(state))
    elif state.running:
        say(f"the service {NAME} runs (pid {state.pid})")
    else:
        say(f"the service {NAME} is {'installed, but does not run' if state.installed else 'not installed'}")
    if state.elsewhere and not as_json:
        say(f"{state.elsewhere}: {BRING_HERE}", "yellow")
    return Exit.OK if state.running else Exit.AGENT_DOWN


@service.command("run", hidden=True)
@click.option("--home", default="", metavar="DIR", help="KEEPGREEN_HOME, which a service does not get from anybody.")
def service_run(home: str) -> int:
    """Be the service of Windows; only its service manager starts this."""
    if sys.platform == "win32":
        from nodeagent.host.windows_service import run

        if home:
            os.environ["KEEPGREEN_HOME"] = home
        try:
            return run(Home.from_environment())
        except CannotInstall as cannot:
            raise CommandFailed(str(cannot), Exit.USAGE) from None
    raise CommandFailed("systemd starts `keepgreen agent run`; this is for Windows", Exit.USAGE)
