"""The lab's network: a switch and hosts, each a network namespace; nothing in it is connected to this machine.

Names. Every namespace is called `kg<role>-<owner>-<random>`: role `sw`, `node1`, `client1`, …; owner the pid that
built the lab, and the lab dies with it: the next lab that is built sweeps what a crashed owner left. Owner 1 is the
machine itself, for a lab that a person keeps (`dev.py lab up`). Labs do not see each other.

Addresses. Node n has 10.77.0.(10+n) and fd77::(10+n), client k has 10.77.k.1…250 and fd77::c<k>:1…50 (hexadecimal),
all in 10.77.0.0/16 and fd77::/64 on `eth0`. MAC addresses are 02:00:00:00:00:(10+n), in decimal
digits, and 02:00:00:00:c<k>:01. A second lan is another bridge with 10.78…, fd78… and 02:00:00:01… on `eth1`. There
are at most 9 clients and 89 nodes.
Duplicate address detection is off, the bridge neither blocks nor snoops.
"""

import ctypes
import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

RUN = Path("/run/netns")
NAME = re.compile(r"kg(?P<role>[a-z]+\d*)-(?P<lab>(?P<owner>\d+)-[0-9a-f]{4})")
MACHINE = 1
"""The owner of a lab that outlives the process that builds it."""
CLONE_NEWNET = 0x40000000
LEARNT = 50
"""Addresses of a host and family that others find by ARP and ND. All labs share the kernel's limit of 1,024 learnt
neighbours, so that the others are told them."""


class LabImpossible(Exception):
    """A lab cannot be built here; the text says why."""


def refusal() -> str:
    """One sentence that says why no lab can be built here, empty when one can."""
    if sys.platform != "linux":
        return "The namespace lab needs Linux."
    if os.geteuid() != 0:
        return "The namespace lab needs root, for network namespaces."
    if absent := [package for command, package in TOOLS.items() if not shutil.which(command)]:
        return f"The namespace lab needs {' and '.join(absent)} (apt install {' '.join(absent)})."
    if not Path("/proc/sys/net/ipv6").exists():
        return "The namespace lab needs IPv6 in the kernel."
    trial = Namespace(f"kgtrial-{os.getpid()}-{secrets.token_hex(2)}")
    try:
        said(["ip", "netns", "add", trial.name])
        trial.batch(["link add br0 type bridge", "link add one type veth peer name other"])
        trial.run("nft", "add", "table", "bridge", "trial")
    except LabImpossible as problem:
        return f"The namespace lab is not possible here: {problem}"
    finally:
        remove([trial])
    return ""


TOOLS = {"ip": "iproute2", "nft": "nftables", "nginx": "nginx-light"}
"""Command → Debian package without which there is no lab."""


def said(argv: Sequence[str], text: str = "") -> str:
    """What a command says. Raises LabImpossible with its complaint."""
    done = subprocess.run(argv, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabImpossible(f"{' '.join(argv)}: {' '.join(done.stderr.split())}")
    return done.stdout


@dataclass(frozen=True)
class Namespace:
    """One network namespace, by its full name."""

    name: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """The command that runs a command in it; the pid stays that of the command."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *argv: str, text: str = "") -> str:
        """Run a command in it to its end; what it says. Raises LabImpossible when it fails."""
        return said([*self.prefix, *argv], text)

    def batch(self, lines: Iterable[str]) -> None:
        """Many `ip` commands at once, without the word `ip`."""
        said(["ip", "-n", self.name, "-batch", "-"], "\n".join(lines))

    @contextmanager
    def entered(self) -> Iterator[None]:
        """This thread is in the namespace; a socket that is made here belongs to it for good."""
        with Path("/proc/thread-self/ns/net").open("rb") as home, (RUN / self.name).open("rb") as there:
            set_namespace(there.fileno())
            try:
                yield
            finally:
                set_namespace(home.fileno())

    def connected(self, address: str, port: int, timeout: float = 1.0) -> socket.socket:
        """A TCP connection that begins in the namespace. Raises OSError."""
        with self.entered():
            return socket.create_connection((address, port), timeout)

    def pids(self) -> list[int]:
        """Every process in it."""
        return inside([self])

    def end(self) -> None:
        """Kill everything in it."""
        end_all([self])


def set_namespace(descriptor: int) -> None:
    """Move this thread. Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def inside(namespaces: Iterable[Namespace]) -> list[int]:
    """The processes that are in one of these."""
    marks = set()
    for namespace in namespaces:
        with suppress(OSError):
            marks.add((RUN / namespace.name).stat().st_ino)
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                if os.stat(f"/proc/{entry.name}/ns/net").st_ino in marks:  # noqa: PTH116 (a link that leads nowhere)
                    found.append(int(entry.name))
    return found


def end_all(namespaces: Sequence[Namespace]) -> None:
    """Kill every process in these, and those they start meanwhile."""
    deadline = time.monotonic() + 10
    while (found := inside(namespaces)) and time.monotonic() < deadline:
        for pid in found:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)


@dataclass(frozen=True)
class Host(Namespace):
    """A namespace with a cable to the switch in each lan."""

    role: str
    tail: str
    switch: Namespace
    addresses: tuple[tuple[str, ...], ...]
    """Per lan: all addresses, IPv4 first."""

    @property
    def mac(self) -> str:
        """Its MAC address in the first lan; how answers are told apart."""
        return mac_of(self.tail, 0)

    def address(self, lan: int = 0, family: int = 4) -> str:
        """The first address in a lan."""
        return next(a for a in self.addresses[lan] if (":" in a) == (family == 6))

    def of_family(self, family: int, lan: int = 0) -> list[str]:
        """All addresses of a family in a lan."""
        return [a for a in self.addresses[lan] if (":" in a) == (family == 6)]

    def port(self, lan: int = 0) -> str:
        """The name of its port on the switch."""
        return port_name(self.role, lan)

    def introduce(self, other: "Host") -> None:
        """Tell it the MAC of the other one's addresses, but for the first `LEARNT` of a family, which it asks for."""
        self.batch(
            f"neigh replace {address} lladdr {mac_of(other.tail, lan)} dev eth{lan} nud permanent"
            for lan in range(len(self.addresses))
            for family in (4, 6)
            for address in other.of_family(family, lan)[LEARNT:]
        )

    def cable(self, plugged: bool, lan: int = 0) -> None:
        """Pull the cable of a lan, or plug it in again: the host's interface loses its carrier."""
        self.switch.batch([f"link set {self.port(lan)} {'up' if plugged else 'down'}"])


def port_name(role: str, lan: int) -> str:
    """A host's port on the bridge of a lan."""
    return f"{role}.{lan}" if lan else role


def mac_of(tail: str, lan: int) -> str:
    """The MAC address of a host; `tail` are its last two bytes."""
    return f"02:00:00:{lan:02x}:{tail}"


class Network:
    """The switch, with a bridge per lan, and the hosts on it. Close it; see the top for names and addresses."""

    def __init__(self, lans: int = 1, owner: int | None = None) -> None:
        if problem := refusal():
            raise LabImpossible(problem)
        sweep()
        self.lab = f"{owner or os.getpid()}-{secrets.token_hex(2)}"
        self.lans = lans
        self.hosts: list[Host] = []
        self.directory = directory_of(self.lab)
        """Short, as a UNIX socket's path is at most 107 bytes."""
        self.directory.mkdir(mode=0o700)
        self.switch = Namespace(f"kgsw-{self.lab}")
        said(["ip", "netns", "add", self.switch.name])
        quiet_ipv6(self.switch)
        self.switch.batch(
            line
            for lan in range(lans)
            for line in (
                f"link add br{lan} type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                f"link set br{lan} up",
            )
        )

    def add_node(self, number: int) -> Host:
        """Node 1, 2, … with an IPv4 and an IPv6 address in each lan."""
        return self._add_server(f"node{number}", 10 + number)

    def add_front(self) -> Host:
        """A host for a load balancer, 10.77.0.5 and fd77::5."""
        return self._add_server("front", 5)

    def add_client(self, number: int, ipv4: int = 250, ipv6: int = 50) -> Host:
        """Client 1, 2, … with so many addresses in each lan."""
        addresses = [
            (
                *(f"10.{77 + lan}.{number}.{i}" for i in range(1, ipv4 + 1)),
                *(f"fd{77 + lan}::c{number}:{i:x}" for i in range(1, ipv6 + 1)),
            )
            for lan in self._range
        ]
        return self._add(f"client{number}", f"c{number}:01", addresses)

    def close(self) -> None:
        """Kill everything in the lab and remove it."""
        remove([self.switch, *self.hosts])
        shutil.rmtree(self.directory, ignore_errors=True)

    @property
    def _range(self) -> range:
        return range(self.lans)

    def _add_server(self, role: str, last: int) -> Host:
        return self._add(
            role, f"00:{last:02d}", [(f"10.{77 + lan}.0.{last}", f"fd{77 + lan}::{last}") for lan in self._range]
        )

    def _add(self, role: str, tail: str, addresses: list[tuple[str, ...]]) -> Host:
        host = Host(f"kg{role}-{self.lab}", role, tail, self.switch, tuple(addresses))
        said(["ip", "netns", "add", host.name])
        self.hosts.append(host)
        quiet_ipv6(host)
        for lan, own in enumerate(addresses):
            peer = f"eth{lan} address {mac_of(tail, lan)} netns {host.name}"
            self.switch.batch(
                [
                    f"link add {host.port(lan)} type veth peer name {peer}",
                    f"link set {host.port(lan)} master br{lan} up",
                ]
            )
            host.batch(
                [
                    *("link set lo up", f"link set eth{lan} up"),
                    *(f"addr add {a}/{'64' if ':' in a else '16'} dev eth{lan} {'nodad' * (':' in a)}" for a in own),
                ]
            )
        for other in self.hosts[:-1]:
            host.introduce(other)
            other.introduce(host)
        return host


def quiet_ipv6(namespace: Namespace) -> None:
    """No duplicate address detection, no router solicitations: addresses are there at once."""
    with namespace.entered():
        for where in ("all", "default"):
            for what in ("accept_dad", "accept_ra"):
                Path("/proc/sys/net/ipv6/conf", where, what).write_text("0")


def directory_of(lab: str) -> Path:
    """Where the files of a lab are."""
    return Path(tempfile.gettempdir()) / f"kglab-{lab}"


def labs() -> dict[str, list[Namespace]]:
    """All labs on this machine with their namespaces, by `<owner>-<random>`."""
    found: dict[str, list[Namespace]] = {}
    with suppress(FileNotFoundError):
        for file in sorted(RUN.iterdir()):
            if match := NAME.fullmatch(file.name):
                found.setdefault(match["lab"], []).append(Namespace(file.name))
    return found


def role_of(namespace: Namespace) -> str:
    """`node1` of `kgnode1-1-ab12`."""
    match = NAME.fullmatch(namespace.name)
    assert match, namespace
    return match["role"]


def remove(namespaces: Sequence[Namespace]) -> None:
    """Kill what runs in them and delete them."""
    end_all(namespaces)
    for namespace in namespaces:
        subprocess.run(["ip", "netns", "del", namespace.name], capture_output=True, check=False)


def sweep() -> list[str]:
    """Remove the labs whose owner is gone; their names."""
    found = labs()
    for directory in directory_of("").parent.glob("kglab-*"):
        found.setdefault(directory.name.removeprefix("kglab-"), [])
    gone = {lab: spaces for lab, spaces in found.items() if not Path(f"/proc/{lab.split('-')[0]}").exists()}
    for lab, spaces in gone.items():
        remove(spaces)
        shutil.rmtree(directory_of(lab), ignore_errors=True)
    return list(gone)
