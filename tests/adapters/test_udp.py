"""Real sockets on three loopback addresses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable

import pytest

from nodeagent.adapters.udp import CROWD, REST, Datagram, LanSockets, ProactorReception, Reception, SelectorReception
from nodeagent.contract.config import ClusterConfig, Lan, NodeAddress
from nodeagent.core.events import DatagramReceived
from nodeagent.core.traffic_messages import LansBound

ADDRESSES = {"node1": "127.41.0.1", "node2": "127.41.0.2", "node3": "127.41.0.3"}


def free_port() -> int:
    """A port that is free on all three addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def config(port: int, **addresses: str) -> ClusterConfig:
    nodes = tuple(NodeAddress(node, addr) for node, addr in (ADDRESSES | addresses).items())
    return ClusterConfig((Lan("default", nodes),), port=port)


class Node:
    def __init__(self, tasks: asyncio.TaskGroup, reception: Callable[..., Reception] = SelectorReception) -> None:
        self.got: list[DatagramReceived] = []
        self.bound: list[frozenset[str]] = []
        self.sockets = LanSockets(self._take, self.got.extend, tasks, reception)

    def _take(self, event: DatagramReceived | LansBound) -> None:
        if isinstance(event, LansBound):
            self.bound.append(event.lans)
        else:
            self.got.append(event)


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0.01)


@pytest.fixture(params=[SelectorReception, ProactorReception])
async def farm(request: pytest.FixtureRequest) -> AsyncIterator[dict[str, Node]]:
    port = free_port()
    async with asyncio.TaskGroup() as tasks:
        nodes = {name: Node(tasks, request.param) for name in ADDRESSES}
        for name, node in nodes.items():
            node.sockets.configure(config(port), name)
            assert node.sockets.problems() == ()
        yield nodes
        for node in nodes.values():
            await node.sockets.close()


@pytest.mark.covers("lans@port", "node@addr", "node@name")
async def test_three_nodes_hear_each_other(farm: dict[str, Node]) -> None:
    for name, node in farm.items():
        for other in farm.keys() - {name}:
            node.sockets.send("default", other, f"{name} to {other}".encode())
    await until(lambda: all(len(node.got) == 2 for node in farm.values()))
    assert {event.data for event in farm["node1"].got} == {b"node2 to node1", b"node3 to node1"}
    assert {(event.lan, event.source) for event in farm["node1"].got} == {
        ("default", ADDRESSES["node2"]),
        ("default", ADDRESSES["node3"]),
    }
    assert sum(node.sockets.unsent for node in farm.values()) == 0


async def test_a_dead_peer_makes_nobody_deaf(farm: dict[str, Node]) -> None:
    await farm["node3"].sockets.close()
    for _ in range(50):
        farm["node1"].sockets.send("default", "node3", b"anybody?")
        await asyncio.sleep(0)
    farm["node2"].sockets.send("default", "node1", b"still here")
    await until(lambda: farm["node1"].got)
    assert farm["node1"].got[0].data == b"still here"


async def test_what_cannot_be_sent_is_counted(farm: dict[str, Node]) -> None:
    sockets = farm["node1"].sockets
    sockets.send("default", "node9", b"x")
    sockets.send("other lan", "node2", b"x")
    sockets.send("default", "node2", b"x" * 70_000)
    assert sockets.unsent == 3
    sockets.configure(None, "")
    sockets.send("default", "node2", b"x")
    assert sockets.unsent == 4


async def test_drain_posts_what_waits_before_the_loop_turns() -> None:
    async with asyncio.TaskGroup() as tasks:
        one, two = Node(tasks), Node(tasks)
        port = free_port()
        one.sockets.configure(config(port), "node1")
        two.sockets.configure(config(port), "node2")
        for number in range(100):
            two.sockets.send("default", "node1", str(number).encode())
        one.sockets.drain()
        assert [event.data for event in one.got] == [str(number).encode() for number in range(100)]
        await one.sockets.close()
        await two.sockets.close()


@pytest.mark.covers("lans@port")
async def test_a_taken_port_is_named_with_its_holder_and_tried_again() -> None:
    async with asyncio.TaskGroup() as tasks:
        node, port = Node(tasks), free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind((ADDRESSES["node1"], port))
            node.sockets.configure(config(port), "node1")
            start = f"lan default: {ADDRESSES['node1']}:{port} is used by "
            assert node.sockets.problems() == (start + "another program",)
            await until(lambda: "(pid " in node.sockets.problems()[0])
            assert node.bound == [frozenset()]
        await until(lambda: node.sockets.problems() == ())
        assert node.bound == [frozenset(), frozenset({"default"})]
        await node.sockets.close()


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("192.0.2.1", "lan default: 192.0.2.1 does not exist on this machine yet"),
        ("web1", "lan default: web1 is not an IP address"),
    ],
)
async def test_an_address_that_cannot_be_bound_is_said(address: str, problem: str) -> None:
    async with asyncio.TaskGroup() as tasks:
        node = Node(tasks)
        node.sockets.configure(config(free_port(), node1=address), "node1")
        assert node.sockets.problems() == (problem,)
        node.sockets.send("default", "node2", b"x")
        assert node.sockets.unsent == 1
        node.sockets.drain()
        await node.sockets.close()
        assert node.sockets.problems() == ()


@pytest.mark.covers("node@laddr")
async def test_behind_nat_the_local_address_is_bound() -> None:
    nodes = (NodeAddress("node1", "192.0.2.1", laddr=ADDRESSES["node1"]), NodeAddress("node2", ADDRESSES["node2"]))
    behind = ClusterConfig((Lan("default", nodes),), port=free_port())
    async with asyncio.TaskGroup() as tasks:
        one, two = Node(tasks), Node(tasks)
        one.sockets.configure(behind, "node1")
        two.sockets.configure(behind, "node2")
        assert one.sockets.problems() == ()
        one.sockets.send("default", "node2", b"out")
        await until(lambda: two.got)
        assert two.got[0].source == ADDRESSES["node1"]
        await one.sockets.close()
        await two.sockets.close()


async def test_a_new_configuration_moves_only_what_changed() -> None:
    async with asyncio.TaskGroup() as tasks:
        one, two, port = Node(tasks), Node(tasks), free_port()
        two.sockets.configure(config(port), "node2")
        one.sockets.configure(config(port), "node1")
        one.sockets.configure(config(port, node3="127.41.0.33"), "node1")
        two.sockets.send("default", "node1", b"same socket")
        await until(lambda: one.got)
        one.sockets.configure(config(port, node1="127.41.0.11"), "node1")
        two.sockets.configure(config(port, node1="127.41.0.11"), "node2")
        two.sockets.send("default", "node1", b"new socket")
        await until(lambda: len(one.got) == 2)
        assert one.bound == [frozenset({"default"})]
        one.sockets.configure(config(port, node1="192.0.2.1"), "node1")
        assert one.bound[1:] == [frozenset()]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free_again:
            free_again.bind((ADDRESSES["node1"], port))
        await one.sockets.close()
        await two.sockets.close()


async def test_in_a_crowd_the_socket_is_looked_at_now_and_then_and_loses_nothing() -> None:
    loop = asyncio.get_running_loop()
    got: list[int] = []
    looks: list[float] = []

    def take(came: list[Datagram]) -> None:
        looks.append(loop.time())
        got.extend(int(data) for data, _ in came)

    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        async with asyncio.TaskGroup() as tasks:
            receiving = SelectorReception(sock, take, tasks)
            sent, end = 0, loop.time() + 2.5
            while loop.time() < end:
                for _ in range(10):
                    peer.sendto(str(sent).encode(), sock.getsockname())
                    sent += 1
                await asyncio.sleep(0.01)
            await until(lambda: len(got) == sent)
            receiving.close()
    assert got == list(range(sent))
    assert sent > CROWD * 2.5
    late = [at for at in looks if at > end - 1.0]
    assert len(late) <= (late[-1] - late[0]) / REST + 2


class BrokenSocket(socket.socket):
    """Fails like a Windows socket that an ICMP answer has hit, then works."""

    failures = 0

    def recvfrom(self, *args: int) -> tuple[bytes, tuple[str, int]]:  # type: ignore[override]
        if self.failures > 0:
            self.failures -= 1
            raise ConnectionResetError(10054, "peer is dead")
        return super().recvfrom(*args)  # type: ignore[return-value]


@pytest.mark.parametrize("reception", [SelectorReception, ProactorReception])
async def test_a_storm_of_errors_ends_in_good_reception(reception: Callable[..., Reception]) -> None:
    got: list[bytes] = []
    with (
        BrokenSocket(socket.AF_INET, socket.SOCK_DGRAM) as sock,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer,
    ):
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        sock.failures = 20
        async with asyncio.TaskGroup() as tasks:
            receiving = reception(sock, lambda came: got.extend(data for data, _ in came), tasks)
            peer.sendto(b"after the storm", sock.getsockname())
            await until(lambda: got)
            receiving.close()
    assert got == [b"after the storm"]
    assert sock.failures == 0
