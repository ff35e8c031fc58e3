"""The present core beside an agent of the previous protocol, which is kept as a test double."""

from pathlib import Path
from typing import Any

import pytest

from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.contract.states import Mode, State, Status
from nodeagent.core.heartbeat import ModuleBeat
from nodeagent.core.membership import Membership
from tests.fakes.farm import KEY, READY, cluster
from tests.fakes.previous_protocol import PreviousAgent, module_id, read, written

GOLDEN = Path(__file__).with_name("golden") / "protocol_1.txt"
"""Two datagrams of the first agent that spoke protocol 1, in hexadecimal: never made again."""
NODES = ("node1", "node2", "node3")
STEP = 0.05


def present(name: str, session: bytes, protocol: int = 2) -> Membership:
    made = Membership(session, f"uuid-{name}", ChaChaSealer(), "2", (9453, 9010), protocol=protocol)
    made.configure(cluster(3), name, (KEY,), 0.0)
    made.set_modules({"web": READY})
    return made


def previous(name: str, session: bytes) -> PreviousAgent:
    return PreviousAgent(name, NODES, session, KEY, "one")


def datagrams_of_then() -> list[bytes]:
    return [bytes.fromhex(line) for line in GOLDEN.read_text().split()]


def recorded() -> list[bytes]:
    """What was recorded, said again: node2 to node1, before and after it heard it."""
    one, two = present("node1", b"1" * 16, 1), present("node2", b"2" * 16, 1)
    two.set_modules({"web": ModuleBeat(State.WAIT, Status.TRANSIENT, Mode.LIGHT, 3, 2**63, b"payload", True)})
    two.set_wall_offset(1.5)
    first = next(d.data for d in two.tick(10.0) if d.peer == "node1")
    for datagram in one.tick(7.0):
        if datagram.peer == "node2":
            two.receive("lan1", "10.0.1.1", datagram.data, 10.02)
    second = next(d.data for d in two.tick(10.1) if d.peer == "node1")
    return [first, second]


class Rolling:
    """A farm in which each node is of one version or the other; nothing is lost on the way."""

    def __init__(self) -> None:
        self.now, self.sessions = 0.0, 0
        self.nodes: dict[str, Membership | PreviousAgent] = {}
        self.sent: dict[str, set[int]] = {}

    def start(self, name: str, newer: bool) -> None:
        """Start a node anew."""
        self.sessions += 1
        session = bytes([self.sessions]) * 16
        node = present(name, session) if newer else previous(name, session)
        if isinstance(node, Membership):
            node.configure(cluster(3), name, (KEY,), self.now)
        self.nodes[name] = node

    def run(self, seconds: float) -> None:
        """Let time pass; `sent` are the versions each node wrote meanwhile."""
        self.sent = {name: set() for name in self.nodes}
        end = self.now + seconds
        while self.now < end:
            self.now += STEP
            for name, node in self.nodes.items():
                for peer, data in self._beats(node):
                    self.sent[name].add(data[2])
                    self._deliver(name, peer, data)

    def _beats(self, node: Membership | PreviousAgent) -> list[tuple[str, bytes]]:
        if isinstance(node, PreviousAgent):
            return list(node.beats(self.now).items())
        return [(datagram.peer, datagram.data) for datagram in node.tick(self.now)]

    def _deliver(self, sender: str, peer: str, data: bytes) -> None:
        node = self.nodes.get(peer)
        if isinstance(node, PreviousAgent):
            node.receive(data, self.now)
        elif node is not None:
            for answer in node.receive("lan1", sender, data, self.now):
                self._deliver(peer, answer.peer, answer.data)

    def all_hear(self) -> bool:
        """Whether every node hears both others."""
        return all(len(self.alive(name)) == 2 for name in self.nodes)

    def alive(self, name: str) -> set[str]:
        """Whom a node hears."""
        node = self.nodes[name]
        if isinstance(node, PreviousAgent):
            return node.alive(self.now)
        return {peer.name for peer in node.peers(self.now, 0.0) if peer.alive}

    def refusals(self) -> list[str]:
        """Datagrams that anybody did not believe."""
        found: list[str] = []
        for node in self.nodes.values():
            found += node.refused if isinstance(node, PreviousAgent) else node.rejected()
        return found


def test_what_was_on_the_wire_then_is_on_the_wire_now() -> None:
    assert recorded() == datagrams_of_then()


def test_the_double_reads_and_writes_the_very_same_bytes() -> None:
    for data, echoes in zip(datagrams_of_then(), (0, 1), strict=True):
        said = read(KEY, data)
        assert (said.version, said.newest, said.sender, said.session) == (1, 1, "node2", b"2" * 16)
        assert len(said.body[3]) == echoes
        assert said.body[4][9] == [[module_id("web"), 1, 1, 1, 3, 1, 2**63, b"payload"]]
        assert written(KEY, said.session, said.sender, said.counter, said.body) == data


def test_a_rolling_upgrade_and_the_way_back_beside_the_previous_agent() -> None:
    farm = Rolling()
    for name in NODES:
        farm.start(name, newer=False)
    farm.run(1.5)
    for name, spoken in zip(NODES, (1, 1, 2), strict=True):
        farm.start(name, newer=True)
        farm.run(2.0)
        assert farm.all_hear()
        assert farm.refusals() == []
        farm.run(0.5)
        assert farm.sent[name] == {spoken}
    assert all(versions == {2} for versions in farm.sent.values())

    farm.start("node3", newer=False)  # it hears nothing it understands until the others have lost it
    farm.run(3.0)
    back = farm.nodes["node3"]
    assert isinstance(back, PreviousAgent)
    assert set(back.refused) <= {"too new protocol"}
    assert farm.all_hear()
    farm.run(0.5)
    assert farm.sent["node1"] == farm.sent["node2"] == {1}


def test_they_know_each_other_s_modules_and_configuration() -> None:
    farm = Rolling()
    farm.start("node1", newer=True)
    farm.start("node2", newer=False)
    farm.start("node3", newer=False)
    farm.run(1.5)
    one, two = farm.nodes["node1"], farm.nodes["node2"]
    assert isinstance(one, Membership)
    assert isinstance(two, PreviousAgent)
    for peer in one.peers(farm.now, 0.0):
        assert [(m.name, m.state, m.status) for m in peer.modules] == [("web", State.UP, Status.READY)]
        assert (peer.same_configuration, peer.version, peer.api_port) == (True, "1", 9453)
    assert one.confirmed_peers() == ("node2", "node3")
    said = two.known["node1"].page
    assert said[:5] == [said[0], "uuid-node1", "2", 9453, 9010]
    assert said[0] == two.known["node3"].page[0]
    assert said[5] == [0b110]


@pytest.mark.parametrize("newer", [False, True])
def test_fields_of_a_later_version_are_passed_over(newer: bool) -> None:
    later: list[Any] = ["later", {"more": 1}]
    farm = Rolling()
    farm.start("node1", newer)
    session, stamp = b"L" * 16, 0
    for counter in range(1, 8):
        farm.now += STEP
        node, echo = farm.nodes["node1"], []
        for peer, data in farm._beats(node):
            if peer == "node2":
                mine = read(KEY, data)
                stamp = mine.body[1]
                echo = [[mine.session, stamp, 0, *later]]
        module = [module_id("web"), 5, 2, 0, 1, 0, 0, b"", *later]
        page = [b"s" * 16, "uuid-node2", "9", 1, 2, [0], 1, 0, 1, [module], False, *later]
        body = [0, int(farm.now * 1e6), 0, echo, page, *later]
        farm._deliver("node2", "node1", written(KEY, session, "node2", counter, body, newest=2))
    assert "node2" in farm.alive("node1")
    assert farm.refusals() == []
