"""Macros of userconfig.xml: `%NAME%` from `<macro name value/>`, else from the environment of the apply.

A macro's value may use those defined above it, so nothing refers to itself; a value that grows past
`MAX_VALUE` characters is refused.
"""

import re
from collections.abc import Mapping

from lxml import etree

from nodeagent.contract.module_rules import MACRO_NAME
from nodeagent.contract.xml_reader import XmlFile
from nodeagent.contract.xml_text import Replaced

MAX_VALUE = 65_536
_USE = re.compile(f"%({MACRO_NAME})%")

Unresolved = dict[tuple[etree._Element, str], tuple[str, ...]]
"""The names that nothing defines, by element and attribute (an empty attribute name is the text)."""


def expand(xml: XmlFile, environment: Mapping[str, str]) -> Unresolved:
    """Replaces every use in the tree of `xml`; what nothing defines stays as it is and is returned."""
    table = dict(environment)
    defined: set[str] = set()
    unresolved: Unresolved = {}
    for element in xml.root.iter("*"):
        for attribute, value in element.items():
            expanded, missing, _ = _expand(str(value), table)
            if len(expanded) > MAX_VALUE:
                xml.error(
                    element, f"{attribute} has more than {MAX_VALUE:,} characters after macro expansion", str(attribute)
                )
                expanded = ""
            if expanded != value:
                element.set(attribute, expanded)
            if missing:
                unresolved[element, str(attribute)] = missing
        missing = _expand_text(xml, element, table)
        if missing:
            unresolved[element, ""] = missing
        name = element.get("name", "")
        if element.tag == "macro" and element.getparent() is xml.root and name:
            if name in defined:
                xml.error(element, f'the macro "{name}" is defined twice: a name may have one value', "name")
            defined.add(name)
            table[name] = element.get("value", "")
    return unresolved


def undefined(name: str) -> str:
    """The sentence about a name that nothing defines."""
    return (
        f'%{name}% is not defined: neither a <macro name="{name}"> above it nor an environment variable has this name'
    )


def _expand_text(xml: XmlFile, element: etree._Element, table: Mapping[str, str]) -> tuple[str, ...]:
    text, missing, uses = _expand(element.text or "", table)
    before = len(element.text or "")
    if uses:
        element.text = text
    for child in element:
        tail = child.tail or ""
        text, more, within = _expand(tail, table)
        if within:
            child.tail = text
        missing += more
        uses += [use.moved(before) for use in within]
        before += len(tail)
    if uses:
        xml.replaced[element] = uses
    return missing


def _expand(text: str, table: Mapping[str, str]) -> tuple[str, tuple[str, ...], list[Replaced]]:
    missing: dict[str, None] = {}
    uses: list[Replaced] = []

    def value(use: re.Match[str]) -> str:
        known = table.get(use[1])
        if known is None:
            missing[use[1]] = None
            return use[0]
        uses.append(Replaced(use.start(), use.end(), len(known)))
        return known

    return _USE.sub(value, text), tuple(missing), uses
