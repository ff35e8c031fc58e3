"""vip show, where, check, probe, open, close; and the hidden `vip release` of the service manager."""

from ipaddress import ip_address

import click

from nodeagent.cli import fast
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import module_name
from nodeagent.cli.options import json_option, module_option
from nodeagent.cli.tables import progress_wanted, say, show_table
from nodeagent.contract.vip_status import VipStatus, VipWhere


@click.group()
def vip() -> None:
    """The virtual IP of a module: who serves whom, and what is wrong."""


@vip.command("show")
@module_option
@json_option
def vip_show(module: str, as_json: bool) -> None:
    """Show the addresses, the owner of every slot as a map, and what this node's kernel takes."""
    from nodeagent.cli.vip_map import show_vip

    status = fetch(f"/modules/{module_name(module)}/vip", VipStatus)
    if as_json:
        click.echo(to_json(status))
    else:
        show_vip(status)


@vip.command("where")
@click.argument("address")
@click.argument("port", type=click.IntRange(1, 65535), required=False)
@module_option
@json_option
def vip_where(address: str, port: int | None, module: str, as_json: bool) -> None:
    """Say which node serves the client with this ADDRESS, by each rule; PORT is the client's, not the service's."""
    _address(address)
    name = module_name(module)
    query = {"address": address, "port": str(port or 0)}
    found = fetch(f"/modules/{name}/vip/where", tuple[VipWhere, ...], query)
    if as_json:
        click.echo(to_json(found))
        return
    if not found:
        say(f"no rule of {name} shares out the traffic of {address}")
        return
    show_table(("rule", "group", "slot", "node"), [_row(one, port is not None) for one in found])


def _address(text: str) -> None:
    """Raises CommandFailed for what is none."""
    try:
        ip_address(text)
    except ValueError:
        raise CommandFailed(f"{text!r} is not an IP address", Exit.BAD_DATA) from None


def _row(found: VipWhere, port_known: bool) -> tuple[str, str, str, str]:
    if found.by_port and not port_known:
        return found.rule, found.group, "?", "depends on the client's port: name it, too"
    return found.rule, found.group, str(found.slot), found.node or "nobody"


@vip.command("check")
@module_option
@json_option
def vip_check(module: str, as_json: bool) -> int:
    """Say what is wrong: on this node, and between the nodes; exit code 1 when something is."""
    from nodeagent.cli.node_calls import finished
    from nodeagent.cli.vip_look import look

    name = module_name(module)
    if progress_wanted():
        click.echo("comparing the slots of all nodes …", err=True)
    found = finished(look(name))
    if as_json:
        click.echo(to_json(found))
        return Exit.OK if found.ok else 1
    for problem in found.problems:
        say(problem, "red")
    if found.ok:
        say(f"the virtual IP of {name} is right on {', '.join(found.asked)}", "green")
    return Exit.OK if found.ok else 1


@vip.command("probe")
@click.argument("address", required=False, default="")
@click.option("--interface", default="", metavar="NAME", help="The network interface, where the address does not tell.")
@json_option
def vip_probe(address: str, interface: str, as_json: bool) -> int:
    """Say whether vmac_invisible works on the network of ADDRESS (left out: that of the cluster's nodes).

    All nodes send frames to MACs that no switch knows, for 3 seconds; exit code 1 when some do not arrive.
    """
    from nodeagent.cli.node_calls import all_nodes, finished
    from nodeagent.cli.vip_flood import told
    from nodeagent.client.flood import flood_probe

    if address:
        _address(address)
    nodes = all_nodes()
    if progress_wanted():
        click.echo("all nodes send frames to unknown MACs for 3 s …", err=True)
    found = finished(flood_probe(tuple(nodes), lambda node, probe: nodes[node].flood_probe(probe), address, interface))
    if as_json:
        click.echo(to_json(found))
    else:
        for text, colour in told(found):
            say(text, colour)
    return Exit.OK if found.floods else 1


@vip.command("open")
@module_option
@json_option
def vip_open(module: str, as_json: bool) -> int:
    """Let this node take traffic, from a script of a module whose <vip> says scriptcontrol="on"."""
    return fast.set_gate(True, module, as_json)


@vip.command("close")
@module_option
@json_option
def vip_close(module: str, as_json: bool) -> int:
    """Let this node take no new traffic; see open."""
    return fast.set_gate(False, module, as_json)


@vip.command("release", hidden=True)
def vip_release() -> None:
    """Take no traffic of any virtual IP any more; connections stay. For the service manager's stop hook."""
    from nodeagent.adapters.vip import release_all

    if problem := release_all():
        raise CommandFailed(problem, Exit.REFUSED)
