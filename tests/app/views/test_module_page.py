"""The module page in a window, by mouse and keyboard."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from app.services.nodes import Credentials, NodeAddress, NodeView
from app.services.tasks import TaskOwner
from app.viewmodels.module_configuration import ModuleConfiguration
from app.viewmodels.module_fields import Tab
from app.views.configuration.module_page import ModulePage
from nodeagent.contract.api import ClusterInfo, ModuleInfo
from nodeagent.contract.module_files import USERCONFIG
from tests.app.conftest import Look
from tests.app.viewmodels.farms import FakeSession, ready, view

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


@pytest.mark.parametrize("tab", ["general", "processes", "user", "health", "scripts", "new", "empty"])
def test_looks(tab: str, look: Look, shot: Callable[[QWidget, str], Path]) -> None:
    page, model = opened(edited())
    page.resize(look.width - 256, look.height - 48)
    editor = model.draft.editor if model.draft else None
    assert editor is not None
    if tab == "processes":
        editor.show(Tab.PROCESSES)
        editor.set_field("safe/service/errd/proc", "grace", "0.4ms")
        page._jump()
    elif tab == "scripts":
        page._choose_view("scripts")
    elif tab == "new":
        model.begin_new()
    elif tab == "empty":
        model.open("")
    else:
        editor.show(Tab(tab))
    assert shot(page, f"module-{tab}-{look.name}").exists()
    assert page.minimumSizeHint().width() <= 1024
    assert page.minimumSizeHint().height() <= 672
    assert page.width() == look.width - 256
