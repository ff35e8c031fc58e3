"""Other products in the lab, to compare with: keepalived on the nodes, HAProxy in front of them."""

import csv
import io
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from tests.e2e.real_farm import until
from tests.lab.nodes import LabNode
from tests.lab.topology import Host

KEEPALIVED = """
global_defs {{
  router_id {name}
}}
vrrp_instance lab {{
  state BACKUP
  version 3
  interface eth0
  virtual_router_id {router}
  priority {priority}
  advert_int {advert}
  virtual_ipaddress {{
    {address}/32 dev eth0
  }}
}}
"""

PRIORITIES = (254, 250, 100)
"""node2's is high, so that it takes over soon, and far from node3's: VRRP waits (256 - priority) / 256 adverts longer
than three. With neighbouring numbers and an advert of 0.1 s both become master within the same half millisecond now and
then; node3 gives way, but its gratuitous ARP was the last, and all clients ask a node without the address until
keepalived's second announcement after 5 s."""

HAPROXY = """
global
    stats socket {socket} mode 600 level admin
    maxconn 4000
defaults
    mode {mode}
    timeout connect 2s
    timeout client 10s
    timeout server 10s
frontend web
    bind :::{port} v4v6
    default_backend farm
backend farm
    balance roundrobin
    option httpchk GET /var/modules/{module}/ready.txt
    http-check disable-on-404
    {servers}
"""


def absent(command: str) -> str:
    """Why a peer cannot be started, empty when it can; the packages have the names of the commands."""
    return "" if shutil.which(command) else f"{command} is not installed (apt install {command})"


class Keepalived:
    """VRRP on all three nodes for one address; node1 has the highest priority. `advert` in seconds: 1 or 0.1.

    Several can stand beside each other, each with a `router` number of its own.
    """

    def __init__(self, nodes: Sequence[LabNode], address: str, advert: float, router: int = 77) -> None:
        self.address, self._advert, self._router, self._nodes = address, advert, router, nodes
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        for node in nodes:
            self.start_on(node)
        until(lambda: self.holder() is nodes[0], 15, f"node1 has {address}")

    def start_on(self, node: LabNode) -> None:
        """Start it on one node."""
        base = node.home / f"keepalived{self._router}"
        config = base.with_suffix(".conf")
        values = {"name": node.name, "priority": PRIORITIES[self._nodes.index(node)], "router": self._router}
        config.write_text(KEEPALIVED.format(**values, advert=self._advert, address=self.address))
        files = ("-f", config, "-p", base.with_suffix(".pid"), "-r", base.with_suffix(".vrrp.pid"))
        command = [*node.prefix, "keepalived", "--dont-fork", "--log-console", "--vrrp", *map(str, files)]
        with base.with_suffix(".out").open("ab") as out:
            self._processes[node.name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def stop_on(self, node: LabNode) -> None:
        """A clean end on one node: the next one takes the address at once."""
        process = self._processes.pop(node.name)
        process.terminate()
        process.wait(10)

    def holder(self) -> LabNode | None:
        """The node that has the address; None while none or several have it."""
        holders = [n for n in self._nodes if f" {self.address}/" in n.host.run("ip", "-o", "-4", "addr")]
        return holders[0] if len(holders) == 1 else None

    def stop(self) -> None:
        """End it everywhere; the address goes with it."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            process.wait(10)


class HaProxy:
    """HAProxy on a host of its own (`network.add_front()`), which probes ready.txt of each node.

    Not `probed`, it takes all nodes for alive, for a lab without agents. Several stand beside each other on ports.
    """

    def __init__(
        self,
        host: Host,
        nodes: Sequence[LabNode],
        directory: Path,
        mode: Literal["http", "tcp"],
        module: str,
        *,
        port: int = 80,
        probed: bool = True,
    ) -> None:
        self._socket = directory / f"haproxy{port}.sock"
        check = " check port 9010 inter 200ms fall 1 rise 1" if probed else ""
        servers = "\n    ".join(f"server {n.name} {n.address}:80{check}" for n in nodes)
        config = directory / f"haproxy{port}.cfg"
        config.write_text(HAPROXY.format(socket=self._socket, port=port, mode=mode, module=module, servers=servers))
        self._process = subprocess.Popen(
            [*host.prefix, "haproxy", "-db", "-f", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._socket.exists, 10, "HAProxy runs")
        wanted = "UP" if probed else "no check"
        until(lambda: set(self.states().values()) == {wanted}, 10, "HAProxy sends to all nodes")

    def states(self) -> dict[str, str]:
        """What HAProxy thinks of each node."""
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(str(self._socket))
            except OSError:
                return {}
            sock.sendall(b"show stat\n")
            text = b"".join(iter(lambda: sock.recv(65536), b"")).decode()
        rows = csv.DictReader(io.StringIO(text.removeprefix("# ")))
        return {row["svname"]: row["status"] for row in rows if row["svname"].startswith("node")}

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
        self._socket.unlink(missing_ok=True)
