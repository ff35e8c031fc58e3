"""From scans and deaths to detections, rule by rule."""

import pytest
from msgspec.structs import replace

from nodeagent.contract.config import Monitoring, ProcRule
from nodeagent.contract.states import Action, ResourceState
from nodeagent.core.events import ProcessRef
from nodeagent.core.monitoring import Detection, ProcessMonitor

ALL = frozenset({"pre", "both"})
ONE, TWO = ProcessRef(1, 10.0), ProcessRef(2, 11.0)


def monitor(*rules: ProcRule, polltimer: float = 10.0) -> ProcessMonitor:
    made = ProcessMonitor(Monitoring(polltimer, rules))
    made.use(ALL, 0.0)
    return made


def rule(name: str = "app", **more: object) -> ProcRule:
    return ProcRule(name, "both", action=Action.RESTART, **more)  # type: ignore[arg-type]


def texts(detections: list[Detection] | None) -> list[str]:
    """What they say; an answer that tells nothing is a failure here."""
    assert detections is not None
    return [detection.text for detection in detections]


def scanned(watch: ProcessMonitor, now: float, *found: ProcessRef, name: str = "app") -> list[str]:
    """The texts of the detections of one scan."""
    watch.look_now(now)
    assert watch.scan_due(now)
    return texts(watch.seen({name: found}, now))


@pytest.mark.covers("errd@polltimer")
def test_a_scan_is_asked_for_at_once_and_then_every_poll_period() -> None:
    watch = monitor(rule())
    assert watch.scan_due(0.0)
    assert not watch.scan_due(0.0)
    assert watch.seen({"app": (ONE,)}, 0.1) == []
    assert watch.next_deadline() == 10.1
    assert watch.rounds == 1


def test_before_it_was_ever_seen_a_process_has_one_poll_period_to_appear() -> None:
    watch = monitor(rule())
    assert scanned(watch, 9.9) == []
    assert watch.resources()[0][1] is ResourceState.INIT
    assert scanned(watch, 10.0) == ["no process named app was ever seen"]
    assert watch.resources()[0][1] is ResourceState.DOWN


@pytest.mark.covers("proc@start_after")
def test_start_after_gives_more_poll_periods() -> None:
    watch = monitor(rule(start_after=4))
    assert scanned(watch, 29.9) == []
    assert scanned(watch, 30.0) == ["no process named app was ever seen"]


def test_a_death_asks_for_a_scan_at_once_and_a_seen_process_is_missed_at_once() -> None:
    watch = monitor(rule())
    scanned(watch, 0.0, ONE)
    assert watch.died(ONE, 5.0)
    assert watch.scan_due(5.0)
    assert texts(watch.seen({"app": ()}, 5.0)) == ["app gone"]


def test_a_death_of_something_else_means_nothing() -> None:
    watch = monitor(rule())
    scanned(watch, 0.0, ONE)
    assert not watch.died(TWO, 5.0)


def test_a_worker_that_is_replaced_is_no_detection() -> None:
    watch = monitor(rule(atleast=1))
    scanned(watch, 0.0, ONE)
    watch.died(ONE, 5.0)
    assert watch.scan_due(5.0)
    assert watch.seen({"app": (TWO,)}, 5.0) == []


@pytest.mark.covers("proc@grace")
def test_grace_waits_and_scans_again_before_acting() -> None:
    watch = monitor(rule(grace=3.0))
    scanned(watch, 0.0, ONE)
    assert scanned(watch, 5.0) == []
    assert watch.next_deadline() is not None
    assert watch.next_deadline() <= 8.0  # type: ignore[operator]
    assert scanned(watch, 7.9) == []
    assert scanned(watch, 8.0) == ["app gone"]


@pytest.mark.covers("proc@atleast", "proc@atmax")
def test_too_many_and_too_few() -> None:
    watch = monitor(rule(atleast=2, atmax=2))
    scanned(watch, 0.0, ONE, TWO)
    assert scanned(watch, 1.0, ONE) == ["app: 1 processes, at least 2 needed"]
    watch = monitor(rule(atmax=1))
    scanned(watch, 0.0, ONE)
    assert scanned(watch, 1.0, ONE, TWO) == ["app: 2 processes, at most 1 allowed"]


@pytest.mark.covers("proc@atleast")
def test_minus_one_ignores_a_bound() -> None:
    watch = monitor(rule(atleast=-1))
    assert scanned(watch, 60.0) == []
    assert watch.rounds == 1


def test_a_broken_rule_is_told_once_until_it_was_good_again() -> None:
    watch = monitor(rule())
    scanned(watch, 0.0, ONE)
    watch.scan_due(100.0)
    assert len(texts(watch.seen({"app": ()}, 100.0))) == 1
    assert watch.scan_due(200.0)
    assert watch.seen({"app": ()}, 200.0) == []


def test_a_standstill_of_this_node_uses_up_no_grace() -> None:
    watch = monitor(rule())
    watch.forgive(60.0)
    assert scanned(watch, 60.0) == []
    assert scanned(watch, 70.0) == ["no process named app was ever seen"]


def test_rules_of_one_name_are_told_apart() -> None:
    first, second = rule("java", argregex="a"), rule("java", argregex="b", number=2)
    watch = monitor(first, second)
    assert watch.scan_due(0.0)
    watch.seen({"java": (ONE,), "java#2": (TWO,)}, 0.0)
    assert [name for name, *_ in watch.resources()] == ["proc.java", "proc.java#2"]
    assert watch.processes == (("java", ONE), ("java#2", TWO))


def test_the_answer_of_a_scan_nobody_waits_for_any_more_means_nothing() -> None:
    watch = monitor(rule())
    assert watch.scan_due(0.0)
    watch.use(frozenset(), 1.0)
    assert watch.seen({"app": ()}, 60.0) is None


def test_a_scan_that_is_never_answered_is_asked_for_again() -> None:
    watch = monitor(rule())
    assert watch.scan_due(0.0)
    assert not watch.scan_due(29.0)
    assert watch.scan_due(30.0)


def test_what_a_scan_saw_before_this_node_froze_tells_nothing() -> None:
    watch = monitor(rule())
    assert watch.scan_due(0.0)
    watch.look_now(5.0)
    assert watch.seen({"app": (ONE,)}, 5.0) is None
    assert watch.rounds == 0
    assert watch.scan_due(5.0)
    assert texts(watch.seen({"app": (ONE,)}, 5.1)) == []
    assert watch.rounds == 1


def test_a_scan_that_was_asked_for_by_an_earlier_rule_tells_nothing_of_the_new_one() -> None:
    one = ProcRule("java", "both", argregex="one", action=Action.RESTART)
    two = replace(one, argregex="two")
    made = ProcessMonitor(Monitoring(10.0, (one,)))
    made.use(frozenset({"both"}), 0.0)
    assert made.scan_due(0.0)
    made.reconfigure(Monitoring(10.0, (two,)), 0.1)
    assert not made.scan_due(0.1)  # the one under way first
    assert made.seen({"java": (ProcessRef(1, 0.0),)}, 0.2) is None
    assert made.processes == ()
    assert made.scan_due(0.2)
    assert made.seen({"java": ()}, 0.3) == []
    assert made.resources()[0][1] is ResourceState.INIT  # it has its poll period to appear


def test_a_scan_that_outlives_the_monitoring_is_not_repeated() -> None:
    made = ProcessMonitor(Monitoring(10.0, (ProcRule("java", "both", action=Action.RESTART),)))
    made.use(frozenset({"both"}), 0.0)
    assert made.scan_due(0.0)
    made.reconfigure(None, 0.1)
    assert made.seen({"java": ()}, 0.2) is None
    assert not made.scan_due(100.0)
