"""The pin of a node: the SHA-256 of its public key, in hex and as six words that people can compare."""

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from nodeagent.contract.pin_words import WORDS

BITS_PER_WORD = 11
WORDS_SHOWN = 6


def pin_of_key(public_key: bytes) -> str:
    """The pin of a public key given as DER SubjectPublicKeyInfo."""
    return hashlib.sha256(public_key).hexdigest()


def pin_of_certificate(certificate: bytes) -> str:
    """The pin of the key in a DER certificate. Raises ValueError when it is no certificate."""
    key = x509.load_der_x509_certificate(certificate).public_key()
    return pin_of_key(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def is_signed(public_key: bytes, signature: bytes, text: bytes) -> bool:
    """Whether this DER public key has signed the text: ECDSA with SHA-256."""
    try:
        key = load_der_public_key(public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, text, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def words_of(pin: str) -> str:
    """The first 66 bits of a pin as six words, e.g. `harbor lemon …`. Raises ValueError when it is not hex."""
    bits = int(pin, 16) >> (len(pin) * 4 - BITS_PER_WORD * WORDS_SHOWN)
    indexes = [(bits >> (BITS_PER_WORD * at)) % len(WORDS) for at in reversed(range(WORDS_SHOWN))]
    return " ".join(WORDS[index] for index in indexes)
