"""How a node proves to another one who it is: a signature of its key over what the two connections have to agree on.

The text names both ends, so a proof given to one node is worth nothing at another; the nonce makes it good for once.
See docs/adr/0006-a-node-logs-in-by-its-key.md.
"""

from typing import Annotated

import msgspec

from nodeagent.contract.states import Role

_LABEL = b"keepgreen node login 1"
_Word = Annotated[str, msgspec.Meta(max_length=128)]


class NodeChallenge(msgspec.Struct, frozen=True):
    """Answer to `POST /node-challenge`: what has to be signed within 30 s."""

    nonce: _Word


class NodeLogin(msgspec.Struct, frozen=True):
    """`POST /node-login`: a session for `user` of the calling node, with no more than `role`."""

    nonce: _Word
    public_key: Annotated[bytes, msgspec.Meta(max_length=1024)]
    """DER SubjectPublicKeyInfo; its pin is in the cluster, or the login is refused."""
    role: Role
    user: _Word
    signature: Annotated[bytes, msgspec.Meta(max_length=1024)]
    """ECDSA with SHA-256 over `signed_text`."""


def signed_text(nonce: str, server_pin: str, client_pin: str, role: Role, user: str) -> bytes:
    """What the calling node signs; `server_pin` is that of the key it met in the TLS handshake."""
    return b"\0".join([_LABEL, *(part.encode() for part in (nonce, server_pin, client_pin, role, user))])
