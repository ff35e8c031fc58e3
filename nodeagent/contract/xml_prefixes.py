"""What is wrong with names, namespaces and xml:id, and the text without that, so that the rest can be looked at."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from lxml import etree

from nodeagent.contract.xml_attributes import NAME
from nodeagent.contract.xml_mistakes import Repair, repaired
from nodeagent.contract.xml_scan import AttributeSpan, ElementSpan, Scan, short

_PLAIN = re.compile(NAME.replace(":", ""))
_DECLARES = "xmlns:"
_MEANT = {"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_RESERVED = {"xml": "http://www.w3.org/XML/1998/namespace", "xmlns": "http://www.w3.org/2000/xmlns/"}
_DECLARING = {"xmlns": ""}
_ID = "xml:id"
_LIKE_COLON = "\u02d0"
"""A letter, so it may stand anywhere in a name."""


@dataclass(frozen=True, slots=True)
class WrongName:
    """An element or one of its attributes, and what is wrong with its name or the namespace or id it gives."""

    element: ElementSpan
    attribute: AttributeSpan | None
    text: str


def wrong_names(scan: Scan) -> tuple[WrongName, ...]:
    """All of them in the order of the text."""
    look = _Look(scan.text)
    return tuple(wrong for element in scan.elements for wrong in look.at(element))


@dataclass(slots=True)
class _Look:
    """A walk over the elements in the order of the text."""

    text: str
    _declared: dict[ElementSpan | None, Mapping[str, str]] = field(
        default_factory=lambda: {None: {"xml": _RESERVED["xml"]}}
    )
    """Prefix → namespace, where each element stands."""
    _ids: dict[str, int] = field(default_factory=dict)
    """xml:id → the line where it was given first."""

    def at(self, element: ElementSpan) -> list[WrongName]:
        """What is wrong with this one; its parent was asked for before."""
        found: list[WrongName] = []
        prefixes = self._declared[element.parent]
        if own := {_declared(name) or "": value for name, value in element.values.items() if _declared(name)}:
            prefixes = {**prefixes, **own}
        self._declared[element] = prefixes
        if wrong := _wrong(element.name, "<{}>", prefixes, root=element.parent is None):
            found.append(WrongName(element, None, wrong))
        names: dict[tuple[str, str], str] = {}
        for attribute in element.attributes.values():
            if _declared(attribute.name) is not None:
                wrong = _wrong_declaration(attribute) or self._no_uri(attribute)
            else:
                wrong = _wrong(attribute.name, "{}", prefixes) or self._wrong_id(attribute)
                wrong = wrong or _same(attribute.name, names, prefixes, element.name)
            if wrong:
                found.append(WrongName(element, attribute, wrong))
        return found

    def _no_uri(self, attribute: AttributeSpan) -> str:
        if not attribute.value or self._is_taken(attribute):
            return ""
        like = "a namespace is named by a URI like urn:site:a, with letters a to z, digits and signs of web addresses"
        return f"{_said(attribute)} is wrong: {like}"

    def _wrong_id(self, attribute: AttributeSpan) -> str:
        if attribute.name != _ID:
            return ""
        if not self._is_taken(attribute):
            return f"{_said(attribute)} is wrong: a letter or _ must stand first, then letters, digits, . - and _ only"
        if first := self._ids.get(attribute.value):
            return f"{_said(attribute)} is given in line {first}, too: an xml:id may stand once in a file"
        self._ids[attribute.value] = attribute.line
        return ""

    def _is_taken(self, attribute: AttributeSpan) -> bool:
        return _is_parsed(f"{attribute.name}={self.text[attribute.value_start - 1 : attribute.end]}")


def without(text: str, wrong: tuple[WrongName, ...]) -> str:
    """The text with these names as they were most likely meant: no part of it changes its line or its order."""
    repairs: list[Repair] = []
    for element, mistakes in groupby(wrong, lambda one: one.element):
        meant = Counter(map(_meant, element.attributes))
        for one in mistakes:
            repairs += _element(element) if one.attribute is None else [_attribute(text, one.attribute, meant)]
    return repaired(text, repairs)[0]


def _wrong(name: str, shown: str, declared: Mapping[str, str], *, root: bool = False) -> str:
    prefix, colon, rest = name.partition(":")
    if not colon or (prefix in declared and _PLAIN.fullmatch(rest)):
        return ""
    said = shown.format(short(name))
    if not (_PLAIN.fullmatch(prefix) and _PLAIN.fullmatch(rest)):
        return f"the name of {said} is wrong: a colon may stand only once, between a prefix and a name"
    wrong = f"the prefix of {said} is not declared: write {shown.format(short(rest))}"
    uri = _MEANT.get(prefix, "…")
    kept = f', or declare it with xmlns:{short(prefix)}="{uri}" where this is to be kept and not used'
    return wrong if root or prefix == "xmlns" else wrong + kept


def _same(name: str, names: dict[tuple[str, str], str], prefixes: Mapping[str, str], element: str) -> str:
    """The same of an attribute that another prefix of the namespace gives, too; `names`: those before it."""
    prefix, colon, rest = name.partition(":")
    namespace = prefixes.get(prefix, "") if colon else ""
    first = names.setdefault((namespace, rest), name) if namespace else name
    if first == name:
        return ""
    both = f'both prefixes belong to the namespace "{_shown(namespace)}"'
    return f"{short(name)} is {short(first)} of <{short(element)}> again, since {both}: leave one of them out"


def _wrong_declaration(attribute: AttributeSpan) -> str:
    """The same of xmlns="…" and xmlns:x="…"."""
    if wrong := _wrong(attribute.name, "{}", _DECLARING):
        return wrong
    prefix = _declared(attribute.name)
    said = _said(attribute)
    if prefix and not attribute.value:
        return f'{said} declares nothing: write {said[:-1]}…" with a name of your own, or leave it out'
    if prefix == "xmlns" or (prefix == "xml" and attribute.value != _RESERVED["xml"]):
        return f"{said} is wrong: {prefix} belongs to XML itself, choose another prefix"
    if prefix != "xml" and attribute.value in _RESERVED.values():
        return f"{said} is wrong: this name belongs to XML itself, write one of your own"
    return ""


def _said(attribute: AttributeSpan) -> str:
    return f'{short(attribute.name)}="{_shown(attribute.value)}"'


def _shown(value: str) -> str:
    return short("".join(letter if letter.isprintable() else "?" for letter in value))


@lru_cache(maxsize=256)
def _is_parsed(attribute: str) -> bool:
    """Whether libxml, which has rules of its own for namespaces and xml:id, takes this attribute as it is written."""
    try:
        etree.fromstring(f"<a {attribute}/>", etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    return True


def _declared(name: str) -> str | None:
    """The prefix that an attribute declares, "" = it is about names without one; None = it declares nothing."""
    prefix, _, rest = name.partition(":")
    return rest if prefix == "xmlns" else None


def _element(element: ElementSpan) -> list[Repair]:
    places = [element.start + 1, *([] if element.empty else [element.close_start + 2])]
    return [Repair(place, place + len(element.name), _meant(element.name)) for place in places]


def _attribute(text: str, attribute: AttributeSpan, meant: Counter[str]) -> Repair:
    prefix = _declared(attribute.name)
    if prefix and prefix not in _RESERVED and _PLAIN.fullmatch(prefix):  # names use it: another value, of its own
        return Repair(attribute.value_start, attribute.value_end, f"u:{prefix}")
    place = text.index(attribute.name, attribute.start)
    new = _meant(attribute.name)
    if meant[new] > 1 or prefix is not None:
        new = f"xmlns{_LIKE_COLON}" if prefix == "" else attribute.name.replace(":", _LIKE_COLON)
    return Repair(place, place + len(attribute.name), new)


def _meant(name: str) -> str:
    last = name.rstrip(":").rpartition(":")[2]
    return last if _PLAIN.fullmatch(last) else name.replace(":", _LIKE_COLON)
