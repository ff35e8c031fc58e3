"""From the timeline into the log: Details reads back to a line that it has not got yet."""

from app.viewmodels.details import OLDER, DetailsModel
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import LogLine
from tests.app.viewmodels.farms import NOW, FakeTasks, line, ready, silenced, view
from tests.app.viewmodels.timelines import LoggedSession
from tests.app.views.contoso import still

KNOWN, ALL = 50, 4 * OLDER


def made() -> tuple[LoggedSession, DetailsModel, list[LogLine]]:
    """A node whose log has many lines, of which the console knows the newest."""
    session = LoggedSession(view("node1", ready()))
    session.logs["node1"] = [line(at, time=NOW - ALL + at) for at in range(1, ALL + 1)]
    session.nodes[0].lines += session.logs["node1"][-KNOWN:]
    details = DetailsModel(still(session), FakeTasks(), "farm", "node1")
    found: list[LogLine] = []
    details.found.connect(found.append)
    return session, details, found


def test_a_line_that_is_there_is_found_at_once() -> None:
    session, details, found = made()
    wanted = session.logs["node1"][-3]
    details.seek(wanted)
    assert found == [wanted]
    assert not [call for call in session.called if call[0] == "log"]


def test_an_older_one_is_read_back_without_gaps() -> None:
    session, details, found = made()
    wanted = session.logs["node1"][500]
    details.seek(wanted)
    assert found == [wanted]
    assert details.log.oldest_cursor <= wanted.cursor
    row = details.log.row_of(wanted.cursor)
    assert details.log.index(row, 3).data() == wanted.text
    assert details.log.rowCount() == ALL - details.log.oldest_cursor + 1


def test_a_moment_leads_to_the_last_line_before_it() -> None:
    session, details, found = made()
    details.seek_moment(NOW - ALL + 500.5)
    assert found == [session.logs["node1"][499]]
    details.seek_moment(NOW + 60)
    assert found[1:] == [session.logs["node1"][-1]]
    details.seek_moment(NOW - 2 * ALL)
    assert found[2:] == [session.logs["node1"][0]], "before the log began: its first line"


def test_a_moment_is_that_of_the_axis_not_of_the_node() -> None:
    session = LoggedSession(view("node1", ready(), clock=100.0))
    session.nodes[0].lines += [line(at, time=NOW + at) for at in range(1, 200)]
    details = DetailsModel(still(session), FakeTasks(), "farm", "node1")
    found: list[LogLine] = []
    details.found.connect(found.append)
    details.seek_moment(NOW + 50.5)
    assert [one.cursor for one in found] == [150]


def test_an_empty_log_has_nothing_to_show() -> None:
    details = DetailsModel(still(LoggedSession(view("node1", ready()))), FakeTasks(), "farm", "node1")
    found: list[LogLine] = []
    details.found.connect(found.append)
    details.seek_moment(NOW)
    assert found == []


def test_a_node_that_does_not_answer_any_more_shows_what_is_there() -> None:
    session, details, found = made()
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    details.seek(session.logs["node1"][500])
    assert len(found) == 1
    assert len([call for call in session.called if call[0] == "log"]) == 1
    session.show(silenced(session.nodes[0].view))
    details.session.refresh()
    details.seek(session.logs["node1"][500])
    assert len(found) == 2
