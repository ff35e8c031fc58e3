"""Who is alive: heartbeats out, heartbeats in, verdicts.

Theory of operation. Every pulse each peer gets one datagram on each common lan. It carries this
node's clock (the stamp) and gives the peer's last stamp back (the echo). A peer counts as heard only
by an echo of this session and of a stamp not older than the window: that proves that both directions
work now and makes replays worthless. The echo says for how long the stamp was held; a hold of a whole
window means "I do not hear you", so both ends of a one-way link give it up at the same time.

Loss is judged in `tick` only, a goodbye at once. After a freeze `forgive` restarts all timers, so that
nobody is accused for one full window. Decisions use the core's clock; the wall clock is only told.

`receive` believes a datagram in this order: header, protocol, key, name, session, replay, seal, body,
echo. Whatever fails is counted by reason and changes nothing else.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from nodeagent.contract.config import ClusterConfig, FarmLans, ModuleConfig
from nodeagent.contract.states import LogType
from nodeagent.contract.status import PeerStatus
from nodeagent.core.effects import SendDatagram
from nodeagent.core.hearing import heard_masks, witnesses
from nodeagent.core.heartbeat import (
    LEAVING,
    PROTOCOL,
    SESSION_SIZE,
    Beat,
    Echo,
    Header,
    ModuleBeat,
    Page,
    Sealer,
    decode_beat,
    module_id,
    read_header,
)
from nodeagent.core.namesakes import Namesakes
from nodeagent.core.outgoing import Outgoing, signature_bytes
from nodeagent.core.pages import REPEATS
from nodeagent.core.peer import Link, Peer, Session, configured_peer, micros
from nodeagent.core.peer_status import peer_status
from nodeagent.core.rejections import Reason, Rejections
from nodeagent.core.verdicts import PeerChange, proven, said_goodbye, silent, stood_still
from nodeagent.core.view import Member

_GOODBYES: Final = 3
_NO_ECHO: Final = Echo(bytes(SESSION_SIZE), 2**63, 2**63)


class Membership:
    """The heartbeats of one agent run (`session`: 16 random bytes). `ports` are (API, health URL)."""

    def __init__(
        self,
        session: bytes,
        uuid: str,
        sealer: Sealer,
        version: str,
        ports: tuple[int, int],
        *,
        protocol: int = PROTOCOL,
    ) -> None:
        self._session = session
        self._uuid = uuid
        self._sealer = sealer
        self._protocols = max(1, protocol - 1), protocol
        self._outgoing = Outgoing(session, uuid, sealer, version, ports, protocols=self._protocols)
        self._config: ClusterConfig | None = None
        self._signature = b""
        self._me = ""
        self._keys: dict[bytes, bytes] = {}
        self._peers: dict[str, Peer] = {}
        self._modules: dict[str, ModuleBeat] = {}
        self._names: dict[int, str] = {}
        self._now = 0.0
        self._started = 0.0
        self._next_send = 0.0
        self._hurry = 0
        self._grace = float("-inf")
        self._longest_window = 0.0
        self._left = False
        self._rejections = Rejections()
        self._namesakes = Namesakes()
        self._changes: list[PeerChange] = []

    # --- what this node is told ---------------------------------------------------------------

    def configure(
        self, config: ClusterConfig | None, me: str, keys: tuple[bytes, ...], now: float, *, confirmed: bool = True
    ) -> None:
        """A new configuration or new cluster keys (the first is the active one); peers that stay keep their state.

        `confirmed` False: the configuration may still go back, and peers are told so.
        """
        self._now = now
        self._started = now if self._config is None else self._started  # who joins listens like who starts
        self._config, self._me, self._left = config, me, False
        self._signature = signature_bytes(config)
        self._keys = {self._sealer.key_id(key): key for key in keys}
        self._outgoing.configure(config, me, keys[0] if keys else None, confirmed=confirmed)
        before, self._peers = self._peers, {}
        if config is None:
            return
        for name in config.nodes:
            if name != me:
                self._peers[name] = configured_peer(config, me, name, before.get(name), now)
        self._longest_window = max(self._longest_window, config.window)
        self.send_soon()

    def set_modules(self, modules: Mapping[str, ModuleBeat]) -> None:
        """This node's modules; a change is told at once, and three times in quick succession."""
        if modules == self._modules:
            return
        self._modules = dict(modules)
        self._names |= {module_id(name): name for name in modules}
        self._outgoing.put(self._modules)
        self.send_soon()

    def set_wall_offset(self, offset: float) -> None:
        """Wall clock = core clock + offset; only passed on."""
        self._outgoing.wall_offset = micros(offset)

    # --- time ---------------------------------------------------------------------------------

    def tick(self, now: float) -> list[SendDatagram]:
        """Judge silence, send what is due."""
        self._now = now
        if self._config is None:
            return []
        for peer in self._peers.values():
            if peer.alive:
                self._changes += silent(peer, now, self._config.window)
        if self._left or now < self._next_send:
            return []
        if self._hurry:
            self._hurry -= 1
            self._next_send = now + self._config.pulse / 4
        else:
            due = self._next_send + self._config.pulse
            self._next_send = due if due > now else now + self._config.pulse
        return self._outgoing.heartbeats(self._peers.values(), self._hears(), now, self._config.pulse)

    def next_deadline(self) -> float | None:
        """When `tick` has something to do; None without a cluster."""
        if self._config is None:
            return None
        window = self._config.window
        times = [link.expires(window) for peer in self._peers.values() for link in peer.links.values() if link.heard]
        times += [] if self._left else [self._next_send]
        return max(self._now, min(times)) if times else None

    def leave(self, now: float) -> list[SendDatagram]:
        """Say goodbye, three times per peer and lan; nothing is sent from then on."""
        self._now = now
        if self._config is None or self._left:
            return []
        self._left = True
        return self._outgoing.copies(self._peers.values(), self._hears(), now, LEAVING, _GOODBYES)

    def forgive(self, now: float) -> None:
        """This node was frozen: all timers restart, nobody is accused for one full window."""
        for peer in self._peers.values():
            peer.forget_clock()
            peer.gap.pause()
            for link in peer.links.values():
                if link.heard:
                    link.proven, link.deaf = now, 0.0
                elif link.proven is not None:  # longer windows of modules go by it
                    link.proven += now - self._now
        self._now = now
        self._next_send = now
        if self._config is not None:
            self._grace = now + self._config.window

    def counters_jumped(self, now: float) -> float | None:
        """Seconds this node's clock stood still by the word of its living peers (a VM pause), else None.

        A first peer is believed when no other living peer contradicts it within one and a half pulses.
        """
        if self._config is None:
            return None
        return stood_still(self._peers.values(), 1.5 * self._config.pulse, now)

    # --- datagrams ----------------------------------------------------------------------------

    def receive(self, lan: str, source: str, data: bytes, now: float) -> list[SendDatagram]:
        """Take any bytes from the network; a session that is new here is answered at once."""
        self._now = now
        if self._config is None:
            return []
        parsed = read_header(data)
        if parsed is None:
            return self._reject("", Reason.MALFORMED)
        header, end = parsed
        sender = header.sender if header.sender in self._peers or header.sender == self._me else ""
        if header.version < self._protocols[0]:
            return self._reject(sender, Reason.OLD_PROTOCOL)
        if header.version > self._protocols[1]:
            return self._reject(sender, Reason.NEW_PROTOCOL)
        key = self._keys.get(header.key_id)
        if key is None:
            return self._reject(sender, Reason.UNKNOWN_KEY if sender else Reason.OTHER_CLUSTER)
        peer = self._peers.get(sender)
        link = peer.links.get(lan) if peer else None
        if sender != self._me and link is None:
            return self._reject(sender, Reason.NOT_CONFIGURED)
        if header.session == self._session:
            return self._reject(sender, Reason.REPLAY)
        if peer and header.session in peer.ended:
            return self._reject(sender, Reason.ENDED_SESSION)
        session = (peer.find(header.session) if peer else None) or Session(header.session)
        if session.replay.refuses(header.counter):
            return self._reject(sender, Reason.REPLAY)
        body = self._sealer.open(
            key, header.session, header.sender, header.counter, header=data[:end], sealed=data[end:]
        )
        if body is None:
            return self._reject(sender, Reason.NOT_AUTHENTIC)
        try:
            beat = decode_beat(body)
            page = session.decode(beat.page)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return self._reject(sender, Reason.MALFORMED)
        if peer is None or link is None:
            return self._namesake(source, page, now)
        session.replay.use(header.counter)
        return self._weigh(peer, link, session, header, beat, source=source, page=page, now=now)

    def _weigh(
        self, peer: Peer, link: Link, session: Session, head: Header, beat: Beat, *, source: str, page: Page, now: float
    ) -> list[SendDatagram]:
        """The datagram is authentic and new; what it proves depends on its echo."""
        assert self._config is not None
        received, window = micros(now), micros(self._config.window)
        newest_here = session.trace(link.lan, head.counter, beat.stamp, now)
        link.noticed = now
        echo = next((e for e in beat.echoes if e.session == self._session), _NO_ECHO)
        fresh = 0 <= received - echo.stamp <= window
        if session is not peer.session:
            other = peer.alive and peer.page is not None and peer.page.uuid != page.uuid
            if not fresh or beat.flags & LEAVING:
                if peer.consider(session):
                    return self._outgoing.answer(peer, link.lan, self._hears(), now) if not self._left else []
                if not other:
                    return []
            elif peer.session is not None and echo.stamp < peer.session.echoed:
                return self._reject(peer.name, Reason.ENDED_SESSION)  # an earlier agent's, late on its way
            # A stranger at an address of its own never sees this node's stamps: it need not be fresh to be noticed.
            if other:
                self._conflict(peer.name, link.source, source, now)
                return self._reject(peer.name, Reason.OTHER_UUID)
            if peer.alive:
                self._changes.append(PeerChange(LogType.INFO, f"{peer.name} was started again"))
            peer.replace(session)

        paused = peer.compare(beat.stamp, window // 2, now)
        if beat.flags & LEAVING:
            session.left = max(session.left, head.counter)
            self._changes += said_goodbye(peer, now)
            return []
        if newest_here and echo is not _NO_ECHO and not paused:
            held = echo.hold / 1e6
            # After a freeze an echo was held because of this node; it may only clear what was known before.
            link.deaf = held if now >= self._grace else min(held, link.deaf)
        if not fresh or head.counter < session.left:
            return []
        session.echoed = max(session.echoed, echo.stamp)
        if head.counter > session.believed:
            session.believe(page, head.counter)
            peer.newest, peer.wall_offset = head.newest, beat.wall_offset
        if echo.hold < window and not paused:
            link.proven, link.source = now, source
            peer.gap.take(now)
            if newest_here:
                peer.clock.take(echo.stamp, received, beat.stamp, echo.hold)
            self._changes += proven(peer, link, page.signature == self._signature, now, self._config.window)
        return []

    def _reject(self, sender: str, reason: Reason) -> list[SendDatagram]:
        self._rejections.add(self._me, sender, reason)
        return []

    def _namesake(self, source: str, page: Page, now: float) -> list[SendDatagram]:
        """An authentic datagram under this node's own name: an earlier run of it, or another machine."""
        assert self._config is not None
        if page.uuid == self._uuid:
            return self._reject(self._me, Reason.ENDED_SESSION)
        own = [node.addr for lan in self._config.lans if (node := lan.address_of(self._me))]
        self._conflict(self._me, ", ".join(own), source, now)
        return self._reject(self._me, Reason.OTHER_UUID)

    def _conflict(self, name: str, first: str, second: str, now: float) -> None:
        if sentence := self._namesakes.add(name, first, second, now):
            self._changes.append(PeerChange(LogType.CRITICAL, sentence))

    def send_soon(self) -> None:
        """The next heartbeat goes out at once, three times in quick succession."""
        self._hurry = REPEATS - 1
        self._next_send = self._now

    def _hears(self) -> list[int]:
        return heard_masks(self._config, self._peers) if self._config else []

    # --- what others ask ----------------------------------------------------------------------

    def listening_until(self) -> float:
        """Before this time nothing turns green: one full window after this node came into its cluster."""
        if self._config is None:
            return float("-inf")
        return self._started + self._config.window

    def changes(self) -> list[PeerChange]:
        """What happened since the last call, for the log."""
        changes, self._changes = self._changes, []
        changes += [PeerChange(LogType.ERROR, sentence) for sentence in self._rejections.unsaid]
        self._rejections.unsaid.clear()
        return changes

    def rejected(self) -> dict[str, int]:
        """Datagrams not believed, by reason in words."""
        return dict(self._rejections.counts)

    def alarms(self, now: float) -> tuple[str, ...]:
        """What needs a human and was seen within the last minute."""
        return self._namesakes.alarms(now)

    @property
    def sealer(self) -> Sealer:
        """What seals this node's datagrams."""
        return self._sealer

    def session(self, node: str) -> Session | None:
        """The session of a peer that heartbeats have proven; None before that."""
        peer = self._peers.get(node)
        return peer.session if peer else None

    def in_doubt(self, now: float) -> bool:
        """Whether some living peer was not heard both ways for half a window: it may be lost soon."""
        half = self._config.window / 2 if self._config else 0.0
        return any(peer.alive and not peer.lives(now, half) for peer in self._peers.values())

    def heard_all_since(self, moment: float) -> bool:
        """Whether every peer that this node goes by since a freeze ended at this moment was heard both ways after."""
        return not any(peer.awaited_since(moment, self._longest_window) for peer in self._peers.values())

    def said_goodbye(self, node: str, module: int) -> bool:
        """Whether the peer's agent ended, and not by silence, and the next one has not told of the module yet."""
        peer = self._peers.get(node)
        return bool(peer and (s := peer.session) and (module not in s.inbox.modules if peer.alive else s.left >= 0))

    def confirmed_peers(self) -> tuple[str, ...]:
        """Living peers for which this very configuration is final."""
        return tuple(
            peer.name
            for peer in self._peers.values()
            if peer.alive and peer.page and peer.page.confirmed and peer.page.signature == self._signature
        )

    def module_view(self, module: ModuleConfig, now: float) -> tuple[Member, ...]:
        """The module's living peers by the module's own lans and window; this node is not among them."""
        if self._config is None:
            return ()
        farm, key, window = module.farm, module_id(module.name), self._window(module.farm)
        self._names[key] = module.name
        found = []
        for name in module.nodes or self._config.nodes:
            peer = self._peers.get(name)
            beat = peer.session.inbox.modules.get(key) if peer and peer.session else None
            if peer and peer.session and beat and peer.lives(now, window, farm.lans):
                found.append(Member(name, peer.session.id, beat))
        return tuple(found)

    def living(self, farm: FarmLans, now: float) -> tuple[tuple[str, bytes, int], ...]:
        """Who lives by this `<farm>`, and a number for what each says: while it is the same, so are the views."""
        window, lans = self._window(farm), farm.lans
        living = [
            (peer.name, session.id, session.inbox.changes)
            for peer in self._peers.values()
            if (session := peer.session) and peer.lives(now, window, lans)
        ]
        return tuple(living)

    def _window(self, farm: FarmLans) -> float:
        if (cluster := self._config) is None:
            return 0.0
        window = max((farm.pulse or cluster.pulse) * (farm.slost_count or cluster.slost_count), cluster.window)
        self._longest_window = max(self._longest_window, window)
        return window

    def peers(self, now: float, wall_offset: float) -> tuple[PeerStatus, ...]:
        """All peers for the status; times are turned into wall time by `wall_offset`."""
        config, names = self._config, self._names
        window = config.window if config else 0.0
        return tuple(
            peer_status(peer, witnesses(config, self._peers, peer), names, now, wall_offset=wall_offset, window=window)
            for peer in self._peers.values()
        )
