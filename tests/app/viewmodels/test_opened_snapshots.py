"""Opened snapshots in words: which belong together, what the band says, why a file was refused, what its files are."""

from pathlib import Path

import msgspec

from app.services.snapshot_file import SnapshotFile, SnapshotRefused, SnapshotTrouble, read_snapshot
from app.services.snapshot_session import SnapshotSession
from app.viewmodels.menus import module_menu, retry
from app.viewmodels.navigation import Place, Tab, place, tab_reasons
from app.viewmodels.opened_snapshots import SnapshotOpener, band_words, grouped, refusal_words
from app.viewmodels.session_model import SessionModel
from app.viewmodels.sidebar_model import Scope, SidebarModel, SidebarRole
from app.viewmodels.snapshot_files import SnapshotFiles
from app.viewmodels.snapshots import Snapshots
from nodeagent.contract.status import NodeStatus
from tests.app.services.snapshots import parts_of, written
from tests.app.viewmodels.connecting import owner, settled
from tests.app.viewmodels.farms import NOW, FakeTasks, ready, stopped, view

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
