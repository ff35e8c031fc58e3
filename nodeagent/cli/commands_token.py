"""token add, list, revoke: how programs are let in."""

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.node_calls import finished, nodes_or_this
from nodeagent.cli.options import json_option
from nodeagent.cli.tables import say, show_table
from nodeagent.contract.states import Role
from nodeagent.contract.token_api import TokenInfo, name_problem

_ROLES = [role.value for role in (Role.MONITOR, Role.CONTROL, Role.ADMIN)]


@click.group()
def token() -> None:
    """API tokens: how a program gets in, Prometheus for example."""


@token.command("add")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice(_ROLES),
    default=Role.MONITOR.value,
    show_default=True,
    help="monitor reads, control also gives orders, admin may do everything.",
)
@json_option
def token_add(name: str, role: str, as_json: bool) -> None:
    """Make a token that opens the API of every node, and write it: it is shown this once.

    It is made on all nodes of the cluster or on none, so every node has to answer.
    """
    from nodeagent.client.api_tokens import add_token

    made = finished(add_token(nodes_or_this(), _good(name), Role(role)))
    if as_json:
        click.echo(to_json(made))
        return
    click.echo(made.token)
    click.echo(f"this is the token {name} with the role {role}; nobody can show it again", err=True)


@token.command("list")
@json_option
def token_list(as_json: bool) -> None:
    """Show the names and roles of the tokens that this node knows."""
    known = fetch("/tokens", tuple[TokenInfo, ...])
    if as_json:
        click.echo(to_json(known))
    elif known:
        show_table(("name", "role"), [(one.name, one.role) for one in known])
    else:
        say("there is no token (`keepgreen token add NAME` makes one)")


@token.command("revoke")
@click.argument("name")
@json_option
def token_revoke(name: str, as_json: bool) -> None:
    """End a token on all nodes at once; a node that does not answer is named."""
    from nodeagent.client.api_tokens import revoke_token

    finished(revoke_token(nodes_or_this(), _good(name)))
    if as_json:
        click.echo(to_json({"revoked": name}))
    else:
        say(f"the token {name} is revoked")


def _good(name: str) -> str:
    if problem := name_problem(name):
        raise CommandFailed(problem, Exit.USAGE)
    return name
