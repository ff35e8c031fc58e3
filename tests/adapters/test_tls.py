"""The node's key pair: made once, private, the same pin for good."""

import ssl
import stat
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nodeagent.adapters.tls import NodeKeys
from nodeagent.contract.pin_words import WORDS
from nodeagent.contract.pins import pin_of_certificate, words_of


def test_first_start_makes_them_and_later_starts_keep_them(tmp_path: Path) -> None:
    first = NodeKeys(tmp_path / "tls", "node1.example")
    again = NodeKeys(tmp_path / "tls")
    assert first.pin == again.pin
    assert len(first.pin) == 64
    assert first.words == again.words == words_of(first.pin)
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "tls" / "key.pem").stat().st_mode) == 0o600
    certificate = x509.load_pem_x509_certificate((tmp_path / "tls" / "certificate.pem").read_bytes())
    assert pin_of_certificate(certificate.public_bytes(Encoding.DER)) == first.pin
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node1.example"]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days > 36000
    assert NodeKeys(tmp_path / "other").pin != first.pin


def test_a_lost_certificate_comes_back_with_the_same_pin(tmp_path: Path) -> None:
    pin = NodeKeys(tmp_path).pin
    (tmp_path / "certificate.pem").unlink()
    assert NodeKeys(tmp_path, "ü" * 80).pin == pin
    assert (tmp_path / "certificate.pem").exists()


def test_server_context_speaks_nothing_old(tmp_path: Path) -> None:
    context = NodeKeys(tmp_path).server_context()
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_damage_is_said_in_a_sentence(tmp_path: Path) -> None:
    NodeKeys(tmp_path / "a")
    NodeKeys(tmp_path / "b")
    (tmp_path / "b" / "certificate.pem").replace(tmp_path / "a" / "certificate.pem")
    with pytest.raises(ValueError, match="does not belong to the key"):
        NodeKeys(tmp_path / "a")
    (tmp_path / "a" / "certificate.pem").write_text("nonsense")
    with pytest.raises(ValueError, match="not a certificate"):
        NodeKeys(tmp_path / "a")
    (tmp_path / "a" / "key.pem").write_text("nonsense")
    with pytest.raises(ValueError, match="not a private key"):
        NodeKeys(tmp_path / "a")
    other = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "a" / "key.pem").write_bytes(other)
    with pytest.raises(ValueError, match="not an elliptic curve key"):
        NodeKeys(tmp_path / "a")


def test_the_words_are_2048_short_distinct_and_told_apart_early() -> None:
    assert len(WORDS) == len(set(WORDS)) == 2048
    assert all(word.isascii() and word.isalpha() and word.islower() and 3 <= len(word) <= 8 for word in WORDS)
    assert len({word[:4] for word in WORDS}) == 2048


def test_words_show_66_bits_of_the_pin() -> None:
    assert words_of("0" * 64) == " ".join([WORDS[0]] * 6)
    assert words_of("f" * 64) == " ".join([WORDS[-1]] * 6)
    first = words_of("8" + "0" * 63).split()
    assert first == [WORDS[1024], *[WORDS[0]] * 5]
    last_bit_shown = f"{1 << (256 - 66):064x}"
    assert words_of(last_bit_shown).split()[-1] == WORDS[1]
    assert words_of(f"{(1 << (256 - 66)) - 1:064x}") == words_of("0" * 64)
