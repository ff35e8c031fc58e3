"""Logins of other nodes of the cluster: a signature of the node's key over a challenge of ours.

A challenge is not kept: it carries its own time and seal, and only one that was used is remembered until it is too old,
so strangers who ask for challenges cost no memory. See docs/adr/0006-a-node-logs-in-by-its-key.md.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping

from nodeagent.adapters.http_api.logins import Logins
from nodeagent.contract.api import Session
from nodeagent.contract.node_login import NodeLogin, signed_text
from nodeagent.contract.pins import is_signed, pin_of_key
from nodeagent.engine.ports import Refused

FRESH = 30.0
"""Seconds a challenge is good for."""
SEAL = 32
"""Hex digits of the seal of a challenge."""


class NodeLogins:
    """Gives challenges and takes proofs. `pins` are those of the cluster in force, by node name."""

    def __init__(
        self,
        pin: str,
        pins: Callable[[], Mapping[str, str]],
        logins: Logins,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pin, self._pins, self._logins, self._monotonic = pin, pins, logins, monotonic
        self._secret = secrets.token_bytes(32)
        self._used: dict[str, float] = {}

    def challenge(self) -> str:
        """A nonce that can be signed once."""
        said = f"{self._monotonic():.3f}.{secrets.token_hex(16)}"
        return f"{said}.{self._seal(said)}"

    def login(self, proof: NodeLogin) -> Session:
        """A session for the user of the node whose key has signed. Raises Refused (401)."""
        pin = pin_of_key(proof.public_key)
        name = next((node for node, known in self._pins().items() if known == pin), None)
        if name is None:
            raise Refused(401, "unknown-node", "the key that signed belongs to no node of this cluster")
        made = self._made(proof.nonce)
        text = signed_text(proof.nonce, self._pin, pin, proof.role, proof.user)
        if not is_signed(proof.public_key, proof.signature, text):
            raise Refused(401, "wrong-signature", f"the signature of {name} is not good for this node and challenge")
        self._use(proof.nonce, made)
        user = "".join(letter if letter.isprintable() else "?" for letter in proof.user)
        who = f"node {name}{f' for {user}' if user else ''}"
        return self._logins.open(who, proof.role, lambda: self._pins().get(name) == pin)

    def _made(self, nonce: str) -> float:
        """When this challenge was made. Raises Refused."""
        said, _, seal = nonce.rpartition(".")
        if not hmac.compare_digest(seal.encode("utf-8", "replace"), self._seal(said).encode()):
            raise Refused(401, "no-challenge", "this challenge is not one of this node's")
        made = float(said.rpartition(".")[0])
        if self._monotonic() - made > FRESH or nonce in self._used:
            raise Refused(401, "old-challenge", "this challenge was used already, or is too old")
        return made

    def _use(self, nonce: str, made: float) -> None:
        oldest = self._monotonic() - FRESH
        self._used = {used: when for used, when in self._used.items() if when >= oldest}
        self._used[nonce] = made

    def _seal(self, said: str) -> str:
        return hmac.new(self._secret, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:SEAL]
