"""Edits of userconfig.xml for the form: new bytes in which nothing but the one thing has changed.

Paths are those of the rule table with numbers, `safe/service/errd/proc[2]`.
"""

from nodeagent.contract.config_rules import rule_at
from nodeagent.contract.rule import ElementRule
from nodeagent.contract.xml_source import Document

SERVICE = "safe/service"
ERRD = "safe/service/errd"
FARM = "safe/service/farm"
USER = "safe/service/user"
HEALTH = "safe/service/health"


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
    return tuple({name: span.value for name, span in proc.attributes.items()} for proc in among)


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
