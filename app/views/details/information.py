"""What is known of the node: facts in groups, side by side."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from app.viewmodels.node_facts import FactGroup, FactRow
from app.viewmodels.text import tr
from app.views import fonts
from app.views.tokens import Token
from app.views.widgets import IconLabel, SilhouetteLabel, Words
from app.views.widgets.layouts import emptied

COLUMN = 400
"""Least width of a group, pixels."""
LABEL = 104


class InformationView(QScrollArea):
    """Groups in as many columns as there is room for; a value that changes keeps its place."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Information"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        content = QWidget()
        content.setObjectName("scrolled")
        self._columns = QHBoxLayout(content)
        self._columns.setContentsMargins(16, 8, 16, 12)
        self._columns.setSpacing(24)
        self.setWidget(content)
        self._groups: tuple[FactGroup, ...] = ()
        self._values: list[Words] = []
        self._count = 0

    def set_groups(self, groups: Sequence[FactGroup]) -> None:
        """Show these; words alone are exchanged while the rows are the same."""
        before, self._groups = self._groups, tuple(groups)
        if _shape(before) != _shape(self._groups):
            self._build()
            return
        rows = [row for group in self._groups for row in group.rows]
        for label, row in zip(self._values, rows, strict=True):
            if label.text() != row.value:
                label.setText(row.value)
                label.setAccessibleName(row.words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._count != self._fitting():
            self._build()

    def _fitting(self) -> int:
        return max(1, min(self.viewport().width() // COLUMN, 3))

    def _build(self) -> None:
        emptied(self._columns)
        self._values = []
        self._count = self._fitting()
        total = sum(len(group.rows) + 2 for group in self._groups)
        column, filled = self._new_column(), 0
        columns = 1
        for group in self._groups:
            if filled >= total / self._count and columns < self._count:
                column.addStretch(1)
                column, filled, columns = self._new_column(), 0, columns + 1
            column.addWidget(self._made(group))
            filled += len(group.rows) + 2
        column.addStretch(1)
        for _ in range(self._count - columns):
            self._new_column()

    def _new_column(self) -> QVBoxLayout:
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        self._columns.addWidget(holder, 1)
        return layout

    def _made(self, group: FactGroup) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(0, LABEL)
        grid.setColumnStretch(2, 1)
        grid.addWidget(Words(group.title, fonts.SMALL, Token.TEXT3, strong=True), 0, 0, 1, 3)
        line = 1
        for row in group.rows:
            line = self._add_row(grid, line, row)
        return holder

    def _add_row(self, grid: QGridLayout, line: int, row: FactRow) -> int:
        top = Qt.AlignmentFlag.AlignTop
        grid.addWidget(Words(row.label, fonts.SIDE, Token.TEXT3), line, 0, top)
        if row.mark is not None:
            grid.addWidget(SilhouetteLabel(row.mark, size=14), line, 1, top)
        value = Words(row.value, fonts.SIDE, wrap=True)
        value.setAccessibleName(row.words)
        value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._values.append(value)
        grid.addWidget(value, line, 2 if row.mark else 1, 1, 1 if row.mark else 2)
        if not row.problem:
            return line + 1
        problem = QWidget()
        beside = QHBoxLayout(problem)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(6)
        beside.addWidget(IconLabel("problem", Token.RED, 14), 0, top)
        beside.addWidget(Words(row.problem, fonts.SIDE, Token.RED, wrap=True), 1)
        grid.addWidget(problem, line + 1, 1, 1, 2)
        return line + 2


def _shape(groups: Sequence[FactGroup]) -> tuple[object, ...]:
    return tuple((group.title, tuple((row.label, row.mark, row.problem) for row in group.rows)) for group in groups)
