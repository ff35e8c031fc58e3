"""What a checker of any kind does, and the words all kinds share."""

import errno
import ssl
import sys
from dataclasses import dataclass
from typing import Protocol

_SHORT = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN})

_REASONS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was reset",
    errno.ECONNABORTED: "the connection was aborted",
    errno.EHOSTUNREACH: "no route to the host",
    errno.ENETUNREACH: "the network is unreachable",
    errno.ETIMEDOUT: "no answer",
    errno.EADDRNOTAVAIL: "this node has no address to ask from",
}
if sys.platform == "win32":
    _REASONS |= {
        1225: "connection refused",
        1231: "the network is unreachable",
        1232: "no route to the host",
        121: "no answer",
        10061: "connection refused",
        10054: "the connection was reset",
        10065: "no route to the host",
        10051: "the network is unreachable",
        10060: "no answer",
    }


@dataclass(frozen=True, slots=True)
class Seen:
    """The outcome of one look; the fields mean what they mean in CheckerResult."""

    good: bool | None
    text: str
    restarted: bool = False


class Look(Protocol):
    """One kind of checker with the parameters of one rule."""

    async def look(self) -> Seen:
        """Look once. May take for ever: the caller cuts it off. Raises OSError when the network refuses."""


def answered(seconds: float) -> Seen:
    """A good answer and how long it took."""
    return Seen(True, f"answer in {seconds * 1000:.1f} ms" if seconds < 1 else f"answer in {seconds:.1f} s")


def refused(error: OSError) -> Seen:
    """What an error says of whom was asked; nothing, when it is this node that lacks something."""
    if error.errno in _SHORT:
        return Seen(None, f"this node cannot look: {error.strerror}")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Seen(False, f"the certificate is not trusted: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return Seen(False, f"no TLS: {(error.reason or 'the other side does not speak it').lower().replace('_', ' ')}")
    known = _REASONS.get(getattr(error, "winerror", None) or error.errno or 0)
    text = error.strerror or str(error) or type(error).__name__
    return Seen(False, known or text[:1].lower() + text[1:])
