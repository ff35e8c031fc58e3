"""Colours of XML and of scripts: few, calm, from the tokens; only what helps to see where a value ends."""

import re
from enum import Enum

from PySide6.QtGui import QSyntaxHighlighter, QTextDocument

from app.views.theme import theme
from app.views.tokens import Token

_Rules = tuple[tuple[re.Pattern[str], Token], ...]


class Language(Enum):
    """What is shown; the value holds the expressions, later ones paint over earlier ones."""

    XML = (
        (re.compile(r"</?[A-Za-z_][\w.:-]*|/?>"), Token.NODE2),
        (re.compile(r"(?<=[\s])[A-Za-z_][\w.:-]*(?=\s*=)"), Token.LINK),
        (re.compile(r"(?<==)\s*(?:\"[^\"]*\"|'[^']*')"), Token.GREEN),
        (re.compile(r"<[?!][^>]*>?"), Token.TEXT3),
    )
    SHELL = (
        (re.compile(r"\b(if|then|else|elif|fi|for|in|do|done|while|case|esac|exit|return)\b"), Token.NODE2),
        (re.compile(r"\$\{?\w+\}?|\$[*#@?]"), Token.LINK),
        (re.compile(r"\"[^\"]*\"|'[^']*'"), Token.GREEN),
        (re.compile(r"(?:^|(?<=\s))#.*"), Token.TEXT3),
    )
    BATCH = (
        (re.compile(r"(?i)\b(if|not|else|for|in|do|exit|goto|call|set|setlocal|echo)\b"), Token.NODE2),
        (re.compile(r"%~?\w+%?|![\w]+!|%%~?\w"), Token.LINK),
        (re.compile(r"\"[^\"]*\""), Token.GREEN),
        (re.compile(r"(?i)^\s*(?:@?rem\b|::).*"), Token.TEXT3),
    )
    RULES = (
        (re.compile(r"\b(if|then|stop|stopstart|wait|restart)\b"), Token.NODE2),
        (re.compile(r"[\w?*-]+\.[\w.?*-]+"), Token.LINK),
        (re.compile(r"\b(init|up|down|unknown)\b"), Token.GREEN),
        (re.compile(r"//.*"), Token.TEXT3),
    )
    DIFF = (
        (re.compile(r"^\+.*"), Token.GREEN),
        (re.compile(r"^-.*"), Token.RED),
        (re.compile(r"^@@.*|^#.*|^(?:\+\+\+|---) .*"), Token.TEXT3),
    )
    PLAIN = ()

    @classmethod
    def of(cls, path: str) -> "Language":
        """By the name of a file."""
        suffix = path.lower().rpartition("/")[2].partition(".")[2].rpartition(".")[2]
        known = {"": cls.SHELL, "sh": cls.SHELL, "cmd": cls.BATCH, "bat": cls.BATCH, "ps1": cls.SHELL, "xml": cls.XML}
        return known.get(suffix, cls.PLAIN)


class Highlighter(QSyntaxHighlighter):
    """Paints one document; comments of XML reach over lines. Another theme paints it anew."""

    def __init__(self, document: QTextDocument, language: Language) -> None:
        super().__init__(document)
        self._language = language
        theme.changed.connect(self.rehighlight)

    def set_language(self, language: Language) -> None:
        """Another language from now on."""
        if language is not self._language:
            self._language = language
            self.rehighlight()

    def highlightBlock(self, text: str) -> None:
        """Called by Qt for each line."""
        rules: _Rules = self._language.value
        for expression, token in rules:
            for found in expression.finditer(text):
                self._paint(found.start(), found.end(), token)
        if self._language is Language.XML:
            self._comment(text)

    def _comment(self, text: str) -> None:
        start = 0 if self.previousBlockState() == 1 else text.find("<!--")
        self.setCurrentBlockState(0)
        while start >= 0:
            end = text.find("-->", start)
            if end < 0:
                self.setCurrentBlockState(1)
                self._paint(start, len(text), Token.TEXT3)
                return
            self._paint(start, end + 3, Token.TEXT3)
            start = text.find("<!--", end)

    def _paint(self, start: int, end: int, token: Token) -> None:
        self.setFormat(start, end - start, theme.colour(token))
