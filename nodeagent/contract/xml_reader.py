"""Reads a configuration file into an lxml tree, safely, and knows the line of every part of it."""

import hashlib
from collections import Counter

from lxml import etree

from nodeagent.contract.errors import Problem, Severity
from nodeagent.contract.xml_mend import Mended
from nodeagent.contract.xml_prefixes import without, wrong_names
from nodeagent.contract.xml_scan import ElementSpan, NotXml, Scan, scan, scan_text
from nodeagent.contract.xml_text import Replaced, TextPlaces

MAX_PROBLEMS = 1000
"""Of one severity; a file of rubbish must not fill the memory with sentences about it."""


class XmlFile:
    """A file that is well-formed and harmless; what it says is not looked at yet.

    Making one raises `xml_scan.NotXml`. Problems found later are collected here, so that all are reported.
    """

    def __init__(self, source: bytes | Scan, file: str) -> None:
        scanned = source if isinstance(source, Scan) else scan(source)
        self.file = file
        self.damaged: frozenset[etree._Element] = frozenset()
        """The elements whose XML had a mistake (see `mended` and `xml_prefixes`): nothing more is said of them."""
        wrong = wrong_names(scanned)
        self.root = _parse(without(scanned.text, wrong))
        self.problems: list[Problem] = []
        self.replaced: dict[etree._Element, list[Replaced]] = {}
        """The macros that were replaced in the text of an element."""
        self._source = scanned.text
        self._counts: Counter[Severity] = Counter()
        self._spans: dict[etree._Element, ElementSpan] = dict(zip(self.root.iter("*"), scanned.elements, strict=True))
        if wrong:
            elements = {span: element for element, span in self._spans.items()}
            for one in wrong:
                self.error(elements[one.element], one.text, one.attribute.name if one.attribute else "")
            self.damaged = frozenset(elements[one.element] for one in wrong)

    @classmethod
    def mended(cls, mended: Mended, file: str) -> "XmlFile | None":
        """The file as it was most likely meant, only to look for more problems in it; None when nobody can tell."""
        if not mended.text:
            return None
        try:
            xml = cls(scan_text(mended.text), file)
        except NotXml:
            return None
        xml.damaged |= {xml._at(place) for place in mended.places}
        return xml

    def _at(self, place: int) -> etree._Element:
        """The innermost element at an offset of the source, the root outside all."""
        found = self.root
        for element, span in self._spans.items():
            if span.start <= place < span.end:
                found = element
        return found

    def name(self, element: etree._Element) -> str:
        """The element's name as it is written."""
        return self._spans[element].name

    def line(self, element: etree._Element, attribute: str = "") -> int:
        """The line where the element, or one of its attributes, begins."""
        span = self._spans[element]
        return span.attributes[attribute].line if attribute in span.attributes else span.line

    def path(self, element: etree._Element, attribute: str = "") -> str:
        """E.g. `safe/service/errd/proc[2]/@atleast`."""
        return self._spans[element].path + (f"/@{attribute}" if attribute else "")

    def places(self, element: etree._Element) -> TextPlaces:
        """Where the characters of the element's text (see `text_of`) stand."""
        return TextPlaces(self._source, self._spans[element], self.replaced.get(element, ()))

    def say(
        self, severity: Severity, element: etree._Element, text: str, attribute: str = "", line: int | None = None
    ) -> None:
        """Adds a problem at an element, one of its attributes or a line of it, up to `MAX_PROBLEMS` of a severity."""
        if element in self.damaged:
            return
        self._counts[severity] += 1
        if self._counts[severity] > MAX_PROBLEMS:
            return
        if self._counts[severity] == MAX_PROBLEMS:
            text = f"the {severity} number {MAX_PROBLEMS:,} is here: it and those that follow are not listed"
        line = self.line(element, attribute) if line is None else line
        self.problems.append(Problem(severity, text, self.file, line, self.path(element, attribute)))

    def error(self, element: etree._Element, text: str, attribute: str = "") -> None:
        """Adds what refuses the file."""
        self.say(Severity.ERROR, element, text, attribute)

    def warning(self, element: etree._Element, text: str, attribute: str = "") -> None:
        """Adds what is likely a mistake, or not in force."""
        self.say(Severity.WARNING, element, text, attribute)

    def note(self, element: etree._Element, text: str, attribute: str = "") -> None:
        """Adds what is for the record."""
        self.say(Severity.NOTE, element, text, attribute)

    def findings(self) -> list[Problem]:
        """All problems in the order of the file."""
        return sorted(self.problems, key=lambda problem: problem.line)

    def digest(self, *more: str) -> str:
        """SHA-256 (hex) of the canonical content and of further texts.

        Comments, order of attributes, quotes and blanks between elements do not change it.
        """
        content = etree.tostring(self.root, method="c14n2", with_comments=False, strip_text=True)
        return hashlib.sha256(b"\0".join([content, *(text.encode() for text in more)])).hexdigest()


def text_of(element: etree._Element) -> str:
    """The element's own text and that behind its children and comments, put together."""
    return "".join([element.text or "", *(child.tail or "" for child in element)])


def _parse(text: str) -> etree._Element:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
    )
    try:
        return etree.fromstring(text.removeprefix("\ufeff").encode(), parser)
    except etree.XMLSyntaxError as error:
        told = error.msg.partition(", line ")[0]
        raise NotXml(f"this is not well-formed XML: {told}", error.lineno or 0) from error
