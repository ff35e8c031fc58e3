"""Lans that go, nodes that join, freezes: what a Membership makes of peers that it knew."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import ClusterConfig, FarmLans, Lan, ModuleConfig, NodeAddress
from nodeagent.contract.states import Action, Mode
from nodeagent.core import events as ev
from nodeagent.core.membership import Membership
from tests.core.lives import FARM, UP_READY, UP_TRANSIENT, machine
from tests.fakes.farm import KEY, READY, cluster
from tests.fakes.sealer import FakeSealer

WEB = ModuleConfig("web", Mode.FARM, nodes=("node1", "node2"))
SLOW = ModuleConfig("web", Mode.FARM, nodes=("node1", "node2"), farm=FarmLans(slost_count=100))
"""Its own window is ten seconds, the cluster's one."""


def pair(lans: int) -> tuple[Membership, Membership]:
    """Two nodes that heard each other on the first lan at 0.4 for the last time."""
    made = []
    for number in (1, 2):
        one = Membership(bytes([number]) * 16, f"uuid-{number}", FakeSealer(), "1", (1, 2))
        one.configure(cluster(2, lans), f"node{number}", (KEY,), 0.0)
        one.set_modules({"web": READY})
        made.append(one)
    one, two = made
    for step in range(5):
        exchange(one, two, "lan1", step / 10)
    return one, two


def exchange(one: Membership, two: Membership, lan: str, now: float) -> None:
    for sender, receiver in ((one, two), (two, one)):
        for datagram in sender.tick(now):
            if datagram.lan == lan:
                receiver.receive(lan, "10.0.0.1", datagram.data, now)


def without_lan1() -> ClusterConfig:
    both = cluster(2, 2)
    return replace(both, lans=both.lans[1:], signature="two")


def alive(one: Membership) -> bool:
    return one.peers(0.0, 0.0)[0].alive


def test_a_peer_whose_only_working_lan_is_taken_away_is_lost_after_one_window() -> None:
    one, _ = pair(2)
    one.configure(without_lan1(), "node1", (KEY,), 0.5)
    one.tick(1.39)
    assert alive(one)
    assert one.module_view(WEB, 1.39)
    one.tick(1.4)
    assert not alive(one)
    assert one.module_view(WEB, 1.4) == ()
    assert not one.in_doubt(1.4)
    assert one.changes()[-1].text == "node2 lost: never heard"


def test_a_peer_that_is_heard_on_the_lan_that_comes_instead_was_never_lost() -> None:
    one, two = pair(2)
    one.changes()
    for number, node in enumerate((one, two), 1):
        node.configure(without_lan1(), f"node{number}", (KEY,), 0.5)
    for step in range(5, 30):
        assert alive(one)
        assert one.module_view(WEB, step / 10)
        exchange(one, two, "lan2", step / 10)
    assert [change.text for change in one.changes()] == []


@pytest.mark.covers("farm@slost_count")
def test_a_freeze_brings_back_no_peer_that_was_lost_before_it() -> None:
    one, _ = pair(1)
    for step in range(5, 31):
        one.tick(step / 10)
        one.module_view(SLOW, step / 10)
    assert one.module_view(WEB, 3.0) == ()
    assert one.module_view(SLOW, 3.0)
    one.forgive(7.0)
    assert one.module_view(WEB, 7.0) == ()
    assert one.module_view(SLOW, 7.0)
    assert not one.heard_all_since(7.0)
    assert one.module_view(SLOW, 14.39)  # 2.6 s of silence before the freeze, 7.4 s after it
    assert one.module_view(SLOW, 14.41) == ()


def test_who_joins_a_cluster_listens_like_who_starts() -> None:
    one = machine()
    one.world.advance(5)
    lan = Lan("lan", (NodeAddress("n1", "10.0.0.1"), NodeAddress("n2", "10.0.0.2")))
    for _ in range(2):
        one.tell(ev.ClusterConfigured(ClusterConfig((lan,), signature="one"), "n1", (KEY,)))
        one.order(FARM.name, Action.START)
        one.world.advance(0.9)
        assert one.shown(FARM.name) == UP_TRANSIENT
        one.world.advance(0.2)
        assert one.shown(FARM.name) == UP_READY
        one.order(FARM.name, Action.STOP)
        one.world.advance(3)
        one.tell(ev.ClusterConfigured(None))
        one.world.advance(3)
