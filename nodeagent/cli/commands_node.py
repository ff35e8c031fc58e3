"""agent run, passwd, fingerprint, level."""

import platform
import sys

import click
import msgspec

from nodeagent import __version__
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, tell
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.options import json_option, stdin_line
from nodeagent.cli.tables import say
from nodeagent.contract.api import Identity, NewPassword
from nodeagent.home import Home

_SHORTEST, _LONGEST = 8, 256
"""Characters of a password."""


@click.group()
def agent() -> None:
    """The agent itself."""


@agent.command("run")
def agent_run() -> int:
    """Run the agent in the foreground, until Ctrl-C or a signal ends it."""
    from nodeagent.host.foreground import run

    return run(Home.from_environment())


@click.command()
@click.option("--user", default="admin", metavar="NAME", show_default=True, help="Whose password.")
@click.option("--stdin", "from_stdin", is_flag=True, help="Read it from the first line of the standard input.")
@json_option
def passwd(user: str, from_stdin: bool, as_json: bool) -> None:
    """Set the password of a user; the first one makes the user admin."""
    if not user.isascii() or not user.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise CommandFailed(f"{user!r} is not a user name: letters, digits, `.`, `-` and `_`", Exit.USAGE)
    if from_stdin:
        password = stdin_line()
    elif sys.stdin.isatty():
        password = click.prompt(
            f"New password of {user}", hide_input=True, confirmation_prompt="The same again", err=True
        )
    else:
        raise CommandFailed("passwd asks on a terminal; without one give the password by --stdin", Exit.USAGE)
    if not _SHORTEST <= len(password) <= _LONGEST:
        raise CommandFailed(f"a password has {_SHORTEST} to {_LONGEST} characters", Exit.BAD_DATA)
    tell(f"/users/{user}/password", NewPassword(password))
    if as_json:
        click.echo(to_json({"user": user}))
    else:
        say(f"the password of {user} is set")


@click.command()
@json_option
def fingerprint(as_json: bool) -> None:
    """Show the pin of this node's key and its six words, to compare with what the console shows."""
    identity = fetch("/identity", Identity)
    if as_json:
        click.echo(to_json({"node": identity.node, "pin": identity.pin, "words": identity.words}))
        return
    say(f"node   {identity.node}")
    say(f"words  {identity.words}")
    say(f"pin    {identity.pin}")


class Level(msgspec.Struct, frozen=True):
    """What `level` says; `agent` is empty while none answers."""

    version: str
    python: str
    system: str
    agent: str


@click.command()
@json_option
def level(as_json: bool) -> None:
    """Show the version of the command and of the agent that answers."""
    try:
        running, note = fetch("/identity", Identity).version, ""
    except CommandFailed as failed:
        running, note = "", failed.sentence
    said = Level(__version__, platform.python_version(), sys.platform, running)
    if as_json:
        click.echo(to_json(said))
        return
    say(f"Keepgreen {said.version} (Python {said.python}, {said.system})")
    say(f"agent {running}" if running else note)
