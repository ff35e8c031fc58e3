"""The demo farm: up, status, down, and the accidents that can be made to happen to it.

Each node lives in `<directory>/node<i>`, its KEEPGREEN_HOME, on the address 127.0.0.<10+i> with the standard ports;
the load balancer has 127.0.0.10. The farm belongs to the directory, not to the program that started it.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

import nodeagent
from nodeagent.demo.module import NAME
from nodeagent.demo.ports import DemoPortTaken, Port, demand_free
from nodeagent.demo.processes import Mark, end, is_agent, of_demo, of_home, start_detached
from nodeagent.demo.record import (
    API_PORT,
    APP_PORT,
    BALANCER,
    BALANCER_PORT,
    CLUSTER_PORT,
    FILE,
    HEALTH_PORT,
    DemoFailed,
    DemoInfo,
    DemoNode,
)
from nodeagent.demo.rollout import Report, rolled_out, stopped
from nodeagent.demo.view import FarmView, look

__all__ = [
    "MOST_NODES",
    "DemoFailed",
    "DemoInfo",
    "DemoPortTaken",
    "FarmView",
    "default_directory",
    "down",
    "kill_agent",
    "power_off",
    "start_agent",
    "status",
    "up",
]

MOST_NODES = 16
BALANCER_HOME = "load_balancer"
PROBE_INTERVAL = "1"
LONGEST_SOCKET_PATH = 100
"""Bytes; the system allows 108 for the path of a local socket."""


def default_directory() -> Path:
    """Where the demo lives when nothing else is said."""
    return Path("demo-farm")


def silent(_: str) -> None:
    """Reports nothing."""


def up(directory: Path, nodes: int = 3, report: Report = silent) -> DemoInfo:
    """Start a farm of so many nodes and wait until it is green.

    Of one that is up already only the agents that do not run are started again. Raises DemoPortTaken or DemoFailed;
    nothing is left running then. Blocks for some seconds, `report` gets a line for each step.
    """
    directory = directory.resolve()
    if (info := DemoInfo.load(directory)) and of_demo(directory):
        report(f"the demo is already up in {directory}")
        return revive(info, report)
    if not 1 <= nodes <= MOST_NODES:
        raise DemoFailed(f"a demo has 1 to {MOST_NODES} nodes, not {nodes}")
    check_place(directory)
    end(of_demo(directory))
    demand_free(ports_of(nodes))
    with usable(directory):
        try:
            clear(directory)
            farm = [new_node(directory, number) for number in range(1, nodes + 1)]
            balancer = start_balancer(directory, farm)
            report(f"{nodes} agents and the load balancer are started in {directory}")
            info = DemoInfo(str(directory), NAME, "admin", secrets.token_urlsafe(12), tuple(farm), balancer)
            info.save()
            info = rolled_out(info, report)
            info.save()
        except BaseException:
            end(of_demo(directory))
            (directory / FILE).unlink(missing_ok=True)
            raise
    return info


def revive(info: DemoInfo, report: Report) -> DemoInfo:
    """Start the agents that do not run; the info with all of them."""
    directory = Path(info.directory)
    for number, node in enumerate(info.nodes, 1):
        if not any(map(is_agent, of_home(Path(node.home)))):
            start_agent(directory, number)
            report(f"the agent of {node.name} did not run and is started again")
    return DemoInfo.load(directory) or info


def status(directory: Path) -> FarmView:
    """What the farm looks like now, seen from outside; `up` is False when there is none. Blocks for a second or so."""
    directory = directory.resolve()
    info = DemoInfo.load(directory)
    if info is None or not of_demo(directory):
        return FarmView(up=False)
    return FarmView(True, asyncio.run(look(info)), info.application_url, info.mosaic_url)


def down(directory: Path, report: Report = silent) -> None:
    """Stop the module, the agents and the load balancer, whatever state they are in; nothing is left running.

    Raises DemoFailed naming what could not be ended.
    """
    directory = directory.resolve()
    running = of_demo(directory)
    if not running:
        with usable(directory):
            (directory / FILE).unlink(missing_ok=True)
        report(f"no demo is up in {directory}")
        return
    info = None
    with contextlib.suppress(DemoFailed):  # without a readable demo.json there is still everything to end
        info = DemoInfo.load(directory)
    alive = [node for node in info.nodes if any(map(is_agent, of_home(Path(node.home))))] if info else []
    if info and alive:
        try:
            stopped(info, alive)
            report(f"module {info.module} is stopped")
        except DemoFailed as error:
            report(f"module {info.module} did not stop in order: {error}")
    end(filter(is_agent, running))
    left = end(of_demo(directory))
    if left:
        raise DemoFailed(f"still running: {', '.join(f'{p.name()} (pid {p.pid})' for p in left)}")
    with usable(directory):
        (directory / FILE).unlink(missing_ok=True)
    report("nothing of the demo is left running")


def kill_agent(directory: Path, number: int) -> None:
    """Kill the agent of node <number> as `kill -9` does; its application goes on."""
    end(filter(is_agent, of_home(home_of(directory, number))), polite=0)


def power_off(directory: Path, number: int) -> None:
    """End everything of node <number> at once, as a power failure does."""
    end(of_home(home_of(directory, number)), polite=0)


def start_agent(directory: Path, number: int, boot_id: str | None = None) -> Mark:
    """Start the agent of node <number> again; another `boot_id` makes it believe that its machine was booted."""
    mark = start_node(home_of(directory, number), boot_id)
    if info := DemoInfo.load(directory.resolve()):
        farm = list(info.nodes)
        farm[number - 1] = msgspec.structs.replace(farm[number - 1], agent=mark)
        msgspec.structs.replace(info, nodes=tuple(farm)).save()
    return mark


def home_of(directory: Path, number: int) -> Path:
    """The KEEPGREEN_HOME of node <number>, counted from 1."""
    return directory.resolve() / f"node{number}"


def address_of(number: int) -> str:
    """The address of node <number>."""
    return f"127.0.0.{10 + number}"


def ports_of(nodes: int) -> list[Port]:
    """Every port that a demo of so many nodes needs."""
    ports = [Port(BALANCER, BALANCER_PORT), Port(BALANCER, HEALTH_PORT)]
    for number in range(1, nodes + 1):
        address = address_of(number)
        ports += [Port(address, port) for port in (HEALTH_PORT, API_PORT, APP_PORT)]
        ports.append(Port(address, CLUSTER_PORT, "udp"))
    return ports


def check_place(directory: Path) -> None:
    """Raise DemoFailed when the directory's path cannot serve."""
    if sys.platform == "win32":
        return
    if " " in str(directory):
        raise DemoFailed(f"the demo's directory must not have a space in its path: {directory}")
    if len(os.fsencode(home_of(directory, MOST_NODES) / "var" / "run" / "agent.sock")) > LONGEST_SOCKET_PATH:
        raise DemoFailed(f"the path of the demo's directory is too long for a local socket: {directory}")


@contextlib.contextmanager
def usable(directory: Path) -> Iterator[None]:
    """DemoFailed instead of what the system says of the demo's directory."""
    try:
        yield
    except OSError as error:
        raise DemoFailed(f"{directory} cannot be used: {error.strerror or error}") from error


def clear(directory: Path) -> None:
    """Remove the nodes of an earlier demo; anything else in the directory is not ours."""
    directory.mkdir(parents=True, exist_ok=True)
    for home in (*(home_of(directory, number) for number in range(1, MOST_NODES + 1)), directory / BALANCER_HOME):
        if (home / "demo.log").exists():
            shutil.rmtree(home)
        elif home.exists():
            raise DemoFailed(f"{home} is not of a demo; choose another directory")


def new_node(directory: Path, number: int) -> DemoNode:
    """Make the home of a node and start its agent."""
    home = home_of(directory, number)
    (home / "var").mkdir(parents=True)
    (home / "var" / "agent.toml").write_text(f'[listen]\naddress = "{address_of(number)}"\n', encoding="utf-8")
    return DemoNode(home.name, address_of(number), str(home), start_node(home))


def start_node(home: Path, boot_id: str | None = None) -> Mark:
    """Start the agent of a home."""
    environment = {"KEEPGREEN_HOME": str(home)}
    if boot_id is not None:
        environment["KEEPGREEN_BOOT_ID"] = boot_id
    return start_detached(
        [sys.executable, "-m", "nodeagent", "agent", "run"], environment, source_root(), home / "demo.log"
    )


def start_balancer(directory: Path, farm: Sequence[DemoNode]) -> Mark:
    """Start the stand-in for the cloud load balancer."""
    home = directory / BALANCER_HOME
    home.mkdir()
    command = [sys.executable, "-m", "nodeagent.demo.load_balancer", "--module", NAME]
    command += ["--interval", PROBE_INTERVAL, "--source", BALANCER]
    command += [part for node in farm for part in ("--node", f"{node.name}={node.address}")]
    command += ["--relay", f"{BALANCER}:{BALANCER_PORT}:{APP_PORT}"]
    command += ["--relay", f"{BALANCER}:{HEALTH_PORT}:{HEALTH_PORT}"]
    return start_detached(command, {"KEEPGREEN_HOME": str(home)}, source_root(), home / "demo.log")


def source_root() -> Path:
    """The directory from which `-m nodeagent` always finds this very package."""
    return Path(nodeagent.__file__).parent.parent
