"""Settings: how the console looks, how it tells of problems, and its language, which changes with the next start."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.viewmodels.text import LANGUAGES, tr
from app.views.page import Page
from app.views.theme import Mode
from app.views.widgets import Card, CheckBox, Choice, FormRow, Segments, Words


class SettingsPage(Page):
    """Tells what is chosen, and the owner remembers it.

    `mode_chosen(light|dark|system)`, `language_chosen(code)`, `motion_chosen(reduced)`, `notices_chosen(wanted)`.
    `no_tray` gives the reason why this desktop can show no notices, "" when it can; asked when the page is shown.
    """

    mode_chosen = Signal(str)
    language_chosen = Signal(str)
    motion_chosen = Signal(bool)
    notices_chosen = Signal(bool)
    help_topic = "settings"

    def __init__(
        self,
        mode: str,
        language: str,
        reduced_motion: bool,
        about: Mapping[str, str],
        notices: bool = False,
        no_tray: Callable[[], str] = lambda: "",
    ) -> None:
        super().__init__(tr("Settings"), tr("Of this console alone; nothing on a node changes."))
        look = Card(tr("Appearance"), padded=True)
        look.body.setSpacing(8)
        self.mode = Segments(
            ((Mode.LIGHT, tr("Light")), (Mode.DARK, tr("Dark")), (Mode.SYSTEM, tr("As the system"))), tr("Theme")
        )
        self.mode.choose(mode)
        self.mode.chosen.connect(self.mode_chosen)
        look.body.addWidget(FormRow(tr("Theme"), self.mode))
        self.motion = CheckBox(tr("Nothing moves by itself"), reduced_motion)
        self.motion.toggled.connect(self.motion_chosen)
        look.body.addWidget(FormRow(tr("Motion"), _centred(self.motion)))
        self.body.addWidget(look)

        tell = Card(tr("Notifications"), padded=True)
        self._no_tray = no_tray
        self.notices = CheckBox(tr("Tell of problems while another window is in front"), notices)
        self.notices.toggled.connect(self.notices_chosen)
        hint = tr("Events keeps all of them, with or without this.")
        tell.body.addWidget(FormRow(tr("System tray"), _centred(self.notices), hint))
        self.body.addWidget(tell)

        speech = Card(tr("Language"), padded=True)
        self.language = Choice(tr("Language"), tuple(LANGUAGES.items()))
        self.language.setMinimumWidth(200)
        self.language.choose(language)
        self.language.chosen.connect(self.language_chosen)
        row = FormRow(tr("Language"), self.language, tr("State words and what a node says stay as they are."))
        speech.body.addWidget(row)
        self.body.addWidget(speech)

        facts = Card(tr("About"), padded=True)
        facts.body.setSpacing(4)
        for name, value in about.items():
            words = Words(value)
            words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            facts.body.addWidget(FormRow(name, _centred(words)))
        self.body.addWidget(facts)
        self.body.addStretch(1)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        reason = self._no_tray()
        self.notices.set_possible(not reason, reason)


def _centred(part: QWidget) -> QWidget:
    """A part in the middle of a row of 32 px."""
    holder = QWidget()
    holder.setMinimumHeight(32)
    column = QVBoxLayout(holder)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
    holder.setFocusProxy(part)
    return holder
