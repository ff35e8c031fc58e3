"""The log of a node: types and text that are shown, pause, the lines, and what waits below."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.viewmodels.details import DetailsModel
from app.viewmodels.log_model import ALL_TYPES, type_words
from app.viewmodels.text import number, tr
from app.views import fonts
from app.views.details.log_table import LogTable
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Button, Card, Chip, Divider, IconButton, LinkButton, SearchField, Words
from nodeagent.contract.states import LogType

ORDER = (LogType.CRITICAL, LogType.ERROR, LogType.USER, LogType.SCRIPT, LogType.INFO, LogType.DEBUG)
FOOT = 34
LETTER = 52
"""Width of a chip with a letter and a figure of three digits, pixels."""
WIDE = 700
"""Pixels from which the origin has its column."""


class _Dot(QWidget):
    """Blue while lines come in, hollow while they wait."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(8, 8)
        self.live = True

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.colour(Token.LINK))
        painter.setBrush(theme.colour(Token.LINK if self.live else Token.SURFACE))
        painter.drawEllipse(1, 1, 6, 6)
        painter.end()


class _ChipRow(QWidget):
    """The chips: whole words where there is room for all of them, else letters."""

    def __init__(self, chips: tuple[Chip, ...]) -> None:
        super().__init__()
        self._chips = chips
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 0, 0)
        row.setSpacing(8)
        for chip in chips:
            row.addWidget(chip)
        row.addStretch(1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        return QSize(8 + sum(LETTER + 8 for _ in self._chips), 28)

    def fit(self) -> None:
        """Room or words have changed."""
        for chip in self._chips:
            chip.fold(False)
        folded = self._row.sizeHint().width() > self.width()
        for chip in self._chips:
            chip.fold(folded)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()


class LogPane(Card):
    """`line_chosen(line)` when the user picks one, `opened(line)` for Enter or a double click."""

    line_chosen = Signal(object)
    opened = Signal(object)

    def __init__(self, model: DetailsModel) -> None:
        super().__init__(tr("Log"))
        self._details, self._log = model, model.log
        self.facts.hide()
        self.chips = {kind: self._chip(kind) for kind in ORDER}
        self.find_button = IconButton("search", tr("Find in the log"))
        self.pause = Button(tr("Pause"), "pause", quiet=True, dense=True)
        self._row_of_chips = _ChipRow(tuple(self.chips.values()))
        self.add_to_head(self._row_of_chips)
        self.add_to_head(self.find_button)
        self.add_to_head(self.pause)
        self.search = SearchField(tr("Find in the log"), tr("Text or origin of a line"), tr("Esc closes"))
        self._search_row = QWidget()
        searching = QHBoxLayout(self._search_row)
        searching.setContentsMargins(16, 6, 8, 6)
        searching.addWidget(self.search)
        self._search_row.hide()
        self.table = LogTable(self._log)
        self._paused = False
        self._build_foot()
        self._connect()
        self._show_figures()

    def _build_foot(self) -> None:
        self._dot = _Dot()
        self._state = Words("", fonts.SIDE, Token.TEXT2)
        self.waiting = LinkButton("")
        self._clock = Words("", fonts.SIDE, Token.TEXT3, cut=True)
        self._clock.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        foot = QWidget()
        foot.setFixedHeight(FOOT)
        row = QHBoxLayout(foot)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        for part in (self._dot, self._state, self.waiting):
            row.addWidget(part)
        row.addWidget(self._clock, 1)
        self.body.addWidget(self._search_row)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(Divider())
        self.body.addWidget(foot)

    def _connect(self) -> None:
        self.find_button.clicked.connect(self.take_search)
        self.pause.clicked.connect(self._toggle_pause)
        self.pause.set_possible(self._log.live, tr("nothing is written any more"))
        self.search.textChanged.connect(lambda text: self._log.set_filter(text=text))
        self.waiting.clicked.connect(self._catch_up)
        self.table.line_chosen.connect(self.line_chosen)
        self.table.opened.connect(self.opened)
        self.table.at_end_changed.connect(lambda _at_end: self._hold())
        self.table.top_reached.connect(self._details.read_older)
        self._log.waiting_changed.connect(self._show_figures)
        self._log.counts_changed.connect(self._show_figures)
        self._details.scope_changed.connect(self._begin_anew)
        self._details.changed.connect(self._show_figures)

    def _chip(self, kind: LogType) -> Chip:
        chip = Chip(type_words(kind), checked=kind is not LogType.DEBUG)
        chip.toggled.connect(lambda _on: self._filter())
        return chip

    # --- filters ------------------------------------------------------------------------------

    def take_search(self) -> None:
        """Ctrl+F: the field appears and has the focus."""
        self._search_row.show()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def leave_search(self) -> bool:
        """Esc: clears the text filter and takes the field away. False when there is none."""
        if self._search_row.isHidden():
            return False
        had_focus = self.search.hasFocus()
        self.search.clear()
        self._search_row.hide()
        if had_focus:
            self.table.setFocus(Qt.FocusReason.OtherFocusReason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.search.hasFocus() and self.leave_search():
            return
        super().keyPressEvent(event)

    def _filter(self) -> None:
        self._log.set_filter(types=frozenset(kind for kind, chip in self.chips.items() if chip.isChecked()) & ALL_TYPES)
        self._show_figures()

    # --- live or still ------------------------------------------------------------------------

    def _toggle_pause(self) -> None:
        self._paused = not self._paused
        self._hold()
        if not self._paused:
            self.table.to_end()

    def _hold(self) -> None:
        self._log.set_held(self._paused or not self.table.at_end)
        self.pause.setText(tr("Go on") if self._paused else tr("Pause"))
        self.pause.set_icon_name("start" if self._paused else "pause")
        self._show_figures()

    def _catch_up(self) -> None:
        """The link of the waiting lines: live again, at the end."""
        self._paused = False
        self._log.set_held(False)
        self.table.to_end()
        self._hold()

    def _begin_anew(self) -> None:
        self._paused = False
        self.table.to_end()
        self._hold()

    def _show_figures(self) -> None:
        for kind, chip in self.chips.items():
            chip.set_figure(number(self._log.counts[kind]) if chip.isChecked() else tr("off"))
        self._row_of_chips.fit()
        held, tile = self._log.held, self._details.tile
        silent = tile is not None and tile.stale
        self._dot.live = not held and not silent and self._log.live
        self._dot.update()
        if silent:
            self._state.setText(tr("No new lines: {node} does not answer", node=self._details.node))
        else:
            self._state.setText(tr("Stands still at your line") if held and not self._paused else self._log.shown_text)
        self.waiting.setText(self._log.waiting_text)
        self.waiting.setVisible(bool(self._log.waiting))
        self._clock.setText(self._details.clock_text)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.table.fold(event.size().width() < WIDE)
        super().resizeEvent(event)
