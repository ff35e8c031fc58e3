"""What is seen of a window and cannot be read to its end, or has no name for who does not see it."""

from collections.abc import Iterator

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QStyle,
    QStyleOptionComboBox,
    QStyleOptionFrame,
    QTabBar,
    QTextEdit,
    QWidget,
)

from app.views.widgets import Words
from app.views.widgets.painting import text_width

INPUTS = (QAbstractButton, QLineEdit, QComboBox, QAbstractItemView, QTextEdit, QPlainTextEdit)
LINE_EDIT_MARGIN = 2
"""What QLineEdit keeps free at each side of its text, pixels."""
HEAD_PADDING = 8
"""What the style sheet keeps free before the words of a head, pixels."""


def illegible(root: QWidget) -> list[str]:
    """A sentence for each fault. What may be cut short (`Words` with `cut`) has to show half of its words."""
    return sorted({fault for part in root.findChildren(QWidget) if part.isVisible() for fault in _faults(part)})


def _faults(part: QWidget) -> Iterator[str]:
    seen = part.visibleRegion().boundingRect()
    if seen.isEmpty():
        return
    match part:
        case QHeaderView():
            yield from _heads(part)
            return
        case QLineEdit() if not part.text():
            yield from _short(part, part.placeholderText(), _line_room(part))
        case QComboBox():
            yield from _short(part, part.currentText(), _choice_room(part))
        case QAbstractButton() | QTabBar():
            yield from _small(part, part.sizeHint())
        case Words() if part.shown() != part.text():
            yield from _short(part, part.text()[: len(part.text()) // 2], text_width(part.shown(), part.font()))
        case QLabel() if part.wordWrap():
            yield from _small(part, QSize(0, part.heightForWidth(part.width())))
        case QLabel():
            yield from _small(part, QSize(part.sizeHint().width(), 0))
    if isinstance(part, INPUTS) and not _name(part) and not isinstance(part.parent(), QAbstractItemView):
        yield f"a {type(part).__name__} in {_above(part)} has no name"
    if isinstance(part, QAbstractButton | QLabel) and seen.width() < part.width():
        yield f"“{_name(part)}” sticks out of what it stands in"


def _line_room(line: QLineEdit) -> int:
    option = QStyleOptionFrame()
    line.initStyleOption(option)
    inside = line.style().subElementRect(QStyle.SubElement.SE_LineEditContents, option, line)
    margins = line.textMargins()
    return int(inside.width()) - margins.left() - margins.right() - 2 * LINE_EDIT_MARGIN


def _choice_room(choice: QComboBox) -> int:
    option = QStyleOptionComboBox()
    choice.initStyleOption(option)
    place = (QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, choice)
    return int(choice.style().subControlRect(*place).width())


def _heads(head: QHeaderView) -> Iterator[str]:
    if head.orientation() is not Qt.Orientation.Horizontal:
        return
    for section in range(head.count()):
        if not head.isSectionHidden(section):
            words = str(head.model().headerData(section, Qt.Orientation.Horizontal) or "")
            yield from _short(head, words, head.sectionSize(section) - HEAD_PADDING)


def _short(part: QWidget, words: str, room: int) -> Iterator[str]:
    needed = text_width(words, part.font())
    if needed > room:
        yield f"“{words}” needs {needed} px of {_above(part)} and has {room}"


def _small(part: QWidget, least: QSize) -> Iterator[str]:
    if part.width() < least.width() or part.height() < least.height():
        yield f"“{_name(part)}” needs {least.width()} × {least.height()} px, has {part.width()} × {part.height()}"


def _name(part: QWidget) -> str:
    return part.accessibleName() or (part.text() if isinstance(part, QAbstractButton | QLabel) else "")


def _above(part: QWidget) -> str:
    """The name of the nearest part around it that has one."""
    parent = part.parentWidget()
    while parent is not None and not parent.accessibleName():
        parent = parent.parentWidget()
    return f"“{parent.accessibleName()}”" if parent is not None else "the window"
