"""Names whose colon belongs to no namespace, and the text without those, so that the rest can be looked at."""

import re
from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from nodeagent.contract.xml_attributes import NAME
from nodeagent.contract.xml_mistakes import Repair, repaired
from nodeagent.contract.xml_scan import AttributeSpan, ElementSpan, Scan, short

_PLAIN = re.compile(NAME.replace(":", ""))
_DECLARES = "xmlns:"
_MEANT = {"xsi": "http://www.w3.org/2001/XMLSchema-instance"}
_RESERVED = {"xml": "http://www.w3.org/XML/1998/namespace", "xmlns": "http://www.w3.org/2000/xmlns/"}
_DECLARING = frozenset({"xmlns"})
_LIKE_COLON = "\u02d0"
"""A letter, so it may stand anywhere in a name."""


@dataclass(frozen=True, slots=True)
class WrongName:
    """The name of an element, or of one of its attributes, and what is wrong with it."""

    element: ElementSpan
    attribute: AttributeSpan | None
    text: str


def wrong_names(scan: Scan) -> tuple[WrongName, ...]:
    """All of them in the order of the text."""
    declared: dict[ElementSpan | None, frozenset[str]] = {None: frozenset({"xml"})}
    found: list[WrongName] = []
    for element in scan.elements:
        own = {name.removeprefix(_DECLARES) for name in element.attributes if name.startswith(_DECLARES)}
        prefixes = declared[element.parent]
        declared[element] = prefixes = prefixes | own if own else prefixes
        if wrong := _wrong(element.name, "<{}>", prefixes, root=element.parent is None):
            found.append(WrongName(element, None, wrong))
        for attribute in element.attributes.values():
            declares = _declared(attribute.name) is not None
            if wrong := _wrong_declaration(attribute) if declares else _wrong(attribute.name, "{}", prefixes):
                found.append(WrongName(element, attribute, wrong))
    return tuple(found)


def without(text: str, wrong: tuple[WrongName, ...]) -> str:
    """The text with these names as they were most likely meant: no part of it changes its line or its order."""
    repairs: list[Repair] = []
    for element, mistakes in groupby(wrong, lambda one: one.element):
        meant = Counter(map(_meant, element.attributes))
        for one in mistakes:
            repairs += _element(element) if one.attribute is None else [_attribute(text, one.attribute, meant)]
    return repaired(text, repairs)[0]


def _wrong(name: str, shown: str, declared: frozenset[str], *, root: bool = False) -> str:
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


def _wrong_declaration(attribute: AttributeSpan) -> str:
    """The same of xmlns="…" and xmlns:x="…"."""
    if wrong := _wrong(attribute.name, "{}", _DECLARING):
        return wrong
    prefix = _declared(attribute.name)
    said = f'{short(attribute.name)}="{short(attribute.value)}"'
    if prefix and not attribute.value:
        return f'{said} declares nothing: write {said[:-1]}…" with a name of your own, or leave it out'
    if prefix == "xmlns" or (prefix == "xml" and attribute.value != _RESERVED["xml"]):
        return f"{said} is wrong: {prefix} belongs to XML itself, choose another prefix"
    if prefix != "xml" and attribute.value in _RESERVED.values():
        return f"{said} is wrong: this name belongs to XML itself, write one of your own"
    return ""


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
