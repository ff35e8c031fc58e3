"""KernelTraffic over the real kernel: the whole loop runs in a network namespace of its own."""

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from nodeagent.adapters.vip import NoVip, Vip, modules_in_kernel, open_vip
from nodeagent.adapters.vip.null import NOT_LINUX
from nodeagent.agent.kernel_traffic import FRESH, NOT_HERE, KernelTraffic
from nodeagent.contract.config import ModuleConfig, VirtualAddress, VirtualIp, VmacType
from nodeagent.contract.states import LogType, Mode
from nodeagent.core import events as ev
from nodeagent.core.handover import GroupSlots
from nodeagent.core.traffic_messages import (
    ObserveTraffic,
    PrepareTraffic,
    ProbeReceived,
    SendProbe,
    SetSlots,
    SlotsSet,
    TrafficObserved,
    TrafficPrepared,
    WithdrawTraffic,
)
from nodeagent.core.vip_chains import PROBE_ETHERTYPE
from nodeagent.core.vip_plan import table_of
from nodeagent.core.wire import EVERYBODY
from tests.adapters.network_namespace import Namespace, namespaces, namespaces_problem
from tests.core.vip_plans import PLANS, V4, V6

in_namespaces = pytest.mark.skipif(bool(namespaces_problem()), reason=namespaces_problem() or "-")

NODES = ("n1", "n2")
EVERY = frozenset(range(256))
WEB = PLANS["any_port_beside_exact_ones"].vip
TCP_80 = PLANS["one_tcp_port"].vip.groups[0]
PEER_MAC = "02:00:00:00:00:12"
T = TypeVar("T")


class Agent:
    """What is around a KernelTraffic: its events and its log."""

    def __init__(self, open_adapter: Callable[[], Vip]) -> None:
        self.events: list[ev.Event] = []
        self.lines: list[str] = []
        self.traffic = KernelTraffic(open_adapter, self.events.append, self._say)

    def _say(self, type_: LogType, text: str) -> None:
        self.lines.append(text)

    async def wait(self, kind: type[T], module: str = "web") -> T:
        """Take the first event of a kind about the module out of those that came."""
        async with asyncio.timeout(20):
            while True:
                for event in self.events:
                    if isinstance(event, kind) and getattr(event, "module", module) == module:
                        self.events.remove(event)  # type: ignore[arg-type]
                        return event
                await asyncio.sleep(0.01)

    async def prepare(self, vip: VirtualIp = WEB, module: str = "web") -> TrafficPrepared:
        self.traffic.prepare(PrepareTraffic(ModuleConfig(module, Mode.FARM, NODES, vip=vip), vip, "n1"))
        return await self.wait(TrafficPrepared, module)

    async def observe(self, module: str = "web") -> TrafficObserved:
        self.traffic.observe(ObserveTraffic(module))
        return await self.wait(TrafficObserved, module)

    async def observe_anew(self) -> TrafficObserved:
        """Once the last look serves no more."""
        await asyncio.sleep(FRESH)
        return await self.observe()

    async def withdraw(self, module: str = "web", *, reset: bool = False) -> None:
        """Until it is done: what is asked for later is done later."""
        self.traffic.withdraw(WithdrawTraffic(module, reset))
        assert (await self.observe(module)).error == NOT_HERE


@contextlib.asynccontextmanager
async def running(open_adapter: Callable[[], Vip]) -> AsyncIterator[Agent]:
    async with asyncio.TaskGroup() as tasks:
        agent = Agent(open_adapter)
        service = tasks.create_task(agent.traffic.run())
        try:
            yield agent
        finally:
            service.cancel()
            await agent.traffic.close()


@pytest.fixture
def pair() -> Iterator[tuple[Namespace, Namespace]]:
    """The node and a client, one cable between them."""
    with namespaces(2) as (node, client):
        node.join("eth0", client, "eth0")
        node.ip("link set dev eth0 address 02:00:00:00:00:11", "addr add 10.77.0.11/16 dev eth0")
        node.ip("-6 addr add fd77::11/64 dev eth0 nodad")
        client.ip(f"link set dev eth0 address {PEER_MAC}", "addr add 10.77.1.1/16 dev eth0")
        client.ip("-6 addr add fd77::c:1/64 dev eth0 nodad")
        yield node, client


def inside(node: Namespace, work: Callable[[], Awaitable[None]]) -> None:
    """Run it with its loop in the node's namespace."""

    async def main() -> None:
        await work()

    node.call(asyncio.run, main())


def slots(*groups: str, module: str = "web", epoch: int = 7, **more: object) -> SetSlots:
    every = tuple(GroupSlots(group, EVERY, EVERY, EVERY) for group in groups)
    return SetSlots(module, epoch, every, **more)  # type: ignore[arg-type]


async def here(*command: str) -> str:
    """Run a program in the namespace of the loop."""
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, (command, done.stderr)
    return str(done.stdout)


async def listed(kind: str, name: str, module: str = "web") -> str:
    return await here("nft", "list", kind, "netdev", table_of(module), name)


@pytest.mark.covers("group@name")
@in_namespaces
def test_from_the_first_address_to_the_last(pair: tuple[Namespace, Namespace], tmp_path: Path) -> None:
    node, client = pair

    async def state() -> tuple[str, ...]:
        settings = [f"/proc/sys/net/ipv4/conf/{name}" for name in ("eth0/arp_announce", "all/arp_ignore")]
        shown = (("ip", "-o", "addr", "show", "scope", "global"), ("bridge", "fdb", "show"), ("nft", "list", "ruleset"))
        return tuple([await here(*command) for command in (*shown, ("cat", *settings))])

    async def work() -> None:
        before = await state()
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            agent.traffic.set_slots([slots("g0")])
            assert (await agent.wait(SlotsSet)).error == NOT_HERE
            prepared = await agent.prepare()
            assert prepared == TrafficPrepared("web", "", ((V4.addr, "eth0"), (V6.addr, "eth0")))
            seen = await agent.observe()
            assert (seen.filter_present, seen.missing, seen.learnt, seen.error) == (True, (), (), "")
            assert seen.taken == (("g0", 0), ("g1", 0))
            with socket.create_server((V4.addr, 80)):
                await asyncio.to_thread(client.call, knock)
                agent.traffic.set_slots([slots("g0", "g1", timeout=60.0)])
                assert await agent.wait(SlotsSet) == SlotsSet("web", 7, timeout=60.0)
                assert "timeout 1m expires" in await listed("set", "data_0")
                (await asyncio.to_thread(client.call, connect)).close()
            taken = dict((await agent.observe_anew()).taken)
            assert taken["g0"] >= 2
            assert taken["g1"] == 0
            await agent.withdraw()
            assert agent.lines == []
        assert await state() == before

    inside(node, work)


@pytest.mark.covers("virtual_addr@check")
@in_namespaces
def test_what_somebody_else_breaks_is_seen_and_put_back(pair: tuple[Namespace, Namespace], tmp_path: Path) -> None:
    node, client = pair

    async def work() -> None:
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            assert (await agent.prepare()).error == ""
            await asyncio.to_thread(client.call, forge)
            await here("ip", "addr", "del", f"{V4.addr}/32", "dev", "lo")
            await here("ip", "addr", "del", f"{V6.addr}/128", "dev", "eth0")
            seen = await agent.observe()
            assert (seen.filter_present, seen.missing, seen.learnt) == (True, (V4.addr, V6.addr), ("eth0",))
            assert (await agent.prepare()).error == ""
            seen = await agent.observe()
            assert (seen.missing, seen.learnt) == ((), ())
            await here("nft", "flush", "ruleset")
            agent.traffic.set_slots([slots("g0", "g1")])
            assert "No such file" in (await agent.wait(SlotsSet)).error
            assert not (await agent.observe()).filter_present
            assert (await agent.prepare()).error == ""
            assert (await agent.observe()).filter_present

    inside(node, work)


@pytest.mark.covers("virtual_addr@check")
@in_namespaces
def test_an_address_that_is_not_to_be_checked_is_not_missed(pair: tuple[Namespace, Namespace], tmp_path: Path) -> None:
    node, _ = pair
    vip = VirtualIp((msgspec.structs.replace(V4, check=False), V6), WEB.groups)

    async def work() -> None:
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            assert (await agent.prepare(vip)).error == ""
            await here("ip", "addr", "del", f"{V4.addr}/32", "dev", "lo")
            await here("ip", "addr", "del", f"{V6.addr}/128", "dev", "eth0")
            assert (await agent.observe()).missing == (V6.addr,)

    inside(node, work)


@in_namespaces
def test_a_restarted_agent_keeps_the_slots_and_the_connections(
    pair: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    node, client = pair

    async def work() -> None:
        with socket.create_server(("", 80)) as server:
            async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
                assert (await agent.prepare()).error == ""
                agent.traffic.set_slots([slots("g0", "g1")])
                living = await asyncio.to_thread(client.call, connect)
                taken = server.accept()[0]
            async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
                assert (await agent.prepare()).lasting  # slots() has no time-out
                assert V4.addr in await listed("set", "flows4")
                assert "0x000000ff" in await listed("set", "mine_0")
                agent.traffic.set_slots([slots("g0", "g1", timeout=60.0)])
                assert not (await agent.prepare()).lasting
                agent.traffic.set_slots([slots()])
                assert "elements" not in await listed("set", "mine_0")
                living.sendall(b"still here")
                assert taken.recv(16) == b"still here"
                await agent.withdraw(reset=True)
                with pytest.raises(ConnectionResetError):
                    living.recv(1)
                taken.close()
                living.close()

    inside(node, work)


@pytest.mark.covers("vip@tcpreset")
@in_namespaces
def test_only_the_module_that_goes_loses_its_connections(pair: tuple[Namespace, Namespace], tmp_path: Path) -> None:
    node, client = pair

    async def work() -> None:
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            other = msgspec.structs.replace(TCP_80.rules[0], port=81)
            db = VirtualIp((V4,), (msgspec.structs.replace(TCP_80, rules=(other,)),))
            assert (await agent.prepare(VirtualIp((V4,), (TCP_80,)))).error == ""
            assert (await agent.prepare(db, "db")).error == ""
            agent.traffic.set_slots([slots("g0"), slots("g0", module="db", epoch=8)])
            assert [(await agent.wait(SlotsSet, name)).epoch for name in ("web", "db")] == [7, 8]
            with socket.create_server((V4.addr, 80)), socket.create_server((V4.addr, 81)):
                web, kept = [await asyncio.to_thread(client.call, connect, port) for port in (80, 81)]
                await agent.withdraw(reset=True)
                with pytest.raises(ConnectionResetError):
                    web.recv(1)
                kept.settimeout(0.3)
                with pytest.raises(TimeoutError):
                    kept.recv(1)
                web.close()
                kept.close()
        # A restarted agent takes away what it never prepared itself.
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            assert V4.addr in await here("ip", "-o", "addr")
            assert modules_in_kernel(tmp_path / "vip.json") == {"db"}
            await agent.withdraw("db")
            assert V4.addr not in await here("ip", "-o", "addr")
            assert modules_in_kernel(tmp_path / "vip.json") == modules_in_kernel(tmp_path / "none") == frozenset()

    inside(node, work)


@in_namespaces
def test_the_director_forwards_to_the_others_and_is_announced(
    pair: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    node, client = pair
    vip = PLANS["directed"].vip
    address = vip.addresses[0].addr
    owners = ("n1",) * 128 + ("n2",) * 127 + (None,)
    slots = SetSlots(
        "web", 1, (), 60.0, director=True, owners=(("g0", owners),), macs=(("eth0", "n2", PEER_MAC), ("eth9", "n2", ""))
    )

    async def work() -> None:
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            assert (await agent.prepare(vip)).error == ""
            await asyncio.to_thread(client.ip, f"neigh replace {address} lladdr 02:00:00:00:00:99 dev eth0 nud stale")
            agent.traffic.set_slots([slots])
            assert (await agent.wait(SlotsSet)).error == ""
            assert "0x000000fe timeout 1m expires" in (owner := await listed("map", "owner_0"))
            assert owner.count(PEER_MAC) == 127
            assert PEER_MAC in await listed("set", "peers")
            async with asyncio.timeout(10):
                while "02:00:00:00:00:11" not in await asyncio.to_thread(client.run, ["ip", "neigh", "show", address]):
                    await asyncio.sleep(0.02)
            agent.traffic.set_slots([replace(slots, director=False)])
            assert address not in await listed("set", "speaks")
            assert agent.lines == []

    inside(node, work)


@in_namespaces
def test_probes_go_to_the_mac_that_is_named_and_come_in_as_events(
    pair: tuple[Namespace, Namespace], tmp_path: Path
) -> None:
    node, client = pair

    async def work() -> None:
        sniffed = await asyncio.to_thread(client.call, listen)
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            agent.traffic.probe(SendProbe("web", "eth0", V4.vmac, b"too early"))
            assert (await agent.prepare()).error == ""
            assert (await agent.prepare(PLANS["directed"].vip, "db")).error == ""
            for module, to in (("web", V4.vmac), ("web", V6.vmac), ("db", EVERYBODY)):
                agent.traffic.probe(SendProbe(module, "eth0", to, b"from n1"))
            frames = [await asyncio.to_thread(sniffed.recv, 100) for _ in range(3)]
            assert [frame[:6].hex(":") for frame in frames] == [V4.vmac, V6.vmac, EVERYBODY]
            assert all(b"from n1" in frame for frame in frames)
            await asyncio.to_thread(client.call, forge, V4.vmac, PEER_MAC, b"\x00\x02hi")
            assert await agent.wait(ProbeReceived) == ProbeReceived("eth0", PEER_MAC, b"hi")
        sniffed.close()

    inside(node, work)


@in_namespaces
def test_what_this_node_cannot_have_is_refused_in_words(pair: tuple[Namespace, Namespace], tmp_path: Path) -> None:
    node, _ = pair

    async def work() -> None:
        async with running(partial(open_vip, tmp_path / "vip.json")) as agent:
            own = VirtualAddress("10.77.0.11", VmacType.INVISIBLE, "5a:fe:0a:4d:00:0b")
            far = VirtualAddress("192.0.2.1", VmacType.INVISIBLE, "5a:fe:c0:00:02:01")
            same = VirtualAddress("10.77.0.9", VmacType.INVISIBLE, "02:00:00:00:00:11")
            assert (await agent.prepare(VirtualIp((own, far, same)))).error.split("; ") == [
                "10.77.0.11 is an address of this machine (eth0): a virtual address must be one that no machine has",
                "no interface of this node has the network of 192.0.2.1: name it in <interface>",
                "the virtual MAC 02:00:00:00:00:11 is that of this machine's eth0: it must be one that no machine has",
            ]
            await here("ip", "link", "add", "eth1", "type", "veth")
            single = (VirtualAddress(f"10.77.0.{n}", VmacType.DIRECTED, interface=f"eth{n}") for n in (0, 1))
            assert (await agent.prepare(VirtualIp(tuple(single)))).error == (
                "vmac_directed addresses of one module must be on one interface: they are on eth0 and eth1"
            )
            assert await here("nft", "list", "ruleset") == ""

    inside(node, work)


async def test_a_node_that_cannot_filter_gives_the_reason() -> None:
    async with running(lambda: NoVip(NOT_LINUX)) as agent:
        assert (await agent.prepare()) == TrafficPrepared("web", NOT_LINUX)
        agent.traffic.set_slots([slots("g0", "g1")])
        assert await agent.wait(SlotsSet) == SlotsSet("web", 7, NOT_HERE)
        assert await agent.observe() == TrafficObserved("web", filter_present=False, error=NOT_HERE)
        await agent.withdraw(reset=True)
        assert agent.lines == []


def knock() -> None:
    with socket.socket() as sock:
        sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            sock.connect((V4.addr, 80))


def connect(port: int = 80) -> socket.socket:
    return socket.create_connection((V4.addr, port), 5.0)


def forge(to: str = EVERYBODY, source: str = V4.vmac, payload: bytes = b"") -> None:
    """Send a frame of the probes' kind."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        head = bytes.fromhex((to + source).replace(":", "")) + PROBE_ETHERTYPE.to_bytes(2, "big")
        sock.send((head + payload).ljust(60, b"\0"))


def listen() -> socket.socket:
    """Hears all probes that come to the client."""
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    sock.bind(("eth0", PROBE_ETHERTYPE))
    sock.settimeout(10)
    return sock
