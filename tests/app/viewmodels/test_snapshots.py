"""Snapshots and the commands of all nodes: what the Support page shows."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from app.viewmodels.audit import AuditModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.snapshots import Snapshots
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.record_api import AuditLine
from tests.app.viewmodels.farms import NOW, FakeSession, FakeTasks, ready, silenced, stopped, view


class FakeStarter:
    """Runs what it is given to its end at once."""

    def start(self, work: Coroutine[Any, Any, None], name: str) -> Any:
        try:
            work.send(None)
        except StopIteration:
            return None
        raise AssertionError(f"{name} waits")


def made() -> tuple[FakeSession, Snapshots]:
    session = FakeSession(view("node1", ready()), view("node2", stopped()), silenced(view("node3", ready())))
    return session, Snapshots(SessionModel(session, FakeTasks()), FakeStarter())


def test_a_file_for_each_node_that_answers(tmp_path: Path) -> None:
    session, snapshots = made()
    assert snapshots.reason == "there is no module yet"
    snapshots.choose("farm")
    assert snapshots.nodes == ("node1", "node2")
    assert "does not answer" in snapshots.node_reason("node3")
    snapshots.set_anonymise(True)
    snapshots.save(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"snapshot_node1_farm.zip", "snapshot_node2_farm.zip"}
    assert session.called[0] == ("snapshot", "node1", "farm", "snapshot_node1_farm.zip", True)
    assert all(row.done for row in snapshots.rows)
    assert snapshots.rows[0].words.startswith("6 bytes in ")
    assert not snapshots.running


def test_nodes_can_be_chosen_and_none_is_no_snapshot(tmp_path: Path) -> None:
    _, snapshots = made()
    snapshots.choose("farm", ("node2",))
    assert snapshots.nodes == ("node2",)
    snapshots.choose_node("node2", False)
    assert snapshots.reason == "choose at least one node"
    snapshots.save(tmp_path)
    assert snapshots.rows == ()
    snapshots.choose_node("node1", True)
    assert snapshots.reason == ""


def test_a_refusal_and_a_full_disk_are_told_at_their_row(tmp_path: Path) -> None:
    session, snapshots = made()
    snapshots.choose("farm", ("node1",))
    snapshots.save(tmp_path / "missing")
    assert "cannot be written" in snapshots.rows[0].failed
    session.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    snapshots.save(tmp_path)
    assert snapshots.rows[0].failed
    assert not snapshots.rows[0].done


async def test_a_snapshot_under_way_can_be_cancelled(tmp_path: Path) -> None:
    class SlowSession(FakeSession):
        async def snapshot(self, *args: Any, **more: Any) -> int:
            await asyncio.Event().wait()
            return 0

    tasks: list[asyncio.Task[None]] = []

    class Starter:
        def start(self, work: Coroutine[Any, Any, None], name: str) -> "asyncio.Task[None]":
            tasks.append(asyncio.get_running_loop().create_task(work, name=name))
            return tasks[-1]

    snapshots = Snapshots(SessionModel(SlowSession(view("node1", ready())), FakeTasks()), Starter())
    snapshots.choose("farm")
    snapshots.save(tmp_path)
    await asyncio.sleep(0)
    assert snapshots.running
    assert snapshots.reason == "a snapshot is under way"
    snapshots.cancel()
    await asyncio.wait(tasks)
    assert snapshots.rows[0].failed == "Cancelled: nothing was kept."
    assert not snapshots.running


def test_commands_of_all_nodes_are_one_list_on_one_clock() -> None:
    session = FakeSession(view("node1", ready(), clock=100.0), view("node2", ready()), silenced(view("node3", ready())))
    session.audits = {
        "node1": (AuditLine(1, NOW + 90, "j.doe", "10.0.0.5", "stop farm", "accepted"),),
        "node2": (AuditLine(1, NOW - 5, "m.lind", "10.0.0.6", "start farm", "accepted"),),
    }
    model = SessionModel(session, FakeTasks())
    audit = AuditModel(model, FakeTasks())
    audit.read()
    assert [(row.node, row.time) for row in audit.rows] == [("node2", NOW - 5), ("node1", NOW - 10)]
    assert audit.facts == "2 commands; node3: timed out"
    audit.find("J.DOE")
    assert [row.command for row in audit.rows] == ["stop farm"]
    session.failure = CallFailed(Trouble.DENIED, "only an administrator")
    audit.read()
    assert "node1" in audit.facts
    session.failure = None
    audit.find("")
    session.show(session.nodes[1].view)
    model.refresh()
    audit.read()
    assert [row.node for row in audit.rows] == ["node2"], "the others have left the cluster"
    assert audit.facts == "1 command"
