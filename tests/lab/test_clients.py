"""What the clients measure, against nginx and an echo server without a virtual IP."""

import time

import pytest

from tests.lab.application import Nginx
from tests.lab.clients import chi_square, echo_server
from tests.lab.lab import Lab
from tests.lab.probes.outage import Outages
from tests.lab.probes.syn import SynAnswers

TAKES_ALL = """
table netdev trial {{
  chain ingress {{
    type filter hook ingress device "eth0" priority 0;
    ether daddr {mac} meta pkttype set host
  }}
}}
"""


@pytest.mark.parametrize(("family", "sources"), [(4, 250), (6, 50)])
def test_each_syn_is_answered_once_by_the_node_it_was_sent_to(plain_lab: Lab, family: int, sources: int) -> None:
    client, host = plain_lab.clients[0], plain_lab.nodes[1].host
    answers = client.syn(host.address(0, family))
    assert answers.count() == (0, sources * 20, 0)
    assert answers.target_mac == host.mac
    assert (answers.by_source(), answers.by_syn()) == ({host.mac: sources}, {host.mac: sources * 20})
    assert (answers.sticky(), answers.reset) == (sources, 0)


def test_a_closed_port_resets_and_a_cut_answers_nothing(plain_lab: Lab) -> None:
    client, host = plain_lab.clients[0], plain_lab.nodes[0].host
    answers = client.syn(host.address(), 81, sources=10, ports=2)
    assert (answers.count(), answers.reset, answers.sticky()) == ((20, 0, 0), 20, 0)
    plain_lab.faults.one_way(host, client.host)
    answers = client.syn(host.address(), sources=10, ports=2)
    plain_lab.faults.heal()
    assert (answers.count(), answers.reset) == ((20, 0, 0), 0)


def test_a_mac_of_nobody_is_flooded_and_a_second_answer_is_noticed(plain_lab: Lab) -> None:
    client, address, mac = plain_lab.clients[0], "10.77.0.99", "5a:fe:00:00:00:63"
    for node in plain_lab.nodes:
        node.host.batch([f"addr add {address}/32 dev lo"])
        node.host.run("nft", "-f", "-", text=TAKES_ALL.format(mac=mac))
    client.host.batch([f"neigh replace {address} lladdr {mac} dev eth0"])
    answers = client.syn(address, sources=10, ports=2)
    for node in plain_lab.nodes:
        node.flush_rules()
        node.delete_address(f"{address}/32")
    assert (answers.target_mac, answers.count(), answers.sticky()) == (mac, (0, 0, 20), 0)
    assert answers.by_syn() == {node.host.mac: 20 for node in plain_lab.nodes}


def test_several_answers_and_shares_are_told_apart() -> None:
    answers = SynAnswers("v", {"a": {1: ["x"], 2: ["x"]}, "b": {1: ["x", "y"], 2: []}, "c": {1: ["y"], 2: ["z"]}}, 0)
    assert answers.count() == (1, 4, 1)
    assert answers.by_source() == {"x": 1}
    assert answers.by_syn() == {"x": 3, "y": 2, "z": 1}
    assert answers.sticky() == 1
    assert chi_square({"x": 96, "y": 76, "z": 78}, {"x": 1, "y": 1, "z": 1}) == pytest.approx(2.912)
    assert chi_square({"x": 40, "y": 20, "z": 10}, {"x": 4, "y": 2, "z": 1}) == 0


def test_browsers_keep_their_connections(plain_lab: Lab) -> None:
    browsers = plain_lab.clients[0].keep_alive(plain_lab.nodes[0].address)
    time.sleep(1)
    seen = browsers.result()
    assert seen.connects == 60
    assert seen.by == {"node1": seen.requests}
    assert seen.requests > 120
    assert (seen.failures, seen.resets, seen.repeated) == ({}, 0, 0)
    assert seen.latency.median > 0


def test_browsers_close_idle_connections_before_the_server_does(plain_lab: Lab) -> None:
    client, address = plain_lab.clients[0], plain_lab.nodes[0].address
    careful = client.keep_alive(address, connections=20, interval=0.5, idle=0.2)
    careless = client.keep_alive(address, connections=20, interval=3.3, idle=9)
    time.sleep(4.5)
    for browsers, closed_by_server in ((careful, False), (careless, True)):
        seen = browsers.result()
        assert (seen.failures, seen.resets) == ({}, 0)
        assert seen.connects == seen.requests > 20
        assert (seen.closed_idle > 0) == closed_by_server


def test_clients_count_what_a_dead_server_costs(plain_lab: Lab) -> None:
    client, node = plain_lab.clients[0], plain_lab.nodes[0]
    nginx = Nginx(node.host, plain_lab.network.directory)
    browsers = client.keep_alive(node.address, connections=20)
    stream = client.new_connections(node.address, rate=100)
    time.sleep(0.5)
    nginx.stop()
    time.sleep(0.5)
    nginx.start()
    time.sleep(0.5)
    kept, new = browsers.result(), stream.result()
    assert kept.failures["refused"] > 0
    assert kept.by["node1"] + sum(kept.failures.values()) == kept.requests
    assert kept.repeated + kept.closed_idle > 0
    assert new.failures["refused"] > 0
    assert new.by["node1"] + sum(new.failures.values()) == new.requests > 100


def test_new_connections_are_answered_by_name_or_with_100_kb(plain_lab: Lab) -> None:
    client, node = plain_lab.clients[0], plain_lab.nodes[1]
    small, large = client.new_connections(node.address), client.new_connections(node.address, path="/100k", rate=20)
    lost = client.new_connections(node.address, path="/nothing", rate=20)
    time.sleep(1)
    seen = small.result()
    assert seen.by == {"node2": seen.requests}
    assert seen.requests >= 50
    assert (seen.failures, seen.resets) == ({}, 0)
    assert large.result().failures == {}
    assert lost.result().failures.keys() == {"status 404"}


def test_the_outage_of_a_pulled_cable_is_measured_per_client(plain_lab: Lab) -> None:
    client, (one, two) = plain_lab.clients[0], plain_lab.nodes
    hit, spared = client.outage(one.address), client.outage(two.address, sources=5, timeout=1.0)
    time.sleep(0.5)
    cut = time.monotonic()
    one.cable(plugged=False)
    time.sleep(0.5)
    one.cable(plugged=True)
    back = time.monotonic()
    time.sleep(0.5)
    outages = hit.result()
    assert len(outages.hit()) == len(outages.clients) == 40
    assert outages.since(cut)[0] > back - cut - 0.1
    assert all(client.gap > back - cut - 0.1 for client in outages.clients.values())
    assert spared.result().hit() == {}


def test_a_stall_counts_for_every_wait_that_it_touches() -> None:
    seen = Outages(stalls=[(10.0, 0.2), (20.0, 0.5)])  # the clients stood still from 9.8 to 10.0, and from 19.5 to 20.0
    assert [seen.stalled(9.0, 9.7), seen.stalled(10.1, 19.4), seen.stalled(20.1, 30.0)] == [0, 0, 0]
    assert [seen.stalled(9.0, 9.9), seen.stalled(9.85, 9.9), seen.stalled(9.9, 11.0)] == [0.2, 0.2, 0.2]
    assert seen.stalled(9.0, 19.6) == 0.5


@pytest.mark.parametrize("size", [64, 4000])
@pytest.mark.parametrize(("family", "sources"), [(4, 250), (6, 50)])
def test_each_datagram_is_answered_once(plain_lab: Lab, family: int, sources: int, size: int) -> None:
    host = plain_lab.nodes[0].host
    server = echo_server(host)
    answers = plain_lab.clients[0].udp(host.address(0, family), 7, size=size)
    server.result()
    assert (answers.count(), answers.sticky()) == ((0, sources * 2, 0), sources)
    assert {name for one in answers.taken.values() for names in one for name in names} == {"node1"}
