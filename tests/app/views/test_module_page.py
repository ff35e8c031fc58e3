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

from app.services.nodes import Credentials, NodeAddress
from app.services.rollout import Outcome
from app.viewmodels.module_apply import ApplyRow
from app.viewmodels.module_configuration import ModuleConfiguration
from app.viewmodels.module_elements import Listing
from app.viewmodels.module_fields import Tab
from app.viewmodels.text import use_language
from app.views.configuration.module_page import ModulePage
from app.views.theme import theme
from app.views.widgets import AskSheet
from app.views.widgets.painting import text_width
from app.views.widgets.tables import EDGE, PADDING
from nodeagent.contract.api import ClusterInfo, ModuleInfo
from nodeagent.contract.module_files import USERCONFIG
from nodeagent.contract.revisions import Difference, FileChange, Revision, Uninstalled
from nodeagent.contract.vip_status import FloodHeard, FloodProbe
from tests.app.conftest import Look
from tests.app.viewmodels.farms import NOW, FakeSession, ready, stopped, view
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
        self.deaf: set[str] = set()
        """Nodes whose switch port does not flood."""

    async def credentials_of(self, address: NodeAddress) -> Credentials | None:
        return Credentials("admin", "secret-secret")

    async def cluster(self, node: str) -> ClusterInfo:
        return ClusterInfo(True, node, CLUSTER)

    async def modules(self, node: str) -> tuple[ModuleInfo, ...]:
        return (ModuleInfo("farm", True, 4, ("node1", "node2", "node3")),)

    async def module_files(self, node: str, module: str, revision: int = 0) -> dict[str, bytes]:
        return self.files if revision != 3 else self.files | {"bin/start_both": b"#!/bin/sh\nexit 3\n"}

    async def module_history(self, node: str, module: str) -> tuple[Revision, ...]:
        return (
            Revision(4, NOW - 600, "j.doe", "b", ("node1",), current=True, changed=("bin/start_both", USERCONFIG)),
            Revision(3, NOW - 90000, "m.lindqvist", "a", ("node1",), changed=(USERCONFIG,)),
        )

    async def module_difference(self, node: str, module: str, earlier: int, later: int) -> Difference:
        diff = "--- a/bin/start_both\n+++ b/bin/start_both\n@@ -1,2 +1,2 @@\n #!/bin/sh\n-exit 0\n+exit 3\n"
        return Difference(later - 1, later, (FileChange("bin/start_both", "changed", diff),))

    async def module_archive(self, node: str, module: str) -> bytes:
        return b"PK archive"

    async def flood_probe(self, node: str, request: FloodProbe) -> FloodHeard:
        others = tuple(f"node{n}" for n in (1, 2, 3) if node != f"node{n}")
        return FloodHeard(node, "eth0", others, others if node not in self.deaf else ())

    async def uninstall(self, node: str, module: str) -> Uninstalled:
        self._note("uninstall", node, module)
        return Uninstalled(f"/var/keepgreen/backup/{module}.safe")


class FakeTasks:
    """Runs what it is given to its end at once; what that starts is only noted, for it would ask real nodes."""

    def __init__(self) -> None:
        self.running = False
        self.noted: list[str] = []

    def start(self, work: Coroutine[Any, Any, None], name: str) -> Any:
        if self.running:
            self.noted.append(name)
            work.close()
            return
        self.running = True
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(work)
        finally:
            self.running = False
            loop.close()


def opened(files: dict[str, bytes] | None = None) -> tuple[ModulePage, ModuleConfiguration]:
    model = ModuleConfiguration(FakeConfiguredSession(files or FILES), FakeTasks())  # type: ignore[arg-type]
    page = ModulePage(model, "Contoso web")
    model.open("farm")
    return page, model


def edited() -> dict[str, bytes]:
    return FILES | {USERCONFIG: FILES[USERCONFIG].replace(b"PROCESS_NAME", b"w3wp.exe")}


@pytest.mark.parametrize(
    "tab",
    [
        "general",
        "diff",
        "history",
        "vip",
        "check",
        "failover",
        "processes",
        "user",
        "health",
        "scripts",
        "new",
        "empty",
    ],
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
                model._session.deaf |= {"node3"} if look.mode == "dark" else set()  # type: ignore[attr-defined]
                QTest.mouseClick(page.form.elements(Tab.VIP).advice.test, Qt.MouseButton.LeftButton)
                assert len(page.form.elements(Tab.VIP).advice.words) == 4
            elif tab == "failover":
                editor.set_rules(RULES.replace("== down", "== dwn"))
        elif tab == "processes":
            editor.show(Tab.PROCESSES)
            editor.set_field("safe/service/errd/proc", "grace", "0.4ms")
            page.next.click()
        elif tab in {"diff", "history"}:
            editor.set_field("safe/service", "maxloop", "7")
            page.views.chosen.emit(tab)
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


def test_a_long_value_is_read_from_its_beginning(qapp: QApplication) -> None:
    value = "server --listen 0.0.0.0:8443 --configuration /etc/contoso/server.toml"
    page, model = opened()
    with shown(page):
        assert model.draft is not None
        model.draft.editor.show(Tab.PROCESSES)
        model.draft.editor.set_field("safe/service/errd/proc", "argregex", value)
        (field,) = (line for line in page.findChildren(QLineEdit) if line.text() == value)
        assert field.fontMetrics().horizontalAdvance(field.text()) > field.width()
        assert field.cursorPosition() == 0


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_word_in_force_is_never_cut(language: str, qapp: QApplication) -> None:
    use_language(language)
    try:
        page, _ = opened()
        with shown(page, 1024, 672):
            page.views.chosen.emit("history")
            table = page._parts["farm"].history.table
            words = table.model().index(0, 0).data()
            room = table.columnWidth(0) - EDGE - PADDING
            assert text_width(words, theme.font(strong=True)) <= room
    finally:
        use_language("en")


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


def test_a_checker_is_added_filled_in_and_explained(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    editor = model.draft.editor
    with shown(page):
        editor.show(Tab.CHECKERS)
        checkers = page.form.elements(Tab.CHECKERS)
        tcp = next(one for one in editor.lists.additions(Listing.CHECKERS) if one.words.startswith("tcp"))
        checkers.add_one(tcp)
        QApplication.processEvents()
        rows = {row.state.spec.attribute: row for row in checkers.rows}
        assert rows["ident"].editor.hasFocus()
        assert rows["ident"].error()
        QTest.keyClicks(rows["ident"].editor, "web")
        rows["port"].editor.setFocus()
        QTest.keyClicks(rows["port"].editor, "443")
        assert editor.errors == ()
        assert "1 failure of tcp.web is noticed within 10 s" in page.form.note.accessibleDescription()
        QTest.mouseClick(checkers.remove, Qt.MouseButton.LeftButton)
        assert "tcp" not in page.xml.code.toPlainText()


def test_rules_typed_are_taken_over_and_their_mistakes_are_marked(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    editor = model.draft.editor
    with shown(page):
        editor.show(Tab.RULES)
        rules = page.form.rules
        rules.code.setFocus()
        QTest.keyClicks(rules.code, "own: if (tcp.web == dwn) then stop();")
        rules.take()
        assert [(problem.line, problem.column) for problem in rules.problems()] == [(1, 21)]
        assert "dwn" in rules.error.text()
        page.next.click()
        assert rules.code.hasFocus()
        editor.undo()
        assert editor.rules_text == ""


def test_a_sentence_below_the_visible_part_is_brought_into_view(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    with shown(page, 1024, 672):
        row = page.form.rows(Tab.GENERAL)[5]
        row.editor.setFocus()
        QTest.keyClicks(row.editor, "x")
        QApplication.processEvents()
        assert row.error()
        bottom = row.mapTo(page.form, row.rect().bottomLeft()).y()
        assert bottom <= page.form.height()


def test_an_older_revision_comes_back_after_a_question(qapp: QApplication) -> None:
    page, model = opened()
    draft = model.draft
    assert draft is not None
    with shown(page):
        page.views.chosen.emit("history")
        history = page._parts["farm"].history
        assert not history.restore.isEnabled()
        history.table.selectRow(1)
        assert history.restore.isEnabled()
        QTest.mouseClick(history.restore, Qt.MouseButton.LeftButton)
        sheet = page.findChild(AskSheet)
        assert sheet is not None
        assert "Revision 3 comes back as a new revision" in sheet.accessibleName()
        QTest.mouseClick(sheet.verb_button, Qt.MouseButton.LeftButton)
        assert draft.editor.files["bin/start_both"] == b"#!/bin/sh\nexit 3\n"
        assert draft.editor.undo_name == "Restore revision 3"
        assert draft.apply.title.startswith("Apply to")


def test_a_good_verdict_goes_with_the_next_change_and_a_bad_one_stays(qapp: QApplication) -> None:
    page, model = opened()
    draft = model.draft
    assert draft is not None
    with shown(page):
        for outcome, stays in ((Outcome.APPLIED, False), (Outcome.REFUSED, True)):
            draft.sent = draft.editor.files
            draft.apply.rows, draft.apply.outcome = (ApplyRow("node1"),), outcome
            draft.apply.changed.emit()
            assert page._card is not None
            draft.editor.show(Tab.PROCESSES)
            assert page._card is not None
            draft.editor.set_file("bin/start_both", outcome.name.encode(), "Edit bin/start_both")
            assert (page._card is not None) is stays
        model.begin_new()
        assert page._card is None


def test_a_module_is_exported_and_taken_away_once_it_is_stopped(qapp: QApplication, tmp_path: Path) -> None:
    page, model = opened()
    told: list[tuple[str, bool]] = []
    model.answered.connect(lambda text, done: told.append((text, done)))
    session = model._session
    assert isinstance(session, FakeConfiguredSession)
    with shown(page):
        model.export(tmp_path / "farm.safe")
        assert (tmp_path / "farm.safe").read_bytes() == b"PK archive"
        assert told[-1][1]
        model.export(tmp_path / "missing" / "farm.safe")
        assert not told[-1][1]
        assert model.uninstall_reason == "stop it first: it runs on node1, node2 and node3"
        session.show(*(view(f"node{n}", stopped()) for n in (1, 2, 3)))
        assert model.uninstall_reason == ""
        page._asks._uninstall()
        sheet = page.findChild(AskSheet)
        assert sheet is not None
        QTest.mouseClick(sheet.verb_button, Qt.MouseButton.LeftButton)
        assert [call[1] for call in session.called if call[0] == "uninstall"] == ["node1", "node2", "node3"]
        assert "a copy is in" in told[-1][0]


def test_the_advice_on_the_way_comes_from_the_alarms_of_the_nodes(qapp: QApplication) -> None:
    _, model = opened()
    session = model._session
    assert isinstance(session, FakeConfiguredSession)
    assert model.vip_advice.startswith("Try vmac_invisible first")
    by_slots = [view(f"node{n}", ready(share_by="slots")) for n in (1, 2, 3)]
    session.show(*by_slots)
    assert "the way in force is right" in model.vip_advice
    alarm = "farm: probes of node2 do not reach node1 on eth0: the switch blocks or has learnt the virtual MAC"
    status = msgspec.structs.replace(by_slots[0].status, alarms=(alarm,))  # type: ignore[type-var]
    session.show(msgspec.structs.replace(by_slots[0], status=status), *by_slots[1:])
    assert "use vmac_directed" in model.vip_advice


def test_another_template_is_chosen_by_keyboard_and_names_the_module(qapp: QApplication) -> None:
    page, model = opened()
    with shown(page):
        model.begin_new()
        assert page._sheet is not None
        QTest.keyClick(page._sheet.templates, Qt.Key.Key_Down)
        assert page._sheet.name.text() == "nginx_farm"
        QTest.keyClicks(page._sheet.name.line, "2")
        QTest.keyClick(page._sheet.templates, Qt.Key.Key_Down)
        assert page._sheet.name.text() == "nginx_farm2"
