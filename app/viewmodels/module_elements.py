"""The lists of the module form: checkers, virtual addresses and groups, variables, macros. Pure.

A list shows elements of userconfig.xml in the order of the file, each with its fields; what may be added depends on
the element that is chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.module_edits import CHECK, SERVICE, USER, VIP, plain
from app.viewmodels.module_fields import FieldSpec, Tab
from app.viewmodels.text import tr
from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.rule import AttributeRule
from nodeagent.contract.xml_scan import ElementSpan
from nodeagent.contract.xml_source import Document

CHECKERS = ("tcp", "http", "ping", "custom", "module", "intf", "ip")
INTERFACES, BALANCING = f"{VIP}/interface_list", f"{VIP}/loadbalancing_list"
Attributes = Mapping[str, str]


class Listing(StrEnum):
    """The lists."""

    MACROS = "macros"
    ADDRESSES = "addresses"
    CHECKERS = "checkers"
    VARIABLES = "variables"


LISTS = {
    Tab.GENERAL: Listing.MACROS,
    Tab.VIP: Listing.ADDRESSES,
    Tab.CHECKERS: Listing.CHECKERS,
    Tab.SCRIPTS: Listing.VARIABLES,
}
"""The list of a tab, where it has one."""


@dataclass(frozen=True)
class ElementRow:
    """An element in a list. `depth` says how far it is indented below the one it stands in."""

    path: str
    cells: tuple[str, ...]
    depth: int = 0
    duplicable: bool = True


@dataclass(frozen=True)
class Addition:
    """Something that can be added: the elements, outermost first, and where."""

    words: str
    parent: str
    elements: tuple[tuple[str, Attributes], ...]


def columns(listing: Listing) -> tuple[str, ...]:
    """The heads of its table."""
    match listing:
        case Listing.CHECKERS:
            return (
                tr("Type"),
                tr("Name"),
                tr("What it asks"),
                tr("Every"),
                tr("Time-out"),
                tr("Fall / rise"),
                tr("When down"),
            )
        case Listing.ADDRESSES:
            return tr("What"), tr("Value"), tr("Settings")
        case _:
            return tr("Name"), tr("Value")


def empty_words(listing: Listing) -> tuple[str, str]:
    """A line and a sentence for a list without a row."""
    return {
        Listing.MACROS: ("", tr("A macro gives %NAME% a value for the whole file.")),
        Listing.ADDRESSES: (
            tr("No virtual IP"),
            tr("A virtual address is served by all nodes at once, without a load balancer. Linux nodes only."),
        ),
        Listing.CHECKERS: (
            tr("Nothing is checked"),
            tr("Add what a client would do: open a port, fetch a URL. A failure acts on that node alone."),
        ),
        Listing.VARIABLES: ("", tr("A variable is set in the environment of every script of the module.")),
    }[listing]


def rows(document: Document, listing: Listing) -> tuple[ElementRow, ...]:
    """Its rows in the order of the file."""
    match listing:
        case Listing.CHECKERS:
            check = document.find(CHECK)
            among = check.children if check else []
            return tuple(ElementRow(plain(one.path), _checker(one)) for one in among if one.name in CHECKERS)
        case Listing.ADDRESSES:
            return tuple(_vip_rows(document))
        case Listing.VARIABLES:
            parents = [parent for place in (SERVICE, USER) if (parent := document.find(place)) is not None]
            return tuple(_named(child) for parent in parents for child in parent.children if child.name == "var")
        case Listing.MACROS:
            return tuple(_named(child) for child in document.root.children if child.name == "macro")


def additions(document: Document, listing: Listing, chosen: str) -> tuple[Addition, ...]:
    """What may be added while this element is chosen."""
    match listing:
        case Listing.CHECKERS:
            return tuple(_new_checker(kind) for kind in CHECKERS)
        case Listing.ADDRESSES:
            return _vip_additions(document, chosen)
        case Listing.VARIABLES:
            parent = USER if document.find(USER) is not None else SERVICE
            return (Addition(tr("Add variable"), parent, (("var", {"name": "", "value": ""}),)),)
        case Listing.MACROS:
            return (Addition(tr("Add macro"), "safe", (("macro", {"name": "", "value": ""}),)),)


def title(path: str, document: Document) -> str:
    """What an element of a list is called: `tcp.web`, `group http`; "" for one that is in no list."""
    element = document.find(path)
    if element is None:
        return ""
    if element.name == "to" and element.parent is not None:
        element = element.parent
    said = element.values
    match element.name:
        case kind if kind in CHECKERS and element.parent is not None and element.parent.name == "check":
            return f"{kind}.{said.get('ident') or _asked_module(element) or '?'}"
        case "interface":
            return tr("interface {name}", name=said.get("name") or tr("of the address"))
        case "virtual_interface":
            return tr("way {type}", type=said.get("type", "?"))
        case "virtual_addr":
            return tr("address {addr}", addr=said.get("addr", "?"))
        case "group":
            return tr("group {name}", name=said.get("name", "?"))
        case "host":
            return tr("host {name}", name=said.get("name", "?"))
        case "rule":
            return tr("rule {proto} {port}", proto=said.get("proto", "tcp"), port=said.get("port", "*"))
        case "var" | "macro":
            return said.get("name", "?")
        case _:
            return ""


def sentence(path: str) -> str:
    """What the chosen element is, as the rule table says."""
    rule = rule_at(path)
    return "" if rule is None or isinstance(rule, AttributeRule) else rule.help


def fields(path: str) -> tuple[tuple[str, FieldSpec], ...]:
    """The fields of an element of a list, each with the path of the element it stands in."""
    name = path.rpartition("/")[2].partition("[")[0]
    if path.startswith(f"{CHECK}/"):
        return _checker_fields(path, name)
    specs = {
        "interface": (FieldSpec("name", tr("Interface"), 280), FieldSpec("check", tr("Watch its link"))),
        "virtual_interface": (FieldSpec("type", tr("Way"), 340), FieldSpec("addr", tr("Virtual MAC"), 200)),
        "virtual_addr": (FieldSpec("addr", tr("Address"), 280), FieldSpec("check", tr("Watch the address"))),
        "group": (FieldSpec("name", tr("Name"), 280),),
        "host": (FieldSpec("name", tr("Node"), 280), FieldSpec("power", tr("Power"))),
        "rule": (
            FieldSpec("virtual_addr", tr("To address"), 280),
            FieldSpec("port", tr("To port")),
            FieldSpec("proto", tr("Protocol")),
            FieldSpec("filter", tr("Share out"), 280),
        ),
        "var": (FieldSpec("name", tr("Name"), 280), FieldSpec("value", tr("Value"), 280)),
        "macro": (FieldSpec("name", tr("Name"), 280), FieldSpec("value", tr("Value"), 280)),
    }.get(name, ())
    return tuple((path, spec) for spec in specs)


def _checker_fields(path: str, kind: str) -> tuple[tuple[str, FieldSpec], ...]:
    to = f"{path}/to"
    asked: tuple[tuple[str, FieldSpec], ...]
    every = (to, FieldSpec("interval", tr("Every")))
    limit = (to, FieldSpec("timeout", tr("Time-out")))
    address, port = (to, FieldSpec("addr", tr("Address"), 280)), (to, FieldSpec("port", tr("Port")))
    match kind:
        case "tcp":
            asked = (address, port, every, limit)
        case "http":
            asked = (
                (to, FieldSpec("url", tr("URL"), 280)),
                every,
                limit,
                (to, FieldSpec("status", tr("Good status"))),
                (to, FieldSpec("contains", tr("Must contain"), 280)),
                (to, FieldSpec("insecure", tr("Any certificate"))),
            )
        case "ping":
            asked = (address, every, limit)
        case "ip":
            asked = (address, every)
        case "intf":
            asked = ((to, FieldSpec("local_addr", tr("Local address"), 280)),)
        case "module":
            asked = (
                (to, FieldSpec("name", tr("Module"), 280)),
                address,
                port,
                every,
                limit,
                (to, FieldSpec("secure", tr("Over HTTPS"))),
            )
        case _:
            asked = ((path, FieldSpec("exec", tr("Program"), 280)), (path, FieldSpec("arg", tr("Arguments"), 280)))
    common = (
        FieldSpec("when", tr("Checked"), 280),
        FieldSpec("fall", tr("Down after")),
        FieldSpec("rise", tr("Up after")),
        FieldSpec("action", tr("When down"), 280),
        FieldSpec("warmup", tr("Warm-up")),
    )
    return ((path, FieldSpec("ident", tr("Name"), 280)), *asked, *((path, spec) for spec in common))


def _checker(element: ElementSpan) -> tuple[str, ...]:
    to = next((child for child in element.children if child.name == "to"), None)
    own = element.values
    asks = to.values if to else {}
    known = {name.name: name.default for name in _attributes(f"{CHECK}/{element.name}/to")}
    every = asks.get("interval") or known.get("interval", "")
    limit = asks.get("timeout") or known.get("timeout", "")
    return (
        element.name,
        own.get("ident") or _asked_module(element),
        _what(element.name, own, asks),
        _with_unit(every),
        _with_unit(limit),
        f"{own.get('fall') or 1} / {own.get('rise') or 1}",
        own.get("action") or tr("default"),
    )


def _what(kind: str, own: Attributes, asks: Attributes) -> str:
    match kind:
        case "tcp":
            return ":".join(part for part in (asks.get("addr", ""), asks.get("port", "")) if part)
        case "http":
            return asks.get("url", "")
        case "custom":
            return " ".join(part for part in (own.get("exec", ""), own.get("arg", "")) if part)
        case "intf":
            return asks.get("local_addr", "")
        case "module":
            return asks.get("addr") or tr("this node")
        case _:
            return asks.get("addr", "")


def _with_unit(text: str) -> str:
    return f"{text} s" if text.isdigit() else text or "–"


def _asked_module(element: ElementSpan) -> str:
    """The module that a checker of that kind watches."""
    for place in (element, *element.children):
        if (span := place.attributes.get("name")) is not None:
            return span.value
    return ""


def _attributes(path: str) -> tuple[AttributeRule, ...]:
    rule = rule_at(path)
    return () if rule is None or isinstance(rule, AttributeRule) else rule.attributes


def _named(element: ElementSpan) -> ElementRow:
    said = element.values
    return ElementRow(plain(element.path), (said.get("name", ""), said.get("value", "")))


def _vip_rows(document: Document) -> list[ElementRow]:
    found: list[ElementRow] = []

    def row(element: ElementSpan, depth: int, *cells: str) -> None:
        found.append(ElementRow(plain(element.path), cells, depth, element.name in {"virtual_addr", "host", "rule"}))

    def said(element: ElementSpan, name: str) -> str:
        span = element.attributes.get(name)
        return span.value if span else ""

    for interface in _children(document, INTERFACES, "interface"):
        row(interface, 0, tr("Interface"), said(interface, "name") or tr("by the address"), "")
        for way in [child for child in interface.children if child.name == "virtual_interface"]:
            row(way, 1, tr("Way"), said(way, "type"), said(way, "addr"))
            for address in [child for child in way.children if child.name == "virtual_addr"]:
                row(address, 2, tr("Address"), said(address, "addr"), "")
    for group in _children(document, BALANCING, "group"):
        row(group, 0, tr("Group"), said(group, "name"), "")
        for host in [host for child in group.children if child.name == "cluster" for host in child.children]:
            row(host, 1, tr("Host"), said(host, "name"), tr("power {power}", power=said(host, "power") or "1"))
        for rule in [child for child in group.children if child.name == "rule"]:
            traffic = tr(
                "{proto} {port} of {addr}",
                proto=said(rule, "proto") or "tcp",
                port=said(rule, "port") or "*",
                addr=said(rule, "virtual_addr") or "*",
            )
            row(rule, 1, tr("Rule"), traffic, said(rule, "filter"))
    return found


def _children(document: Document, path: str, name: str) -> list[ElementSpan]:
    parent = document.find(path)
    return [child for child in parent.children if child.name == name] if parent else []


def _new_checker(kind: str) -> Addition:
    to = {
        "tcp": {"addr": "127.0.0.1", "port": ""},
        "http": {"url": ""},
        "ping": {"addr": ""},
        "intf": {"local_addr": ""},
        "ip": {"addr": ""},
        "module": {"name": ""},
    }.get(kind)
    own: dict[str, str] = {} if kind == "module" else {"ident": ""}
    if kind == "custom":
        own["exec"] = ""
    elements: tuple[tuple[str, Attributes], ...] = ((kind, own),)
    return Addition(_checker_words(kind), CHECK, elements if to is None else (*elements, ("to", to)))


def _checker_words(kind: str) -> str:
    return {
        "tcp": tr("tcp: a port must open"),
        "http": tr("http: a URL must answer"),
        "ping": tr("ping: an address must answer"),
        "custom": tr("custom: a program of your own tells"),
        "module": tr("module: another module must be Ready"),
        "intf": tr("intf: a link must be up"),
        "ip": tr("ip: a local address must be there"),
    }[kind]


def _vip_additions(document: Document, chosen: str) -> tuple[Addition, ...]:
    address: tuple[tuple[str, Attributes], ...] = (("virtual_addr", {"addr": ""}),)
    way: tuple[tuple[str, Attributes], ...] = (("virtual_interface", {"type": "vmac_invisible"}), *address)
    found = []
    inside = chosen.split("/")
    if chosen.startswith(f"{INTERFACES}/interface"):
        interface = "/".join(inside[: INTERFACES.count("/") + 2])
        ways = _children(document, interface, "virtual_interface")
        here = "/".join(inside[: INTERFACES.count("/") + 3]) if len(inside) > INTERFACES.count("/") + 2 else ""
        parent = here or (plain(ways[0].path) if ways else "")
        if parent:
            found.append(Addition(tr("Add address"), parent, address))
        found.append(Addition(tr("Add another way"), interface, way))
    if chosen.startswith(f"{BALANCING}/group"):
        group = "/".join(inside[: BALANCING.count("/") + 2])
        found.append(Addition(tr("Add rule"), group, (("rule", {"port": "80", "proto": "tcp", "filter": "on_addr"}),)))
        found.append(Addition(tr("Add host with a power"), f"{group}/cluster", (("host", {"name": "", "power": "1"}),)))
    found.append(Addition(tr("Add interface"), INTERFACES, (("interface", {}), *way)))
    rule: tuple[tuple[str, Attributes], ...] = (("rule", {"port": "80", "proto": "tcp", "filter": "on_addr"}),)
    found.append(Addition(tr("Add group"), BALANCING, (("group", {"name": ""}), *rule)))
    return tuple(found)
