"""What a node's log tells of its modules."""

import pytest

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.timeline_story import Gap, frozen_for, state_of, story, without_agent, worth_telling
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import Action, LogType
from tests.app.viewmodels.farms import NOW
from tests.app.viewmodels.timelines import log_of, said, state
from tests.core.lives import started

STARTS = {"type": LogType.INFO, "module": "", "origin": "agent"}


def test_what_the_agent_really_writes_is_understood() -> None:
    one = started()
    one.kill_process("app")
    one.world.advance(3)
    one.freeze(5)
    one.world.advance(8)
    one.order("farm", Action.STOP)
    one.world.advance(30)
    lines = [
        LogLine(at, NOW + at, "n1", line.module, line.origin, line.type, line.text) for at, line in enumerate(one.log)
    ]
    of_life = [line for line in lines if line.origin == "life"]
    assert all(worth_telling(line) for line in of_life)
    told = story(lines, 0.0)
    words = [state.words for state in told.states["farm"]]
    assert len(words) == len(of_life)
    assert (words[0], words[-1]) == ("WAIT Transient", "STOP NotReady")
    assert words.count("UP Ready") == 3
    assert {state.by for state in told.states["farm"]} == {"admin", "errd"}
    assert [freeze.seconds for freeze in told.freezes] == [pytest.approx(5, abs=0.5)]


def test_other_lines_of_the_life_are_no_state() -> None:
    lines = log_of("node1", said(NOW, "UP Ready? who knows", origin="errd"), said(NOW, "UP Ready", LogType.SCRIPT))
    assert [state_of(line) for line in lines] == [None, None]


def test_what_scripts_print_is_left_in_the_log() -> None:
    kinds = {kind: worth_telling(log_of("node1", said(NOW, "text", kind))[0]) for kind in LogType}
    assert {kind for kind, told in kinds.items() if told} == {LogType.CRITICAL, LogType.ERROR, LogType.USER}


def test_states_freezes_and_losses_are_told_in_the_clock_of_the_axis() -> None:
    lines = log_of(
        "node1",
        state(NOW - 50, "UP Ready"),
        said(NOW - 40, "this node was frozen for 3.4 s", module="", origin="membership"),
        state(NOW - 40, "UP Transient", by="m.lindqvist"),
        said(NOW - 30, "node3 lost: silent for 1.0 s", module="", origin="membership"),
        said(NOW - 20, "node2 said goodbye", LogType.INFO, module="", origin="membership"),
    )
    told = story(lines, 7.0)
    assert [(one.time - NOW, one.silhouette, one.words, one.by) for one in told.states["farm"]] == [
        (-43.0, Silhouette.READY, "UP Ready", "j.doe"),
        (-33.0, Silhouette.TRANSIENT, "UP Transient", "m.lindqvist"),
    ]
    assert [(one.end - NOW, one.seconds) for one in told.freezes] == [(-33.0, 3.4)]
    assert [(at - NOW, gone) for at, gone in told.losses] == [(-23.0, "node3"), (-13.0, "node2")]


def test_a_pause_by_the_word_of_all_peers_is_a_freeze() -> None:
    text = "this node was paused for 12.0 s, by the word of all its peers"
    assert frozen_for(log_of("node1", said(NOW, text, module="", origin="membership"))[0]) == 12.0
    assert frozen_for(log_of("node1", said(NOW, text, origin="start_both"))[0]) is None


def test_an_agent_that_says_goodbye_is_absent_from_then_on() -> None:
    own = story(
        log_of(
            "node1",
            state(NOW - 90, "UP Ready"),
            said(NOW - 60, "agent stops; applications go on", **STARTS),
            said(NOW - 50, "agent 1.0.0 starts (pid 1), home /var", **STARTS),
        ),
        0.0,
    )
    assert without_agent("node1", own, ()) == (Gap(NOW - 60, NOW - 50),)


def test_of_an_agent_that_was_killed_the_peers_tell_when() -> None:
    own = story(
        log_of("node1", state(NOW - 90, "UP Ready"), said(NOW - 50, "agent 1.0.0 starts (pid 1), home", **STARTS)), 0.0
    )
    lost = story(log_of("node2", said(NOW - 70, "node1 lost: silent for 1.0 s", origin="membership", module="")), 0.0)
    saw_nothing = story(log_of("node2", state(NOW - 90, "UP Ready")), 0.0)
    asleep = story(
        log_of("node2", state(NOW - 95, "UP Ready"), said(NOW - 49, "agent 1.0.0 starts (pid 1), home", **STARTS)), 0.0
    )
    assert without_agent("node1", own, (saw_nothing, lost)) == (Gap(NOW - 70, NOW - 50),)
    assert without_agent("node1", own, (saw_nothing,)) == (Gap(NOW - 50, NOW - 50),)
    assert without_agent("node1", own, (asleep,)) == (Gap(NOW - 90, NOW - 50, seen=False),)
    assert without_agent("node1", own, ()) == (Gap(NOW - 90, NOW - 50, seen=False),)
