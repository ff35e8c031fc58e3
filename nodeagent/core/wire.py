"""Alive on the wire: small sealed frames to the virtual MAC tell that a node serves, whatever UDP does.

Each probe carries what the heartbeats carry of the modules with a virtual IP. It is believed only from a
session that heartbeats have proven before, and only with a higher counter than the last: a probe can keep
a node that fell silent in the table, not bring in one that was never heard.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from nodeagent.core.heartbeat import KEY_ID_SIZE, SEAL_SIZE, SESSION_SIZE, ModuleBeat, ModuleEntry, Sealer, module_entry

PROBE_PULSES: Final = 3
"""Every so many pulses a probe goes out."""

_MAGIC: Final = b"KW"
_FIXED: Final = struct.Struct(f">2s{KEY_ID_SIZE}s{SESSION_SIZE}sQB")
_LABEL: Final = "/wire"
"""Behind the sender's name for the seal: heartbeats and probes never share a key."""

_MOST: Final = 1400


class ProbeBody(msgspec.Struct, array_like=True, frozen=True):
    """The sender's modules with a virtual IP on this interface."""

    modules: list[ModuleEntry]


@dataclass(slots=True)
class Heard:
    """The last believed probe of a node on one interface."""

    at: float
    counter: int
    session: bytes
    mac: str
    modules: dict[int, ModuleBeat]


@dataclass(slots=True)
class Wire:
    """The probes of one agent run (`session`: 16 random bytes)."""

    session: bytes
    sealer: Sealer
    _me: str = ""
    _keys: dict[bytes, bytes] = field(default_factory=dict)
    _active: bytes = b""
    _counter: int = 0
    _heard: dict[tuple[str, str], Heard] = field(default_factory=dict)

    def configure(self, me: str, keys: tuple[bytes, ...]) -> None:
        """This node's name and the cluster's keys, the active one first."""
        self._me, self._active = me, keys[0] if keys else b""
        self._keys = {self.sealer.key_id(key): key for key in keys}

    def probe(self, modules: Mapping[str, ModuleBeat]) -> bytes:
        """What to send now; empty without a key."""
        if not self._active:
            return b""
        self._counter += 1
        me = self._me.encode()
        fixed = (_MAGIC, self.sealer.key_id(self._active), self.session, self._counter, len(me))
        header = _FIXED.pack(*fixed) + me
        body = msgspec.msgpack.encode(ProbeBody([module_entry(name, beat) for name, beat in modules.items()]))
        sender = self._me + _LABEL
        return header + self.sealer.seal(self._active, self.session, sender, self._counter, header=header, body=body)

    def receive(
        self, interface: str, mac: str, data: bytes, now: float, session_of: Callable[[str], bytes | None]
    ) -> str:
        """Take a frame; the name of its sender when it is believed, else empty."""
        if not _FIXED.size + SEAL_SIZE < len(data) <= _MOST:
            return ""
        magic, key_id, session, counter, length = _FIXED.unpack_from(data)
        end = _FIXED.size + length
        key = self._keys.get(key_id)
        if magic != _MAGIC or key is None or session == self.session:
            return ""
        try:
            sender = data[_FIXED.size : end].decode("ascii")
        except UnicodeDecodeError:
            return ""
        last = self._heard.get((interface, sender))
        if session != session_of(sender) or (last and last.session == session and counter <= last.counter):
            return ""
        body = self.sealer.open(key, session, sender + _LABEL, counter, header=data[:end], sealed=data[end:])
        if body is None:
            return ""
        try:
            probe = msgspec.msgpack.decode(body, type=ProbeBody)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ""
        modules = {entry.module: beat for entry in probe.modules if (beat := entry.beat())}
        self._heard[interface, sender] = Heard(now, counter, session, mac, modules)
        return sender

    def heard(self, node: str, window: float, now: float) -> tuple[Heard, ...]:
        """The node's probes of the last `window` seconds, one per interface."""
        return tuple(heard for (_, name), heard in self._heard.items() if name == node and now < heard.at + window)

    def mac(self, interface: str, node: str) -> str:
        """The hardware address a node last sent a probe from, empty when none was believed."""
        heard = self._heard.get((interface, node))
        return heard.mac if heard else ""

    def heard_on(self, node: str, window: float, now: float) -> frozenset[str]:
        """The interfaces on which a probe of the node came in within the last `window` seconds."""
        return frozenset(on for (on, name), heard in self._heard.items() if name == node and now < heard.at + window)

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long."""
        for heard in self._heard.values():
            heard.at += seconds
