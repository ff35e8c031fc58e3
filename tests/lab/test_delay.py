"""A cable can be made to take time."""

import pytest

from tests.lab.delay import delayed, round_trips
from tests.lab.lab import Lab
from tests.lab.topology import LabImpossible


def test_every_packet_on_a_slow_cable_is_late_both_ways_and_no_longer_than_asked_for(plain_lab: Lab) -> None:
    client, one = plain_lab.clients[0], plain_lab.nodes[0]
    each = 0.02
    with delayed(client.host, each):
        trips = round_trips(client.host, one.address, 5)
        stream = client.new_connections(one.address, rate=5)
        assert min(trips) >= 2 * each
        assert stream.result().failures == {}
    assert min(round_trips(client.host, one.address, 5)) < each


def test_a_cable_that_cannot_be_slowed_down_says_so_and_is_as_before(plain_lab: Lab) -> None:
    client, one = plain_lab.clients[0], plain_lab.nodes[0]
    with delayed(client.host, 0.02), pytest.raises(LabImpossible, match="tc qdisc add"), delayed(client.host, 0.01):
        pytest.fail("two delays on one cable")
    assert min(round_trips(client.host, one.address, 5)) < 0.02
