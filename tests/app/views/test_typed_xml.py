"""XML typed by hand beside the forms of module and cluster: each mistake is told at once, nothing typed is lost."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.viewmodels.module_fields import Tab
from app.views.configuration.module_page import ModulePage
from app.views.configuration.xml_card import XmlCard
from app.views.widgets import CodeEdit
from nodeagent.contract.module_files import USERCONFIG
from tests.app.conftest import Look
from tests.app.viewmodels.connecting import settled, until
from tests.app.views.test_cluster_page import Bench
from tests.app.views.test_module_page import FILES, edited, opened
from tests.app.views.windows import shown

Shot = Callable[[QWidget, str], Path]
CTRL = Qt.KeyboardModifier.ControlModifier
CRLF = {USERCONFIG: b"\xef\xbb\xbf" + FILES[USERCONFIG].replace(b"PROCESS_NAME", b"w3wp").replace(b"\n", b"\r\n")}


def put(code: CodeEdit, before: str, keys: str, backspaces: int = 0) -> None:
    """Click behind these words, rub out and type."""
    cursor = code.document().find(before)
    assert not cursor.isNull(), f"{before!r} does not stand there"
    cursor.setPosition(cursor.selectionEnd())
    code.setTextCursor(cursor)
    code.centerCursor()
    QTest.mouseClick(code.viewport(), Qt.MouseButton.LeftButton, pos=code.cursorRect().center())
    code.setFocus()
    code.setTextCursor(cursor)
    for _ in range(backspaces):
        QTest.keyClick(code, Qt.Key.Key_Backspace)
    QTest.keyClicks(code, keys)


def told(xml: XmlCard) -> list[str]:
    """What stands under the file, with the line each sentence is about."""
    return [f"{link.text()}: {words.text()}" for link, words in zip(xml.links, xml.sentences, strict=True)]


def values(page: ModulePage) -> dict[str, str]:
    return {row.state.spec.attribute: row.state.value for row in page.form.rows(Tab.GENERAL)}


def test_what_is_typed_comes_into_the_form_and_back(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    with shown(page):
        page.activateWindow()
        QTest.qWaitForWindowActive(page)
        before = values(page)
        put(page.xml.code, 'maxloop="3', "4")
        assert values(page) == before | {"maxloop": "34"}
        assert page.undo.accessibleName().startswith("Undo: Line")
        row = next(row for row in page.form.rows(Tab.GENERAL) if row.state.spec.attribute == "maxloop")
        row.editor.setFocus()
        QTest.keyClicks(row.editor, "5")
        assert 'maxloop="345"' in page.xml.code.toPlainText()
        page.xml.code.setFocus()
        QTest.keyClick(page.xml.code, Qt.Key.Key_Z, CTRL)
        QTest.keyClick(page.xml.code, Qt.Key.Key_Z, CTRL)
        assert values(page) == before
        assert model.draft.editor.files == edited()


def test_the_cursor_stays_where_it_types(qapp: QApplication) -> None:
    page, _ = opened(edited())
    with shown(page):
        code = page.xml.code
        put(code, 'maxloop="3', "")
        place = code.textCursor().position()
        QTest.keyClicks(code, "21")
        QTest.keyClick(code, Qt.Key.Key_Return)
        assert code.textCursor().position() == place + 3
        assert 'maxloop="321\n"' in code.toPlainText()


def test_a_tag_left_open_keeps_the_form_and_the_way_back(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    with shown(page):
        page.activateWindow()
        QTest.qWaitForWindowActive(page)
        before, typed = values(page), page.xml.code.toPlainText()
        put(page.xml.code, "</user>", "", backspaces=len("</user>"))
        (sentence,) = told(page.xml)
        assert "</user> is expected here, since <user" in sentence
        assert page.xml.code.toPlainText() == typed.replace("</user>", "")
        assert page.form._waiting.isVisible()
        assert page.xml.facts.text() == "the form waits for it"
        assert sentence.partition(": ")[2] in page.form._broken.accessibleDescription()
        assert values(page) == before
        assert not page.form.rows(Tab.GENERAL)[0].isEnabled()
        assert page.apply._badge == "1 problem"
        page.views.setFocus()
        QTest.mouseClick(page.apply, Qt.MouseButton.LeftButton)
        assert page.xml.code.hasFocus()
        assert sentence.startswith(f"Line {page.xml.code.textCursor().blockNumber() + 1}:")
        assert not model.draft.apply.rows
        QTest.keyClick(page.xml.code, Qt.Key.Key_Z, CTRL)
        assert page.xml.code.toPlainText() == typed
        assert not page.form._waiting.isVisible()
        assert page.form.rows(Tab.GENERAL)[0].isEnabled()
        assert page.xml.facts.text() == "in step with the form"
        assert told(page.xml) == []


def test_every_mistake_of_a_file_that_is_no_xml_is_told_and_led_to(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    with shown(page):
        page.activateWindow()
        QTest.qWaitForWindowActive(page)
        put(page.xml.code, 'maxloop="3"', "", backspaces=1)
        put(page.xml.code, 'atleast="1', "&")
        put(page.xml.code, 'forcestoptimeout="300', "x")
        sentences = told(page.xml)
        assert ["missing quote: maxloop" in sentences[0], "& that should be" in sentences[1]] == [True, True]
        assert 'forcestoptimeout="300x" must be a duration' in sentences[2]
        assert page.apply._badge == "3 problems"
        for link, words in zip(page.xml.links, ('maxloop="3', 'atleast="1&', '"300x"'), strict=True):
            QTest.mouseClick(link, Qt.MouseButton.LeftButton)
            assert words in page.xml.code.textCursor().block().text()


def test_two_mistakes_and_an_unknown_attribute_are_told_at_once(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    with shown(page):
        page.activateWindow()
        QTest.qWaitForWindowActive(page)
        put(page.xml.code, 'maxloop="3', "x")
        put(page.xml.code, 'maxloop="3x"', ' maxlop="4"')
        put(page.xml.code, 'atleast="1', "x")
        wrong = [one for one in told(page.xml) if "maxlop=" not in one]
        assert len(told(page.xml)) == 3
        assert 'maxloop="3x" must be a whole number' in wrong[0]
        assert 'atleast="1x"' in wrong[1]
        assert 'unknown attribute "maxlop"' in wrong[2]
        assert page.apply._badge == "2 problems"
        seen = []
        for _ in range(2):
            QTest.mouseClick(page.apply, Qt.MouseButton.LeftButton)
            problem = model.draft.editor.jumped
            assert problem is not None
            seen.append((problem.attribute, problem.tab))
        assert seen == [("maxloop", Tab.GENERAL), ("atleast", Tab.PROCESSES)]
        QTest.mouseClick(page.xml.links[1], Qt.MouseButton.LeftButton)
        assert page.xml.code.hasFocus()
        assert 'atleast="1x"' in page.xml.code.textCursor().block().text()


def test_a_file_emptied_by_hand_comes_back(qapp: QApplication) -> None:
    page, model = opened(edited())
    assert model.draft is not None
    with shown(page):
        page.activateWindow()
        QTest.qWaitForWindowActive(page)
        page.xml.code.setFocus()
        QTest.keyClick(page.xml.code, Qt.Key.Key_A, CTRL)
        QTest.keyClick(page.xml.code, Qt.Key.Key_Delete)
        assert told(page.xml) == ["The whole file: the file is empty"]
        QTest.keyClicks(page.xml.code, "hello")
        assert told(page.xml) == ["Line 1: this is not XML: a configuration file begins with <"]
        QTest.mouseClick(page.undo, Qt.MouseButton.LeftButton)
        assert model.draft.editor.files == edited()


def test_line_ends_and_the_byte_order_mark_stay(qapp: QApplication) -> None:
    page, model = opened(FILES | CRLF)
    assert model.draft is not None
    with shown(page):
        put(page.xml.code, 'maxloop="3', "4")
        put(page.xml.code, "<safe>", "")
        QTest.keyClick(page.xml.code, Qt.Key.Key_Return)
        QTest.keyClicks(page.xml.code, "<!-- x -->")
        wanted = CRLF[USERCONFIG].replace(b'maxloop="3', b'maxloop="34')
        assert model.draft.editor.xml == wanted.replace(b"<safe>", b"<safe>\r\n<!-- x -->")


def test_a_comment_typed_is_a_change_that_closing_asks_about(qapp: QApplication) -> None:
    page, model = opened(edited())
    with shown(page):
        assert model.unsaved == ()
        put(page.xml.code, "<safe>", "<!-- mine -->")
        assert model.unsaved == ("farm",)


async def test_the_cluster_typed_as_xml_comes_into_the_table(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    page.views.choose("xml")
    page.views.chosen.emit("xml")
    bench.nodes.put("10.0.0.111", "node5", password="fresh")
    put(page.xml.code, 'addr="10.0.0.109"/>', "")
    QTest.keyClick(page.xml.code, Qt.Key.Key_Return)
    QTest.keyClicks(page.xml.code, '<node name="node4" addr="10.0.0.111"/>')
    assert [row.name.text for row in bench.editor.rows] == ["node1", "node2", "node3", "node4"]
    assert bench.editor._checks.standing("10.0.0.111") is None
    page.views.setFocus()
    await settled(bench.tasks)
    assert bench.editor._checks.standing("10.0.0.11") is None
    assert bench.editor._checks.standing("10.0.0.111") is not None
    page.close()


async def test_broken_xml_of_the_cluster_is_told_and_jumped_to(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    before = page.xml.code.toPlainText()
    page.views.choose("xml")
    page.views.chosen.emit("xml")
    put(page.xml.code, "</lan>", "", backspaces=len("</lan>"))
    assert told(page.xml) == ["Line 8: column 3: </lan> is expected here, since <lan> of line 3 is open"]
    assert page._count.text() == "1 problem left"
    assert page.problem_link.text() == "Line 8"
    assert page.apply_button._badge == "1 problem"
    page.views.choose("form")
    page.views.chosen.emit("form")
    await settled(bench.tasks)
    assert [line.name.text() for line in page.table.lines] == ["node1", "node2", "node3"]
    assert not page.table.isEnabled()
    QTest.mouseClick(page.apply_button, Qt.MouseButton.LeftButton)
    assert page.xml.code.isVisible()
    await until(page.xml.code.hasFocus)
    assert page.xml.code.textCursor().blockNumber() == 7
    assert not bench.editor.apply.busy
    QTest.keyClick(page.xml.code, Qt.Key.Key_Z, CTRL)
    assert page.xml.code.toPlainText() == before
    assert page.table.isEnabled()
    page.close()


async def test_mistakes_in_the_xml_of_the_cluster_are_told_at_once(qapp: QApplication) -> None:
    bench = Bench()
    page = await bench.show()
    page.views.choose("xml")
    page.views.chosen.emit("xml")
    put(page.xml.code, 'pulse="100ms', "x")
    put(page.xml.code, 'addr="10.0.0.108', "99")
    put(page.xml.code, 'name="node3"', ' colour="red"')
    await settled(bench.tasks)
    sentences = told(page.xml)
    assert [one.partition(":")[0] for one in sentences] == ["Line 2", "Line 5", "Line 6"]
    assert 'unknown attribute "colour"' in sentences[2]
    assert page.apply_button._badge == "2 problems"
    page.close()


def test_pictures_of_a_module(look: Look, shot: Shot) -> None:
    page, _ = opened(edited())
    page.resize(look.width - 256, look.height - 48)
    with shown(page, look.width - 256, look.height - 48):
        page.beside.setChecked(True)
        page.refresh()
        put(page.xml.code, 'maxloop="3', "x")
        put(page.xml.code, 'maxloop="3x"', ' maxlop="4"')
        put(page.xml.code, 'atleast="1', "x")
        shot(page, f"typed-module-{look.name}")
        put(page.xml.code, "</user>", "", backspaces=len("</user>"))
        shot(page, f"typed-module-broken-{look.name}")
        page.beside.setChecked(False)
        page.refresh()
        shot(page, f"typed-module-form-{look.name}")
        assert page.form._waiting.isVisible()


async def test_pictures_of_a_cluster(qapp: QApplication, look: Look, shot: Shot) -> None:
    bench = Bench()
    page = await bench.show(look.width - 256, look.height - 48)
    page.views.choose("xml")
    page.views.chosen.emit("xml")
    put(page.xml.code, 'pulse="100ms', "x")
    put(page.xml.code, 'addr="10.0.0.108', "99")
    shot(page, f"typed-cluster-{look.name}")
    page.xml.code.moveCursor(QTextCursor.MoveOperation.End)
    QTest.keyClicks(page.xml.code, "<more/>")
    assert len(told(page.xml)) == 1
    shot(page, f"typed-cluster-broken-{look.name}")
    page.views.choose("form")
    page.views.chosen.emit("form")
    shot(page, f"typed-cluster-form-{look.name}")
    page.close()
