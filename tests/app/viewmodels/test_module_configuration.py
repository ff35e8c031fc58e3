"""Configuration → Module without a window: what is read for which module, and the revisions that a draft began from."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from app.services.rollout import Outcome
from app.viewmodels.module_configuration import Draft, ModuleConfiguration
from nodeagent.client.failures import CallFailed, Trouble
from tests.app.viewmodels.connecting import owner, settled, until
from tests.app.viewmodels.farms import ready, silenced, view
from tests.app.views.test_module_page import FILES, FakeConfiguredSession


class FakeSlowSession(FakeConfiguredSession):
    """Its nodes have two modules and give the files of one when the test lets them."""

    def __init__(self) -> None:
        super().__init__(FILES)
        self.given = {"farm": asyncio.Event(), "web": asyncio.Event()}
        self.failing: set[str] = set()
        self.run(revision=4)

    def run(self, revision: int, signature: str = "") -> None:
        """This revision is in force on all nodes."""
        changes = {"revision": revision, "signature": signature}
        both = [msgspec.structs.replace(ready(name), **changes) for name in self.given]
        self.show(*(view(f"node{n}", *both) for n in (1, 2, 3)))

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        await self.given[module].wait()
        if module in self.failing:
            raise CallFailed(Trouble.TIMED_OUT, "no answer within 10 s")
        return await super().module_files(node, module, revision)


class Bench:
    def __init__(self) -> None:
        self.session, self.tasks = FakeSlowSession(), owner()
        self.model = ModuleConfiguration(self.session, self.tasks)

    async def draft(self) -> Draft:
        self.session.given["farm"].set()
        self.model.open("farm")
        await settled(self.tasks)
        assert self.model.draft is not None
        return self.model.draft


async def test_two_modules_that_are_read_at_once_do_not_speak_for_each_other() -> None:
    bench = Bench()
    bench.session.failing.add("farm")
    bench.model.open("farm")
    bench.model.open("web")
    bench.session.given["farm"].set()
    await until(lambda: len(bench.tasks.names) == 1)
    assert bench.model.loading
    assert bench.model.trouble == ""
    bench.session.given["web"].set()
    await settled(bench.tasks)
    assert not bench.model.loading
    assert bench.model.draft is not None
    bench.model.open("farm")
    await settled(bench.tasks)
    assert bench.model.trouble.startswith("timed out: ")
    assert "field" not in bench.model.trouble, "no address was typed here"


async def test_what_was_applied_while_the_files_were_read_is_not_overwritten() -> None:
    bench = Bench()
    bench.model.open("farm")
    await until(lambda: bool(bench.tasks.names))
    await asyncio.sleep(0)
    bench.session.run(revision=5)
    assert (await bench.draft()).base == {"node1": 4, "node2": 4, "node3": 4}


async def test_an_apply_that_reached_some_nodes_can_be_made_whole() -> None:
    draft = await Bench().draft()
    draft.apply.ended.emit(Outcome.INCOMPLETE)
    assert draft.base == {}, "the nodes that have it are not where the edit began any more"


async def test_after_an_apply_the_draft_begins_at_the_new_revision() -> None:
    bench = Bench()
    draft = await bench.draft()
    draft.apply.signature = "f" * 64
    draft.apply.ended.emit(Outcome.APPLIED)
    assert draft.base == {}
    draft.apply.signature = ""  # as a check leaves it, which may come before the next status
    bench.session.run(revision=5, signature="f" * 64)
    assert draft.base == {"node1": 5, "node2": 5, "node3": 5}


async def test_a_node_that_falls_silent_while_a_place_is_chosen_exports_nothing(tmp_path: Path) -> None:
    bench = Bench()
    await bench.draft()
    told: list[tuple[str, bool]] = []
    bench.model.answered.connect(lambda text, done: told.append((text, done)))
    bench.session.show(*(silenced(view(f"node{n}", ready())) for n in (1, 2, 3)))
    bench.model.export(tmp_path / "farm.safe")
    await settled(bench.tasks)
    assert told == [("farm: no node that has it answers", False)]


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.CHECKED])
async def test_what_changed_nothing_keeps_where_the_edit_began(outcome: Outcome) -> None:
    draft = await Bench().draft()
    draft.apply.ended.emit(outcome)
    assert draft.base == {"node1": 4, "node2": 4, "node3": 4}
