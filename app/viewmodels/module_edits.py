"""Edits of userconfig.xml for the form: new bytes in which nothing but the one thing has changed.

Paths are those of the rule table with numbers, `safe/service/errd/proc[2]`.
"""

from collections.abc import Mapping, Sequence

from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.rule import ElementRule
from nodeagent.contract.xml_source import Document

SERVICE = "safe/service"
ERRD = "safe/service/errd"
FARM = "safe/service/farm"
USER = "safe/service/user"
HEALTH = "safe/service/health"
CHECK = "safe/service/check"
VIP = "safe/service/vip"
FAILOVER = "safe/service/failover"

_HOLDERS = {"check", "cluster", "interface_list", "virtual_interface", "loadbalancing_list", "vip"}
"""Elements that mean nothing when they hold nothing."""


def plain(path: str) -> str:
    """A path without the numbers that say nothing: `proc[1]` is `proc`."""
    return path.replace("[1]", "")


def with_attribute(data: bytes, path: str, name: str, value: str) -> bytes:
    """The attribute with this value; empty takes it away, unless the rule table requires it.

    Elements that are absent on the way are added. Raises ValueError for what XML cannot hold, LookupError when
    there is no place for it.
    """
    document = Document(data)
    if not value and not _required(path, name):
        return document.remove_attribute(path, name) if document.attribute(path, name) is not None else data
    if document.find(path) is None:
        data = _with_element(data, path)
        document = Document(data)
    return document.set_attribute(path, name, value)


def with_proc(data: bytes, attributes: dict[str, str]) -> tuple[bytes, int]:
    """One more process behind the others; the bytes and its number from 1."""
    data = data if Document(data).find(ERRD) else _with_element(data, ERRD)
    data = data if Document(data).find(USER) else _with_element(data, USER)
    data = Document(data).insert_element(ERRD, "proc", attributes)
    return data, len(procs(Document(data)))


def with_elements(data: bytes, parent: str, elements: Sequence[tuple[str, Mapping[str, str]]]) -> tuple[bytes, str]:
    """These elements behind the others of `parent`, each inside the one before it; the bytes and the first one's path.

    A macro goes before the service, since it holds for what follows it.
    """
    if Document(data).find(parent) is None:
        data = _with_element(data, parent)
    first = ""
    for name, attributes in elements:
        document = Document(data)
        among = document.find(parent)
        count = sum(child.name == name for child in among.children) if among else 0
        before = count if name == "macro" else None
        data = document.insert_element(parent, name, attributes, before)
        parent = plain(f"{parent}/{name}[{count + 1}]")
        first = first or parent
    return data, first


def with_copy(data: bytes, path: str) -> tuple[bytes, str]:
    """A copy of this element behind its like, with what is in it; the bytes and the path of the copy."""
    document = Document(data)
    element = document.find(path)
    if element is None or element.parent is None:
        raise LookupError(f"there is no element {path}")
    elements = [(element.name, element.values)]
    if element.children:
        elements.append((element.children[0].name, element.children[0].values))
    return with_elements(data, plain(element.parent.path), elements)


def without_element(data: bytes, path: str) -> bytes:
    """That element is gone with all in it, and what holds nothing any more after it."""
    document = Document(data)
    element = document.find(path)
    if element is None:
        return data
    while (parent := element.parent) is not None and len(parent.children) == 1 and parent.name in _HOLDERS:
        element = parent
    return document.remove_element(element.path)


def with_content(data: bytes, path: str, text: str) -> bytes:
    """The element has this text; one without text and attributes goes."""
    document = Document(data)
    element = document.find(path)
    if element is None:
        if not text.strip():
            return data
        data = _with_element(data, path)
        document = Document(data)
    elif not text.strip() and not element.attributes:
        return document.remove_element(path)
    return document.set_content(path, text)


def without_proc(data: bytes, number: int) -> bytes:
    """That process is no longer watched."""
    return Document(data).remove_element(proc_path(number))


def with_lan(data: bytes, name: str, counts: bool) -> bytes:
    """Whether the heartbeats of this lan count for the module."""
    document = Document(data)
    places = [number for number, lan in enumerate(lans(document), 1) if lan == name]
    if counts and not places:
        if document.find(FARM) is None:
            data = _with_element(data, FARM)
        return Document(data).insert_element(FARM, "lan", {"name": name})
    if not counts:
        for number in reversed(places):
            data = Document(data).remove_element(f"{FARM}/lan[{number}]")
    return data


def proc_path(number: int) -> str:
    """The path of a process from 1."""
    return plain(f"{ERRD}/proc[{number}]")


def procs(document: Document) -> tuple[dict[str, str], ...]:
    """The attributes of every process as they are written."""
    errd = document.find(ERRD)
    among = [child for child in errd.children if child.name == "proc"] if errd else []
    return tuple(proc.values for proc in among)


def lans(document: Document) -> tuple[str, ...]:
    """The names of the lans whose heartbeats count."""
    farm = document.find(FARM)
    among = [child for child in farm.children if child.name == "lan"] if farm else []
    return tuple(span.value for child in among if (span := child.attributes.get("name")))


def _required(path: str, name: str) -> bool:
    rule = rule_at(path)
    known = rule.attribute(name) if isinstance(rule, ElementRule) else None
    return known is not None and known.required


def _with_element(data: bytes, path: str) -> bytes:
    parent, _, name = path.rpartition("/")
    if not parent:
        raise LookupError(f"there is no element {path}")
    if Document(data).find(parent) is None:
        data = _with_element(data, parent)
    return Document(data).insert_element(parent, name)
