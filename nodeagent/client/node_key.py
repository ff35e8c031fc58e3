"""What the client has to know of a node's own key, which lives with the agent."""

from typing import Protocol


class NodeKey(Protocol):
    """The key pair of a node."""

    @property
    def pin(self) -> str:
        """SHA-256 of the public key, in hex."""

    @property
    def public_key(self) -> bytes:
        """DER SubjectPublicKeyInfo."""

    def sign(self, text: bytes) -> bytes:
        """ECDSA with SHA-256."""
