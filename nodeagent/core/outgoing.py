"""Heartbeats out: this node's datagrams, sealed, each with its own counter."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256

import msgspec

from nodeagent.contract.config import ClusterConfig
from nodeagent.core.effects import SendDatagram
from nodeagent.core.heartbeat import (
    KEY_ID_SIZE,
    MAX_DATAGRAM,
    SEAL_SIZE,
    SESSION_SIZE,
    Beat,
    Header,
    ModuleBeat,
    ModuleEntry,
    Page,
    Sealer,
    encode_beat,
    encode_page,
)
from nodeagent.core.pages import Outbox
from nodeagent.core.peer import Peer, micros

_HEADER = 14 + KEY_ID_SIZE + SESSION_SIZE
_ECHO = SESSION_SIZE + 21
_BEAT = 24


def signature_bytes(config: ClusterConfig | None) -> bytes:
    """A configuration's signature as heartbeats carry it."""
    return sha256(config.signature.encode()).digest()[:16] if config else b""


class Outgoing:
    """Writes the datagrams of one agent run. `protocols` are (oldest, newest) that it speaks."""

    def __init__(
        self,
        session: bytes,
        uuid: str,
        sealer: Sealer,
        version: str,
        ports: tuple[int, int],
        *,
        protocols: tuple[int, int],
    ) -> None:
        self.session = session
        self.wall_offset = 0
        """Microseconds from the core clock to the wall clock."""
        self._uuid = uuid
        self._sealer = sealer
        self._version = version
        self._ports = ports
        self._oldest, self._newest = protocols
        self._config: ClusterConfig | None = None
        self._signature = b""
        self._me = ""
        self._confirmed = False
        self._key: tuple[bytes, bytes] | None = None
        self._modules: Mapping[str, ModuleBeat] = {}
        self._outbox = Outbox()
        self._counter = 0

    def configure(self, config: ClusterConfig | None, me: str, key: bytes | None, *, confirmed: bool) -> None:
        """Under this name and with this key from now on; without a key nothing is written."""
        self._config, self._me, self._confirmed = config, me, confirmed
        self._signature = signature_bytes(config)
        self._key = (self._sealer.key_id(key), key) if key is not None else None
        self.put(self._modules)

    def put(self, modules: Mapping[str, ModuleBeat]) -> None:
        """This node's modules."""
        self._modules = modules
        self._outbox.put(modules, self._room())

    def heartbeats(self, peers: Iterable[Peer], hears: Sequence[int], now: float, pulse: float) -> list[SendDatagram]:
        """One pulse for all peers on all lans."""
        pages = [self._page(index, hears) for index in self._outbox.take(pulse)]
        return self._write(tuple(peers), pages, now, 0)

    def copies(
        self, peers: Iterable[Peer], hears: Sequence[int], now: float, flags: int, copies: int
    ) -> list[SendDatagram]:
        """The same said several times at once, for what must not wait for the next pulse."""
        return self._write(tuple(peers), [self._page(0, hears)] * copies, now, flags)

    def answer(self, peer: Peer, lan: str, hears: Sequence[int], now: float) -> list[SendDatagram]:
        """A single heartbeat to one peer on one lan."""
        page = encode_page(self._page(0, hears))
        return [self._sealed(self._key, peer, lan, page, now=now, flags=0, version=self._oldest)] if self._key else []

    def _write(self, peers: Sequence[Peer], pages: Sequence[Page], now: float, flags: int) -> list[SendDatagram]:
        if self._key is None:
            return []
        # The lower version until all peers have the newer.
        version = self._newest if all(peer.newest >= self._newest for peer in peers) else self._oldest
        encoded = [encode_page(page) for page in pages]
        return [
            self._sealed(self._key, peer, lan, page, now=now, flags=flags, version=version)
            for peer in peers
            for lan in peer.links
            for page in encoded
        ]

    def _sealed(
        self,
        active: tuple[bytes, bytes],
        peer: Peer,
        lan: str,
        page: msgspec.Raw,
        *,
        now: float,
        flags: int,
        version: int,
    ) -> SendDatagram:
        key_id, key = active
        self._counter += 1
        header = Header(version, self._newest, key_id, self.session, self._counter, self._me).encode()
        body = encode_beat(Beat(flags, micros(now), self.wall_offset, peer.echoes(lan, now), page))
        sealed = self._sealer.seal(key, self.session, self._me, self._counter, header=header, body=body)
        return SendDatagram(lan, peer.name, header + sealed)

    def _page(self, index: int, hears: Sequence[int]) -> Page:
        return self._page_with(index, hears, self._outbox.entries(index))

    def _page_with(self, index: int, hears: Sequence[int], modules: list[ModuleEntry]) -> Page:
        return Page(
            self._signature,
            self._uuid,
            self._version,
            *self._ports,
            list(hears),
            self._outbox.module_set,
            index,
            self._outbox.count,
            modules,
            self._confirmed,
        )

    def _room(self) -> int:
        """Bytes that the modules of one page may take, with two echoes and everybody heard everywhere."""
        nodes, lans = (len(self._config.nodes), len(self._config.lans)) if self._config else (0, 0)
        page = self._page_with(0, [(1 << nodes) - 1] * lans, [])
        fixed = _HEADER + len(self._me) + SEAL_SIZE + _BEAT + 2 * _ECHO
        return MAX_DATAGRAM - fixed - len(bytes(encode_page(page))) - 6
