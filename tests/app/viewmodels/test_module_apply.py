"""From a new module to its apply: sources, names, chosen nodes, rows, and how it ends."""

import asyncio
import io
import zipfile
from pathlib import Path

import pytest

from app.resource_files import resource
from app.services.module_package import PackageTrouble, read_package, template
from app.services.module_rollout import ModuleRequest
from app.services.nodes import Credentials, NodeAddress
from app.services.rollout import Applied, OnStep, Outcome, Stage, Step, StepState
from app.services.tasks import TaskOwner
from app.viewmodels.module_apply import ModuleApply
from app.viewmodels.new_module import NewModule, templates
from nodeagent.client.failures import Trouble
from nodeagent.contract.module_files import USERCONFIG
from tests.app.viewmodels.farms import FakeSession, ready, view


class FakeLoginSession(FakeSession):
    def __init__(self, *without: str) -> None:
        super().__init__(*(view(f"node{n}", ready()) for n in (1, 2)))
        self.without = without

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        return None if address.address in self.without else Credentials("admin", "secret-secret")


async def good(request: ModuleRequest, on_step: OnStep) -> Applied:
    for stage in Stage:
        for target in request.targets:
            on_step(Step(target.name, stage, StepState.RUNNING))
            on_step(Step(target.name, stage, StepState.DONE, 0.5))
    return Applied(Outcome.APPLIED, "abc")


async def refused(request: ModuleRequest, on_step: OnStep) -> Applied:
    on_step(Step("node1", Stage.CHECK, StepState.DONE))
    on_step(Step("node2", Stage.CHECK, StepState.FAILED, 0.1, Trouble.TIMED_OUT))
    return Applied(Outcome.REFUSED)


async def hanging(_request: ModuleRequest, on_step: OnStep) -> Applied:
    on_step(Step("node1", Stage.STAGE, StepState.RUNNING))
    await asyncio.Event().wait()
    raise AssertionError("it is cancelled")


async def ended(apply: ModuleApply, nodes: tuple[str, ...] = ("node1", "node2")) -> None:
    apply.apply("farm", {USERCONFIG: b"<safe/>"}, nodes, {})
    async with asyncio.timeout(10):
        while apply.running:
            await asyncio.sleep(0.01)


@pytest.fixture
def tasks() -> TaskOwner:
    return TaskOwner(lambda name, error: pytest.fail(f"{name}: {error}"))


async def test_all_steps_of_all_nodes_end_in_one_verdict(tasks: TaskOwner) -> None:
    apply = ModuleApply(FakeLoginSession(), tasks, apply=good)
    outcomes: list[Outcome] = []
    apply.ended.connect(outcomes.append)
    await ended(apply)
    assert outcomes == [Outcome.APPLIED]
    assert [(row.done, row.seconds) for row in apply.rows] == [(tuple(Stage), 2.0)] * 2
    assert apply.verdict == "In force on all chosen nodes."
    apply.close()
    assert apply.rows == ()


async def test_a_refusal_names_the_node_and_the_remedy(tasks: TaskOwner) -> None:
    apply = ModuleApply(FakeLoginSession(), tasks, apply=refused)
    await ended(apply)
    assert [row.failed for row in apply.rows] == [False, True]
    assert apply.rows[1].text.startswith("timed out: ")
    assert apply.rows[1].text.endswith("open TCP 9453 there.")
    assert "Nothing has changed" in apply.verdict


async def test_a_node_without_a_password_stops_it_before_anything_is_sent(tasks: TaskOwner) -> None:
    apply = ModuleApply(FakeLoginSession("10.0.0.2"), tasks, apply=good)
    await ended(apply)
    assert apply.rows[0].done == ()
    assert "password" in apply.rows[1].text
    assert apply.outcome is Outcome.REFUSED


async def test_it_can_be_cancelled_while_nothing_is_committed(tasks: TaskOwner) -> None:
    apply = ModuleApply(FakeLoginSession(), tasks, apply=hanging)
    apply.apply("farm", {}, ("node1", "node2"), {})
    async with asyncio.timeout(10):
        while apply.rows[0].stage is None:
            await asyncio.sleep(0.01)
        assert apply.cancellable
        apply.cancel()
        while apply.running:
            await asyncio.sleep(0.01)
    assert "Cancelled" in apply.verdict


async def test_the_template_begins_a_module_under_a_good_new_name(tasks: TaskOwner) -> None:
    model = NewModule(("farm",), tasks)
    made: list[tuple[str, dict[str, bytes]]] = []
    model.created.connect(lambda name, files: made.append((name, files)))
    assert model.name_error == ""
    for name, why in (("", "Give the module"), ("a b", "letters, digits"), ("farm", "already"), ("con", "Windows")):
        model.set_name(name)
        assert why in model.name_error
        model.create()
    assert made == []
    model.set_name("api")
    model.create()
    async with asyncio.timeout(10):
        while not made:
            await asyncio.sleep(0.01)
    assert made == [("api", await template("farm"))]


@pytest.mark.parametrize("folder", templates())
async def test_each_template_can_be_begun_under_its_own_name(folder: str, tasks: TaskOwner) -> None:
    model = NewModule((), tasks)
    made: list[tuple[str, dict[str, bytes]]] = []
    model.created.connect(lambda name, files: made.append((name, files)))
    model.choose_template(folder)
    assert not model.reason
    model.create()
    async with asyncio.timeout(10):
        while not made:
            await asyncio.sleep(0.01)
    assert made == [(folder, await template(folder))]


def test_every_shipped_template_is_offered() -> None:
    assert set(templates()) == {folder.name for folder in resource("modules").iterdir() if folder.is_dir()}


async def test_a_name_that_was_typed_stays_when_another_template_is_chosen(tasks: TaskOwner) -> None:
    model = NewModule((), tasks)
    model.set_name("shop")
    model.choose_template("nginx_farm")
    assert model.name == "shop"


def packed(**entries: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "trouble"),
    [
        (packed(**{USERCONFIG: b"<safe/>", "bin/start_both": b"x", "doc/a": b""}), None),
        (b"no zip", PackageTrouble.NOT_A_PACKAGE),
        (packed(**{"bin/x": b""}), PackageTrouble.NO_CONFIGURATION),
        (packed(**{USERCONFIG: b"", "bin/../../x": b""}), PackageTrouble.NOT_ALLOWED),
        (packed(**{USERCONFIG: b"", "bin/zeros": bytes(3_000_000)}), PackageTrouble.TOO_LARGE),
    ],
)
async def test_a_package_is_read_or_refused_with_the_reason(
    data: bytes, trouble: PackageTrouble | None, tmp_path: Path
) -> None:
    path = tmp_path / "farm.safe"
    path.write_bytes(data)
    package = await read_package(path)
    assert package.trouble is trouble
    if trouble is None:
        assert set(package.files) == {USERCONFIG, "bin/start_both"}
        assert package.left_out == ("doc",)
    assert (await read_package(tmp_path / "none.safe")).trouble is PackageTrouble.NOT_READABLE
