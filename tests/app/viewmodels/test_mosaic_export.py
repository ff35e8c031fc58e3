"""The result of the load-balancing test as a file."""

import csv
from pathlib import Path

from app.services.mosaic_probe import Answer, ProbeTrouble
from app.viewmodels.mosaic import MosaicModel
from app.viewmodels.mosaic_figures import Round
from app.viewmodels.mosaic_table import HEAD, table
from app.viewmodels.session_model import SessionModel
from tests.app.viewmodels.connecting import owner, settled
from tests.app.viewmodels.farms import ready, stopped, view
from tests.app.viewmodels.test_mosaic import NODES, FakeBalancer, rounds, session


def heard(farm: SessionModel) -> list[tuple[str, bool]]:
    told: list[tuple[str, bool]] = []
    farm.answered.connect(lambda text, done: told.append((text, done)))
    return told


def test_a_line_for_each_connection() -> None:
    cells = (Answer("node1", 1, 0.00424), Answer(seconds=5, trouble=ProbeTrouble.TIMED_OUT), None, Answer("a,b", 0, 1))
    written = table([Round(1_700_000_000.25, cells), Round(1_700_000_001, (Answer("=run(1)", 0, 0.1),))]).decode()
    lines = list(csv.reader(written.splitlines()))
    assert tuple(lines[0]) == HEAD
    assert lines[1:] == [
        ["2023-11-14T22:13:20.250Z", "1", "node1", "4.2", ""],
        ["2023-11-14T22:13:20.250Z", "2", "", "5000.0", "timed out"],
        ["2023-11-14T22:13:20.250Z", "4", "a,b", "1000.0", ""],
        ["2023-11-14T22:13:21.000Z", "1", "'=run(1)", "100.0", ""],
    ]


async def test_it_is_saved_and_a_place_that_refuses_is_said(tmp_path: Path) -> None:
    _, farm = session(ready(), ready(), ready())
    told, tasks = heard(farm), owner()
    model = MosaicModel(farm, "farm", FakeBalancer("node1", "node2", "node3"), tasks)
    assert model.export_reason == "run the test first"
    await rounds(model, 2)
    assert model.export_reason == ""
    assert model.export_name.startswith("farm-20")
    model.export_table(tmp_path / "result.csv")
    model.export_picture(tmp_path / "result.png", b"PNG")
    model.export_table(tmp_path)
    await settled(tasks)
    assert len((tmp_path / "result.csv").read_text().splitlines()) == 1 + 30 * len(model.rounds)
    assert (tmp_path / "result.png").read_bytes() == b"PNG"
    assert (f"The result is saved as {tmp_path / 'result.csv'}", True) in told
    assert [text.startswith("The file cannot be written: ") for text, done in told if not done] == [True]


async def test_the_shares_are_those_that_were_expected_then() -> None:
    thirds = [view(name, ready(share=33.3)) for name in NODES]
    fake, farm = session(ready(share=33.3), ready(share=33.3), ready(share=33.3))
    balancer, tasks = FakeBalancer(*NODES), owner()
    model = MosaicModel(farm, "farm", balancer, tasks)
    assert model.fairness == ""
    await rounds(model, 1)
    assert model.fairness == "χ² 0.00, p\N{NO-BREAK SPACE}= 1.00: shares as expected"
    fake.show(thirds[0], view("node2", stopped()), view("node3", stopped()))
    farm.refresh()
    assert [row.expected for row in model.legend[:3]] == ["33.3\N{NO-BREAK SPACE}%", *["0\N{NO-BREAK SPACE}%"] * 2]
    model.choose(0)
    assert [row.expected for row in model.legend[:3]] == ["33.3\N{NO-BREAK SPACE}%"] * 3
    assert model.fairness == "χ² 0.00, p\N{NO-BREAK SPACE}= 1.00: shares as expected"
    model.choose(None)
    await rounds(model, len(model.rounds) + 1)
    assert model.fairness == "no answer was expected of node2 and node3"
    await settled(tasks)
