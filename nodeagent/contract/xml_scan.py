"""Where the elements and attributes of an XML file stand in its source, and all refusals that need no content.

Python decodes the bytes, expat checks the text and says where each tag begins; the attributes inside a start
tag are then found by two expressions, which is safe because expat has already accepted the tag. Nothing that
expands is accepted: no internal subset, no external identifier, so no entities but XML's own five.
"""

import codecs
import re
from collections import Counter
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 100
MAX_PARTS = 10_000
"""Elements and attributes together."""

CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "ascii",
    "ascii": "ascii",
    "iso-8859-1": "latin-1",
    "latin-1": "latin-1",
    "latin1": "latin-1",
    "windows-1252": "cp1252",
}
_DECLARED = re.compile(
    r"\ufeff?<\?xml[ \t\r\n][^>]*?encoding[ \t\r\n]*=[ \t\r\n]*[\"']([A-Za-z0-9._-]+)[\"'](?=[ \t\r\n?])"
)
_LIKE_DECLARED = re.compile(r"(?s)<.{0,3}(?:\?|ml)(?:(?!\?>).)*?(?:enc|ding)")
"""A first line that was meant to declare an encoding, also with a sign too many or too few."""

_TAG_NAME = re.compile(r"<([^ \t\r\n/>]+)")
_ATTRIBUTE = re.compile(r"[ \t\r\n]+([^ \t\r\n=/>]+)[ \t\r\n]*=[ \t\r\n]*(\"[^\"]*\"|'[^']*')")
_TAG_END = re.compile(r"[ \t\r\n]*(/?)>")
NEWLINE = re.compile(r"\r\n|\n|\r")

_CODES = expat.errors.codes
_TRUNCATED = {
    _CODES[expat.errors.XML_ERROR_NO_ELEMENTS],
    _CODES[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
    _CODES[expat.errors.XML_ERROR_PARTIAL_CHAR],
    _CODES[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
}
UNKNOWN_ENTITY = (
    "an entity is used that XML does not know: allowed are &amp; &lt; &gt; &quot; &apos; and numbers like &#10;"
)
NO_ELEMENT = "there is no complete XML element in this file: it is truncated or not XML"
JUNK_BEHIND = "something follows the end of the root element, which must be the last"
MISPLACED_DECLARATION = "the <?xml …?> line must be the very first thing in the file"
_SENTENCES = {
    _CODES[expat.errors.XML_ERROR_INVALID_TOKEN]: "this is not well-formed XML: look for an & that should be &amp;,"
    " a < that should be &lt;, or a missing quote",
    _CODES[expat.errors.XML_ERROR_SYNTAX]: "this is not XML: only elements, comments and a bare <!DOCTYPE> may"
    " stand here",
    _CODES[expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE]: "an attribute is given twice in one element",
    _CODES[expat.errors.XML_ERROR_UNDEFINED_ENTITY]: UNKNOWN_ENTITY,
    _CODES[expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT]: JUNK_BEHIND,
    _CODES[expat.errors.XML_ERROR_MISPLACED_XML_PI]: MISPLACED_DECLARATION,
}


def colon_in_target(target: str) -> str:
    """What is said of a processing instruction whose name has a colon."""
    return f"the name of <?{short(target)} …?> is wrong: letters, digits, . - and _ may stand in it, no colon"


class NotXml(ValueError):
    """A file that cannot be read: one sentence, and the line (0 = the whole file).

    `source` is its text when that is no XML: `xml_mend` then finds all that is wrong in it.
    """

    def __init__(self, text: str, line: int = 0, source: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.line = line
        self.source = source


def bare_doctype(name: str) -> str:
    """What is said of a document type with more than its name."""
    return (
        f"<!DOCTYPE {short(name)} …> must be bare, like <!DOCTYPE safe>: no external identifier, no [ ] part"
        " and so no entities"
    )


def short(name: str) -> str:
    """A name as it is said: a long one is cut."""
    return name if len(name) <= 60 else f"{name[:59]}…"


def ends_early(name: str, line: int) -> str:
    """What is said at the end of the file of the innermost element that is open."""
    return f"the file ends before <{short(name)}> of line {line} is closed"


def expected_end(name: str, line: int) -> str:
    """What is said where an element should have been closed."""
    return f"</{short(name)}> is expected here, since <{short(name)}> of line {line} is open"


@dataclass(frozen=True)
class AttributeSpan:
    """An attribute in the text: `start` is before its leading blanks, the value is without quotes."""

    name: str
    value: str
    line: int
    start: int
    value_start: int
    value_end: int

    @property
    def end(self) -> int:
        """After the closing quote."""
        return self.value_end + 1


@dataclass(eq=False)
class ElementSpan:
    """An element in the text, from `start` (its <) to `end`; `tag_end` is after the > of its start tag."""

    name: str
    line: int
    start: int
    parent: "ElementSpan | None"
    tag_end: int = 0
    empty: bool = False
    """Written as <a/>."""
    close_start: int = 0
    end: int = 0
    number: int = 1
    """Its place among the children of its parent that have its name."""
    attributes: dict[str, AttributeSpan] = field(default_factory=dict)
    children: list["ElementSpan"] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """How many children have which name."""

    @property
    def values(self) -> dict[str, str]:
        """Attribute → its value, in the order of the text."""
        return {name: span.value for name, span in self.attributes.items()}

    @property
    def path(self) -> str:
        """E.g. `safe/service/errd/proc[2]`."""
        if self.parent is None:
            return self.name
        number = f"[{self.number}]" if self.parent.counts[self.name] > 1 else ""
        return f"{self.parent.path}/{self.name}{number}"


@dataclass(frozen=True)
class Scan:
    """A scanned file: `text.encode(codec)` is the source, `elements` come in the order of the text."""

    text: str
    codec: str
    elements: tuple[ElementSpan, ...]


def scan(data: bytes) -> Scan:
    """Finds all elements. Raises NotXml for what is not acceptable XML."""
    if len(data) > MAX_BYTES:
        raise NotXml(f"the file has {len(data):,} bytes, allowed are {MAX_BYTES:,} (4 MiB)")
    text, codec = _decode(data)
    if not text.removeprefix("\ufeff").strip():
        raise NotXml("the file is empty")
    if not text.removeprefix("\ufeff").lstrip().startswith("<"):
        raise NotXml("this is not XML: a configuration file begins with <", 1)
    return scan_text(text, codec)


def scan_text(text: str, codec: str = "utf-8") -> Scan:
    """The same for text that is decoded."""
    return Scan(text, codec, _Scanner(text).run())


def _decode(data: bytes) -> tuple[str, str]:
    codec = "utf-8"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16-le" if data.startswith(codecs.BOM_UTF16_LE) else "utf-16-be"
    head = data[:400].decode(codec, "replace")
    declared = _DECLARED.match(head)
    name = declared[1].lower() if declared else ""
    if codec.startswith("utf-16"):
        if name and not name.startswith("utf-16"):
            raise NotXml(f"the file is in UTF-16 but its first line says {name}: write utf-16 there", 1)
    elif name and not data.startswith(codecs.BOM_UTF8):
        if name not in CODECS:
            raise NotXml(
                f"the encoding {name} is not supported: allowed are utf-8, utf-16 with its byte order mark,"
                " iso-8859-1, windows-1252 and us-ascii",
                1,
            )
        codec = CODECS[name]
    elif name not in {"", "utf-8", "utf8"}:
        raise NotXml(f"the file begins with the mark of UTF-8 but its first line says {name}: write utf-8 there", 1)
    try:
        return data.decode(codec), codec
    except UnicodeDecodeError as error:
        line = len(NEWLINE.findall(data[: error.start].decode(codec, "replace"))) + 1
        says = "its first line declares" if declared else "is meant when nothing is declared"
        meant = data.decode("latin-1") if not declared and _LIKE_DECLARED.match(head) else ""
        raise NotXml(
            f"byte {error.start + 1} is not valid {codec}, which {says}: save the file as UTF-8", line, meant
        ) from error


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._utf8 = text.encode()
        self._byte = 0
        self._char = 0
        self._parts = 0
        self._open: list[ElementSpan] = []
        self._elements: list[ElementSpan] = []
        # The encoding is settled: the bytes given are UTF-8 whatever the first line says.
        self._parser = expat.ParserCreate("utf-8")
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.ProcessingInstructionHandler = self._instruction

    def run(self) -> tuple[ElementSpan, ...]:
        try:
            self._parser.Parse(self._utf8, True)
        except expat.ExpatError as error:
            wrong, line = self._refusal(error)
            raise NotXml(wrong, line, self._text) from error
        return tuple(self._elements)

    def _refusal(self, error: expat.ExpatError) -> tuple[str, int]:
        inner = self._open[-1] if self._open else None
        if error.code in _TRUNCATED:
            last = len(NEWLINE.findall(self._text)) + 1
            return ends_early(inner.name, inner.line) if inner else NO_ELEMENT, last
        if error.code == _CODES[expat.errors.XML_ERROR_TAG_MISMATCH] and inner is not None:
            return expected_end(inner.name, inner.line), error.lineno
        words = f"this is not well-formed XML: {expat.ErrorString(error.code)}"
        return _SENTENCES.get(error.code, words), error.lineno

    def _doctype(self, name: str, system: str | None, public: str | None, subset: int) -> None:
        if system or public or subset:
            raise NotXml(bare_doctype(name), self._parser.CurrentLineNumber, self._text)

    def _instruction(self, target: str, _data: str) -> None:
        if ":" in target:
            raise NotXml(colon_in_target(target), self._parser.CurrentLineNumber, self._text)

    def _position(self) -> int:
        byte = self._parser.CurrentByteIndex
        self._char += len(self._utf8[self._byte : byte].decode())
        self._byte = byte
        return self._char

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        line = self._parser.CurrentLineNumber
        self._parts += 1 + len(attributes)
        if self._parts > MAX_PARTS:
            raise NotXml(f"there are more than {MAX_PARTS:,} elements and attributes in this file", line)
        if len(self._open) >= MAX_DEPTH:
            raise NotXml(f"elements stand more than {MAX_DEPTH} deep inside each other", line)
        parent = self._open[-1] if self._open else None
        element = ElementSpan(name, line, self._position(), parent)
        tag = _TAG_NAME.match(self._text, element.start)
        at, where = tag.end() if tag else element.start, line
        while found := _ATTRIBUTE.match(self._text, at):
            where += len(NEWLINE.findall(self._text, at, found.start(1)))
            element.attributes[found[1]] = AttributeSpan(
                found[1], attributes[found[1]], where, found.start(), found.start(2) + 1, found.end() - 1
            )
            at = found.end()
        if end := _TAG_END.match(self._text, at):
            element.tag_end, element.empty = end.end(), bool(end[1])
        self._elements.append(element)
        self._open.append(element)
        if parent is not None:
            parent.children.append(element)
            parent.counts[name] += 1
            element.number = parent.counts[name]

    def _end(self, _name: str) -> None:
        element = self._open.pop()
        if element.empty:
            element.close_start = element.end = element.tag_end
            return
        element.close_start = self._position()
        element.end = self._text.index(">", element.close_start) + 1
