"""A table of nodes in their colours with figures beside them, painted by one widget."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.views import fonts
from app.views.mosaic_grid import paint_cell
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import elided

ROW = 28
LEAST = 2
"""Columns that always stay."""

Line = tuple[int, str, tuple[str, ...]]
"""The number of a node, which is its colour; its name; its figures."""


class Legend(QWidget):
    """A row for each node; the last columns go first when it gets narrow.

    `name` and `columns` are widths in px; `heads` gives what stands over the names and over each column.
    """

    def __init__(self, name: int, columns: tuple[int, ...], heads: Callable[[], tuple[str, ...]]) -> None:
        super().__init__()
        self._name, self._columns, self._heads = name, columns, heads
        self._lines: tuple[Line, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_lines(self, lines: Sequence[Line], words: str) -> None:
        """The figures now, and the same for who does not see them."""
        grown = len(lines) != len(self._lines)
        self._lines = tuple(lines)
        self.setAccessibleDescription(words)
        if grown:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._name + sum(self._columns), ROW * (len(self._lines) + 1))

    def minimumSizeHint(self) -> QSize:
        return QSize(self._name + sum(self._columns[:LEAST]), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        count = len(self._columns)
        while count > LEAST and self._name + sum(self._columns[:count]) > self.width():
            count -= 1
        widths = self._columns[:count]
        left = self.width() - sum(widths)
        head, (name, *heads) = theme.font(fonts.SMALL, strong=True), self._heads()
        painter.setPen(theme.colour(Token.TEXT3))
        painter.setFont(head)
        painter.drawText(QRect(0, 0, left, ROW), Qt.AlignmentFlag.AlignVCenter, name)
        self._figures(painter, 0, widths, heads, (head,) * count)
        for at, (number, name, figures) in enumerate(self._lines, 1):
            top = at * ROW
            painter.fillRect(QRect(0, top, self.width(), 1), theme.colour(Token.DIVIDER))
            paint_cell(painter, QRect(0, top + 5, 18, 18), number)
            painter.setFont(theme.font())
            painter.setPen(theme.colour(Token.TEXT))
            shown = elided(name, painter.font(), left - 32, Qt.TextElideMode.ElideMiddle)
            painter.drawText(QRect(28, top, left - 28, ROW), Qt.AlignmentFlag.AlignVCenter, shown)
            self._figures(painter, top, widths, figures, (theme.font(strong=True), *(theme.font(),) * (count - 1)))
        painter.end()

    def _figures(
        self, painter: QPainter, top: int, widths: Sequence[int], texts: Sequence[str], looks: Sequence[QFont]
    ) -> None:
        left = self.width() - sum(widths)
        for width, text, look in zip(widths, texts, looks, strict=False):
            painter.setFont(look)
            box = QRect(left, top, width, ROW)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            left += width
