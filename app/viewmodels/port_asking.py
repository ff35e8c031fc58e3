"""One check of the ports: who is asked what, and the tables that the answers make. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from app.services.nodes import API_PORT, CheckedAddress
from app.viewmodels.port_matrix import HERE, Cell, Port, PortMatrix, Way
from app.viewmodels.port_words import Ends, heartbeat_way, tcp_way, way_from_here
from app.viewmodels.text import tr
from nodeagent.contract.reach_api import Reached
from nodeagent.contract.status import LanStatus, Listener, NodeStatus

HEALTH_PORT = 9010
LISTENERS = {Port.API: "API port", Port.HEALTH: "health port"}


@dataclass
class AskedNode:
    """A row of the table as it was when the check began, and what it said of itself."""

    name: str
    addresses: dict[str, str]
    member: bool
    status: NodeStatus | None = None
    api_port: int = API_PORT
    """Where this console would look for it."""
    through: str = ""
    """The node by which it was asked, "" = asked itself."""
    why: str = ""
    """Why it cannot be asked."""

    def listener(self, port: Port) -> Listener | None:
        """What it says of a TCP port."""
        known = self.status.listeners if self.status else ()
        return next((one for one in known if one.name == LISTENERS.get(port)), None)


@dataclass(frozen=True)
class Question:
    """One TCP port; `source` may be HERE."""

    source: str
    target: str
    lan: str
    port: Port


@dataclass
class Asking:
    """One check: its nodes and the answers so far."""

    lans: tuple[str, ...]
    base: str
    heartbeat: int
    nodes: dict[str, AskedNode]
    data: bytes
    answers: dict[Question, Reached | CheckedAddress | str] = field(default_factory=dict)


def questions(run: Asking) -> Iterator[Question]:
    """TCP alone; what cannot be asked is left out."""
    for lan in run.lans:
        there = [node for node in run.nodes.values() if _is_ip(node.addresses.get(lan, ""))]
        for target in there:
            if lan == run.base:
                yield Question(HERE, target.name, lan, Port.API)
            for source in there:
                if source is not target and source.status is not None:
                    yield Question(source.name, target.name, lan, Port.API)
                    yield Question(source.name, target.name, lan, Port.HEALTH)


def matrix_of(run: Asking, lan: str, running: bool) -> PortMatrix:
    """What is known of a lan now; `running`: answers may still come."""
    columns = tuple(name for name, node in run.nodes.items() if lan in node.addresses)
    rows = (HERE, *columns) if lan == run.base else columns
    cells = tuple(tuple(_cell(run, lan, source, target, running) for target in columns) for source in rows)
    return PortMatrix(lan, rows, columns, cells)


def _cell(run: Asking, lan: str, source: str, target: str, running: bool) -> Cell:
    if source == target:
        return Cell(source, target, short=tr("itself"))
    to = run.nodes[target]
    if not _is_ip(to.addresses[lan]):
        return Cell(source, target, remark=tr("A name is looked up by an apply; type the IP address to check it now."))
    asked = [Question(source, target, lan, port) for port in LISTENERS]
    if source == HERE:
        told = run.answers.get(asked[0])
        ends = _ends(run, lan, source, target, Port.API)
        if isinstance(told, CheckedAddress):
            return Cell(source, target, (way_from_here(ends, told),))
        return Cell(source, target, asking=running)
    by = run.nodes[source]
    if running and (by.status is not None or not by.why) and not all(one in run.answers for one in asked):
        return Cell(source, target, asking=True)
    ways = [_heartbeat(run, lan, by, to)]
    for question in asked:
        answer = run.answers.get(question, by.why or tr("not asked: the check was cancelled"))
        assert not isinstance(answer, CheckedAddress)
        ends = _ends(run, lan, source, target, question.port)
        ways.append(tcp_way(ends, answer, to.listener(question.port)))
    remark = tr("{node} was asked through {other}.", node=source, other=by.through) if by.through else ""
    return Cell(source, target, tuple(ways), remark)


def _heartbeat(run: Asking, lan: str, by: AskedNode, to: AskedNode) -> Way:
    ends = _ends(run, lan, by.name, to.name, Port.HEARTBEAT)
    untold = ""
    if not (by.member and to.member):
        untold = tr("heartbeats begin when both are in the cluster")
    elif to.status is None:
        untold = tr("{node} does not answer, so it cannot say whom it hears", node=to.name)
    return heartbeat_way(ends, _heard(to.status, by.name, lan), by.status is not None, untold)


def _heard(status: NodeStatus | None, name: str, lan: str) -> LanStatus | None:
    peer = next((peer for peer in (status.peers if status else ()) if peer.name == name), None)
    return next((one for one in (peer.lans if peer else ()) if one.lan == lan), None)


def _ends(run: Asking, lan: str, source: str, target: str, port: Port) -> Ends:
    own = run.nodes[source].addresses.get(lan, "") if source != HERE else ""
    to = run.nodes[target]
    return Ends(source, own, target, to.addresses[lan], port, port_number(run, to, port))


def port_number(run: Asking, node: AskedNode, port: Port) -> int:
    """The number of a port: as the node says, else as its peers heard it, else as it is by default."""
    if port is Port.HEARTBEAT:
        return run.heartbeat
    if (own := node.listener(port)) is not None:
        return own.port
    heard = (
        peer.api_port if port is Port.API else peer.health_port
        for other in run.nodes.values()
        if other.status is not None
        for peer in other.status.peers
        if peer.name == node.name
    )
    return next((number for number in heard if number), node.api_port if port is Port.API else HEALTH_PORT)


def _is_ip(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
