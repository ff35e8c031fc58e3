"""A configuration file as text that can be typed, and under it everything that is wrong with it, line by line."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget

from app.viewmodels.text import tr, trn
from app.views import fonts
from app.views.configuration.document_undo import DocumentUndo
from app.views.configuration.syntax import Highlighter, Language
from app.views.tokens import Token
from app.views.widgets import Card, CodeEdit, CodeProblem, Divider, IconButton, LinkButton, Words
from nodeagent.contract.xml_scan import NEWLINE
from nodeagent.contract.xml_source import Document

MOST = 20
"""Sentences shown; more are counted."""
HEIGHT = 132
"""Pixels that they take at most; what is below scrolls."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about a line, from 1, or about the whole file; `wrong` when it keeps the file from being applied."""

    line: int
    sentence: str
    path: str = ""
    attribute: str = ""
    wrong: bool = True


class XmlCard(Card):
    """`typed(text, line)` when somebody has changed it at this line, `left` when the focus goes elsewhere."""

    typed = Signal(str, int)
    left = Signal()

    def __init__(self, file: str, facts: str, *, read_only: bool = False) -> None:
        super().__init__(file, facts)
        self.code = CodeEdit(file, read_only=read_only)
        self.code.setUndoRedoEnabled(False)
        DocumentUndo(self.code)
        self._highlighter = Highlighter(self.code.document(), Language.XML)
        self.code.textChanged.connect(self._typed)
        self.code.installEventFilter(self)
        copy = IconButton("copy", tr("Copy the file"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.code.toPlainText()))
        self.add_to_head(copy)
        self.body.addWidget(self.code, 1)
        self._rule = Divider()
        self.body.addWidget(self._rule)
        self._findings: tuple[Finding, ...] = ()
        self.links: list[LinkButton] = []
        """One for each sentence shown; it leads to the line."""
        self.sentences: list[Words] = []
        self._list = QWidget()
        self._list.setObjectName("scrolled")
        self._grid = QGridLayout(self._list)
        self._grid.setContentsMargins(16, 8, 16, 8)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setWidget(self._list)
        self.body.addWidget(self._scroll)
        self.free_corners()
        self._show_findings()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Called by Qt."""
        if watched is self.code and event.type() is QEvent.Type.FocusOut:
            self.left.emit()
        return super().eventFilter(watched, event)

    def show_xml(self, text: str, findings: Sequence[Finding], document: Document | None) -> None:
        """The file now; `document` when it can be read, so that what is wrong is marked to the letter."""
        self.code.set_text(text)
        self.code.set_problems([_mark(document, one) for one in findings if one.wrong])
        if tuple(findings) != self._findings:
            self._findings = tuple(findings)
            self._show_findings()

    def lead_to(self, line: int) -> None:
        """Puts cursor and focus on a line."""
        self.code.setFocus(Qt.FocusReason.OtherFocusReason)
        self.code.show_line(max(line, 1))

    def _typed(self) -> None:
        if not self.code.isReadOnly():
            self.typed.emit(self.code.toPlainText(), self.code.textCursor().blockNumber() + 1)

    def _show_findings(self) -> None:
        for part in (*self.links, *self.sentences):
            self._grid.removeWidget(part)
            part.hide()
            part.deleteLater()
        self.links, self.sentences = [], []
        shown = sorted(self._findings, key=lambda one: not one.wrong)[:MOST]
        for row, one in enumerate(shown):
            link = LinkButton(tr("Line {line}", line=one.line) if one.line else tr("The whole file"))
            link.setAccessibleDescription(one.sentence)
            link.clicked.connect(lambda _checked=False, line=one.line: self.lead_to(line))
            words = Words(one.sentence, fonts.SIDE, Token.RED if one.wrong else Token.TEXT2, wrap=True)
            self._put(row, link, words)
        if rest := len(self._findings) - len(shown):
            self.sentences.append(Words(trn("{count} more", "{count} more", rest), fonts.SIDE, Token.TEXT2))
            self._grid.addWidget(self.sentences[-1], len(shown), 1)
        for part in (*self.links, *self.sentences):
            part.show()  # what is hidden has no height yet
        for part in (self._rule, self._scroll):
            part.setVisible(bool(shown))
        self._fit()

    def _put(self, row: int, link: LinkButton, words: Words) -> None:
        words.setContentsMargins(0, 4, 0, 4)  # its first line beside the words of the link
        self._grid.addWidget(link, row, 0, Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(words, row, 1)
        self.links.append(link)
        self.sentences.append(words)

    def _fit(self) -> None:
        width = max(self.width() - 16, 200)
        self._scroll.setFixedHeight(min(max(self._grid.heightForWidth(width), 0), HEIGHT))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()


def _mark(document: Document | None, finding: Finding) -> CodeProblem:
    element = document.find(finding.path) if document and finding.path else None
    span = element.attributes.get(finding.attribute) if element else None
    if span is None or document is None:
        return CodeProblem(max(finding.line, 1), finding.sentence)
    lines = NEWLINE.split(document.text[: span.value_start].removeprefix("\ufeff"))
    return CodeProblem(len(lines), finding.sentence, len(lines[-1]) + 1, max(span.value_end - span.value_start, 1))
