"""What an opened snapshot shows in a window: forms to read, and slots as they were when it was taken."""

from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from app.services.snapshot_file import SnapshotFile, read_snapshot
from app.services.snapshot_session import SnapshotSession
from app.viewmodels.module_elements import LISTS
from app.viewmodels.module_fields import Tab
from app.viewmodels.session_model import SessionModel
from app.viewmodels.snapshot_files import SnapshotFiles
from app.viewmodels.traffic import TrafficModel
from app.views.snapshot.files_page import SnapshotFilesPage
from app.views.snapshot.forms import SavedClusterForm, SavedModuleForm
from app.views.traffic.page import TrafficPage
from app.views.widgets import LinkButton
from nodeagent.contract.status import NodeStatus
from nodeagent.contract.vip_status import VipStatus
from tests.app.services.snapshots import TWO_LANS, parts_of, written
from tests.app.viewmodels.farms import FakeTasks, ready, slots_of, view
from tests.app.viewmodels.modules import FULL
from tests.app.views.windows import shown


def status_of(name: str) -> NodeStatus:
    status = view(name, ready(share_by="slots")).status
    assert status is not None
    return msgspec.structs.replace(status, node_id=int(name[-1]))


def page_of(tmp_path: Path, cluster: bytes = TWO_LANS) -> SnapshotFilesPage:
    parts = parts_of(status_of("node1")) | {"cluster/1/cluster.xml": cluster}
    parts |= {"module/farm/2/conf/userconfig.xml": FULL.encode()}
    file = read_snapshot(written(tmp_path / "one.zip", parts))
    page = SnapshotFilesPage(SnapshotFiles([file]), "Snapshot 14:00")
    page._model.choose_module("farm")
    return page


def module_form(page: SnapshotFilesPage) -> SavedModuleForm:
    assert isinstance(page.form, SavedModuleForm)
    return page.form


def pressable(part: QWidget) -> list[str]:
    found = part.findChildren(QAbstractButton)
    return [
        one.text() or one.accessibleName()
        for one in found
        if one.isVisible() and one.isEnabled() and not isinstance(one, LinkButton)
    ]


def test_lists_can_be_gone_through_and_nothing_is_changed(qapp: QApplication, tmp_path: Path) -> None:
    page = page_of(tmp_path)
    with shown(page, 1664, 1032):
        form, editor = module_form(page), page._model.editor
        assert editor is not None
        fields = set()
        for tab in (*LISTS, Tab.PROCESSES):
            editor.show(tab)
            table = form.form.processes.table if tab is Tab.PROCESSES else form.form.elements(tab).table
            for row in range(table.model().rowCount()):
                place = table.visualRect(table.model().index(row, 0)).center()
                QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)
                QApplication.processEvents()  # fields of another shape are shown by the layout
                assert table.currentIndex().row() == row
                lines = [line for line in form.findChildren(QLineEdit) if line.isVisible()]
                assert all(line.isReadOnly() for line in lines), tab
                fields |= {line.text() for line in lines}
                QTest.keyClick(table, Qt.Key.Key_Delete)
                assert pressable(form) == ["Copy the file"], tab
        assert {"10.0.0.100", "db_alive", "one", "two", "WORD", "blue"} <= fields
        assert "on_addr: by the client's address" in fields, "a choice is shown in its words"
        assert editor.xml == FULL.encode()


def test_rules_and_xml_take_no_key(qapp: QApplication, tmp_path: Path) -> None:
    page = page_of(tmp_path)
    with shown(page, 1664, 1032):
        form, editor = module_form(page), page._model.editor
        assert editor is not None
        editor.show(Tab.RULES)
        QApplication.clipboard().setText("pasted")
        for code in (form.form.rules.code, form.xml.code):
            before = code.toPlainText()
            QTest.mouseClick(code.viewport(), Qt.MouseButton.LeftButton)
            QTest.keyClicks(code, "x\r\b")
            QTest.keyClick(code, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
            assert code.toPlainText() == before != ""
            QTest.keyClick(code, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
            QTest.keyClick(code, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
            assert QApplication.clipboard().text() == before
        form.form.rules.take()
        assert editor.xml == FULL.encode()


@pytest.mark.parametrize(("width", "beside"), [(1024, False), (1184, True)])
def test_the_xml_is_beside_the_form_where_there_is_room(
    qapp: QApplication, tmp_path: Path, width: int, beside: bool
) -> None:
    page = page_of(tmp_path)
    with shown(page, width, 672):
        assert module_form(page).xml.isVisible() is beside
        page._model.choose_revision(1)
        assert module_form(page).xml.isVisible() is beside
        assert page.minimumSizeHint().width() <= 1024


def test_a_cluster_that_cannot_be_read_is_still_among_the_files(qapp: QApplication, tmp_path: Path) -> None:
    page = page_of(tmp_path, TWO_LANS[:100])
    with shown(page):
        page._model.choose_module("")
        form = page.form
        assert isinstance(form, SavedClusterForm)
        assert form.unread.isVisible()
        assert not form.table.isVisible()
        page.views._buttons["files"].click()
        assert page.code.isVisible()
        assert page.code.toPlainText() == TWO_LANS[:100].decode()
        page._model.choose_module("api")
        assert page.empty.isVisible()
        assert not page.views.isVisible()


def slots_page(*vips: tuple[VipStatus, ...] | None) -> TrafficPage:
    files = [SnapshotFile(Path("a.zip"), status_of(f"node{at}"), vips=told) for at, told in enumerate(vips, 1)]
    session = SnapshotSession("s", files)
    model = SessionModel(session, FakeTasks(), at=session.moment)
    return TrafficPage(TrafficModel(model, "farm", FakeTasks()), "Snapshot 14:00")


def test_slots_are_shown_as_they_were_and_nobody_is_asked_again(qapp: QApplication) -> None:
    with shown(slots_page((slots_of("node1"),), (slots_of("node2"),))) as page:
        page.refresh()
        assert page.grid.isVisible()
        assert page.slots_card.facts.text() == "who owns each of 256 slots, and whether its owner takes it"
        lines = [line.accessibleName() for line in page._node_lines]
        assert lines[2] == "node3: serves, table b2c3d4 applied, no snapshot of it is open"
        assert pressable(page) == []
        assert not page.where.isVisible()
        assert not page._clock.isActive()


def test_without_slots_it_says_why(qapp: QApplication) -> None:
    with shown(slots_page(None)) as page:
        page.refresh()
        assert page.empty.accessibleName() == "No slots are in this snapshot"
        assert page.empty.accessibleDescription() == "node1: it is not in the snapshot"
        assert pressable(page) == []
    with shown(slots_page(())) as page:
        page.refresh()
        assert page.empty.accessibleName() == "farm has no virtual IP"
        assert page.empty.accessibleDescription() == "A load balancer decided who served."
