"""XML Schemas of both files, made of the rule table, for editors.

They know less than the check: what depends on several attributes, and that unknown elements are only
warnings, cannot be said in XSD 1.0.
"""

from lxml import etree

from nodeagent.contract.module_rules import MACRO_NAME
from nodeagent.contract.rule import AttributeRule, ElementRule

_XS = "{http://www.w3.org/2001/XMLSchema}"
_NAMESPACES = {"xs": "http://www.w3.org/2001/XMLSchema"}


def xsd(root: ElementRule) -> bytes:
    """The schema of the file whose root is `root`."""
    schema = etree.Element(_XS + "schema", nsmap=_NAMESPACES)
    schema.append(etree.Comment(" Generated from the rule table; do not edit. "))
    macro = etree.SubElement(schema, _XS + "simpleType", name="macroUse")
    use = etree.SubElement(macro, _XS + "restriction", base="xs:string")
    etree.SubElement(use, _XS + "pattern", value=f".*%{MACRO_NAME}%.*")
    _element(schema, root, root.name == "safe", top=True)
    if root.name != "safe":
        schema.remove(macro)
    etree.indent(schema)
    return etree.tostring(schema, encoding="utf-8", xml_declaration=True) + b"\n"


def _element(into: etree._Element, rule: ElementRule, macros: bool, *, top: bool = False) -> None:
    element = etree.SubElement(into, _XS + "element", name=rule.name)
    if not top:
        element.set("minOccurs", str(rule.least))
        element.set("maxOccurs", "unbounded" if rule.most is None else str(rule.most))
    _says(element, rule.help)
    content = etree.SubElement(element, _XS + "complexType")
    if rule.text:
        content.set("mixed", "true")
    if rule.children:
        # Several kinds of children in any order: XSD 1.0 can then not count them.
        sequence = rule.ordered or len(rule.children) == 1
        group = etree.SubElement(content, _XS + ("sequence" if sequence else "choice"))
        if not sequence:
            group.set("minOccurs", "0")
            group.set("maxOccurs", "unbounded")
        for child in rule.children:
            _element(group, child, macros and child.name != "macro", top=not sequence)
    for attribute in rule.attributes:
        _attribute(content, attribute, macros)


def _attribute(into: etree._Element, rule: AttributeRule, macros: bool) -> None:
    attribute = etree.SubElement(into, _XS + "attribute", name=rule.name)
    if rule.required:
        attribute.set("use", "required")
    _says(
        attribute, f"{rule.help} Allowed: {rule.type.words}." + (f" Default: {rule.default}." if rule.default else "")
    )
    outer = etree.SubElement(attribute, _XS + "simpleType")
    base, facets = rule.type.schema()
    if macros and facets:
        union = etree.SubElement(outer, _XS + "union", memberTypes="macroUse")
        outer = etree.SubElement(union, _XS + "simpleType")
    restriction = etree.SubElement(outer, _XS + "restriction", base=base)
    for facet, value in facets:
        etree.SubElement(restriction, _XS + facet, value=value)


def _says(element: etree._Element, text: str) -> None:
    annotation = etree.SubElement(element, _XS + "annotation")
    etree.SubElement(annotation, _XS + "documentation").text = text
