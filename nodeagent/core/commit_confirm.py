"""When a committed cluster configuration stays, and when it goes back by itself.

Theory of operation. Until its deadline a commit is *open*: only a person confirms it or takes it back. After the
deadline the node *asks*: for one listening time it attends to what its peers say in their heartbeats. One living peer
for which the same configuration is final confirms it here, too; when none was heard, the node goes back. What a node
knew of its peers before it stood still, or before it was started, is no answer: it then asks anew.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

SOCKETS_OPEN: Final = 1.0
"""Seconds after which a missing address was tried again."""


class Verdict(StrEnum):
    """What is to be done with the commit."""

    WAIT = "wait"
    CONFIRM = "confirm"
    GO_BACK = "go back"


def listening_time(window: float) -> float:
    """Seconds that a node asks: one detection window to hear a peer, one in which the peer hears it."""
    return 2 * window + SOCKETS_OPEN


class CommitConfirm:
    """One commit that waits for its confirmation; all times on the core's clock, in seconds."""

    def __init__(self, deadline: float, now: float) -> None:
        self._deadline = deadline
        self._judged = now
        self._asking: float | None = None

    def seconds_left(self, now: float) -> float:
        """Until the node begins to ask its peers, never negative."""
        return max(0.0, self._deadline - now)

    def judge(self, confirmed_peers: Sequence[str], window: float, now: float) -> Verdict:
        """Called several times per detection `window`; a longer pause means that this node stood still."""
        stood_still = now - self._judged > window
        self._judged = now
        if now < self._deadline:
            return Verdict.WAIT
        if self._asking is None or stood_still:
            self._asking = now
            return Verdict.WAIT
        if confirmed_peers:
            return Verdict.CONFIRM
        return Verdict.GO_BACK if now >= self._asking + listening_time(window) else Verdict.WAIT
