"""Which changes of a userconfig.xml wait for the module's next start: what the rule table marks so."""

from collections.abc import Mapping

from lxml import etree

from nodeagent.contract.macros import expand
from nodeagent.contract.module_rules import SAFE
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.xml_reader import XmlFile
from nodeagent.contract.xml_scan import NotXml

Values = dict[str, list[object]]
"""Path and attribute, e.g. `farm/lan@name` → its values in the order of the file."""


def restart_changes(
    old: bytes, new: bytes, old_environment: Mapping[str, str], new_environment: Mapping[str, str]
) -> tuple[str, ...]:
    """The attributes whose new value counts from the next start on, e.g. `farm/lan@name`, in the table's order."""
    before, after = _values(old, old_environment), _values(new, new_environment)
    return tuple(key for key in {**after, **before} if before.get(key) != after.get(key))


def _values(data: bytes, environment: Mapping[str, str]) -> Values:
    try:
        xml = XmlFile(data, "")
    except NotXml:
        return {}
    expand(xml, environment)
    found: Values = {}
    service = xml.root.find("service")
    rule = SAFE.child("service")
    if service is not None and rule is not None:
        _collect(service, rule, "", found)
    return found


def _collect(element: etree._Element, rule: ElementRule, path: str, found: Values) -> None:
    for known in rule.attributes:
        if known.restart:
            found.setdefault(f"{path or rule.name}@{known.name}", []).append(_value(element, known))
    for child_rule in rule.children:
        for child in element.iterchildren(child_rule.name):
            _collect(child, child_rule, f"{path}/{child_rule.name}".removeprefix("/"), found)


def _value(element: etree._Element, known: AttributeRule) -> object:
    text = element.get(known.name, known.default)
    try:
        return known.type.parse(text)
    except ValueError:
        return text
