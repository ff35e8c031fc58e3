"""What a node has of a module: differences to the draft, its revisions, and one of them brought back."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from app.viewmodels.module_history import ModuleHistory
from app.viewmodels.revision_history import revision_words
from nodeagent.client.failures import CallFailed, Trouble
from nodeagent.contract.revisions import Difference, FileChange, Revision
from tests.app.viewmodels.connecting import owner, settled, until
from tests.app.viewmodels.farms import NOW

CHANGE = FileChange("bin/start_both", "changed", "--- a\n+++ b\n@@ -1 +1 @@\n-exit 0\n+exit 1\n")


class FakeKeeper:
    """A node that keeps two revisions."""

    def __init__(self) -> None:
        self.failure: CallFailed | None = None
        self.asked: list[tuple[object, ...]] = []

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        self._note("files", node, revision)
        return {"bin/start_both": b"exit 1\n" if revision in {0, 2} else b"exit 0\n"}

    async def module_history(self, node: str, module: str) -> tuple[Revision, ...]:
        self._note("history", node)
        return (
            Revision(2, NOW, "j.doe", "b", ("node1",), current=True, changed=("bin/start_both",)),
            Revision(1, NOW - 60, "", "a", ("node1",)),
        )

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> Difference:
        self._note("diff", earlier, later)
        return Difference(later - 1, later, (CHANGE,) if later == 2 else (FileChange("bin/start_both", "added"),))

    def _note(self, *call: object) -> None:
        self.asked.append(call)
        if self.failure:
            raise self.failure


class FakeTasks:
    def start(self, work: Coroutine[Any, Any, None], name: str) -> object:
        try:
            work.send(None)
        except StopIteration:
            return None
        raise AssertionError(f"{name} waits")


def test_the_newest_revision_is_shown_with_what_it_changed() -> None:
    history = ModuleHistory(FakeKeeper(), FakeTasks(), "farm")
    history.look_at("node1")
    assert history.number == 2
    assert history.files == (CHANGE,)
    assert history.restore_reason == "this revision is in force"
    assert revision_words(history.revisions[0], lambda _time: "now") == ("2, in force", "now", "j.doe", "start_both")
    assert revision_words(history.revisions[1], lambda _time: "then") == ("1", "then", "–", "–")


def test_a_draft_is_compared_with_what_runs() -> None:
    history = ModuleHistory(FakeKeeper(), FakeTasks(), "farm")
    assert history.difference({}) == ""
    history.look_at("node1")
    assert history.difference({"bin/start_both": b"exit 1\n"}) == ""
    told = history.difference({"bin/start_both": b"exit 2\n", "bin/prestart": b""})
    assert "# bin/prestart is new" in told
    assert "-exit 1\n+exit 2" in told


def test_an_older_revision_is_read_back() -> None:
    history = ModuleHistory(FakeKeeper(), FakeTasks(), "farm")
    back: list[object] = []
    history.restored.connect(lambda files, revision: back.append((files, revision)))
    history.look_at("node1")
    history.choose(1)
    assert history.files[0].change == "added"
    assert history.restore_reason == ""
    history.restore()
    assert back == [({"bin/start_both": b"exit 0\n"}, 1)]


def test_a_node_that_does_not_answer_says_so() -> None:
    keeper = FakeKeeper()
    keeper.failure = CallFailed(Trouble.TIMED_OUT, "no answer")
    history = ModuleHistory(keeper, FakeTasks(), "farm")
    history.look_at("node1")
    assert history.trouble
    assert history.revisions == ()
    keeper.failure = None
    history.look_at("node1")
    assert not history.trouble


class FakeSlowKeeper(FakeKeeper):
    """Tells what revision 2 changed when the test lets it."""

    def __init__(self) -> None:
        super().__init__()
        self.told = asyncio.Event()

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> Difference:
        if later == 2:
            await self.told.wait()
        return await super().module_difference(node, module, earlier, later)


async def test_a_late_answer_does_not_show_one_revision_under_another() -> None:
    keeper, tasks = FakeSlowKeeper(), owner()
    history = ModuleHistory(keeper, tasks, "farm")
    history.look_at("node1")
    await until(lambda: history.number == 2)
    history.choose(1)
    await until(lambda: history.files != ())
    keeper.told.set()
    await settled(tasks)
    assert (history.number, history.files) == (1, (FileChange("bin/start_both", "added"),))


class FakeHalfDeadKeeper(FakeKeeper):
    """node1 does not answer, which takes until the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        if node == "node1":
            await self.over.wait()
            raise CallFailed(Trouble.TIMED_OUT, "no answer")
        return await super().module_files(node, module, revision)


async def test_what_another_node_fails_to_tell_is_not_said_of_this_one() -> None:
    keeper, tasks = FakeHalfDeadKeeper(), owner()
    history = ModuleHistory(keeper, tasks, "farm")
    history.look_at("node1")
    history.look_at("node2")
    await until(lambda: history.files != ())
    keeper.over.set()
    await settled(tasks)
    assert history.trouble == ""
    history.look_at("node1")
    await settled(tasks)
    assert history.trouble == "timed out"
