"""One clock for all nodes."""

import msgspec
import pytest

from app.viewmodels.timeline_clock import Clocks
from tests.app.viewmodels.farms import ready, silenced, view
from tests.app.viewmodels.timelines import CLOCKS, incident


def test_nodes_lie_against_each_other_by_the_echo_of_their_heartbeats() -> None:
    clocks = Clocks()
    clocks.take(incident().view())
    assert {name: clocks.of(name) for name in CLOCKS} == pytest.approx(CLOCKS, abs=1e-6)
    assert clocks.words == "one clock for all nodes to ± 0.3\N{NO-BREAK SPACE}ms, corrected by heartbeat echo"


def test_without_an_echo_they_are_corrected_as_they_answer() -> None:
    clocks = Clocks()
    clocks.take((view("node1", ready()), view("node2", ready(), clock=120.0)))
    assert (clocks.of("node1"), clocks.of("node2")) == (0.0, -120.0)
    assert clocks.words == "one clock for all nodes, corrected as this console hears them"
    assert clocks.of("nobody") == 0.0


def test_small_changes_of_an_answers_way_do_not_move_the_past() -> None:
    clocks = Clocks()
    clocks.take((view("node1", clock=1.0),))
    clocks.take((view("node1", clock=1.03),))
    assert clocks.of("node1") == -1.0
    clocks.take((view("node1", clock=1.3),))
    assert clocks.of("node1") == pytest.approx(-1.3)


def test_a_better_echo_moves_it_and_a_worse_one_does_not() -> None:
    session = incident()
    clocks = Clocks()
    first, second, third = session.view()
    assert first.status is not None

    def with_echo(offset: float, trip: float) -> None:
        peers = tuple(
            msgspec.structs.replace(peer, clock_offset=offset, round_trip=trip) for peer in first.status.peers
        )
        told = msgspec.structs.replace(first, status=msgspec.structs.replace(first.status, peers=peers))
        clocks.take((told, second, third))

    with_echo(0.010, 0.020)
    assert clocks.of("node2") == pytest.approx(clocks.of("node1") - 0.010)
    with_echo(0.002, 0.001)
    assert clocks.of("node2") == pytest.approx(clocks.of("node1") - 0.002)
    with_echo(0.010, 0.020)
    assert clocks.of("node2") == pytest.approx(clocks.of("node1") - 0.002)


def test_a_silent_node_keeps_its_correction() -> None:
    clocks = Clocks()
    one, two = view("node1", clock=3.0), view("node2", clock=5.0)
    clocks.take((one, two))
    clocks.take((one, silenced(two)))
    assert clocks.of("node2") == -5.0
    fresh = Clocks()
    fresh.take((silenced(two, ago=0.0),))
    assert fresh.of("node2") == -5.0
