"""The parts: what they say to a screen reader, what keys and mouse do, what changes with the theme."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.viewmodels.menus import Command, Deed, MenuEntry
from app.viewmodels.silhouettes import Silhouette
from app.views import icons
from app.views.help_page import HelpPage
from app.views.settings import SettingsPage
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import (
    Badge,
    Button,
    Card,
    CellRole,
    CheckBox,
    Chip,
    Choice,
    CodeEdit,
    CodeProblem,
    ConfirmBar,
    EmptyState,
    Field,
    FormRow,
    IconButton,
    Menu,
    Meter,
    Note,
    NoteKind,
    ProgressRow,
    Segments,
    ShareBar,
    SilhouetteLabel,
    StatePill,
    StepState,
    StepView,
    TabBar,
    TableView,
    ToggleButton,
    Words,
)
from tests.app.views.windows import shown

Role = QAccessible.Role
Shot = Callable[[QWidget, str], Path]


def _said(widget: QWidget) -> tuple[QAccessible.Role, str]:
    interface = QAccessible.queryAccessibleInterface(widget)
    return interface.role(), interface.text(QAccessible.Text.Name)


def test_a_state_is_said_in_words(qapp: QApplication) -> None:
    assert _said(StatePill(Silhouette.STOP, "STOP NotReady")) == (Role.StaticText, "STOP NotReady")
    assert _said(SilhouetteLabel(Silhouette.READY, "", 12, name="Ready")) == (Role.StaticText, "Ready")
    assert _said(Badge(2, name="2 unread")) == (Role.StaticText, "2 unread")


def test_a_measure_has_role_name_and_value(qapp: QApplication) -> None:
    for bar in (Meter("CPU", 0.23), ShareBar("Share of node1", 0.23, True)):
        interface = QAccessible.queryAccessibleInterface(bar)
        assert interface.role() == Role.ProgressBar
        assert interface.valueInterface().currentValue() == 230
    bar = Meter("CPU", 0.23)
    bar.set_value(0.5, "50 %")
    assert _said(bar) == (Role.ProgressBar, "CPU")
    assert bar.accessibleDescription() == "50 %"


def test_what_is_pressed_is_a_button_or_a_box(qapp: QApplication) -> None:
    assert _said(Button("Check")) == (Role.Button, "Check")
    assert _said(IconButton("bell", "Events")) == (Role.Button, "Events")
    assert _said(CheckBox("node1", True)) == (Role.CheckBox, "node1")
    chip, toggle = Chip("Error", "12", True), ToggleButton("XML beside", "columns")
    assert QAccessible.queryAccessibleInterface(chip).state().checked
    assert QAccessible.queryAccessibleInterface(toggle).state().checkable


def test_a_greyed_button_says_why(qapp: QApplication) -> None:
    button = Button("Save and apply")
    button.set_possible(False, "an apply waits for its confirmation")
    assert not button.isEnabled()
    assert button.toolTip() == button.accessibleDescription() == "an apply waits for its confirmation"
    button.set_possible(True)
    assert button.toolTip() == ""


def test_a_folded_button_keeps_its_words_as_tooltip(qapp: QApplication) -> None:
    button = Button("Snapshot…", "snapshot")
    wide = button.sizeHint().width()
    button.fold(True)
    assert button.sizeHint().width() == 32
    assert (button.toolTip(), button.accessibleName()) == ("Snapshot…", "Snapshot…")
    button.set_possible(False, "a snapshot is read only")
    assert button.toolTip() == "Snapshot…: a snapshot is read only"
    button.set_possible(True)
    assert button.toolTip() == "Snapshot…"
    button.fold(False)
    assert button.toolTip() == ""
    assert (button.sizeHint().width(), button.text()) == (wide, "Snapshot…")


def test_a_button_tells_its_shortcut_or_why_it_cannot_be_pressed(qapp: QApplication) -> None:
    button = Button("Save and apply")
    button.set_keys("Ctrl+Return")
    assert button.toolTip() == "Ctrl+Return"
    button.set_badge("1 problem")
    button.set_possible(False, "an apply waits for its confirmation")
    assert button.toolTip() == button.accessibleDescription() == "an apply waits for its confirmation"
    button.set_possible(True)
    assert (button.toolTip(), button.accessibleDescription()) == ("Ctrl+Return", "1 problem")


@pytest.mark.parametrize("name", ["icons/start.svg", "fonts/Inter-Regular.otf", "help/en/index.md"])
def test_shipped_files_are_found(name: str) -> None:
    from app.resource_files import resource

    assert resource(name).is_file()


def test_every_icon_is_drawn_and_takes_the_colour(qapp: QApplication) -> None:
    from app.resource_files import resource

    names = sorted(path.stem for path in resource("icons").glob("*.svg"))
    assert len(names) > 40
    for name in names:
        image = icons.pixmap(name, Token.RED, 16, 2.0).toImage()
        colours = {
            image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() == 255
        }
        assert image.width() == 32
        assert theme.colour(Token.RED).name() in colours, name


def _entries() -> tuple[MenuEntry, ...]:
    def command(deed: Deed) -> Command:
        return Command(deed, "farm", ("node3",))

    return (
        MenuEntry("Start", command=command(Deed.START)),
        MenuEntry("Restart", False, "farm is stopped on node3", command(Deed.RESTART)),
        MenuEntry("Stop", False, "already stopped", command(Deed.STOP)),
        MenuEntry(
            "Pause checks…",
            children=(MenuEntry("1 h", command=command(Deed.PAUSE)), MenuEntry("4 h", command=command(Deed.PAUSE))),
            separated=True,
        ),
        MenuEntry("Open log", command=command(Deed.OPEN_LOG)),
        MenuEntry("Snapshot…", command=command(Deed.SNAPSHOT)),
        MenuEntry("Why?", command=command(Deed.WHY)),
    )


@pytest.fixture
def menu(qtbot: QtBot) -> tuple[Menu, list[MenuEntry]]:
    chosen: list[MenuEntry] = []
    made = Menu.from_entries(_entries(), chosen.append)
    qtbot.addWidget(made)
    made.popup(QPoint(40, 40))
    qtbot.waitExposed(made)
    return made, chosen


def _row_at(menu: Menu, number: int) -> QWidget:
    return menu.actions()[number].defaultWidget()  # type: ignore[attr-defined, no-any-return]


def test_a_greyed_entry_shows_its_reason_and_keeps_the_menu_open(
    menu: tuple[Menu, list[MenuEntry]], qtbot: QtBot, shot: Shot
) -> None:
    opened, chosen = menu
    row = _row_at(opened, 2)
    assert (row.accessibleName(), row.accessibleDescription()) == ("Stop", "already stopped")
    assert row.height() > _row_at(opened, 0).height() == 32
    qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert opened.isVisible()
    assert chosen == []
    opened.setActiveAction(opened.actions()[0])
    shot(opened, "menu")


def test_a_click_chooses_and_closes(menu: tuple[Menu, list[MenuEntry]], qtbot: QtBot) -> None:
    opened, chosen = menu
    qtbot.mouseClick(_row_at(opened, 5), Qt.MouseButton.LeftButton)
    assert [entry.text for entry in chosen] == ["Open log"]
    assert not opened.isVisible()


def test_arrows_pass_over_what_is_greyed(menu: tuple[Menu, list[MenuEntry]], qtbot: QtBot) -> None:
    opened, chosen = menu
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Return):
        qtbot.keyClick(opened, key)
    assert [entry.text for entry in chosen] == ["Open log"]


def test_an_entry_with_children_opens_them_by_the_right_arrow(menu: tuple[Menu, list[MenuEntry]], qtbot: QtBot) -> None:
    opened, chosen = menu
    opened.setActiveAction(opened.actions()[4])
    below = opened.actions()[4].menu()
    assert isinstance(below, Menu)
    qtbot.waitUntil(below.isVisible)
    qtbot.mouseClick(_row_at(below, 1), Qt.MouseButton.LeftButton)
    assert [entry.text for entry in chosen] == ["4 h"]
    assert not opened.isVisible()


def test_a_wrong_field_says_what_is_allowed_and_takes_no_room_while_right(qtbot: QtBot) -> None:
    field = Field("Interval", "400ms")
    qtbot.addWidget(field)
    field.show()
    right = field.sizeHint().height()
    field.set_error("Use 1s or more.")
    assert field.line.accessibleDescription() == field.error() == "Use 1s or more."
    assert field.sizeHint().height() > right
    field.set_error("")
    assert field.sizeHint().height() == right == 32


def test_leaving_a_field_is_told_once(qtbot: QtBot) -> None:
    field = Field("Address")
    qtbot.addWidget(field)
    field.show()
    qtbot.keyClicks(field.line, "10.0.0.1")
    with qtbot.waitSignal(field.left) as heard:
        qtbot.keyClick(field.line, Qt.Key.Key_Return)
    assert heard.args == ["10.0.0.1"]


def test_arrows_move_inside_segments(qtbot: QtBot) -> None:
    segments = Segments((("form", "Form"), ("xml", "XML"), ("diff", "Diff")), "View")
    qtbot.addWidget(segments)
    segments.show()
    segments.set_possible("xml", False, "nothing applied yet")
    with qtbot.waitSignal(segments.chosen) as heard:
        qtbot.keyClick(segments, Qt.Key.Key_Right)
    assert heard.args == ["diff"]
    assert segments.current_key() == "diff"


def test_the_tab_key_comes_to_the_chosen_segment(qtbot: QtBot) -> None:
    segments = Segments((("a", "One"), ("b", "Two"), ("c", "Three")), "View")
    qtbot.addWidget(segments)
    segments.choose("b")
    segments.show()
    segments.activateWindow()
    QTest.qWaitForWindowActive(segments)
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QPushButton))
    focus = QApplication.focusWidget()
    assert isinstance(focus, QPushButton)
    assert focus.text() == "Two"
    QTest.keyClick(segments, Qt.Key.Key_Right)
    QTest.keyClick(segments, Qt.Key.Key_Tab)
    focus = QApplication.focusWidget()
    assert isinstance(focus, QPushButton)
    assert focus.text() == "Three"


def test_tabs_carry_their_number_of_errors(qtbot: QtBot) -> None:
    tabs = TabBar(height=44)
    qtbot.addWidget(tabs)
    tabs.add_tab("general", "General")
    tabs.add_tab("checkers", "Checkers")
    before = tabs.sizeHint().width()
    tabs.set_count("checkers", 1)
    assert tabs.sizeHint().width() > before
    with qtbot.waitSignal(tabs.chosen) as heard:
        QTest.mouseClick(tabs, Qt.MouseButton.LeftButton, pos=tabs.tabRect(1).center())
    assert heard.args == ["checkers"]


def test_the_focus_ring_of_the_first_tab_is_whole(qtbot: QtBot) -> None:
    tabs = TabBar(height=44)
    qtbot.addWidget(tabs)
    tabs.add_tab("general", "General")
    tabs.add_tab("checkers", "Checkers")
    tabs.resize(tabs.sizeHint())
    tabs.show()
    tabs.activateWindow()
    QTest.qWaitForWindowActive(tabs)
    tabs.setFocus()
    qtbot.waitUntil(tabs.hasFocus)
    image = tabs.grab().toImage()
    assert {image.pixelColor(0, y).name() for y in range(16, 28)} == {theme.colour(Token.LINK).name()}


def test_a_choice_tells_only_what_the_user_picks(qtbot: QtBot) -> None:
    choice = Choice("When down", (("restart", "restart on that node"), ("wait", "wait")))
    qtbot.addWidget(choice)
    with qtbot.assertNotEmitted(choice.chosen):
        choice.choose("wait")
    assert choice.current_key() == "wait"
    with qtbot.waitSignal(choice.chosen) as heard:
        qtbot.keyClick(choice, Qt.Key.Key_Up)
    assert heard.args == ["restart"]


def test_the_confirm_bar_says_the_time_left(qtbot: QtBot) -> None:
    bar = ConfirmBar("Keep this configuration", "Go back now")
    qtbot.addWidget(bar)
    bar.set_seen("All nodes answer", "Each node goes back by itself when the time is over")
    bar.set_remaining(0.5, "0:43 left")
    meter = bar.findChild(Meter)
    assert meter.accessibleDescription() == "0:43 left"
    with qtbot.waitSignal(bar.went_back):
        qtbot.mouseClick(bar.back_button, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bar.kept):
        qtbot.mouseClick(bar.keep_button, Qt.MouseButton.LeftButton)


def test_a_progress_row_is_read_as_a_sentence(qtbot: QtBot, shot: Shot) -> None:
    row = ProgressRow("node1")
    qtbot.addWidget(row)
    row.resize(560, 32)
    row.set_steps((StepView("Check", StepState.DONE), StepView("Stage", StepState.RUNNING)), "0.6 s")
    assert row.accessibleName() == "node1"
    assert row.accessibleDescription() == "Check: done, Stage: running"
    shot(row, "progress-running")
    row.set_steps((), remark="left out of this apply: UNREACHABLE")
    assert row.accessibleDescription() == "left out of this apply: UNREACHABLE"


def test_the_editor_marks_the_line_and_keeps_the_place(qtbot: QtBot, shot: Shot) -> None:
    edit = CodeEdit("userconfig.xml")
    qtbot.addWidget(edit)
    edit.resize(420, 300)
    text = "\n".join(f'  <line number="{number}"/>' for number in range(1, 61))
    edit.set_text(text)
    edit.show_line(30)
    edit.set_problems((CodeProblem(30, "interval rounds to 0 s", 9, 6),))
    edit.mark_lines(29, 31)
    assert edit.textCursor().blockNumber() == 29
    wavy = [mark for mark in edit.extraSelections() if mark.cursor.selectedText() == "number"]
    assert len(wavy) == 1
    edit.set_text(text.replace("60", "61"))
    assert edit.textCursor().blockNumber() == 29
    shot(edit, "code")


class _Model(QAbstractTableModel):
    def rowCount(self, _parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 3

    def columnCount(self, _parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 2

    def headerData(self, section: int, _way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        return ("Node", "State")[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return f"node{index.row() + 1}" if not index.column() else "NotReady"
        if role == CellRole.SILHOUETTE and index.column():
            return Silhouette.STOP.value
        return Token.RED.value if role == CellRole.INK and index.column() else None


def test_a_table_paints_silhouette_and_words_in_rows_of_one_height(qtbot: QtBot, shot: Shot) -> None:
    table = TableView("Nodes")
    table.setModel(_Model(table))
    qtbot.addWidget(table)
    table.resize(400, 160)
    shot(table, "table")
    assert {table.rowHeight(row) for row in range(3)} == {28}
    cell = table.visualRect(table.model().index(0, 1))
    image = table.viewport().grab(cell).toImage()
    colours = {image.pixelColor(x, y).name() for x in range(30) for y in range(28)}
    assert theme.colour(Token.RED).name() in colours


def test_a_change_of_theme_reaches_what_is_already_shown(qapp: QApplication, qtbot: QtBot, shot: Shot) -> None:
    card = Card("farm", "2 of 3 nodes serve", padded=True)
    qtbot.addWidget(card)
    card.body.addWidget(Note(NoteKind.TIME, "What it means", "A refused port is noticed within 1 s."))
    card.body.addWidget(FormRow("Interval", Field("Interval", "10s", width=144), "on each node itself"))
    card.body.addWidget(EmptyState("module", "No module yet", "Start from the farm module"))
    card.resize(420, 420)
    shot(card, "card-light")
    try:
        theme.apply(qapp, "dark")
        shot(card, "card-dark")
        assert card.grab().toImage().pixelColor(210, 30) == theme.colour(Token.SURFACE)
        assert card.title.palette().windowText().color() == theme.colour(Token.TEXT)
        assert theme.colour(Token.SURFACE).name().upper() == "#1D2127"
    finally:
        theme.apply(qapp, "light")


def test_settings_tell_what_is_chosen(qtbot: QtBot, shot: Shot) -> None:
    page = SettingsPage("light", "en", False, {"Version": "0.1.0", "Home": "/home/admin/.config/keepgreen"})
    qtbot.addWidget(page)
    page.resize(1024, 672)
    shot(page, "settings")
    with qtbot.waitSignal(page.mode_chosen) as mode:
        qtbot.keyClick(page.mode, Qt.Key.Key_Right)
    with qtbot.waitSignal(page.language_chosen) as speech:
        qtbot.keyClick(page.language, Qt.Key.Key_Down)
    assert (mode.args, speech.args) == (["dark"], ["fr"])


def test_notices_are_a_choice_where_the_desktop_has_a_tray(qtbot: QtBot) -> None:
    no_tray = ""
    page = SettingsPage("light", "en", False, {}, True, lambda: no_tray)
    qtbot.addWidget(page)
    page.show()
    assert page.notices.isEnabled()
    assert page.notices.isChecked()
    with qtbot.waitSignal(page.notices_chosen) as chosen:
        page.notices.click()
    assert chosen.args == [False]
    page.hide()
    no_tray = "this desktop has no system tray"
    page.show()
    assert not page.notices.isEnabled()
    assert no_tray in page.notices.toolTip()


def test_an_empty_state_gives_up_its_icon_before_its_words(qtbot: QtBot) -> None:
    empty = EmptyState("gauge", "Nothing is checked now", "The module is stopped.", framed=False)
    with shown(empty, 600, 200):
        assert empty.icon_fits
        empty.resize(600, 64)
        QApplication.processEvents()
        assert not empty.icon_fits
        words = [part.geometry() for part in empty.findChildren(Words)]
        assert all(empty.rect().contains(place) for place in words)
        assert words[0].bottom() < words[1].top()
        assert [place.height() for place in words] == [part.sizeHint().height() for part in empty.findChildren(Words)]


def test_help_shows_the_page_it_is_asked_for(qtbot: QtBot, shot: Shot) -> None:
    page = HelpPage()
    qtbot.addWidget(page)
    page.resize(1024, 672)
    page.show_topic("monitoring")
    assert "Heartbeat gap" in page.text.toPlainText()
    shot(page, "help")
    page.show_topic("no such page")
    assert "What Keepgreen does" in page.text.toPlainText()
    assert page.topics.count() >= 9
