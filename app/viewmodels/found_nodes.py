"""Find nodes: a range of addresses that a person typed, asked in some seconds, each node as it is found."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, Signal

from app.services.discovery import MOST_ADDRESSES, BadRange, RangeProblem, Scanned, addresses_of
from app.services.memory import RememberedCluster
from app.services.nodes import CheckedAddress, NodeAddress
from app.services.tasks import TaskOwner
from app.viewmodels.address_row import cluster_words, title_of
from app.viewmodels.text import counted, number, tr, trn


class Scan(Protocol):
    """`discovery.scan`."""

    def __call__(  # noqa: D102
        self,
        addresses: tuple[str, ...],
        on_found: Callable[[CheckedAddress], None],
        on_progress: Callable[[int, int], None] | None = None,
    ) -> Awaitable[Scanned]: ...


@dataclass(frozen=True)
class FoundNode:
    """A node that answered: where, what it calls itself, its version, in which cluster."""

    address: NodeAddress
    name: str
    facts: str
    cluster: str


class FoundNodes(QObject):
    """The card *Find*. `changed` after anything shown."""

    changed = Signal()

    def __init__(self, scan: Scan, known: Callable[[], tuple[RememberedCluster, ...]], tasks: TaskOwner) -> None:
        super().__init__()
        self._scan_range, self._known, self._tasks = scan, known, tasks
        self._task: asyncio.Task[None] | None = None
        self._began = 0.0
        self._done, self._of = 0, 0
        self.nodes: tuple[FoundNode, ...] = ()
        self.problem = ""
        self.result = ""

    @property
    def scanning(self) -> bool:
        """A scan is on its way."""
        return self._task is not None

    @property
    def progress(self) -> float:
        """Part of the addresses asked, 0 to 1."""
        return self._done / self._of if self._of else 0.0

    def progress_text(self, now: float) -> str:
        """`asked 120 of 254, 0:08`."""
        return tr("asked {done} of {all}, {time}", done=self._done, all=self._of, time=counted(now - self._began))

    def scan(self, text: str) -> None:
        """Ask this range; what is wrong with it stands in `problem`."""
        if self.scanning:
            return
        addresses = addresses_of(text)
        self.result = ""
        if isinstance(addresses, BadRange):
            self.problem = range_words(addresses)
        else:
            self.problem, self.nodes = "", ()
            self._done, self._of, self._began = 0, len(addresses), time.monotonic()
            self._task = self._tasks.start(self._scan(addresses), "find nodes")
        self.changed.emit()

    def cancel(self) -> None:
        """Stop; what was found stays."""
        if self._task is not None:
            self._task.cancel()

    async def _scan(self, addresses: tuple[str, ...]) -> None:
        try:
            scanned = await self._scan_range(addresses, self._found, self._progressed)
            self.result = self._result(scanned)
        except asyncio.CancelledError:
            self.result = tr("stopped after {done} of {all}", done=self._done, all=self._of)
            raise
        finally:
            self._task = None
            self.changed.emit()

    def _result(self, scanned: Scanned) -> str:
        took = tr("{seconds} s", seconds=number(time.monotonic() - self._began, 1))
        if scanned.found:
            asked = trn("{count} address asked", "{count} addresses asked", scanned.asked)
            return f"{asked}, {took}"
        if scanned.accepted:
            return trn(
                "{count} address takes connections on TCP 9453, but no agent answers there",
                "{count} addresses take connections on TCP 9453, but no agent answers there",
                scanned.accepted,
            )
        return trn(
            "No agent at {count} address. Check the range, and that TCP 9453 is open on the servers",
            "No agent at {count} addresses. Check the range, and that TCP 9453 is open on the servers",
            scanned.asked,
        )

    def _found(self, checked: CheckedAddress) -> None:
        if (identity := checked.identity) is not None:
            cluster = cluster_words(identity, title_of(checked.address.pin, self._known()))
            facts = f"{checked.address.place}, {identity.version}"
            self.nodes = (*self.nodes, FoundNode(checked.address, identity.node, facts, cluster))
            self.changed.emit()

    def _progressed(self, done: int, of: int) -> None:
        self._done, self._of = done, of
        self.changed.emit()


def range_words(bad: BadRange) -> str:
    """What is wrong with a range, and what is allowed."""
    match bad.problem:
        case RangeProblem.EMPTY:
            return tr("Type a range first, like 10.0.0.0/24 or 10.0.0.100-140.")
        case RangeProblem.BACKWARDS:
            return tr("In “{part}” the last address comes before the first.", part=bad.part)
        case RangeProblem.TOO_MANY:
            return tr("{count} addresses are too many: at most {most} at a time.", count=bad.count, most=MOST_ADDRESSES)
        case RangeProblem.ONLY_IPV4:
            return tr("Ranges are IPv4 only; type an IPv6 address under Connect to nodes.")
        case RangeProblem.NOT_A_RANGE:
            return tr("“{part}” is no range: type 10.0.0.0/24, 10.0.0.100-140 or single addresses.", part=bad.part)
