"""What is known of one peer: its sessions, its links lan by lan, what it says of itself.

A session is a run of the peer's agent. The current one is believed; others are candidates whose
stamps are only echoed, until one of them echoes this node's session and a fresh stamp: then it
replaces the current one, which never comes back.
"""

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final

import msgspec

from nodeagent.contract.config import ClusterConfig
from nodeagent.core.clock_offset import ClockOffset
from nodeagent.core.heartbeat import Echo, Page, decode_page
from nodeagent.core.pages import Inbox
from nodeagent.core.replay import ReplayWindow

_CANDIDATES: Final = 4
_ENDED: Final = 8
_PAGES: Final = 8
_WEEK: Final = 7 * 86400.0


def micros(seconds: float) -> int:
    """Seconds as the wire has them."""
    return int(seconds * 1_000_000)


@dataclass(slots=True)
class Trace:
    """The newest stamp of a session on one lan, to be echoed."""

    counter: int
    stamp: int
    at: float


@dataclass(slots=True)
class Session:
    """One run of a peer's agent, as this node heard it."""

    id: bytes
    replay: ReplayWindow = field(default_factory=ReplayWindow)
    traces: dict[str, Trace] = field(default_factory=dict)
    inbox: Inbox = field(default_factory=Inbox)
    page: Page | None = None
    believed: int = -1
    """Counter of the newest page that was taken."""
    left: int = -1
    """Counter of the goodbye; what was sent before it says nothing any more."""
    echoed: int = -1
    """The newest stamp of this node that it has echoed."""
    _pages: dict[bytes, Page] = field(default_factory=dict)

    def decode(self, raw: msgspec.Raw) -> Page:
        """The page; decoded only when its bytes are new. Raises msgspec.MsgspecError."""
        data = bytes(raw)
        page = self._pages.get(data)
        if page is None:
            page = decode_page(raw)
            if len(self._pages) >= _PAGES:
                self._pages.clear()
            self._pages[data] = page
        return page

    def believe(self, page: Page, counter: int) -> None:
        """Take what the peer says of itself."""
        self.believed = counter
        if page is not self.page:
            self.page = page
            self.inbox.take(page)

    def trace(self, lan: str, counter: int, stamp: int, now: float) -> bool:
        """Remember the stamp; False when a newer datagram of this lan came before."""
        last = self.traces.get(lan)
        if last is not None and last.counter > counter:
            return False
        self.traces[lan] = Trace(counter, stamp, now)
        return True

    def echo(self, lan: str, now: float) -> Echo | None:
        """The echo that goes back on this lan."""
        trace = self.traces.get(lan)
        return None if trace is None else Echo(self.id, trace.stamp, micros(now - trace.at))


@dataclass(slots=True)
class Link:
    """A peer on one lan. `heard` is the verdict shown and logged, `proven` the time of the last proof."""

    lan: str
    address: str
    since: float
    source: str = ""
    heard: bool = False
    proven: float | None = None
    deaf: float = 0.0
    """For how long the peer has not heard this node here, by its own word."""
    noticed: float | None = None
    """When anything authentic came in."""

    def lives(self, now: float, window: float) -> bool:
        """Heard both ways within the window."""
        return self.proven is not None and now < self.proven + window and self.deaf < window

    def expires(self, window: float) -> float:
        """When it stops living, unless something is heard; at once (-inf) when the peer is deaf."""
        return float("-inf") if self.proven is None or self.deaf >= window else self.proven + window

    def silence(self, now: float, window: float) -> str:
        """Why it does not live, in words."""
        if self.noticed is None:
            return "never heard"
        if now < self.noticed + window and not self.lives(now, window):
            return "it does not hear this node"
        return f"silent for {now - (self.proven or self.noticed):.1f} s"


class WorstGap:
    """The longest silence in the last one to two weeks, in seconds."""

    __slots__ = ("_begun", "_last", "_now", "_previous")

    def __init__(self) -> None:
        self._last: float | None = None
        self._begun: float | None = None
        self._now = self._previous = 0.0

    def take(self, now: float) -> None:
        """The peer was heard."""
        if self._begun is None or now - self._begun >= _WEEK:
            self._begun, self._previous, self._now = now, self._now, 0.0
        if self._last is not None:
            self._now = max(self._now, now - self._last)
        self._last = now

    def pause(self) -> None:
        """The silence from here to the next sign of life is nobody's gap (a freeze, a lost peer)."""
        self._last = None

    @property
    def seconds(self) -> float:
        """The longest of both weeks."""
        return max(self._now, self._previous)


@dataclass(slots=True)
class Peer:
    """Another node of the cluster."""

    name: str
    links: dict[str, Link]
    since: float
    reason: str = "never heard"
    alive: bool = False
    degraded: bool = False
    same_configuration: bool = True
    newest: int = 0
    """The newest protocol it speaks; 0: not known."""
    session: Session | None = None
    candidates: dict[bytes, Session] = field(default_factory=dict)
    dismissed: dict[bytes, Session] = field(default_factory=dict)
    """Candidates when another session was believed: what they have said before is not new, what they say may be."""
    ended: deque[bytes] = field(default_factory=lambda: deque(maxlen=_ENDED))
    clock: ClockOffset = field(default_factory=ClockOffset)
    wall_offset: int = 0
    ahead: int = 0
    """By how much (us) its clock ran on while this node's stood still, by its last datagram."""
    compared: float = 0.0
    """When that datagram came."""
    ahead_since: float | None = None
    """When it was first ahead by more than half a window; None: it is not."""
    gap: WorstGap = field(default_factory=WorstGap)

    def find(self, session: bytes) -> Session | None:
        """The current session of this id, or one that is or was a candidate."""
        if self.session is not None and self.session.id == session:
            return self.session
        return self.candidates.get(session) or self.dismissed.get(session)

    def lives(self, now: float, window: float, lans: Collection[str] = ()) -> bool:
        """Heard both ways within the window on one of these lans; none named = on any."""
        for link in self.links.values():  # asked several times per datagram: no generator
            if lans and link.lan not in lans:
                continue
            if link.lives(now, window):
                return True
        return False

    def awaited_since(self, thaw: float, window: float) -> bool:
        """When a freeze ended it counted as alive, by this longest of all windows maybe; not heard both ways since.

        Or it has spoken in the meantime, or a new agent of it: what waits here since then proves nothing yet.
        """
        proofs = [link.proven for link in self.links.values() if link.proven is not None]
        lived = self.alive or any(thaw < proof + window for proof in proofs)
        sessions = [*self.candidates.values(), *([self.session] if self.session and self.session.left < 0 else [])]
        spoke = any(trace.at >= thaw for session in sessions for trace in session.traces.values())
        return (lived or spoke) and not any(proof > thaw for proof in proofs)

    def consider(self, session: Session) -> bool:
        """Keep a candidate, at most four, the one touched longest ago goes; True when it is new."""
        new = self.candidates.pop(session.id, None) is None
        if len(self.candidates) >= _CANDIDATES:
            del self.candidates[next(iter(self.candidates))]
        self.candidates[session.id] = session
        return new

    def replace(self, session: Session) -> None:
        """Believe this session from now on; the one before it has ended."""
        if self.session is not None:
            self.ended.append(self.session.id)
        self.session = session
        self.candidates.pop(session.id, None)
        self.dismissed, self.candidates = self.candidates, {}
        self.forget_clock()
        for link in self.links.values():
            link.deaf = 0.0

    def compare(self, stamp: int, limit: int, now: float) -> bool:
        """Compare its clock with this node's; True when it ran ahead by more than the limit (us)."""
        self.ahead, self.compared = self.clock.ahead(stamp, micros(now)), now
        if self.ahead <= limit:
            self.ahead_since = None
        elif self.ahead_since is None:
            self.ahead_since = now
        return self.ahead_since is not None

    def forget_clock(self) -> None:
        """The comparison of the two clocks begins anew."""
        self.clock = ClockOffset()
        self.ahead, self.ahead_since = 0, None

    def echoes(self, lan: str, now: float) -> list[Echo]:
        """One for the current session, one for the candidate touched last."""
        sessions = [self.session, next(reversed(self.candidates.values()), None)]
        found = [session.echo(lan, now) for session in sessions if session is not None]
        return [echo for echo in found if echo is not None]

    @property
    def page(self) -> Page | None:
        """What it last said of itself."""
        return self.session.page if self.session else None


def configured_peer(config: ClusterConfig, me: str, name: str, before: Peer | None, now: float) -> Peer:
    """The peer on the lans it shares with this node; what was known of it stays."""
    links: dict[str, Link] = {}
    for lan in config.lans:
        address = lan.address_of(name)
        if address is not None and lan.address_of(me) is not None:
            known = before.links.get(lan.name) if before else None
            links[lan.name] = known or Link(lan.name, address.addr, now)
            links[lan.name].address = address.addr
    if before is None:
        return Peer(name, links, now)
    if before.alive and not any(link.heard for link in links.values()):
        # Its lan is gone: on another one it has what is left of the window before it is lost.
        last = max((link.proven for link in before.links.values() if link.heard and link.proven), default=now)
        for link in links.values():
            link.heard, link.since, link.proven, link.deaf = True, now, last, 0.0
    before.links = links
    return before
