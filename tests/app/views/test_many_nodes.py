"""Sixty-four nodes: every page still fits the smallest window, and every button keeps its size."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.services.rollout import Outcome
from app.viewmodels.audit import AuditModel
from app.viewmodels.module_apply import ApplyRow
from app.viewmodels.mosaic import MosaicModel
from app.viewmodels.snapshots import Snapshots
from app.views.mosaic_page import MosaicPage
from app.views.page import Page
from app.views.support.page import SupportPage
from app.views.widgets import Button
from tests.app.viewmodels.farms import FakeSession, FakeTasks, ready, view
from tests.app.viewmodels.test_snapshots import FakeStarter
from tests.app.views.contoso import still
from tests.app.views.test_module_page import opened
from tests.app.views.windows import shown

NODES = tuple(f"web-front-{number:02}" for number in range(64))


def support() -> Page:
    model = still(FakeSession(*(view(name, ready()) for name in NODES)))
    snapshots = Snapshots(model, FakeStarter())
    snapshots.choose("")
    return SupportPage(model, snapshots, AuditModel(model, FakeTasks()))


def mosaic() -> Page:
    model = still(FakeSession(*(view(name, ready()) for name in NODES)))

    async def unasked(*_: object) -> tuple[()]:
        return ()

    return MosaicPage(MosaicModel(model, "farm", unasked, FakeTasks()), "Contoso web")


def applied() -> Page:
    page, model = opened()
    assert model.draft is not None
    model.draft.apply.rows, model.draft.apply.outcome = tuple(map(ApplyRow, NODES)), Outcome.REFUSED
    model.draft.apply.changed.emit()
    return page


@pytest.mark.parametrize("made", [support, mosaic, applied])
def test_sixty_four_nodes(made: Callable[[], Page], qapp: QApplication, shot: Callable[[QWidget, str], Path]) -> None:
    with shown(made(), 1024, 672) as page:
        shot(page, f"many-{made.__name__}")
        hint = page.minimumSizeHint()
        assert (page.width(), page.height()) == (1024, 672)
        assert hint.width() <= 1024
        assert hint.height() <= 672
        assert all(button.height() >= 28 for button in page.findChildren(Button))
