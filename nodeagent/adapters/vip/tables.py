"""Our tables as nftables lists them, read back into facts."""

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256

from nodeagent.adapters.vip.nft import Nft, NftError
from nodeagent.core.vip_facts import GroupFacts, TableFacts
from nodeagent.core.vip_plan import TABLE_PREFIX

_TABLE = re.compile(rf"^table netdev ({TABLE_PREFIX}[0-9a-f]{{8}}) \{{\n.*?^\}}", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r'^\tcomment "keepgreen ([A-Za-z0-9_-]+) ([0-9a-f]+)"$', re.MULTILINE)
_COUNTER = re.compile(r"^\tcounter (\w+) \{\s+packets (\d+) bytes \d+\s+\}", re.MULTILINE)
_STATE = re.compile(r"packets \d+ bytes \d+")
_SET = re.compile(r"^\t(set|map) (mine|data|est|quiet|owner)_(\d+) \{$", re.MULTILINE)
_ELEMENT = re.compile(r"(0x[0-9a-f]{8})( timeout \w+ expires \w+)?(?: : ([0-9a-f:]{17}))?")


def listings(nft: Nft) -> dict[str, str]:
    """The tables of ours by name, without the elements of their sets. Raises NftError.

    All at once: other listings fetch every connection from the kernel first, if only to leave it out.
    """
    return {found[1]: found[0] for found in _TABLE.finditer(nft.run("list ruleset netdev", terse=True))}


def comment_of(listed: str) -> tuple[str, str]:
    """The module and the fingerprint that stand in a listing; empty when there are none."""
    found = _COMMENT.search(listed)
    return (found[1], found[2]) if found else ("", "")


def shape(listed: str) -> str:
    """Names everything in a listing but its counts."""
    return sha256(_STATE.sub("", listed).encode()).hexdigest()


def slot_sets(listed: str) -> list[tuple[str, str]]:
    """(set or map, name) of all that holds slots."""
    return [(kind, f"{name}_{group}") for kind, name, group in _SET.findall(listed)]


def facts(nft: Nft, table: str, listed: str, shapes: Mapping[str, str], *, slots: bool = True) -> TableFacts:
    """What a listed table is, with the `slots` it holds now. `shapes` are those remembered, by module."""
    module, fingerprint = comment_of(listed)
    wanted = slot_sets(listed) if slots else []
    found = {name: list(_elements(nft, table, kind, name)) for kind, name in wanted}
    taken = [element for name, elements in found.items() if name.startswith(("mine", "data")) for element in elements]
    elements = {name: {slot: mac for slot, mac, _ in held} for name, held in found.items()}
    number = 1 + max((int(name.rpartition("_")[2]) for name in elements), default=-1)
    groups = tuple(
        GroupFacts(
            frozenset(elements.get(f"mine_{g}", {})),
            frozenset(elements.get(f"data_{g}", {})),
            frozenset(elements.get(f"est_{g}", {})),
            frozenset(elements.get(f"quiet_{g}", {})),
            elements.get(f"owner_{g}", {}),
        )
        for g in range(number)
    )
    counters = {name: int(packets) for name, packets in _COUNTER.findall(listed)}
    return TableFacts(
        module, fingerprint, shapes.get(module) == shape(listed), counters, groups, any(lasts for *_, lasts in taken)
    )


def connections(nft: Nft, table: str) -> int:
    """How many connections the table remembers: some 25 µs for each of them."""
    listed = listings(nft).get(table, "")
    names = re.findall(r"^\tset (flows[46]) \{$", listed, re.MULTILINE)
    return sum(nft.run(f"list set netdev {table} {name}").count(" expires ") for name in names)


def _elements(nft: Nft, table: str, kind: str, name: str) -> Iterator[tuple[int, str, bool]]:
    """(slot, MAC of a map, it has no time-out)."""
    try:
        listed = nft.run(f"list {kind} netdev {table} {name}")
    except NftError:  # gone since it was listed
        return
    for slot, timeout, mac in _ELEMENT.findall(listed):
        yield int(slot, 16), mac, not timeout
