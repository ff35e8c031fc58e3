"""Help without a network: short pages in Markdown, one per page of the console."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QDesktopServices,
    QFont,
    QPalette,
    QResizeEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFragment,
)
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QTextBrowser

from app.resource_files import resource
from app.viewmodels.text import language, tr
from app.views import fonts
from app.views.page import Page
from app.views.theme import theme
from app.views.tokens import Token
from app.views.widgets import Card

TEXT_WIDTH = 720
HEADINGS = {1: fonts.PAGE, 2: fonts.MODULE}
TOPIC = Qt.ItemDataRole.UserRole.value
ORDER = (
    "index",
    "first-run",
    "monitoring",
    "details",
    "timeline",
    "cluster",
    "module",
    "test",
    "traffic",
    "support",
    "settings",
    "keyboard",
)


def _folder() -> Path:
    """The pages in the language in use, English where there are none."""
    chosen = resource(f"help/{language()}")
    return chosen if chosen.is_dir() else resource("help/en")


class _Text(QTextBrowser):
    """Lines of a length that reads well, however wide the window is; the scroll bar stays at its edge."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        margin = max(self.width() - TEXT_WIDTH, 0)
        if margin != self.viewportMargins().right():
            self.setViewportMargins(0, 0, margin, 0)
        super().resizeEvent(event)


class HelpPage(Page):
    """Topics at the left, the text at the right."""

    help_topic = "index"

    def __init__(self) -> None:
        super().__init__(tr("Help"), tr("All of it is on this computer."), scrolling=False)
        self._folder = _folder()
        self.topics = QListWidget()
        self.topics.setAccessibleName(tr("Topics"))
        self.topics.setObjectName("topics")
        self.topics.setFixedWidth(220)
        self.topics.setFont(theme.font())
        for name in ORDER:
            if (path := self._folder / f"{name}.md").is_file():
                item = QListWidgetItem(path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# "))
                item.setData(TOPIC, name)
                self.topics.addItem(item)
        self.text = _Text()
        self.text.setAccessibleName(tr("Help text"))
        self.text.setFont(theme.font())
        self.text.setOpenLinks(False)
        self.text.document().setDocumentMargin(20)
        self.text.anchorClicked.connect(self._follow)
        theme.changed.connect(self._colour)
        self._colour()
        self.topics.currentItemChanged.connect(self._picked)
        card = Card()
        row = QHBoxLayout()
        row.setContentsMargins(4, 8, 4, 8)
        row.setSpacing(0)
        row.addWidget(self.topics)
        row.addWidget(self.text, 1)
        card.body.addLayout(row)
        self.body.addWidget(card)
        self.show_topic("index")

    def show_topic(self, name: str) -> None:
        """Shows a topic; one that is not there shows the first page."""
        rows = {str(self.topics.item(row).data(TOPIC)): row for row in range(self.topics.count())}
        self.topics.setCurrentRow(rows.get(name, 0))

    def _picked(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._show(str(item.data(TOPIC)))

    def _show(self, name: str) -> None:
        self.text.setMarkdown((self._folder / f"{name}.md").read_text(encoding="utf-8"))
        _set_type(self.text.document())
        self.text.moveCursor(QTextCursor.MoveOperation.Start)

    def _follow(self, url: QUrl) -> None:
        if url.isRelative():
            self.show_topic(Path(url.path()).stem)
        else:
            QDesktopServices.openUrl(url)

    def _colour(self) -> None:
        palette = self.text.palette()
        palette.setColor(QPalette.ColorRole.Link, theme.colour(Token.LINK))
        self.text.setPalette(palette)
        current = self.topics.currentItem()
        if current is not None:
            self._show(str(current.data(TOPIC)))


def _set_type(document: QTextDocument) -> None:
    """Markdown as Qt reads it has no room between paragraphs; bold and slant the bundled font would only imitate."""
    cursor = QTextCursor(document)
    block = document.begin()
    while block.isValid():
        shape = QTextBlockFormat(block.blockFormat())
        heading = HEADINGS.get(shape.headingLevel(), 0)
        shape.setTopMargin(16 if heading else 0)
        shape.setBottomMargin(4 if block.textList() else 8)
        shape.setLineHeight(140, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.setPosition(block.position())
        cursor.setBlockFormat(shape)
        for part in _fragments(block):
            ink = QTextCharFormat(part.charFormat())
            if ink.fontWeight() > QFont.Weight.Normal or ink.fontItalic() or heading:
                cursor.setPosition(part.position())
                cursor.setPosition(part.position() + part.length(), QTextCursor.MoveMode.KeepAnchor)
                ink.setFontWeight(fonts.MEDIUM if ink.fontItalic() else fonts.STRONG)
                ink.setFontItalic(False)
                ink.clearProperty(QTextCharFormat.Property.FontSizeAdjustment.value)
                ink.setProperty(QTextCharFormat.Property.FontPixelSize.value, heading or fonts.BASE)
                cursor.setCharFormat(ink)
        block = block.next()


def _fragments(block: QTextBlock) -> list[QTextFragment]:
    """The pieces of one format, as they were before anything is changed."""
    found = []
    place = block.begin()
    while not place.atEnd():
        found.append(place.fragment())
        place += 1
    return found
