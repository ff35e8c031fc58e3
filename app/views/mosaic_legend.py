"""The legend of the mosaic: who answered how often, against what is expected."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.viewmodels.mosaic_figures import LegendRow
from app.viewmodels.text import tr
from app.views import fonts
from app.views.mosaic_grid import paint_cell
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import elided

ROW = 28
COLUMN = 60


class MosaicLegend(QWidget):
    """A row for each node and one for failures; the last columns go first when it gets narrow."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[LegendRow, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(tr("Answered by"))

    def set_rows(self, rows: tuple[LegendRow, ...]) -> None:
        """The figures now."""
        grown = len(rows) != len(self._rows)
        self._rows = rows
        self.setAccessibleDescription(
            ", ".join(f"{row.name} {row.count} {row.share}".strip() for row in rows if row.name)
        )
        if grown:
            self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(150 + 5 * COLUMN, ROW * (len(self._rows) + 1))

    def minimumSizeHint(self) -> QSize:
        return QSize(150 + 2 * COLUMN, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        heads = (tr("Cells"), tr("Share"), tr("Expected"), "p50", "p99")
        columns = max(2, min(5, (self.width() - 130) // COLUMN))
        head = theme.font(fonts.SMALL, strong=True)
        painter.setPen(theme.colour(Token.TEXT3))
        painter.setFont(head)
        left = self.width() - columns * COLUMN
        painter.drawText(QRect(0, 0, left, ROW), Qt.AlignmentFlag.AlignVCenter, tr("Answered by"))
        self._figures(painter, 0, heads[:columns], (head,) * columns)
        for at, row in enumerate(self._rows, 1):
            top = at * ROW
            painter.fillRect(QRect(0, top, self.width(), 1), theme.colour(Token.DIVIDER))
            paint_cell(painter, QRect(0, top + 5, 18, 18), row.number)
            painter.setFont(theme.font())
            painter.setPen(theme.colour(Token.TEXT))
            name = elided(row.name, painter.font(), left - 24, Qt.TextElideMode.ElideMiddle)
            painter.drawText(QRect(28, top, left - 28, ROW), Qt.AlignmentFlag.AlignVCenter, name)
            figures = (str(row.count), row.share, row.expected, row.p50, row.p99)[:columns]
            self._figures(painter, top, figures, (theme.font(strong=True), *(theme.font(),) * 4))
        painter.end()

    def _figures(self, painter: QPainter, top: int, texts: tuple[str, ...], looks: tuple[QFont, ...]) -> None:
        for at, (text, look) in enumerate(zip(texts, looks, strict=False)):
            painter.setFont(look)
            box = QRect(self.width() - (len(texts) - at) * COLUMN, top, COLUMN, ROW)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
