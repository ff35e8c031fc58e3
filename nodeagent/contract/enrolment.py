"""Enrolment: two nodes learn each other's key by a code that a person carries from one to the other.

The node that is open and the one that joins prove to each other that they know the code, over the keys that the TLS
connection between them really has: somebody in between, who has other keys, cannot pass the proofs on. The code has
100 bits, so a proof that is overheard does not help to guess it. Neither a password nor the cluster key is sent.
See docs/adr/0008-enrolment-by-a-code.md.
"""

import hmac
from enum import StrEnum
from typing import Annotated, Final

import msgspec

NONCE: Final = 16
"""Bytes."""
CODE_BYTES: Final = 13
"""Random bytes that a code is made from."""
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing in it is mistaken for something else."""
_ALIKE: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_LETTERS: Final = 20
_GROUP: Final = 5
_LABEL: Final = b"keepgreen enrolment 1"

Nonce = Annotated[bytes, msgspec.Meta(min_length=NONCE, max_length=NONCE)]
NodeName = Annotated[str, msgspec.Meta(pattern=r"\A[A-Za-z0-9._-]{1,63}\Z")]
_Key = Annotated[bytes, msgspec.Meta(max_length=1024)]
_Mac = Annotated[bytes, msgspec.Meta(min_length=32, max_length=32)]


class Side(StrEnum):
    """Whose proof it is: one side's is worth nothing as the other's."""

    JOINS = "joins"
    IS_OPEN = "is open"


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first request: a challenge is wanted."""


class Challenge(msgspec.Struct, frozen=True):
    """Its answer: good for one proof."""

    nonce: Nonce


class Proof(msgspec.Struct, frozen=True, tag="proof"):
    """The second request: who joins, and that it knows the code and has the key."""

    nonce: Nonce
    """Of the challenge."""
    own_nonce: Nonce
    name: NodeName
    uuid: Annotated[str, msgspec.Meta(max_length=64)]
    public_key: _Key
    """DER SubjectPublicKeyInfo."""
    mac: _Mac
    signature: _Key
    """ECDSA with SHA-256 over what the mac is made of."""


class Welcome(msgspec.Struct, frozen=True):
    """Its answer: the open node knows the code, too, and knows the newcomer now."""

    name: NodeName
    mac: _Mac


class Denied(msgspec.Struct, frozen=True):
    """Every other answer: why not, one sentence."""

    detail: str


class EnrolOpened(msgspec.Struct, frozen=True):
    """Answer to `POST /enrol`: the code, and for how many seconds it is good."""

    code: str
    port: int
    seconds: float


class EnrolJoin(msgspec.Struct, frozen=True):
    """`POST /enrol/join`: where the open node is, its code, and as which node of its cluster.xml this one comes."""

    address: Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
    code: Annotated[str, msgspec.Meta(max_length=64)]
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)]
    name: str = ""
    """Left out: the host's name."""


class Enrolled(msgspec.Struct, frozen=True):
    """Its answer: the node that is known now, and as whom it knows this one."""

    name: str
    pin: str
    own_name: str


def code_of(random: bytes) -> str:
    """CODE_BYTES random bytes as a code, e.g. `7K2QX-…`."""
    number = int.from_bytes(random)
    letters = "".join(_ALPHABET[(number >> 5 * at) % 32] for at in range(_LETTERS))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _LETTERS, _GROUP))


def key_of(code: str) -> bytes:
    """The secret that a code stands for, however it was typed. Raises ValueError in words."""
    letters = code.upper().translate(_ALIKE)
    if len(letters) != _LETTERS or set(letters) - set(_ALPHABET):
        raise ValueError(f"the code has {_LETTERS} letters and digits, as `enrol open` wrote it")
    return letters.encode()


def said_by(side: Side, own_pin: str, other_pin: str, nonces: tuple[bytes, bytes], name: str, uuid: str = "") -> bytes:
    """What a side proves: who it is, whom it met, in which exchange. `nonces`: of the one that joins, of the other."""
    fields = (side.encode(), own_pin.encode(), other_pin.encode(), *nonces, name.encode(), uuid.encode())
    return _LABEL + b"".join(len(field).to_bytes(4) + field for field in fields)


def mac_of(key: bytes, said: bytes) -> bytes:
    """That the code is known to who says this."""
    return hmac.digest(key, said, "sha256")
