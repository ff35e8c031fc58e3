"""incloop, resetloop, checkloop: the count of automatic actions that maxloop bounds."""

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import delete, fetch, status_of, tell
from nodeagent.cli.exits import Exit
from nodeagent.cli.local import module_name
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.tables import say
from nodeagent.contract.order_api import CountLoop
from nodeagent.contract.status import NodeStatus
from nodeagent.core.cause import span


@click.command()
@module_option
@click.option("-i", "identity", default="", metavar="WHO", help="Who has acted; left out: the user.")
@click.argument("text", nargs=-1)
@json_option
def incloop(module: str, identity: str, text: tuple[str, ...], as_json: bool) -> None:
    """Count one automatic action; one more than maxloop stops the module."""
    name = module_name(module)
    tell(f"/modules/{name}/loop", CountLoop(identity, " ".join(text)))
    if as_json:
        click.echo(to_json({"module": name, "done": True}))
    else:
        say(f"one more automatic action of {name} is counted")


@click.command()
@module_option
@click.option("-i", expose_value=False, metavar="WHO", help="Taken as in existing scripts; the log names the user.")
@json_option
def resetloop(module: str, as_json: bool) -> None:
    """Begin the count of automatic actions anew."""
    name = module_name(module)
    delete(f"/modules/{name}/loop", type(None))
    if as_json:
        click.echo(to_json({"module": name, "done": True}))
    else:
        say(f"the count of automatic actions of {name} begins anew")


@click.command()
@module_option
@click.option("-q", "quiet", is_flag=True, help="Write nothing; the exit code says it.")
@json_option
def checkloop(module: str, quiet: bool, as_json: bool) -> int:
    """Whether one more automatic action is allowed: exit code 0, else 1."""
    name = module_name(module)
    status = status_of(fetch("/status", NodeStatus), name)
    bounded = status.loop_interval > 0
    allowed = not bounded or status.counted < status.maxloop
    if as_json:
        said = {"counted": status.counted, "maxloop": status.maxloop, "loop_interval": status.loop_interval}
        click.echo(to_json({"module": name, "allowed": allowed, **said}))
    elif not quiet and bounded:
        actions = "automatic action" if status.counted == 1 else "automatic actions"
        say(f"{status.counted} {actions} of {name} in {span(status.loop_interval)}, {status.maxloop} allowed")
    elif not quiet:
        say(f"automatic actions of {name} are not bounded")
    return Exit.OK if allowed else 1


LOOPS = (incloop, resetloop, checkloop)
