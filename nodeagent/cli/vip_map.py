"""The virtual IP of a module as one node tells of it: addresses, nodes, and the slots as a map of 16 by 16."""

from collections import Counter
from string import ascii_letters, digits

from nodeagent.cli.tables import number, say, show_table
from nodeagent.contract.vip_status import VipGroup, VipStatus

_LETTERS = ascii_letters[26:] + ascii_letters[:26] + digits
_NOBODY = "."
_ROW = 16


def show_vip(status: VipStatus) -> None:
    """All of it."""
    say(f"{status.module} on {status.node}: {_summary(status)}")
    say("")
    addresses = [(a.addr, a.interface or "not on this node", a.vmac, a.type) for a in status.addresses]
    show_table(("address", "interface", "virtual MAC", "type"), addresses)
    say("")
    rows = [
        (n.name, "yes" if n.serves else "no", _heard(n.alive, n.wire_only), n.seen or "?", n.applied or "?")
        for n in status.nodes
    ]
    show_table(("node", "serves", "alive", "epoch seen", "epoch in force"), rows)
    letters = letters_of(status)
    for group in status.groups:
        _show_group(group, letters)
    for alarm in status.alarms:
        say(f"alarm: {alarm}", "red")


def letters_of(status: VipStatus) -> dict[str, str]:
    """Node → its letter in the maps, in the order of the cluster; beyond 62 nodes `?`."""
    return {node.name: (_LETTERS[at : at + 1] or "?") for at, node in enumerate(status.nodes)}


def map_of(group: VipGroup, letters: dict[str, str]) -> list[str]:
    """Sixteen lines of sixteen owners, each with the number of its first slot; `.` for nobody."""
    owners = [letters.get(owner, "?") if owner else _NOBODY for owner in group.owners]
    return [f"{at:3}  {' '.join(owners[at : at + _ROW])}" for at in range(0, len(owners), _ROW)]


def _summary(status: VipStatus) -> str:
    parts = [
        "open" if status.open else "closed until a script opens it",
        "in the kernel" if status.present else "not in the kernel",
        "agreed by all nodes" if status.agreed else "not agreed by all nodes",
        f"epoch {status.epoch}",
    ]
    if status.timeout:
        parts.append(f"slots end by themselves after {number(status.timeout)} s")
    return ", ".join(parts)


def _heard(alive: bool, wire_only: bool) -> str:
    return "on the wire only" if wire_only else ("yes" if alive else "no")


def _show_group(group: VipGroup, letters: dict[str, str]) -> None:
    say("")
    say(f"group {group.name}", "bold")
    for line in map_of(group, letters):
        say(line)
    say("")
    counts = Counter(group.owners)
    rows = [
        (letter, name, str(counts[name]), _share(counts[name], group), str(group.powers.get(name, 0)))
        for name, letter in letters.items()
    ]
    if counts[""]:
        rows.append((_NOBODY, "nobody", str(counts[""]), _share(counts[""], group), ""))
    show_table(("", "node", "slots", "share", "power"), rows)
    held = f"{len(group.mine)} taken (mine), {len(group.est)} kept (est), {len(group.quiet)} quiet"
    say(f"here: {held}; {group.taken} packets taken")


def _share(count: int, group: VipGroup) -> str:
    return f"{number(100 * count / len(group.owners))} %"
