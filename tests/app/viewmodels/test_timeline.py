"""The timeline of a cluster, live: what is read of each node, the range, the cursor, the list of events."""

import msgspec
import pytest

from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import DAY
from app.viewmodels.timeline import AGAIN, TimelineModel
from app.viewmodels.timeline_events import About, EventColumn, TimelineEvent
from app.viewmodels.timeline_lanes import Lane
from app.viewmodels.timeline_log import KEPT, PAGE, PAGES, NodeLog
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.states import LogType
from tests.app.viewmodels.farms import NOW, FakeTasks, line, ready, silenced, view
from tests.app.viewmodels.timelines import CRASH, INCIDENT, TOO_OFTEN, LoggedSession, incident, log_of, said, state


class MovedClock(SessionModel):
    at = NOW

    def now(self) -> float:
        return self.at


def made(session: LoggedSession) -> tuple[MovedClock, TimelineModel]:
    farm = MovedClock(session, FakeTasks())
    model = TimelineModel(farm, FakeTasks())
    model.look()
    model.look()
    return farm, model


def lane(model: TimelineModel, module: str, node: str) -> Lane:
    return next(one for one in model.lanes if (one.module, one.node) == (module, node))


def event(model: TimelineModel, text: str) -> TimelineEvent:
    return next(one for one in lane(model, "farm", "node3").events if one.line.text == text)


def words(one: Lane) -> list[str]:
    return [bar.words for bar in one.bars if not bar.goes_on]


# --- what is read -----------------------------------------------------------------------------


def test_every_node_is_read_once_and_a_lane_is_made_for_each_module_on_it() -> None:
    session = incident()
    _, model = made(session)
    assert [one.name for one in model.lanes] == [f"{m}, node{n}" for m in ("api", "farm") for n in (1, 2, 3)]
    read = [call[1] for call in session.called if call[0] == "log"]
    model.look()
    assert [call[1] for call in session.called if call[0] == "log"] == read
    assert {"node1", "node2", "node3"} == set(read)
    assert words(lane(model, "farm", "node3")) == [
        "UP Ready",
        "STOP NotReady",
        "UP Ready",
        "UP Transient",
        "UP Ready",
        "UP Transient",
        "STOP NotReady",
    ]
    assert lane(model, "farm", "node3").clock == "+0.8\N{NO-BREAK SPACE}ms"


def test_the_state_before_the_day_is_asked_for() -> None:
    _, model = made(incident())
    first = lane(model, "farm", "node3").bars[0]
    assert (first.start, first.words) == (pytest.approx(NOW - DAY, abs=60), "UP Ready")


def test_lines_that_the_console_has_are_not_asked_for_again_and_new_ones_follow() -> None:
    session = incident()
    session.nodes[0].lines += log_of(
        "node1", state(NOW - 90000, "UP Ready"), said(NOW - 30, "tcp.web is down: refused")
    )
    _, model = made(session)
    asked = [call[2] for call in session.called if call[:2] == ("log", "node1")]
    assert asked == []
    assert [one.line.text for one in lane(model, "farm", "node1").events] == ["tcp.web is down: refused"]
    session.nodes[0].lines += log_of("node1", state(NOW - 1, "UP Transient", by="errd"), first=3)
    model.look()
    assert lane(model, "farm", "node1").bar_at(NOW - 0.5).words == "UP Transient"  # type: ignore[union-attr]


def test_a_module_that_changes_for_the_first_time_that_day_keeps_what_it_was() -> None:
    session = incident()
    _, model = made(session)
    assert words(lane(model, "farm", "node1")) == ["UP Ready"]
    assert not [call for call in session.called if call[:2] == ("log", "node1") and call[2].text]
    died = log_of("node1", state(NOW - 1, "UP Transient", by="errd"), first=5)
    session.logs["node1"] += died
    session.nodes[0].lines += died
    model.look()
    model.look()
    assert words(lane(model, "farm", "node1")) == ["UP Ready", "UP Transient"]
    model.look()
    assert len([call for call in session.called if call[:2] == ("log", "node1") and call[2].text]) == 1


def test_a_log_that_cannot_be_read_says_why_and_is_asked_again_later() -> None:
    session = incident()
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    farm, model = made(session)
    assert "Its log is not known" in lane(model, "farm", "node3").bars[0].words
    assert words(lane(model, "farm", "node1")) == ["UP Ready"], (
        "a state that began before the day is known all the same"
    )
    calls = len(session.called)
    model.look()
    assert len(session.called) == calls
    session.failure = None
    farm.at += AGAIN + 1
    model.look()
    model.look()
    assert lane(model, "farm", "node3").bars[0].words == "UP Ready"


def test_a_gap_in_what_the_console_has_is_read_anew() -> None:
    session = incident()
    session.nodes[0].lines += log_of("node1", said(NOW - 30, "first"))
    farm, model = made(session)
    session.logs["node1"] = log_of("node1", *(said(NOW - 20 + at, f"line {at}") for at in range(9)), first=2)
    session.nodes[0].lines[:] = session.logs["node1"][5:]
    farm.at += AGAIN + 1
    model.look()
    model.look()
    assert [one.line.text for one in lane(model, "farm", "node1").events] == [f"line {at}" for at in range(9)]


async def test_of_too_much_the_newest_is_kept_and_the_rest_is_unknown() -> None:
    session = LoggedSession(view("node1", ready()))
    session.logs["node1"] = [line(at, time=NOW - 80000 + at, type=LogType.ERROR) for at in range(1, PAGE * PAGES + 9)]
    log = NodeLog(session, "node1")
    await log.read(NOW)
    assert len([call for call in session.called if call[2].types == "CEUI"]) == PAGES
    assert log.known_from == session.logs["node1"][-(PAGE * PAGES - PAGES + 1)].time, "a line stands in two pages"
    log.follow(NOW)
    assert len(log.story(0.0).lines) == KEPT
    assert log.known_from == log.story(0.0).lines[0].time


async def test_what_is_older_than_a_day_goes_but_its_last_state_stays() -> None:
    session = LoggedSession(view("node1", ready()))
    session.nodes[0].lines += log_of("node1", state(NOW - 80000, "UP Transient"), state(NOW - 70000, "UP Ready"))
    log = NodeLog(session, "node1")
    await log.read(NOW)
    log.follow(NOW + 50000)
    assert [one.words for one in log.story(0.0).states["farm"]] == ["UP Ready"]


# --- what is said -----------------------------------------------------------------------------


def test_a_silent_node_keeps_its_lane_and_is_named() -> None:
    session = incident()
    farm, model = made(session)
    session.show(session.nodes[0].view, session.nodes[1].view, silenced(session.nodes[2].view))
    farm.refresh()
    model.look()
    assert model.facts == "node3 does not answer: its lanes end at its last word"
    one = lane(model, "api", "node3")
    assert [bar.words for bar in one.bars][-1] == "Unknown: timed out"
    assert one.bars[0].words == "UP Ready"
    assert one.silent == "timed out"


def test_the_scope_and_the_choice_of_a_module_narrow_lanes_and_events() -> None:
    _, model = made(incident())
    model.set_scope("", "node3")
    assert {one.node for one in model.lanes} == {"node3"}
    model.set_scope("farm", "")
    assert {one.module for one in model.lanes} == {"farm"}
    model.set_scope("", "")
    model.show_module("api")
    assert {one.module for one in model.lanes} == {"api"}
    model.set_scope("", "")
    assert {one.module for one in model.lanes} == {"api"}
    model.set_scope("farm", "node1")
    assert [one.name for one in model.lanes] == ["farm, node1"]


@pytest.mark.parametrize(
    ("about", "kinds"),
    [
        ("problems", {About.PROBLEM, About.FREEZE}),
        ("states", {About.STATE, About.FREEZE}),
        ("orders", {About.ORDER}),
        ("all", {About.PROBLEM, About.FREEZE, About.STATE, About.ORDER}),
    ],
)
def test_the_list_of_events_can_be_narrowed(about: str, kinds: set[About]) -> None:
    _, model = made(incident())
    model.set_span(DAY)
    model.show_about(about)
    assert {one.about for one in model.events.shown} == kinds


def test_nothing_there_is_said_in_words() -> None:
    _, model = made(LoggedSession(view("node1")))
    assert model.lanes == ()
    assert model.empty_words[0] == "No module yet"
    assert model.incident() is None
    model.fit_incident()
    _, other = made(incident())
    other.set_scope("", "node9")
    assert other.empty_words[0] == "No module here"
    other.set_span(10)
    assert other.no_event_words[0] == "Nothing happened in this range"


# --- the range and the cursor -----------------------------------------------------------------


def test_it_is_live_until_somebody_looks_back() -> None:
    farm, model = made(incident())
    assert model.range.live
    farm.at += 60
    model.tick()
    assert model.range.end == NOW + 60
    model.move_to(NOW - 5000)
    farm.at += 60
    model.tick()
    assert (model.range.start, model.range.live) == (NOW - 5000, False)
    model.set_live(True)
    assert model.range.end == NOW + 120
    model.set_live(False)
    farm.at += 5
    model.tick()
    assert model.range.end == NOW + 120


def test_every_jump_can_be_taken_back() -> None:
    _, model = made(incident())
    assert not model.can_go_back
    model.set_span(180)
    model.move_to(INCIDENT)
    assert model.range_words[1].endswith("3 min")
    model.go_back()
    assert (model.range.span, model.range.live) == (180, True)
    model.go_back()
    assert model.range.span == 3600
    model.go_back()
    assert not model.can_go_back


def test_the_incident_at_the_cursor_fits() -> None:
    _, model = made(incident())
    begin, end = model.incident()  # type: ignore[misc]
    assert (begin, end) == (pytest.approx(INCIDENT + 59.9, abs=0.1), NOW)
    model.set_span(DAY)
    stop = next(one for one in model.events.shown if one.icon == Silhouette.STOP)
    model.choose(stop)
    model.fit_incident()
    assert model.range.holds(stop.time)
    assert model.range.span == 1800


def test_the_cursor_is_the_chosen_event_and_comes_into_view() -> None:
    farm, model = made(incident())
    model.set_span(180)
    chosen = event(model, TOO_OFTEN)
    assert not model.range.holds(chosen.time)
    model.choose(chosen)
    assert model.range.start + 90 == chosen.time
    assert model.events_text.endswith("the chosen one is under the cursor")
    farm.at += 100
    model.tick()
    assert model.range.holds(chosen.time)
    model.choose(None)
    assert model.chosen is None


def test_a_chosen_event_stays_in_view_while_the_time_goes_on() -> None:
    farm, model = made(incident())
    assert model.range.live
    model.choose(event(model, TOO_OFTEN))
    farm.at += 3600
    model.tick()
    assert model.range.holds(model.chosen.time)  # type: ignore[union-attr]


def test_steps_go_through_the_events_of_one_lane() -> None:
    _, model = made(incident())
    number = model.lanes.index(lane(model, "farm", "node3"))
    model.step(number, -1)
    assert model.chosen is not None
    assert model.chosen.about is About.ORDER
    for _ in range(2):
        model.step(number, -1)
    assert model.chosen.line.text == TOO_OFTEN
    model.step(number, -1)
    model.step(number, -1)
    assert model.chosen.line.text == CRASH
    model.step(number, 1)
    model.step(number, 1)
    assert model.chosen.line.text == TOO_OFTEN
    for _ in range(20):
        model.step(number, 1)
    assert model.chosen.about is About.ORDER


def test_an_event_is_hit_only_from_nearby() -> None:
    _, model = made(incident())
    one = lane(model, "farm", "node3")
    assert one.event_near(INCIDENT + 60.1, 0.5) == event(model, TOO_OFTEN)
    assert one.event_near(INCIDENT + 70.0, 0.5) is None
    model.choose_near(INCIDENT + 60.04)
    assert model.chosen == event(model, TOO_OFTEN)


# --- the table --------------------------------------------------------------------------------


def test_rows_that_stay_are_not_touched_when_the_range_moves() -> None:
    _, model = made(incident())
    model.set_span(180)
    model.move_to(INCIDENT)
    events = model.events
    resets: list[int] = []
    events.modelReset.connect(lambda: resets.append(1))
    kept = events.shown[-1]
    removed = len(events.shown)
    model.move_to(INCIDENT + 50)
    assert not resets
    assert len(events.shown) < removed
    assert events.shown[-1] == kept
    model.move_to(INCIDENT)
    assert len(events.shown) == removed
    model.move_to(NOW - 80000)
    assert [events.index(0, 0).isValid(), events.count] == [False, 0]


def test_a_row_says_when_where_and_what() -> None:
    _, model = made(incident())
    row = model.events.row_of(event(model, TOO_OFTEN))
    told = [model.events.index(row, column).data() for column in EventColumn]
    assert told[1:] == ["farm", "node3", TOO_OFTEN, "maxloop"]
    assert model.events.row_of(None) == -1
    freeze = next(one for one in model.events.shown if one.about is About.FREEZE)
    assert freeze.where == "all"
    assert freeze.words.endswith("all, node2, this node was frozen for 3.4 s")


def test_nothing_is_reckoned_while_nobody_looks() -> None:
    session = incident()
    farm = MovedClock(session, FakeTasks())
    model = TimelineModel(farm, FakeTasks())
    before = session.subscribers
    model.watch(True)
    assert session.subscribers == before + 1
    model.watch(False)
    assert session.subscribers == before
    session.nodes[0].lines += log_of("node1", said(NOW - 1, "news"))
    session.show(*(msgspec.structs.replace(one.view, since=1.0) for one in session.nodes))
    assert not model._rest.isActive()
    model.close()
