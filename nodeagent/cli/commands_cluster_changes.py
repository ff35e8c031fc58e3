"""cluster deconfig, rotate, replace: changes of a cluster that runs."""

import sys

import click

from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import send
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.node_calls import all_nodes, finished
from nodeagent.cli.options import PIN_DIGITS, is_pin, json_option, stdin_line
from nodeagent.cli.tables import say
from nodeagent.client.node_calls import NodeCalls
from nodeagent.contract.api import ClusterInfo, Identity

_API_PORT = 9453


@click.command("deconfig")
@json_option
def cluster_deconfig(as_json: bool) -> None:
    """Take this node out of its cluster and forget the key; all its modules have to be stopped."""
    info = send("/cluster/deconfig", {}, ClusterInfo)
    if as_json:
        click.echo(to_json(info))
    else:
        say(f"{info.name} is in no cluster any more; take it out of the cluster.xml of the others, too")


@click.command("rotate")
@json_option
def cluster_rotate(as_json: bool) -> None:
    """Give all nodes a new cluster key without a stop; every node has to answer."""
    from nodeagent.client.key_rotation import rotate_key

    name = finished(rotate_key(all_nodes()))
    if as_json:
        click.echo(to_json({"key": name}))
    else:
        say(f"all nodes use the new cluster key {name}, the old one is forgotten")


@click.command("replace")
@click.argument("node")
@click.argument("address")
@click.option("--port", type=click.IntRange(1, 65535), default=_API_PORT, show_default=True, help="Of its API.")
@click.option("--pin", default="", metavar="PIN", help="Its pin as `fingerprint` shows it there; left out: asked.")
@click.option("--user", default="admin", metavar="NAME", show_default=True, help="Who logs in there.")
@click.option(
    "--stdin", "from_stdin", is_flag=True, help="Read the passwords: line 1 of the new machine, line 2 of the cluster."
)
@json_option
def cluster_replace(
    *, node: str, address: str, port: int, pin: str, user: str, from_stdin: bool, as_json: bool
) -> None:
    """Put the new machine at ADDRESS in the place of the dead NODE: same name, its own key; nothing is started.

    Its agent runs there with a password of its own (`keepgreen passwd`), and it has the address of NODE in cluster.xml.
    """
    if pin and not is_pin(pin):
        raise CommandFailed(
            f"--pin {pin!r}: {PIN_DIGITS} hex digits are wanted, as `fingerprint` shows them", Exit.USAGE
        )
    nodes = all_nodes()
    if node not in nodes:
        raise CommandFailed(f"the cluster has no node {node}; it has {', '.join(nodes)}", Exit.USAGE)
    passwords = _Passwords(from_stdin)
    finished(_replace(nodes, node, (address, port, pin.lower()), user, passwords))
    if as_json:
        click.echo(to_json({"node": node, "address": address}))
    else:
        say(f"{address} is {node} now; `keepgreen -H {node} start` starts a module there")


class _Passwords:
    """Asked for one after the other, on the terminal or from the standard input."""

    def __init__(self, from_stdin: bool) -> None:
        self._from_stdin = from_stdin

    def next(self, of: str) -> str:
        """The next one. Raises CommandFailed where nobody can be asked."""
        if self._from_stdin:
            said = stdin_line()
        elif sys.stdin.isatty():
            said = str(click.prompt(f"Password {of}", hide_input=True, err=True))
        else:
            raise CommandFailed("this asks on a terminal; without one give the passwords by --stdin", Exit.USAGE)
        if not said:
            raise CommandFailed(f"there is no password {of}", Exit.USAGE)
        return said


async def _replace(
    nodes: dict[str, NodeCalls], node: str, place: tuple[str, int, str], user: str, passwords: _Passwords
) -> None:
    from nodeagent.client.api_client import ApiClient
    from nodeagent.client.cluster_changes import replace_node
    from nodeagent.client.failures import CallFailed, Trouble

    address, port, pin = place
    async with ApiClient(address, port, pin or None) as met:
        try:
            identity = await met.connect()
        except CallFailed as failed:
            if failed.trouble is not Trouble.CERTIFICATE_CHANGED:
                raise
            text = f"{address}:{port} has another key than --pin says; nothing was sent to it"
            raise CallFailed(failed.trouble, text) from None
    if not pin:
        _confirm(address, identity)
    async with ApiClient(address, port, identity.pin, timeout=60.0) as newcomer:
        password = passwords.next(f"of {user} on the new machine")
        await newcomer.login(user, password)

        async def log_in() -> None:
            try:
                await newcomer.login(user, password)
            except CallFailed as failed:
                if failed.trouble is not Trouble.WRONG_PASSWORD:
                    raise
                await newcomer.login(user, passwords.next(f"of {user} in the cluster"))

        rest = {name: calls for name, calls in nodes.items() if name != node}
        await replace_node(rest, node, newcomer, log_in=log_in)


def _confirm(address: str, identity: Identity) -> None:
    if not sys.stdin.isatty():
        raise CommandFailed("say with --pin which machine is meant: `keepgreen fingerprint` shows it there", Exit.USAGE)
    click.echo(f"{address} is {identity.node}: {identity.words}", err=True)
    if not click.confirm("Does `keepgreen fingerprint` show the same words there?", err=True):
        raise CommandFailed("nothing was changed", Exit.REFUSED)


CHANGES = (cluster_deconfig, cluster_rotate, cluster_replace)
