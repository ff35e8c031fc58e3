"""A peer as the status snapshot shows it."""

from collections.abc import Mapping, Sequence

from nodeagent.contract.status import LanStatus, PeerModule, PeerStatus
from nodeagent.core.peer import Peer


def peer_status(
    peer: Peer,
    witnesses: Sequence[str],
    names: Mapping[int, str],
    now: float,
    *,
    wall_offset: float,
    window: float,
) -> PeerStatus:
    """Times become wall-clock times by `wall_offset`; `names` are the module names known here.

    `witnesses` are the peers that hear it while this node does not.
    """
    page = peer.page
    modules = peer.session.inbox.modules if peer.session else {}
    reason = peer.reason
    if not peer.alive and reason == "never heard":
        said = [link.silence(now, window) for link in peer.links.values() if link.noticed is not None]
        reason = said[0] if said else reason
    if witnesses:
        reason = f"{reason}; {', '.join(witnesses)} still hears it"
    offset = peer.clock.offset
    return PeerStatus(
        name=peer.name,
        alive=peer.alive,
        since=peer.since + wall_offset,
        reason=reason,
        degraded=peer.degraded,
        same_configuration=peer.same_configuration,
        lans=tuple(LanStatus(ln.lan, ln.address, ln.heard, ln.since + wall_offset) for ln in peer.links.values()),
        modules=tuple(
            PeerModule(names.get(key, f"module {key:016x}"), beat.state, beat.status)
            for key, beat in sorted(modules.items())
        ),
        round_trip=peer.clock.round_trip / 1e6,
        clock_offset=0.0 if offset is None else (offset + peer.wall_offset) / 1e6 - wall_offset,
        worst_gap=peer.gap.seconds,
        window=window,
        version=page.version if page else "",
        api_port=page.api_port if page else 0,
        health_port=page.health_port if page else 0,
    )
