"""Choices of one among several: tabs with a 2 px underline, segments, and tabs' counts."""

from collections.abc import Sequence

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QSizePolicy, QTabBar, QWidget

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import trn
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.focus_ring import OWN_FOCUS
from app.views.widgets.painting import paint_focus, paint_panel, paint_silhouette, text_width
from app.views.widgets.possible import grey

RING = 6
"""Room before the first tab for its focus ring."""


class TabBar(QTabBar):
    """Tabs by key, the first one `RING` px from the left edge.

    `chosen(key)` when the user picks another; a greyed tab says why in its tooltip.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None, *, height: int = 48, gap: int = 25) -> None:
        super().__init__(parent)
        self._height = height
        self._gap = gap
        self._icons: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._marked = True
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setFont(theme.font(strong=True))
        # Clicked, too: what had the focus may be hidden with its page, and Qt would go on to any other field.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.currentChanged.connect(self._changed)

    def add_tab(self, key: str, text: str, icon: str = "") -> None:
        """One more tab at the end."""
        self._icons[key] = icon
        self.blockSignals(True)
        index = self.addTab(text)
        self.setTabData(index, key)
        self.blockSignals(False)
        self.updateGeometry()

    def keys(self) -> tuple[str, ...]:
        """The keys from left to right."""
        return tuple(str(self.tabData(index)) for index in range(self.count()))

    def choose(self, key: str) -> None:
        """Shows a tab as chosen without telling anybody."""
        if key in self.keys():
            self.blockSignals(True)
            self.setCurrentIndex(self.keys().index(key))
            self.blockSignals(False)
            self.update()

    def set_marked(self, marked: bool) -> None:
        """Whether the chosen tab looks chosen: what is shown may belong to none."""
        if marked is not self._marked:
            self._marked = marked
            self.update()

    def current_key(self) -> str:
        """The key of the chosen tab, empty when there is none."""
        return str(self.tabData(self.currentIndex())) if self.count() else ""

    def set_possible(self, key: str, possible: bool, reason: str = "") -> None:
        """Greys a tab with the reason, or frees it."""
        index = self.keys().index(key)
        self.setTabEnabled(index, possible)
        self.setTabToolTip(index, "" if possible else reason)

    def set_count(self, key: str, count: int) -> None:
        """The number of errors in a tab, in red behind its text; 0 takes it away."""
        if self._counts.get(key, 0) == count:
            return
        self._counts[key] = count
        index = self.keys().index(key)
        words = trn("{count} problem", "{count} problems", count) if count else ""
        self.setTabToolTip(index, words)
        self.setAccessibleTabName(index, ", ".join(filter(None, (self.tabText(index), words))))
        self.setTabText(index, self.tabText(index))
        self.updateGeometry()
        self.update()

    def _changed(self, index: int) -> None:
        if index >= 0:
            self.chosen.emit(str(self.tabData(index)))

    def tabSizeHint(self, index: int) -> QSize:
        key = str(self.tabData(index))
        width = text_width(self.tabText(index), self.font()) + self._gap
        if self._icons.get(key):
            width += 24
        if self._counts.get(key):
            width += 24
        return QSize(width, self._height)

    def minimumTabSizeHint(self, index: int) -> QSize:
        return self.tabSizeHint(index)

    def sizeHint(self) -> QSize:
        return QSize(sum(self.tabSizeHint(index).width() for index in range(self.count())), self._height)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        pointer = self.mapFromGlobal(self.cursor().pos())
        for index in range(self.count()):
            key = str(self.tabData(index))
            box = self.tabRect(index).translated(RING, 0)
            box.setRight(box.right() - self._gap)
            chosen = index == self.currentIndex() and self._marked
            strong = chosen or (box.contains(pointer) and self.isTabEnabled(index))
            ink = Token.TEXT if strong else Token.TEXT2
            if not self.isTabEnabled(index):
                ink = Token.TEXT3
            x = box.left()
            if self._icons.get(key):
                tint = Token.LINK if chosen else ink
                icons.paint(painter, self._icons[key], tint, x, (box.height() - 16) / 2)
                x += 24
            painter.setFont(theme.font(strong=chosen, medium=not chosen))
            painter.setPen(theme.colour(ink))
            painter.drawText(
                QRect(x, 0, box.right() - x + 8, box.height()), Qt.AlignmentFlag.AlignVCenter, self.tabText(index)
            )
            if count := self._counts.get(key):
                self._paint_count(painter, box.right() - 15, count)
            if chosen:
                painter.fillRect(QRect(box.left(), box.height() - 2, box.width(), 2), theme.colour(Token.LINK))
                if self.hasFocus():
                    paint_focus(painter, box.adjusted(-6, 8, 6, -8))
        painter.end()

    def _paint_count(self, painter: QPainter, x: int, count: int) -> None:
        box = QRect(x, (self._height - 16) // 2, 16, 16)
        paint_panel(painter, box, Token.RED, None, 8)
        painter.setFont(theme.font(fonts.SMALL, strong=True))
        painter.setPen(theme.colour(Token.SURFACE))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(count))


class _Segment(QPushButton):
    """One segment; the group keeps exactly one of them checked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setCheckable(True)
        self.setProperty(OWN_FOCUS, True)
        self.setAutoDefault(False)
        self.silhouette: Silhouette | None = None
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.toggled.connect(self._take_tab)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def _take_tab(self, chosen: bool) -> None:
        """The Tab key comes to the chosen one; from there arrows lead on."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if chosen else Qt.FocusPolicy.ClickFocus)

    def sizeHint(self) -> QSize:
        room = 23 if self.silhouette is None else 44
        return QSize(text_width(self.text(), theme.font(strong=True)) + room, 28)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self.isChecked():
            paint_panel(painter, self.rect(), Token.RAISED, Token.BORDER, 5)
        ink = Token.TEXT if self.isChecked() or (self.underMouse() and self.isEnabled()) else Token.TEXT2
        painter.setFont(theme.font(strong=self.isChecked(), medium=not self.isChecked()))
        painter.setPen(theme.colour(ink if self.isEnabled() else Token.TEXT3))
        box = self.rect()
        if self.silhouette is not None:
            paint_silhouette(painter, 11, (box.height() - 14) / 2, 14, self.silhouette)
            box.setLeft(21)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.text())
        if self.hasFocus():
            paint_focus(painter, self.rect())
        painter.end()


class Segments(QWidget):
    """Two to five views of one thing; arrows move inside. `chosen(key)` when the user picks another."""

    chosen = Signal(str)

    def __init__(self, entries: Sequence[tuple[str, str]], name: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._buttons: dict[str, _Segment] = {}
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(2, 2, 2, 2)
        row.setSpacing(0)
        for key, text in entries:
            button = _Segment(text)
            self._buttons[key] = button
            self._group.addButton(button)
            row.addWidget(button)
            button.clicked.connect(lambda _checked=False, chosen=key: self.chosen.emit(chosen))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(name)
        if entries:
            self.choose(entries[0][0])

    def choose(self, key: str) -> None:
        """Shows a segment as chosen without telling anybody."""
        self._buttons[key].setChecked(True)

    def current_key(self) -> str:
        """The key of the chosen segment."""
        return next((key for key, button in self._buttons.items() if button.isChecked()), "")

    def set_silhouette(self, key: str, silhouette: Silhouette) -> None:
        """A state before the text of a segment."""
        button = self._buttons[key]
        if silhouette is not button.silhouette:
            button.silhouette = silhouette
            button.setAccessibleDescription(silhouette.words)
            button.updateGeometry()
            button.update()

    def set_possible(self, key: str, possible: bool, reason: str = "") -> None:
        """Greys a segment with the reason, or frees it."""
        grey(self._buttons[key], possible, reason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if not step:
            super().keyPressEvent(event)
            return
        keys = [key for key, button in self._buttons.items() if button.isEnabled()]
        key = keys[(keys.index(self.current_key()) + step) % len(keys)]
        self._buttons[key].setFocus()
        self._buttons[key].click()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        ground = Token.SIDEBAR if theme.dark else Token.TRACK
        paint_panel(painter, self.rect(), ground, None, 6)
        painter.end()
