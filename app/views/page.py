"""The frame of every page: header that stays, body that scrolls, what stands above the footer, footer."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QScrollArea, QSizePolicy, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.views import fonts
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import AskSheet, Words
from app.views.widgets.layouts import emptied
from app.views.widgets.possible import keep_focus

MARGIN = 24
HEADER_HEIGHT = 60
FOOTER_HEIGHT = 56
SCROLL_BAR = 12


class _Path(QWidget):
    """Title of the page, or the way to it: "Contoso web › farm"."""

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(8)

    def set_parts(self, parts: tuple[str, ...]) -> None:
        emptied(self._row)
        for index, part in enumerate(parts):
            last = index == len(parts) - 1
            size = fonts.PAGE
            self._row.addWidget(Words(part, size, Token.TEXT if last else Token.TEXT2, strong=last))
            if not last:
                self._row.addWidget(Words("›", size, Token.TEXT3))
        self.setAccessibleName(" › ".join(parts))


class _Footer(QWidget):
    """The ground of the footer: surface with a hairline above."""

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), theme.colour(Token.SURFACE))
        painter.fillRect(QRect(0, 0, self.width(), 1), theme.colour(Token.BORDER))
        painter.end()


class Page(QWidget):
    """A page of the main window.

    Fill `body` (a layout inside the margins; it scrolls unless `scrolling` is false). `add_button` puts page-wide
    buttons into the header; `footer` is a layout that shows once `show_footer()` was called; `set_above_footer` holds
    the confirm bar; `ask` shows a question under the header. `folded` changes when the page gets narrow or wide.
    """

    folded = Signal(bool)
    help_topic = "index"
    """The help page that F1 opens, `monitoring` for help/en/monitoring.md."""

    FOLD_WIDTH = 1080

    def __init__(self, title: str = "", facts: str = "", *, scrolling: bool = True) -> None:
        super().__init__()
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._narrow = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)

        self.header = QWidget()
        self.header.setFixedHeight(HEADER_HEIGHT)
        self._header_row = QHBoxLayout(self.header)
        self._header_row.setContentsMargins(MARGIN, 0, MARGIN, 4)
        self._header_row.setSpacing(12)
        self._path = _Path()
        self._facts = Words("", fonts.BASE, Token.TEXT2, cut=True)
        self._header_row.addWidget(self._path)
        self._header_row.addWidget(self._facts, 1)
        column.addWidget(self.header)

        self._band = QVBoxLayout()
        self._band.setContentsMargins(MARGIN, 12, MARGIN, 0)
        self._band_holder = QWidget()
        self._band_holder.setLayout(self._band)
        self._band_holder.hide()
        column.insertWidget(0, self._band_holder)

        self._asking = QVBoxLayout()
        self._asking.setContentsMargins(MARGIN, 0, MARGIN, 12)
        self._asking_holder = QWidget()
        self._asking_holder.setLayout(self._asking)
        self._asking_holder.hide()
        column.addWidget(self._asking_holder)

        content = QWidget()
        content.setObjectName("scrolled")
        self.body = QVBoxLayout(content)
        self.body.setContentsMargins(MARGIN, 0, MARGIN, MARGIN if scrolling else 16)
        self.body.setSpacing(24)
        if scrolling:
            self.scroll_area = QScrollArea()
            self.scroll_area.setWidgetResizable(True)
            self.scroll_area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
            self.scroll_area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.scroll_area.setWidget(content)
            column.addWidget(self.scroll_area, 1)
        else:
            content.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
            column.addWidget(content, 1)
        self.content = content

        self._above = QVBoxLayout()
        self._above.setContentsMargins(MARGIN, 0, MARGIN, 16)
        self._above_holder = QWidget()
        self._above_holder.setLayout(self._above)
        self._above_holder.hide()
        column.addWidget(self._above_holder)

        self.strip = QVBoxLayout()
        self.strip.setContentsMargins(0, 0, 0, 0)
        column.addLayout(self.strip)

        self._footer = _Footer()
        self._footer.setFixedHeight(FOOTER_HEIGHT)
        self.footer = QHBoxLayout(self._footer)
        self.footer.setContentsMargins(MARGIN, 0, MARGIN, 0)
        self.footer.setSpacing(8)
        self._footer.hide()
        column.addWidget(self._footer)
        self.set_title(title, facts=facts)

    def set_title(self, *parts: str, facts: str = "") -> None:
        """The title, or the path to it, and one sentence of facts."""
        self._titled = parts
        self._path.set_parts(parts)
        self._facts.setText(facts)
        self.setAccessibleName(parts[-1] if parts else "")

    def set_cluster(self, title: str) -> None:
        """The cluster has another name now, which is where the path begins."""
        self.set_title(title, *self._titled[1:], facts=self._facts.text())

    def set_facts(self, facts: str) -> None:
        """The one sentence of facts beside the title."""
        self._facts.setText(facts)

    def add_button(self, part: QWidget) -> None:
        """A page-wide button, or another part, at the right of the header."""
        self._header_row.addWidget(part)

    def add_beside_title(self, part: QWidget) -> None:
        """A part directly behind the title, before the facts: a pill, a badge."""
        self._header_row.insertWidget(self._header_row.indexOf(self._facts), part)

    def show_footer(self, shown: bool = True) -> None:
        """Shows the footer, a surface of 56 px that does not scroll."""
        self._footer.setVisible(shown)

    def set_above_footer(self, part: QWidget | None) -> None:
        """What stands above the footer until it is answered: the confirm bar. None takes it away."""
        self._replace(self._above, self._above_holder, part)

    def set_band(self, part: QWidget) -> None:
        """What stands above the header for as long as the page lives."""
        self._replace(self._band, self._band_holder, part)

    def ask(self, sheet: AskSheet) -> None:
        """Shows a question under the header; answered it goes away, and the focus back to where it was."""
        before = QApplication.focusWidget()

        def answered() -> None:
            self._replace(self._asking, self._asking_holder, None)
            if before is not None and isValid(before) and before.isVisible():
                before.setFocus(Qt.FocusReason.OtherFocusReason)

        self._replace(self._asking, self._asking_holder, sheet)
        sheet.answered.connect(lambda _verb: answered())
        sheet.take_focus()

    @staticmethod
    def _replace(place: QVBoxLayout, holder: QWidget, part: QWidget | None) -> None:
        present = place.itemAt(0)
        if present is not None and (widget := present.widget()) is not None and widget is not part:
            place.removeWidget(widget)
            keep_focus(holder)
            widget.hide()
            widget.deleteLater()
        if part is not None:
            place.addWidget(part)
            part.show()
        holder.setVisible(part is not None)

    def fixed_bottom(self) -> int:
        """The height of what must stay free at the foot: strip, footer and confirm bar, in pixels."""
        parts = (self._footer, self._above_holder)
        strip = self.strip.geometry().height() if self.strip.count() else 0
        return strip + sum(max(part.sizeHint().height(), part.minimumHeight()) for part in parts if not part.isHidden())

    def regions(self) -> tuple[QWidget, ...]:
        """What F6 goes through on this page, from top to bottom."""
        parts = (self._band_holder, self.header, self.content, self._footer)
        return tuple(part for part in parts if part.isVisible())

    def find_here(self) -> bool:
        """Ctrl+F: puts the focus into the page's own search field. False when it has none."""
        return False

    def leave_pane(self) -> bool:
        """Esc: closes the innermost open pane or clears the filter. False when there is nothing to close."""
        return False

    def minimumSizeHint(self) -> QSize:
        """As wide as the body needs: it scrolls down only, so a narrower page would cut it off unseen."""
        hint = super().minimumSizeHint()
        return QSize(max(hint.width(), self.content.minimumSizeHint().width() + SCROLL_BAR), hint.height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fold_or_unfold()

    def least_wide(self) -> int:
        """The width below which the page is narrow, in pixels."""
        return self.FOLD_WIDTH

    def fold_or_unfold(self) -> None:
        """After another width of the page, or of what stands in it."""
        narrow = self.width() < self.least_wide()
        if narrow != self._narrow:
            self._narrow = narrow
            self.folded.emit(narrow)
