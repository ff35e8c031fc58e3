from collections.abc import Iterator
from typing import Any, cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from app.viewmodels.log_model import SLICE, LogColumn, LogModel, LogRole
from app.viewmodels.text import clock_fine
from nodeagent.contract.api import LogLine
from nodeagent.contract.states import LogType
from tests.app.viewmodels.farms import NOW, line


@pytest.fixture
def log(qtbot: QtBot) -> Iterator[LogModel]:
    model = LogModel(capacity=100)
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal, model)
    yield model
    model.clear()


def texts(log: LogModel) -> list[str]:
    return [log.index(row, LogColumn.TEXT).data() for row in range(log.rowCount())]


def filled(log: LogModel, *cursors: int) -> LogModel:
    log.append([line(cursor) for cursor in cursors])
    log.flush()
    return log


def test_lines_arrive_in_batches(log: LogModel, qtbot: QtBot) -> None:
    inserted: list[int] = []
    log.rowsInserted.connect(lambda _parent, first, last: inserted.append(last - first + 1))
    for cursor in range(1, 31):
        log.append([line(cursor)])
    qtbot.waitUntil(lambda: bool(inserted))
    assert inserted == [30]


def test_a_row_says_time_type_origin_text(log: LogModel) -> None:
    log.append([line(1, "port 80 in use", LogType.SCRIPT, origin="start_both", output="44.txt")])
    log.flush()
    row = [log.index(0, column).data() for column in LogColumn]
    assert row == [clock_fine(NOW + 1), "Script", "start_both", "port 80 in use"]
    index = log.index(0, 0)
    assert (index.data(LogRole.OUTPUT), index.data(LogRole.ICON), index.data(LogRole.TOKEN)) == (
        "44.txt",
        "script",
        "text",
    )
    assert index.data(LogRole.LINE).cursor == 1
    assert index.data(Qt.ItemDataRole.AccessibleTextRole).endswith(", Script, start_both, port 80 in use")
    assert [log.headerData(column, Qt.Orientation.Horizontal) for column in LogColumn] == [
        "Time",
        "Type",
        "Origin",
        "Text",
    ]


@pytest.mark.parametrize(
    ("kind", "token"),
    [(LogType.CRITICAL, "red"), (LogType.ERROR, "red"), (LogType.USER, "link"), (LogType.INFO, "text2")],
)
def test_colours(log: LogModel, kind: LogType, token: str) -> None:
    log.append([line(1, type=kind)])
    log.flush()
    assert log.index(0, 0).data(LogRole.TOKEN) == token


def test_times_move_to_this_clock(log: LogModel) -> None:
    filled(log, 1).set_shift(-3600.0)
    assert log.index(0, LogColumn.TIME).data() == clock_fine(NOW + 1 - 3600)


def test_held_still_it_counts_and_shows_all_afterwards(log: LogModel) -> None:
    filled(log, 1)
    log.set_held(True)
    log.append([line(cursor) for cursor in range(2, 39)])
    assert (log.rowCount(), log.waiting_text) == (1, "37 new lines")
    assert log.shown_text == "Paused; 1 of 1 lines shown"
    log.set_held(False)
    assert (log.rowCount(), log.waiting_text) == (38, "")
    assert log.shown_text == "Live; 38 of 38 lines shown"


def test_only_lines_that_pass_are_announced_while_held(log: LogModel) -> None:
    log.set_filter(types=frozenset({LogType.ERROR}))
    log.set_held(True)
    log.append([line(1), line(2, type=LogType.ERROR)])
    assert log.waiting_text == "1 new line"
    log.set_filter(types=frozenset({LogType.ERROR, LogType.INFO}))
    assert log.waiting == 2


def test_filters_by_type_text_and_module(log: LogModel) -> None:
    log.append(
        [
            line(1, "w3wp.exe gone", LogType.ERROR),
            line(2, "exit code 0", LogType.SCRIPT, origin="Start_both"),
            line(3, "node2 said goodbye", module=""),
            line(4, "other", module="api"),
        ]
    )
    log.flush()
    log.set_filter(text=" START ")
    assert texts(log) == ["exit code 0"]
    log.set_filter(text="", types=frozenset({LogType.ERROR, LogType.SCRIPT}))
    assert texts(log) == ["w3wp.exe gone", "exit code 0"]
    log.set_filter(types=frozenset(LogType), module="farm")
    assert texts(log) == ["w3wp.exe gone", "exit code 0", "node2 said goodbye"]
    assert dict(log.counts) == {LogType.ERROR: 1, LogType.SCRIPT: 1, LogType.INFO: 2}


def test_the_oldest_go_when_it_is_full(log: LogModel) -> None:
    filled(log, *range(1, 101))
    log.set_filter(text="line 1")
    filled(log, 101)
    assert log.oldest_cursor == 7
    assert texts(log) == [f"line {number}" for number in (*range(10, 20), 100, 101)]
    assert sum(log.counts.values()) == 95


def test_what_waits_is_bounded_too(log: LogModel) -> None:
    log.set_held(True)
    log.append([line(cursor) for cursor in range(1, 251)])
    log.set_held(False)
    assert texts(log)[-1] == "line 250"
    assert log.rowCount() <= 100


def test_older_lines_come_above_as_far_as_there_is_room(log: LogModel) -> None:
    filled(log, *range(51, 101))
    log.prepend([line(cursor) for cursor in range(1, 51)])
    assert (log.rowCount(), log.oldest_cursor) == (100, 1)
    log.prepend([line(0)])
    assert log.oldest_cursor == 1


def test_a_line_is_found_by_its_cursor(log: LogModel) -> None:
    filled(log, 10, 20, 30)
    assert [log.row_of(cursor) for cursor in (10, 15, 30, 31)] == [0, 1, 2, -1]


def test_another_nodes_log_begins_empty(log: LogModel) -> None:
    filled(log, 1).append([line(2)])
    log.clear()
    log.flush()
    assert (log.rowCount(), sum(log.counts.values()), log.oldest_cursor) == (0, 0, 0)


def test_a_filter_over_many_lines_shows_the_newest_first_and_then_the_rest_in_order(qtbot: QtBot) -> None:
    log = LogModel()
    total = 3 * SLICE + 10
    same = [line(0, "even"), line(1, "odd")]
    log.append([same[number % 2] for number in range(total)])
    log.flush()
    log.set_filter(text="even")
    assert log.sifting
    assert log.rowCount() == SLICE // 2
    qtbot.waitUntil(lambda: not log.sifting)
    assert log.rowCount() == total // 2


class FakeLine:
    """Counts what is read of it."""

    def __init__(self) -> None:
        self.line, self.read = line(0), 0

    def __getattr__(self, name: str) -> Any:
        self.read += 1
        return getattr(self.line, name)


def test_a_million_lines_grow_and_filter_without_a_stall(qtbot: QtBot) -> None:
    """What is done at once is about the new lines and one slice of the old ones, not about all."""
    log, one = LogModel(), FakeLine()
    lines = cast("list[LogLine]", [one])
    log.append(lines * 999_000)
    log.flush()
    one.read = 0
    log.append(lines * 500)
    log.flush()
    assert 500 <= one.read <= 500 * len(LogColumn)
    one.read = 0
    log.set_filter(types=frozenset({LogType.ERROR}))
    assert SLICE <= one.read <= SLICE * len(LogColumn)
    log.clear()
