"""Opened snapshots in words: which belong together, what the band says, why a file was refused, what its files are."""

from pathlib import Path

import msgspec

from app.services.snapshot_file import SnapshotFile, SnapshotRefused, SnapshotTrouble, read_snapshot
from app.services.snapshot_session import SnapshotSession
from app.viewmodels import module_fields
from app.viewmodels.cluster_rows import Standing
from app.viewmodels.menus import module_menu, retry
from app.viewmodels.module_elements import Listing
from app.viewmodels.navigation import SLOTS, Place, Tab, place, tab_reasons
from app.viewmodels.opened_snapshots import SnapshotOpener, band_words, grouped, refusal_words
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel, SidebarRole
from app.viewmodels.snapshot_files import SnapshotFiles
from app.viewmodels.snapshots import Snapshots
from app.viewmodels.text import clock
from app.viewmodels.timeline import TimelineModel
from app.viewmodels.traffic import TrafficModel
from nodeagent.contract.status import NodeStatus
from tests.app.services.snapshots import TWO_LANS, parts_of, written
from tests.app.viewmodels.connecting import owner, settled
from tests.app.viewmodels.farms import NOW, FakeTasks, ready, slots_of, stopped, view
from tests.app.viewmodels.modules import FULL

STATUSES = {
    view_.name: view_.status
    for view_ in (view("node1", ready()), view("node2", stopped()), view("node3", ready("api")))
    if view_.status is not None
}


def file_of(node: str, **changes: object) -> SnapshotFile:
    return SnapshotFile(Path(f"{node}.zip"), msgspec.structs.replace(STATUSES[node], **changes))


def model_of(*nodes: str) -> SessionModel:
    session = SnapshotSession("snapshot1", [file_of(node, node_id=int(node[-1])) for node in nodes])
    return SessionModel(session, FakeTasks(), at=session.moment)


def test_those_of_one_cluster_are_shown_together_and_a_node_once() -> None:
    first, second = file_of("node1"), file_of("node2")
    later, other = file_of("node1", time=NOW + 100), file_of("node3", cluster_signature="theirs")
    assert {frozenset(map(id, group)) for group in grouped([later, other, second, first])} == {
        frozenset({id(first), id(second)}),
        frozenset({id(later)}),
        frozenset({id(other)}),
    }
    groups = grouped([first, second, later])
    assert [[one.status.time for one in group] for group in groups] == [[NOW, NOW], [NOW + 100]]


def test_the_band_says_of_whom_and_what_is_missing() -> None:
    title, missing = band_words([file_of("node1"), file_of("node2")])
    assert title.startswith("Snapshot of node1 and node2, taken ")
    assert title.endswith(", read only")
    assert missing == ""
    hidden = SnapshotFile(Path("a.zip"), STATUSES["node1"], anonymised=True, missing=("a", "b", "c", "d", "e"))
    assert band_words([hidden])[1] == "Addresses and names are replaced; not whole of node1: a, b and c and 2 more"


def test_times_are_those_of_the_snapshot_and_nothing_can_be_ordered() -> None:
    model = model_of("node1", "node2")
    assert model.now() == NOW
    assert model.read_only == "a snapshot is read only"
    assert model.farm.facts_text == "2 nodes, 1 module; as they were when the snapshot was taken"
    assert [tile.state_words for tile in model.farm.modules[0].tiles] == ["UP Ready", "STOP NotReady"]
    entries = {entry.text.partition(" on ")[0]: entry for entry in module_menu(model.farm.modules[0])}
    able = {text for text, entry in entries.items() if entry.enabled}
    assert able == {"Open logs", "Why?", "node1", "node2"}
    assert {entry.reason for text, entry in entries.items() if text not in able} == {"a snapshot is read only"}
    assert retry(model.farm.nodes[0]).reason == "a snapshot is read only"
    assert Snapshots(model, FakeTasks()).reason == "a snapshot is read only"  # type: ignore[arg-type]


def test_there_is_no_test_of_clients() -> None:
    farm = model_of("node1").farm
    scope = Scope("snapshot1")
    assert {tab for tab, reason in tab_reasons(scope, farm).items() if reason} == {Tab.TEST}
    assert place(Tab.TEST, scope, farm) == Place(Tab.MONITORING, "snapshot1")


def test_of_a_virtual_ip_the_slots_are_shown_as_they_were() -> None:
    first = msgspec.structs.replace(STATUSES["node1"], modules=(ready(share_by="slots"),), node_id=1)
    second = msgspec.structs.replace(STATUSES["node2"], modules=(ready("api"),), node_id=2)
    files = SnapshotFile(Path("a.zip"), first, vips=(slots_of("node1"),)), SnapshotFile(Path("b.zip"), second, vips=())
    session = SnapshotSession("s", files)
    model = SessionModel(session, FakeTasks(), at=session.moment)
    slots = Place(Tab.TEST, "s", "farm", view=SLOTS)
    assert place(Tab.TEST, Scope("s"), model.farm) == place(Tab.TEST, Scope("s", "farm"), model.farm) == slots
    assert place(Tab.TEST, Scope("s", "api"), model.farm).tab is Tab.MONITORING
    assert tab_reasons(Scope("s"), model.farm)[Tab.TEST] == ""
    assert tab_reasons(Scope("s", "api"), model.farm)[Tab.TEST] == "a snapshot has no clients to ask with"
    traffic = TrafficModel(model, "farm", FakeTasks())
    assert traffic.read_only
    traffic.ask()
    assert traffic.map.groups[0].summary.endswith("all are right"), "slots of nodes without a snapshot are not missing"
    assert [node.answers for node in traffic.map.nodes] == [True, False, False]


def test_the_timeline_ends_where_the_snapshot_was_taken() -> None:
    files = [file_of("node1", time=NOW - 600.0), file_of("node2")]
    session = SnapshotSession("s", files)
    timeline = TimelineModel(SessionModel(session, FakeTasks(), at=session.moment), FakeTasks())
    timeline.look()
    assert timeline.facts.startswith(f"Ends at {clock(NOW)}, when the snapshot was taken; ")
    assert timeline.range.end == NOW
    timeline.tick()
    assert timeline.range.end == NOW
    early, late = timeline.lanes
    assert early.bar_at(NOW - 601.0) != (unknown := early.bar_at(NOW - 1.0))
    assert unknown is not None
    assert (unknown.words, unknown.start) == ("Unknown: its snapshot ends here", NOW - 600.0)
    assert (bar := late.bar_at(NOW - 1.0)) is not None
    assert bar.words == "STOP NotReady"


def saved_files(tmp_path: Path, **parts: bytes) -> SnapshotFiles:
    all_parts = parts_of(STATUSES["node1"]) | {"cluster/1/cluster.xml": TWO_LANS}
    all_parts |= {"module/farm/2/conf/userconfig.xml": FULL.encode()} | parts
    return SnapshotFiles([read_snapshot(written(tmp_path / "one.zip", all_parts))])


def test_a_module_of_the_past_is_a_form_that_nothing_changes(tmp_path: Path) -> None:
    files = saved_files(tmp_path)
    files.choose_module("farm")
    editor = files.editor
    assert editor is not None
    assert (editor.read_only, editor.xml, editor.nodes) == (True, FULL.encode(), ("node1",))
    assert [lan for lan, _ in editor.lans()] == ["default", "private"], "the cluster of the snapshot is known"
    (addition, *_) = editor.lists.additions(Listing.CHECKERS)
    for edit in (
        lambda: editor.set_field("safe/service", "maxloop", "9"),
        lambda: editor.set_field("safe/service", "maxloop", "\x00"),
        lambda: editor.set_lan("private", False),
        lambda: editor.set_rules("other"),
        lambda: editor.set_rules("\x00"),
        lambda: editor.type_xml("<safe/>", 1),
        lambda: editor.set_file("bin/start_both", None, "gone"),
        lambda: editor.replace({}, "gone"),
        lambda: editor.lists.add_element(Listing.CHECKERS, addition),
        lambda: editor.lists.remove_element(Listing.CHECKERS),
        editor.add_process,
        editor.duplicate_process,
        editor.remove_process,
        editor.undo,
        editor.redo,
    ):
        edit()
        assert (editor.xml, editor.undo_name, editor.rules_error, editor.process) == (FULL.encode(), "", "", 1)
        assert all(not state.error for state in editor.page(module_fields.Tab.GENERAL))
        assert len(editor.process_fields()) > 5
    assert set(editor.files) == {"conf/userconfig.xml", "bin/start_both"}
    assert editor.changes.count == 0


def test_the_tab_stays_while_revisions_are_compared(tmp_path: Path) -> None:
    files = saved_files(tmp_path)
    files.choose_module("farm")
    first = files.editor
    assert first is not None
    first.show(module_fields.Tab.CHECKERS)
    files.choose_path("bin/start_both")
    assert files.editor is first, "another file is no other form"
    files.choose_revision(1)
    assert files.editor is not None is not first
    assert (files.editor is first, files.editor.tab) == (False, module_fields.Tab.CHECKERS)
    files.choose_module("")
    assert files.editor is None
    assert files.cluster is not None


def test_a_cluster_of_the_past_is_a_table_that_asks_nobody(tmp_path: Path) -> None:
    cluster = saved_files(tmp_path).cluster
    assert cluster is not None
    assert [(row.name.text, *(cell.text for cell in row.addresses)) for row in cluster.rows] == [
        ("node1", "10.0.0.1", "192.168.7.1"),
        ("node2", "10.0.0.2", "192.168.7.2"),
        ("node3", "10.0.0.3", ""),
    ]
    assert all(row.standing is Standing.BLANK and not row.problem for row in cluster.rows)
    assert cluster.meaning.startswith("A node that falls silent is lost for the others after 1.6 to 1.8 s")
    assert cluster.field_error("pulse") == ""
    wrong = saved_files(tmp_path, **{"cluster/1/cluster.xml": TWO_LANS.replace(b"4800", b"70000")}).cluster
    assert wrong is not None
    assert wrong.field_error("port") != ""
    cut = saved_files(tmp_path, **{"cluster/1/cluster.xml": TWO_LANS[:90]}).cluster
    assert cut is not None
    assert cut.broken


def test_the_sidebar_marks_it() -> None:
    sidebar = SidebarModel()
    sidebar.add(model_of("node1"))
    line = sidebar.index(0, 0)
    assert line.data(SidebarRole.SAVED)
    assert str(line.data()).startswith("Snapshot ")
    assert line.data(SidebarRole.SHORT) == "Snapshot"


async def test_files_are_read_and_refused_one_by_one(tmp_path: Path) -> None:
    tasks = owner()
    opener = SnapshotOpener(tasks)
    opened: list[tuple[SnapshotFile, ...]] = []
    refused: list[str] = []
    opener.opened.connect(opened.append)
    opener.refused.connect(refused.append)
    good = written(tmp_path / "good.zip", parts_of(STATUSES["node1"]))
    (tmp_path / "bad.zip").write_bytes(b"no")
    opener.open([tmp_path / "bad.zip", good, tmp_path / "gone.zip"])
    await settled(tasks)
    assert [[file.status.node for file in group] for group in opened] == [["node1"]]
    assert refused == [
        "bad.zip is no zip file: a snapshot is the file that Support or keepgreen snapshot saved.\n"
        "gone.zip cannot be read: No such file or directory."
    ]


def test_every_refusal_has_a_sentence_with_the_name() -> None:
    words = {refusal_words(Path("/x/a.zip"), SnapshotRefused(trouble, "why")) for trouble in SnapshotTrouble}
    assert len(words) == len(SnapshotTrouble)
    assert all(text.startswith("a.zip ") and text.endswith(".") for text in words)


def test_the_files_of_each_revision(tmp_path: Path) -> None:
    status: NodeStatus = STATUSES["node1"]
    file = read_snapshot(written(tmp_path / "one.zip", parts_of(status)))
    files = SnapshotFiles([file, file_of("node2")])
    assert files.paths == ("cluster.xml",)
    files.choose_module("farm")
    assert [number for number, _ in files.revisions] == [2, 1]
    assert files.revisions[0][1].startswith("Revision 2; m.lindqvist; ")
    assert files.path == "conf/userconfig.xml"
    assert files.shown is not None
    assert 'mode="light"' in files.shown.text
    files.choose_path("bin/start_both")
    assert files.shown.text.startswith("#!/bin/sh")
    files.choose_revision(1)
    assert files.shown.path == "conf/userconfig.xml"
    assert 'mode="farm"' in files.shown.text
    files.choose_node("node2")
    assert files.shown is None
    assert files.nothing == "The snapshot of node2 was taken of another module: it holds no files of farm."
    files.choose_module("")
    assert files.nothing == "node2 was in no cluster when the snapshot was taken."
