"""Who serves a module: the same members give the same view and the same epoch on every node."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from nodeagent.contract.states import State, Status
from nodeagent.core.heartbeat import ModuleBeat


@dataclass(frozen=True, slots=True)
class Member:
    """A living node of a module, with the session of its agent and what it says of the module."""

    node: str
    session: bytes
    beat: ModuleBeat


def view_of(members: Iterable[Member]) -> tuple[Member, ...]:
    """The members that are UP Ready; if none, those that restart; if none, nobody."""
    members = tuple(members)
    ready = tuple(m for m in members if m.beat.state is State.UP and m.beat.status is Status.READY)
    return ready or tuple(m for m in members if m.beat.restarting)


def epoch_of(powers: Sequence[tuple[str, int]], rules: str, view: Iterable[Member]) -> int:
    """64 bits that name a slot table: configured (node, power) in id order, the rules' signature, the view."""
    digest = sha256()

    def put(text: bytes) -> None:
        digest.update(len(text).to_bytes(4, "big") + text)

    for node, power in powers:
        put(node.encode())
        put(str(power).encode())
    put(b"")
    put(rules.encode())
    for member in sorted(view, key=lambda m: m.node):
        put(member.node.encode())
        put(member.session)
    return int.from_bytes(digest.digest()[:8], "big")
