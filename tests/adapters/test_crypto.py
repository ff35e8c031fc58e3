import pytest
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from nodeagent.adapters.crypto import ChaChaSealer
from nodeagent.core.membership import Membership
from tests.fakes.farm import cluster
from tests.fakes.sealer import FakeSealer

KEY, SESSION = bytes(range(32)), bytes(range(16))


def test_vector() -> None:
    """The wire format: any other result would cut this version off from its neighbours."""
    sealed = ChaChaSealer().seal(KEY, SESSION, "node1", 7, header=b"header", body=b"body")
    assert sealed.hex() == "1d7049d2e91552761be894b75648b003d46b7a96"
    key = HKDF(SHA256(), 32, None, b"keepgreen heartbeat" + SESSION + b"node1").derive(KEY)
    assert ChaCha20Poly1305(key).decrypt((7).to_bytes(12, "big"), sealed, b"header") == b"body"
    assert ChaChaSealer().key_id(KEY).hex() == "dd4580c21f9fc151"


@pytest.mark.parametrize("sealer", [ChaChaSealer(), FakeSealer()], ids=["real", "fake"])
def test_nothing_may_differ(sealer: ChaChaSealer | FakeSealer) -> None:
    sealed = sealer.seal(KEY, SESSION, "node1", 7, header=b"header", body=b"body")
    assert len(sealed) == len(b"body") + 16
    assert sealer.open(KEY, SESSION, "node1", 7, header=b"header", sealed=sealed) == b"body"
    wrong = [
        (KEY[::-1], SESSION, "node1", 7, b"header", sealed),
        (KEY, SESSION[::-1], "node1", 7, b"header", sealed),
        (KEY, SESSION, "node2", 7, b"header", sealed),
        (KEY, SESSION, "node1", 8, b"header", sealed),
        (KEY, SESSION, "node1", 7, b"Header", sealed),
        (KEY, SESSION, "node1", 7, b"header", sealed[:-1]),
        (KEY, SESSION, "node1", 7, b"header", b"B" + sealed[1:]),
        (KEY, SESSION, "node1", 7, b"header", b""),
    ]
    assert [sealer.open(*case[:4], header=case[4], sealed=case[5]) for case in wrong] == [None] * len(wrong)
    assert len(sealer.key_id(KEY)) == 8
    assert sealer.key_id(KEY) != sealer.key_id(KEY[::-1])


def test_two_memberships_hear_each_other_under_the_real_seal() -> None:
    nodes = {
        name: Membership(name.encode() * 3 + b"!", name, ChaChaSealer(), "1", (1, 2)) for name in ("node1", "node2")
    }
    for name, membership in nodes.items():
        membership.configure(cluster(2), name, (KEY,), 0.0)
    for step in range(4):
        for membership in nodes.values():
            for datagram in membership.tick(step / 10):
                nodes[datagram.peer].receive("lan1", "10.0.1.9", datagram.data, step / 10)
    assert [[peer.alive for peer in membership.peers(0.4, 0.0)] for membership in nodes.values()] == [[True], [True]]
