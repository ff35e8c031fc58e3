"""Details without a window: banner, log of the node, causes, outputs, facts."""

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from app.viewmodels.details import DetailsModel
from app.viewmodels.menus import Deed
from app.viewmodels.node_facts import facts, resource_rows, resources_text, signed
from app.viewmodels.script_output import script_of
from app.viewmodels.session_model import SessionModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import NBSP, said, tr, use_language
from app.viewmodels.why_chain import STEPS_SHOWN, chain, named_line
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import CauseLink, WhyAnswer
from nodeagent.contract.states import LogType, ResourceState
from nodeagent.contract.status import Listener, ModuleStatus, ResourceStatus
from tests.app.viewmodels.farms import (
    NOW,
    FakeSession,
    FakeTasks,
    line,
    ready,
    silenced,
    starting,
    stopped,
    view,
    waiting,
)

RUN = "userlog_2030-03-17T17-06-21.903000Z_start_both.ulog"
BEFORE = "userlog_2030-03-16T17-06-21.903000Z_start_both.ulog"
OTHER = "userlog_2030-03-17T16-06-21.903000Z_stop_both.ulog"


def details(session: FakeSession, node: str = "node1") -> DetailsModel:
    return DetailsModel(SessionModel(session, FakeTasks()), FakeTasks(), "farm", node)


def shown(model: DetailsModel) -> list[str]:
    model.log.flush()
    return [model.log.index(row, 3).data() for row in range(model.log.rowCount())]


# --- banner -----------------------------------------------------------------------------------


def test_no_banner_while_green(qtbot: QtBot) -> None:
    assert details(FakeSession(view("node1", ready()))).banner(NOW) is None


def test_a_red_banner_says_since_when_why_and_the_remedy(qtbot: QtBot) -> None:
    red = msgspec.structs.replace(stopped(), counted=4, maxloop=3, loop_interval=86400.0)
    banner = details(FakeSession(view("node1", red))).banner(NOW)
    assert banner is not None
    assert banner.tint == "red"
    assert banner.sentence == f"Stopped 40{NBSP}min ago: 4th restart in 24 h"
    assert banner.facts.endswith(f"by maxloop; 4 automatic actions in 24{NBSP}h, 3 allowed")
    assert banner.remedy is not None
    assert banner.remedy.text == "Start on node1"
    assert banner.why is not None
    assert banner.why.enabled


def test_a_stopped_module_is_not_checked_a_running_one_has_nothing_to_check(qtbot: QtBot) -> None:
    assert details(FakeSession(view("node1", stopped()))).nothing_watched()[0] == "Nothing is checked now"
    assert details(FakeSession(view("node1", ready()))).nothing_watched()[0] == "No resource is watched"


def test_a_waiting_module_waits(qtbot: QtBot) -> None:
    banner = details(FakeSession(view("node1", waiting()))).banner(NOW)
    assert banner is not None
    assert banner.sentence == f"Waiting for 12{NBSP}min: waits for custom.spool, which is down"


def test_an_orange_banner_counts(qtbot: QtBot) -> None:
    banner = details(FakeSession(view("node1", starting()))).banner(NOW)
    assert banner is not None
    assert (banner.tint, banner.sentence, banner.remedy) == ("orange", "start_both has run for 0:14", None)


def test_a_silent_node_offers_to_try_again(qtbot: QtBot) -> None:
    banner = details(FakeSession(silenced(view("node1", ready())))).banner(NOW)
    assert banner is not None
    assert banner.tint == "grey"
    assert banner.sentence == f"node1 does not answer: timed out 38{NBSP}s ago"
    assert "firewall" in banner.facts
    assert banner.remedy is not None
    assert banner.remedy.command is not None
    assert banner.remedy.command.deed is Deed.RETRY


@pytest.mark.parametrize("trouble", [Trouble.WRONG_PASSWORD, Trouble.PASSWORD_NEEDED, Trouble.CERTIFICATE_CHANGED])
def test_a_node_that_waits_for_a_person_leads_to_where_he_types(qtbot: QtBot, trouble: Trouble) -> None:
    session = FakeSession(silenced(view("node1", ready()), trouble=trouble))
    session.user = "control"
    banner = details(session).banner(NOW)
    assert banner is not None
    assert banner.facts.endswith(" Do this under Add cluster, with the address of this server.")
    assert ("control" in banner.facts) == (trouble is not Trouble.CERTIFICATE_CHANGED)


def test_not_configured_leads_to_the_configuration(qtbot: QtBot) -> None:
    banner = details(FakeSession(view("node1", ModuleStatus("farm", configured=False)))).banner(NOW)
    assert banner is not None
    assert banner.sentence == "farm is not in force on node1."
    assert "Configuration" in banner.facts


# --- the log ----------------------------------------------------------------------------------


def test_the_log_is_that_of_the_node_and_of_the_module(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()), view("node2", ready()))
    session.nodes[0].lines += [line(1, "mine"), line(2, "the node's", module=""), line(3, "other", module="api")]
    session.nodes[1].lines += [line(1, "there")]
    model = details(session)
    assert shown(model) == ["mine", "the node's"]
    session.nodes[0].lines += [line(4, "new")]
    session.tell()
    assert shown(model) == ["mine", "the node's", "new"]
    model.choose("farm", "node2")
    assert shown(model) == ["there"]


def test_debug_lines_are_off_at_first(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines += [line(1, "loud"), line(2, "quiet", LogType.DEBUG)]
    assert shown(details(session)) == ["loud"]


def test_a_log_that_begins_anew_is_read_from_its_start(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines += [line(70, "old")]
    model = details(session)
    session.nodes[0].lines[:] = [line(1, "of the new server")]
    session.tell()
    assert shown(model) == ["of the new server"]


def test_older_lines_come_from_the_disk_once(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    session.nodes[0].lines += [line(10, "ten")]
    session.older = (line(8, "eight"), line(9, "nine"), line(10, "ten"))
    model = details(session)
    model.log.flush()
    model.read_older()
    assert shown(model) == ["eight", "nine", "ten"]
    session.older = (line(8, "eight"),)
    model.read_older()
    model.read_older()
    assert [call[0] for call in session.called].count("log") == 2


def test_closed_details_hear_no_more(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", ready()))
    model = details(session)
    heard = session.subscribers
    model.close()
    assert session.subscribers == heard - 1


# --- causes -----------------------------------------------------------------------------------


def story(*links: CauseLink) -> WhyAnswer:
    return WhyAnswer("farm", "why", links)


def test_the_chain_is_read_once_per_reason(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", stopped()))
    session.whys["node1"] = story(CauseLink("1", NOW - 60, "httpd gone", "errd", "restart", "exit code 1"))
    model = details(session)
    assert [step.text for step in model.steps] == ["httpd gone"]
    assert (model.steps[0].by, model.steps[0].evidence) == ("by errd", "exit code 1")
    session.show(view("node1", stopped()))
    assert [call[0] for call in session.called].count("why") == 1
    session.show(view("node1", ready()))
    qtbot.waitUntil(lambda: model.steps == ())


def test_a_node_that_cannot_explain_is_asked_again(qtbot: QtBot) -> None:
    session = FakeSession(view("node1", stopped()))
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    model = details(session)
    assert model.steps == ()
    session.failure = None
    session.whys["node1"] = story(CauseLink("1", NOW, "gone", "errd"))
    session.show(view("node1", stopped()))
    qtbot.waitUntil(lambda: len(model.steps) == 1)


def test_times_of_the_chain_are_on_this_clock() -> None:
    answer = story(CauseLink("1", NOW + 100, "a", ""), CauseLink("2", NOW, "b by errd", "errd", evidence="b by errd"))
    first, second = chain(answer, -100.0)
    assert first.moment != chain(answer, 0.0)[0].moment
    assert (second.by, second.evidence) == ("", "")


def test_a_long_chain_shows_its_end() -> None:
    answer = story(*(CauseLink(str(number), NOW, str(number), "") for number in range(40)))
    assert [step.id for step in chain(answer, 0.0)][-1] == "39"
    assert len(chain(answer, 0.0)) == STEPS_SHOWN


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        (CauseLink("1", NOW, "", "", output=RUN, line=2), 2),
        (CauseLink("1", NOW, "", "", evidence="port 80", output=RUN), 3),
        (CauseLink("1", NOW, "", "", evidence="never said", output=RUN), 0),
        (CauseLink("1", NOW, "", "", evidence="", output=RUN), 0),
        (CauseLink("1", NOW, "", "", evidence="port 80", output=OTHER), 0),
    ],
)
def test_the_line_a_cause_names(link: CauseLink, expected: int) -> None:
    assert named_line((link,), RUN, "port 80 free\nwait\nport 80 in use\nend\n") == expected


# --- output -----------------------------------------------------------------------------------


def written(**files: bytes) -> FakeSession:
    session = FakeSession(view("node1", stopped()))
    session.files = {BEFORE: b"earlier\n", RUN: b"one\r\nport 80 in use\r\n", OTHER: b"", **files}
    session.whys["node1"] = story(CauseLink("1", NOW, "start_both", "", evidence="port 80", output=RUN))
    return session


def test_an_output_is_shown_with_its_place_among_the_runs(qtbot: QtBot) -> None:
    model = details(written())
    model.output.open("farm", "node1", RUN, "exit code 0")
    now = model.output.now
    assert now is not None
    assert (now.title, now.text, now.line) == ("start_both", "one\nport 80 in use\n", 2)
    assert now.size_text == "2 lines, 21 bytes, run 2 of 2"
    assert model.output.has_earlier
    model.output.open_earlier()
    assert model.output.now is not None
    assert (model.output.now.text, model.output.has_earlier) == ("earlier\n", False)


def test_a_script_that_goes_on_writing_is_read_again(qtbot: QtBot) -> None:
    session = written()
    model = details(session)
    model.output.open("farm", "node1", RUN)
    session.files[RUN] += b"more\n"
    session.nodes[0].lines.append(line(1, "start_both: exit code 0", LogType.SCRIPT, output=RUN))
    session.tell()
    assert model.output.now is not None
    assert model.output.now.text.endswith("more\n")


def test_an_output_without_a_word_says_so(qtbot: QtBot) -> None:
    model = details(written())
    model.output.open("farm", "node1", OTHER)
    assert model.output.now is not None
    assert model.output.now.problem == "The script wrote nothing."


def test_an_output_that_cannot_be_read_says_why(qtbot: QtBot) -> None:
    session = written()
    model = details(session)
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    model.output.open("farm", "node1", RUN)
    assert model.output.now is not None
    assert model.output.now.problem == "The output cannot be read: timed out"


def test_western_bytes_of_windows_tools_are_readable(qtbot: QtBot) -> None:
    session = written()
    session.files[RUN] = "échec\r\n".encode("cp1252")
    model = details(session)
    model.output.open("farm", "node1", RUN)
    assert model.output.now is not None
    assert model.output.now.text == "échec\n"


def test_another_node_closes_the_output(qtbot: QtBot) -> None:
    session = written()
    session.show(view("node1", stopped()), view("node2", ready()))
    model = details(session)
    model.output.open("farm", "node1", RUN)
    model.choose("farm", "node2")
    assert model.output.now is None


def test_a_file_of_another_name_is_its_own_title() -> None:
    assert script_of(RUN) == "start_both"
    assert script_of("notes.txt") == "notes.txt"


# --- resources and facts ----------------------------------------------------------------------


def test_resources_in_words() -> None:
    module = msgspec.structs.replace(
        stopped(),
        resources=(
            ResourceStatus("proc.a", ResourceState.DOWN, NOW, "gone"),
            ResourceStatus("http.b", ResourceState.INIT, 0.0),
            ResourceStatus("custom.c", ResourceState.UP, NOW),
        ),
    )
    rows = resource_rows(view("node1", module), module, NOW)
    assert [row.silhouette for row in rows] == [Silhouette.STOP, Silhouette.UNCONFIGURED, Silhouette.READY]
    assert resources_text(rows) == "1 down, 1 not checked, 1 up"
    assert (rows[1].since, resources_text(())) == ("", "")


def told(one: FakeSession) -> dict[str, list[str]]:
    return {group.title: [row.words for row in group.rows] for group in facts(one.view()[0], "farm", NOW)}


def test_a_port_that_is_taken_names_its_holder() -> None:
    known = view("node1", ready())
    assert known.status is not None
    status = msgspec.structs.replace(
        known.status, listeners=(Listener("health", "::", 9010, False, "9010 is used by nginx (pid 812)"),)
    )
    groups = told(FakeSession(msgspec.structs.replace(known, status=status)))
    assert groups["Ports"] == ["health: [::]:9010: 9010 is used by nginx (pid 812)"]


def test_probes_and_peers_are_told() -> None:
    groups = told(FakeSession(view("node1", ready())))
    assert groups["Probes of farm"] == [f"168.63.129.16: 200, 3{NBSP}s ago, every 5.0 s"]
    assert groups["Other nodes"][0].startswith(f"node2: gap 240 of 1000{NBSP}ms")


def test_a_lost_peer_says_why() -> None:
    known = view("node1", ready())
    assert known.status is not None
    peer = msgspec.structs.replace(known.status.peers[0], alive=False, since=NOW - 120, reason="silent for 1.0 s")
    status = msgspec.structs.replace(known.status, peers=(peer,))
    groups = told(FakeSession(msgspec.structs.replace(known, status=status)))
    assert groups["Other nodes"] == [f"node2: lost 2{NBSP}min ago: silent for 1.0 s"]


def test_a_node_that_never_spoke_still_has_an_address() -> None:
    fresh = msgspec.structs.replace(view("node1"), status=None, role=None)
    assert list(told(FakeSession(fresh))) == ["Node"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0008, f"+0.8{NBSP}ms"),
        (-0.25, f"-250{NBSP}ms"),
        (3.2, "+3.2 s"),
        (7500, f"+2{NBSP}h{NBSP}5{NBSP}min"),
        (-0.00001, f"0.0{NBSP}ms"),
        (0.0, f"0.0{NBSP}ms"),
    ],
)
def test_clock_offsets_have_a_sign(seconds: float, text: str) -> None:
    assert signed(seconds) == text


def test_a_history_that_could_not_be_asked_is_asked_again(qtbot: QtBot) -> None:
    watched = msgspec.structs.replace(ready(), resources=(ResourceStatus("tcp.web", ResourceState.UP, NOW - 60),))
    session = FakeSession(view("node1", watched))
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    model = details(session)
    session.failure = None
    model.session.refresh()
    model.session.refresh()
    assert [call[0] for call in session.called].count("history") == 2, "once in vain, once to its end"


def test_what_the_agent_says_is_wrong_is_in_the_language_of_the_console() -> None:
    told = "a frame came from the virtual MAC on eth0: the switch may have learnt it"
    known = view("node1", ready())
    assert known.status is not None
    status = msgspec.structs.replace(known.status, alarms=(f"farm: {told}", "UDP 4800 is taken: by another program"))
    use_language("fr")
    try:
        groups = {
            group.title: group.rows for group in facts(msgspec.structs.replace(known, status=status), "farm", NOW)
        }
        (about_module, about_node) = groups[tr("Problems")]
        assert about_module.problem == f"farm{NBSP}: {said(told)}" != f"farm: {told}"
        assert about_node.problem == "UDP 4800 is taken: by another program"
    finally:
        use_language("en")
