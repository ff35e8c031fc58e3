"""An agent of protocol 1 as it was: a record of what is on the wire, kept apart from the code that it is to check.

It shares nothing with the core: header, body, key derivation and the rule who counts as heard are written down here
once more. It must not be changed when the protocol grows; a newer protocol 2 has to live with it.

    header  ">2sBB8s16sQB": "KG", version written in, newest spoken, key id, session, counter, length of the name; name
    body    msgpack [flags, stamp, wall offset, [[session, stamp, hold], …], page], ChaCha20-Poly1305
    page    [signature, uuid, version, API port, health port, [hears], module set, index, pages, [modules], confirmed]
    module  [id, state, status, mode, power, flags, epoch, payload]
"""

import hmac
import struct
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

HEADER = struct.Struct(">2sBB8s16sQB")
VERSION = 1
UP, READY, FARM = 5, 2, 0


def sealing(key: bytes, session: bytes, sender: str) -> ChaCha20Poly1305:
    """HKDF-SHA256 without salt, one block."""
    extracted = hmac.digest(bytes(32), key, "sha256")
    info = b"keepgreen heartbeat" + session + sender.encode()
    return ChaCha20Poly1305(hmac.digest(extracted, info + b"\x01", "sha256"))


def key_id(key: bytes) -> bytes:
    """The key's name."""
    return sha256(b"keepgreen key id" + key).digest()[:8]


def module_id(name: str) -> int:
    """A module's name."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big")


def written(
    key: bytes,
    session: bytes,
    sender: str,
    counter: int,
    body: list[Any],
    *,
    version: int = VERSION,
    newest: int = VERSION,
) -> bytes:
    """A datagram."""
    header = HEADER.pack(b"KG", version, newest, key_id(key), session, counter, len(sender)) + sender.encode()
    sealed = sealing(key, session, sender).encrypt(counter.to_bytes(12, "big"), msgspec.msgpack.encode(body), header)
    return header + sealed


@dataclass(frozen=True)
class Datagram:
    """What was in one."""

    version: int
    newest: int
    session: bytes
    counter: int
    sender: str
    body: list[Any]


class Refused(Exception):
    """Why a datagram is not believed."""


def read(key: bytes, data: bytes) -> Datagram:
    """A datagram that is authentic. Raises Refused."""
    magic, version, newest, name, session, counter, length = HEADER.unpack_from(data)
    end = HEADER.size + length
    sender = data[HEADER.size : end].decode()
    if magic != b"KG":
        raise Refused("malformed datagram")
    if version > VERSION:
        raise Refused("too new protocol")
    if name != key_id(key):
        raise Refused("unknown key")
    try:
        body = sealing(key, session, sender).decrypt(counter.to_bytes(12, "big"), data[end:], data[:end])
    except InvalidTag:
        raise Refused("not authentic") from None
    return Datagram(version, newest, session, counter, sender, msgspec.msgpack.decode(body))


@dataclass
class Known:
    """A peer, as the previous agent knows it."""

    session: bytes
    stamp: int
    at: float
    proven: float | None = None
    page: list[Any] = field(default_factory=list)
    versions: list[int] = field(default_factory=list)


class PreviousAgent:
    """One lan, one module "web" that is UP Ready. `now` is its own clock in seconds."""

    def __init__(self, name: str, nodes: tuple[str, ...], session: bytes, key: bytes, signature: str) -> None:
        self.name, self.nodes, self.session, self._key = name, nodes, session, key
        self._signature = sha256(signature.encode()).digest()[:16]
        self._counter = 0
        self.known: dict[str, Known] = {}
        self.refused: list[str] = []

    def beats(self, now: float) -> dict[str, bytes]:
        """A heartbeat for each peer."""
        hears = sum(1 << number for number, node in enumerate(self.nodes) if node in self.alive(now))
        module = [module_id("web"), UP, READY, FARM, 1, 0, 0, b""]
        page = [self._signature, f"uuid-{self.name}", "1", 9453, 9010, [hears], 1, 0, 1, [module], True]
        made = {}
        for peer in self.nodes:
            if peer != self.name:
                self._counter += 1
                one = self.known.get(peer)
                echoes = [[one.session, one.stamp, int((now - one.at) * 1e6)]] if one else []
                body = [0, int(now * 1e6), 0, echoes, page]
                made[peer] = written(self._key, self.session, self.name, self._counter, body)
        return made

    def receive(self, data: bytes, now: float) -> None:
        """Believe it by the echo of a stamp of the last second."""
        try:
            datagram = read(self._key, data)
        except Refused as why:
            self.refused.append(str(why))
            return
        _, stamp, _, echoes, page = datagram.body[:5]
        before = self.known.get(datagram.sender)
        one = before if before and before.session == datagram.session else Known(datagram.session, stamp, now)
        one.stamp, one.at, one.page = stamp, now, page
        one.versions.append(datagram.version)
        self.known[datagram.sender] = one
        for session, echoed, hold in (echo[:3] for echo in echoes):
            if session == self.session and 0 <= now * 1e6 - echoed <= 1e6 and hold < 1e6:
                one.proven = now

    def alive(self, now: float) -> set[str]:
        """The peers heard both ways within a second."""
        return {name for name, one in self.known.items() if one.proven is not None and now < one.proven + 1.0}
