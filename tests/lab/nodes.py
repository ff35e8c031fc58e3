"""Real agents in the lab's namespaces: all of `RealNode` and `RealFarm`, and what only a network can do to them."""

import http.client
from contextlib import suppress
from pathlib import Path

import psutil

from tests.e2e.real_farm import RealFarm, RealNode, until
from tests.lab.application import MODULE, lay_nginx, module_files
from tests.lab.topology import Host, Network

LANS = ("default", "second")
"""Names of the lans in cluster.xml."""


class LabNode(RealNode):
    """A node with a network of its own. Its API is reached by its local socket, its ports from inside.

    From RealNode: start_agent, kill_agent (-9), pause_agent and resume_agent (SIGSTOP, SIGCONT), power_off, ask, get,
    order, module, shown, green, ready, why, log, peer.
    """

    def __init__(self, directory: Path, host: Host, number: int) -> None:
        super().__init__(directory, number)
        (self.home / "var" / "agent.toml").unlink()  # nobody else is here: it listens everywhere
        self.host, self.prefix, self.address = host, host.prefix, host.address()
        lay_nginx(directory, self.name)

    def connection(self, port: int) -> http.client.HTTPConnection:
        """From inside the namespace."""
        return InnerConnection(self.host, port)

    def processes(self) -> list[psutil.Process]:
        """Everything that runs in its namespace."""
        found = []
        for pid in self.host.pids():
            with suppress(psutil.NoSuchProcess):
                found.append(psutil.Process(pid))
        return found

    def stop_agent(self) -> None:
        """A clean end (SIGTERM); the application goes on."""
        assert self.agent is not None
        self.agent.terminate()
        self.agent.wait(20)

    def cable(self, plugged: bool, lan: int = 0) -> None:
        """Pull the cable of a lan, or plug it in again."""
        self.host.cable(plugged, lan)

    def flush_rules(self) -> None:
        """`nft flush ruleset`, as a firewall's start does it."""
        self.host.run("nft", "flush", "ruleset")

    def delete_address(self, address: str, device: str = "lo") -> None:
        """`ip addr del`, as an administrator's mistake does it."""
        self.host.batch([f"addr del {address} dev {device}"])


class InnerConnection(http.client.HTTPConnection):
    """HTTP to a host's own port, from inside its namespace."""

    def __init__(self, host: Host, port: int) -> None:
        super().__init__(host.address(), port, timeout=1)
        self._inside = host

    def connect(self) -> None:
        self.sock = self._inside.connected(self.host, self.port, 1)


class LabFarm(RealFarm):
    """The nodes of a lab as one farm; `family` is that of the addresses in cluster.xml."""

    nodes: list[LabNode]

    def __init__(self, network: Network, count: int, family: int = 4) -> None:
        self._directory, self._lans, self._family = network.directory, LANS[: network.lans], family
        self.nodes = [LabNode(network.directory, network.add_node(n), n) for n in range(1, count + 1)]

    def start_agents(self) -> None:
        """Start all agents."""
        for node in self.nodes:
            node.start_agent()

    def cluster_xml(self) -> str:
        """All nodes on all lans."""
        lans = []
        for lan, name in enumerate(self._lans):
            each = (f'<node name="{n.name}" addr="{n.host.address(lan, self._family)}"/>' for n in self.nodes)
            lans.append(f'<lan name="{name}">{"".join(each)}</lan>')
        return f"<cluster><lans>{''.join(lans)}</lans></cluster>"

    def apply_nginx(self, *, drain: str = "0", more: str = "") -> None:
        """Put the module that runs nginx in force on all nodes; `more` stands in `<service>`, for a `<vip>`."""
        self.install(MODULE, module_files(self._directory, self._lans, drain=drain, more=more))

    def all_hear(self, seconds: float) -> None:
        """Wait until every node hears every other one on every lan."""
        until(lambda: all(self.hears(n) for n in self.nodes), seconds, "all nodes hear each other")

    def hears(self, node: LabNode) -> bool:
        """Whether a node hears all others, on every lan."""
        peers = node.get("/status")["peers"]
        return len(peers) == len(self.nodes) - 1 and all(p["alive"] and not p["degraded"] for p in peers)
