"""The card *Port check*: who reaches whom, lan by lan, and beside it what was seen of one cell and what helps."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.port_check import PortCheck
from app.viewmodels.port_matrix import Cell, Gate, PortMatrix, Way, ports_words, summary
from app.viewmodels.text import clock, joined, tr
from app.views import fonts
from app.views.configuration.port_table import PortTable
from app.views.tokens import Token
from app.views.widgets import Button, Card, Choice, Divider, IconLabel, Words

DETAIL_WIDTH = 300
MARKS = {
    Gate.OPEN: ("check", Token.GREEN),
    Gate.CLOSED: ("cross", Token.RED),
    Gate.UNTOLD: ("minus", Token.TEXT3),
    Gate.UNUSED: ("minus", Token.TEXT3),
}


class _WayLine(QWidget):
    """A port: open, closed or not told, and what was seen."""

    def __init__(self) -> None:
        super().__init__()
        self._mark = IconLabel("minus", Token.TEXT3, 14)
        self._name = Words("", fonts.SIDE, strong=True)
        self._said = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addWidget(self._name)
        column.addWidget(self._said)
        row.addLayout(column, 1)

    def show_way(self, way: Way) -> None:
        self._mark.set_icon(*MARKS[way.gate])
        self._name.setText(way.name)
        self._said.setText(way.said)


class _Detail(QWidget):
    """What is known of one cell."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumWidth(DETAIL_WIDTH)
        self._title = Words("", strong=True, wrap=True)
        self._lines = [_WayLine() for _ in range(3)]
        self._remark = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self.remedy = Words("", fonts.SIDE, Token.RED, wrap=True)
        self.remedy.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 8, 16, 12)
        column.setSpacing(8)
        for part in (self._title, *self._lines, self._remark, self.remedy):
            column.addWidget(part)
        column.addStretch(1)

    def show_cell(self, cell: Cell | None, lan: str) -> None:
        title = tr("{cell}, lan {lan}", cell=cell.title, lan=lan) if cell else tr("Choose a cell")
        self._title.setText(title)
        ways = cell.ways if cell and not cell.asking else ()
        for at, line in enumerate(self._lines):
            line.setVisible(at < len(ways))
            if at < len(ways):
                line.show_way(ways[at])
        remark = tr("Here stands what was seen of its ports.") if cell is None else cell.remark
        if cell is not None and not ways:
            remark = remark or cell.text
        self._remark.setText(remark)
        self._remark.setVisible(bool(remark))
        self.remedy.setText("\n".join(cell.remedies) if ways and cell else "")
        self.remedy.setVisible(bool(self.remedy.text()))
        self.setAccessibleName(cell.sentence.replace("\n", ", ") if cell else title)


class PortCard(Card):
    """Shows a PortCheck."""

    def __init__(self, check: PortCheck) -> None:
        super().__init__(tr("Port check"), "-")
        self._check = check
        self._lan, self._was_running = "", False
        self.lans = Choice(tr("Lan"), dense=True)
        self.lans.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToContents)
        self.lans.chosen.connect(self._choose_lan)
        self.again_button = Button(tr("Check ports"), "restart", quiet=True, dense=True)
        self.again_button.clicked.connect(check.begin)
        self.cancel_button = Button(tr("Cancel"), quiet=True, dense=True)
        self.cancel_button.clicked.connect(check.cancel)
        for part in (self.lans, self.cancel_button, self.again_button):
            self.add_to_head(part)
        self._idle = Words(
            tr("Every node asks every other one, on every lan: heartbeats, API and health port. Nothing is changed."),
            fonts.BASE,
            Token.TEXT2,
            wrap=True,
        )
        self._idle.setContentsMargins(16, 12, 16, 12)
        self.table = PortTable()
        self.table.picked.connect(lambda _cell: self._show_detail())
        self.table.again.connect(check.begin)
        self.detail = _Detail()
        self._sum = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        self._sum.setContentsMargins(16, 4, 16, 12)
        left = QVBoxLayout()
        left.setSpacing(0)
        left.addWidget(self.table)
        left.addWidget(self._sum)
        left.addStretch(1)
        self._result = QWidget()
        row = QHBoxLayout(self._result)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addLayout(left, 3)
        row.addWidget(Divider(upright=True))
        row.addWidget(self.detail, 2)
        self.body.addWidget(self._idle)
        self.body.addWidget(self._result, 1)
        self.body.addStretch(1)
        check.changed.connect(self.refresh)
        check.begun.connect(self._begun)
        self.refresh()

    def refresh(self) -> None:
        """The model now."""
        check = self._check
        shown = bool(check.matrices)
        self._idle.setVisible(not shown)
        self._result.setVisible(shown)
        self.cancel_button.setVisible(check.running)
        self.again_button.setText(tr("Check again") if shown else tr("Check ports"))
        self.again_button.setVisible(not check.running)
        self.again_button.set_possible(not check.reason, check.reason)
        self.facts.setText(self._facts())
        self.lans.setVisible(len(check.matrices) > 1)
        if shown:
            ended = self._was_running and not check.running
            if ended and not self._matrix.closed and (worst := next((m for m in check.matrices if m.closed), None)):
                self._lan = worst.lan
            self._show_lan()
            if ended and self._matrix.closed and self.table.cell not in self._matrix.closed:
                self.table.choose(self._matrix.closed[0])
            self._show_detail()
        self._was_running = check.running

    @property
    def _matrix(self) -> PortMatrix:
        matrices = self._check.matrices
        return next((one for one in matrices if one.lan == self._lan), matrices[0])

    def _facts(self) -> str:
        check = self._check
        if not check.matrices:
            return tr("who reaches whom")
        if check.running:
            return tr("{done} of {all} answers", done=check.done, all=check.all)
        when = tr("at {time}", time=clock(check.ended))
        return joined((ports_words(check.matrices), when, tr("the table was changed since") if check.stale else ""))

    def _show_lan(self) -> None:
        matrix = self._matrix
        self._lan = matrix.lan
        entries = [(one.lan, _lan_words(one)) for one in self._check.matrices]
        if entries != [(self.lans.itemData(at), self.lans.itemText(at)) for at in range(self.lans.count())]:
            self.lans.set_entries(entries)
            self.lans.updateGeometry()
        self.lans.choose(self._lan)
        self.table.set_matrix(matrix)
        self._sum.setText(tr("still asking") if self._check.running else summary(self._check.matrices))

    def _choose_lan(self, lan: str) -> None:
        self._lan = lan
        self._show_lan()
        if self._matrix.closed:
            self.table.choose(self._matrix.closed[0])
        self._show_detail()

    def _show_detail(self) -> None:
        self.detail.show_cell(self.table.cell, self._lan)

    def _begun(self) -> None:
        """Where the button was pressed there is none while the check runs."""
        self.refresh()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)


def _lan_words(matrix: PortMatrix) -> str:
    closed = len(matrix.closed)
    return tr("lan {lan}, {count} closed", lan=matrix.lan, count=closed) if closed else tr("lan {lan}", lan=matrix.lan)
