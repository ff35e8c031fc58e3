"""The parts in one picture, as the design draws them, in both themes."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import (
    Button,
    Chip,
    ConfirmBar,
    EmptyState,
    Field,
    InlineError,
    PausedBadge,
    PrimaryButton,
    ProgressRow,
    Segments,
    ShareBar,
    SilhouetteLabel,
    StatePill,
    StepState,
    StepView,
    Toast,
    ToggleButton,
    Words,
)

STATES = (
    (Silhouette.READY, "UP Ready"),
    (Silhouette.TRANSIENT, "UP Transient"),
    (Silhouette.TRANSIENT, "WAIT Transient"),
    (Silhouette.WAIT, "WAIT NotReady"),
    (Silhouette.STOP, "STOP NotReady"),
    (Silhouette.UNCONFIGURED, "NOT CONFIGURED"),
    (Silhouette.UNREACHABLE, "UNREACHABLE"),
)


def _row(*parts: QWidget, gap: int = 8, before: int = 0) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setContentsMargins(0, before, 0, 0)
    row.setSpacing(gap)
    for part in parts:
        row.addWidget(part)
    row.addStretch(1)
    return row


def _head(text: str) -> Words:
    return Words(text, fonts.SIDE, Token.TEXT3, strong=True)


def _column(*parts: QWidget | QHBoxLayout | int) -> QWidget:
    holder = QWidget()
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for part in parts:
        if isinstance(part, int):
            column.addSpacing(part)
        elif isinstance(part, QWidget):
            column.addWidget(part)
        else:
            column.addLayout(part)
    column.addStretch(1)
    return holder


def _left() -> QWidget:
    pills = [StatePill(which, words) for which, words in STATES]
    order = (
        Silhouette.READY,
        Silhouette.TRANSIENT,
        Silhouette.WAIT,
        Silhouette.STOP,
        Silhouette.UNCONFIGURED,
        Silhouette.UNREACHABLE,
    )
    marks = [SilhouetteLabel(which, "", size, name=which.words) for size in (24, 16, 12) for which in order]
    keep = Button("Keep")
    keep.setObjectName("keep")
    apply = Button("Save and apply")
    apply.set_possible(False, "nothing changed")
    beside = ToggleButton("XML beside", "columns")
    beside.setChecked(True)
    return _column(
        _head("State: one silhouette, one word, one colour"),
        12,
        _row(*pills[:4], gap=9),
        12,
        _row(*pills[4:], gap=9),
        12,
        _row(*marks),
        24,
        _head("Buttons: one primary a page; focus ring 2 px, 2 px off"),
        12,
        _row(
            PrimaryButton("Start on node3", "start"),
            Button("Check"),
            Button("Actions", menu=True),
            Button("Remove", "remove", quiet=True),
        ),
        16,
        _row(keep, Button("Force stop", "stop", danger=True), apply, beside, before=0),
        28,
        _head("Chips, badge, segments"),
        12,
        _row(Chip("Error", "12", True), Chip("Script", "18", True), Chip("Debug", "off")),
        12,
        _row(PausedBadge("Checkers paused", "until 14:30, 38 min left", "Resume now")),
        12,
        _row(Segments((("form", "Form"), ("scripts", "Scripts"), ("diff", "Diff"), ("history", "History")), "View")),
        24,
        _head("Share: solid when the slots are enforced, hatched when a load balancer decides"),
        16,
        ShareBar("Share", 0.5, False),
        6,
        Words("128 of 256 slots", fonts.SIDE, Token.TEXT2),
        21,
        ShareBar("Share", 0.5, True),
        6,
        Words("50 % expected, load balancer decides", fonts.SIDE, Token.TEXT2),
    )


def _middle() -> QWidget:
    wrong = Field("Interval", "400ms", width=144)
    wrong.line.setProperty("wrong", True)
    wrong.line.style().polish(wrong.line)
    error = InlineError()
    error.set_text("400 ms rounds to 0 s; this checker counts whole seconds. Use 1s or more.")
    rows = []
    for name in ("node1", "node2", "node3"):
        row = ProgressRow(name)
        held = (
            (
                StepView("Check", StepState.DONE),
                StepView("Stage", StepState.DONE),
                StepView("Commit held back", StepState.HELD),
            )
            if name != "node3"
            else (
                StepView("Check", StepState.DONE),
                StepView("Stage: lan private is not on this node", StepState.FAILED),
            )
        )
        row.set_steps(held)
        rows.append(row)
    bar = ConfirmBar("Keep", "Go back now")
    bar.set_seen("All nodes answer")
    bar.set_remaining(0.72, "0:43")
    return _column(
        _head("Field, inline error, undo"),
        12,
        _row(Field("Interval", "10s", width=144), wrong, Field("Interval", "12s", width=144)),
        8,
        error,
        24,
        _head("Progress rows: a failed stage commits nowhere"),
        12,
        *rows,
        24,
        _head("Confirm bar"),
        12,
        bar,
        24,
        _head("Empty state"),
        12,
        EmptyState(
            "module",
            "No module on this cluster yet",
            "Start from the farm module, a template or a .safe file",
            (PrimaryButton("New module…", "add"), Button("Upload .safe", "upload")),
        ),
    )


def _gallery() -> QWidget:
    holder = QFrame()
    holder.setObjectName("page")
    row = QHBoxLayout(holder)
    row.setContentsMargins(24, 24, 24, 24)
    row.setSpacing(24)
    left, middle = _left(), _middle()
    left.setFixedWidth(502)
    middle.setFixedWidth(514)
    row.addWidget(left)
    row.addWidget(middle)
    row.addWidget(
        _column(
            _head("Toast: never takes focus, 6 s, stays in Events"),
            12,
            Toast(Silhouette.READY, "farm Ready on node3", "2.3 s after Start", "Details", lambda: None),
        )
    )
    holder.resize(1440, 624)
    return holder


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_the_parts_are_drawn_in_both_themes(
    mode: str, qapp: QApplication, shot: Callable[[QWidget, str], Path]
) -> None:
    theme.apply(qapp, mode)
    try:
        gallery = _gallery()
        gallery.show()
        gallery.activateWindow()
        keep = gallery.findChild(Button, "keep")
        keep.setFocus()
        qapp.processEvents()
        picture = shot(gallery, f"8-components-{mode}")
        assert picture.stat().st_size > 20_000
        ground = gallery.grab().toImage().pixelColor(2, 2)
        assert ground == theme.colour(Token.WINDOW)
        assert tr("Close")
    finally:
        theme.apply(qapp, "light")
