"""Real frames through real rule sets: who answers, and what changes while slots move."""

import contextlib
import socket
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nodeagent.contract.config import Proto, ShareBy, TrafficGroup, TrafficRule, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.bucket import slot_of
from nodeagent.core.vip_sets import SlotSets
from tests.adapters.network_namespace import namespaces_problem
from tests.adapters.vip_farm import (
    CLIENT4,
    CLIENT6,
    NODES,
    TCP,
    TCP6,
    UDP,
    UDP6,
    Farm,
    expected,
    farm,
    icmp_errors,
    pings,
    talk,
    unreachable,
    until,
)

pytestmark = pytest.mark.skipif(bool(namespaces_problem()), reason=namespaces_problem() or "-")

V4, V6 = "10.77.0.100", "fd77::64"
CLIENTS = 40


def _vip(kind: VmacType, powers: tuple[int, ...] = (1, 1, 1)) -> VirtualIp:
    invisible = kind is VmacType.INVISIBLE
    addresses = [VirtualAddress(V4, kind, "5a:fe:0a:4d:00:64" if invisible else "")]
    if invisible:
        addresses.append(VirtualAddress(V6, kind, "5a:fe:00:00:00:64"))
    every = tuple(address.addr for address in addresses)
    powered = tuple(zip(NODES, powers, strict=True))
    return VirtualIp(
        tuple(addresses),
        (
            TrafficGroup(
                "web",
                powered,
                (
                    TrafficRule(every, 80, Proto.TCP, ShareBy.ADDR),
                    TrafficRule(every, 81, Proto.TCP, ShareBy.PORT),
                ),
            ),
            TrafficGroup("names", powered, (TrafficRule(every, 53, Proto.UDP, ShareBy.PORT),)),
        ),
    )


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Farm]:
    """All nodes answer on the ports of the rules, and on one that no rule has."""
    with farm(tmp_path, CLIENTS) as made, contextlib.ExitStack() as stack:
        for node in made.nodes:
            tcp = [(TCP, "0.0.0.0", port) for port in (80, 81, 82)]
            udp = ((UDP, V4, 53), (UDP6, V6, 53))
            stack.enter_context(node.serving(*tcp, (TCP6, "::", 80), (TCP6, "::", 81), *udp))
        yield made


@pytest.mark.covers("virtual_interface@type", "host@power", "rule@port", "rule@proto", "rule@filter")
@pytest.mark.covers("virtual_addr@addr")
@pytest.mark.parametrize("kind", list(VmacType))
@pytest.mark.parametrize("powers", [(1, 1, 1), (4, 2, 1), (1, 0, 1)])
async def test_each_client_is_served_by_the_node_that_the_table_says(
    net: Farm, kind: VmacType, powers: tuple[int, ...]
) -> None:
    vip = _vip(kind, powers)
    await net.serve(vip)
    sources = [CLIENT4.format(i) for i in range(1, CLIENTS + 1)]
    assert {source: net.ask(V4, 80, source) for source in sources} == {
        source: expected(vip, 0, source, None) for source in sources
    }
    for port in range(3000, 3010):
        assert net.ask(V4, 81, sources[0], port) == expected(vip, 0, sources[0], port)
        assert net.answers(V4, 53, sources[0], port) == [expected(vip, 1, sources[0], port)]
        # Fragments have no port: the whole datagram goes by its address.
        source = sources[port % 7]
        assert net.answers(V4, 53, source, port, 4000) == [expected(vip, 1, source, None)]
    with pytest.raises(TimeoutError):
        net.ask(V4, 82, sources[0], timeout=0.3)
    assert net.client.call(pings, V4, sources[3]) == 1


@pytest.mark.parametrize("kind", list(VmacType))
async def test_a_node_may_keep_new_connections_and_let_datagrams_go(net: Farm, kind: VmacType) -> None:
    vip = _vip(kind)
    plans = await net.serve(vip, ("n1",))
    source = next(s for s in map(CLIENT4.format, range(1, CLIENTS)) if expected(vip, 1, s, 3000) == "n2")
    assert net.answers(V4, 53, source, 3000) == ["n1"]
    keeper, taker = net.nodes[:2]
    kept = net.sets(keeper, plans["n1"], ("n1",))
    after = net.sets(keeper, plans["n1"], ("n1", "n2"))
    groups = (replace(kept.groups[0], owner=after.groups[0].owner), replace(after.groups[1], mine=kept.groups[1].mine))
    keeper.update(replace(after, groups=groups))
    taken = net.sets(taker, plans["n2"], ("n1", "n2"))
    taker.update(
        replace(taken, groups=tuple(replace(slots, mine=frozenset(), est=frozenset()) for slots in taken.groups))
    )
    assert net.answers(V4, 53, source, 3000) == ["n2"]
    assert {net.ask(V4, 80, CLIENT4.format(i)) for i in range(1, 20)} == {"n1"}


@pytest.mark.parametrize("kind", list(VmacType))
async def test_icmp_errors_reach_every_node(net: Farm, kind: VmacType) -> None:
    await net.serve(_vip(kind))
    assert net.ask(V4, 80, CLIENT4.format(1))
    before = [icmp_errors(node) for node in net.nodes]
    net.client.call(unreachable, V4, CLIENT4.format(1))
    until(lambda: [icmp_errors(node) for node in net.nodes] == [number + 1 for number in before])


@pytest.mark.covers("virtual_interface@addr", "virtual_addr@addr")
async def test_ipv6_is_shared_like_ipv4(net: Farm) -> None:
    vip = _vip(VmacType.INVISIBLE)
    await net.serve(vip)
    sources = [CLIENT6.format(i) for i in range(1, CLIENTS + 1)]
    assert {source: net.ask(V6, 80, source) for source in sources} == {
        source: expected(vip, 0, source, None) for source in sources
    }
    for port in range(3000, 3010):
        assert net.ask(V6, 81, sources[0], port) == expected(vip, 0, sources[0], port)
        assert net.answers(V6, 53, sources[0], port) == [expected(vip, 1, sources[0], port)]
        source = sources[port % 7]
        assert net.answers(V6, 53, source, port, 4000) == [expected(vip, 1, source, None)]
    assert net.neighbour(V6) == "5a:fe:00:00:00:64"


async def test_the_switch_never_learns_the_virtual_mac(net: Farm) -> None:
    plans = await net.serve(_vip(VmacType.INVISIBLE))
    assert await net.nodes[1].vip.announce(plans["n2"], VmacType.INVISIBLE) == ""
    assert net.ask(V4, 80, CLIENT4.format(1))
    assert net.ask(V6, 80, CLIENT6.format(1))
    assert net.neighbour(V4) == "5a:fe:0a:4d:00:64"
    learnt = net.switch.run(["bridge", "fdb", "show", "br", "br0"])
    assert net.nodes[0].mac in learnt
    assert "5a:fe:" not in learnt
    # One frame that has it as its source is counted by every node that sees it.
    frame = bytes.fromhex("ffffffffffff5afe0a4d006488b5") + bytes(46)
    net.client.call(_send, frame)
    until(lambda: all(net.counters(node)["forged_0"] == 1 for node in net.nodes))


@pytest.mark.parametrize("kind", list(VmacType))
async def test_living_connections_stay_where_they_are_when_slots_move(net: Farm, kind: VmacType) -> None:
    vip = _vip(kind)
    plans = await net.serve(vip, ("n1", "n2"))
    sources = [CLIENT4.format(i) for i in range(1, 31)]
    living = {source: (net.ask(V4, 80, source), net.connect(V4, 80, source)) for source in sources}
    for node in net.nodes:
        # Who joins leaves the connections of its new slots to those who have them.
        sets = net.sets(node, plans[node.name])
        if node.name == "n3":
            sets = replace(sets, groups=tuple(replace(slots, est=frozenset()) for slots in sets.groups))
        node.update(sets)
    moved = [source for source, (before, _) in living.items() if expected(vip, 0, source, None) != before]
    assert moved
    for source, (before, sock) in living.items():
        assert talk(sock) == before
        sock.close()
        assert net.ask(V4, 80, source) == expected(vip, 0, source, None)


@pytest.mark.parametrize("quiet", [False, True])
async def test_an_unknown_connection_is_reset_unless_its_slot_is_quiet(net: Farm, quiet: bool) -> None:
    vip = _vip(VmacType.INVISIBLE)
    plans = await net.serve(vip, ("n1",))
    with net.connect(V4, 80, CLIENT4.format(1)) as sock:
        every = frozenset(range(256))
        gone, heir = net.nodes[0], net.nodes[1]
        gone.namespace.ip("link set dev eth0 down")
        slots = SlotSets(every, every, every, every if quiet else frozenset())
        heir.update(replace(net.sets(heir, plans["n2"]), groups=(slots, slots), quiet_timeout=30.0))
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError if quiet else ConnectionResetError):
            talk(sock)
        assert (net.counters(heir)["quiet_0"] > 0) is quiet


@pytest.mark.parametrize("kind", list(VmacType))
async def test_slots_that_are_not_written_again_are_lost_by_themselves(net: Farm, kind: VmacType) -> None:
    vip = _vip(kind)
    plans = await net.serve(vip, ("n1",))
    node = net.nodes[0]
    assert net.ask(V4, 80, CLIENT4.format(1)) == "n1"
    for _ in range(3):
        node.update(replace(net.sets(node, plans["n1"], ("n1",)), timeout=60.0))
    assert net.ask(V4, 80, CLIENT4.format(2)) == "n1"
    node.update(replace(net.sets(node, plans["n1"], ("n1",)), timeout=0.2))

    def lost() -> bool:
        with contextlib.suppress(TimeoutError):
            return not net.ask(V4, 80, CLIENT4.format(3), timeout=0.3)
        return True

    until(lost)
    facts = (await node.vip.observe()).tables["web"]
    assert all(not slots.mine and not slots.est and not slots.owner for slots in facts.groups)
    if kind is VmacType.DIRECTED:
        net.client.ip("neigh flush all")
        with pytest.raises(OSError, match=r"timed out|No route"):
            net.ask(V4, 80, CLIENT4.format(4), timeout=0.5)
        assert net.neighbour(V4) == ""


async def test_another_director_takes_over_with_one_update_and_an_announcement(net: Farm) -> None:
    vip = _vip(VmacType.DIRECTED)
    plans = await net.serve(vip)
    sources = [CLIENT4.format(i) for i in range(1, 21)]
    before = {source: net.ask(V4, 80, source) for source in sources}
    assert net.neighbour(V4) == net.nodes[0].mac
    left = [(source, net.connect(V4, 80, source)) for source in sources if before[source] != "n1"]
    net.nodes[0].namespace.ip("link set dev eth0 down")
    for node in net.nodes[1:]:
        node.update(net.sets(node, plans[node.name], ("n2", "n3")))
    assert await net.nodes[1].vip.announce(plans["n2"], VmacType.DIRECTED) == ""
    until(lambda: net.neighbour(V4) == net.nodes[1].mac)
    for source, sock in left:
        assert talk(sock) == before[source]
        sock.close()
    for source in sources:
        assert net.ask(V4, 80, source) == expected(vip, 0, source, None, ("n2", "n3"))
    assert net.counters(net.nodes[1])["sent"] > 0
    assert net.counters(net.nodes[2])["received"] > 0


async def test_a_port_used_again_after_its_slot_moved_has_one_owner(net: Farm) -> None:
    vip = _vip(VmacType.INVISIBLE)
    plans = await net.serve(vip, ("n1",))
    source = next(s for s in (CLIENT4.format(i) for i in range(1, CLIENTS)) if expected(vip, 0, s, None) == "n2")
    assert net.client.call(_ask_and_reset, source) == "n1"
    assert await net.nodes[0].vip.connections("web") == 1
    for node in net.nodes:
        node.update(net.sets(node, plans[node.name]))
    assert slot_of(source) in net.sets(net.nodes[1], plans["n2"]).groups[0].mine
    assert net.client.call(_ask_and_reset, source) == "n2"
    assert [await node.vip.connections("web") for node in net.nodes] == [0, 1, 0]


def _ask_and_reset(source: str) -> str:
    """Leaves the port free to be used again at once."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.settimeout(3.0)
        sock.bind((source, 3333))
        sock.connect((V4, 80))
        return talk(sock)


def _send(frame: bytes) -> None:
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        sock.send(frame)
