"""start, stop, restart, stopstart, forcestop, and run-without."""

import os

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, send
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import module_name
from nodeagent.cli.options import identity_option, json_option, module_option
from nodeagent.cli.tables import progress_wanted, say
from nodeagent.contract.api import Order, OrderAnswer, WhyAnswer
from nodeagent.contract.order_api import RunWithout
from nodeagent.contract.states import Action, State, Status

_LONGEST_WAIT = 3600.0
"""Seconds `--wait` blocks at most; a stop always ends within the sum of its own time-outs."""

_HELP = {
    Action.START: "Start a module on this node.",
    Action.STOP: "Stop a module on this node.",
    Action.RESTART: "Run the stop and start scripts; the module stays UP.",
    Action.STOPSTART: "Stop the module wholly, then start it.",
    Action.FORCESTOP: "Stop at once, with the forced stop scripts.",
}
_STOPS = (Action.STOP, Action.FORCESTOP)


def _command(action: Action) -> click.Command:
    @click.command(action.value, help=_HELP[action])
    @module_option
    @identity_option
    @click.option("--wait", is_flag=True, help="Come back when it is done, not when it is accepted.")
    @json_option
    def order(module: str, identity: str, wait: bool, as_json: bool) -> int:
        return _order(action, module_name(module), identity, wait, as_json)

    return order


def _order(action: Action, module: str, identity: str, wait: bool, wants_json: bool) -> int:
    seconds = _LONGEST_WAIT if wait else 0.0
    body = Order(action, identity=identity, wait=seconds, run=os.environ.get("KEEPGREEN_RUN", ""))
    if wait and progress_wanted():
        click.echo(f"waiting for the {action} of {module} (Ctrl-C ends the waiting, not the {action}) …", err=True)
    answer = send(f"/modules/{module}/actions", body, OrderAnswer, timeout=seconds + 30.0)
    if wants_json:
        click.echo(to_json(answer))
    elif answer.accepted and not wait:
        say(answer.text)
    if not answer.accepted:
        raise CommandFailed(answer.text, Exit.NOT_NOW)
    if wait and not answer.done:
        raise CommandFailed(f"the {action} of {module} has not ended within {seconds:g} s; it goes on", Exit.NOT_NOW)
    if wait and not _reached(action, answer):
        why = fetch(f"/modules/{module}/why", WhyAnswer).sentence
        raise CommandFailed(f"{module} ended in {answer.state} {answer.status}: {why}", Exit.NOT_NOW)
    if wait and not wants_json:
        say(f"{module} is {answer.state} {answer.status}")
    return Exit.OK


@click.command("run-without")
@click.argument("value", type=click.Choice(["start", "stop"]))
@module_option
@json_option
def run_without(value: str, module: str, as_json: bool) -> None:
    """Start or stop the application of a module that is in STOP, without the product watching it."""
    answer = send(f"/modules/{module_name(module)}/run-without", RunWithout(value == "start"), OrderAnswer)
    if as_json:
        click.echo(to_json(answer))
    else:
        say(answer.text)


def _reached(action: Action, answer: OrderAnswer) -> bool:
    if action in _STOPS:
        return answer.state == State.STOP
    return answer.status == Status.READY


ACTIONS = tuple(_command(action) for action in _HELP)
