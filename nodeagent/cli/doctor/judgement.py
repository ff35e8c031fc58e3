"""What to think of what was seen. Pure; one function per subject, in the order they are shown."""

from collections.abc import Iterable, Iterator

from nodeagent.cli.doctor.facts import Machine, Peer, Place, Seen
from nodeagent.cli.doctor.finding import Finding, bad, good, note, warning
from nodeagent.contract.errors import Severity
from nodeagent.contract.status import NodeStatus
from nodeagent.host.installation import BRING_HERE
from nodeagent.host.rights import Guarded

FREE_BAD, FREE_LOW = 50_000_000, 500_000_000
"""Bytes."""
_AS_ROOT = "run `keepgreen doctor` as root or as an administrator"
OFFSET_WORTH = 1.0
"""Seconds by which clocks may differ: farm traffic does not mind, people who compare logs do."""


def judged(seen: Seen) -> tuple[Finding, ...]:
    """All findings."""
    return (
        *_agent(seen),
        *_settings(seen.machine),
        *_disk(seen.machine),
        *(_guarded(place) for place in seen.machine.guarded),
        *_antivirus(seen.machine),
        *(_listeners(seen.status) if seen.status else ()),
        *(_own(seen, seen.status) if seen.status else ()),
        *(finding for peer in seen.peers for finding in _peer(seen, peer)),
        *_versions(seen),
    )


def _agent(seen: Seen) -> Iterator[Finding]:
    machine = seen.machine
    if seen.status is None and seen.not_allowed:
        yield bad("agent", seen.no_answer, _AS_ROOT)
    elif seen.status is None:
        yield bad("agent", seen.no_answer, _start_here(machine))
    else:
        yield good("agent", f"version {seen.status.version} answers as {seen.status.node}")
    if machine.installed is None:
        yield note("service", "the system's service manager did not say")
    elif not machine.installed:
        yield warning("service", "not installed: after a reboot no agent runs", "run `keepgreen service install`")
    elif not machine.running:
        advice = f"{_start_here(machine)}; look into {_records_of(machine)} if it ends again"
        yield bad("service", "installed, but it does not run", advice)
    else:
        yield good("service", "installed, runs")
    if machine.elsewhere:
        yield warning("service", machine.elsewhere, BRING_HERE)


def _start_here(machine: Machine) -> str:
    if not machine.installed:
        return "start it: `keepgreen service install`, or `keepgreen agent run`"
    if machine.running:
        return f"its service runs: look into {_records_of(machine)}, then restart the service"
    return "start it: `net start keepgreen`" if machine.system == "win32" else "start it: `systemctl start keepgreen`"


def _records_of(machine: Machine) -> str:
    return "the Event Viewer" if machine.system == "win32" else "`journalctl -u keepgreen`"


def _settings(machine: Machine) -> Iterator[Finding]:
    if not machine.settings:
        yield good("agent.toml", "good")
    for problem in machine.settings:
        if machine.shut and not problem.line:
            yield note("agent.toml", str(problem), _AS_ROOT)
            continue
        make = bad if problem.severity is Severity.ERROR else warning
        what = "correct the line" if problem.line else "put it right"
        yield make("agent.toml", str(problem), f"{what}, then restart the agent")


def _disk(machine: Machine) -> Iterator[Finding]:
    if machine.shut:
        yield note("disk", f"this user may not write in {machine.var}, so the disk was not looked at", _AS_ROOT)
        return
    if not machine.made and not machine.unwritable:
        advice = "if one has, KEEPGREEN_HOME is not what it was for that one"
        yield note("disk", f"{machine.var} is not there yet: no agent has run with this home", advice)
    if machine.unwritable:
        yield bad("disk", f"{machine.var} cannot be written: {machine.unwritable}", "make it writable, or free space")
        return
    left = f"{machine.free // 1_000_000} MB of {machine.total // 1_000_000} MB free in {machine.var}"
    if machine.free < FREE_BAD:
        yield bad("disk", left, "free space: supervision goes on, but logs and changes are lost")
    elif machine.free < FREE_LOW:
        yield warning("disk", left, "free space, or lower `log_mb` in agent.toml")
    else:
        yield good("disk", left)


def _guarded(place: Guarded) -> Finding:
    about = "secrets" if place.secret else "files"
    if place.others:
        text = f"{place.path} can be {'read' if place.secret else 'changed'} by others ({place.others})"
        return bad(about, text, place.remedy)
    return good(about, f"{place.path} is private" if place.secret else f"{place.path} is changed by the agent alone")


def _antivirus(machine: Machine) -> Iterator[Finding]:
    if machine.system == "win32":
        text = "a virus scanner that holds files of the agent delays it"
        yield note("antivirus", text, f"exclude {machine.safe} and {machine.var} from its on-access scan")


def _listeners(status: NodeStatus) -> Iterator[Finding]:
    for port in status.listeners:
        place = f"{port.address or 'all addresses'}:{port.port}"
        if port.open:
            yield good(port.name, f"open on {place}")
        else:
            reason = port.problem or "no reason known"
            taken = " is used by " in reason
            advice = "end that program, or give" if taken else "correct the address, or give"
            yield bad(port.name, f"{place} is not open: {reason}", f"{advice} the agent another port in agent.toml")


def _own(seen: Seen, status: NodeStatus) -> Iterator[Finding]:
    for alarm in status.alarms:
        yield bad("alarm", alarm, "see `keepgreen log --types CE`")
    for address in seen.own_addresses:
        if address in seen.machine.addresses or address.startswith("127."):  # a whole network, on no list
            yield good("address", f"{address} of cluster.xml is on this computer")
        else:
            text = f"{address} of cluster.xml is on no interface of this computer"
            yield bad("address", text, "correct the address of the interface or of cluster.xml (or `laddr` behind NAT)")


def _peer(seen: Seen, peer: Peer) -> Iterator[Finding]:
    about = f"node {peer.seen.name}"
    yield from _heartbeats(about, peer, seen.status.rejected if seen.status else {})
    yield from (_way(about, "from here", place) for place in peer.from_here)
    yield from (_way(about, "from there", place) for place in peer.from_there)
    if peer.unreached and _is_off(peer):
        yield warning(about, f"it could not be asked: {peer.unreached}", "start its agent")
    elif peer.unreached and _is_mute(peer):
        advice = "look at that computer: its agent hangs, or has another key than the cluster was applied with"
        yield warning(about, f"it could not be asked: {peer.unreached}", advice)
    elif peer.unreached:
        advice = f"open TCP {peer.api_port} there; its key has to be the one the cluster was applied with"
        yield warning(about, f"it could not be asked: {peer.unreached}", advice)
    yield from _mtu(about, peer)
    if peer.names and not {*peer.names} & {*peer.expected}:
        text = f"its name is {', '.join(peer.names)} here, cluster.xml says {', '.join(peer.expected)}"
        yield warning(about, text, "correct the DNS or hosts entry, or cluster.xml")
    elif not peer.names:
        yield note(about, "its name has no address here; cluster.xml has one, so nothing depends on it")
    if peer.seen.alive and abs(peer.seen.clock_offset) > OFFSET_WORTH:
        text = f"its clock differs by {peer.seen.clock_offset:+.1f} s"
        yield warning(about, text, "let both follow one time server, or logs cannot be compared")
    if seen.status and peer.uuid and peer.uuid == seen.status.uuid:
        text = "it has the same identity as this node: its disk is a copy"
        yield bad(about, text, "delete the var directory of one of them and configure it anew")
    if peer.seen.alive and not peer.seen.same_configuration:
        yield bad(about, "it has another configuration of the cluster", "apply cluster.xml on all nodes")


def _heartbeats(about: str, peer: Peer, rejected: Iterable[str]) -> Iterator[Finding]:
    reasons = [reason for reason in rejected if f" rejects {peer.seen.name}: " in reason]
    lost = "; ".join(("no heartbeat: " + (peer.seen.reason or "not heard"), *reasons))
    silent = [lan for lan in peer.seen.lans if not lan.heard]
    if not peer.seen.alive and _is_off(peer):
        yield bad(about, lost, "start its agent")
    elif not peer.seen.alive:
        advice = f"open UDP {peer.udp_port} both ways, compare cluster keys (`keepgreen cluster info` on both)"
        yield bad(about, lost, f"look whether its agent hangs; if not, {advice}" if _is_mute(peer) else advice)
    elif silent:
        where = ", ".join(f"{lan.lan} ({lan.address})" for lan in silent)
        yield warning(about, f"not heard on {where}", "look at that network: the others carry the cluster alone")
    else:
        yield good(about, f"heard on {', '.join(lan.lan for lan in peer.seen.lans) or 'its lan'}")
    if peer.seen.alive and peer.hears_us is False:
        yield bad(about, "it does not hear this node", f"open UDP {peer.udp_port} from here to there")


def _way(about: str, way: str, place: Place) -> Finding:
    where = f"{place.what} {place.address}:{place.port} {way}"
    if place.reached.ok:
        return good(about, f"{where}: {place.reached.took * 1000:.1f} ms")
    if place.reached.cause == "refused":
        return bad(about, f"{where}: {place.reached.reason}", "start the agent there, or look why it has not this port")
    if place.reached.cause == "no way":
        return bad(about, f"{where}: {place.reached.reason}", "look at the cable, the route and the address")
    return bad(about, f"{where}: {place.reached.reason}", "open this TCP port in the firewalls between the nodes")


def _is_off(peer: Peer) -> bool:
    """Its machine answers, its agent does not: a firewall would be silent."""
    return bool(peer.from_here) and all(place.reached.cause == "refused" for place in peer.from_here)


def _is_mute(peer: Peer) -> bool:
    """Its API port takes connections, and no answer comes."""
    return bool(peer.unreached) and any(place.reached.ok for place in peer.from_here if place.what == "API")


def _mtu(about: str, peer: Peer) -> Iterator[Finding]:
    here, there = (
        {place.reached.mtu for place in places if place.reached.mtu} for places in (peer.from_here, peer.from_there)
    )
    if here and there and here != there:
        text = f"interfaces have different MTUs: {_joined(here)} here, {_joined(there)} there"
        yield warning(about, text, "give both interfaces the same MTU: large packets get lost one way")
    if peer.path_mtu is False:
        text = "packets as large as the interface allows do not get there"
        yield warning(about, text, "lower the MTU of the interface, or repair the path (VPN, overlay network)")


def _versions(seen: Seen) -> Iterator[Finding]:
    if seen.status is None:
        return
    versions = {seen.status.version, *(peer.seen.version for peer in seen.peers if peer.seen.version)}
    if len(versions) > 1:
        yield warning("versions", f"the nodes have {', '.join(sorted(versions))}", "finish the upgrade of all nodes")


def _joined(numbers: set[int]) -> str:
    return ", ".join(str(number) for number in sorted(numbers))
