"""Many small parts: in as many rows as they need, and scrolled where there is no room for all of them."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QWidget

ROW = 32
GAP = 12


class Flow(QWidget):
    """Parts side by side, each as wide as it wants to be, in rows of 32 px."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: tuple[QWidget, ...] = ()
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_parts(self, parts: Sequence[QWidget]) -> None:
        """Exactly these, in this order; the ones before are deleted."""
        for gone in self._parts:
            gone.hide()
            gone.deleteLater()
        self._parts = tuple(parts)
        for part in parts:
            part.setParent(self)
            part.show()
        self.updateGeometry()
        self._place()

    def heightForWidth(self, width: int) -> int:
        return max((top for _, _, top in self._places(width)), default=0) + ROW

    def sizeHint(self) -> QSize:
        width = sum(part.sizeHint().width() + GAP for part in self._parts)
        return QSize(width, ROW)

    def minimumSizeHint(self) -> QSize:
        return QSize(max((part.sizeHint().width() for part in self._parts), default=0), ROW)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()
        super().resizeEvent(event)

    def _place(self) -> None:
        for part, left, top in self._places(self.width()):
            size = part.sizeHint()
            part.setGeometry(left, top + (ROW - size.height()) // 2, size.width(), size.height())

    def _places(self, room: int) -> list[tuple[QWidget, int, int]]:
        """Each part with the left edge and the top of its row, in px."""
        found, left, top = [], 0, 0
        for part in self._parts:
            width = part.sizeHint().width()
            if left and left + width > room:
                left, top = 0, top + ROW
            found.append((part, left, top))
            left += width + GAP
        return found


class Scroller(QScrollArea):
    """As high as what is in it where there is room, else it scrolls down; at least `least` px high, at most `most`."""

    def __init__(self, content: QWidget, least: int, most: int = 10_000) -> None:
        super().__init__()
        self._content, self._least, self._most = content, least, most
        content.setObjectName("scrolled")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setWidget(content)

    def sizeHint(self) -> QSize:
        hint, height = self._content.sizeHint(), self._content.heightForWidth(self.viewport().width())
        return QSize(hint.width(), min(height if height >= 0 else hint.height(), self._most))

    def minimumSizeHint(self) -> QSize:
        bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._content.minimumSizeHint().width() + bar, min(self._least, self.sizeHint().height()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.updateGeometry()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """What is in it has become higher or lower."""
        if watched is self._content and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)
