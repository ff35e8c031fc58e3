"""FakeSealer: authenticated, fast, not secret."""

from hashlib import blake2b


class FakeSealer:
    """Seals by a keyed 16-byte hash; the body stays readable."""

    def key_id(self, key: bytes) -> bytes:
        """The first bytes of a hash of the key."""
        return blake2b(key, digest_size=8).digest()

    def seal(self, key: bytes, session: bytes, sender: str, counter: int, header: bytes, body: bytes) -> bytes:
        """Body and tag."""
        return body + self._tag(key, session, sender, counter, header, body)

    def open(self, key: bytes, session: bytes, sender: str, counter: int, header: bytes, sealed: bytes) -> bytes | None:
        """The body when the tag fits."""
        body, tag = sealed[:-16], sealed[-16:]
        return body if tag == self._tag(key, session, sender, counter, header, body) else None

    @staticmethod
    def _tag(key: bytes, session: bytes, sender: str, counter: int, header: bytes, body: bytes) -> bytes:
        seed = b"%b%b%d%b" % (session, sender.encode(), counter, header)
        return blake2b(seed + body, key=key[:64], digest_size=16).digest()
