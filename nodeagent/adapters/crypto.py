"""Seals heartbeats: HKDF-SHA256 gives every (cluster key, session, sender) its own ChaCha20-Poly1305 key."""

from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nodeagent.core.heartbeat import KEY_ID_SIZE


class ChaChaSealer:
    """The `Sealer` of the heartbeats. The nonce is the session's counter, which is never used twice."""

    def key_id(self, key: bytes) -> bytes:
        """A hash of the key; safe to show."""
        return sha256(b"keepgreen key id" + key).digest()[:KEY_ID_SIZE]

    def seal(self, key: bytes, session: bytes, sender: str, counter: int, *, header: bytes, body: bytes) -> bytes:
        """The body encrypted, body and header authenticated."""
        return _cipher(key, session, sender).encrypt(_nonce(counter), body, header)

    def open(
        self, key: bytes, session: bytes, sender: str, counter: int, *, header: bytes, sealed: bytes
    ) -> bytes | None:
        """The body, None when it or the header was not sealed so."""
        try:
            return _cipher(key, session, sender).decrypt(_nonce(counter), sealed, header)
        except InvalidTag:
            return None


def _nonce(counter: int) -> bytes:
    return counter.to_bytes(12, "big")


@lru_cache(maxsize=512)
def _cipher(key: bytes, session: bytes, sender: str) -> ChaCha20Poly1305:
    info = b"keepgreen heartbeat" + session + sender.encode()
    return ChaCha20Poly1305(HKDF(SHA256(), 32, salt=None, info=info).derive(key))
