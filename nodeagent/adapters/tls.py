"""The node's own key pair: made once, kept for good; its pin is what consoles and peers trust."""

import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from nodeagent.contract.pins import pin_of_certificate, pin_of_key, words_of
from nodeagent.durable import PRIVATE, write_durably

YEARS = 100
NAME_CAP = 64
"""Characters X.509 allows in a common name."""


class NodeKeys:
    """Reads the key and certificate in `directory`, or makes them. Blocks; raises OSError, and ValueError in words.

    `key.pem` alone is enough: a lost certificate is made again with the same pin. A certificate of a
    company's CA may take the place of ours as long as it belongs to this key.
    """

    def __init__(self, directory: Path, host: str | None = None) -> None:
        self._key_file, self._certificate_file = directory / "key.pem", directory / "certificate.pem"
        key = self._key()
        self._private = key
        self.public_key = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        """DER SubjectPublicKeyInfo."""
        self.pin = pin_of_key(self.public_key)
        """SHA-256 of the public key, 64 hex digits."""
        self.words = words_of(self.pin)
        """The same for people."""
        if not self._certificate_file.exists():
            certificate = self_signed(key, host or socket.gethostname())
            write_durably(self._certificate_file, certificate.public_bytes(Encoding.PEM))
        self._check_certificate()

    def server_context(self) -> ssl.SSLContext:
        """For the API's port: TLS 1.2 or newer, this node's certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(self._certificate_file, self._key_file)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def sign(self, text: bytes) -> bytes:
        """ECDSA with SHA-256."""
        return self._private.sign(text, ec.ECDSA(hashes.SHA256()))

    def _key(self) -> ec.EllipticCurvePrivateKey:
        try:
            stored = self._key_file.read_bytes()
        except FileNotFoundError:
            key = ec.generate_private_key(ec.SECP256R1())
            pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            write_durably(self._key_file, pem, PRIVATE)
            return key
        try:
            known = load_pem_private_key(stored, None)
        except (ValueError, TypeError):
            raise ValueError(f"{self._key_file} is not a private key in PEM form without a password") from None
        if not isinstance(known, ec.EllipticCurvePrivateKey):
            raise ValueError(f"{self._key_file} is not an elliptic curve key")
        return known

    def _check_certificate(self) -> None:
        try:
            certificate = x509.load_pem_x509_certificate(self._certificate_file.read_bytes())
        except ValueError:
            raise ValueError(f"{self._certificate_file} is not a certificate in PEM form") from None
        if pin_of_certificate(certificate.public_bytes(Encoding.DER)) != self.pin:
            raise ValueError(f"{self._certificate_file} does not belong to the key in {self._key_file}")


def self_signed(key: ec.EllipticCurvePrivateKey, host: str) -> x509.Certificate:
    """A certificate for this host; nobody relies on its dates, the pin is what counts."""
    try:
        alternative = host.encode("idna").decode()
    except UnicodeError:
        alternative = "localhost"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, alternative[:NAME_CAP])])
    yesterday = datetime.now(UTC) - timedelta(days=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(yesterday)
        .not_valid_after(yesterday + timedelta(days=365.25 * YEARS))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(alternative)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
