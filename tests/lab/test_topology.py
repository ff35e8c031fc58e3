"""The lab itself: what passes, what does not, and that nothing is left."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.real_farm import until
from tests.lab.clients import ROOT
from tests.lab.faults import Faults
from tests.lab.lab import running_lab
from tests.lab.topology import Host, Network, directory_of, labs, refusal, sweep

PORT = 5000


@pytest.fixture(scope="module")
def network(possible: None) -> Iterator[Network]:
    """Two nodes and a client on two lans."""
    network = Network(lans=2)
    try:
        network.add_node(1)
        network.add_node(2)
        network.add_client(1, ipv4=5, ipv6=5)
        yield network
    finally:
        network.close()


@pytest.fixture
def faults(network: Network) -> Faults:
    """None at the start."""
    return Faults(network.switch, network.lans)


def arrive(sender: Host, receiver: Host, *, family: int = 4, lan: int = 0, port: int = PORT, count: int = 1) -> int:
    """How many of so many datagrams arrive."""
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    address = receiver.address(lan, family)
    with receiver.entered():
        there = socket.socket(kind, socket.SOCK_DGRAM)
    with sender.entered():
        here = socket.socket(kind, socket.SOCK_DGRAM)
    with there, here:
        there.bind((address, port))
        there.settimeout(0.3)
        for _ in range(count):
            here.sendto(b"x", (address, port))
        got = 0
        try:
            while got < count:
                there.recv(10)
                got += 1
        except TimeoutError:
            pass
    return got


def test_every_host_reaches_every_other_one_and_nothing_else(network: Network) -> None:
    for sender in network.hosts:
        for receiver in network.hosts:
            assert sender is receiver or all(
                arrive(sender, receiver, family=family, lan=lan) for family in (4, 6) for lan in (0, 1)
            )
        with sender.entered():
            out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with out, pytest.raises(OSError, match="unreachable"):
            out.connect(("192.0.2.1", 9))


def test_cuts_have_a_direction_a_port_a_lan_and_an_end(network: Network, faults: Faults) -> None:
    one, two, client = network.hosts
    faults.one_way(one, two, udp=PORT, lan=0)
    assert (arrive(one, two), arrive(one, two, family=6)) == (0, 0)
    assert (arrive(two, one), arrive(one, two, port=PORT + 1), arrive(one, two, lan=1)) == (1, 1, 1)
    assert faults.dropped() == 2
    faults.cut(one, two)
    assert (arrive(one, two, port=PORT + 1), arrive(two, one), arrive(two, one, lan=1)) == (0, 0, 0)
    assert arrive(one, client) == arrive(client, two) == 1
    faults.heal()
    assert arrive(one, two) == arrive(two, one) == 1


def test_loss_is_random(network: Network, faults: Faults) -> None:
    one, two, _ = network.hosts
    arrive(one, two)
    faults.one_way(one, two, loss=30)
    assert 100 < arrive(one, two, count=200) < 180
    faults.heal()
    assert arrive(one, two, count=200) == 200


def test_a_cable_can_be_pulled(network: Network) -> None:
    one, two, _ = network.hosts
    one.cable(plugged=False)
    assert arrive(two, one) == 0
    assert arrive(two, one, lan=1) == 1
    one.cable(plugged=True)
    for family in (4, 6):  # an ARP request that was lost is repeated after a second
        until(lambda family=family: arrive(two, one, family=family) == 1, 5, "plugged in")


def test_labs_stand_beside_each_other_and_leave_nothing(possible: None) -> None:
    with running_lab(nodes=1) as first, running_lab(nodes=1) as second:
        names = {first.network.lab, second.network.lab}
        assert names <= labs().keys()
        sleeper = subprocess.Popen([*second.nodes[0].prefix, "sleep", "600"])
        until(lambda: sleeper.pid in second.nodes[0].host.pids(), 5, "the program has entered its namespace")
        assert sleeper.pid not in first.nodes[0].host.pids()
    assert sleeper.wait(5) == -signal.SIGKILL
    assert not names & labs().keys()
    assert not any(directory_of(name).exists() for name in names)


CRASHED = """
import subprocess
from tests.lab.topology import Network

network = Network()
print(network.lab, subprocess.Popen([*network.add_node(1).prefix, "sleep", "600"]).pid, flush=True)
input()
"""


def test_what_a_killed_owner_left_is_swept_and_nothing_else(network: Network) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CRASHED], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        lab, pid = owner.stdout.readline().split()
        assert lab not in sweep()
        owner.kill()
        owner.wait()
        assert lab in labs()
        assert Path(f"/proc/{pid}").exists()
        assert lab in sweep()
    assert lab not in labs()
    assert network.lab in labs()
    assert not directory_of(lab).exists()
    assert not Path(f"/proc/{pid}").exists() or "State:\tZ" in Path(f"/proc/{pid}/status").read_text()


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="only root can become somebody else")
def test_who_is_not_root_gets_a_sentence() -> None:
    code = "import runpy, sys; print(runpy.run_path(sys.argv[1])['refusal']())"
    said = subprocess.run(
        ["/usr/bin/env", "python3", "-c", code, str(ROOT / "tests" / "lab" / "topology.py")],
        user=65534,
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout.strip() == "The namespace lab needs root, for network namespaces."
    assert refusal() != said.stdout.strip()
