"""Probes on the wire: what is believed, and what is not."""

from nodeagent.contract.states import State, Status
from nodeagent.core.heartbeat import ModuleBeat, module_id
from nodeagent.core.wire import Wire
from tests.fakes.sealer import FakeSealer

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
READY = ModuleBeat(State.UP, Status.READY, epoch=7)
SESSIONS = {"n1": b"1" * 16, "n2": b"2" * 16}


def wire(name: str, *keys: bytes) -> Wire:
    made = Wire(SESSIONS[name], FakeSealer())
    made.configure(name, keys or (KEY,))
    return made


def test_a_probe_tells_who_serves_and_whom_he_hears() -> None:
    n1, n2 = wire("n1"), wire("n2")
    assert n2.receive("eth0", "02:00:00:00:00:01", n1.probe({"shop": READY}), 5.0, SESSIONS.get) == "n1"
    (heard,) = n2.heard("n1", 1.0, 5.9)
    assert heard.modules[module_id("shop")] == READY
    assert n2.mac("eth0", "n1") == "02:00:00:00:00:01"
    assert n2.heard_on("n1", 1.0, 5.9) == {"eth0"}
    assert not n2.heard("n1", 1.0, 6.0)
    assert not n2.heard_on("n1", 1.0, 6.0)


def test_what_is_not_believed() -> None:
    n1, n2 = wire("n1"), wire("n2")
    frame = n1.probe({"shop": READY})
    assert not n2.receive("eth0", "m", frame, 5.0, lambda name: b"x" * 16), "a session that heartbeats never proved"
    assert not wire("n2", OTHER_KEY).receive("eth0", "m", frame, 5.0, SESSIONS.get), "another cluster"
    assert not n1.receive("eth0", "m", frame, 5.0, SESSIONS.get), "its own"
    assert n2.receive("eth0", "m", frame, 5.0, SESSIONS.get) == "n1"
    assert not n2.receive("eth0", "m", frame, 5.1, SESSIONS.get), "the same again"
    newer = n1.probe({"shop": READY})
    for at in range(len(newer)):
        forged = newer[:at] + bytes([newer[at] ^ 1]) + newer[at + 1 :]
        assert not n2.receive("eth0", "m", forged, 5.2, SESSIONS.get)
    for cut in range(len(newer)):
        assert not n2.receive("eth0", "m", newer[:cut], 5.2, SESSIONS.get)
    assert n2.receive("eth0", "m", newer, 5.2, SESSIONS.get) == "n1"


def test_without_a_key_nothing_is_said() -> None:
    assert Wire(b"1" * 16, FakeSealer()).probe({}) == b""


def test_a_frozen_node_forgives() -> None:
    n1, n2 = wire("n1"), wire("n2")
    n2.receive("eth0", "m", n1.probe({}), 5.0, SESSIONS.get)
    n2.forgive(10.0)
    assert n2.heard("n1", 1.0, 15.5)
