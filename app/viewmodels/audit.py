"""Who changed what, on all nodes, in one list on one clock."""

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from app.viewmodels.reach import shift, trouble_words
from app.viewmodels.session_model import SessionModel, Tasks, failure_words
from app.viewmodels.text import joined, labelled, said, trn
from nodeagent.client.failures import CallFailed
from nodeagent.contract.record_api import AuditLine, RecordQuery

SHOWN = 500
"""Lines asked of each node, the newest."""


@dataclass(frozen=True)
class AuditRow:
    """A command. `time` is on this computer's clock."""

    time: float
    node: str
    who: str
    source: str
    command: str
    result: str


class AuditModel(QObject):
    """`changed` after each answer of a node."""

    changed = Signal()

    def __init__(self, session: SessionModel, tasks: Tasks, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._tasks = session, tasks
        self._lines: dict[str, tuple[AuditRow, ...]] = {}
        self._troubles: dict[str, str] = {}
        self.text = ""

    @property
    def rows(self) -> tuple[AuditRow, ...]:
        """The commands of all nodes that hold the text, the newest first."""
        wanted = self.text.casefold()
        every = (row for rows in self._lines.values() for row in rows)
        fitting = (row for row in every if wanted in " ".join((row.node, row.who, row.source, row.command)).casefold())
        return tuple(sorted(fitting, key=lambda row: (-row.time, row.node)))

    @property
    def facts(self) -> str:
        """How many, and which nodes do not tell."""
        count = trn("{count} command", "{count} commands", len(self.rows))
        return joined((count, *(labelled(node, text) for node, text in self._troubles.items())))

    def find(self, text: str) -> None:
        """Show only what holds this text."""
        self.text = text.strip()
        self.changed.emit()

    def read(self) -> None:
        """Ask every node that answers; of the others it is said that they do not. Nodes that have left go."""
        known = {row.name for row in self._session.farm.nodes}
        self._lines = {node: rows for node, rows in self._lines.items() if node in known}
        self._troubles = {node: text for node, text in self._troubles.items() if node in known}
        for row in self._session.farm.nodes:
            if row.view.reached:
                self._tasks.run_soon(self._read(row.name), f"audit of {row.name}")
            else:
                self._troubles[row.name] = trouble_words(row.view)
        self.changed.emit()

    async def _read(self, node: str) -> None:
        try:
            page = await self._session.session.audit(node, RecordQuery(limit=SHOWN, newest=True))
        except CallFailed as failed:
            self._troubles[node] = failure_words(failed)
        else:
            self._troubles.pop(node, None)
            row = self._session.farm.row(node)
            moved = shift(row.view) if row else 0.0
            self._lines[node] = tuple(_row(node, line, moved) for line in page.lines)
        self.changed.emit()


def _row(node: str, line: AuditLine, moved: float) -> AuditRow:
    return AuditRow(line.time + moved, node, line.who, line.source, line.command, said(line.result))
