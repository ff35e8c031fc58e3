"""Alive, lost, degraded: how a peer's verdicts change, each change with its line for the log."""

from collections.abc import Iterable
from dataclasses import dataclass

from nodeagent.contract.states import LogType
from nodeagent.core.peer import Link, Peer


@dataclass(frozen=True, slots=True)
class PeerChange:
    """Something about a peer that belongs in the log."""

    type: LogType
    text: str


def proven(peer: Peer, link: Link, same_configuration: bool, now: float, window: float) -> list[PeerChange]:
    """The peer was heard both ways on this link."""
    changes = []
    if not link.heard and link.lives(now, window):
        link.heard, link.since = True, now
        if peer.alive:
            changes.append(PeerChange(LogType.INFO, f"{peer.name} is heard on lan {link.lan} too"))
    if link.heard and not peer.alive:
        peer.alive, peer.since, peer.reason = True, now, ""
        version = f", version {peer.page.version}" if peer.page else ""
        changes.append(PeerChange(LogType.INFO, f"{peer.name} is heard on lan {link.lan} from {link.source}{version}"))
    peer.degraded = peer.alive and not all(each.heard for each in peer.links.values())
    if same_configuration != peer.same_configuration:
        peer.same_configuration = same_configuration
        if same_configuration:
            changes.append(PeerChange(LogType.INFO, f"{peer.name} has the same configuration again"))
        else:
            changes.append(PeerChange(LogType.ERROR, f"{peer.name} has another configuration of the cluster"))
    return changes


def said_goodbye(peer: Peer, now: float) -> list[PeerChange]:
    """The peer leaves; no window is waited for."""
    for link in peer.links.values():
        link.proven = None
        if link.heard:
            link.heard, link.since = False, now
    if not peer.alive:
        return []
    _dead(peer, "said goodbye", now)
    return [PeerChange(LogType.INFO, f"{peer.name} said goodbye")]


def silent(peer: Peer, now: float, window: float) -> list[PeerChange]:
    """Time has passed: give up the links that do not live any more."""
    ended = [link for link in peer.links.values() if link.heard and not link.lives(now, window)]
    if not ended:
        return []
    for link in ended:
        link.heard, link.since = False, now
    if works := ", ".join(link.lan for link in peer.links.values() if link.heard):
        peer.degraded = True
        texts = [f"{peer.name} lost on lan {link.lan}: {link.silence(now, window)}; {works} works" for link in ended]
        return [PeerChange(LogType.ERROR, text) for text in texts]
    _dead(peer, ended[-1].silence(now, window), now)
    return [PeerChange(LogType.ERROR, f"{peer.name} lost: {peer.reason}")]


def stood_still(peers: Iterable[Peer], patience: float, now: float) -> float | None:
    """Seconds by which this node's clock stood still, if all living peers say so (or do not object in time)."""
    living = [peer for peer in peers if peer.alive]
    if not (ahead := [peer for peer in living if peer.ahead_since is not None]):
        return None
    first = min(peer.ahead_since for peer in ahead if peer.ahead_since is not None)
    others = [peer for peer in living if peer.ahead_since is None]
    if any(peer.compared >= first for peer in others):
        for peer in ahead:  # the other's clock jumped
            peer.forget_clock()
        return None
    if others and now < first + patience:
        return None
    return min(peer.ahead for peer in ahead) / 1e6


def _dead(peer: Peer, reason: str, now: float) -> None:
    peer.alive, peer.degraded, peer.since, peer.reason = False, False, now, reason
    peer.newest = 0  # it may come back with the previous version
    peer.forget_clock()
    peer.gap.pause()
