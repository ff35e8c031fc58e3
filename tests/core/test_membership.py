"""One thing at a time: what a Membership says and does. The storms are in test_membership_faults."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeagent.contract.config import ClusterConfig, FarmLans, Lan, ModuleConfig, NodeAddress
from nodeagent.contract.states import LogType, Mode, State, Status
from nodeagent.core.heartbeat import MAX_DATAGRAM, Header, ModuleBeat
from nodeagent.core.membership import Membership
from tests.fakes.farm import KEY, READY, FakeFarm, cluster
from tests.fakes.sealer import FakeSealer


def farm(nodes: int = 3, lans: int = 1, **changes: object) -> FakeFarm:
    made = FakeFarm(cluster(nodes, lans, **changes))
    made.start_all()
    return made


def solo(name: str = "node1", session: bytes = b"1" * 16, **changes: object) -> Membership:
    options = {"uuid": f"uuid-{name}", "sealer": FakeSealer(), "version": "1", "ports": (9453, 9010)} | changes
    made = Membership(session, **options)  # type: ignore[arg-type]
    made.configure(cluster(3), name, (KEY,), 0.0)
    return made


def pair() -> tuple[Membership, Membership]:
    """node1 and node2 that hear each other since 0.3."""
    one, two = solo(), solo("node2", b"2" * 16)
    for step in range(4):
        exchange(one, two, step / 10)
    assert heard(one) == {"node2"}
    return one, two


def exchange(one: Membership, two: Membership, now: float) -> None:
    for datagram in one.tick(now):
        if datagram.peer == "node2":
            two.receive("lan1", "10.0.1.1", datagram.data, now)
    for datagram in two.tick(now):
        if datagram.peer == "node1":
            one.receive("lan1", "10.0.1.2", datagram.data, now)


def heard(membership: Membership) -> set[str]:
    return {peer.name for peer in membership.peers(0.0, 0.0) if peer.alive}


def test_all_hear_each_other_and_know_who_they_are() -> None:
    run = farm()
    for name in run.agents:
        assert run.alive(name) == {"node1", "node2", "node3"} - {name}
    agent = run.agents["node1"]
    peer = agent.membership.peers(run.now + agent.skew, 0.0)[0]
    assert (peer.name, peer.version, peer.api_port, peer.health_port) == ("node2", "1", 9453, 9010)
    assert [(m.name, m.state, m.status) for m in peer.modules] == [("web", State.UP, Status.READY)]
    assert 0 < peer.round_trip < 0.01
    assert 0.09 < peer.worst_gap < 0.2
    assert run.said("node1")[0].endswith(", version 1")
    assert agent.membership.rejected() == {}


def test_clocks_are_compared_without_ntp() -> None:
    run = farm(2)
    one, two = run.agents["node1"], run.agents["node2"]
    two.membership.set_wall_offset(500.0)
    run.run(1.0)
    offset = one.membership.peers(run.now + one.skew, 20.0)[0].clock_offset
    assert offset == pytest.approx((two.skew + 500.0) - (one.skew + 20.0), abs=0.002)


def test_nothing_is_green_before_one_window() -> None:
    assert solo().listening_until() == 1.0
    fresh = Membership(b"1" * 16, "u", FakeSealer(), "1", (1, 2))
    assert fresh.listening_until() == float("-inf")
    assert fresh.next_deadline() is None
    assert fresh.tick(0.0) == []
    assert fresh.receive("lan1", "10.0.0.1", b"x", 0.0) == []


def test_a_goodbye_takes_effect_at_once_and_three_times() -> None:
    one, two = pair()
    copies = [d for d in two.leave(0.35) if d.peer == "node1"]
    assert len(copies) == 3
    one.receive("lan1", "10.0.1.2", copies[2].data, 0.35)
    assert one.peers(0.35, 0.0)[0].reason == "said goodbye"
    one.receive("lan1", "10.0.1.2", copies[0].data, 0.36)
    assert two.tick(5.0) == []
    assert two.leave(5.0) == []


def test_who_said_goodbye_may_come_back_but_not_by_a_late_datagram() -> None:
    one, two = pair()
    late = next(d.data for d in two.tick(0.4) if d.peer == "node1")
    one.receive("lan1", "10.0.1.2", next(d.data for d in two.leave(0.41) if d.peer == "node1"), 0.41)
    one.receive("lan1", "10.0.1.2", late, 0.42)
    assert heard(one) == set()
    two.configure(cluster(3), "node2", (KEY,), 0.5)
    exchange(one, two, 0.6)
    exchange(one, two, 0.7)
    assert heard(one) == {"node2"}


@pytest.mark.covers("lans@slost_count")
def test_silence_is_lost_after_exactly_one_window() -> None:
    one, _ = pair()
    one.changes()
    last = 0.3
    one.tick(last + 0.99)
    assert heard(one) == {"node2"}
    while one.tick(deadline := one.next_deadline() or 0.0):
        assert deadline < last + 1.0 + 0.05
    one.tick(last + 1.0)
    assert heard(one) == set()
    assert [(c.type, c.text) for c in one.changes()] == [(LogType.ERROR, "node2 lost: silent for 1.0 s")]


def test_a_changed_module_is_told_at_once_three_times() -> None:
    one = solo()
    for step in range(1, 6):
        one.tick(step / 10)
    assert one.next_deadline() == pytest.approx(0.525)
    one.set_modules({"web": READY})
    assert one.next_deadline() == 0.5
    times = [0.5]
    one.tick(0.5)
    for _ in range(3):
        times.append(one.next_deadline() or 0.0)
        one.tick(times[-1])
    assert times == pytest.approx([0.5, 0.525, 0.55, 0.65])
    one.set_modules({"web": READY})
    assert one.next_deadline() == pytest.approx(0.75), "no change, no hurry"


def test_one_lan_of_two_is_only_degraded() -> None:
    run = farm(2, lans=2)
    run.network.part({"node1"}, {"node2"}, "lan2")
    run.run(1.5)
    agent = run.agents["node1"]
    peer = agent.membership.peers(run.now + agent.skew, 0.0)[0]
    assert (peer.alive, peer.degraded) == (True, True)
    assert [lan.heard for lan in peer.lans] == [True, False]
    assert run.said("node1")[-1] == "node2 lost on lan lan2: silent for 1.0 s; lan1 works"
    run.network.heal()
    run.run(0.5)
    assert not agent.membership.peers(run.now + agent.skew, 0.0)[0].degraded
    assert run.said("node1")[-1] == "node2 is heard on lan lan2 too"


def test_a_one_way_link_is_given_up_by_both_within_a_window_and_a_pulse() -> None:
    run = farm(2)
    run.network.cut("node1", "node2", "lan1")
    run.run(1.11)
    assert run.alive("node1") == run.alive("node2") == set()
    assert run.said("node1")[-1] == "node2 lost: it does not hear this node"
    run.run(3.0)
    assert run.alive("node1") == set()
    run.network.heal()
    run.run(0.5)
    assert run.alive("node1") == {"node2"}


def test_who_else_hears_a_lost_node() -> None:
    run = farm()
    run.network.part({"node1"}, {"node2"}, "lan1")
    run.run(1.5)
    agent = run.agents["node1"]
    peer = agent.membership.peers(run.now + agent.skew, 0.0)[0]
    assert peer.reason == "silent for 1.0 s; node3 still hears it"


def test_a_restarted_node_replaces_its_old_session_at_once() -> None:
    run = farm()
    old = run.agents["node3"].session
    run.start("node3")
    run.run(0.3)
    assert "node3 was started again" in run.said("node1")
    assert not any("lost" in line for line in run.said("node1"))
    sessions = {member.node: member.session for member in run.view("node1")}
    assert sessions["node3"] == run.agents["node3"].session != old
    assert run.epoch("node1") == run.epoch("node2") == run.epoch("node3")


@pytest.mark.covers("invariant 4")
def test_a_session_that_was_never_believed_is_no_news_when_it_is_replayed() -> None:
    one, _ = pair()
    restarted = [solo("node2", session * 16) for session in (b"3", b"4")]
    recorded = [d.data for made in restarted for d in made.tick(0.5) if d.peer == "node1"]
    for data in recorded:
        assert one.receive("lan1", "10.0.1.2", data, 0.5), "who may have been started again is answered at once"
    for step in range(6, 10):
        exchange(one, restarted[1], step / 10)
    before = sum(one.rejected().values())
    for data in recorded:
        assert not one.receive("lan1", "10.0.1.2", data, 1.0)
    assert sum(one.rejected().values()) == before + len(recorded)
    assert heard(one) == {"node2"}


def test_recorded_datagrams_are_worth_nothing_to_anybody() -> None:
    run = farm(2)
    recorded: list[tuple[str, bytes]] = []
    for name in run.agents:
        agent = run.agents[name]
        recorded += [(d.peer, d.data) for d in agent.membership.tick(run.now + agent.skew + 0.1)]
    run.kill("node2")
    run.run(2.0)
    agent = run.agents["node1"]
    before = agent.membership.peers(run.now + agent.skew, 0.0)
    for target, data in recorded * 3:
        if target == "node1":
            agent.membership.receive("lan1", "10.6.6.6", data, run.now + agent.skew)
    assert agent.membership.peers(run.now + agent.skew, 0.0) == before
    run.start("node1")  # and to a node that was started again
    run.run(0.2)
    again = run.agents["node1"]
    for target, data in recorded:
        if target == "node1":
            again.membership.receive("lan1", "10.6.6.6", data, run.now + again.skew)
    assert run.alive("node1") == set()
    assert run.view("node1")[1:] == ()


def test_two_machines_with_one_name_raise_an_alarm_and_the_first_stays() -> None:
    one, two = pair()
    double = solo("node2", b"3" * 16, uuid="another")
    for step in range(4, 8):
        exchange(one, two, step / 10)
        now = step / 10 + 0.05
        for datagram in one.tick(now):
            double.receive("lan1", "10.0.1.1", datagram.data, now)
        for datagram in double.tick(now):
            for answer in one.receive("lan1", "10.9.9.9", datagram.data, now):
                double.receive("lan1", "10.0.1.1", answer.data, now)
    sentence = "two machines say that they are node2: 10.0.1.2 and 10.9.9.9; the first one stays"
    assert one.alarms(0.8) == (sentence,)
    assert [c.type for c in one.changes() if c.text == sentence] == [LogType.CRITICAL]
    assert one.rejected()["node1 rejects node2: same name, other uuid"] > 0
    assert heard(one) == {"node2"}
    assert one.module_view(ModuleConfig("web", Mode.FARM), 0.8) == ()
    assert one.alarms(100.0) == ()


def test_a_double_at_an_address_of_its_own_is_an_alarm_too() -> None:
    one, _ = pair()
    double = solo("node2", b"3" * 16, uuid="another")
    datagrams = [d.data for step in (4, 5) for d in double.tick(step / 10) if d.peer == "node1"]
    one.receive("lan1", "10.9.9.9", datagrams[0], 0.4)
    assert one.alarms(0.4) == ()
    one.receive("lan1", "10.9.9.9", datagrams[0], 0.4)
    assert one.rejected() == {"node1 rejects node2: replay": 1}
    assert one.alarms(0.4) == ()
    one.receive("lan1", "10.9.9.9", datagrams[1], 0.5)
    assert one.alarms(0.5) == ("two machines say that they are node2: 10.0.1.2 and 10.9.9.9; the first one stays",)
    assert heard(one) == {"node2"}


def test_another_machine_with_my_own_name_is_an_alarm() -> None:
    one, double = solo(), solo("node1", b"3" * 16, uuid="another")
    one.receive("lan1", "10.9.9.9", double.tick(0.0)[0].data, 0.0)
    assert one.alarms(0.0) == ("two machines say that they are node1: 10.0.1.1 and 10.9.9.9; the first one stays",)


@pytest.mark.covers("invariant 4")
def test_rejections_are_counted_in_words_and_said_once() -> None:
    one = solo("node3", b"1" * 16)
    sender = solo("node1", b"2" * 16)
    sender.configure(cluster(3), "node1", (b"other" * 7,), 0.0)
    unknown = [d.data for t in (0.0, 0.1) for d in sender.tick(t) if d.peer == "node3"]
    for data in unknown:
        one.receive("lan1", "10.0.1.1", data, 0.1)
    assert one.rejected() == {"node3 rejects node1: unknown key": 2}
    assert [change.text for change in one.changes()] == ["node3 rejects node1: unknown key"]
    assert one.changes() == []

    key_id = FakeSealer().key_id(KEY)
    junk = b"x" * 40

    def header(version: int = 1, sender: str = "node1", key_id: bytes = key_id, session: bytes = b"2" * 16) -> bytes:
        return Header(version, version, key_id, session, 1, sender).encode() + junk

    for data in [
        b"",
        b"x" * 5000,
        header(version=0),
        header(version=2),
        header(sender="node9"),
        header(sender="node9", key_id=b"?" * 8),
        header(),
        header(session=b"1" * 16),
    ]:
        one.receive("lan1", "10.0.1.1", data, 0.1)
    one.receive("lan7", "10.0.1.1", header(), 0.1)
    reasons = {
        "node1: unknown key": 2,
        "an unknown sender: malformed datagram": 2,
        "node1: too old protocol": 1,
        "node1: too new protocol": 1,
        "an unknown sender: not in this node's configuration": 1,
        "an unknown sender: other cluster": 1,
        "node1: not authentic": 1,
        "node1: replay": 1,
        "node1: not in this node's configuration": 1,
    }
    assert one.rejected() == {f"node3 rejects {text}": count for text, count in reasons.items()}
    assert heard(one) == set()


def test_an_authentic_body_that_is_no_beat_is_malformed() -> None:
    one, sealer = solo(), FakeSealer()
    for counter, body in enumerate([b"", b"\xc1", b"\x93\x01\x02\x03", b"\x95\x00\x00\x00\x90\xc1"]):
        header = Header(1, 1, sealer.key_id(KEY), b"2" * 16, counter, "node2").encode()
        one.receive("lan1", "x", header + sealer.seal(KEY, b"2" * 16, "node2", counter, header=header, body=body), 0.0)
    assert sum(one.rejected().values()) == 4
    assert one.rejected()["node1 rejects node2: malformed datagram"] >= 3


def test_keys_are_rotated_in_three_sweeps_without_a_loss() -> None:
    run, new = farm(), b"n" * 32
    for keys in ((KEY, new), (new, KEY), (new,)):
        for name, agent in run.agents.items():
            agent.membership.configure(run.config, name, keys, run.now + agent.skew)
            run.run(0.35)
    run.run(2.0)
    for name, agent in run.agents.items():
        assert run.alive(name) == {"node1", "node2", "node3"} - {name}
        assert agent.membership.rejected() == {}
        assert not any("lost" in line for line in run.said(name))


def test_another_configuration_is_marked_but_still_a_peer() -> None:
    run = farm(2)
    other = ClusterConfig(run.config.lans, signature="two")
    agent = run.agents["node2"]
    agent.membership.configure(other, "node2", (KEY,), run.now + agent.skew)
    run.run(0.3)
    one = run.agents["node1"]
    peer = one.membership.peers(run.now + one.skew, 0.0)[0]
    assert (peer.alive, peer.same_configuration) == (True, False)
    assert run.said("node1")[-1] == "node2 has another configuration of the cluster"
    one.membership.configure(other, "node1", (KEY,), run.now + one.skew)
    run.run(0.3)
    assert run.said("node1")[-1] == "node2 has the same configuration again"


def test_a_rolling_upgrade_speaks_the_lower_version_until_all_have_the_newer() -> None:
    run = FakeFarm(cluster(3))
    for name, protocol in (("node1", 1), ("node2", 1), ("node3", 1)):
        run.start(name, protocol=protocol)
    run.run(1.5)
    for name in ("node1", "node2", "node3"):
        run.start(name, protocol=2)
        run.run(1.5)
        assert all(len(run.alive(each)) == 2 for each in run.agents)
        assert all(not agent.membership.rejected() for agent in run.agents.values())
    agent = run.agents["node1"]
    versions = {d.data[2] for d in agent.membership.tick(run.now + agent.skew + 0.2)}
    assert versions == {2}
    run.start("node3", protocol=1)  # and back again, even when the first answers are lost
    run.network.cut("node1", "node3", "lan1")
    run.network.cut("node2", "node3", "lan1")
    run.run(0.5)
    run.network.heal()
    run.run(3.0)
    assert all(len(run.alive(each)) == 2 for each in run.agents)


@pytest.mark.covers("farm/lan@name", "farm@pulse", "lans/lan@name")
def test_the_modules_own_lans_and_window_decide_for_it() -> None:
    run = farm(2, lans=2)
    agent = run.agents["node1"]

    def seen(**changes: object) -> bool:
        module = ModuleConfig("web", Mode.FARM, ("node1", "node2"), farm=FarmLans(**changes))  # type: ignore[arg-type]
        return bool(agent.membership.module_view(module, run.now + agent.skew))

    assert seen()
    run.network.part({"node1"}, {"node2"}, "lan2")
    run.run(1.3)
    assert seen()
    assert seen(lans=("lan1",))
    assert not seen(lans=("lan2",))
    assert seen(lans=("lan2",), pulse=0.3)
    run.run(2.0)
    assert not seen(lans=("lan2",), pulse=0.3)
    absent = ModuleConfig("web", Mode.FARM, ("node1",))
    assert agent.membership.module_view(absent, run.now + agent.skew) == ()
    other = ModuleConfig("db", Mode.FARM, ("node1", "node2"))
    assert agent.membership.module_view(other, run.now + agent.skew) == ()


def test_32_modules_fit_and_more_arrive_too() -> None:
    for count in (32, 150):
        run = FakeFarm(cluster(2, 2))
        for name in run.config.nodes:
            agent = run.start(name, uuid="u" * 36, version="10.20.30")
            beat = ModuleBeat(State.UP, Status.READY, power=1000, epoch=2**63)
            agent.membership.set_modules({f"module-{n:025}": beat for n in range(count)})
        run.run(1.2)
        agent = run.agents["node1"]
        datagrams = agent.membership.tick(run.now + agent.skew + 0.1)
        largest = max(len(d.data) for d in datagrams)
        assert largest <= MAX_DATAGRAM
        assert len(agent.membership.peers(run.now + agent.skew, 0.0)[0].modules) == count


@pytest.mark.covers("invariant 3")
def test_a_frozen_node_accuses_nobody() -> None:
    run = farm()
    run.freeze("node1", 5.0)
    run.run(6.0)
    assert run.agents["node1"].freezes.count == 1
    assert not any("lost" in line for line in run.said("node1"))
    assert any("node1 lost" in line for line in run.said("node2"))
    assert all(len(run.alive(name)) == 2 for name in run.agents)
    run.freeze("node1", 5.0)
    run.kill("node3")
    run.run(5.5)
    assert "node3" in run.alive("node1"), "one full window for everybody"
    run.run(0.8)
    assert "node3" not in run.alive("node1")


def test_forgiving_restarts_all_timers() -> None:
    one, _ = pair()
    web = ModuleConfig("web", Mode.FARM)
    one.forgive(5.3)
    assert one.next_deadline() == 5.3
    one.tick(5.3)
    assert heard(one) == {"node2"}
    one.tick(6.29)
    assert heard(one) == {"node2"}
    one.tick(6.3)
    assert heard(one) == set()
    assert one.module_view(web, 6.3) == ()


def test_a_late_datagram_of_an_ended_session_does_not_bring_it_back() -> None:
    one, two = pair()
    for datagram in one.tick(0.4):
        two.receive("lan1", "10.0.1.1", datagram.data, 0.4)
    late = next(d.data for d in two.tick(0.4) if d.peer == "node1")
    again = solo("node2", b"3" * 16)
    for step in (5, 6, 7):
        exchange(one, again, step / 10)
    before = one.peers(0.7, 0.0)
    one.receive("lan1", "10.0.1.2", late, 0.75)
    assert one.peers(0.7, 0.0) == before
    assert one.rejected() == {"node1 rejects node2: session that has ended": 1}


def test_all_frozen_at_once_come_back_as_if_nothing_was() -> None:
    run = farm()
    for name in run.agents:
        run.freeze(name, 5.0)
    run.run(7.0)
    for name in run.agents:
        assert len(run.alive(name)) == 2
        assert not any("lost" in line for line in run.said(name))


@pytest.mark.parametrize("nodes", [2, 3, 5])
def test_a_pause_that_the_clock_does_not_show_is_noticed_by_the_peers_clocks(nodes: int) -> None:
    run = farm(nodes)
    run.pause("node1", 5.0)
    run.run(6.0)
    assert run.agents["node1"].jumps == 1
    assert not any("lost" in line for line in run.said("node1"))
    assert all(agent.jumps == 0 for name, agent in run.agents.items() if name != "node1")
    assert all(len(run.alive(name)) == nodes - 1 for name in run.agents)


def test_one_peer_with_a_jumping_clock_is_not_believed_and_not_lost() -> None:
    run = farm()
    run.agents["node3"].skew += 5.0
    run.run(3.0)
    assert run.agents["node1"].jumps == run.agents["node2"].jumps == 0
    assert all(len(run.alive(name)) == 2 for name in run.agents)


def test_a_removed_node_is_forgotten_and_a_new_one_joins() -> None:
    run = farm()
    lan = run.config.lans[0]
    smaller = ClusterConfig((Lan("lan1", lan.nodes[:2]),), signature="two")
    agent = run.agents["node1"]
    agent.membership.configure(smaller, "node1", (KEY,), run.now + agent.skew)
    assert run.alive("node1") == {"node2"}
    larger = ClusterConfig((Lan("lan1", (*lan.nodes, NodeAddress("node4", "10.0.1.4"))),), signature="three")
    agent.membership.configure(larger, "node1", (KEY,), run.now + agent.skew)
    reasons = {p.name: p.reason for p in agent.membership.peers(run.now + agent.skew, 0.0)}
    assert reasons == {"node2": "", "node3": "never heard; node2 still hears it", "node4": "never heard"}
    agent.membership.configure(None, "", (), run.now + agent.skew)
    assert agent.membership.peers(run.now + agent.skew, 0.0) == ()


@pytest.mark.covers("invariant 4")
@settings(max_examples=200)
@given(st.binary(max_size=1500), st.integers(0, 400), st.integers(0, 255), st.sampled_from(["lan1", "lan2"]))
def test_no_bytes_whatever_change_more_than_a_counter(junk: bytes, at: int, byte: int, lan: str) -> None:
    one, two = pair()
    genuine = next(d.data for d in two.tick(0.4) if d.peer == "node1")
    at %= len(genuine)
    forged = genuine[:at] + bytes([genuine[at] ^ (byte or 1)]) + genuine[at + 1 :]
    before, count = one.peers(0.4, 0.0), 0
    for data in (junk, forged, genuine[:at] + junk, genuine[:36] + junk):
        if data != genuine:
            count += 1
            assert one.receive(lan, "10.6.6.6", data, 0.4) == []
    assert one.peers(0.4, 0.0) == before
    assert sum(one.rejected().values()) == count


def test_reordered_datagrams_never_bring_an_older_word_back() -> None:
    one, two = pair()
    random, kept = Random(5), list[bytes]()
    for step in range(4, 300):
        now = step / 10
        for datagram in one.tick(now):
            two.receive("lan1", "10.0.1.1", datagram.data, now)
        two.set_modules({"web": ModuleBeat(State.UP, Status.READY, epoch=step)})
        kept += [d.data for d in two.tick(now) if d.peer == "node1"]
        random.shuffle(kept)
        if len(kept) > 3:
            while kept:
                one.receive("lan1", "10.0.1.2", kept.pop(), now)
            assert one.module_view(ModuleConfig("web", Mode.FARM), now)[0].beat.epoch == step
    assert heard(one) == {"node2"}
