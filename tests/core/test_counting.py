"""Counted actions in a sliding window, and the growing delay before the next start."""

import pytest

from nodeagent.core.cause import ordinal, span, too_many
from nodeagent.core.counting import ActionCount, restart_delay
from nodeagent.core.events import Counted


def counted(*times: float) -> ActionCount:
    count = ActionCount()
    for at in times:
        count.add(Counted(at, "errd", "app gone"), 100.0)
    return count


def test_only_what_is_inside_the_window_counts() -> None:
    count = counted(0, 50, 90, 120)
    assert [a.at for a in count.within(100, 149)] == [50, 90, 120]
    assert [a.at for a in count.within(100, 150)] == [90, 120]
    assert count.within(0, 150) == ()


def test_a_reset_forgets_everything() -> None:
    count = counted(1, 2)
    count.reset()
    assert (count.all, count.chained()) == ((), 0)


def test_actions_chain_while_they_follow_each_other_within_a_minute() -> None:
    assert counted(0, 61, 100, 130).chained() == 3
    assert counted(10).chained() == 1


@pytest.mark.covers("service@restart_delay_max")
@pytest.mark.parametrize(
    ("chained", "seconds"), [(0, 0.0), (1, 2.0), (2, 4.0), (3, 8.0), (4, 16.0), (5, 20.0), (90, 20.0)]
)
def test_the_delay_doubles_up_to_its_most(chained: int, seconds: float) -> None:
    assert restart_delay(chained, 2.0, 20.0) == seconds


def test_without_a_first_delay_there_is_none() -> None:
    assert restart_delay(5, 0.0, 60.0) == 0.0


@pytest.mark.parametrize(
    ("number", "word"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_ordinals(number: int, word: str) -> None:
    assert ordinal(number) == word


@pytest.mark.parametrize(("seconds", "words"), [(86400, "24 h"), (5400, "90 min"), (90, "90 s"), (0.5, "0.5 s")])
def test_a_window_in_its_largest_whole_unit(seconds: float, words: str) -> None:
    assert span(seconds) == words


def test_the_sentence_of_too_many_actions() -> None:
    actions = (*[Counted(n, "errd", "w3wp.exe gone") for n in range(3)], Counted(3, "start_both", "start_both failed"))
    assert too_many(actions, 3, 86400, "start_both said “port 80 in use”") == (
        "4th automatic action in 24 h (3 allowed): w3wp.exe gone (3 times), start_both failed; "
        "start_both said “port 80 in use”"
    )
