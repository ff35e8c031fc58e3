"""Three nodes and a client on one switch, each in its namespace; every node serves the virtual address."""

import contextlib
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from nodeagent.adapters.vip.kernel import LinuxVip
from nodeagent.adapters.vip.places import plan_here
from nodeagent.contract.config import VirtualIp
from nodeagent.core.bucket import slot_of
from nodeagent.core.slots import slot_plan
from nodeagent.core.vip_plan import VipPlan
from nodeagent.core.vip_sets import ModuleSets, SlotSets
from tests.adapters.network_namespace import Namespace, namespaces

NODES = ("n1", "n2", "n3")
CLIENT4, CLIENT6 = "10.77.1.{}", "fd77::c:{}"


class _Names(socketserver.BaseRequestHandler):
    """Answers with the name of the node: TCP once a line comes, UDP to each datagram."""

    def handle(self) -> None:
        name: bytes = self.server.node  # type: ignore[attr-defined]
        if isinstance(self.request, tuple):
            self.request[1].sendto(name, self.client_address)
            return
        while self.request.recv(64):
            self.request.sendall(name)


class _Tcp(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class _Tcp6(_Tcp):
    address_family = socket.AF_INET6

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        super().server_bind()


class _Udp(socketserver.UDPServer):
    """Binds the virtual address, so that its answers come from it; it may come later."""

    freebind = (socket.IPPROTO_IP, 15)

    def server_bind(self) -> None:
        self.socket.setsockopt(*self.freebind, 1)
        super().server_bind()


class _Udp6(_Udp):
    address_family = socket.AF_INET6
    freebind = (socket.IPPROTO_IPV6, 78)


class Node:
    """A node of the farm with its kernel."""

    def __init__(self, name: str, number: int, namespace: Namespace, record: Path) -> None:
        self.name, self.namespace = name, namespace
        self.mac = f"02:00:00:00:00:1{number}"
        namespace.ip(
            f"link set dev eth0 address {self.mac}",
            f"addr add 10.77.0.1{number}/16 dev eth0",
            f"-6 addr add fd77::1{number}/64 dev eth0 nodad",
        )
        self.vip = namespace.call(LinuxVip, record)

    def plan(self, vip: VirtualIp) -> VipPlan:
        plan, problems = self.namespace.call(plan_here, "web", vip)
        assert plan, problems
        return plan

    def update(self, sets: ModuleSets) -> None:
        assert self.namespace.call(self.vip.update, [sets]) == {}

    @contextlib.contextmanager
    def serving(self, *servers: tuple[type[socketserver.BaseServer], str, int]) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            for kind, address, port in servers:
                server = self.namespace.call(kind, (address, port), _Names)  # type: ignore[call-arg, arg-type]
                server.node = self.name.encode()  # type: ignore[attr-defined]
                thread = threading.Thread(target=server.serve_forever, args=(0.02,))
                thread.start()
                stack.callback(thread.join)
                stack.callback(server.server_close)
                stack.callback(server.shutdown)
            yield


class Farm:
    """The nodes and a client with many addresses."""

    def __init__(self, nodes: Sequence[Node], client: Namespace, switch: Namespace) -> None:
        self.nodes, self.client, self.switch = nodes, client, switch

    def sets(self, node: Node, plan: VipPlan, view: Sequence[str] = NODES, **more: object) -> ModuleSets:
        """The slots of a node while `view` serves; the first of it is the director."""
        macs = {other.name: other.mac for other in self.nodes}
        groups = []
        for group in plan.vip.groups:
            owners = slot_plan(group.powers).owners(set(view))
            mine = frozenset(slot for slot, owner in enumerate(owners) if owner == node.name)
            others = tuple((slot, macs[owner]) for slot, owner in enumerate(owners) if owner and owner != node.name)
            groups.append(SlotSets(mine, mine, mine, owner=others))
        peers = tuple(mac for name, mac in macs.items() if name != node.name)
        director = bool(view) and node.name == view[0]
        return ModuleSets(plan, tuple(groups), director=director, peers=peers, **more)  # type: ignore[arg-type]

    async def serve(self, vip: VirtualIp, view: Sequence[str] = NODES) -> dict[str, VipPlan]:
        plans = {}
        for node in self.nodes:
            plan = plans[node.name] = node.plan(vip)
            assert await node.vip.prepare(plan) == ""
            node.update(self.sets(node, plan, view))
        return plans

    def ask(self, vip: str, port: int, source: str, source_port: int = 0, timeout: float = 3.0) -> str:
        """The name of the node that answers a new TCP connection."""
        return self.client.call(_ask, vip, port, source, source_port, timeout)

    def connect(self, vip: str, port: int, source: str) -> socket.socket:
        """A connection that stays, its first answer received."""
        sock = self.client.call(socket.create_connection, (vip, port), 3.0, (source, 0))
        assert talk(sock)
        return sock

    def neighbour(self, address: str) -> str:
        """The MAC that the client has for an address."""
        found = re.search(r"lladdr (\S+)", self.client.run(["ip", "neigh", "show", address]))
        return found[1] if found else ""

    def answers(self, vip: str, port: int, source: str, source_port: int, size: int = 1) -> list[str]:
        """All answers to one datagram that come within a moment after the first."""
        return self.client.call(_answers, vip, port, source, source_port, size)

    def counters(self, node: Node) -> dict[str, int]:
        listed = node.namespace.run(["nft", "list", "counters"])
        return {n: int(p) for n, p in re.findall(r"counter (\w+) \{\s+packets (\d+)", listed)}


def expected(vip: VirtualIp, group: int, source: str, port: int | None, view: Sequence[str] = NODES) -> str | None:
    """Who serves this client."""
    return slot_plan(vip.groups[group].powers).owners(set(view))[slot_of(source, port)]


@contextlib.contextmanager
def farm(directory: Path, clients: int) -> Iterator[Farm]:
    with namespaces(5) as (switch, client, *inside), contextlib.ExitStack() as stack:
        switch.ip("link add name br0 type bridge", "link set dev br0 up")
        for number, end in enumerate([client, *inside]):
            switch.join(f"port{number}", end, "eth0")
            switch.ip(f"link set dev port{number} master br0")
        lines = [f"addr add 10.77.1.{i}/16 dev eth0" for i in range(1, clients + 1)]
        lines += [f"addr add fd77::c:{i}/64 dev eth0 nodad" for i in range(1, clients + 1)]
        client.run(["ip", "-batch", "-"], "\n".join(lines))
        nodes = []
        for number, (name, namespace) in enumerate(zip(NODES, inside, strict=True), start=1):
            nodes.append(Node(name, number, namespace, directory / f"{name}.json"))
            stack.callback(nodes[-1].vip.close)
        yield Farm(nodes, client, switch)


def icmp_errors(node: Node) -> int:
    """How many "destination unreachable" the node's kernel has taken."""
    lines = node.namespace.call(lambda: Path("/proc/thread-self/net/snmp").read_text()).splitlines()
    names, values = (line.split() for line in lines if line.startswith("Icmp: "))
    return int(values[names.index("InDestUnreachs")])


def unreachable(vip: str, source: str) -> None:
    """Tell the virtual address that a packet of its is too long for a path."""
    packet = bytes.fromhex("4500003c00004000400600000a4d00640a4d0101") + bytes.fromhex("0050123400000000")
    body = b"\x03\x04\x00\x00\x00\x00\x05\x00" + packet
    total = sum(int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2))
    total = (total & 0xFFFF) + (total >> 16)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.bind((source, 0))
        sock.sendto(body[:2] + (total ^ 0xFFFF).to_bytes(2, "big") + body[4:], (vip, 0))


def talk(sock: socket.socket) -> str:
    """Ask on a living connection."""
    sock.sendall(b"who?\n")
    return sock.recv(64).decode()


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait until it holds."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not come true"
        time.sleep(0.02)


def _ask(vip: str, port: int, source: str, source_port: int, timeout: float) -> str:
    with socket.create_connection((vip, port), timeout, (source, source_port)) as sock:
        sock.sendall(b"who?\n")
        return sock.recv(64).decode()


def _answers(vip: str, port: int, source: str, source_port: int, size: int) -> list[str]:
    heard = []
    family = socket.AF_INET6 if ":" in vip else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.bind((source, source_port))
        sock.sendto(b"?" * size, (vip, port))
        sock.settimeout(3.0)
        with contextlib.suppress(TimeoutError):
            while True:
                heard.append(sock.recv(64).decode())
                sock.settimeout(0.02)
    return heard


def pings(vip: str, source: str) -> int:
    """How many answers one echo request gets."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as sock:
        sock.bind((source, 0))
        body = b"\x08\x00\x00\x00\x12\x34\x00\x01"
        check = 0xFFFF - (0x0800 + 0x1234 + 0x0001)
        sock.sendto(body[:2] + check.to_bytes(2, "big") + body[4:], (vip, 0))
        sock.settimeout(3.0)
        heard = 0
        with contextlib.suppress(TimeoutError):
            while True:
                answer = sock.recv(128)
                if answer[20:21] == b"\0" and answer[24:26] == b"\x12\x34":
                    heard += 1
                    sock.settimeout(0.1)
        return heard


TCP, TCP6, UDP, UDP6 = _Tcp, _Tcp6, _Udp, _Udp6
