"""A module's card: its worst state in the head, a tile per node below."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.viewmodels import menus
from app.viewmodels.farm import ModuleCard
from app.viewmodels.farm import PausedBadge as Paused
from app.viewmodels.text import tr
from app.views import fonts
from app.views.monitoring.tile_view import HEIGHT, LEAST_WIDTH, NodeTileView
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Button, Card, InlineError, LinkButton, PausedBadge, SilhouetteLabel, Words
from app.views.widgets.painting import INK


class TileGrid(QWidget):
    """Tiles side by side, as many columns as are 288 px wide, divided by hairlines."""

    def __init__(self) -> None:
        super().__init__()
        self.tiles: list[NodeTileView] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def set_tiles(self, tiles: list[NodeTileView]) -> None:
        """Show exactly these."""
        for old in self.tiles:
            if old not in tiles:
                old.hide()
                old.deleteLater()
        self.tiles = tiles
        for tile in tiles:
            tile.setParent(self)
            tile.show()
        self.updateGeometry()
        self._place()

    def columns(self, width: int) -> int:
        """How many tiles stand side by side."""
        return max(1, min(width // LEAST_WIDTH, len(self.tiles) or 1))

    def heightForWidth(self, width: int) -> int:
        rows = -(-len(self.tiles) // self.columns(width))
        return max(rows, 1) * (HEIGHT + 1) - 1

    def sizeHint(self) -> QSize:
        return QSize(LEAST_WIDTH * 3, self.heightForWidth(max(self.width(), LEAST_WIDTH)))

    def minimumSizeHint(self) -> QSize:
        return QSize(LEAST_WIDTH, self.heightForWidth(max(self.width(), LEAST_WIDTH)))

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()
        super().resizeEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        line = theme.colour(Token.DIVIDER)
        for tile in self.tiles:
            box = tile.geometry()
            if box.left():
                painter.fillRect(box.left() - 1, box.top(), 1, box.height(), line)
            if box.top():
                painter.fillRect(0, box.top() - 1, self.width(), 1, line)
        painter.end()

    def _place(self) -> None:
        columns = self.columns(self.width())
        for number, tile in enumerate(self.tiles):
            row, column = divmod(number, columns)
            left, right = self.width() * column // columns, self.width() * (column + 1) // columns
            tile.setGeometry(
                left + (1 if column else 0), row * (HEIGHT + 1), right - left - (1 if column else 0), HEIGHT
            )
        height = self.heightForWidth(self.width())
        if self.minimumHeight() != height:
            self.setMinimumHeight(height)
        self.update()


class ModuleCardView(Card):
    """`wanted` carries an entry to be done, `menu_wanted` the entries and the button they open under."""

    wanted = Signal(object)
    menu_wanted = Signal(object, QWidget)
    opened = Signal(str, str)
    """(module, node) of a tile that was pressed."""
    slots_wanted = Signal(str)
    """The module whose slot map is to be seen."""

    def __init__(self, card: ModuleCard) -> None:
        super().__init__(card.name)
        self._card = card
        self.title.hide()
        self.facts.hide()
        self._silhouette = SilhouetteLabel(card.silhouette, size=16)
        self._name = Words(card.name, fonts.MODULE, strong=True)
        self._headline = Words("", fonts.BASE)
        self._serves = Words("", fonts.BASE, Token.TEXT2, cut=True)
        self._paused = PausedBadge("")
        self._paused.pressed.connect(lambda: self.wanted.emit(menus.resume(self._card)))
        self._actions = Button(tr("Actions"), menu=True, dense=True)
        self._actions.clicked.connect(lambda: self.menu_wanted.emit(menus.module_menu(self._card), self._actions))
        left = QWidget()
        row = QHBoxLayout(left)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for part in (self._silhouette, self._name, self._headline, self._serves, self._paused):
            row.addWidget(part, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addStretch(1)
        left.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.add_to_head(left, first=True)
        self.slots = LinkButton(tr("Slot map"), base=True)
        self.slots.clicked.connect(lambda: self.slots_wanted.emit(self._card.name))
        self.add_to_head(self.slots)
        self.add_to_head(self._actions)
        self._alarms = InlineError()
        self._alarms.setContentsMargins(16, 6, 16, 6)
        self.body.addWidget(self._alarms)
        self._grid = TileGrid()
        self.body.addWidget(self._grid)

    @property
    def tiles(self) -> list[NodeTileView]:
        """The tiles in node order."""
        return self._grid.tiles

    def set_card(self, card: ModuleCard, now: float, filled: tuple[str, str] | None) -> None:
        """Show this; `filled` names the (module, node) whose remedy is the page's filled button."""
        self._card = card
        self.setAccessibleName(f"{card.name}: {card.headline}, {card.serve_text}")
        self._silhouette.set_state(card.silhouette, name=card.headline)
        self._headline.setText(card.headline)
        self._headline.set_token(INK[card.silhouette])
        self._serves.setText(card.serve_text)
        self.slots.setVisible(card.by_slots)
        self._alarms.set_text("\n".join(card.alarms))
        self._paused.setVisible(card.paused is not None)
        if card.paused is not None:
            self._show_paused(card.paused, now)
        if [view.tile.node for view in self._grid.tiles] != [tile.node for tile in card.tiles]:
            self._rebuild(card)
        for view, tile in zip(self._grid.tiles, card.tiles, strict=True):
            view.set_tile(tile, now, filled=filled == (tile.module, tile.node))

    def tick(self, now: float) -> None:
        """Another second."""
        for view in self._grid.tiles:
            view.tick(now)
        if self._card.paused is not None:
            self._show_paused(self._card.paused, now)

    def _show_paused(self, paused: Paused, now: float) -> None:
        entry = menus.resume(self._card)
        self._paused.set_text(paused.title, paused.rest(now), entry.text, entry.reason)

    def _rebuild(self, card: ModuleCard) -> None:
        known = {view.tile.node: view for view in self._grid.tiles}
        views = []
        for tile in card.tiles:
            view = known.get(tile.node)
            if view is None:
                view = NodeTileView(tile)
                view.wanted.connect(self.wanted)
                view.chosen.connect(lambda view=view: self.opened.emit(view.tile.module, view.tile.node))
                view.menu_wanted.connect(
                    lambda button, view=view: self.menu_wanted.emit(menus.node_menu(self._card, view.tile), button)
                )
            views.append(view)
        self._grid.set_tiles(views)
