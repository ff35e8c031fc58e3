"""enrol open and join: a new node and a node of the cluster learn each other's key by a code."""

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, send
from nodeagent.cli.exits import Exit
from nodeagent.cli.options import json_option
from nodeagent.cli.tables import say, span
from nodeagent.contract.api import ClusterInfo
from nodeagent.contract.enrolment import EnrolJoin, Enrolled, EnrolOpened

_PORT = 9001


@click.group()
def enrol() -> None:
    """Make a new node known to a node of the cluster, where the console cannot reach it."""


@enrol.command("open")
@json_option
def enrol_open(as_json: bool) -> int:
    """Let one new node in for ten minutes, and write the code that it needs."""
    opened = send("/enrol", {}, EnrolOpened)
    if as_json:
        click.echo(to_json(opened))
        return Exit.OK
    port = "" if opened.port == _PORT else f" --port {opened.port}"
    say(opened.code, "bold")
    say(f"on the new node, within {span(opened.seconds)}: keepgreen enrol join ADDRESS {opened.code}{port}")
    here = fetch("/cluster", ClusterInfo)
    if not here.configured:
        say(
            f"this node is in no cluster, so the new one will know it as {here.name}: if cluster.xml is to name it"
            " otherwise, put that in force first (`keepgreen cluster config FILE --as NAME`)",
            "yellow",
        )
    return Exit.OK


@enrol.command("join")
@click.argument("address")
@click.argument("code")
@click.option("--as", "name", default="", metavar="NAME", help="This node's name in cluster.xml; else its host name.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=_PORT, show_default=True, help="Where the other listens."
)
@json_option
def enrol_join(*, address: str, code: str, name: str, port: int, as_json: bool) -> int:
    """Be the new node: ADDRESS is the node that is open, CODE what `enrol open` wrote there.

    Afterwards the two know each other's keys; `cluster config` there uses them for a cluster.xml with both in it.
    """
    enrolled = send("/enrol/join", EnrolJoin(address, code, port, name), Enrolled)
    if as_json:
        click.echo(to_json(enrolled))
        return Exit.OK
    say(f"this node and {enrolled.name} know each other; {enrolled.name} knows it as {enrolled.own_name}")
    return Exit.OK
