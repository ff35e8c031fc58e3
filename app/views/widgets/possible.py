"""Greyed means a reason, and never that the focus runs away."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def keep_focus(leaving: QWidget) -> None:
    """The focus in what is about to go or to be greyed stays around it: Qt would go on to whatever field is next."""
    focus, around = QApplication.focusWidget(), leaving.parentWidget()
    if focus is not None and around is not None and (focus is leaving or leaving.isAncestorOf(focus)):
        around.setFocus(Qt.FocusReason.OtherFocusReason)


def grey(part: QWidget, possible: bool, reason: str) -> None:
    """Greys a part with the reason why it is not possible now, as tooltip and for a screen reader; or frees it."""
    if not possible:
        keep_focus(part)
    part.setEnabled(possible)
    part.setToolTip("" if possible else reason)
    part.setAccessibleDescription("" if possible else reason)
