"""The module page in a window, by mouse and keyboard."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.services.nodes import Credentials, NodeAddress
from app.viewmodels.module_configuration import ModuleConfiguration
from app.viewmodels.module_elements import Listing
from app.viewmodels.module_fields import Tab
from app.views.configuration.module_page import ModulePage
from nodeagent.contract.api import ClusterInfo, ModuleInfo
from nodeagent.contract.module_files import USERCONFIG
from tests.app.conftest import Look
from tests.app.viewmodels.farms import FakeSession, ready, view
from tests.app.viewmodels.modules import FULL, RULES
from tests.app.views.windows import shown

ROOT = Path(__file__).parents[3]
TEMPLATE = ROOT / "resources/modules/farm"
FILES = {path.relative_to(TEMPLATE).as_posix(): path.read_bytes() for path in TEMPLATE.rglob("*") if path.is_file()}
CLUSTER = b"""<cluster><lans><lan name="default" command="on">
<node name="node1" addr="10.0.0.1"/><node name="node2" addr="10.0.0.2"/><node name="node3" addr="10.0.0.3"/>
</lan><lan name="private"><node name="node1" addr="10.1.0.1"/></lan></lans></cluster>"""


class FakeConfiguredSession(FakeSession):
    """Three nodes with one module whose files the test gives."""

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(*(view(f"node{n}", ready()) for n in (1, 2, 3)))
        self.files = files

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        return Credentials("admin", "secret-secret")

    async def cluster(self, node: str) -> ClusterInfo:
        return ClusterInfo(True, node, CLUSTER)

    async def modules(self, node: str) -> tuple[ModuleInfo, ...]:
        return (ModuleInfo("farm", True, 4, ("node1", "node2", "node3")),)

    async def module_files(self, node: str, module: str) -> dict[str, bytes]:
        return self.files


class FakeTasks:
    """Runs what it is given to its end at once."""

    def start(self, work: Coroutine[Any, Any, None], name: str) -> Any:
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(work)
        finally:
            loop.close()


def opened(files: dict[str, bytes] | None = None) -> tuple[ModulePage, ModuleConfiguration]:
    model = ModuleConfiguration(FakeConfiguredSession(files or FILES), FakeTasks())  # type: ignore[arg-type]
    page = ModulePage(model, "Contoso web")
    model.open("farm")
    return page, model


def edited() -> dict[str, bytes]:
    return FILES | {USERCONFIG: FILES[USERCONFIG].replace(b"PROCESS_NAME", b"w3wp.exe")}


@pytest.mark.parametrize(
    "tab", ["general", "vip", "check", "failover", "processes", "user", "health", "scripts", "new", "empty"]
)
def test_looks(tab: str, look: Look, shot: Callable[[QWidget, str], Path]) -> None:
    page, model = opened(edited())
    with shown(page, look.width - 256, look.height - 48):
        assert model.draft is not None
        editor = model.draft.editor
        if tab in {"vip", "check", "failover"}:
            editor.set_file(USERCONFIG, FULL.encode(), "all of it")
            editor.show(Tab(tab))
            if tab == "vip":
                editor.lists.choose(Listing.ADDRESSES, editor.lists.rows(Listing.ADDRESSES)[1].path)
            elif tab == "failover":
                editor.set_rules(RULES.replace("== down", "== dwn"))
        elif tab == "processes":
            editor.show(Tab.PROCESSES)
            editor.set_field("safe/service/errd/proc", "grace", "0.4ms")
            page.next.click()
        elif tab == "scripts":
            page.views.chosen.emit("scripts")
        elif tab == "new":
            model.begin_new()
        elif tab == "empty":
            model.open("")
        else:
            editor.show(Tab(tab))
        assert shot(page, f"module-{tab}-{look.name}").exists()
        assert page.width() == look.width - 256
        if look.width == 1280:
            assert page.minimumSizeHint().width() <= 1024
            assert page.minimumSizeHint().height() <= 672


def test_typing_in_the_form_shows_in_the_xml_and_undo_takes_it_back(qapp: QApplication) -> None:
    page, model = opened()
    with shown(page):
        row = page.form.rows(Tab.GENERAL)[2]
        assert isinstance(row.editor, QLineEdit)
        row.editor.selectAll()
        QTest.keyClicks(row.editor, "many")
        assert 'maxloop="many"' in page.xml.code.toPlainText()
        assert "whole number" in row.error()
        assert page.next.text() == "General, Allowed actions"
        assert "Allowed actions" in page.undo.toolTip()
        QTest.mouseClick(page.apply, Qt.MouseButton.LeftButton)
        assert model.draft is not None
        assert not model.draft.apply.rows
        QTest.mouseClick(page.undo, Qt.MouseButton.LeftButton)
        assert model.draft.editor.files == FILES
        assert row.text() == "3"
        assert row.error() == ""


def test_a_process_is_added_by_mouse_and_named_by_keyboard(qapp: QApplication) -> None:
    page, model = opened()
    with shown(page):
        assert model.draft is not None
        model.draft.editor.show(Tab.PROCESSES)
        processes = page.form.processes
        QTest.mouseClick(processes.add, Qt.MouseButton.LeftButton)
        QTest.keyClicks(processes.rows[0].editor, "httpd")
        assert [proc["name"] for proc in model.draft.editor.processes] == ["PROCESS_NAME", "httpd"]
        assert model.draft.editor.errors == ()
        QTest.mouseClick(processes.remove, Qt.MouseButton.LeftButton)
        assert model.draft.editor.files == FILES


def test_a_script_is_edited_as_text(qapp: QApplication) -> None:
    page, model = opened()
    with shown(page):
        page.views.chosen.emit("scripts")
        page.scripts.choose("bin/stop_both.cmd")
        QTest.keyClicks(page.scripts.code, "rem x ")
        assert model.draft is not None
        changed = model.draft.editor.files["bin/stop_both.cmd"]
        assert changed.startswith(b"rem x @echo off")
        assert changed.removeprefix(b"rem x ") == FILES["bin/stop_both.cmd"]
        assert model.draft.editor.undo_name == "Edit bin/stop_both.cmd"
