"""Monitoring by mouse and keyboard, and how it looks."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.views.monitoring.page import MonitoringPage
from nodeagent.contract.states import Role
from nodeagent.contract.status import ModuleStatus
from tests.app.conftest import Look
from tests.app.viewmodels.farms import FakeSession, ready, silenced, view, waiting
from tests.app.views.contoso import contoso, events_of, still, window_of, with_machine


def test_in_every_look(look: Look, qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    model = still(contoso())
    window = window_of(qtbot, model, look.width, look.height)
    page = MonitoringPage(model, events_of(model))
    window.add_page("monitoring", page)
    window.show_page("monitoring")
    shot(window, f"monitoring-{look.name}")
    hint = page.minimumSizeHint()
    assert hint.width() <= 1024
    assert hint.height() <= 672


def test_what_does_not_answer(qtbot: QtBot, shot: Callable[[QWidget, str], Path]) -> None:
    session = FakeSession(
        silenced(with_machine(view("node1", ready()), 1, 30)),
        with_machine(view("node2", waiting(), role=Role.MONITOR), 99, 100),
        with_machine(view("node3", ModuleStatus("farm", configured=False)), 0, 1),
    )
    model = still(session)
    window = window_of(qtbot, model)
    page = MonitoringPage(model, events_of(model))
    window.add_page("monitoring", page)
    window.show_page("monitoring")
    shot(window, "monitoring-silent")
