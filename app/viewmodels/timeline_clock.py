"""One clock for all nodes: this computer's, with the nodes laid against each other by the echo of their heartbeats."""

from collections.abc import Sequence

from app.services.nodes import NodeView
from app.viewmodels.reach import shift
from app.viewmodels.text import milliseconds, tr

HEARD_STEP = 0.05
"""Seconds by which an answer's way to this console may vary: smaller changes of a clock are not believed."""
ECHO_STEP = 0.0005
"""The same at least for the echo of a heartbeat, which is wrong by half the time it took at most."""


class Clocks:
    """What each node's times are corrected by. A node that fell silent keeps its last correction.

    A correction changes only when the new one cannot be the old one: what is shown of the past does not tremble.
    """

    def __init__(self) -> None:
        self._shifts: dict[str, float] = {}
        self._reference = ""
        self.error = 0.0
        """The nodes lie against each other to plus or minus this, seconds; 0 = no echo is known."""
        self.echoed = False
        """All nodes are compared by echo, not by their answers to this console."""

    def take(self, views: Sequence[NodeView]) -> None:
        """What the nodes say now."""
        told = {view.name: view for view in views if view.status is not None and view.reached}
        for view in views:
            if view.name not in told and view.name not in self._shifts:
                self._keep(view.name, shift(view), HEARD_STEP)
        if not told:
            return
        if self._reference not in told:
            self._reference = next(iter(told))
        reference = told[self._reference]
        self._keep(self._reference, shift(reference), HEARD_STEP)
        echoes = self._echoes(reference)
        for name, view in told.items():
            if name in echoes:
                offset, trip = echoes[name]
                self._keep(name, self._shifts[self._reference] - offset, max(trip / 2, ECHO_STEP))
            elif name != self._reference:
                self._keep(name, shift(view), HEARD_STEP)
        self.error = max((trip / 2 for _, trip in echoes.values()), default=0.0)
        self.echoed = len(told) > 1 and told.keys() <= {self._reference, *echoes}

    def of(self, node: str) -> float:
        """Seconds to add to a time this node tells."""
        return self._shifts.get(node, 0.0)

    @property
    def words(self) -> str:
        """How well the axis holds: `one clock for all nodes to ± 0.3 ms, corrected by heartbeat echo`."""
        if self.echoed and self.error:
            return tr(
                "one clock for all nodes to ± {error}, corrected by heartbeat echo", error=milliseconds(self.error)
            )
        return tr("one clock for all nodes, corrected as this console hears them")

    @staticmethod
    def _echoes(reference: NodeView) -> dict[str, tuple[float, float]]:
        """By node: its clock against the reference, and how long an echo took."""
        assert reference.status is not None
        return {
            peer.name: (peer.clock_offset, peer.round_trip)
            for peer in reference.status.peers
            if peer.alive and peer.round_trip
        }

    def _keep(self, node: str, seconds: float, step: float) -> None:
        known = self._shifts.get(node)
        if known is None or abs(known - seconds) > step:
            self._shifts[node] = seconds
