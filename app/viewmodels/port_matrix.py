"""Who reaches whom, on which port of which lan: from what was asked and heard to the cells of a table. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.viewmodels.text import joined, milliseconds, names, tr

HERE = ""
"""This computer, where a name of a node could stand."""


class Port(StrEnum):
    """What a port is for."""

    HEARTBEAT = "heartbeat"
    API = "API"
    HEALTH = "health"


class Gate(StrEnum):
    """Whether a way is open."""

    OPEN = "open"
    CLOSED = "closed"
    UNTOLD = "untold"
    """Nobody can say."""
    UNUSED = "unused"
    """Nothing is to be there."""


@dataclass(frozen=True)
class Way:
    """One port. `said` is what was seen. While it is closed, `remedy` says what helps, or `shut_for` whom to let in."""

    port: Port
    number: int
    gate: Gate
    said: str
    took: float = 0.0
    remedy: str = ""
    shut_for: str = ""

    @property
    def place(self) -> str:
        """`UDP 4800`."""
        return f"{'UDP' if self.port is Port.HEARTBEAT else 'TCP'} {self.number}"

    @property
    def name(self) -> str:
        """`UDP 4800, heartbeats`."""
        match self.port:
            case Port.HEARTBEAT:
                return tr("{port}, heartbeats", port=self.place)
            case Port.API:
                return tr("{port}, API", port=self.place)
            case Port.HEALTH:
                return tr("{port}, health", port=self.place)


@dataclass(frozen=True)
class Cell:
    """From one node to another on one lan. A `remark` says why there is nothing to say, or how it was asked."""

    source: str
    target: str
    ways: tuple[Way, ...] = ()
    remark: str = ""
    short: str = ""
    """What stands in the cell while there are no ways."""
    asking: bool = False

    @property
    def gate(self) -> Gate:
        """The worst of all ways that count."""
        gates = {way.gate for way in self.ways}
        for worst in (Gate.CLOSED, Gate.UNTOLD, Gate.OPEN):
            if worst in gates:
                return worst
        return Gate.UNUSED

    @property
    def text(self) -> str:
        """`0.4 ms`, the ports that stayed closed, or why nothing is said."""
        if self.asking:
            return tr("asking")
        match self.gate:
            case Gate.CLOSED:
                return self._numbers(Gate.CLOSED)
            case Gate.OPEN:
                took = next((way.took for way in self.ways if way.took), 0.0)
                return milliseconds(took) if took else tr("open")
            case Gate.UNTOLD if told := self._numbers(Gate.OPEN):
                return tr("only {ports}", ports=told)
        return self.short or tr("not asked")

    @property
    def title(self) -> str:
        """`From node1 to node2`."""
        return tr("From {source} to {target}", source=node_words(self.source), target=self.target)

    @property
    def remedies(self) -> tuple[str, ...]:
        """What opens it, each sentence once."""
        shut = [way for way in self.ways if way.shut_for]
        others = dict.fromkeys(way.remedy for way in self.ways if way.remedy)
        if not shut:
            return tuple(others)
        let_in = tr(
            "On {node}, let in {ports} from {whom}: keepgreen firewall add does that there. Then look at the firewalls"
            " between the two.",
            node=self.target,
            ports=names(way.place for way in shut),
            whom=shut[0].shut_for,
        )
        return let_in, *others

    @property
    def sentence(self) -> str:
        """All of it, for a tooltip and a screen reader."""
        told = [tr("{port}: {what}", port=way.name, what=way.said) for way in self.ways if way.gate is not Gate.UNUSED]
        return "\n".join([tr("{title}: {what}", title=self.title, what=self.text), *told, self.remark, *self.remedies])

    def _numbers(self, gate: Gate) -> str:
        return ", ".join(str(way.number) for way in self.ways if way.gate is gate)


@dataclass(frozen=True)
class PortMatrix:
    """One lan: `rows` from, `columns` to; `cells[row][column]`."""

    lan: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: tuple[tuple[Cell, ...], ...]

    @property
    def closed(self) -> tuple[Cell, ...]:
        """Where something is to be done."""
        return tuple(cell for row in self.cells for cell in row if cell.gate is Gate.CLOSED)

    @property
    def open(self) -> int:
        """How many ways are open."""
        return sum(cell.gate is Gate.OPEN for row in self.cells for cell in row)


def node_words(name: str) -> str:
    """A node by its name, or this computer."""
    return name or tr("this computer")


def ports_words(matrices: Sequence[PortMatrix]) -> str:
    """`UDP 4800, TCP 9453 and 9010`; ports that differ from node to node are left to the cells."""
    ways = [way for one in matrices for row in one.cells for cell in row for way in cell.ways]
    found: Mapping[bool, set[int]] = {
        udp: {way.number for way in ways if (way.port is Port.HEARTBEAT) is udp} for udp in (True, False)
    }
    if not ways or len(found[False]) > 2:
        return tr("heartbeats, API and health of each node")
    tcp = tr("TCP {ports}", ports=names(str(number) for number in sorted(found[False], reverse=True)))
    return f"UDP {min(found[True])}, {tcp}" if found[True] else tcp


def summary(matrices: Sequence[PortMatrix]) -> str:
    """`9 of 13 ways open; red names the ports that stayed closed`."""
    opened = sum(one.open for one in matrices)
    closed = sum(len(one.closed) for one in matrices)
    if not opened + closed:
        return tr("nothing was told yet")
    counted = tr("{open} of {all} ways open", open=opened, all=opened + closed)
    return joined((counted, tr("red names the ports that stayed closed"))) if closed else counted
