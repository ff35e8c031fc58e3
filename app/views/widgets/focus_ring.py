"""The focus ring of buttons: 2 px, 2 px off, drawn over the neighbours and following the widget."""

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QAbstractScrollArea, QApplication, QWidget
from shiboken6 import isValid

from app.views.widgets.painting import paint_focus

OFF = 4
OWN_FOCUS = "ownFocus"
"""The property of buttons that draw their focus themselves, because there is no room around them."""
_MOVES = {QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.ZOrderChange}


class _Ring(QWidget):
    """The ring around one widget."""

    def __init__(self, ground: QWidget) -> None:
        super().__init__(ground)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_focus(painter, self.rect(), 8)
        painter.end()


class FocusRing(QObject):
    """Shows the ring around the button that has the focus: `FocusRing(application)` once. It belongs to it."""

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._target: QWidget | None = None
        self._ring: _Ring | None = None
        self._watched: list[QWidget] = []
        application.focusChanged.connect(self._moved)

    def _moved(self, _old: QWidget | None, new: QWidget | None) -> None:
        for widget in self._watched:
            if isValid(widget):
                widget.removeEventFilter(self)
        self._watched = []
        if self._ring is not None and isValid(self._ring):
            self._ring.hide()
            self._ring.deleteLater()
        self._ring = None
        self._target = new if isinstance(new, QAbstractButton) and not new.property(OWN_FOCUS) else None
        if self._target is None:
            return
        ground = self._ground(self._target)
        step: QWidget | None = self._target
        while step is not None and step is not ground:
            step.installEventFilter(self)
            self._watched.append(step)
            step = step.parentWidget()
        if ground is self._target:
            return
        self._ring = _Ring(ground)
        self._follow()

    @staticmethod
    def _ground(target: QWidget) -> QWidget:
        """The content of the scroll area around the target, so that the ring scrolls with it; else the window."""
        step = target.parentWidget()
        while step is not None and not step.isWindow():
            outer = step.parentWidget()
            if outer is not None and isinstance(outer.parentWidget(), QAbstractScrollArea):
                return step
            step = outer
        return target.window()

    def _follow(self) -> None:
        target, ring = self._target, self._ring
        if target is None or ring is None or not isValid(target) or not isValid(ring):
            return
        ground = ring.parentWidget()
        if ground is None or not target.isVisibleTo(ground):
            ring.hide()
            return
        place = target.mapTo(ground, QPoint(0, 0))
        ring.setGeometry(place.x() - OFF, place.y() - OFF, target.width() + 2 * OFF, target.height() + 2 * OFF)
        ring.raise_()
        ring.show()

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() in _MOVES:
            self._follow()
        return False
