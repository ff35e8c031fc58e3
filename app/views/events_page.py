"""All events of all clusters: what the bell opens."""

from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QPainter, QShowEvent
from PySide6.QtWidgets import QHeaderView, QStackedWidget, QStyleOptionViewItem

from app.viewmodels.events_model import EVENT_ROLE, EventColumn, EventsModel
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views import icons
from app.views.page import Page
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Card, EmptyState, TableView
from app.views.widgets.painting import paint_silhouette
from app.views.widgets.tables import PADDING, CellDelegate, Index

EVENTS = "events"
"""Its key in the window."""
WIDTHS = {EventColumn.TIME: 88, EventColumn.KIND: 36, EventColumn.MODULE: 140, EventColumn.NODE: 140}


class _Kind(CellDelegate):
    """The silhouette or icon of an event."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        super().paint(painter, option, index)
        event, box = index.data(EVENT_ROLE), option.rect
        if event is None:
            return
        x, y = box.left() + PADDING, box.center().y() - 6
        if event.icon in set(Silhouette):
            paint_silhouette(painter, x, y, 14, Silhouette(event.icon))
        else:
            icons.paint(painter, event.icon, Token(event.token), x, y, 14)


class EventsPage(Page):
    """`event_chosen(event)` when a line is opened. Shown, it counts as read."""

    event_chosen = Signal(object)
    help_topic = "monitoring"

    def __init__(self, events: EventsModel) -> None:
        super().__init__(tr("Events"), tr("of all clusters, the newest first"), scrolling=False)
        self._events = events
        self.table = TableView(tr("Events"))
        self.table.setModel(events)
        self.table.horizontalHeader().hide()
        self.table.setItemDelegateForColumn(EventColumn.KIND, _Kind(self.table))
        head = self.table.horizontalHeader()
        for column, width in WIDTHS.items():
            head.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            head.resizeSection(column, width)
        self.table.clicked.connect(self._open)
        self.table.activated.connect(self._open)
        card = Card()
        card.body.addWidget(self.table, 1)
        card.free_corners()
        empty = EmptyState(
            "bell", tr("Nothing has happened yet"), tr("What happens on the nodes is written here, the newest first.")
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(empty)
        self._stack.addWidget(card)
        self.body.addWidget(self._stack, 1)
        events.rowsInserted.connect(self._grown)
        theme.changed.connect(self.table.viewport().update)
        self._grown()

    def _grown(self) -> None:
        self._stack.setCurrentIndex(1 if self._events.rowCount() else 0)
        if self.isVisible():
            self._events.mark_read()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._events.mark_read()
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _open(self, index: QModelIndex) -> None:
        if (event := index.data(EVENT_ROLE)) is not None:
            self.event_chosen.emit(event)
