"""The Support page in a window."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.viewmodels.audit import AuditModel
from app.viewmodels.snapshots import Snapshots
from app.views.support.page import SupportPage
from nodeagent.contract.record_api import AuditLine
from tests.app.conftest import Look
from tests.app.viewmodels.farms import NOW, FakeSession, FakeTasks
from tests.app.viewmodels.test_snapshots import FakeStarter
from tests.app.views.contoso import contoso, still
from tests.app.views.windows import shown


def made() -> tuple[FakeSession, Snapshots, SupportPage]:
    session = contoso()
    session.audits = {
        "node1": tuple(
            AuditLine(at, NOW - at * 400, "j.doe", "10.0.0.5", f"pause checker of api for {at} min", "accepted")
            for at in range(1, 9)
        ),
        "node3": (AuditLine(1, NOW - 20, "m.lindqvist", "WS-104", "start farm", "refused: port 80 is in use"),),
    }
    model = still(session)
    snapshots = Snapshots(model, FakeStarter())
    snapshots.choose("")
    return session, snapshots, SupportPage(model, snapshots, AuditModel(model, FakeTasks()))


def test_looks(look: Look, shot: Callable[[QWidget, str], Path], tmp_path: Path) -> None:
    _, snapshots, page = made()
    with shown(page, look.width - 256, look.height - 48):
        snapshots.save(tmp_path)
        assert shot(page, f"support-{look.name}").exists()
        assert page.minimumSizeHint().width() <= 1024
        assert page.minimumSizeHint().height() <= 672


def test_nodes_are_ticked_saved_and_found_again(qapp: QApplication, tmp_path: Path) -> None:
    session, snapshots, page = made()
    with shown(page):
        assert [name for name, box in page.snapshots.boxes.items() if box.isChecked()] == ["node1", "node2", "node3"]
        QTest.mouseClick(page.snapshots.boxes["node2"], Qt.MouseButton.LeftButton)
        QTest.mouseClick(page.snapshots.anonymise, Qt.MouseButton.LeftButton)
        snapshots.save(tmp_path)
        assert [call[1] for call in session.called if call[0] == "snapshot"] == ["node1", "node3"]
        assert all("6 bytes in" in text for text in page.snapshots.texts().values())
        assert page.table.model().rowCount() == 9
        page.find_here()
        QTest.keyClicks(page.search, "lindqvist")
        assert page.table.model().rowCount() == 1
        assert page.table.model().index(0, 4).data() == "start farm"
