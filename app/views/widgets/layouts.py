"""What layouts of Qt need to be filled anew."""

from PySide6.QtWidgets import QLayout


def emptied(layout: QLayout) -> None:
    """Takes everything out and away: hidden at once, since Qt deletes later."""
    while (item := layout.takeAt(0)) is not None:
        if (widget := item.widget()) is not None:
            widget.hide()
            widget.deleteLater()
