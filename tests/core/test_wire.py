"""Probes on the wire: what is believed, and what is not."""

from dataclasses import replace

import msgspec

from nodeagent.contract.states import State, Status
from nodeagent.core.heartbeat import ModuleBeat, ModuleEntry, module_entry, module_id
from nodeagent.core.wire import ANY, EVERYBODY, ProbeBody, Wire
from tests.fakes.sealer import FakeSealer

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
READY = ModuleBeat(State.UP, Status.READY, epoch=7)
SESSIONS = {"n1": b"1" * 16, "n2": b"2" * 16}
V4, V6 = "5a:fe:0a:00:00:64", "5a:fe:00:00:00:64"


def wire(name: str, *keys: bytes) -> Wire:
    made = Wire(SESSIONS[name], FakeSealer())
    made.configure(name, keys or (KEY,))
    return made


def probe(sender: Wire, to: str, modules: dict[str, ModuleBeat], now: float) -> bytes:
    """What fits into one frame."""
    (frame,) = sender.probes(to, modules, now)
    return frame


def test_a_probe_tells_who_serves_and_whom_he_hears() -> None:
    n1, n2 = wire("n1"), wire("n2")
    assert n2.receive("eth0", "02:00:00:00:00:01", probe(n1, V4, {"shop": READY}, 1.0), 5.0, SESSIONS.get) == "n1"
    (heard,) = n2.heard("n1", 1.0, 5.9)
    assert heard.modules[module_id("shop")] == READY
    assert n2.mac("eth0", "n1") == "02:00:00:00:00:01"
    assert n2.arrives("n1", "eth0", V4, 1.0, 5.9)
    assert not n2.heard("n1", 1.0, 6.0)
    assert not n2.arrives("n1", "eth0", V4, 1.0, 6.0)


def test_what_arrives_for_one_virtual_mac_says_nothing_about_another() -> None:
    n1, n2 = wire("n1"), wire("n2")
    to_v4, to_v6 = probe(n1, V4, {"shop": READY}, 1.0), probe(n1, V6, {"shop": READY}, 1.0)
    later = probe(n1, V4, {"shop": ModuleBeat(State.UP, Status.READY, epoch=8)}, 1.0)
    assert n2.receive("eth0", "m", to_v4, 5.0, SESSIONS.get)
    assert n2.receive("eth0", "m", later, 5.1, SESSIONS.get)
    assert [n2.arrives("n1", "eth0", to, 1.0, 5.2) for to in (V4, V6, EVERYBODY)] == [True, False, False]
    assert n2.receive("eth0", "m", to_v6, 5.3, SESSIONS.get), "behind a newer one to another MAC"
    assert n2.arrives("n1", "eth0", V6, 1.0, 5.4)
    assert [heard.modules[module_id("shop")].epoch for heard in n2.heard("n1", 1.0, 5.4)] == [8, 7]
    for again in (to_v4, later, to_v6):
        assert not n2.receive("eth0", "m", again, 5.5, SESSIONS.get)


class EarlierBody(msgspec.Struct, array_like=True, frozen=True):
    """A probe as it was before it named the MAC it goes to."""

    modules: list[ModuleEntry]


def test_an_agent_that_does_not_name_the_mac_yet_is_heard_for_all_and_hears_this_one() -> None:
    n1, n2 = wire("n1"), wire("n2")
    assert n2.receive("eth0", "m", probe(n1, ANY, {"shop": READY}, 1.0), 5.0, SESSIONS.get)
    assert n2.arrives("n1", "eth0", V4, 1.0, 5.5)
    assert n2.arrives("n1", "eth0", V6, 1.0, 5.5)
    entries = [module_entry("shop", READY)]
    written = msgspec.msgpack.encode(EarlierBody(entries))
    assert msgspec.msgpack.decode(written, type=ProbeBody) == ProbeBody(entries, ANY)
    newer = msgspec.msgpack.encode(ProbeBody(entries, V4))
    assert msgspec.msgpack.decode(newer, type=EarlierBody) == EarlierBody(entries)


def test_what_is_not_believed() -> None:
    n1, n2 = wire("n1"), wire("n2")
    frame = probe(n1, V4, {"shop": READY}, 1.0)
    assert not n2.receive("eth0", "m", frame, 5.0, lambda name: b"x" * 16), "a session that heartbeats never proved"
    assert not wire("n2", OTHER_KEY).receive("eth0", "m", frame, 5.0, SESSIONS.get), "another cluster"
    assert not n1.receive("eth0", "m", frame, 5.0, SESSIONS.get), "its own"
    assert n2.receive("eth0", "m", frame, 5.0, SESSIONS.get) == "n1"
    assert not n2.receive("eth0", "m", frame, 5.1, SESSIONS.get), "the same again"
    newer = probe(n1, V4, {"shop": READY}, 1.0)
    for at in range(len(newer)):
        forged = newer[:at] + bytes([newer[at] ^ 1]) + newer[at + 1 :]
        assert not n2.receive("eth0", "m", forged, 5.2, SESSIONS.get)
    for cut in range(len(newer)):
        assert not n2.receive("eth0", "m", newer[:cut], 5.2, SESSIONS.get)
    assert n2.receive("eth0", "m", newer, 5.2, SESSIONS.get) == "n1"


def test_without_a_key_nothing_is_said() -> None:
    assert Wire(b"1" * 16, FakeSealer()).probes(V4, {}, 1.0) == []


def test_a_frozen_node_forgives() -> None:
    n1, n2 = wire("n1"), wire("n2")
    n2.receive("eth0", "m", probe(n1, V4, {}, 1.0), 5.0, SESSIONS.get)
    n2.forgive(10.0)
    assert n2.heard("n1", 1.0, 15.5)


def test_many_modules_of_many_nodes_take_several_frames_that_all_arrive() -> None:
    """32 modules on 64 nodes, names as long as they may be."""
    name = "n" * 63
    beats = {f"module{number}": replace(READY, epoch=2**63 + number, payload=b"p" * 16) for number in range(32)}
    n1, n2 = Wire(SESSIONS["n1"], FakeSealer()), wire("n2")
    n1.configure(name, (KEY,))
    sessions = {f"peer{number}": bytes([100 + number]) * 16 for number in range(62)} | {"n2": SESSIONS["n2"]}
    for peer, session in sessions.items():
        other = Wire(session, FakeSealer())
        other.configure(peer, (KEY,))
        assert n1.receive("eth0", "m", probe(other, V4, {}, 1e7), 1e7, sessions.get)
    frames = n1.probes(V4, beats, 1e7)
    assert max(map(len, frames)) <= 1400
    for frame in frames:
        assert n2.receive("eth0", "m", frame, 5.0, {name: SESSIONS["n1"]}.get) == name
    (heard,) = n2.heard(name, 1.0, 5.5)
    assert heard.modules == {module_id(module): beat for module, beat in beats.items()}
    assert n2.echoed(name) == (10**13 + 1) / 1e6
    later = n1.probes(V4, {"module7": READY}, 1e7)
    assert all(n2.receive("eth0", "m", frame, 5.1, {name: SESSIONS["n1"]}.get) for frame in later)
    (heard,) = n2.heard(name, 1.0, 5.5)
    assert heard.modules[module_id("module7")] == READY
    assert n2.echoed(name) == (10**13 + 1) / 1e6


def test_a_module_that_probes_name_no_more_is_forgotten() -> None:
    n1, n2 = wire("n1"), wire("n2")
    for at, modules in ((1.0, {"shop": READY, "wiki": READY}), (1.1, {"shop": READY}), (1.2, {"shop": READY})):
        assert n2.receive("eth0", "m", probe(n1, V4, modules, at), at, SESSIONS.get)
    (heard,) = n2.heard("n1", 1.0, 1.3)
    assert set(heard.modules) == {module_id("shop")}


def test_a_frame_that_is_lost_costs_nothing_until_the_next_ones_come() -> None:
    beats = {f"module{number}": READY for number in range(32)}
    n1, n2 = wire("n1"), wire("n2")
    first, second = n1.probes(V4, beats, 1.0), n1.probes(V4, beats, 1.1)
    assert len(first) == len(second) == 2
    for frame in (*first, second[0]):
        assert n2.receive("eth0", "m", frame, 1.2, SESSIONS.get)
    (heard,) = n2.heard("n1", 1.0, 1.3)
    assert set(heard.modules) == {module_id(module) for module in beats}
