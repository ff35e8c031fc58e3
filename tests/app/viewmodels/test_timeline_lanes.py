"""Bars, shares and the overview: what a lane is at every moment."""

from math import inf
from typing import Any

import msgspec
import pytest

from app.services.nodes import NodeView
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import DAY
from app.viewmodels.timeline_lanes import Bar, Kind, Lane, NodeTold, lane, overview, seconds_words, with_shares
from app.viewmodels.timeline_story import Gap, story
from nodeagent.contract.api import LogLine
from nodeagent.contract.status import ModuleStatus
from tests.app.viewmodels.farms import NOW, ready, silenced, stopped, view
from tests.app.viewmodels.timelines import log_of, said, state

BEGIN = NOW - DAY
GREEN = msgspec.structs.replace(ready(), since=NOW - 100)


def told(*lines: LogLine, node: NodeView | None = None, **more: Any) -> NodeTold:
    return NodeTold(node or view("node1", GREEN), story(lines, 0.0), **more)


def made(one: NodeTold, status: ModuleStatus | None = GREEN) -> Lane:
    return lane(one, "farm", status, BEGIN)


def shape(one: Lane) -> list[tuple[float, float, str]]:
    return [(bar.start - NOW, bar.end - NOW, bar.words) for bar in one.bars]


def test_each_state_lasts_until_the_next_and_the_last_one_until_now() -> None:
    lines = log_of(
        "node1", state(NOW - 300, "STOP NotReady"), state(NOW - 200, "UP Transient"), state(NOW - 100, "UP Ready")
    )
    one = made(told(*lines))
    assert shape(one) == [(-300, -200, "STOP NotReady"), (-200, -100, "UP Transient"), (-100, inf, "UP Ready")]
    assert one.bar_at(NOW - 250) == one.bars[0]
    assert one.bar_at(NOW - 301) is None
    assert one.bar_at(NOW + 5) == one.bars[2]


def test_without_any_line_the_present_state_holds_since_the_node_says() -> None:
    assert shape(made(told())) == [(-100, inf, "UP Ready")]
    old = msgspec.structs.replace(GREEN, since=NOW - 10 * DAY)
    assert shape(made(told(), old)) == [(-DAY, inf, "UP Ready")]
    assert made(told(), ModuleStatus("farm", configured=False)).bars == ()
    assert made(told(), None).bars == ()


def test_a_state_that_the_log_does_not_tell_yet_follows_what_it_tells() -> None:
    red = stopped(ago=10)
    one = made(told(*log_of("node1", state(NOW - 100, "UP Ready"))), red)
    assert shape(one) == [(-100, -10, "UP Ready"), (-10, inf, "STOP NotReady")]


def test_a_freeze_cuts_into_the_state_before_it() -> None:
    lines = log_of(
        "node1",
        state(NOW - 300, "UP Ready"),
        said(NOW - 200, "this node was frozen for 3.5 s", module="", origin="membership"),
        state(NOW - 200, "UP Transient"),
        state(NOW - 100, "UP Ready"),
    )
    one = made(told(*lines))
    assert shape(one) == [
        (-300, -203.5, "UP Ready"),
        (-203.5, -200, "frozen 3.5\N{NO-BREAK SPACE}s"),
        (-200, -100, "UP Transient"),
        (-100, inf, "UP Ready"),
    ]
    assert one.bars[1].kind is Kind.FROZEN


def test_a_freeze_of_a_node_without_the_module_leaves_the_lane_empty() -> None:
    lines = log_of("node1", said(NOW - 200, "this node was frozen for 3.5 s", module="", origin="membership"))
    assert made(told(*lines), None).bars == ()


def test_while_no_agent_ran_nothing_is_known() -> None:
    lines = log_of("node1", state(NOW - 300, "UP Ready"), state(NOW - 99, "UP Transient"), state(NOW - 98, "UP Ready"))
    one = made(told(*lines, absent=(Gap(NOW - 200, NOW - 100),)))
    assert shape(one)[:3] == [
        (-300, -200, "UP Ready"),
        (-200, -99, "Unknown: no agent ran"),
        (-99, -98, "UP Transient"),
    ]


def test_an_end_that_nobody_saw_is_told_apart_and_no_agent_hides_nothing_before_a_module_came() -> None:
    lines = log_of("node1", state(NOW - 300, "UP Ready"), state(NOW - 99, "UP Ready"))
    one = made(told(*lines, absent=(Gap(NOW - 300, NOW - 100, seen=False),)))
    assert [bar.words for bar in one.bars] == ["Unknown: its agent ended unseen", "UP Ready"]
    assert shape(made(told(absent=(Gap(NOW - 300, NOW - 200),)))) == [(-100, inf, "UP Ready")]


def test_an_agent_that_says_nothing_of_a_module_found_it_stopped() -> None:
    lines = log_of("node1", state(NOW - 300, "UP Ready"))
    one = made(told(*lines, absent=(Gap(NOW - 200, NOW - 100),)), stopped(ago=100))
    assert shape(one) == [
        (-300, -200, "UP Ready"),
        (-200, -100, "Unknown: no agent ran"),
        (-100, inf, "STOP NotReady"),
    ]


def test_a_silent_node_keeps_what_was_known_and_is_unknown_from_its_last_word_on() -> None:
    node = silenced(view("node1", GREEN), ago=38)
    one = made(told(*log_of("node1", state(NOW - 100, "UP Ready")), node=node))
    assert shape(one) == [(-100, -38, "UP Ready"), (-38, inf, "Unknown: timed out")]
    assert one.silent == "timed out"


def test_a_node_that_never_spoke_is_unknown_all_day() -> None:
    never = msgspec.structs.replace(silenced(view("node1")), status=None)
    one = made(told(node=never, trouble="timed out"), None)
    assert [(bar.start, bar.kind) for bar in one.bars] == [(BEGIN, Kind.UNKNOWN)]
    assert one.clock == ""


def test_a_log_that_is_being_read_says_so_before_what_is_known() -> None:
    one = made(told(reading=True))
    assert [(bar.kind, bar.words) for bar in one.bars] == [
        (Kind.READING, "Its log is being read…"),
        (Kind.STATE, "UP Ready"),
    ]
    failed = made(told(trouble="the disk is full"))
    assert failed.bars[0].words == "Its log is not known: the disk is full"


def test_before_the_oldest_line_that_was_read_nothing_is_known() -> None:
    one = made(told(*log_of("node1", state(NOW - 300, "UP Ready")), known_from=NOW - 400))
    assert [(bar.start - NOW, bar.end - NOW, bar.kind) for bar in one.bars] == [
        (-DAY, -400, Kind.UNKNOWN),
        (-300, inf, Kind.STATE),
    ]


def test_the_share_follows_from_who_was_ready() -> None:
    first = made(told(*log_of("node1", state(NOW - 300, "UP Ready"))))
    second = made(
        told(
            *log_of(
                "node2", state(NOW - 300, "UP Ready"), state(NOW - 200, "UP Transient"), state(NOW - 100, "UP Ready")
            )
        )
    )
    one, two = with_shares((first, second), (GREEN, GREEN))
    figures = [(bar.start - NOW, bar.label, bar.share, bar.goes_on) for bar in one.bars]
    assert figures == [
        (-300, "UP Ready, 50 %".replace(" %", "\N{NO-BREAK SPACE}%"), "50\N{NO-BREAK SPACE}%", False),
        (-200, "UP Ready, 100\N{NO-BREAK SPACE}%", "100\N{NO-BREAK SPACE}%", True),
        (-100, "UP Ready, 50\N{NO-BREAK SPACE}%", "50\N{NO-BREAK SPACE}%", True),
    ]
    assert [bar.share for bar in two.bars] == ["50\N{NO-BREAK SPACE}%", "", "50\N{NO-BREAK SPACE}%"]


def test_no_share_is_told_while_one_node_is_unknown_or_powers_differ() -> None:
    known = made(told(*log_of("node1", state(NOW - 300, "UP Ready"))))
    lost = lane(told(node=silenced(view("node2", GREEN), ago=50)), "farm", GREEN, BEGIN)
    one, _ = with_shares((known, lost), (GREEN, GREEN))
    assert [(bar.start - NOW, bar.share) for bar in one.bars] == [
        (-300, "100\N{NO-BREAK SPACE}%"),
        (-100, "50\N{NO-BREAK SPACE}%"),
        (-50, ""),
    ]
    weak, strong = (msgspec.structs.replace(GREEN, share=share, share_by="slots") for share in (25.0, 75.0))
    assert with_shares((known,), (weak, strong)) == (known,)


def test_the_overview_is_the_worst_of_all_lanes_and_an_unknown_one_hides_no_incident() -> None:
    green = Lane("farm", "node1", "", "", (Bar(0, 100, Silhouette.READY, "UP Ready"),))
    lost = Lane("farm", "node2", "", "", (Bar(20, inf, Silhouette.UNREACHABLE, "Unknown", Kind.UNKNOWN),))
    dying = Lane("api", "node1", "", "", (Bar(40, 50, Silhouette.STOP, ""), Bar(50, 55, Silhouette.TRANSIENT, "")))
    assert [(one.start, one.end, one.silhouette) for one in overview((green, lost, dying))] == [
        (0, 20, Silhouette.READY),
        (20, 40, Silhouette.UNREACHABLE),
        (40, 50, Silhouette.STOP),
        (50, 55, Silhouette.TRANSIENT),
        (55, inf, Silhouette.UNREACHABLE),
    ]
    assert overview(()) == ()


def test_a_bar_says_what_since_when_and_by_whom() -> None:
    bar = Bar(NOW - 90, NOW - 86.6, Silhouette.STOP, "STOP NotReady", by="maxloop")
    sentence = bar.sentence(NOW)
    assert sentence.startswith("STOP NotReady: ")
    assert sentence.endswith("3.4\N{NO-BREAK SPACE}s, by maxloop")
    assert "since" in Bar(NOW - 90, inf, Silhouette.READY, "UP Ready").sentence(NOW)


@pytest.mark.parametrize(("seconds", "words"), [(0.0304, "0.030 s"), (3.42, "3.4 s"), (75.0, "1 min")])
def test_lengths_are_as_fine_as_they_matter(seconds: float, words: str) -> None:
    assert seconds_words(seconds).replace("\N{NO-BREAK SPACE}", " ") == words
