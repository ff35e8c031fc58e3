"""The load-balancing test without a window: rounds, figures, expected shares, nodes beside it."""

import asyncio
from typing import Any

import pytest

from app.services.mosaic_probe import Answer, MosaicTarget, ProbeTrouble
from app.services.tasks import TaskOwner
from app.viewmodels.menus import Deed
from app.viewmodels.mosaic import MosaicModel, OnAnswer
from app.viewmodels.mosaic_figures import legend, numbered, quantile, strip
from app.viewmodels.session_model import SessionModel
from tests.app.viewmodels.connecting import owner, settled, until
from tests.app.viewmodels.farms import FakeSession, ready, stopped, view

NODES = ("node1", "node2", "node3")


class FakeBalancer:
    """Answers cells in turn by the nodes that it holds good; none = refused."""

    def __init__(self, *nodes: str) -> None:
        self.nodes = nodes
        self.asked: list[MosaicTarget] = []

    async def __call__(self, target: MosaicTarget, cells: int, on_answer: OnAnswer) -> tuple[Answer, ...]:
        self.asked.append(target)
        answers = []
        for cell in range(cells):
            await asyncio.sleep(0)
            answer = Answer(trouble=ProbeTrouble.REFUSED)
            if self.nodes:
                name = self.nodes[cell % len(self.nodes)]
                answer = Answer(name, NODES.index(name) + 1, 0.004 + cell / 1000)
            on_answer(cell, answer)
            answers.append(answer)
        return tuple(answers)


class NoTasks:
    def start(self, work: Any, name: str) -> Any:
        raise AssertionError(f"nothing may run here: {name}")


def session(*modules: Any) -> tuple[FakeSession, SessionModel]:
    fake = FakeSession(*(view(name, module) for name, module in zip(NODES, modules, strict=True)))
    return fake, SessionModel(fake, NoTasks())  # type: ignore[arg-type]


async def rounds(model: MosaicModel, count: int) -> None:
    model.set_every(0.0)
    model.run()
    async with asyncio.timeout(10):
        while len(model.rounds) < count:
            await asyncio.sleep(0.01)
    model.pause()


async def test_thirty_cells_ten_for_each_node_then_fifteen_when_one_is_gone() -> None:
    errors: list[Exception] = []
    tasks = TaskOwner(lambda _name, error: errors.append(error))
    fake, farm = session(ready(share=33.3), ready(share=33.3), ready(share=33.3))
    balancer = FakeBalancer(*NODES)
    model = MosaicModel(farm, "farm", balancer, tasks)
    assert (model.address, model.port) == ("10.0.0.1", "9010")
    assert model.numbers == (None,) * 30
    await rounds(model, 1)
    assert [(row.name, row.count) for row in model.legend] == [
        ("node1", 10),
        ("node2", 10),
        ("node3", 10),
        ("failed", 0),
    ]
    assert [row.expected for row in model.legend[:3]] == ["33.3\xa0%"] * 3
    assert balancer.asked[0].path == "/safekit/mosaic/who?m=farm"
    balancer.nodes = ("node1", "node3")
    fake.show(view("node1", ready()), view("node2", stopped()), view("node3", ready()))
    farm.refresh()
    await rounds(model, 2)
    assert [(row.count, row.expected) for row in model.legend[:3]] == [(15, "50\xa0%"), (0, "0\xa0%"), (15, "50\xa0%")]
    assert len(model.strip) == 2
    model.choose(0)
    assert model.chosen == 0
    assert [row.count for row in model.legend] == [10, 10, 10, 0]
    assert "the chosen round" in model.facts
    model.choose(None)
    assert model.chosen is None
    await tasks.aclose()
    assert errors == []


async def test_nothing_answers_is_said_with_what_to_do() -> None:
    tasks = TaskOwner(lambda _name, _error: None)
    _, farm = session(ready(), ready(), ready())
    model = MosaicModel(farm, "farm", FakeBalancer(), tasks)
    await rounds(model, 1)
    assert model.numbers == (0,) * 30
    assert model.failures == "refused 30"
    assert "Nothing listens on 10.0.0.1:9010" in model.advice
    assert model.totals == (30, 30)
    assert model.cell_words(3) == "refused"
    assert model.latency == ("", "")
    await tasks.aclose()


@pytest.mark.parametrize(
    ("address", "port", "why"),
    [("", "9010", "Type the address"), ("a b", "9010", "no address"), ("http://x/y", "9010", "no address"),
     ("lb", "0", "1 to 65535"), ("lb", "x", "1 to 65535"), ("lb", "70000", "1 to 65535"), ("::1", "9010", "")],
)  # fmt: skip
def test_what_cannot_be_asked_is_not_run(address: str, port: str, why: str) -> None:
    _, farm = session(ready(), ready(), ready())
    model = MosaicModel(farm, "farm", FakeBalancer(), NoTasks())
    model.set_address(address)
    model.set_port(port)
    assert why in model.run_reason
    assert bool(model.run_reason) == bool(why)
    if why:
        model.run()
        assert not model.running


def test_nodes_beside_it_are_stopped_and_started_again_with_the_question_of_the_last_one() -> None:
    _, farm = session(ready(), stopped(), stopped())
    model = MosaicModel(farm, "farm", FakeBalancer(), NoTasks())
    lines = model.node_lines()
    assert [(line.number, line.name) for line in lines] == [(1, "node1"), (2, "node2"), (3, "node3")]
    deeds = [line.entry.command.deed if line.entry.command else None for line in lines]
    assert deeds == [Deed.STOP, Deed.START, Deed.START]
    assert lines[0].entry.question is not None
    assert "no node will answer" in lines[0].entry.question.sentence


def test_an_unknown_node_keeps_a_number_of_its_own_and_failures_are_last() -> None:
    cells = [Answer("node2", 2, 0.1), Answer("other", 0, 0.1), Answer(trouble=ProbeTrouble.RESET), None]
    assert numbered(cells, NODES) == (2, 4, 0, None)
    rows = legend(cells, NODES, {})
    assert [(row.number, row.name, row.count) for row in rows][3:] == [(4, "other", 1), (0, "failed", 1)]
    assert strip([], NODES) == ()


def test_quantiles_are_of_the_nearest_rank() -> None:
    ordered = [float(n) for n in range(1, 101)]
    assert (quantile(ordered, 0.5), quantile(ordered, 0.99)) == (51.0, 100.0)
    assert quantile([3.0], 0.99) == 3.0


async def test_a_late_answer_of_a_paused_round_is_nobodys() -> None:
    told: list[OnAnswer] = []

    async def hanging(target: MosaicTarget, cells: int, on_answer: OnAnswer) -> tuple[Answer, ...]:
        told.append(on_answer)
        await asyncio.Event().wait()
        return ()

    tasks = owner()
    _, model_of = session(ready(), ready(), ready())
    model = MosaicModel(model_of, "farm", hanging, tasks)
    assert model.running_words == ""
    model.run()
    await until(lambda: len(told) == 1)
    assert model.running_words.startswith("running for ")
    model.pause()
    assert model.running_words == "paused"
    told[0](29, Answer("node1", 1, 0.004))
    model.run()
    await until(lambda: len(told) == 2)
    told[0](28, Answer("node1", 1, 0.004))
    assert set(model.numbers) == {None}
    model.pause()
    await settled(tasks)
