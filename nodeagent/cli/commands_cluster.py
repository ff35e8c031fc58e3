"""cluster check, config, info, state, genkey. What reads XML is imported late: it takes long."""

import socket

import click
import msgspec
import psutil

from nodeagent.cli.author import author
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import fetch, send
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.in_force import cluster_file
from nodeagent.cli.local import NODE
from nodeagent.cli.options import PIN_DIGITS, is_pin, json_option, read_file
from nodeagent.cli.tables import say, show_problems, show_table
from nodeagent.contract.api import ClusterInfo, ClusterKey, Commit, Identity, StageCluster, Staged
from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.errors import Problem, errors_of
from nodeagent.contract.status import NodeStatus
from nodeagent.home import Home


class Findings(msgspec.Struct, frozen=True):
    """The JSON answer of a check."""

    ok: bool
    signature: str
    problems: tuple[Problem, ...]


@click.group()
def cluster() -> None:
    """The cluster this node is in."""


@cluster.command("check")
@click.argument("file", default="")
@json_option
def cluster_check(file: str, as_json: bool) -> int:
    """Check a cluster.xml and name everything wrong in it; without FILE the one in force. Needs no agent."""
    from nodeagent.contract.cluster_xml import read_cluster

    path = file or _in_force()
    config, problems = read_cluster(read_file(path), path)
    return report_check(path, config.signature if config else "", problems, as_json)


def _in_force() -> str:
    file = cluster_file(Home.from_environment())
    try:
        file.stat()
    except FileNotFoundError:
        raise CommandFailed("this node is in no cluster: name the FILE to check", Exit.NOT_NOW) from None
    except OSError:
        pass  # reading it says why
    return str(file)


def report_check(path: str, signature: str, problems: list[Problem], wants_json: bool) -> int:
    """Show the findings of a check; 65 when one of them is an error."""
    wrong = len(errors_of(problems))
    if wants_json:
        click.echo(to_json(Findings(not wrong, signature, tuple(problems))))
    else:
        show_problems(problems)
        if wrong:
            say(f"{path}: {wrong} error{'s' if wrong != 1 else ''}", "red")
        else:
            say(f"{path} is good", "green")
    return Exit.BAD_DATA if wrong else Exit.OK


@cluster.command("config")
@click.argument("file")
@click.option("--as", "name", default="", metavar="NAME", help="Which node of the file this one is.")
@click.option(
    "--key", "key_file", default="", metavar="FILE", help="The cluster key, as `cluster genkey --json` wrote it."
)
@click.option(
    "--pin", "pins", multiple=True, metavar="NODE=PIN", help="The pin of a node, as `fingerprint` shows it; repeatable."
)
@json_option
def cluster_config(*, file: str, name: str, key_file: str, pins: tuple[str, ...], as_json: bool) -> int:
    """Make a cluster.xml the one in force on this node.

    Nodes hear each other with the same key on all of them, and pass commands on (-H) when they know their pins.
    """
    import asyncio

    from nodeagent.client.addresses import NoAddress, with_addresses
    from nodeagent.contract.cluster_xml import read_cluster

    data = read_file(file)
    config, problems = read_cluster(data, file)
    if config is None or errors_of(problems):
        return report_check(file, "", problems, as_json)
    try:
        data = asyncio.run(with_addresses(data))
    except NoAddress as names:
        raise CommandFailed(f"{file}: {names}", Exit.BAD_DATA) from None
    me = name or NODE.get() or _this_node(config, local_addresses())
    if me not in config.nodes:
        raise CommandFailed(f"{file} has no node {me!r}; it has: {', '.join(config.nodes)}", Exit.USAGE)
    keys = (_key_of(key_file),) if key_file else ()
    request = StageCluster(data, me, keys, _pins_of(pins, config), author=author())
    staged = send("/cluster/stage", request, Staged)
    if not staged.ok:
        return report_check(file, staged.signature, list(staged.problems), as_json)
    info = send("/cluster/commit", Commit(staged.signature, author()), ClusterInfo)
    if as_json:
        click.echo(to_json(info))
    else:
        show_problems(staged.problems)
        say(f"this node is {info.name} of {', '.join(info.nodes)}")
    return Exit.OK


@cluster.command("info")
@json_option
def cluster_info(as_json: bool) -> None:
    """Show the cluster in force on this node."""
    from nodeagent.contract.cluster_xml import read_cluster

    info = fetch("/cluster", ClusterInfo)
    if as_json:
        click.echo(to_json(info))
        return
    if not info.configured:
        say("this node is in no cluster (`keepgreen cluster config FILE` puts it into one)")
        _show_known(info)
        return
    config, _ = read_cluster(info.xml, "cluster.xml")
    say(f"this node  {info.name}")
    say(f"key        {'there is one' if info.has_key else 'none yet (`keepgreen cluster genkey`)'}")
    say(f"signature  {info.signature}")
    pins = {info.name: fetch("/identity", Identity).pin, **info.pins}
    rows = [
        (lan.name, node.node, node.addr, pins.get(node.node, "not known"))
        for lan in (config.lans if config else ())
        for node in lan.nodes
    ]
    show_table(("lan", "node", "address", "pin"), rows)
    _show_known(info)


def _show_known(info: ClusterInfo) -> None:
    for name, pin in info.known.items():
        say(f"{name} has enrolled, its pin is {pin}; it counts when a cluster.xml names it")


@cluster.command("state")
@json_option
def cluster_state(as_json: bool) -> None:
    """Show the nodes of the cluster as this one sees them: who is heard, on which lans, with what configuration."""
    status = fetch("/status", NodeStatus)
    if as_json:
        told = {"node": status.node, "signature": status.cluster_signature, "peers": status.peers}
        click.echo(to_json({**told, "rejected": status.rejected, "alarms": status.alarms}))
        return
    rows = [(status.node, "this node", "", "", "", status.version)]
    for peer in status.peers:
        heard = "alive, degraded" if peer.degraded else "alive"
        lans = " ".join(f"{lan.lan}:{'heard' if lan.heard else 'silent'}" for lan in peer.lans)
        same = ("same" if peer.same_configuration else "other") if peer.alive else ""
        offset = f"{peer.clock_offset:+z.3f} s" if peer.alive else ""
        rows.append((peer.name, heard if peer.alive else peer.reason or "lost", lans, same, offset, peer.version))
    show_table(("node", "state", "lans", "configuration", "clock", "version"), rows)
    for alarm in status.alarms:
        say(f"alarm: {alarm}", "red")
    for reason, count in status.rejected.items():
        say(f"{reason} ({count} since the agent began)")


@cluster.command("genkey")
@json_option
def cluster_genkey(as_json: bool) -> None:
    """Make the cluster key on this node; refused when there is one. With --json the key itself is written."""
    made = send("/cluster/key", {}, ClusterKey)
    if as_json:
        click.echo(to_json(made))
        return
    say("the cluster key is made; the other nodes need the same one")


def local_addresses() -> frozenset[str]:
    """All addresses of this computer's interfaces."""
    return frozenset(
        address.address.split("%")[0] for addresses in psutil.net_if_addrs().values() for address in addresses
    )


def _key_of(file: str) -> bytes:
    try:
        return msgspec.json.decode(read_file(file), type=ClusterKey).key
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise CommandFailed(f"{file} is not what `cluster genkey --json` wrote", Exit.BAD_DATA) from None


def _pins_of(given: tuple[str, ...], config: ClusterConfig) -> dict[str, str]:
    """Those that are given beside those that are known: a list that is sent takes the place of the one before."""
    if not given:
        return {}
    info = fetch("/cluster", ClusterInfo)
    pins = {**info.known, **info.pins}
    for word in given:
        node, _, pin = word.partition("=")
        if node not in config.nodes or not is_pin(pin):
            text = f"--pin {word!r}: a node of the file, `=` and {PIN_DIGITS} hex digits are wanted"
            raise CommandFailed(text, Exit.USAGE)
        pins[node] = pin.lower()
    return pins


def _this_node(config: ClusterConfig, local: frozenset[str]) -> str:
    matches = {
        node.node for lan in config.lans for node in lan.nodes if local & {*_addresses_of(node.laddr or node.addr)}
    }
    if len(matches) == 1:
        return matches.pop()
    found = (
        f"{len(matches)} nodes of the file have an address of this computer"
        if matches
        else ("no node of the file has an address of this computer")
    )
    raise CommandFailed(f"{found}: say which one it is with --as ({', '.join(config.nodes)})", Exit.USAGE)


def _addresses_of(address: str) -> set[str]:
    try:
        return {str(info[4][0]) for info in socket.getaddrinfo(address, None)}
    except (OSError, UnicodeError):
        return {address}
