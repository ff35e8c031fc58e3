"""Whether the network of a virtual address brings frames to a MAC that no switch knows: asked of the nodes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.viewmodels.module_editor import ModuleEditor
from app.viewmodels.module_elements import Listing
from app.viewmodels.tasks import Tasks
from app.viewmodels.text import labelled, names, said, tr
from nodeagent.client.flood import Flood, flood_probe
from nodeagent.contract.vip_status import FloodHeard, FloodProbe


class Session(Protocol):
    """What of a cluster session this needs."""

    async def flood_probe(self, node: str, request: FloodProbe) -> FloodHeard:
        """What the node hears of the others; all are asked at once."""


@dataclass(frozen=True)
class FloodLine:
    """One sentence of the result."""

    text: str
    good: bool


@dataclass(frozen=True)
class _Network:
    """What is tested: the nodes, a virtual address and the interface that is named for it; both may be empty."""

    nodes: tuple[str, ...]
    address: str
    interface: str


class FloodTest(QObject):
    """Of the way to share an address that is chosen in an editor."""

    changed = Signal()

    def __init__(self, session: Session, tasks: Tasks, editor: ModuleEditor) -> None:
        super().__init__(editor)
        self._session, self._tasks, self._editor = session, tasks, editor
        self.running = False
        self._tested: _Network | None = None
        self._lines: tuple[FloodLine, ...] = ()

    @property
    def lines(self) -> tuple[FloodLine, ...]:
        """What was found on the network of the chosen way, none while it was not tested."""
        return self._lines if self._tested == self._network() else ()

    @property
    def reason(self) -> str:
        """Why it cannot be tested now, "" when it can."""
        if self.running:
            return tr("a test is under way")
        return "" if len(self._editor.nodes) > 1 else tr("choose at least two nodes")

    def run(self) -> None:
        """Let the nodes send to each other; takes some seconds."""
        if not self.reason:
            self.running, self._tested = True, None
            self._tasks.start(self._run(self._network()), "test the network of a virtual address")
            self.changed.emit()

    async def _run(self, network: _Network) -> None:
        try:
            ask = self._session.flood_probe
            found = await flood_probe(network.nodes, ask, network.address, network.interface)
            self._tested, self._lines = network, tuple(_lines(found))
        finally:
            self.running = False
            self.changed.emit()

    def _network(self) -> _Network:
        editor = self._editor
        way, document = editor.lists.chosen(Listing.ADDRESSES), editor.document
        element = document.find(way) if document else None
        if document is None or element is None:
            return _Network(editor.nodes, "", "")
        addresses = [child.attributes["addr"].value for child in element.children if "addr" in child.attributes]
        interface = document.attribute(way.rpartition("/")[0], "name") or ""
        return _Network(editor.nodes, next(iter(addresses), ""), interface)


def _lines(found: Flood) -> Iterator[FloodLine]:
    if found.floods:
        yield FloodLine(tr("vmac_invisible works here."), True)
    for node, why in found.silent.items():
        yield FloodLine(tr("{node} takes no part: {why}", node=node, why=said(why)), False)
    for node, senders in _by_receiver(found.apart).items():
        text = tr(
            "No frame of {senders} arrives at {node}: a virtual IP needs its nodes on one layer-2 network.",
            senders=names(senders),
            node=node,
        )
        yield FloodLine(text, False)
    for node, senders in _by_receiver(found.blocked).items():
        text = tr(
            "Frames of {senders} to an unknown MAC do not arrive at {node}: choose vmac_directed, or let the switch or"
            " hypervisor flood them.",
            senders=names(senders),
            node=node,
        )
        yield FloodLine(text, False)
    for sender, receivers in found.arrive.items():
        arrive = tr("frames to an unknown MAC arrive")
        yield FloodLine(labelled(f"{sender} → {names(receivers)}", arrive), True)


def _by_receiver(by_sender: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for sender, receivers in by_sender.items():
        for node in receivers:
            found.setdefault(node, []).append(sender)
    return found
