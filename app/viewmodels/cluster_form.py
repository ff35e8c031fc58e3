"""cluster.xml as the table of nodes × lans shows it, and the edits of that table as edits of the source bytes.

Every function takes bytes and gives new bytes: what an edit does not mean stays as it was written. A node is a row;
its place in another lan is found by its name, and by the turn where a name stands twice.
"""

from dataclasses import dataclass

from nodeagent.contract import cluster_rules
from nodeagent.contract.durations import parse_duration
from nodeagent.contract.errors import Problem
from nodeagent.contract.xml_scan import ElementSpan
from nodeagent.contract.xml_source import Document

LANS = "cluster/lans"
NODE, LAN = "node", "lan"
"""What new ones are called, with a number behind."""
DEFAULTS = {rule.name: rule.default for rule in cluster_rules.LANS.attributes if not rule.unused}
"""The timing of heartbeats: `port`, `pulse` and `slost_count`."""
EMPTY = b"""<cluster>
  <lans port="4800" pulse="100ms" slost_count="10">
    <lan name="default" command="on">
    </lan>
  </lans>
</cluster>
"""
"""Where a cluster begins that has no file yet."""


@dataclass(frozen=True)
class LanColumn:
    """A lan: its name, whether commands use it, and its path in the file."""

    name: str
    command: bool
    path: str


@dataclass(frozen=True)
class AddressCell:
    """A node's address on one lan; `path` is empty where the node is not on that lan."""

    text: str = ""
    path: str = ""


@dataclass(frozen=True)
class NodeRow:
    """A node with a cell for each lan, in the order of the lans."""

    name: str
    cells: tuple[AddressCell, ...]

    @property
    def path(self) -> str:
        """Where it stands first in the file."""
        return next((cell.path for cell in self.cells if cell.path), "")


@dataclass(frozen=True)
class ClusterForm:
    """The whole table and the timing of heartbeats as written."""

    lans: tuple[LanColumn, ...]
    nodes: tuple[NodeRow, ...]
    port: str
    pulse: str
    slost_count: str
    base: int = 0
    """The lan that holds the nodes in their order, and whose addresses this computer asks."""

    @property
    def window(self) -> tuple[float, float] | None:
        """Seconds after which a silent node is lost, at least and at most; None while the fields make no sense."""
        try:
            pulse = parse_duration(self.pulse, "ms").seconds
            silent = pulse * int(self.slost_count)
        except ValueError:
            return None
        return (silent, silent + pulse) if silent > 0 else None

    def asked(self, row: int) -> str:
        """The address of a node that this computer asks: the one on the lan that holds all."""
        return self.nodes[row].cells[self.base].text.strip()


def form_of(data: bytes) -> ClusterForm:
    """The table of a file. Raises xml_scan.NotXml when it cannot be read, LookupError when it has no lan."""
    document = Document(data)
    lans = document.find(LANS)
    if lans is None:
        raise LookupError("the file has no <lans>")
    spans = [child for child in lans.children if child.name == "lan"]
    if not spans:
        raise LookupError("the file has no <lan>")
    held = [_nodes(span) for span in spans]
    columns = tuple(
        LanColumn(_value(span, "name"), _value(span, "command") in {"on", "yes"}, f"{LANS}/lan[{at}]")
        for at, span in enumerate(spans, 1)
    )
    marked = next((at for at, column in enumerate(columns) if column.command), None)
    base = marked if marked is not None else max(range(len(held)), key=lambda at: len(held[at]), default=0)
    order = list(dict.fromkeys(key for at in sorted(range(len(held)), key=lambda at: at != base) for key in held[at]))
    cells = [
        {
            key: AddressCell(_value(span, "addr"), f"{columns[at].path}/node[{number}]")
            for key, (number, span) in keyed.items()
        }
        for at, keyed in enumerate(held)
    ]
    rows = tuple(NodeRow(key[0], tuple(lan.get(key, AddressCell()) for lan in cells)) for key in order)
    timing = {name: _value(lans, name) or default for name, default in DEFAULTS.items()}
    return ClusterForm(columns, rows, timing["port"], timing["pulse"], timing["slost_count"], base)


def renamed(data: bytes, row: int, name: str) -> bytes:
    """The node of this row under another name, on every lan."""
    for cell in form_of(data).nodes[row].cells:
        if cell.path:
            data = Document(data).set_attribute(cell.path, "name", name)
    return data


def addressed(data: bytes, row: int, lan: int, address: str) -> bytes:
    """The node of this row with this address on a lan. An empty one takes it off a lan that is not the base."""
    form = form_of(data)
    node, column = form.nodes[row], form.lans[lan]
    cell = node.cells[lan]
    if not address and lan != form.base:
        return Document(data).remove_element(cell.path) if cell.path else data
    if cell.path:
        return Document(data).set_attribute(cell.path, "addr", address)
    return Document(data).insert_element(column.path, "node", {"name": node.name, "addr": address})


def with_node(data: bytes, name: str, address: str = "") -> bytes:
    """One more node, on the lan that holds all. Its addresses on other lans come by typing them."""
    form = form_of(data)
    return Document(data).insert_element(form.lans[form.base].path, "node", {"name": name, "addr": address})


def without_node(data: bytes, row: int) -> bytes:
    """Without the node of this row, on every lan."""
    for cell in reversed(form_of(data).nodes[row].cells):
        if cell.path:
            data = Document(data).remove_element(cell.path)
    return data


def with_lan(data: bytes, name: str) -> bytes:
    """One more lan, with every node on it and their addresses still to be typed."""
    nodes = form_of(data).nodes
    data = Document(data).insert_element(LANS, "lan", {"name": name})
    path = form_of(data).lans[-1].path
    for node in nodes:
        data = Document(data).insert_element(path, "node", {"name": node.name, "addr": ""})
    return data


def without_lan(data: bytes, lan: int) -> bytes:
    """Without this lan."""
    return Document(data).remove_element(form_of(data).lans[lan].path)


def lan_renamed(data: bytes, lan: int, name: str) -> bytes:
    """A lan under another name."""
    return Document(data).set_attribute(form_of(data).lans[lan].path, "name", name)


def timed(data: bytes, attribute: str, value: str) -> bytes:
    """`port`, `pulse` or `slost_count` with this value; one that is the default and not written stays unwritten."""
    document = Document(data)
    if document.attribute(LANS, attribute) is None and value == DEFAULTS[attribute]:
        return data
    return document.set_attribute(LANS, attribute, value)


def free_name(taken: list[str], stem: str) -> str:
    """`node4`: the stem with the lowest number not taken."""
    used = {name.lower() for name in taken}
    return next(name for number in range(1, len(used) + 2) if (name := f"{stem}{number}") not in used)


def fitting_name(called: str, form: ClusterForm, instead_of: str = "") -> str:
    """What a node calls itself when that may stand and is free, else `instead_of`, else a free name."""
    taken = [node.name for node in form.nodes if node.name != instead_of]
    try:
        name = cluster_rules.NAME.parse(called)
    except ValueError:
        name = ""
    if name and name.lower() not in {other.lower() for other in taken}:
        return name
    return instead_of or free_name(taken, NODE)


def cell_of(form: ClusterForm, problem: Problem) -> tuple[int, int] | None:
    """(row, column) that a problem is about: -1 is the name, 0… are the lans; None when it is about something else."""
    element, _, attribute = problem.path.partition("/@")
    wanted = _numbered(element)
    for row, node in enumerate(form.nodes):
        for column, cell in enumerate(node.cells):
            if cell.path and cell.path == wanted:
                return row, column if attribute == "addr" else -1
    return None


def _numbered(path: str) -> str:
    """With the numbers of lan and node written even when they are 1."""
    parts = [part if part.endswith("]") or part in {"cluster", "lans"} else f"{part}[1]" for part in path.split("/")]
    return "/".join(part.replace("lans[1]", "lans").replace("cluster[1]", "cluster") for part in parts)


def _nodes(lan: ElementSpan) -> dict[tuple[str, int], tuple[int, ElementSpan]]:
    """By name and turn: the place in the lan (from 1) and the element."""
    found: dict[tuple[str, int], tuple[int, ElementSpan]] = {}
    turns: dict[str, int] = {}
    for number, span in enumerate((child for child in lan.children if child.name == "node"), 1):
        name = _value(span, "name")
        turns[name] = turns.get(name, 0) + 1
        found[name, turns[name]] = (number, span)
    return found


def _value(span: ElementSpan, attribute: str) -> str:
    return span.values.get(attribute, "")
