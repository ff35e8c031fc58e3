"""Alive on the wire: small sealed frames to the virtual MAC tell that a node serves, whatever UDP does.

Each probe carries what the heartbeats carry of the modules with a virtual IP. It is believed only from a
session that heartbeats have proven before, and only with a higher counter than the last: a probe can keep
a node that fell silent in the table, not bring in one that was never heard. The MAC it was sent to is sealed in
it: what arrives for one virtual MAC says nothing about another on the same interface. Like a heartbeat it gives
back the last stamp heard of each node: so a node that is parted on UDP knows what the other knew when it spoke.
"""

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Final

import msgspec

from nodeagent.core.heartbeat import KEY_ID_SIZE, SEAL_SIZE, SESSION_SIZE, ModuleBeat, ModuleEntry, Sealer, module_entry

PROBE_PULSES: Final = 3
"""Every so many pulses a probe goes out."""

EVERYBODY: Final = "ff:ff:ff:ff:ff:ff"
"""Where a probe goes for an address without a virtual MAC."""

ANY: Final = ""
"""What an agent names that does not yet say where its probes go: one of them counts for every MAC."""

_MAGIC: Final = b"KW"
_FIXED: Final = struct.Struct(f">2s{KEY_ID_SIZE}s{SESSION_SIZE}sQB")
_LABEL: Final = "/wire"
"""Behind the sender's name for the seal: heartbeats and probes never share a key."""

_MOST: Final = 1400
_ECHO_KEY: Final = 8
_MODULES, _ECHOES = 16, 24
"""So many fit into one frame; of more there are several, and who hears puts them together."""


class ProbeBody(msgspec.Struct, array_like=True, frozen=True):
    """The sender's modules with a virtual IP on this interface, or some of them."""

    modules: list[ModuleEntry]
    to: str = ANY
    """The MAC it was sent to."""
    stamp: int = 0
    """The sender's core clock, microseconds."""
    echoes: dict[bytes, int] = {}
    """By the first bytes of a session: the stamp last heard from it."""


@dataclass(slots=True)
class Heard:
    """The last believed probe of a node on one interface to one MAC, put together from its frames."""

    at: float
    counter: int
    session: bytes
    modules: dict[int, ModuleBeat]
    """What the frames with this stamp and those with the one before say."""
    told: dict[int, ModuleBeat]
    """What those with this stamp alone say: a module that is in them no more is forgotten with the next."""
    stamp: int
    echoed: float
    """When this node had sent what the sender had heard last, on this node's clock."""


@dataclass(slots=True)
class Wire:
    """The probes of one agent run (`session`: 16 random bytes)."""

    session: bytes
    sealer: Sealer
    _me: str = ""
    _keys: dict[bytes, bytes] = field(default_factory=dict)
    _active: bytes = b""
    _counter: int = 0
    _heard: dict[tuple[str, str, str], Heard] = field(default_factory=dict)
    """By interface, sender, and the MAC it was sent to."""
    _macs: dict[tuple[str, str], str] = field(default_factory=dict)

    def configure(self, me: str, keys: tuple[bytes, ...]) -> None:
        """This node's name and the cluster's keys, the active one first."""
        self._me, self._active = me, keys[0] if keys else b""
        self._keys = {self.sealer.key_id(key): key for key in keys}

    def probes(self, to: str, modules: Mapping[str, ModuleBeat], now: float) -> list[bytes]:
        """The frames to send to this MAC now, mostly one; none without a key."""
        if not self._active:
            return []
        entries = [module_entry(name, beat) for name, beat in modules.items()]
        echoes: dict[bytes, int] = {}
        for heard in self._heard.values():
            key = heard.session[:_ECHO_KEY]
            echoes[key] = max(echoes.get(key, 0), heard.stamp)
        stamp = int(now * 1e6) + 1  # it tells what has changed at this very time
        parts = max(1, ceil(len(entries) / _MODULES), ceil(len(echoes) / _ECHOES))
        return [
            self._sealed(ProbeBody(entries[part::parts], to, stamp, dict(list(echoes.items())[part::parts])))
            for part in range(parts)
        ]

    def _sealed(self, probe: ProbeBody) -> bytes:
        self._counter += 1
        me = self._me.encode()
        fixed = (_MAGIC, self.sealer.key_id(self._active), self.session, self._counter, len(me))
        header, body = _FIXED.pack(*fixed) + me, msgspec.msgpack.encode(probe)
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
        if session != session_of(sender):
            return ""
        body = self.sealer.open(key, session, sender + _LABEL, counter, header=data[:end], sealed=data[end:])
        if body is None:
            return ""
        try:
            probe = msgspec.msgpack.decode(body, type=ProbeBody)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return ""
        last = self._heard.get((interface, sender, probe.to))
        told = {entry.module: beat for entry in probe.modules if (beat := entry.beat())}
        modules = told
        echoed = probe.echoes.get(self.session[:_ECHO_KEY], 0) / 1e6
        if last and last.session == session:
            if counter <= last.counter:
                return ""
            same, echoed = probe.stamp == last.stamp, max(last.echoed, echoed)
            modules = (last.modules if same else last.told) | told
            told = last.told | told if same else told
        self._heard[interface, sender, probe.to] = Heard(now, counter, session, modules, told, probe.stamp, echoed)
        self._macs[interface, sender] = mac
        return sender

    def heard(self, node: str, window: float, now: float) -> list[Heard]:
        """The node's probes of the last `window` seconds, one per interface and MAC, the newest of a session first."""
        found = [heard for (_, name, _), heard in self._heard.items() if name == node and now < heard.at + window]
        return sorted(found, key=lambda heard: heard.counter, reverse=True)

    def echoed(self, node: str) -> float:
        """When this node had sent what the other has heard last by its own probes, on this node's clock; 0: never."""
        return max((heard.echoed for (_, name, _), heard in self._heard.items() if name == node), default=0.0)

    def mac(self, interface: str, node: str) -> str:
        """The hardware address a node last sent a probe from, empty when none was believed."""
        return self._macs.get((interface, node), "")

    def arrives(self, node: str, interface: str, to: str, window: float, now: float) -> bool:
        """Whether a probe of the node to this MAC came in on the interface within the last `window` seconds."""
        found = (self._heard.get((interface, node, mac)) for mac in (to, ANY))
        return any(heard is not None and now < heard.at + window for heard in found)

    def forgive(self, seconds: float) -> None:
        """This node stood still for so long."""
        for heard in self._heard.values():
            heard.at += seconds
