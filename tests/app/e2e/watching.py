"""Measures the console while somebody works with it: stalls of the window's loop, and from event to paint."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime

from PySide6.QtCore import QEvent, QObject

from app.views.monitoring.tile_view import NodeTileView

BEAT = 0.005
STALL = 0.05
"""Seconds the window must not stand still."""


class LoopWatch:
    """Notes every time the loop comes late to a beat of 5 ms, with the step that was under way."""

    def __init__(self, step: Callable[[], str]) -> None:
        self._step, self._loop = step, asyncio.get_running_loop()
        self.stalls: list[tuple[float, str]] = []
        self.worst = 0.0
        self._due = time.monotonic() + BEAT
        self._handle = self._loop.call_later(BEAT, self._beat)

    def stop(self) -> None:
        """No more."""
        self._handle.cancel()

    def _beat(self) -> None:
        now = time.monotonic()
        late = now - self._due
        self.worst = max(self.worst, late)
        if late > STALL:
            self.stalls.append((late, self._step()))
        self._due = now + BEAT
        self._handle = self._loop.call_later(BEAT, self._beat)


class PaintWatch(QObject):
    """From a module's new state on its node to the tile painted with it. Nodes and window share one clock here."""

    def __init__(self, tiles: list[NodeTileView]) -> None:
        super().__init__()
        self.delays: list[float] = []
        self._seen: dict[str, tuple[float, str]] = {}
        for tile in tiles:
            self._seen[tile.tile.node] = self._state(tile)
            tile.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The tile is about to be painted; what happened while it was not on the screen does not count."""
        if event.type() in {QEvent.Type.Paint, QEvent.Type.Show} and isinstance(watched, NodeTileView):
            before, state = self._seen[watched.tile.node], self._state(watched)
            self._seen[watched.tile.node] = state
            if event.type() is QEvent.Type.Paint and state[0] != before[0]:
                self.delays.append(datetime.now(UTC).timestamp() - state[0])
        return False

    @staticmethod
    def _state(tile: NodeTileView) -> tuple[float, str]:
        status = tile.tile.status
        return (status.since, tile.tile.state_words) if status is not None else (0.0, "")


def percentile(values: list[float], part: float) -> float:
    """The value that this part of all is not above; 0 without any."""
    return sorted(values)[min(int(len(values) * part), len(values) - 1)] if values else 0.0
