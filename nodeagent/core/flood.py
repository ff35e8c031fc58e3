"""Does the network bring a frame to every node whose MAC nobody has ever sent from? One node's part in a round.

`vmac_invisible` lives on switches that flood such frames. In a round every node sends, to a MAC that is made of the
round and its name and so was never used, and to everybody: who hears the second and not the first sits behind a port
that does not flood. The frames are sealed with the cluster key; what is not of this round says nothing.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

import msgspec

from nodeagent.core.heartbeat import KEY_ID_SIZE, SEAL_SIZE, SESSION_SIZE, Sealer
from nodeagent.core.wire import EVERYBODY

_MAGIC: Final = b"KF"
_FIXED: Final = struct.Struct(f">2s{KEY_ID_SIZE}s{SESSION_SIZE}sQB")
_LABEL: Final = "/flood"
"""Behind the sender's name for the seal: no two kinds of frames share a key."""
_MOST: Final = 512


class FloodBody(msgspec.Struct, array_like=True, frozen=True):
    """The round, and the MAC it was sent to."""

    round: bytes
    to: str


def unknown_mac(round: bytes, node: str) -> str:
    """A MAC that nobody has: unicast, locally administered, one of each node for each round."""
    first, *rest = sha256(b"keepgreen flood" + round + node.encode()).digest()[:6]
    return bytes((first & 0xFC | 0x02, *rest)).hex(":")


@dataclass(slots=True)
class FloodRound:
    """What one node sends and hears in a round; `session` are 16 random bytes of its own."""

    round: bytes
    session: bytes
    me: str
    nodes: tuple[str, ...]
    keys: tuple[bytes, ...]
    """Those of the cluster, the active one first; there is one."""
    sealer: Sealer
    near: set[str] = field(default_factory=set)
    """Nodes whose frames to everybody came."""
    reached_by: set[str] = field(default_factory=set)
    """Nodes whose frames to an unknown MAC came."""
    _counter: int = 0

    @property
    def macs(self) -> tuple[str, ...]:
        """Those that the others send to: the hardware must let them pass."""
        return tuple(unknown_mac(self.round, node) for node in self.nodes if node != self.me)

    def frames(self) -> Iterable[tuple[str, bytes]]:
        """(MAC to send to, what) for once."""
        return [(to, self._sealed(to)) for to in (EVERYBODY, unknown_mac(self.round, self.me))]

    def receive(self, data: bytes) -> None:
        """Take a frame; one that is not of this round changes nothing."""
        if not _FIXED.size + SEAL_SIZE < len(data) <= _MOST:
            return
        magic, key_id, session, counter, length = _FIXED.unpack_from(data)
        key = next((key for key in self.keys if self.sealer.key_id(key) == key_id), None)
        end = _FIXED.size + length
        sender = data[_FIXED.size : end].decode("ascii", "replace")
        if magic != _MAGIC or key is None or sender == self.me or sender not in self.nodes:
            return
        opened = self.sealer.open(key, session, sender + _LABEL, counter, header=data[:end], sealed=data[end:])
        try:
            body = msgspec.msgpack.decode(opened or b"", type=FloodBody)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return
        if body.round == self.round:
            heard = {EVERYBODY: self.near, unknown_mac(self.round, sender): self.reached_by}
            heard.get(body.to, set()).add(sender)

    def _sealed(self, to: str) -> bytes:
        self._counter += 1
        key, me = self.keys[0], self.me.encode()
        header = _FIXED.pack(_MAGIC, self.sealer.key_id(key), self.session, self._counter, len(me)) + me
        body = msgspec.msgpack.encode(FloodBody(self.round, to))
        return header + self.sealer.seal(key, self.session, self.me + _LABEL, self._counter, header=header, body=body)
