"""The table of *Check ports*: from the rows to the columns; one delegate paints all cells."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.viewmodels.port_matrix import Cell, Gate, PortMatrix, node_words
from app.viewmodels.text import tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import TableView, Words
from app.views.widgets.painting import elided, paint_focus, paint_panel, text_width

Index = QModelIndex | QPersistentModelIndex
ROW, HEAD = 34, 28
NAMES_LEAST, NAMES_MOST = 112, 200
LEAST, BESIDE = 108, 52
"""Of a column; and what a cell has beside its text."""
ROWS_SHOWN = 9
CELL = Qt.ItemDataRole.UserRole.value + 1
EMPTY = PortMatrix("", (), (), ())
NAMES = Qt.Orientation.Vertical


class _Ways(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.matrix = EMPTY

    def set_matrix(self, matrix: PortMatrix) -> None:
        """Cell by cell while the nodes are the same, so that the choice stays."""
        before, self.matrix = self.matrix, matrix
        if (before.rows, before.columns, before.lan) != (matrix.rows, matrix.columns, matrix.lan):
            self.beginResetModel()
            self.endResetModel()
        elif before != matrix and matrix.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, self.columnCount() - 1))

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.matrix.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.matrix.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role not in {Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole}:
            return None
        return node_words((self.matrix.rows if orientation == NAMES else self.matrix.columns)[section])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        cell = self.matrix.cells[index.row()][index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return cell.text
            case Qt.ItemDataRole.ToolTipRole:
                return cell.sentence
            case Qt.ItemDataRole.AccessibleTextRole:
                return cell.sentence.replace("\n", ", ")
            case _:
                return cell if role == CELL else None


class _Cells(QStyledItemDelegate):
    """A rounded ground; a tick and the time, or a cross and the ports, or in grey why nothing is told."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell: Cell = index.data(CELL)
        box = option.rect.adjusted(2, 2, -2, -2)
        closed = cell.gate is Gate.CLOSED and not cell.asking
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        edge = Token.RED_LINE if closed else Token.ACCENT_LINE if selected else None
        ground = Token.RED_BG if closed else Token.SELECTED if selected else Token.SUNKEN
        paint_panel(painter, box, ground, edge, 4)
        icon, tint, ink = _mark(cell)
        font = theme.font(fonts.SIDE, strong=closed)
        words = "" if cell.asking else cell.text
        width = text_width(words, font) + (20 if icon and words else 14 if icon else 0)
        x = box.left() + max((box.width() - width) // 2, 8)
        if icon:
            icons.paint(painter, icon, tint, x, box.center().y() - 6.5, 14)
            x += 20
        painter.setFont(font)
        painter.setPen(theme.colour(ink))
        room = QRect(x, box.top(), box.right() - x - 3, box.height())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter, elided(words, font, room.width()))
        if option.state & QStyle.StateFlag.State_HasFocus or (selected and closed):
            paint_focus(painter, box)


def _mark(cell: Cell) -> tuple[str, Token, Token]:
    if cell.asking:
        return "clock", Token.TEXT3, Token.TEXT3
    match cell.gate:
        case Gate.OPEN:
            return "check", Token.GREEN, Token.TEXT
        case Gate.CLOSED:
            return "cross", Token.RED, Token.RED
        case _:
            return "", Token.TEXT3, Token.TEXT3


class _Head(QHeaderView):
    """Names at the left in the size of the text, above in that of heads; the end of a name is never cut."""

    def __init__(self, orientation: Qt.Orientation, parent: QWidget) -> None:
        super().__init__(orientation, parent)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setSectionsClickable(False)
        self.setHighlightSections(False)

    def paintSection(self, painter: QPainter, box: QRect, section: int) -> None:
        left = self.orientation() == NAMES
        painter.fillRect(box, theme.colour(Token.SURFACE if left else Token.SUNKEN))
        font = theme.font() if left else theme.font(fonts.SMALL, strong=True)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT if left else Token.TEXT3))
        room = box.adjusted(16, 0, -8, 0) if left else box.adjusted(4, 0, -4, 0)
        side = Qt.AlignmentFlag.AlignLeft if left else Qt.AlignmentFlag.AlignHCenter
        name = str(self.model().headerData(section, self.orientation()))
        words = elided(name, font, room.width(), Qt.TextElideMode.ElideMiddle)
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, words)


class PortTable(TableView):
    """`picked(cell)` when another one is chosen; `again` for F5."""

    picked = Signal(object)
    again = Signal()

    def __init__(self) -> None:
        super().__init__(tr("Ports, from the rows to the columns"), row=ROW)
        self._ways = _Ways()
        self.setModel(self._ways)
        self.setItemDelegate(_Cells(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setHorizontalHeader(_Head(Qt.Orientation.Horizontal, self))
        self.setVerticalHeader(_Head(NAMES, self))
        self.horizontalHeader().setFixedHeight(HEAD)
        self.verticalHeader().setDefaultSectionSize(ROW)
        self.horizontalScrollBar().rangeChanged.connect(self._fit)
        self._corner = Words(tr("From \\ to"), fonts.SMALL, Token.TEXT3, self, strong=True)
        self.selectionModel().currentChanged.connect(lambda now, _before: self.picked.emit(now.data(CELL)))

    def set_matrix(self, matrix: PortMatrix) -> None:
        """Show this lan."""
        self._ways.set_matrix(matrix)
        font, base = theme.font(fonts.SIDE, strong=True), theme.font()
        texts = [cell.text for row in matrix.cells for cell in row if not cell.asking]
        wide = max([LEAST, *(text_width(text, font) + BESIDE for text in {*texts, *matrix.columns})])
        names = max([NAMES_LEAST, *(text_width(node_words(row), base) + 24 for row in matrix.rows)])
        self.verticalHeader().setFixedWidth(min(names, NAMES_MOST))
        self.horizontalHeader().setDefaultSectionSize(wide)
        self._corner.setGeometry(16, 0, min(names, NAMES_MOST) - 16, HEAD)
        self.setMaximumWidth(self.verticalHeader().width() + wide * len(matrix.columns) + 2)
        self._fit()

    def _fit(self) -> None:
        """As high as its rows, and the scroll bar where there is one."""
        bar = self.horizontalScrollBar()
        height = HEAD + ROW * min(len(self._ways.matrix.rows), ROWS_SHOWN)
        self.setFixedHeight(height + (bar.sizeHint().height() if bar.maximum() else 0))

    @property
    def cell(self) -> Cell | None:
        """The chosen one."""
        cell: Cell | None = self.currentIndex().data(CELL)
        return cell

    def choose(self, cell: Cell) -> None:
        """As if the user had picked it."""
        matrix = self._ways.matrix
        self.setCurrentIndex(self._ways.index(matrix.rows.index(cell.source), matrix.columns.index(cell.target)))

    def sizeHint(self) -> QSize:
        return QSize(self.maximumWidth(), self.minimumHeight())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F5:
            self.again.emit()
        else:
            super().keyPressEvent(event)
