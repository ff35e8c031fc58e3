"""The 256 slots of a group, 16 by 16: the colour and number of the owner, and a mark where something differs."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleEvent,
    QHelpEvent,
    QHideEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.viewmodels.slot_map import GroupMap, Mark, Slot
from app.viewmodels.text import tr
from app.views import icons
from app.views.mosaic_grid import paint_cell
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.focus_ring import OWN_FOCUS
from app.views.widgets.painting import paint_focus, paint_panel

SIDE = 16
"""Rows and columns."""
GAP = 4
LEAST, LARGEST = 16, 30
FLASH = 1000
"""Milliseconds of each of the two pictures of a slot that is not right."""
STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Up: -SIDE, Qt.Key.Key_Down: SIDE}


class SlotGrid(QWidget):
    """Arrows move from slot to slot; `looked_at(words)` tells of the one under the pointer or the cursor."""

    looked_at = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._slots: tuple[Slot, ...] = ()
        self._cursor = 0
        self._second_picture = False
        self._flash = QTimer(self, interval=FLASH)
        self._flash.timeout.connect(self._turn)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty(OWN_FOCUS, True)
        self.setMouseTracking(True)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName(tr("Slots"))

    def set_group(self, group: GroupMap) -> None:
        """Show the slots of this group."""
        self.setAccessibleName(tr("Slots of {group}: {summary}", group=group.name, summary=group.summary))
        if group.slots != self._slots:
            self._slots = group.slots
            self._describe()
            self._run_flash()
            self.update()

    def sizeHint(self) -> QSize:
        side = SIDE * (24 + GAP) - GAP
        return QSize(side, side)

    def heightForWidth(self, width: int) -> int:
        return max(LEAST, min((width - 4 + GAP) // SIDE - GAP, LARGEST)) * SIDE + (SIDE - 1) * GAP + 4

    def minimumSizeHint(self) -> QSize:
        side = SIDE * (LEAST + GAP) - GAP
        return QSize(side, side)

    @property
    def cursor_slot(self) -> int:
        """The slot that the keys are on."""
        return self._cursor

    def words(self, slot: int) -> str:
        """What is said of a slot."""
        return self._slots[slot].words if slot < len(self._slots) else ""

    def cell(self, slot: int) -> QRect:
        """Where a slot is painted."""
        side = self._side()
        row, column = divmod(slot, SIDE)
        return QRect(column * (side + GAP) + 2, row * (side + GAP) + 2, side, side)

    def slot_at(self, place: QPoint) -> int | None:
        """The slot that is painted there."""
        side = self._side()
        column, x = divmod(place.x() - 2, side + GAP)
        row, y = divmod(place.y() - 2, side + GAP)
        inside = 0 <= column < SIDE and 0 <= row < SIDE and x < side and y < side
        return row * SIDE + column if inside and self._slots else None

    def _side(self) -> int:
        room = self.width() - 4
        return max(LEAST, min((room + GAP) // SIDE - GAP, LARGEST))

    # --- the mark that flashes ----------------------------------------------------------------

    def _run_flash(self) -> None:
        wanted = self.isVisible() and not theme.reduced_motion and any(slot.mark.wrong for slot in self._slots)
        if wanted and not self._flash.isActive():
            self._flash.start()
        elif not wanted:
            self._flash.stop()
            self._second_picture = False

    def _turn(self) -> None:
        self._second_picture = not self._second_picture
        self.update()

    def showEvent(self, event: QShowEvent) -> None:
        self._run_flash()
        super().showEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        self._flash.stop()
        super().hideEvent(event)

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        for slot in self._slots:
            self._paint(painter, self.cell(slot.slot), slot)
        if self.hasFocus() and self._slots:
            paint_focus(painter, self.cell(self._cursor).adjusted(-2, -2, 2, 2), 5)
        painter.end()

    def _paint(self, painter: QPainter, box: QRect, slot: Slot) -> None:
        if slot.mark.wrong and self._second_picture:
            paint_panel(painter, box, Token.RED_BG, Token.RED, 4)
            size = min(box.width() - 4, 16)
            middle = box.center()
            icons.paint(painter, "problem", Token.RED, middle.x() - size / 2 + 1, middle.y() - size / 2 + 1, size)
            return
        paint_cell(painter, box, slot.number)
        if slot.mark is Mark.FINE:
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if slot.mark is Mark.MOVING:
            painter.setPen(QPen(theme.colour(Token.TEXT), 1, Qt.PenStyle.DashLine))
            painter.drawRect(box.adjusted(-1, -1, 0, 0))
            return
        painter.setPen(QPen(theme.colour(Token.RED), 2))
        painter.drawRoundedRect(box.adjusted(-1, -1, 1, 1), 4, 4)
        corner = QRect(box.right() - 7, box.top() - 3, 10, 10)
        paint_panel(painter, corner, Token.SURFACE, None, 2)
        icons.paint(painter, "problem", Token.RED, corner.x(), corner.y(), 10)

    # --- pointer and keys ---------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        if event.type() is QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            slot = self.slot_at(event.pos())
            QToolTip.showText(event.globalPos(), self.words(slot) if slot is not None else "", self)
            return True
        return super().event(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        slot = self.slot_at(event.position().toPoint())
        self.looked_at.emit(self.words(slot) if slot is not None else "")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        slot = self.slot_at(event.position().toPoint())
        if slot is not None:
            self._move_to(slot)
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = STEPS.get(Qt.Key(event.key()), 0)
        if step and 0 <= self._cursor + step < len(self._slots):
            self._move_to(self._cursor + step)
        elif event.key() == Qt.Key.Key_Home:
            self._move_to(0)
        elif event.key() == Qt.Key.Key_End and self._slots:
            self._move_to(len(self._slots) - 1)
        elif not step:
            super().keyPressEvent(event)

    def _move_to(self, slot: int) -> None:
        self._cursor = slot
        self._describe()
        self.looked_at.emit(self.words(slot))
        self.update()

    def _describe(self) -> None:
        words = self.words(self._cursor)
        if words != self.accessibleDescription():
            self.setAccessibleDescription(words)
            if self.hasFocus():
                QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.DescriptionChanged))
