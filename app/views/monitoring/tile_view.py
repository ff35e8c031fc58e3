"""A module on one node, painted into one widget; only what can be pressed is a widget of its own."""

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.viewmodels import menus
from app.viewmodels.silhouettes import Silhouette
from app.viewmodels.text import percent, tr
from app.viewmodels.tile import Fact, NodeTile, TintBlock
from app.views import fonts, icons
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Button, IconButton, PrimaryButton
from app.views.widgets.painting import (
    BAR_HEIGHT,
    elided,
    paint_bar,
    paint_focus,
    paint_panel,
    paint_pill,
    paint_silhouette,
    pill_width,
    text_width,
)

PADDING = 16
LEAST_WIDTH, HEIGHT = 288, 224
HEAD = 24
"""Centre of the first line."""
FIRST_ROW, ROW = 96, 24
BLOCK_TOP, BLOCK_BOTTOM = 44, 120
LABEL = 96
FIRST_FACT = {Silhouette.STOP: 3, Silhouette.WAIT: 3, Silhouette.TRANSIENT: 1, Silhouette.UNCONFIGURED: 2}
"""The row of the first fact: the rows keep their places under what stands above them."""
SILENCE_ROW = 3
"""Where a node that does not answer says so, in place of its last probe."""


class NodeTileView(QWidget):
    """`chosen` when the tile is pressed or entered; `menu_wanted` for ⋯; `wanted` carries the entry of a button."""

    chosen = Signal()
    menu_wanted = Signal(QWidget)
    wanted = Signal(object)

    def __init__(self, tile: NodeTile, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tile = tile
        self._now = 0.0
        self._whole = ""
        """The sentence of the tile, when it does not fit."""
        self.setMinimumWidth(LEAST_WIDTH)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.more = IconButton("more", tr("Actions on {node}", node=tile.node), parent=self)
        self.more.clicked.connect(lambda: self.menu_wanted.emit(self.more))
        self.remedy = PrimaryButton("", "start", self)
        self.why = Button("", parent=self)
        self.remedy.clicked.connect(lambda: self.wanted.emit(menus.remedy(self._tile)))
        self.why.clicked.connect(lambda: self.wanted.emit(menus.why(self._tile)))

    @property
    def tile(self) -> NodeTile:
        """What is shown."""
        return self._tile

    def set_tile(self, tile: NodeTile, now: float, *, filled: bool) -> None:
        """Show this; `filled`: its remedy is the one filled button of the page."""
        self._tile = tile
        red = tile.silhouette in (Silhouette.STOP, Silhouette.WAIT)
        for button in (self.remedy, self.why):
            button.setVisible(red)
        if red:
            remedy, why = menus.remedy(tile), menus.why(tile)
            self.remedy.setText(remedy.text)
            self.remedy.set_possible(remedy.enabled, remedy.reason)
            self.remedy.set_filled(filled and remedy.enabled)
            self.why.setText(why.text)
            self.why.set_possible(why.enabled, why.reason)
            self._place()
        self.tick(now)

    def tick(self, now: float) -> None:
        """Another second: ages and running times."""
        self._now = now
        self.setAccessibleName(self._tile.accessible(now))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(LEAST_WIDTH, HEIGHT)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._place()
        super().resizeEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit()
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.chosen.emit()
            case Qt.Key.Key_F4 if menus.why(self._tile).enabled:
                self.wanted.emit(menus.why(self._tile))
            case Qt.Key.Key_Menu:
                self.menu_wanted.emit(self.more)
            case _:
                super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        del event
        self.menu_wanted.emit(self.more)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() is QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._whole, self)
            return True
        return super().event(event)

    def _place(self) -> None:
        for button in (self.more, self.remedy, self.why):
            button.resize(button.sizeHint())
        self.more.move(self.width() - self.more.width() - 8, HEAD - self.more.height() // 2)
        self.remedy.move(PADDING, BLOCK_BOTTOM + 8)
        self.why.move(self.remedy.geometry().right() + 9, BLOCK_BOTTOM + 8)

    # --- painting -----------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        self._whole = ""
        self._paint_head(painter)
        block = self._tile.block(self._now)
        if block is not None:
            self._paint_block(painter, block)
        elif self._tile.share is not None:
            self._paint_share(painter)
        else:
            self._paint_words(painter)
        facts = self._tile.facts(self._now)
        if self._tile.stale:
            self._paint_silence(painter)
            facts = facts[:SILENCE_ROW]
        for row, fact in enumerate(facts, FIRST_FACT.get(self._tile.silhouette, 0)):
            self._paint_fact(painter, fact, FIRST_ROW + row * ROW)
        self._paint_machine(painter)
        if self.hasFocus():
            paint_focus(painter, self.rect().adjusted(2, 2, -2, -2), 6)
        painter.end()

    def _paint_head(self, painter: QPainter) -> None:
        tile = self._tile
        width = pill_width(tile.silhouette, tile.state_words)
        right = self.width() - 44
        paint_pill(painter, right - width, HEAD - 12, tile.silhouette, tile.state_words)
        icons.paint(painter, "node", Token.TEXT2, PADDING, HEAD - 8, 16)
        font = theme.font(fonts.PANEL, strong=True)
        room = right - width - 8 - (PADDING + 24)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT3 if tile.stale else Token.TEXT))
        box = QRect(PADDING + 24, HEAD - 12, room, 24)
        painter.drawText(
            box, Qt.AlignmentFlag.AlignVCenter, elided(tile.node, font, room, Qt.TextElideMode.ElideMiddle)
        )
        if tile.paused:
            paint_silhouette(painter, PADDING + 30 + text_width(tile.node, font), HEAD - 6, 12, Silhouette.PAUSED)

    def _paint_share(self, painter: QPainter) -> None:
        tile = self._tile
        ink = theme.colour(Token.TEXT3 if tile.stale else Token.TEXT)
        figure = theme.font(fonts.FIGURE, strong=True)
        painter.setPen(ink)
        painter.setFont(figure)
        width = text_width(tile.share_text, figure)
        painter.drawText(QRect(PADDING, 44, width + 4, 36), Qt.AlignmentFlag.AlignVCenter, tile.share_text)
        painter.setFont(theme.font(fonts.BASE))
        painter.drawText(QPoint(PADDING + width + 5, 71), "%")
        left = PADDING + width + 32
        painter.setFont(theme.font(fonts.SIDE))
        painter.drawText(QPoint(left, 57), tr("of new connections"))
        painter.setPen(theme.colour(Token.TEXT3 if tile.stale else Token.TEXT2))
        painter.drawText(QPoint(left, 74), tile.stale_text(self._now) or tile.share_note)
        bar = QRectF(PADDING, 85, self.width() - 2 * PADDING, BAR_HEIGHT)
        paint_bar(painter, bar, (tile.share or 0) / 100, hatched=tile.share_hatched)

    def _paint_words(self, painter: QPainter) -> None:
        """A tile without share or block: not configured here, or never heard."""
        words = self._tile.sentence(self._now) or tr("The module is not in force on this node.")
        painter.setFont(theme.font(fonts.SIDE))
        painter.setPen(theme.colour(Token.TEXT2))
        box = QRect(PADDING, 48, self.width() - 2 * PADDING, 44)
        painter.drawText(box, Qt.TextFlag.TextWordWrap, self._cut(words, box))

    def _paint_silence(self, painter: QPainter) -> None:
        """Why the values are old, and what the other nodes say of it."""
        font = theme.font(fonts.SIDE)
        words = self._tile.sentence(self._now)
        box = QRect(PADDING, FIRST_ROW + SILENCE_ROW * ROW, self.width() - 2 * PADDING, ROW)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT))
        cut = elided(words, font, box.width())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter, cut)
        self._whole = words if cut != words else ""

    def _paint_block(self, painter: QPainter, block: TintBlock) -> None:
        ink, ground = (Token.RED, Token.RED_BG) if block.tint == "red" else (Token.ORANGE, Token.ORANGE_BG)
        box = QRect(8, BLOCK_TOP, self.width() - 16, BLOCK_BOTTOM - BLOCK_TOP)
        paint_panel(painter, box, ground, None, 6)
        inner = box.adjusted(8, 7, -8, -7)
        painter.setFont(theme.font(fonts.SIDE, strong=True))
        painter.setPen(theme.colour(ink))
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft, block.title)
        painter.setPen(theme.colour(Token.TEXT))
        if block.counted:
            painter.drawText(inner, Qt.AlignmentFlag.AlignRight, block.counted)
        top = 20
        if block.tint == "orange":
            if block.progress is not None:
                bar = QRectF(inner.left(), inner.top() + 22, inner.width(), BAR_HEIGHT)
                paint_bar(painter, bar, block.progress, Token.ORANGE)
            top = 36
        painter.setFont(theme.font(fonts.SIDE))
        words = inner.adjusted(0, top, 0, 2)
        painter.drawText(words, Qt.TextFlag.TextWordWrap, self._cut(block.sentence, words))

    def _cut(self, text: str, box: QRect) -> str:
        """As much as the lines of the box hold; the whole goes into the tooltip."""
        font = theme.font(fonts.SIDE)
        lines = max(box.height() // 17, 1)
        room = box.width() * lines - (24 if lines > 1 else 0)
        cut = elided(text, font, room)
        if cut != text:
            self._whole = text
        return cut

    def _paint_fact(self, painter: QPainter, fact: Fact, top: int) -> None:
        stale = self._tile.stale
        font = theme.font(fonts.SIDE)
        painter.setFont(font)
        painter.setPen(theme.colour(Token.TEXT3))
        painter.drawText(
            QRect(PADDING, top, LABEL, ROW), Qt.AlignmentFlag.AlignVCenter, elided(fact.label, font, LABEL)
        )
        left = PADDING + LABEL
        painter.setPen(theme.colour(Token.TEXT3 if stale else Token.TEXT))
        if fact.lead:
            strong = theme.font(fonts.SIDE, strong=True)
            painter.setFont(strong)
            painter.drawText(QRect(left, top, 60, ROW), Qt.AlignmentFlag.AlignVCenter, fact.lead)
            left += text_width(fact.lead, strong) + 8
            painter.setFont(font)
        room = self.width() - PADDING - left - (64 if fact.meter is not None else 0)
        painter.drawText(QRect(left, top, room, ROW), Qt.AlignmentFlag.AlignVCenter, elided(fact.value, font, room))
        if fact.meter is not None:
            bar = QRectF(self.width() - PADDING - 56, top + ROW / 2 - 2, 56, 4)
            paint_bar(painter, bar, fact.meter)

    def _paint_machine(self, painter: QPainter) -> None:
        """CPU and RAM of the node, side by side in the last row."""
        status = self._tile.view.status
        if status is None:
            return
        top, half = FIRST_ROW + 4 * ROW, (self.width() - 2 * PADDING - 16) // 2
        font = theme.font(fonts.SIDE)
        painter.setFont(font)
        for number, (label, value) in enumerate((("CPU", status.cpu), (tr("RAM"), status.memory))):
            left = PADDING + number * (half + 16)
            words = percent(round(value))
            painter.setPen(theme.colour(Token.TEXT3))
            painter.drawText(QRect(left, top, 40, ROW), Qt.AlignmentFlag.AlignVCenter, label)
            painter.setPen(theme.colour(Token.TEXT3 if self._tile.stale else Token.TEXT))
            painter.drawText(
                QRect(left, top, half, ROW), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, words
            )
            used = text_width(label, font)
            bar = QRectF(left + used + 8, top + ROW / 2 - 2, half - used - 16 - 40, 4)
            paint_bar(painter, bar, value / 100)
