"""The sidebar: filter, the tree of clusters with states in one column, and what is always at hand at its foot."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from app.viewmodels.sidebar_model import HEADINGS, NodeKind, Scope, SidebarFilter, SidebarModel, SidebarRole
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import tr
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets.fields import SearchField
from app.views.widgets.focus_ring import OWN_FOCUS
from app.views.widgets.labels import Words
from app.views.widgets.painting import INK, elided, paint_focus, paint_panel, paint_silhouette, text_width

WIDTH = 256
LEAST, MOST = 208, 360
ROW = 28
HEADING_ROW = 24
GAP = 16
ICON_CLUSTER, ICON, NAME = 35, 41, 23
"""Where the icon of a line begins, and the name behind it."""
LIVE = (Silhouette.READY, Silhouette.TRANSIENT, Silhouette.STOP, Silhouette.UNREACHABLE)
"""What changes by itself: the column has room for these words at all times, so that no such change moves a name."""
KIND_ICONS = {NodeKind.CLUSTER: "cluster", NodeKind.MODULE: "module", NodeKind.NODE: "node"}
Index = QModelIndex | QPersistentModelIndex


class _Lines(QStyledItemDelegate):
    """Paints a line: arrow of a cluster, icon, name, pause box, silhouette and word in one column."""

    def __init__(self, parent: QTreeView) -> None:
        super().__init__(parent)
        self._widest = 0

    def sizeHint(self, _option: QStyleOptionViewItem, index: Index) -> QSize:
        kind = index.data(SidebarRole.KIND)
        if kind in HEADINGS:
            return QSize(160, HEADING_ROW)
        # A cluster below another one keeps a distance from the tree above it.
        return QSize(160, ROW + (GAP if kind == NodeKind.CLUSTER and index.row() else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        view = option.widget
        if not isinstance(view, QTreeView):
            return
        kind = index.data(SidebarRole.KIND)
        height = HEADING_ROW if kind in HEADINGS else ROW
        row = QRect(0, option.rect.bottom() + 1 - height, view.viewport().width(), height)
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        if kind in HEADINGS:
            painter.setFont(theme.font(fonts.SMALL, strong=True))
            painter.setPen(theme.colour(Token.TEXT3))
            painter.drawText(row.adjusted(40, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, name)
            return
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        body = row.adjusted(8, 0, -8, 0)
        if selected:
            paint_panel(painter, body, Token.SELECTED, None, 5)
            painter.fillRect(QRectF(8, row.top() + 7, 3, row.height() - 14), theme.colour(Token.LINK))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            paint_panel(painter, body, Token.HOVER, None, 5)
        if option.state & QStyle.StateFlag.State_HasFocus and view.hasFocus():
            paint_focus(painter, body)
        cluster = kind == NodeKind.CLUSTER
        middle = row.center().y() + 1
        x = ICON_CLUSTER if cluster else ICON
        if cluster:
            arrow = "down" if view.isExpanded(index.model().index(index.row(), 0, index.parent())) else "right"
            icons.paint(painter, arrow, Token.TEXT2, 16, middle - 6, 12)
        icon = "snapshot" if index.data(SidebarRole.SAVED) else KIND_ICONS[NodeKind(kind)]
        icons.paint(painter, icon, Token.TEXT2, x, middle - 8)
        self._paint_state(painter, index, self.column(view), row)
        x += NAME
        font = theme.font(strong=cluster or selected)
        room = self._room(view, index)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT))
        shown = _fitted(name, str(index.data(SidebarRole.SHORT) or ""), font, room)
        painter.drawText(QRect(x, row.top(), room + 2, row.height()), Qt.AlignmentFlag.AlignVCenter, shown)
        if index.data(SidebarRole.PAUSED):
            box = QRect(x + text_width(shown, font) + 8, middle - 8, 16, 16)
            paint_panel(painter, box, Token.SURFACE, Token.GREY_LINE, 4)
            paint_silhouette(painter, box.x() + 3, box.y() + 3, 10, Silhouette.PAUSED)

    def helpEvent(self, event: QHelpEvent, view: QAbstractItemView, option: QStyleOptionViewItem, index: Index) -> bool:
        """A tooltip only where the name is not shown as it is."""
        name = str(index.data(Qt.ItemDataRole.DisplayRole))
        if isinstance(view, QTreeView) and index.data(SidebarRole.KIND) not in HEADINGS:
            cluster = index.data(SidebarRole.KIND) == NodeKind.CLUSTER
            font = theme.font(strong=cluster or bool(option.state & QStyle.StateFlag.State_Selected))
            if text_width(name, font) > self._room(view, index):
                return super().helpEvent(event, view, option, index)
        QToolTip.hideText()
        return True

    def _room(self, view: QTreeView, index: Index) -> int:
        """For the name of a line."""
        begin = NAME + (ICON_CLUSTER if index.data(SidebarRole.KIND) == NodeKind.CLUSTER else ICON)
        return self.column(view) - 6 - begin - (24 if index.data(SidebarRole.PAUSED) else 0)

    def set_words(self, words: frozenset[str]) -> None:
        """All words of the column of states."""
        font = theme.font(fonts.SIDE, medium=True)
        self._widest = max(text_width(word, font) for word in words | {state.words for state in LIVE})

    def column(self, view: QTreeView) -> int:
        """Where the column of states begins: wide enough for the longest word in it, the same for all lines."""
        return max(view.viewport().width() - 36 - self._widest, 96)

    @staticmethod
    def _paint_state(painter: QPainter, index: Index, x: int, row: QRect) -> None:
        silhouette = index.data(SidebarRole.SILHOUETTE)
        if silhouette is None:
            return
        which = Silhouette(silhouette)
        paint_silhouette(painter, x, row.center().y() - 6, 14, which)
        calm = which is Silhouette.READY
        painter.setFont(theme.font(fonts.SIDE, medium=not calm))
        painter.setPen(theme.colour(Token.TEXT2 if calm else INK[which]))
        words = str(index.data(SidebarRole.WORDS) or "")
        painter.drawText(
            QRect(x + 20, row.top(), row.width() - x - 20, row.height()), Qt.AlignmentFlag.AlignVCenter, words
        )


def _fitted(name: str, short: str, font: QFont, room: int) -> str:
    """The name, its short form, or as much of it as there is room for: its beginning and its end."""
    if text_width(name, font) <= room:
        return name
    return elided(short or name, font, room, Qt.TextElideMode.ElideMiddle)


class _Tree(QTreeView):
    """The tree itself; arrows move, Enter opens, a click on the arrow of a cluster folds it."""

    def __init__(self) -> None:
        super().__init__()
        self.setHeaderHidden(True)
        self.lines = _Lines(self)
        self.setItemDelegate(self.lines)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setMouseTracking(True)
        self.setUniformRowHeights(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(tr("Clusters, modules and nodes"))
        self.setObjectName("sidebarTree")
        self.setTabKeyNavigation(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.data(SidebarRole.KIND) == NodeKind.CLUSTER and event.position().x() < 32:
            self.setExpanded(index, not self.isExpanded(index))
        elif index.data(SidebarRole.KIND) not in HEADINGS:
            super().mousePressEvent(event)

    def moveCursor(self, action: QTreeView.CursorAction, keys: Qt.KeyboardModifier) -> QModelIndex:
        """Headings are passed over: they are no choice."""
        index = super().moveCursor(action, keys)
        steps = {QTreeView.CursorAction.MoveUp: self.indexAbove, QTreeView.CursorAction.MoveDown: self.indexBelow}
        while index.data(SidebarRole.KIND) in HEADINGS:
            step = steps.get(action)
            if step is None:
                return self.currentIndex()
            index = step(index)
        return index if index.isValid() else self.currentIndex()

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        """The delegate draws the arrows, in their own column."""


class _FootRow(QPushButton):
    """A row at the foot: icon, words, shortcut."""

    def __init__(self, icon: str, text: str, keys: str = "") -> None:
        super().__init__(text)
        self._icon = icon
        self._keys = keys
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(32)
        self.setAutoDefault(False)
        self.setProperty(OWN_FOCUS, True)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setAccessibleName(text)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        body = self.rect().adjusted(8, 1, -8, -1)
        if self.underMouse():
            paint_panel(painter, body, Token.HOVER, None, 5)
        if self.hasFocus():
            paint_focus(painter, body)
        icons.paint(painter, self._icon, Token.TEXT2, 16, 8)
        painter.setFont(theme.font())
        painter.setPen(theme.colour(Token.TEXT))
        painter.drawText(self.rect().adjusted(40, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.setFont(theme.font(fonts.SIDE))
        painter.setPen(theme.colour(Token.TEXT3))
        edge = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.rect().adjusted(0, 0, -17, 0), edge, self._keys)
        painter.end()


class Sidebar(QWidget):
    """What is there. `chosen(Scope)` when the user picks a line; the choice is the scope of every tab."""

    chosen = Signal(object)
    menu_wanted = Signal(object, object)
    """The scope under the pointer and the global point, for its context menu."""
    add_cluster = Signal()
    settings = Signal()
    help = Signal()

    def __init__(self, model: SidebarModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self.setMinimumWidth(LEAST)
        self.setMaximumWidth(MOST)
        self._shown = SidebarFilter(model, self)

        self.filter = SearchField(tr("Filter the tree"), tr("Filter"))
        self.filter.textChanged.connect(self._filter)
        self.tree = _Tree()
        self.tree.setModel(self._shown)
        self.tree.selectionModel().currentChanged.connect(self._picked)
        self.tree.customContextMenuRequested.connect(self._menu)
        self._none = Words("", fonts.BASE, strong=True, wrap=True)
        self._why_none = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        model.dataChanged.connect(self._measure)
        model.rowsInserted.connect(self._measure)
        model.rowsRemoved.connect(self._measure)
        self._measure()
        self._shown.rowsInserted.connect(self._arrange)
        self._shown.rowsRemoved.connect(self._arrange)
        self._shown.modelReset.connect(self._arrange)
        self._arrange()

        foot = QVBoxLayout()
        foot.setContentsMargins(0, 9, 0, 8)
        foot.setSpacing(0)
        self.add_row = _FootRow("add", tr("Add cluster…"))
        self.settings_row = _FootRow("settings", tr("Settings"), "Ctrl+,")
        self.help_row = _FootRow("help", tr("Help"), "F1")
        for row, signal in (
            (self.add_row, self.add_cluster),
            (self.settings_row, self.settings),
            (self.help_row, self.help),
        ):
            foot.addWidget(row)
            row.clicked.connect(signal)

        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 1, 0)
        column.setSpacing(8)
        head = QVBoxLayout()
        head.setContentsMargins(12, 0, 12, 0)
        head.addWidget(self.filter)
        column.addLayout(head)
        nothing = QVBoxLayout()
        nothing.setContentsMargins(16, 0, 16, 0)
        nothing.setSpacing(2)
        nothing.addWidget(self._none)
        nothing.addWidget(self._why_none)
        column.addLayout(nothing)
        column.addWidget(self.tree, 1)
        column.addLayout(foot)

    def sizeHint(self) -> QSize:
        return QSize(WIDTH, 480)

    def choose(self, scope: Scope) -> None:
        """Shows a line as chosen, as if the user had picked it."""
        index = self._shown.mapFromSource(self._model.index_of(scope))
        if index.isValid():
            self.tree.setCurrentIndex(index)

    def current_scope(self) -> Scope | None:
        """What is chosen; None before anything is."""
        return self._model.scope(self._shown.mapToSource(self.tree.currentIndex()))

    def _picked(self, index: QModelIndex, _before: QModelIndex) -> None:
        scope = self._model.scope(self._shown.mapToSource(index))
        if scope is not None:
            self.chosen.emit(scope)

    def _menu(self, place: QPoint) -> None:
        index = self.tree.indexAt(place)
        scope = self._model.scope(self._shown.mapToSource(index))
        if scope is not None:
            self.menu_wanted.emit(scope, self.tree.viewport().mapToGlobal(place))

    def _measure(self) -> None:
        self.tree.lines.set_words(self._model.state_words)
        self.tree.viewport().update()

    def _filter(self, text: str) -> None:
        self._shown.set_text(text)
        self._arrange()

    def _arrange(self) -> None:
        """Everything unfolded, or a word for why there is nothing."""
        self.tree.expandAll()
        empty, filtered = not self._shown.rowCount(), self._model.rowCount() > 0
        for words in (self._none, self._why_none):
            words.setVisible(empty)
        self._none.setText(tr("Nothing fits the filter") if filtered else tr("No clusters yet"))
        self._why_none.setText(
            tr("Esc in the field above shows everything again.")
            if filtered
            else tr("A cluster appears here as soon as one of its nodes answers.")
        )

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(Token.SIDEBAR))
        painter.fillRect(QRect(self.width() - 1, 0, 1, self.height()), theme.colour(Token.BORDER))
        foot = self.add_row.y() - 9
        painter.fillRect(QRect(0, foot, self.width(), 1), theme.colour(Token.BORDER))
        painter.end()
