"""The range that is looked at: moved, zoomed, live; and the figures of its axis."""

from itertools import pairwise

import pytest

from app.viewmodels.text import DAY, HOUR, clock, short_clock
from app.viewmodels.timeline_range import SPANS, Range, fitting, span_words, ticks
from tests.app.viewmodels.farms import NOW


def test_live_it_goes_on_with_the_time() -> None:
    live = Range(0.0).at(NOW)
    assert (live.start, live.end, live.live) == (NOW - HOUR, NOW, True)
    assert live.at(NOW + 10).end == NOW + 10
    assert live.at(NOW) is live


def test_it_never_leaves_the_24_hours() -> None:
    one = Range(0.0).at(NOW)
    assert one.moved(0.0, NOW).start == NOW - DAY
    assert not one.moved(0.0, NOW).live
    back = one.moved(0.0, NOW).moved(NOW, NOW)
    assert (back.end, back.live) == (NOW, True)
    still = one.moved(0.0, NOW)
    assert still.at(NOW + 60).start == NOW + 60 - DAY


def test_a_moment_in_the_middle_stands_still_even_at_the_edge() -> None:
    one = Range(0.0, 180).at(NOW).centred(NOW - 1, NOW)
    assert (one.end, one.live) == (NOW, False)
    assert one.at(NOW + 30).end == NOW
    assert one.centred(NOW - 1000, NOW).start == NOW - 1090


def test_zooming_keeps_the_moment_under_the_pointer() -> None:
    one = Range(NOW - 4 * HOUR, 6 * HOUR, live=False).at(NOW)
    moment = one.start + one.span / 4
    near = one.zoomed(-1, NOW, moment)
    assert near.span == 3 * HOUR
    assert (moment - near.start) / near.span == pytest.approx(0.25)


def test_zooming_stays_live_and_ends_at_the_shortest_and_the_longest() -> None:
    one = Range(0.0).at(NOW)
    assert one.zoomed(-1, NOW).live
    assert one.zoomed(-1, NOW).end == NOW
    shortest, longest = one.zoomed(-99, NOW), one.zoomed(99, NOW)
    assert (shortest.span, longest.span) == (SPANS[0], DAY)
    assert shortest.zoomed(-1, NOW) is shortest


def test_an_incident_fits_with_a_little_around_and_is_live_while_it_goes_on() -> None:
    over = fitting(NOW - 1000, NOW - 900, NOW)
    assert (over.span, over.live) == (180, False)
    assert over.start < NOW - 1000
    assert over.end > NOW - 900
    going_on = fitting(NOW - 50, NOW, NOW)
    assert (going_on.live, going_on.end) == (True, NOW)
    assert fitting(NOW - 2 * DAY, NOW - 60, NOW).span == DAY


@pytest.mark.parametrize("span", SPANS)
def test_figures_stand_at_round_times_and_are_not_too_many(span: int) -> None:
    found = list(ticks(NOW - span, NOW, 8))
    assert 1 <= len(found) <= 9
    steps = {round(after[0] - before[0], 3) for before, after in pairwise(found)}
    assert len(steps) <= 1
    assert all(words in {clock(moment), short_clock(moment)} for moment, words in found)
    assert all(NOW - span < moment < NOW for moment, _ in found)


def test_spans_have_words() -> None:
    assert [span_words(one) for one in SPANS[:3]] + [span_words(SPANS[-1])] == ["10 s", "1 min", "3 min", "24 h"]
