"""Looks at this computer, asks its agent, and by the agent's relay the other nodes. Blocks for some seconds."""

import errno
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from pathlib import Path
from typing import IO, TypeVar

from nodeagent.adapters.settings import Listen, Settings, load_settings
from nodeagent.cli.client import fetch, send
from nodeagent.cli.commands_cluster import local_addresses
from nodeagent.cli.doctor.facts import Machine, Peer, Place, Seen
from nodeagent.cli.exits import CommandFailed, Exit
from nodeagent.cli.local import NODE
from nodeagent.contract.api import ClusterInfo, Identity
from nodeagent.contract.config import ClusterConfig, NodeAddress
from nodeagent.contract.reach_api import Reach, Reached
from nodeagent.contract.status import NodeStatus, PeerStatus
from nodeagent.home import Home
from nodeagent.host.installation import NAME
from nodeagent.host.rights import guarded
from nodeagent.host.service import elsewhere
from nodeagent.os_services import Unanswered, services

_HEADERS = 28
"""Bytes of IPv4 and ICMP in front of what a ping carries."""
_PING = 4.0

T = TypeVar("T")


def gather() -> Seen:
    """Everything that can be seen now; what cannot be seen is left out, with the reason."""
    machine = _machine(Home.from_environment())
    try:
        status, info = fetch("/status", NodeStatus), fetch("/cluster", ClusterInfo)
    except CommandFailed as failed:
        return Seen(machine, None, failed.sentence, not_allowed=failed.exit_code == Exit.REFUSED)
    config = _config(info)
    if config is None:
        return Seen(machine, status)
    own = tuple(lan.laddr or lan.addr for lan in _places(config, info.name))
    with ThreadPoolExecutor(max_workers=8) as pool:
        work = [
            pool.submit(copy_context().run, _peer, config, status, info.name, seen)
            for seen in status.peers
            if seen.name in config.nodes
        ]
        peers = tuple(one.result() for one in work)
    return Seen(machine, status, "", own, peers)


def _machine(home: Home) -> Machine:
    installed, running = _service()
    settings, problems = load_settings(home.settings)
    free, total = _disk(home.var)
    shut = _shut(home.var)
    return Machine(
        sys.platform,
        installed,
        running,
        tuple(problems),
        guarded(home, _named(home, settings or Settings())),
        free,
        total,
        "" if shut else _unwritable(home.var),
        local_addresses(),
        str(home.var),
        str(home.safe),
        elsewhere(home) if installed else "",
        shut,
        shut or home.var.is_dir(),
    )


def _service() -> tuple[bool | None, bool]:
    try:
        seen = services([NAME])[NAME]
    except (Unanswered, OSError):
        return None, False
    return seen.exists, seen.serves


def _named(home: Home, settings: Settings) -> tuple[Path, ...]:
    """The secrets that agent.toml names; their paths are relative to it."""
    files = (settings.mail.password_file, settings.webhook.secret_file)
    return tuple(home.settings.parent / file for file in files if file)


def _shut(path: Path) -> bool:
    """Whether this user, unlike the agent's, may not write there. Root may write wherever anybody may."""
    if sys.platform != "win32" and os.geteuid() == 0:
        return False
    try:
        place = _nearest(path)
        if place != path:
            return not os.access(place, os.W_OK)
        with _trial_file(path):
            return False
    except OSError as error:
        return isinstance(error, PermissionError)


def _nearest(path: Path) -> Path:
    """The place itself, or the first above it that is there. Raises OSError where none is (a drive that is gone)."""
    found = next((place for place in (path, *path.parents) if place.exists()), None)
    if found is None:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return found


def _disk(path: Path) -> tuple[int, int]:
    try:
        usage = shutil.disk_usage(_nearest(path))
    except OSError:
        return 0, 0
    return usage.free, usage.total


def _unwritable(path: Path) -> str:
    try:
        place = _nearest(path)
        if not place.is_dir():
            return f"{place} is no directory"
        if place != path:
            return "" if os.access(place, os.W_OK) else "it cannot be made"
        with _trial_file(path) as file:
            file.write(b"x")
            file.flush()
    except OSError as error:
        return error.strerror or str(error)
    return ""


if sys.platform == "win32":

    def _trial_file(folder: Path) -> IO[bytes]:
        """A file that goes when it is closed. Raises OSError, at once: tempfile tries 2**31 names in a shut folder."""
        flags = os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_BINARY | os.O_TEMPORARY
        return os.fdopen(os.open(folder / f".doctor-{secrets.token_hex(8)}", flags), "wb")

else:

    def _trial_file(folder: Path) -> IO[bytes]:
        """A file that goes when it is closed. Raises OSError."""
        return tempfile.TemporaryFile(dir=folder)


def _config(info: ClusterInfo) -> ClusterConfig | None:
    from nodeagent.contract.cluster_xml import read_cluster

    return read_cluster(info.xml, "cluster.xml")[0] if info.configured else None


def _places(config: ClusterConfig, node: str) -> list[NodeAddress]:
    return [place for lan in config.lans if (place := lan.address_of(node)) is not None]


def _peer(config: ClusterConfig, status: NodeStatus, me: str, seen: PeerStatus) -> Peer:
    theirs = tuple(place.addr for place in _places(config, seen.name))
    ours = tuple(place.addr for place in _places(config, me))
    own_ports = {port.name: port.port for port in status.listeners if port.open}
    ports = (("API", seen.api_port or Listen().api_port), ("health", seen.health_port or Listen().health_port))
    back = (("API", own_ports.get("API port", 0)), ("health", own_ports.get("health port", 0)))
    from_here: tuple[Place, ...] = ()
    from_there: tuple[Place, ...] = ()
    unreached, uuid, hears_us = "", "", None
    try:
        from_here = _ways(theirs, ports)
        uuid = _there(seen.name, lambda: fetch("/identity", Identity)).uuid
        from_there = _there(seen.name, lambda: _ways(ours, back))
        told = _there(seen.name, lambda: fetch("/status", NodeStatus))
        hears_us = next((peer.alive for peer in told.peers if peer.name == me), None)
    except CommandFailed as failed:
        unreached = failed.sentence
    mtu = next((place.reached.mtu for place in from_here if place.reached.mtu), 0)
    path_mtu = _large_packet(theirs[0], mtu) if theirs and mtu else None
    return Peer(
        seen,
        _resolved(seen.name),
        theirs,
        from_here,
        from_there,
        unreached,
        uuid,
        path_mtu,
        hears_us,
        udp_port=config.port,
        api_port=ports[0][1],
    )


def _there(node: str, work: Callable[[], T]) -> T:
    """Ask that node instead of this one."""
    token = NODE.set(node)
    try:
        return work()
    finally:
        NODE.reset(token)


def _ways(addresses: tuple[str, ...], ports: tuple[tuple[str, int], ...]) -> tuple[Place, ...]:
    return tuple(
        Place(what, address, port, send("/connectivity", Reach(address, port), Reached))
        for address in addresses
        for what, port in ports
        if port
    )


def _resolved(name: str) -> tuple[str, ...]:
    try:
        return tuple(sorted({str(info[4][0]) for info in socket.getaddrinfo(name, None)}))
    except (OSError, UnicodeError):
        return ()


def _large_packet(address: str, mtu: int) -> bool | None:
    """Whether a ping that fills the interface's MTU and may not be cut gets an answer; None: cannot be tried."""
    program, size = shutil.which("ping"), str(min(mtu, 65535) - _HEADERS)
    if program is None or ":" in address:
        return None
    if sys.platform == "win32":
        small, large = ["-n", "1", "-w", "1000"], ["-f", "-l", size, "-n", "1", "-w", "1000"]
    else:
        small, large = ["-c", "1", "-W", "1"], ["-M", "do", "-s", size, "-c", "1", "-W", "1"]
    if not _pinged([program, *small, address]):
        return None  # it answers no ping at all
    return _pinged([program, *large, address])


def _pinged(command: list[str]) -> bool:
    try:
        return subprocess.run(command, check=False, capture_output=True, timeout=_PING).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False
