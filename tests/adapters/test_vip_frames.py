"""Frames as bytes, and probe frames on a real wire."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeagent.adapters.vip import NoVip, ProbeFrames, interface_for
from nodeagent.adapters.vip.frames import PROBE_MAX, gratuitous_arp, neighbour_advertisement, probe, read_probe
from nodeagent.adapters.vip.kernel import LinuxVip
from nodeagent.adapters.vip.null import NOT_LINUX, node_problems, vip_problem
from nodeagent.adapters.vip.null import ProbeFrames as NoProbeFrames
from nodeagent.adapters.vip.null import interface_for as no_interface_for
from nodeagent.contract.config import VmacType
from nodeagent.core.vip_sets import ModuleSets
from tests.adapters.network_namespace import Namespace, namespaces, namespaces_problem
from tests.core.vip_plans import PLANS, sets_of

MAC, VMAC = "02:00:00:00:00:11", "5a:fe:00:00:00:64"
in_namespaces = pytest.mark.skipif(bool(namespaces_problem()), reason=namespaces_problem() or "-")


@given(st.binary(max_size=200))
def test_a_probe_is_read_as_it_was_sent(payload: bytes) -> None:
    frame = probe(VMAC, MAC, payload)
    assert len(frame) >= 60
    assert read_probe(frame) == (MAC, payload)


@given(st.binary(max_size=64))
def test_what_is_no_probe_is_ignored(frame: bytes) -> None:
    found = read_probe(frame)
    assert found is None or frame[12:14] == b"\x88\xb5"


def test_a_truncated_probe_is_ignored_and_a_long_one_refused() -> None:
    assert read_probe(probe(VMAC, MAC, b"x" * 100)[:-1]) is None
    with pytest.raises(ValueError, match="at most 1400 bytes"):
        probe(VMAC, MAC, bytes(PROBE_MAX + 1))


def test_gratuitous_arp_says_the_virtual_mac_and_comes_from_the_real_one() -> None:
    for operation, frame in enumerate(gratuitous_arp("10.77.0.100", MAC, VMAC), start=1):
        assert frame[:14].hex() == "ffffffffffff" + "020000000011" + "0806"
        assert frame[20:22] == operation.to_bytes(2, "big")
        assert frame[22:32].hex() == "5afe00000064" + "0a4d0064"


def test_a_neighbour_advertisement_has_a_true_checksum() -> None:
    frame = neighbour_advertisement("fd77::64", MAC, VMAC)
    packet = frame[14:]
    pseudo = packet[8:40] + len(packet[40:]).to_bytes(4, "big") + (58).to_bytes(4, "big") + packet[40:]
    total = sum(int.from_bytes(pseudo[i : i + 2], "big") for i in range(0, len(pseudo), 2))
    assert (total & 0xFFFF) + (total >> 16) == 0xFFFF
    assert packet[-6:].hex() == "5afe00000064"


@in_namespaces
async def test_probes_to_the_virtual_mac_arrive_through_its_rules(tmp_path: Path) -> None:
    with namespaces(2) as (here, there):
        _cable(here, there)
        vip = here.call(LinuxVip, tmp_path / "vip.json")
        plan, _ = await vip.plan("web", PLANS["one_tcp_port"].vip)
        assert plan
        assert await vip.prepare(plan) == ""
        heard: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        receiver = _open(here, loop, lambda *found: heard.put_nowait(found))
        sender = _open(there, loop, lambda *found: heard.put_nowait(found))
        assert sender.send("eth0", "5a:fe:0a:4d:00:64", b"sealed") == ""
        assert await asyncio.wait_for(heard.get(), 10) == ("eth0", "02:00:00:00:00:12", b"sealed")
        # The peer has no such rules, and its interface does not know the virtual MAC: a packet socket hears all.
        assert receiver.send("eth0", "5a:fe:0a:4d:00:64", b"back") == ""
        assert await asyncio.wait_for(heard.get(), 10) == ("eth0", "02:00:00:00:00:11", b"back")
        assert "is not open" in sender.send("eth9", VMAC, b"")
        there.ip("link set dev eth0 down")
        assert sender.send("eth0", VMAC, b"").startswith("a probe frame could not be sent on eth0: ")
        sender.close()
        receiver.close()
        vip.close()


@in_namespaces
async def test_an_interface_that_goes_away_is_opened_again() -> None:
    with namespaces(2) as (here, there):
        _cable(here, there)
        heard: asyncio.Queue[tuple[str, str, bytes]] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        receiver = _open(here, loop, lambda *found: heard.put_nowait(found))
        sender = _open(there, loop, lambda *found: heard.put_nowait(found))
        here.ip("link del eth0")
        async with asyncio.timeout(10):
            while not here.call(receiver.listen, ["eth0"]):
                await asyncio.sleep(0.02)
        assert here.call(receiver.listen, ["eth0"]).startswith("probe frames on eth0 are not possible: ")
        _cable(here, there)
        assert here.call(receiver.listen, ["eth0"]) == ""
        sender.close()
        sender = _open(there, loop, lambda *found: heard.put_nowait(found))
        assert sender.send("eth0", VMAC, b"again") == ""
        assert (await asyncio.wait_for(heard.get(), 10))[2] == b"again"
        assert receiver.listen([]) == ""
        assert "is not open" in receiver.send("eth0", VMAC, b"")
        sender.close()
        receiver.close()


@in_namespaces
async def test_the_hardware_filter_passes_another_mac_until_the_interface_is_closed() -> None:
    with namespaces(2) as (here, there):
        _cable(here, there)
        frames = _open(here, asyncio.get_running_loop(), lambda *_: None)
        passed = ["bridge", "fdb", "show", "dev", "eth0"]
        assert VMAC not in here.run(passed)
        assert here.call(frames.admit, "eth0", [VMAC]) == ""
        assert VMAC in here.run(passed)
        frames.close()
        assert VMAC not in here.run(passed)


@in_namespaces
async def test_an_interface_for_a_network_is_found_or_named() -> None:
    with namespaces(1) as (here,):
        here.ip("link add eth0 type veth peer name other", "link set eth0 up", "addr add 10.77.0.11/16 dev eth0")
        assert here.call(interface_for, "10.77.0.100", "") == ("eth0", "")
        assert here.call(interface_for, "192.0.2.1", "eth0") == ("eth0", "")
        nowhere = "no interface of this node has the network of 192.0.2.1: name it in <interface>"
        assert here.call(interface_for, "192.0.2.1", "") == ("", nowhere)
        unknown = 'this node has no interface "eth9" for 10.77.0.100: it has eth0, other'
        assert here.call(interface_for, "10.77.0.100", "eth9") == ("", unknown)


def _cable(here: Namespace, there: Namespace) -> None:
    here.join("eth0", there, "eth0")
    here.ip("link set dev eth0 address 02:00:00:00:00:11", "addr add 10.77.0.11/16 dev eth0")
    there.ip("link set dev eth0 address 02:00:00:00:00:12", "addr add 10.77.0.12/16 dev eth0")


def _open(namespace: Namespace, loop: asyncio.AbstractEventLoop, deliver: object) -> ProbeFrames:
    frames = ProbeFrames(deliver)  # type: ignore[arg-type]
    assert namespace.call(frames.listen, ["eth0"]) == ""
    return frames


@in_namespaces
async def test_a_pulled_cable_is_seen() -> None:
    with namespaces(2) as (here, there):
        _cable(here, there)
        frames = _open(here, asyncio.get_running_loop(), lambda *_: None)
        for plugged in (True, False, True):
            there.ip(f"link set dev eth0 {'up' if plugged else 'down'}")
            async with asyncio.timeout(10):
                while here.call(frames.has_link, "eth0") is not plugged:
                    await asyncio.sleep(0.02)
        frames.close()


async def test_a_node_that_cannot_filter_says_so_to_every_call() -> None:
    none, plan = NoVip(NOT_LINUX), PLANS["one_tcp_port"]
    assert await none.plan("web", plan.vip) == (None, (NOT_LINUX,))
    assert await none.prepare(plan) == NOT_LINUX
    assert none.update([sets_of(plan), ModuleSets(plan)]) == {"web": NOT_LINUX}
    assert (await none.reset("web"), await none.withdraw("web")) == ("", "")
    assert node_problems(plan.vip) == (NOT_LINUX,)
    assert (await none.observe()).problem == NOT_LINUX
    assert await none.announce(plan, VmacType.INVISIBLE) == NOT_LINUX
    assert await none.connections("web") == 0
    none.close()
    frames = NoProbeFrames(lambda *_: None)
    assert (frames.listen([]), frames.listen(["Ethernet"])) == ("", NOT_LINUX)
    assert frames.send("Ethernet", VMAC, b"") == frames.admit("Ethernet", [VMAC]) == NOT_LINUX
    assert no_interface_for("10.0.0.100", "Ethernet") == ("", NOT_LINUX)
    frames.close()
    assert vip_problem() == NOT_LINUX
    assert all(way in NOT_LINUX for way in ("load balancer", "Windows Network Load Balancing", "Linux nodes"))
