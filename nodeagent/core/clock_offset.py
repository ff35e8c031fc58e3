"""Round trip to a peer and the difference of the two clocks, from stamps that came back."""

from typing import Final

_SAMPLES: Final = 64


class ClockOffset:
    """Trusts the exchange with the shortest round trip of the last 64 to 128: queues only ever add time.

    All times are microseconds; the offset is the peer's core clock minus this node's.
    """

    __slots__ = ("_best", "_count", "_previous", "round_trip")

    def __init__(self) -> None:
        self.round_trip = 0
        self._best: tuple[int, int] | None = None
        self._previous: tuple[int, int] | None = None
        self._count = 0

    def take(self, sent: int, received: int, peer_sent: int, hold: int) -> None:
        """An exchange: my stamp went out at `sent`, the peer held it for `hold`, its answer came at `received`."""
        round_trip = received - sent - hold
        if round_trip < 0:
            return
        self.round_trip = round_trip
        sample = (round_trip, ((peer_sent - hold - sent) + (peer_sent - received)) // 2)
        if self._count >= _SAMPLES:
            self._previous, self._best, self._count = self._best, None, 0
        self._best = sample if self._best is None else min(self._best, sample)
        self._count += 1

    @property
    def offset(self) -> int | None:
        """None before the first exchange."""
        samples = [sample for sample in (self._best, self._previous) if sample is not None]
        return min(samples)[1] if samples else None

    def ahead(self, peer_sent: int, received: int) -> int:
        """How far the peer's clock ran on while this node's stood still; never positive by mere delay."""
        offset = self.offset
        return 0 if offset is None else peer_sent - received - offset
