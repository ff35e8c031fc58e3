"""The test page in a window: settings, the grid, the strip, the nodes beside it."""

from collections import deque
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from app.services.mosaic_probe import Answer, ProbeTrouble
from app.viewmodels.mosaic import MosaicModel
from app.viewmodels.mosaic_figures import Round
from app.views.mosaic_page import MosaicPage
from app.views.widgets import Words
from tests.app.conftest import Look
from tests.app.viewmodels.farms import NOW, ready, stopped
from tests.app.viewmodels.test_mosaic import FakeBalancer, NoTasks, session
from tests.app.views.windows import shown


def played() -> MosaicModel:
    _, farm = session(ready(), ready(), ready())
    model = MosaicModel(farm, "farm", FakeBalancer(), NoTasks())
    model.set_address("lb.contoso.example")
    nodes = ("node1", "node2", "node3")
    rounds = []
    for at in range(40):
        left = nodes if at < 20 else ("node1", "node3")
        cells = [
            Answer(
                left[(cell * 7 + at) % len(left)],
                nodes.index(left[(cell * 7 + at) % len(left)]) + 1,
                0.003 + cell / 5000,
            )
            for cell in range(30)
        ]
        if at in {20, 39}:
            cells[4] = cells[11] = Answer(trouble=ProbeTrouble.RESET)
        rounds.append(Round(NOW + at, tuple(cells), dict.fromkeys(left, 100 / len(left))))
    model.rounds = deque(rounds, maxlen=120)
    return model


def test_looks(look: Look, shot: Callable[[QWidget, str], Path]) -> None:
    with shown(MosaicPage(played(), "Contoso web"), look.width - 256, look.height - 48) as page:
        assert shot(page, f"test-{look.name}").exists()
        assert page.minimumSizeHint().width() <= 1024
        assert (page.width(), page.height()) == (look.width - 256, look.height - 48)


def test_cells_and_bars_are_where_they_are_hit(qapp: QApplication) -> None:
    model = played()
    with shown(MosaicPage(model, "Contoso web")) as page:
        assert [page.grid.cell_at(page.grid.cell(cell).center()) for cell in range(30)] == list(range(30))
        assert page.grid.cell_at(page.grid.rect().bottomRight()) is None
        assert "node1 14" in page.grid.accessibleDescription()
        QTest.mouseClick(page.rounds, Qt.MouseButton.LeftButton, pos=page.rounds.bar(10).center())
        assert model.chosen == 10
        page._repaint()
        QTest.keyClick(page.rounds, Qt.Key.Key_Left)
        assert model.chosen == 9
        page._repaint()
        QTest.keyClick(page.rounds, Qt.Key.Key_Escape)
        assert model.chosen is None


def test_the_result_is_exported_from_a_menu(qapp: QApplication, tmp_path: Path) -> None:
    _, farm = session(ready(), ready(), ready())
    with shown(MosaicPage(MosaicModel(farm, "farm", FakeBalancer(), NoTasks()), "Contoso web")) as page:
        assert not page.export.isEnabled()
        assert "run the test first" in page.export.toolTip()
        assert page.fairness.text() == ""
    saved: list[Path] = []
    model = played()
    with shown(MosaicPage(model, "Contoso web")) as page:
        assert page.export.isEnabled()
        assert page.fairness.text() == "χ² 0.00, p\N{NO-BREAK SPACE}= 1.00: shares as expected"
        page.export._ask("csv", saved.append)
        (dialog,) = page.findChildren(QFileDialog)
        assert (dialog.acceptMode(), dialog.defaultSuffix()) == (QFileDialog.AcceptMode.AcceptSave, "csv")
        dialog.fileSelected.emit(str(tmp_path / "result.csv"))
        dialog.close()
    assert saved == [tmp_path / "result.csv"]


def test_a_wrong_port_greys_the_run_button_with_the_reason(qapp: QApplication) -> None:
    with shown(MosaicPage(played(), "Contoso web")) as page:
        page.port.line.selectAll()
        QTest.keyClicks(page.port.line, "99999")
        page._repaint()
        assert "1 to 65535" in page.port.error()
        assert not page.run_button.isEnabled()
        assert "1 to 65535" in page.run_button.toolTip()


def test_stopping_the_last_node_asks_first(qapp: QApplication) -> None:
    fake, farm = session(ready(), stopped(), stopped())
    with shown(MosaicPage(MosaicModel(farm, "farm", FakeBalancer(), NoTasks()), "Contoso web")) as page:
        QTest.mouseClick(page.node_button("node1"), Qt.MouseButton.LeftButton)
        assert fake.called == []
        assert any("no node will answer" in words.text() for words in page.findChildren(Words))
