"""The shape of the rule table: what is said about an element and about an attribute."""

from dataclasses import dataclass

from nodeagent.contract.value_types import ValueType


@dataclass(frozen=True)
class AttributeRule:
    """One attribute. `help` is one line for forms, the XSD and the reference."""

    name: str
    type: ValueType
    help: str
    default: str = ""
    """As it would be written in the file; empty = there is none."""
    required: bool = False
    restart: bool = False
    """A change waits for the module's next start; else it is live."""
    in_force: bool = True
    """Whether this version acts on it."""
    unused: str = ""
    """Why it is read and kept but has no effect in this product; said once per file."""
    same_as: str = ""
    """Another spelling of this attribute."""


@dataclass(frozen=True)
class ElementRule:
    """One element with all that may stand in it."""

    name: str
    help: str
    attributes: tuple[AttributeRule, ...] = ()
    children: tuple["ElementRule", ...] = ()
    least: int = 0
    most: int | None = 1
    """None = any number."""
    ordered: bool = False
    """The children must come in the order of the table."""
    text: bool = False
    """It has text of its own."""

    def attribute(self, name: str) -> AttributeRule | None:
        """The rule of an attribute, None when unknown."""
        return next((rule for rule in self.attributes if rule.name == name), None)

    def child(self, name: str) -> "ElementRule | None":
        """The rule of a child, None when unknown."""
        return next((rule for rule in self.children if rule.name == name), None)
