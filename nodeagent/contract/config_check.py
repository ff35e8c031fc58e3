"""Checks a tree against the rule table and gives its values in their types, defaults filled in.

Everything wrong is reported, not the first thing only; what the table does not know is a warning and kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from nodeagent.contract.durations import Duration
from nodeagent.contract.macros import Unresolved, undefined
from nodeagent.contract.rule import AttributeRule, ElementRule
from nodeagent.contract.value_types import suggestion
from nodeagent.contract.xml_reader import XmlFile

NOT_YET = "not yet in force in this version"
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


@dataclass(frozen=True, eq=False)
class Checked:
    """An element with its values. An attribute that is absent without a default, or wrong, has no value."""

    element: etree._Element
    values: dict[str, object]
    children: tuple["Checked", ...]

    def all(self, name: str) -> Iterator["Checked"]:
        """The children of this name."""
        return (child for child in self.children if child.element.tag == name)

    def first(self, name: str) -> "Checked | None":
        """The first child of this name."""
        return next(self.all(name), None)

    def text(self, attribute: str) -> str:
        """A value of text, "" without one."""
        return str(self.values.get(attribute, ""))

    def number(self, attribute: str) -> int:
        """A whole number, 0 without one."""
        value = self.values.get(attribute, 0)
        return value if isinstance(value, int) else 0

    def on(self, attribute: str) -> bool:
        """A switch, False without one."""
        return self.values.get(attribute) is True

    def seconds(self, attribute: str) -> float:
        """A duration in seconds, 0 without one."""
        value = self.values.get(attribute)
        return value.seconds if isinstance(value, Duration) else 0.0


class Check:
    """One check of one file; the problems go to the file, `not_in_force` names what is only kept."""

    def __init__(self, xml: XmlFile, unresolved: Unresolved | None = None) -> None:
        self._xml = xml
        self._unresolved = unresolved or {}
        self._said: set[tuple[str, str]] = set()
        self.not_in_force: list[str] = []

    def root(self, rule: ElementRule) -> Checked | None:
        """The whole file, None when it has another root."""
        root = self._xml.root
        if root.tag != rule.name:
            space = etree.QName(root).namespace
            where = f' of the namespace "{space}"' if space else ""
            self._xml.error(
                root,
                f"the root element is <{self._xml.name(root)}>{where}: it must be <{rule.name}> without a namespace",
            )
            return None
        return self._element(root, rule)

    def lacks_macros(self, element: etree._Element) -> bool:
        """Whether the element's text uses a macro that nothing defines."""
        return (element, "") in self._unresolved

    def keep(self, element: etree._Element, key: str, what: str, attribute: str) -> None:
        """Says that an attribute is read and not acted on yet; `key` is its `element@attribute`."""
        line = self._xml.line(element, attribute)
        self._xml.warning(element, f"{NOT_YET}: {what} at line {line}", attribute)
        if key not in self.not_in_force:
            self.not_in_force.append(key)

    def _element(self, element: etree._Element, rule: ElementRule) -> Checked:
        values = self._attributes(element, rule)
        children = self._children(element, rule)
        for name in self._unresolved.get((element, ""), ()):
            self._xml.error(element, undefined(name))
        stray = [element.text, *(child.tail for child in element)]
        if not rule.text and any(part and part.strip() for part in stray):
            self._xml.warning(element, f"the text in <{rule.name}> has no meaning: kept, not used")
        return Checked(element, values, tuple(children))

    def _attributes(self, element: etree._Element, rule: ElementRule) -> dict[str, object]:
        values: dict[str, object] = {
            known.name: known.type.parse(known.default) for known in rule.attributes if known.default
        }
        for key, raw in element.items():
            name, value = str(key), str(raw)
            known = rule.attribute(name)
            if known is None:
                if not name.startswith(_XSI):
                    near = suggestion(name, [other.name for other in rule.attributes])
                    shown = etree.QName(key).localname
                    self._xml.warning(
                        element, f'unknown attribute "{shown}" of <{rule.name}>: kept, not used{near}', shown
                    )
                continue
            missing = self._unresolved.get((element, name), ())
            for macro in missing:
                self._xml.error(element, undefined(macro), name)
            if missing:
                values.pop(name, None)
                continue
            try:
                parsed = known.type.parse(value)
            except ValueError as error:
                self._xml.error(element, f'{name}="{_shown(value)}" {error}', name)
                continue
            if known.same_as and known.same_as in element.attrib:
                self._xml.error(element, f"{name} and {known.same_as} are the same attribute: give one", name)
            values[known.same_as or name] = parsed
            self._remark(element, rule, known, value)
        for known in rule.attributes:
            if known.required and known.name not in element.attrib:
                self._xml.error(element, f"<{rule.name}> needs {known.name}: {known.type.words}")
        return values

    def _remark(self, element: etree._Element, rule: ElementRule, known: AttributeRule, value: str) -> None:
        if known.unused and (rule.name, known.name) not in self._said:
            self._said.add((rule.name, known.name))
            self._xml.note(element, f"{known.name} is read and kept but not used: {known.unused}", known.name)
        default = known.default and known.type.parse(known.default)
        if not known.in_force and known.type.parse(value) != default:
            what = f'{known.name}="{_shown(value)}" of <{rule.name}>'
            self.keep(element, f"{rule.name}@{known.name}", what, known.name)

    def _children(self, element: etree._Element, rule: ElementRule) -> Iterator[Checked]:
        found: dict[str, int] = {}
        reached = 0
        for child in element.iterchildren("*"):
            known = rule.child(str(child.tag))
            if known is None:
                near = suggestion(str(child.tag), [other.name for other in rule.children])
                name = self._xml.name(child)
                self._xml.warning(child, f"unknown element <{name}> in <{rule.name}>: kept, not used{near}")
                continue
            found[known.name] = found.get(known.name, 0) + 1
            if known.most is not None and found[known.name] == known.most + 1:
                self._xml.error(child, f"<{rule.name}> has more than one <{known.name}>: one is allowed")
            place = rule.children.index(known)
            if rule.ordered and place < reached:
                self._xml.error(child, f"<{known.name}> must stand before <{rule.children[reached].name}>")
            reached = max(reached, place)
            yield self._element(child, known)
        for known in rule.children:
            if found.get(known.name, 0) < known.least:
                self._xml.error(element, f"<{rule.name}> needs at least one <{known.name}>")


def _shown(value: str) -> str:
    short = value if len(value) <= 60 else value[:57] + "…"
    return "".join(c if c.isprintable() else "\ufffd" for c in short)
