"""What is told of a virtual IP: the slot map, and which node serves a client."""

from ipaddress import ip_address

from nodeagent.contract.config import ShareBy
from nodeagent.contract.vip_status import VipAddress, VipGroup, VipNode, VipStatus, VipWhere
from nodeagent.core.bucket import slot_of
from nodeagent.core.handover import GroupSlots
from nodeagent.core.module_traffic import ModuleTraffic


def vip_status(traffic: ModuleTraffic, module: str, nodes: tuple[str, ...], now: float) -> VipStatus:
    """The snapshot of one module's virtual IP on this node."""
    table, me = traffic.handover.table, traffic.me
    places, taken = dict(traffic.places), dict(traffic.observed.taken) if traffic.observed else {}
    held = {group.group: group for group in traffic.held}
    return VipStatus(
        module=module,
        node=me,
        addresses=tuple(VipAddress(a.addr, a.type, a.vmac, places.get(a.addr, "")) for a in traffic.vip.addresses),
        present=traffic.prepared,
        open=traffic.gate,
        agreed=traffic.handover.agreed,
        epoch=_epoch(table.epoch),
        nodes=tuple(_node(traffic, node) for node in nodes),
        groups=tuple(
            _group(name, dict(powers), table.of(name), held.get(name, GroupSlots(name)), taken.get(name, 0))
            for name, powers in traffic.groups
        ),
        timeout=traffic.timeout or 0.0,
        alarms=traffic.alarms(now),
    )


def where(traffic: ModuleTraffic, client: str, port: int) -> tuple[VipWhere, ...]:
    """The node of each rule that could serve this client. Raises ValueError for what is no IP address."""
    family = ip_address(client).version
    found = []
    for group in traffic.vip.groups:
        owners = traffic.handover.table.of(group.name)
        for rule in group.rules:
            addresses = [address for address in rule.addresses if ip_address(address).version == family]
            if not addresses:
                continue
            by_port = rule.share_by is ShareBy.PORT
            slot = slot_of(client, port if by_port else None)
            by = "address and port" if by_port else "address"
            text = f"{rule.proto} {rule.port or 'any port'} of {', '.join(addresses)}, by {by}"
            found.append(VipWhere(group.name, text, slot, owners[slot] or "", by_port))
    return tuple(found)


def _node(traffic: ModuleTraffic, node: str) -> VipNode:
    serves = node in traffic.handover.table.view
    if node == traffic.me:
        return VipNode(node, serves, True, False, _epoch(traffic.seen), _epoch(traffic.applied))
    known = traffic.presence(node)
    return VipNode(node, serves, known.alive, node in traffic.wire_only, _epoch(known.seen), _epoch(known.applied))


def _group(name: str, powers: dict[str, int], owners: tuple[str | None, ...], held: GroupSlots, taken: int) -> VipGroup:
    return VipGroup(
        name,
        powers,
        tuple(owner or "" for owner in owners),
        tuple(sorted(held.mine)),
        tuple(sorted(held.est)),
        tuple(sorted(held.quiet)),
        taken,
    )


def _epoch(epoch: int) -> str:
    return f"{epoch:016x}"
