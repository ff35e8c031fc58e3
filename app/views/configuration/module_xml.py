"""userconfig.xml beside the form: the very bytes that would be applied, the element being edited tinted."""

from PySide6.QtCore import QEvent
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_problems import FieldProblem
from app.viewmodels.text import tr, trn
from app.views import fonts
from app.views.configuration.syntax import Highlighter, Language
from app.views.tokens import Token
from app.views.widgets import Card, CodeEdit, CodeProblem, Divider, IconButton, IconLabel, Words
from nodeagent.contract.errors import Severity


class ModuleXml(Card):
    """Read only; what is wrong is underlined and said in the foot."""

    def __init__(self) -> None:
        super().__init__("userconfig.xml", tr("in step with the form"))
        self.code = CodeEdit("userconfig.xml", read_only=True)
        self._highlighter = Highlighter(self.code.document(), Language.XML)
        copy = IconButton("copy", tr("Copy the file"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.code.toPlainText()))
        self.add_to_head(copy)
        self.body.addWidget(self.code, 1)
        self.body.addWidget(Divider())
        self._foot = QWidget()
        self._foot.setFixedHeight(32)
        row = QHBoxLayout(self._foot)
        row.setContentsMargins(16, 0, 16, 0)
        row.setSpacing(8)
        self._mark = IconLabel("problem", Token.RED, 14)
        self._error = Words("", fonts.SIDE, Token.RED, cut=True)
        self._warnings = Words("", fonts.SIDE, Token.TEXT2)
        row.addWidget(self._mark)
        row.addWidget(self._error, 1)
        row.addWidget(self._warnings)
        self.body.addWidget(self._foot)
        self._tinted = (0, 0)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.PaletteChange and hasattr(self, "_highlighter"):
            self._highlighter.rehighlight()

    def show_editor(self, editor: ModuleEditor) -> None:
        """The document now."""
        self.code.set_text(editor.text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n"))
        self.code.set_problems([_mark(editor, problem) for problem in editor.errors])
        tinted = _lines(editor)
        self.code.mark_lines(*tinted)
        if tinted != self._tinted and tinted[0]:
            self._tinted = tinted
            self.code.show_line(tinted[0])
        first = next(iter(editor.errors), None)
        self._mark.setVisible(first is not None)
        self._error.setText(tr("Line {line}: {text}", line=first.line, text=first.text) if first else "")
        warnings = [problem for problem in editor.problems if problem.severity is Severity.WARNING]
        self._warnings.setText(trn("{count} warning", "{count} warnings", len(warnings)) if warnings else "")
        self._warnings.setToolTip("\n".join(f"{problem.line}: {problem.text}" for problem in warnings))
        self._foot.setVisible(bool(first or warnings))


def _lines(editor: ModuleEditor) -> tuple[int, int]:
    """First and last line of the element that the form shows; of a long one only its start tag."""
    element, document = editor.element(), editor.document
    if element is None or document is None:
        return 0, 0
    end = element.tag_end if element.children else element.end
    return element.line, element.line + document.text.count("\n", element.start, end)


def _mark(editor: ModuleEditor, problem: FieldProblem) -> CodeProblem:
    element = editor.document.find(problem.path) if editor.document and problem.path else None
    span = element.attributes.get(problem.attribute) if element else None
    if span is None or editor.document is None:
        return CodeProblem(problem.line, problem.text)
    before = editor.document.text[: span.value_start]
    column = span.value_start - before.rfind("\n")
    return CodeProblem(before.count("\n") + 1, problem.text, column, max(span.value_end - span.value_start, 1))
