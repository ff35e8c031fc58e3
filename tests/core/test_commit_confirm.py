"""When a commit stays or goes back, in virtual time; and how the word of a confirmed peer travels."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from nodeagent.core.commit_confirm import CommitConfirm, Verdict, listening_time
from tests.fakes.farm import KEY, FakeFarm, cluster

WINDOW = 1.0
NOBODY: tuple[str, ...] = ()


def judged(commit: CommitConfirm, begin: float, end: float, peers: tuple[str, ...] = NOBODY) -> Iterator[Verdict]:
    """Verdicts every quarter of a window."""
    now = begin
    while now <= end:
        yield commit.judge(peers, WINDOW, now)
        now += WINDOW / 4


def first_end(commit: CommitConfirm, begin: float, peers: tuple[str, ...] = NOBODY) -> tuple[Verdict, float]:
    """What it comes to, and when."""
    for step, verdict in enumerate(judged(commit, begin, begin + 100, peers)):
        if verdict is not Verdict.WAIT:
            return verdict, begin + step * WINDOW / 4
    raise AssertionError("it waits for ever")


def test_without_a_word_it_goes_back_after_the_deadline_and_one_listening_time() -> None:
    commit = CommitConfirm(60.0, 0.0)
    verdict, at = first_end(commit, 0.0)
    assert verdict is Verdict.GO_BACK
    assert at == pytest.approx(60.0 + listening_time(WINDOW), abs=WINDOW / 2)


def test_before_the_deadline_peers_decide_nothing_then_one_is_enough() -> None:
    commit = CommitConfirm(60.0, 0.0)
    verdict, at = first_end(commit, 0.0, ("node2",))
    assert verdict is Verdict.CONFIRM
    assert 60.0 < at <= 60.5


def test_a_peer_that_is_confirmed_while_the_node_asks_confirms_it() -> None:
    commit = CommitConfirm(60.0, 0.0)
    assert set(judged(commit, 0.0, 62.0)) == {Verdict.WAIT}
    assert commit.judge(("node3",), WINDOW, 62.25) is Verdict.CONFIRM


def test_after_the_deadline_of_an_earlier_run_it_listens_before_it_decides() -> None:
    commit = CommitConfirm(500.0, 500.0)
    verdict, at = first_end(commit, 500.0)
    assert (verdict, at) == (Verdict.GO_BACK, 500.0 + listening_time(WINDOW))


def test_who_stood_still_asks_anew() -> None:
    """Frozen over the deadline and over the whole asking: what was known of peers is old."""
    commit = CommitConfirm(60.0, 0.0)
    assert set(judged(commit, 0.0, 60.5)) == {Verdict.WAIT}
    assert commit.judge(("node2",), WINDOW, 200.0) is Verdict.WAIT
    verdict, at = first_end(commit, 200.25)
    assert verdict is Verdict.GO_BACK
    assert at == pytest.approx(200.0 + listening_time(WINDOW), abs=WINDOW / 2)


def test_seconds_left_never_below_zero() -> None:
    commit = CommitConfirm(60.0, 0.0)
    assert [commit.seconds_left(now) for now in (0.0, 59.0, 60.0, 61.0)] == [60.0, 1.0, 0.0, 0.0]


def test_heartbeats_tell_who_is_confirmed() -> None:
    run = FakeFarm(cluster(3))
    run.start_all()
    one, two = run.agents["node1"], run.agents["node2"]
    assert set(one.membership.confirmed_peers()) == {"node2", "node3"}

    changed = replace(cluster(3), signature="two")
    for name, agent in run.agents.items():
        agent.membership.configure(changed, name, (KEY,), run.now + agent.skew, confirmed=False)
    run.run(3.0)
    assert run.alive("node1") == {"node2", "node3"}
    assert one.membership.confirmed_peers() == ()

    two.membership.configure(changed, "node2", (KEY,), run.now + two.skew)
    run.run(1.0)
    assert one.membership.confirmed_peers() == ("node2",)

    run.kill("node2")
    run.run(3.0)
    assert one.membership.confirmed_peers() == ()


def test_a_peer_confirmed_for_another_configuration_is_no_witness() -> None:
    run = FakeFarm(cluster(2))
    run.start_all()
    one = run.agents["node1"]
    one.membership.configure(replace(cluster(2), signature="two"), "node1", (KEY,), run.now + one.skew, confirmed=False)
    run.run(2.0)
    assert run.alive("node1") == {"node2"}
    assert one.membership.confirmed_peers() == ()
