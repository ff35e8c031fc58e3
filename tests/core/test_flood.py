"""The flood probe: what a node takes from what it hears."""

from nodeagent.core.flood import FloodRound, unknown_mac
from nodeagent.core.wire import EVERYBODY
from tests.fakes.sealer import FakeSealer

KEY, OTHER = b"k" * 32, b"o" * 32
NODES = ("n1", "n2", "n3")
ROUND = b"r" * 16


def part(me: str, *, round: bytes = ROUND, keys: tuple[bytes, ...] = (KEY,)) -> FloodRound:
    return FloodRound(round, me.encode().ljust(16, b"s"), me, NODES, keys, FakeSealer())


def heard(one: FloodRound, other: FloodRound) -> tuple[set[str], set[str]]:
    for _, data in other.frames():
        one.receive(data)
    return one.near, one.reached_by


def test_every_node_has_a_mac_of_its_own_in_every_round_that_nobody_else_has() -> None:
    macs = {unknown_mac(round, node) for round in (ROUND, b"x" * 16) for node in NODES}
    assert len(macs) == 6
    assert all(int(mac[:2], 16) & 3 == 2 for mac in macs), "locally administered, for one machine"
    n1, n2 = part("n1"), part("n2")
    assert {to for to, _ in n1.frames()} == {EVERYBODY, unknown_mac(ROUND, "n1")}
    assert unknown_mac(ROUND, "n1") in n2.macs
    assert unknown_mac(ROUND, "n2") not in n2.macs


def test_what_arrives_is_told_apart_by_where_it_went() -> None:
    n1, n2, n3 = part("n1"), part("n2"), part("n3")
    for to, data in n2.frames():
        if to == EVERYBODY:
            n1.receive(data)
    assert (n1.near, n1.reached_by) == ({"n2"}, set())
    assert heard(n1, n3) == ({"n2", "n3"}, {"n3"})


def test_what_is_not_of_the_round_says_nothing() -> None:
    assert heard(part("n1"), part("n2", round=b"x" * 16)) == (set(), set())
    assert heard(part("n1"), part("n2", keys=(OTHER,))) == (set(), set()), "another cluster"
    assert heard(part("n1", keys=(OTHER, KEY)), part("n2")) == ({"n2"}, {"n2"}), "while keys change"
    assert heard(part("n1"), part("n9")) == (set(), set()), "no node of the cluster"
    assert heard(part("n1"), part("n1")) == (set(), set())
    one, frames = part("n1"), [data for _, data in part("n2").frames()]
    for data in frames:
        for at in range(len(data)):
            one.receive(data[:at])
            one.receive(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        one.receive(data + bytes(600))
    assert (one.near, one.reached_by) == (set(), set())
