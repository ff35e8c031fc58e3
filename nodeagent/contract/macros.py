"""Macros of userconfig.xml: `%NAME%` from `<macro name value/>`, else from the environment of the apply.

A macro's value may use those defined above it, so nothing refers to itself; a value that grows past
`MAX_VALUE` characters is refused.
"""

import re
from collections.abc import Mapping

from lxml import etree

from nodeagent.contract.module_rules import MACRO_NAME
from nodeagent.contract.xml_reader import XmlFile

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
            expanded, missing = _expand(str(value), table)
            if len(expanded) > MAX_VALUE:
                xml.error(
                    element, f"{attribute} has more than {MAX_VALUE:,} characters after macro expansion", str(attribute)
                )
                expanded = ""
            if expanded != value:
                element.set(attribute, expanded)
            if missing:
                unresolved[element, str(attribute)] = missing
        missing = _expand_text(element, table)
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


def _expand_text(element: etree._Element, table: Mapping[str, str]) -> tuple[str, ...]:
    expanded, missing = _expand(element.text or "", table)
    if expanded != (element.text or ""):
        element.text = expanded
    for child in element:
        expanded, more = _expand(child.tail or "", table)
        if expanded != (child.tail or ""):
            child.tail = expanded
        missing += more
    return missing


def _expand(text: str, table: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    missing: dict[str, None] = {}

    def value(use: re.Match[str]) -> str:
        known = table.get(use[1])
        if known is None:
            missing[use[1]] = None
            return use[0]
        return known

    return _USE.sub(value, text), tuple(missing)
