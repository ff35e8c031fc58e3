"""Snapshots read back, and answered from; what is broken, cut, foreign or too large is refused by name."""

import zipfile
from pathlib import Path

import pytest

from app.services import snapshot_file
from app.services.nodes import Reach
from app.services.snapshot_file import SnapshotRefused, SnapshotTrouble, read_snapshot
from app.services.snapshot_session import SnapshotSession
from app.viewmodels.traffic import NO_VIP
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.api import LogLine, LogQuery, WhyAnswer
from nodeagent.contract.record_api import AuditLine, RecordQuery, ResourceChange
from nodeagent.contract.states import Action, LogType, ResourceState
from nodeagent.contract.status import ModuleStatus, NodeStatus
from tests.app.services.snapshots import CLUSTER, parts_of, written
from tests.app.viewmodels.farms import slots_of

STATUS = NodeStatus("node1", "u1", "1.0", 7, 1000.0, "b", 10.0, "sig", (ModuleStatus("farm"),), node_id=1)
LINES = tuple(
    LogLine(number, 900.0 + number, "node1", "farm" if number % 2 else "", "life", kind, f"line {number}")
    for number, kind in enumerate((LogType.INFO, LogType.ERROR, LogType.USER, LogType.INFO), 1)
)
WHY = (WhyAnswer("farm", "stopped by j.doe"),)
AUDIT = tuple(AuditLine(number, 900.0 + number, "j.doe", "local", f"command {number}", "ok") for number in (1, 2, 3))
CHANGES = tuple(
    ResourceChange(number, 900.0 + number, "farm", name, ResourceState.UP, "", 0.0, "checker")
    for number, name in enumerate(("tcp.web", "tcp.db", "tcp.web"), 1)
)
OUTPUTS = {"userlog_x_start_both.ulog": b"started\n"}


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return written(tmp_path / "whole.zip", parts_of(STATUS, LINES, WHY, AUDIT, CHANGES, OUTPUTS))


def refused(path: Path) -> SnapshotTrouble:
    with pytest.raises(SnapshotRefused) as caught:
        read_snapshot(path)
    return caught.value.trouble


def test_everything_comes_back(whole: Path) -> None:
    file = read_snapshot(whole)
    assert (file.status, file.lines, file.why, file.audit, file.changes) == (STATUS, LINES, WHY, AUDIT, CHANGES)
    assert file.clusters == {1: CLUSTER}
    assert sorted(file.modules["farm"]) == [1, 2]
    assert sorted(file.modules["farm"][2]) == ["bin/start_both", "conf/userconfig.xml", "meta.json"]
    assert file.meta("farm", 2).author == "m.lindqvist"
    assert file.meta("farm", 9).author == ""
    assert file.outputs == OUTPUTS
    assert file.missing == ()


def test_what_the_node_could_not_save_is_named_when_the_console_would_show_it(tmp_path: Path) -> None:
    parts = parts_of(STATUS, LINES)
    del parts["log.jsonl"]
    parts["manifest.json"] = (
        b'{"anonymised": true, "parts": [{"name": "log.jsonl", "problem": "locked"}, {"name": "why.json"},'
        b' {"name": "audit.jsonl", "cut": true}, {"name": "network/routes.txt", "problem": "no ip"}]}'
    )
    file = read_snapshot(written(tmp_path / "less.zip", parts))
    assert file.lines == ()
    assert file.missing == ("log.jsonl", "audit.jsonl")
    assert file.anonymised


def test_a_line_that_was_cut_costs_only_itself(tmp_path: Path) -> None:
    parts = parts_of(STATUS, LINES)
    parts["log.jsonl"] = parts["log.jsonl"][:-20]
    assert read_snapshot(written(tmp_path / "cut.zip", parts)).lines == LINES[:-1]


def test_a_part_with_wrong_signs_costs_only_itself(tmp_path: Path) -> None:
    parts = parts_of(STATUS, LINES)
    parts["log.jsonl"] += parts["log.jsonl"].splitlines()[0].replace(b"node1", b"node\xff") + b"\n"
    parts["why.json"] = b'[{"module": "\xff"}]'
    snapshot = read_snapshot(written(tmp_path / "signs.zip", parts))
    assert snapshot.lines == LINES
    assert snapshot.why == ()


def test_what_is_no_snapshot_is_refused_by_name(tmp_path: Path, whole: Path) -> None:
    data = whole.read_bytes()
    assert refused(tmp_path / "nowhere.zip") is SnapshotTrouble.NOT_READABLE
    (tmp_path / "photo.zip").write_bytes(b"\xff\xd8 a photograph")
    assert refused(tmp_path / "photo.zip") is SnapshotTrouble.NOT_ZIP
    (tmp_path / "empty.zip").write_bytes(b"")
    assert refused(tmp_path / "empty.zip") is SnapshotTrouble.NOT_ZIP
    assert refused(written(tmp_path / "other.zip", {"readme.txt": b"hello"})) is SnapshotTrouble.FOREIGN
    parts = parts_of(STATUS)
    other = parts | {"status.json": b'{"node": 5}'}
    assert refused(written(tmp_path / "version.zip", other)) is SnapshotTrouble.NOT_UNDERSTOOD
    for wrong in (parts["status.json"].replace(b"node1", b"node\xff"), b'{"x":' * 100_000):
        other = parts | {"status.json": wrong}
        assert refused(written(tmp_path / "signs.zip", other)) is SnapshotTrouble.NOT_UNDERSTOOD
    for length in (40, len(data) // 2, len(data) - 10):
        (tmp_path / "cut.zip").write_bytes(data[:length])
        assert refused(tmp_path / "cut.zip") is SnapshotTrouble.CUT
    damaged = bytearray(data)
    begin = data.index(b"status.json") + len("status.json")
    damaged[begin + 20 : begin + 40] = bytes(20)
    (tmp_path / "damaged.zip").write_bytes(damaged)
    assert refused(tmp_path / "damaged.zip") is SnapshotTrouble.CUT


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("log.jsonl", "w") as part:
            for _ in range(snapshot_file.MOST_OF_A_PART // 2**20 + 1):
                part.write(bytes(2**20))
        archive.writestr("status.json", b"{}")
    assert refused(tmp_path / "bomb.zip") is SnapshotTrouble.TOO_LARGE
    many = {f"outputs/{number}": b"" for number in range(snapshot_file.MOST_FILES)}
    assert refused(written(tmp_path / "many.zip", parts_of(STATUS) | many)) is SnapshotTrouble.TOO_LARGE


async def test_the_questions_of_the_pages_are_answered(whole: Path) -> None:
    session = SnapshotSession("snapshot1", [read_snapshot(whole)])
    (view,) = session.view()
    assert (view.name, view.reach, view.reached, view.role) == ("node1", Reach.SAVED, True, None)
    assert session.moment == 1000.0
    assert await session.why("node1", "farm") == WHY[0]
    assert (await session.why("node1", "api")).sentence == ""
    assert [one.path for one in await session.outputs("node1", "farm")] == list(OUTPUTS)
    assert await session.output("node1", "farm", "userlog_x_start_both.ulog") == b"started\n"
    numbers = [line.cursor for line in (await session.log("node1", LogQuery(limit=2, newest=True))).lines]
    assert numbers == [3, 4]
    assert [line.cursor for line in (await session.log("node1", LogQuery(after=1, limit=2))).lines] == [2, 3]
    narrow = LogQuery(types="IU", module="farm", until=903.0, since=902.0, text="LINE")
    assert [line.cursor for line in (await session.log("node1", narrow)).lines] == [3]
    assert [one.cursor for one in (await session.audit("node1", RecordQuery(limit=1, newest=True))).lines] == [3]
    history = await session.resource_history("node1", "farm", "tcp.web", RecordQuery())
    assert [one.cursor for one in history.changes] == [1, 3]


async def test_the_slots_come_back_where_they_were_saved(tmp_path: Path) -> None:
    slots = slots_of("node1")
    session = SnapshotSession("s", [read_snapshot(written(tmp_path / "new.zip", parts_of(STATUS, vips=(slots,))))])
    assert await session.vip("node1", "farm") == slots
    with pytest.raises(CallFailed) as caught:
        await session.vip("node1", "api")
    assert caught.value.problem is not None
    assert caught.value.problem.type == NO_VIP
    older = parts_of(STATUS, vips=(slots,))
    del older["vip.json"]
    for parts in (older, older | {"vip.json": b"[{"}):
        file = read_snapshot(written(tmp_path / "old.zip", parts))
        assert (file.status, file.vips) == (STATUS, None)
        with pytest.raises(CallFailed, match="not in the snapshot"):
            await SnapshotSession("s", [file]).vip("node1", "farm")


async def test_nothing_can_be_done(whole: Path, tmp_path: Path) -> None:
    session = SnapshotSession("snapshot1", [read_snapshot(whole)])
    for work in (
        session.order("node1", "farm", Action.STOP),
        session.uninstall("node1", "farm"),
        session.snapshot("node1", "farm", tmp_path / "again.zip", lambda _: None, anonymise=False),
        session.output("node1", "farm", "gone.ulog"),
    ):
        with pytest.raises(CallFailed) as caught:
            await work
        assert caught.value.trouble is Trouble.DENIED
        assert caught.value.problem is not None
    with pytest.raises(CallFailed):
        session.watcher("node9")
    assert not (tmp_path / "again.zip").exists()
