"""The own failover rules as text, each mistake at its line and column, and the rules that the checkers generate."""

import re

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_fields import Tab
from app.viewmodels.text import tr
from app.views import fonts
from app.views.configuration.document_undo import DocumentUndo
from app.views.configuration.syntax import Highlighter, Language
from app.views.tokens import Token
from app.views.widgets import CodeEdit, CodeProblem, Divider, InlineError, Words
from nodeagent.contract.generated_rules import generated_rules

EXAMPLE = "label: if (tcp.web == down && custom.db != up) then wait();"
"""Written as in the file, in every language."""
PAUSE = 300
"""Milliseconds after the last key before the text is taken over and checked."""
_COLUMN = re.compile(r"column (\d+): (.*)", re.DOTALL)


class ModuleRules(QWidget):
    """The part of the tab "Rules" that is text."""

    def __init__(self, editor: ModuleEditor) -> None:
        super().__init__()
        self._editor = editor
        self.code = CodeEdit(tr("Own rules"))
        self.code.setMinimumHeight(150)
        DocumentUndo(self.code)
        self._highlighter = Highlighter(self.code.document(), Language.RULES)
        self._pause = QTimer(self, singleShot=True, interval=PAUSE)
        self._pause.timeout.connect(self.take)
        self.code.textChanged.connect(self._pause.start)
        self.error = InlineError()
        self.generated = Words("", fonts.SIDE, Token.TEXT2, wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        head = QHBoxLayout()
        head.setContentsMargins(16, 12, 16, 8)
        head.setSpacing(8)
        head.addWidget(Words(tr("Own rules"), fonts.PANEL, strong=True))
        head.addWidget(Words(EXAMPLE, fonts.SIDE, Token.TEXT2, mono=True, cut=True), 1)
        layout.addLayout(head)
        layout.addWidget(Divider())
        layout.addWidget(self.code, 1)
        layout.addWidget(Divider())
        below = QVBoxLayout()
        below.setContentsMargins(16, 4, 16, 8)
        below.setSpacing(6)
        below.addWidget(self.error)
        below.addWidget(self.generated)
        layout.addLayout(below)
        self.refresh()

    def refresh(self) -> None:
        """The rules now."""
        editor = self._editor
        text = editor.rules_text
        self.code.setReadOnly(text is None or editor.read_only)
        if not self._pause.isActive():
            self.code.set_text("" if text is None else text)
        problems = self.problems()
        self.code.set_problems(problems)
        first = next(iter(problems), None)
        said = tr("Line {line}: {text}", line=first.line, text=first.sentence) if first else editor.rules_error
        if text is None:
            said = (
                tr("These rules stand between comments or entities: read them in the file itself.")
                if editor.read_only
                else tr("These rules stand between comments or entities: edit them in the file itself.")
            )
        self.error.set_text(said)
        config = editor.config
        rules = generated_rules(config.checkers) if config is not None and config.failover.extends else ()
        self.generated.setVisible(config is not None)
        self.generated.setText(
            tr(
                "Generated from the checkers: {rules}.",
                rules=", ".join(f"{rule.label} → {rule.action}()" for rule in rules),
            )
            if rules
            else tr("The checkers generate no rule.")
        )

    def problems(self) -> list[CodeProblem]:
        """What is wrong, by line and column of the text shown."""
        first_line, first_column = self._editor.rules_place
        found = []
        for problem in self._editor.errors:
            if problem.tab is Tab.RULES and (match := _COLUMN.fullmatch(problem.text)):
                line = problem.line - first_line + 1
                column = int(match[1]) - (first_column - 1 if line == 1 else 0)
                found.append(CodeProblem(line, match[2], max(column, 1), 1))
        return found

    def take(self) -> None:
        """Take over what was typed."""
        if not self.code.isReadOnly():
            self._editor.set_rules(self.code.toPlainText())
