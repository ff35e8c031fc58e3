"""module install, package, uninstall, list; config, deconfig, check."""

import os
from pathlib import Path

import click

from nodeagent.cli.author import author
from nodeagent.cli.client import as_json as to_json
from nodeagent.cli.client import delete, fetch, installed_files, put, send
from nodeagent.cli.commands_cluster import report_check
from nodeagent.cli.commands_snapshot import fetch_file
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.in_force import cluster_file, module_file
from nodeagent.cli.local import NODE, module_name, module_path
from nodeagent.cli.options import LARGEST, json_option, module_option, read_file
from nodeagent.cli.progress import Progress
from nodeagent.cli.tables import clock, say, show_problems, show_table
from nodeagent.client.module_calls import SCRIPTS
from nodeagent.contract.api import ClusterInfo, Commit, ModuleInfo, Staged, StageModule
from nodeagent.contract.module_files import ROOTS, USERCONFIG
from nodeagent.contract.revisions import Uninstalled
from nodeagent.contract.status import NodeStatus
from nodeagent.home import Home


@click.group()
def module() -> None:
    """The modules installed on this node."""


@module.command("install")
@click.argument("file")
@click.option("-m", "name", default="", metavar="MODULE", help="Its name; left out: the name of the file.")
@json_option
def module_install(file: str, name: str, as_json: bool) -> None:
    """Install a module from a .safe file; `config` puts it in force."""
    archive = read_file(file)
    wanted = name or Path(file).stem
    module_path(wanted)
    with Progress(f"installing {wanted}") as progress:
        info = put(f"/modules/{wanted}", archive, ModuleInfo, lambda sent: progress.at(sent, len(archive)))
    if as_json:
        click.echo(to_json(info))
    else:
        say(f"{info.name} is installed; `keepgreen config -m {info.name}` puts it in force")
        show_problems(info.problems)


@module.command("package")
@click.argument("file")
@module_option
@json_option
def module_package(file: str, module: str, as_json: bool) -> None:
    """Write a module as it is in force (or installed) into a .safe FILE."""
    name = module_name(module)
    size = fetch_file(f"{module_path(name)}/archive", Path(file), f"package of {name}")
    if as_json:
        click.echo(to_json({"module": name, "file": file, "size": size}))
    else:
        say(f"{file}: {name}, {size} bytes")


@module.command("uninstall")
@module_option
@json_option
def module_uninstall(module: str, as_json: bool) -> None:
    """Take a stopped module away from this node; its files are kept in a backup."""
    name = module_name(module)
    taken = delete(f"/modules/{name}", Uninstalled, timeout=SCRIPTS)
    if as_json:
        click.echo(to_json(taken))
    else:
        say(f"{name} is uninstalled; its files are in {taken.backup}")


@module.command("list")
@json_option
def module_list(as_json: bool) -> None:
    """List the modules of this node."""
    infos = fetch("/modules", tuple[ModuleInfo, ...])
    if as_json:
        click.echo(to_json(infos))
        return
    if not infos:
        say("no module is installed (`keepgreen module install FILE.safe`)")
        return
    rows = [
        (
            info.name,
            str(info.revision) if info.configured else "not applied",
            " ".join(info.nodes),
            info.author,
            clock(info.time)[:19] if info.time else "",
            info.signature[:12],
        )
        for info in infos
    ]
    show_table(("module", "revision", "nodes", "author", "time", "signature"), rows)


@click.command()
@module_option
@click.option("--nodes", default="", metavar="N1,N2", help="The module's nodes; left out: as before, else all.")
@click.option("--from", "directory", default=None, metavar="DIR", help="Take conf/, bin/ and web/ of this directory.")
@json_option
def config(module: str, nodes: str, directory: str | None, as_json: bool) -> int:
    """Put a module in force on this node: as installed, or with the files of a directory."""
    name = module_name(module)
    chosen = tuple(node.strip() for node in nodes.split(",") if node.strip())
    if nodes and not chosen:
        raise CommandFailed(f"--nodes {nodes!r} names no node", Exit.USAGE)
    if directory == "":
        raise CommandFailed("--from '' names no directory", Exit.USAGE)
    files = _files_of(directory) if directory else installed_files(name)
    chosen = chosen or _nodes_of(name)
    staged = send(f"/modules/{name}/stage", StageModule(files, chosen, author=author()), Staged, timeout=SCRIPTS)
    if not staged.ok:
        return report_check(name, staged.signature, list(staged.problems), as_json)
    info = send(f"/modules/{name}/commit", Commit(staged.signature, author()), ModuleInfo, timeout=SCRIPTS)
    if as_json:
        click.echo(to_json(info))
    else:
        show_problems(staged.problems)
        say(f"revision {info.revision} of {name} is in force on this node, for {', '.join(info.nodes)}")
        for waiting in info.waits:
            say(waiting)
        show_problems(info.problems)
    return Exit.OK


@click.command()
@module_option
@json_option
def deconfig(module: str, as_json: bool) -> None:
    """Take a stopped module out of force on this node; it stays installed."""
    name = module_name(module)
    info = send(f"/modules/{name}/deconfig", {}, ModuleInfo, timeout=SCRIPTS)
    if as_json:
        click.echo(to_json(info))
        return
    say(f"{info.name} is not in force on this node any more; `keepgreen config -m {info.name}` puts it in force again")
    show_problems(info.problems)


def _nodes_of(name: str) -> tuple[str, ...]:
    known = next((info.nodes for info in fetch("/modules", tuple[ModuleInfo, ...]) if info.name == name), ())
    return known or fetch("/cluster", ClusterInfo).nodes or (fetch("/status", NodeStatus).node,)


def _files_of(directory: str) -> dict[str, bytes]:
    top, left = Path(directory), LARGEST
    files: dict[str, bytes] = {}
    try:
        if not (top / USERCONFIG).is_file():  # looked for first: `--from /` has a bin, too
            raise CommandFailed(f"{directory} holds no {USERCONFIG}", Exit.BAD_DATA)
        for root in ROOTS:
            for path in sorted((top / root).rglob("*")):
                if path.is_file():
                    files[path.relative_to(top).as_posix()] = data = read_file(str(path))
                    left -= len(data)
                if left < 0:
                    raise CommandFailed(f"{directory} holds more than {LARGEST >> 20} MiB", Exit.BAD_DATA)
    except OSError as error:
        raise CommandFailed(f"{error.filename or directory} cannot be read: {error.strerror}", Exit.BAD_DATA) from None
    except ValueError as error:
        raise CommandFailed(f"{directory} cannot be read: {error}", Exit.BAD_DATA) from None
    return files


@click.command()
@click.argument("file", default="")
@click.option("-m", "module", default="", metavar="MODULE", help="An installed module, checked by the agent.")
@json_option
def check(file: str, module: str, as_json: bool) -> int:
    """Check an installed module, or a userconfig.xml FILE, and name everything wrong.

    Without a running agent the userconfig.xml in force is checked; the agent also looks at scripts and services.
    """
    if file:
        return _check_file(file, module, as_json)
    try:
        name = module_name(module)
        files = installed_files(name)
    except CommandFailed as failed:
        named = module or os.environ.get("SAFEMODULE", "")
        if failed.exit_code != Exit.AGENT_DOWN or not named or NODE.get():
            raise
        return _check_file(_in_force(named, failed), named, as_json)
    asked = StageModule(files, _nodes_of(name), author=author())
    staged = send(f"/modules/{name}/check", asked, Staged, timeout=SCRIPTS)
    return report_check(name, staged.signature, list(staged.problems), as_json)


def _in_force(name: str, failed: CommandFailed) -> str:
    """The userconfig.xml as it lies on the disk; `failed` where there is none to be read."""
    module_path(name)
    file = module_file(Home.from_environment(), name)
    try:
        there = file.is_file()
    except OSError:  # a directory above it is closed to this user
        there = False
    if not there:
        raise failed
    return str(file)


def _check_file(file: str, module: str, wants_json: bool) -> int:
    """The lans and nodes are those of the cluster in force here, where there is one."""
    from nodeagent.contract.cluster_xml import read_cluster
    from nodeagent.contract.module_xml import read_module

    data = read_file(file)
    if module:
        module_path(module)
    try:
        cluster, _ = read_cluster(cluster_file(Home.from_environment()).read_bytes(), "cluster.xml")
    except OSError:
        cluster = None
    nodes = cluster.nodes if cluster else ()
    found, problems = read_module(module or "module", data, file, dict(os.environ), nodes=nodes, cluster=cluster)
    return report_check(file, found.signature if found else "", problems, wants_json)
