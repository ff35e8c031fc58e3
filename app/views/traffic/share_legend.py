"""The legend of the slot map: how many slots each node has, what share that is, and what its filter has taken."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.viewmodels.slot_map import ShareRow
from app.viewmodels.text import tr
from app.views import fonts
from app.views.mosaic_grid import paint_cell
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import elided

ROW = 28
COLUMNS = (64, 72, 84, 96)
NAME = 120


class ShareLegend(QWidget):
    """A row for each node, and one for nobody; the last columns go first when it gets narrow."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[ShareRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Slots of each node"))

    def set_rows(self, rows: tuple[ShareRow, ...]) -> None:
        """The figures now."""
        grown = len(rows) != len(self._rows)
        self._rows = rows
        listed = (tr("{node} {count} slots, {share}", node=r.name, count=r.count, share=r.share) for r in rows)
        self.setAccessibleDescription("; ".join(listed))
        if grown:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(NAME + sum(COLUMNS), ROW * (len(self._rows) + 1))

    def minimumSizeHint(self) -> QSize:
        return QSize(NAME + sum(COLUMNS[:2]), self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        heads = (tr("Slots"), tr("Share"), tr("Power"), tr("Packets"))
        count = len(COLUMNS)
        while count > 2 and NAME + sum(COLUMNS[:count]) > self.width():
            count -= 1
        head = theme.font(fonts.SMALL, strong=True)
        painter.setPen(theme.colour(Token.TEXT3))
        painter.setFont(head)
        left = self.width() - sum(COLUMNS[:count])
        painter.drawText(QRect(0, 0, left, ROW), Qt.AlignmentFlag.AlignVCenter, tr("Node"))
        self._figures(painter, 0, heads[:count], (head,) * count)
        for at, row in enumerate(self._rows, 1):
            top = at * ROW
            painter.fillRect(QRect(0, top, self.width(), 1), theme.colour(Token.DIVIDER))
            paint_cell(painter, QRect(0, top + 5, 18, 18), row.number)
            painter.setFont(theme.font())
            painter.setPen(theme.colour(Token.TEXT))
            name = elided(row.name, painter.font(), left - 32, Qt.TextElideMode.ElideMiddle)
            painter.drawText(QRect(28, top, left - 28, ROW), Qt.AlignmentFlag.AlignVCenter, name)
            figures = (str(row.count), row.share, row.power, row.taken)[:count]
            self._figures(painter, top, figures, (theme.font(strong=True), *(theme.font(),) * (count - 1)))
        painter.end()

    def _figures(self, painter: QPainter, top: int, texts: tuple[str, ...], looks: tuple[QFont, ...]) -> None:
        right = self.width()
        for text, look, width in reversed(list(zip(texts, looks, COLUMNS, strict=False))):
            painter.setFont(look)
            box = QRect(right - width, top, width, ROW)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
            right -= width
