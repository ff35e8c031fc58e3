"""Edits of an XML file that leave every byte they do not mean as it is.

A Document is its source bytes; each edit returns new bytes (the Document itself never changes, so a series of
edits makes a new Document for each). Paths look like `safe/service/errd/proc[2]`, counted from 1, as in
`Problem.path`; without a number the first is meant.
"""

import re
from collections.abc import Mapping

from nodeagent.contract.xml_scan import NEWLINE, AttributeSpan, ElementSpan, scan

_STEP = re.compile(r"([^\[\]/]+)(?:\[([1-9][0-9]{0,8})\])?")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS_BEFORE = re.compile(r"(?:\r\n|\n|\r)[ \t]*\Z")
_BLANKS_AFTER = re.compile(r"[ \t]*(?=[\r\n])")
_SLASH = re.compile(r"[ \t\r\n]*/>")
_BLANKS = re.compile(r"[ \t\r\n]+")
_ESCAPES = {"&": "&amp;", "<": "&lt;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
_CDATA, _CDATA_END = "<![CDATA[", "]]>"
_ONE_SECTION = re.compile(r"[ \t\r\n]*<!\[CDATA\[((?:(?!\]\]>).)*)\]\]>[ \t\r\n]*", re.DOTALL)
TAB, DOUBLE, SINGLE = "\t", '"', "'"
_QUOTES = {DOUBLE: "&quot;", SINGLE: "&apos;"}


class Document:
    """The source of one XML file. Making one raises `xml_scan.NotXml` when it cannot be read."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._scan = scan(data)
        self._text = self._scan.text

    @property
    def root(self) -> ElementSpan:
        """The root element."""
        return self._scan.elements[0]

    @property
    def elements(self) -> tuple[ElementSpan, ...]:
        """All elements in the order of the text."""
        return self._scan.elements

    @property
    def text(self) -> str:
        """The decoded source, a byte order mark included."""
        return self._text

    def find(self, path: str) -> ElementSpan | None:
        """The element of a path, None when there is none."""
        among, found = [self.root], None
        for part in path.strip("/").split("/"):
            step = _STEP.fullmatch(part)
            if step is None:
                return None
            same = [element for element in among if element.name == step[1]]
            number = int(step[2] or 1)
            if number > len(same):
                return None
            found = same[number - 1]
            among = found.children
        return found

    def attribute(self, path: str, name: str) -> str | None:
        """The value of an attribute as XML means it, None when element or attribute is absent."""
        element = self.find(path)
        span = element.attributes.get(name) if element else None
        return span.value if span else None

    def set_attribute(self, path: str, name: str, value: str) -> bytes:
        """Gives an attribute a value, adding it behind the others when it is absent.

        Raises LookupError when there is no such element, ValueError for what XML cannot hold.
        """
        element = self._element(path)
        span = element.attributes.get(name)
        if span is None:
            return self._replace(*self._new_attribute(element, name, value))
        if span.value == value:
            return self._data
        quote = self._text[span.value_start - 1]
        return self._replace(span.value_start, span.value_end, _escape(value, quote))

    def remove_attribute(self, path: str, name: str) -> bytes:
        """Takes an attribute away with the blanks before it; LookupError when it is absent."""
        span = self._element(path).attributes.get(name)
        if span is None:
            raise LookupError(f'there is no attribute "{name}" at {path}')
        return self._replace(span.start, span.end, "")

    def insert_element(
        self, parent: str, name: str, attributes: Mapping[str, str] | None = None, before: int | None = None
    ) -> bytes:
        """Adds an element without content behind the parent's children, or before child number `before` (from 0).

        It gets a line of its own, indented like its neighbours, unless these share a line.
        """
        inside = self._element(parent)
        tag = f"<{_named(name)}" + "".join(
            f' {_named(key)}="{_escape(value, DOUBLE)}"' for key, value in (attributes or {}).items()
        )
        new = f"{tag}/>"
        if before is not None and 0 <= before < len(inside.children):
            neighbour = inside.children[before]
            return self._replace(neighbour.start, neighbour.start, new + self._blanks_before(neighbour.start))
        if inside.children:
            last = inside.children[-1]
            return self._replace(last.end, last.end, self._blanks_before(last.start) + new)
        outer = self._indent(inside)
        first = f"{self._newline}{outer}{TAB if outer.startswith(TAB) else '  '}{new}"
        if inside.empty:
            slash = _SLASH.match(self._text, self._after_attributes(inside))
            start = slash.start() if slash else inside.tag_end
            return self._replace(start, inside.tag_end, f">{first}{self._newline}{outer}</{inside.name}>")
        content = self._text[inside.tag_end : inside.close_start]
        last_line = "" if NEWLINE.search(content) else self._newline + outer
        return self._replace(inside.tag_end, inside.tag_end, first + last_line)

    def remove_element(self, path: str) -> bytes:
        """Takes an element away with all in it, and its line when nothing else stands there."""
        element = self._element(path)
        if element.parent is None:
            raise LookupError("the root element cannot be removed")
        start, end = element.start, element.end
        blanks = _BLANKS_BEFORE.search(self._text, element.parent.tag_end, start)
        trail = _BLANKS_AFTER.match(self._text, end)
        if blanks and trail:
            start, end = blanks.start(), trail.end()
        return self._replace(start, end, "")

    def content(self, path: str) -> str | None:
        """The text of an element as it is written, of one CDATA section what is inside; line ends are LF.

        None when there is no such element, or when it holds more than text.
        """
        place = self._content(path)
        return None if place is None else NEWLINE.sub("\n", self._text[slice(*place)])

    def content_line(self, path: str) -> tuple[int, int]:
        """Line and column, from 1, of the first character of `content`; LookupError when there is none."""
        place = self._content(path)
        if place is None:
            raise LookupError(f"{path} holds more than text")
        before = self._text[: place[0]].removeprefix("\ufeff")
        lines = NEWLINE.split(before)
        return len(lines), len(lines[-1]) + 1

    def set_content(self, path: str, text: str) -> bytes:
        """Gives an element this text, in a CDATA section unless it has plain text that needs none.

        Raises LookupError when there is no such element or it holds more than text, ValueError for what XML
        cannot hold.
        """
        element, place = self._element(path), self._content(path)
        if place is None:
            raise LookupError(f"{path} holds more than text")
        if bad := _ILLEGAL.search(text):
            raise ValueError(f"the character U+{ord(bad[0]):04X} cannot stand in an XML file")
        if "]]>" in text:
            raise ValueError("]]> cannot stand in this text")
        if text == self.content(path):
            return self._data
        text = text.replace("\n", self._newline)
        if self._text.startswith(_CDATA, place[0] - len(_CDATA)):
            return self._replace(*place, text)
        section = f"{_CDATA}{text}{_CDATA_END}"
        if not element.empty:
            return self._replace(*place, section)
        slash = _SLASH.match(self._text, self._after_attributes(element))
        start = slash.start() if slash else element.tag_end
        return self._replace(start, element.tag_end, f">{section}</{element.name}>")

    def _content(self, path: str) -> tuple[int, int] | None:
        """From where to where the content stands; both at the end of the tag of an empty element."""
        element = self.find(path)
        if element is None or element.children:
            return None
        if element.empty:
            return element.tag_end, element.tag_end
        inside = self._text[element.tag_end : element.close_start]
        if section := _ONE_SECTION.fullmatch(inside):
            return element.tag_end + section.start(1), element.tag_end + section.end(1)
        return None if "<" in inside or "&" in inside else (element.tag_end, element.close_start)

    def _element(self, path: str) -> ElementSpan:
        element = self.find(path)
        if element is None:
            raise LookupError(f"there is no element {path}")
        return element

    def _replace(self, start: int, end: int, new: str) -> bytes:
        codec = self._scan.codec
        # Start and end are encoded for themselves; what the encoding lacks becomes &#number;.
        return b"".join(
            (
                self._text[:start].encode(codec),
                new.encode(codec, "xmlcharrefreplace"),
                self._text[end:].encode(codec),
            )
        )

    def _new_attribute(self, element: ElementSpan, name: str, value: str) -> tuple[int, int, str]:
        at = self._after_attributes(element)
        blank, quote = " ", DOUBLE
        if element.attributes:
            last = _last_attribute(element)
            lead = _BLANKS.match(self._text, last.start)
            blank = lead[0] if lead else " "
            quote = self._text[last.value_start - 1]
        return at, at, f"{blank}{_named(name)}={quote}{_escape(value, quote)}{quote}"

    def _after_attributes(self, element: ElementSpan) -> int:
        if element.attributes:
            return _last_attribute(element).end
        return element.start + 1 + len(element.name)

    def _blanks_before(self, position: int) -> str:
        found = _BLANKS_BEFORE.search(self._text, max(0, position - 1000), position)
        return found[0] if found else ""

    def _indent(self, element: ElementSpan) -> str:
        return NEWLINE.sub("", self._blanks_before(element.start))

    @property
    def _newline(self) -> str:
        found = NEWLINE.search(self._text)
        return found[0] if found else "\n"


def _last_attribute(element: ElementSpan) -> AttributeSpan:
    return next(reversed(element.attributes.values()))


def _escape(value: str, quote: str) -> str:
    if bad := _ILLEGAL.search(value):
        raise ValueError(f"the character U+{ord(bad[0]):04X} cannot stand in an XML file")
    escapes = {**_ESCAPES, quote: _QUOTES[quote]}
    return "".join(escapes.get(character, character) for character in value)


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f'"{name}" is not a name: letters, digits, _ . -, and a letter or _ first')
    return name
