"""The rules of `<vip>` that look at more than one attribute, and those between modules.

What is a fact of a node (does it have this interface, can it filter at all) is not looked at here.
"""

from collections.abc import Collection, Iterator, Mapping

from nodeagent.contract.config import ClusterConfig, VirtualIp, VmacType
from nodeagent.contract.config_check import Check, Checked
from nodeagent.contract.vip_build import ANY, groups, hosts, rule_addresses, usual_form, virtual_interfaces
from nodeagent.contract.xml_reader import XmlFile


def check_vip(
    xml: XmlFile, check: Check, service: Checked, nodes: Collection[str], cluster: ClusterConfig | None
) -> None:
    """Adds what is wrong in `<vip>` to the file's problems. Without `nodes` no node is unknown."""
    vip = service.first("vip")
    if vip is None:
        return
    if service.text("mode") == "light":
        xml.error(vip.element, '<vip> needs mode="farm": a virtual address is shared by all nodes')
    every = tuple(_addresses(xml, vip, cluster))
    names: set[str] = set()
    for group in groups(vip):
        name = group.text("name")
        if name and name in names:
            xml.error(group.element, f'two groups have the name "{name}"', "name")
        names.add(name)
        _powers(xml, group, nodes)
    _rules(xml, check, vip, every)


def shared_traffic(vip: VirtualIp, others: Mapping[str, VirtualIp]) -> list[str]:
    """Why this virtual IP cannot stand beside those of other modules, one sentence each.

    Modules may share an address with vmac_invisible, each with ports of its own.
    """
    problems = []
    mine = {address.addr: address for address in vip.addresses}
    for module, other in others.items():
        for theirs in other.addresses:
            here = mine.get(theirs.addr)
            if here is None:
                continue
            what = f"the virtual address {theirs.addr} is that of the module {module} too"
            if VmacType.DIRECTED in {here.type, theirs.type}:
                problems.append(f"{what}: with vmac_directed each module needs an address of its own")
            elif here.vmac != theirs.vmac or here.interface != theirs.interface:
                problems.append(f"{what}: both must give the same interface and virtual MAC")
        for addr, proto, port in sorted(_traffic(vip) & _traffic(other)):
            shown = f"{proto} port {port}" if port else f"any {proto} port"
            problems.append(f"{shown} of {addr} is served by the module {module} too: one module may")
    return problems


def _traffic(vip: VirtualIp) -> set[tuple[str, str, int]]:
    return {
        (addr, rule.proto.value, rule.port) for group in vip.groups for rule in group.rules for addr in rule.addresses
    }


def _addresses(xml: XmlFile, vip: Checked, cluster: ClusterConfig | None) -> Iterator[str]:
    lans = cluster.lans if cluster else ()
    owners = {addr: node.node for lan in lans for node in lan.nodes for addr in (node.addr, node.laddr)}
    seen: set[str] = set()
    for _, shared in virtual_interfaces(vip):
        kind, vmac = shared.text("type"), shared.text("addr")
        if vmac and int(vmac[:2], 16) & 1:
            xml.error(shared.element, f'addr="{vmac}" is a group address: its first byte must be even', "addr")
        if vmac and kind == VmacType.DIRECTED:
            xml.note(shared.element, "addr is read and kept but not used: vmac_directed has no virtual MAC", "addr")
        for address in shared.all("virtual_addr"):
            addr = address.text("addr")
            if not addr:
                continue
            if addr in seen:
                xml.error(address.element, f"the virtual address {addr} is given twice", "addr")
                continue
            if ":" in addr and kind == VmacType.DIRECTED:
                text = f'{addr} cannot be shared by type="vmac_directed": IPv4 only in this version'
                xml.error(address.element, text, "addr")
            if addr in owners:
                text = f"{addr} is the address of {owners[addr]}: a virtual address must be one that no machine has"
                xml.error(address.element, text, "addr")
            seen.add(addr)
            yield addr


def _powers(xml: XmlFile, group: Checked, nodes: Collection[str]) -> None:
    listed = hosts(group)
    seen: set[str] = set()
    for host in listed:
        name = host.text("name")
        if name and name in seen:
            xml.error(host.element, f'the host "{name}" stands twice in this group', "name")
        elif name and nodes and name not in nodes:
            known = ", ".join(nodes)
            xml.error(host.element, f'"{name}" is not a node of this module: it has {known}', "name")
        seen.add(name)
    if listed and not any(host.number("power") for host in listed):
        xml.error(group.element, "every power of this group is 0: nobody would serve its traffic")


def _rules(xml: XmlFile, check: Check, vip: Checked, every: tuple[str, ...]) -> None:
    lines: dict[tuple[str, str, str], int] = {}
    served: set[str] = set()
    for rule in (rule for group in groups(vip) for rule in group.all("rule")):
        proto, port, by = rule.text("proto"), rule.text("port"), rule.text("filter")
        to = rule_addresses(rule, every)
        if to != every and to[0] not in every:
            known = ", ".join(every) or "none"
            text = f'virtual_addr="{usual_form(to[0])[:60]}" is not declared above: there is {known}'
            xml.error(rule.element, text, "virtual_addr")
            continue
        if proto == "arp":
            xml.note(rule.element, 'proto="arp" is read and kept but not used: no address needs such a rule', "proto")
            continue
        if by == "on_ipid":
            check.keep(rule.element, "rule@filter", 'filter="on_ipid" of <rule> (on_addr is used instead)', "filter")
        served.update(to)
        line = xml.line(rule.element)
        for addr in to:
            before = lines.get((addr, proto, port))
            if before is not None:
                which = f"any {proto} port" if port == ANY else f"{proto} port {port}"
                text = f"{which} of {addr} is matched by the rule of line {before} already: one rule may match it"
                xml.error(rule.element, text)
                break
        lines |= {(addr, proto, port): line for addr in to}
    for addr in every:
        if addr not in served:
            xml.warning(vip.element, f"no rule matches traffic to {addr}: all of it is dropped")
