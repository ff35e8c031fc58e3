"""The products that benchmarks compare with run in the lab."""

import math
import time
from collections.abc import Iterator
from typing import Literal

import pytest

from tests.e2e.real_farm import until
from tests.lab.application import MODULE
from tests.lab.lab import Lab
from tests.lab.peers import HaProxy, Keepalived, absent
from tests.lab.topology import Host

ADDRESS = "10.77.0.200"


@pytest.fixture(scope="module")
def front(farm_lab: Lab) -> Iterator[Host]:
    """A host for the load balancer."""
    return farm_lab.network.add_front()


@pytest.mark.skipif(bool(absent("keepalived")), reason=absent("keepalived") or "present")
@pytest.mark.parametrize("advert", [1, 0.1])
def test_keepalived_moves_its_address_and_every_client_sees_it(healed: Lab, advert: float) -> None:
    one, two, _ = healed.nodes
    vrrp = Keepalived(healed.nodes, ADDRESS, advert)
    try:
        watch = healed.clients[0].outage(ADDRESS)
        time.sleep(0.5)
        cut = time.monotonic()
        one.cable(plugged=False)
        until(lambda: f" {ADDRESS}/" in two.host.run("ip", "-o", "addr"), 10, "node2 has the address")
        time.sleep(0.5)
        outages = watch.result()
        assert len(outages.hit()) == len(outages.clients) == 40
        assert 2 * advert < outages.since(cut)[-1] < math.inf  # two adverts that fail to come are the least
    finally:
        vrrp.stop()
    assert vrrp.holder() is None


@pytest.mark.skipif(bool(absent("haproxy")), reason=absent("haproxy") or "present")
@pytest.mark.parametrize("mode", ["http", "tcp"])
def test_haproxy_sends_to_all_nodes_and_leaves_out_one_that_stops(
    healed: Lab, front: Host, mode: Literal["http", "tcp"]
) -> None:
    proxy = HaProxy(front, healed.nodes, healed.network.directory, mode, MODULE)
    try:
        for address in (front.address(), front.address(0, 6)):
            seen = healed.clients[0].new_connections(address, rate=100)
            time.sleep(0.5)
            answers = seen.result()
            assert answers.failures == {}
            assert answers.by.keys() == {"node1", "node2", "node3"}
    finally:
        proxy.stop()
