"""The Support page of one cluster."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent

from app.viewmodels.audit import AuditModel
from app.viewmodels.session_model import SessionModel
from app.viewmodels.snapshots import Snapshots
from app.viewmodels.text import tr
from app.views.page import Page
from app.views.support.audit_table import AuditTable
from app.views.support.snapshot_card import SnapshotCard
from app.views.widgets import Button, Card, EmptyState, SearchField


class SupportPage(Page):
    """Snapshots above, the commands of all nodes below."""

    open_wanted = Signal()
    """The user wants to open snapshots."""
    help_topic = "support"

    def __init__(self, session: SessionModel, snapshots: Snapshots, audit: AuditModel) -> None:
        super().__init__(session.title, scrolling=False)
        self._session, self._audit = session, audit
        self.snapshots = SnapshotCard(snapshots)
        self.open = Button(tr("Open a snapshot…"), "snapshot")
        self.open.setToolTip(tr("Shows what a node was when it was saved; a file may also be dropped into the window"))
        self.open.clicked.connect(self.open_wanted)
        self.add_button(self.open)
        self.search = SearchField(tr("Find a command"), tr("Find"), "Ctrl+F")
        self.search.setFixedWidth(220)
        self.search.textChanged.connect(audit.find)
        self.again = Button(tr("Read again"), "restart", dense=True)
        self.again.clicked.connect(audit.read)
        self._commands = Card(tr("Commands"), "-")
        self._commands.add_to_head(self.search)
        self._commands.add_to_head(self.again)
        self.table = AuditTable()
        self._none = EmptyState("log", tr("No command yet"), tr("Who changed what is written down here."), framed=False)
        self._commands.body.addWidget(self.table, 1)
        self._commands.body.addWidget(self._none, 1)
        self._commands.free_corners()
        self.body.setSpacing(16)
        self.body.addWidget(self.snapshots)
        self.body.addWidget(self._commands, 1)
        audit.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """The models now."""
        rows = self._audit.rows
        self.table.set_rows(rows, self._session.now())
        self.table.setVisible(bool(rows))
        self._none.setVisible(not rows)
        self._commands.facts.setText(self._audit.facts)

    def showEvent(self, event: QShowEvent) -> None:
        self._audit.read()
        super().showEvent(event)

    def find_here(self) -> bool:
        """Ctrl+F finds among the commands."""
        self.search.setFocus()
        return True
