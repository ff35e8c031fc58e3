"""The heartbeat on the wire: a clear header, a sealed body.

    header  magic, version written in, newest version spoken, key id, session, counter, sender
    body    msgpack array: flags, stamp, wall offset, echoes, page

The header is authenticated with the body. `stamp` is the sender's core clock, `wall_offset` what it
adds to get wall time, both in microseconds. An echo gives a stamp back: whose session it was, the
stamp, and for how long it was held. The page (see `pages`) is the same for all peers and mostly the
same as in the last heartbeat, so a receiver decodes it only when its bytes changed.

Structs are msgpack arrays: a later version appends fields, an earlier one ignores them.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from nodeagent.contract.states import Mode, State, Status

PROTOCOL: Final = 1
"""The newest version of this code; it also accepts the one before."""
MAX_DATAGRAM: Final = 1200
SEAL_SIZE: Final = 16
KEY_ID_SIZE: Final = 8
SESSION_SIZE: Final = 16
LEAVING: Final = 1
"""Flag: the sender says goodbye."""

_MAGIC: Final = b"KG"
_FIXED: Final = struct.Struct(f">2sBB{KEY_ID_SIZE}s{SESSION_SIZE}sQB")

_STATES: Final[Mapping[State, int]] = {
    State.STOP: 0,
    State.WAIT: 1,
    State.ALONE: 2,
    State.PRIM: 3,
    State.SECOND: 4,
    State.UP: 5,
}
_STATUSES: Final[Mapping[Status, int]] = {Status.NOT_READY: 0, Status.TRANSIENT: 1, Status.READY: 2}
_MODES: Final[Mapping[Mode, int]] = {Mode.FARM: 0, Mode.LIGHT: 1, Mode.MIRROR: 2}
_STATE_OF: Final = {code: state for state, code in _STATES.items()}
_STATUS_OF: Final = {code: status for status, code in _STATUSES.items()}
_MODE_OF: Final = {code: mode for mode, code in _MODES.items()}


class Sealer(Protocol):
    """Authenticated encryption under a cluster key; a pure function of its arguments."""

    def key_id(self, key: bytes) -> bytes:
        """8 bytes that name the key and tell nothing about it."""

    def seal(self, key: bytes, session: bytes, sender: str, counter: int, *, header: bytes, body: bytes) -> bytes:
        """The sealed body, 16 bytes longer; a counter is used once in a session."""

    def open(
        self, key: bytes, session: bytes, sender: str, counter: int, *, header: bytes, sealed: bytes
    ) -> bytes | None:
        """The body, None when anything of it is not what was sealed."""


@dataclass(frozen=True, slots=True)
class ModuleBeat:
    """What a node tells its peers about one module. `restarting`: serves again soon, may serve if nobody else does."""

    state: State
    status: Status
    mode: Mode = Mode.FARM
    power: int = 1
    epoch: int = 0
    """The slot epoch this node has applied (64 bits)."""
    payload: bytes = b""
    """What the mode adds: of a virtual IP the epoch seen and the signature of the newest powers."""
    restarting: bool = False

    @property
    def with_vip(self) -> bool:
        """Started with its virtual IP: what a revision adds or removes comes to a module that is UP with its stop."""
        return bool(self.payload)


@dataclass(frozen=True, slots=True)
class Header:
    """The clear part. `version` is what the body is written in, `newest` what the sender speaks."""

    version: int
    newest: int
    key_id: bytes
    session: bytes
    counter: int
    sender: str

    def encode(self) -> bytes:
        """The bytes that go in front of the sealed body."""
        name = self.sender.encode()
        fixed = (_MAGIC, self.version, self.newest, self.key_id, self.session, self.counter, len(name))
        return _FIXED.pack(*fixed) + name


class Echo(msgspec.Struct, array_like=True, frozen=True):
    """Gives a stamp back to the session that sent it, with the microseconds it was held."""

    session: bytes
    stamp: int
    hold: int


class Beat(msgspec.Struct, array_like=True, frozen=True):
    """The body; times in microseconds."""

    flags: int
    stamp: int
    wall_offset: int
    echoes: list[Echo]
    page: msgspec.Raw


class ModuleEntry(msgspec.Struct, array_like=True, frozen=True):
    """A module on the wire. `flags` bit 0: restarting."""

    module: int
    state: int
    status: int
    mode: int
    power: int
    flags: int
    epoch: int
    payload: bytes

    def beat(self) -> ModuleBeat | None:
        """None when a later version uses words that this one does not know."""
        state, status, mode = _STATE_OF.get(self.state), _STATUS_OF.get(self.status), _MODE_OF.get(self.mode)
        if state is None or status is None or mode is None:
            return None
        return ModuleBeat(state, status, mode, self.power, self.epoch, self.payload, bool(self.flags & 1))


class Page(msgspec.Struct, array_like=True, frozen=True):
    """Who the sender is, whom it hears, and one page of its modules."""

    signature: bytes
    uuid: str
    version: str
    api_port: int
    health_port: int
    hears: list[int]
    """Per lan in the order of the configuration: bit n-1 is set when node id n is heard."""
    module_set: int
    """Grows when the set of modules changes."""
    index: int
    pages: int
    modules: list[ModuleEntry]
    confirmed: bool = False
    """The sender's cluster configuration is final; a sender of before this field never says so."""


_encode = msgspec.msgpack.Encoder().encode
_decode_beat = msgspec.msgpack.Decoder(Beat).decode
_decode_page = msgspec.msgpack.Decoder(Page).decode


@cache
def module_id(name: str) -> int:
    """A module's name on the wire: the first 8 bytes of its SHA-256."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big")


def module_entry(name: str, beat: ModuleBeat) -> ModuleEntry:
    """A module as it goes on the wire."""
    return ModuleEntry(
        module_id(name),
        _STATES[beat.state],
        _STATUSES[beat.status],
        _MODES[beat.mode],
        beat.power,
        int(beat.restarting),
        beat.epoch,
        beat.payload,
    )


def read_header(data: bytes) -> tuple[Header, int] | None:
    """The header and where the sealed body begins; None when it is no heartbeat at all."""
    if not _FIXED.size + SEAL_SIZE < len(data) <= MAX_DATAGRAM:
        return None
    magic, version, newest, key_id, session, counter, length = _FIXED.unpack_from(data)
    end = _FIXED.size + length
    if magic != _MAGIC or not length or end + SEAL_SIZE >= len(data):
        return None
    try:
        sender = data[_FIXED.size : end].decode("ascii")
    except UnicodeDecodeError:
        return None
    return Header(version, newest, key_id, session, counter, sender), end


def encode_beat(beat: Beat) -> bytes:
    """The body to be sealed."""
    return _encode(beat)


def decode_beat(body: bytes) -> Beat:
    """Raises msgspec.MsgspecError on anything else."""
    return _decode_beat(body)


def encode_page(page: Page) -> msgspec.Raw:
    """The part that all peers get alike."""
    return msgspec.Raw(_encode(page))


def decode_page(raw: msgspec.Raw) -> Page:
    """Raises msgspec.MsgspecError on anything else."""
    return _decode_page(raw)
