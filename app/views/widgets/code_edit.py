"""The editor of XML and scripts: gutter with line numbers, current lines tinted, wavy red under what is wrong."""

from collections.abc import Iterable
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import (
    QColor,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QTextCharFormat,
    QTextCursor,
    QTextOption,
)
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit, QWidget

from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.painting import text_width

GUTTER = 48


@dataclass(frozen=True, slots=True)
class CodeProblem:
    """What is wrong in a line; lines and columns count from 1, column 0 marks the whole line."""

    line: int
    sentence: str
    column: int = 0
    length: int = 0


class _Gutter(QWidget):
    def __init__(self, edit: "CodeEdit") -> None:
        super().__init__(edit)
        self._edit = edit

    def sizeHint(self) -> QSize:
        return QSize(GUTTER, 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._edit.paint_gutter(event)


class CodeEdit(QPlainTextEdit):
    """Plain text of fixed width. `name` is what a screen reader calls it."""

    def __init__(self, name: str, parent: QWidget | None = None, *, read_only: bool = False) -> None:
        super().__init__(parent)
        self._gutter = _Gutter(self)
        self._problems: dict[int, CodeProblem] = {}
        self._marked = range(0)
        self._tint = (Token.ACCENT_BG, Token.LINK)
        """Ground and edge of the marked lines."""
        self.setAccessibleName(name)
        self.setFont(theme.font(fonts.SIDE, mono=True))
        self.setReadOnly(read_only)
        self.setWordWrapMode(QTextOption.WrapMode.NoWrap)
        self.setTabChangesFocus(False)
        self.setTabStopDistance(4 * text_width(" ", self.font()))
        self.setViewportMargins(GUTTER, 0, 0, 0)
        self.setMouseTracking(True)
        self.blockCountChanged.connect(lambda _count: self._gutter.update())
        self.updateRequest.connect(self._follow)
        self.cursorPositionChanged.connect(self._gutter.update)
        theme.changed.connect(self._mark)

    def set_text(self, text: str) -> None:
        """Puts a text in from the model; cursor and scroll are kept, and nothing happens when it is the same."""
        if text == self.toPlainText():
            return
        place = self.textCursor().position()
        scrolled = self.verticalScrollBar().value()
        self.blockSignals(True)
        self.setPlainText(text)
        self.blockSignals(False)
        cursor = self.textCursor()
        cursor.setPosition(min(place, len(self.toPlainText())))
        self.setTextCursor(cursor)
        self.verticalScrollBar().setValue(scrolled)
        self._mark()

    def set_problems(self, problems: Iterable[CodeProblem]) -> None:
        """Marks what is wrong: number in red, wavy line, the sentence as tooltip. The first one of a line counts."""
        self._problems = {}
        for problem in problems:
            self._problems.setdefault(problem.line, problem)
        self._mark()

    def mark_lines(self, first: int, last: int, *, wrong: bool = False) -> None:
        """Tints the lines that are chosen elsewhere, in red when they are what went `wrong`; 0, 0 takes it away."""
        self._marked = range(first, last + 1) if first else range(0)
        self._tint = (Token.RED_BG, Token.RED) if wrong else (Token.ACCENT_BG, Token.LINK)
        self._mark()

    def show_line(self, line: int) -> None:
        """Puts the cursor on a line and scrolls it into the middle."""
        block = self.document().findBlockByNumber(line - 1)
        if block.isValid():
            self.setTextCursor(QTextCursor(block))
            self.centerCursor()

    def _mark(self) -> None:
        marks: list[QTextEdit.ExtraSelection] = []
        for line in self._marked:
            marks.append(self._selection(line, 0, 0, theme.colour(self._tint[0])))
        for problem in self._problems.values():
            marks.append(self._selection(problem.line, problem.column, problem.length, None))
        self.setExtraSelections([mark for mark in marks if not mark.cursor.isNull()])
        self._gutter.update()

    def _selection(self, line: int, column: int, length: int, ground: QColor | None) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        block = self.document().findBlockByNumber(line - 1)
        if not block.isValid():
            return mark
        cursor = QTextCursor(block)
        shape = QTextCharFormat()
        if ground is not None:
            shape.setBackground(ground)
            shape.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
        else:
            text = block.text()
            start = column - 1 if column else len(text) - len(text.lstrip())
            stop = start + length if length else len(text)
            cursor.setPosition(block.position() + min(start, len(text)))
            cursor.setPosition(block.position() + min(stop, len(text)), QTextCursor.MoveMode.KeepAnchor)
            shape.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            shape.setUnderlineColor(theme.colour(Token.RED))
        mark.cursor = cursor
        mark.format = shape
        return mark

    def _follow(self, _rect: QRect, scrolled: int) -> None:
        if scrolled:
            self._gutter.scroll(0, scrolled)
        else:
            self._gutter.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        box = self.contentsRect()
        self._gutter.setGeometry(QRect(box.left(), box.top(), GUTTER, box.height()))

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and self._problems:
            place = self.viewport().mapFromGlobal(self.cursor().pos())
            line = self.cursorForPosition(place).blockNumber() + 1
            problem = self._problems.get(line)
            self.viewport().setToolTip(problem.sentence if problem else "")
        return super().viewportEvent(event)

    def paint_gutter(self, event: QPaintEvent) -> None:
        """Draws the line numbers that are in view."""
        painter = QPainter(self._gutter)
        painter.fillRect(event.rect(), theme.colour(Token.SUNKEN))
        painter.setFont(theme.font(fonts.SMALL, mono=True))
        block = self.firstVisibleBlock()
        current = self.textCursor().blockNumber()
        while block.isValid():
            box = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if box.top() > event.rect().bottom():
                break
            line = block.blockNumber() + 1
            ground = self._tint[0] if line in self._marked else None
            area = QRect(0, round(box.top()), GUTTER, self.fontMetrics().lineSpacing())
            if ground is not None:
                painter.fillRect(area, theme.colour(ground))
                painter.fillRect(QRect(GUTTER - 2, area.top(), 2, area.height()), theme.colour(self._tint[1]))
            ink = Token.RED if line in self._problems else Token.TEXT2 if line == current + 1 else Token.TEXT3
            painter.setPen(theme.colour(ink))
            edge = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(area.adjusted(0, 0, -10, 0), edge, str(line))
            block = block.next()
        painter.end()
