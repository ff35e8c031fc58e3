"""What outlives the agent of what it saw of its peers: the longest silence of the week, and where they listen."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from nodeagent.contract.status import PeerStatus
from nodeagent.durable import wall_time, write_durably

LOOK = 30.0
"""Seconds between two looks; a killed agent loses at most what came since the last."""
_WEEK = 7 * 86400.0


class Known(msgspec.Struct, frozen=True):
    """One peer. `gap_at` in seconds since 1970; a port 0 was never told."""

    gap: float = 0.0
    gap_at: float = 0.0
    api_port: int = 0
    health_port: int = 0

    def recent_gap(self, now: float) -> float:
        """The silence in seconds, 0 when it is more than a week ago."""
        return self.gap if now - _WEEK < self.gap_at <= now else 0.0


class PeerMemory:
    """The core begins anew with each agent; this adds what was before. Loop's thread only.

    It is written only when a peer was silent for longer than ever in the week, which soon becomes rare, or moved.
    """

    def __init__(self, file: Path, peers: Callable[[], tuple[PeerStatus, ...]], look: float = LOOK) -> None:
        """Reads the file; an unreadable one counts as none, since everything in it is told again. Blocks."""
        self._file, self._peers, self._look = file, peers, look
        self._known: dict[str, Known] = {}
        with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            self._known = msgspec.json.decode(file.read_bytes(), type=dict[str, Known])

    def over(self, peers: tuple[PeerStatus, ...]) -> tuple[PeerStatus, ...]:
        """The peers with the longest silence of the week, and with the ports they told last."""
        now = wall_time()
        return tuple(self._remembered(peer, now) for peer in peers)

    async def run(self) -> None:
        """Keep it until cancelled."""
        while True:
            await asyncio.sleep(self._look)
            await self.keep()

    async def keep(self) -> None:
        """Write what is new."""
        now = wall_time()
        known = {peer.name: self._learnt(peer, now) for peer in self._peers()}
        if known != self._known:
            with suppress(OSError):  # a full disk: once more at the next look
                await asyncio.to_thread(write_durably, self._file, msgspec.json.encode(known))
                self._known = known

    def _remembered(self, peer: PeerStatus, now: float) -> PeerStatus:
        before = self._known.get(peer.name, Known())
        gap = max(peer.worst_gap, before.recent_gap(now))
        ports = (peer.api_port or before.api_port, peer.health_port or before.health_port)
        if (gap, *ports) == (peer.worst_gap, peer.api_port, peer.health_port):
            return peer
        return msgspec.structs.replace(peer, worst_gap=gap, api_port=ports[0], health_port=ports[1])

    def _learnt(self, peer: PeerStatus, now: float) -> Known:
        before = self._known.get(peer.name, Known())
        longer = peer.worst_gap > before.recent_gap(now)
        return Known(
            peer.worst_gap if longer else before.gap,
            now if longer else before.gap_at,
            peer.api_port or before.api_port,
            peer.health_port or before.health_port,
        )
