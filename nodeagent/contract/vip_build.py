"""Makes a VirtualIp of a checked `<vip>`; nothing is decided or refused here."""

from collections.abc import Iterator
from ipaddress import ip_address

from nodeagent.contract.config import (
    CheckerRule,
    Proto,
    ShareBy,
    TrafficGroup,
    TrafficRule,
    VirtualAddress,
    VirtualIp,
    VmacType,
)
from nodeagent.contract.config_check import Checked
from nodeagent.contract.states import Action

ANY = "*"


def virtual_ip(vip: Checked | None, nodes: tuple[str, ...]) -> VirtualIp | None:
    """The virtual IP of a file without errors. `nodes` are those of the module, () when not known."""
    if vip is None:
        return None
    addresses = tuple(_addresses(vip))
    every = tuple(address.addr for address in addresses)
    return VirtualIp(
        addresses,
        tuple(_group(group, nodes, every) for group in groups(vip)),
        tcpreset=vip.on("tcpreset"),
        scriptcontrol=vip.on("scriptcontrol"),
    )


def own_checkers(vip: VirtualIp | None) -> Iterator[CheckerRule]:
    """The checkers that a `<vip>` brings: its addresses are here, its interfaces have a link.

    They act later than the agent repairs what somebody has removed (every 5 s): the third bad result in a row of
    an address, the second of a link.
    """
    found: dict[str, CheckerRule] = {}
    for address in vip.addresses if vip else ():
        if address.interface_check:
            ident = address.interface or f"to_{address.addr}"
            link = (("name", address.interface), ("towards", address.addr))
            found.setdefault(f"intf.{ident}", CheckerRule("intf", ident, action=Action.WAIT, fall=2, params=link))
        if address.check:
            params = (("addr", address.addr), ("interval", "5"), ("timeout", "5"))
            rule = CheckerRule("ip", address.addr, action=Action.STOPSTART, fall=3, params=params)
            found.setdefault(rule.key, rule)
    yield from found.values()


def virtual_interfaces(vip: Checked) -> Iterator[tuple[Checked, Checked]]:
    """Each `<interface>` with each of its `<virtual_interface>`."""
    for interfaces in vip.all("interface_list"):
        for interface in interfaces.all("interface"):
            for shared in interface.all("virtual_interface"):
                yield interface, shared


def groups(vip: Checked) -> Iterator[Checked]:
    """Each `<group>`."""
    for balancing in vip.all("loadbalancing_list"):
        yield from balancing.all("group")


def hosts(group: Checked) -> list[Checked]:
    """Each `<host>` of a group; none when all nodes are equal."""
    cluster = group.first("cluster")
    return list(cluster.all("host")) if cluster else []


def rule_addresses(rule: Checked, every: tuple[str, ...]) -> tuple[str, ...]:
    """The virtual addresses a `<rule>` is for, in their usual form."""
    text = rule.text("virtual_addr")
    return every if text == ANY else (usual_form(text),)


def usual_form(address: str) -> str:
    """The address as `ipaddress` writes it; what is none stays as it is."""
    try:
        return str(ip_address(address))
    except ValueError:
        return address


def default_vmac(address: str) -> str:
    """`5a:fe:` and the IPv4 bytes, or the last four bytes of an IPv6 address."""
    return "5a:fe:" + ip_address(address).packed[-4:].hex(":")


def _addresses(vip: Checked) -> Iterator[VirtualAddress]:
    for interface, shared in virtual_interfaces(vip):
        kind = VmacType(shared.text("type"))
        given = shared.text("addr").lower().replace("-", ":")
        for address in shared.all("virtual_addr"):
            addr = address.text("addr")
            yield VirtualAddress(
                addr,
                kind,
                vmac=(given or default_vmac(addr)) if kind is VmacType.INVISIBLE else "",
                interface=interface.text("name"),
                check=address.on("check"),
                interface_check=interface.on("check"),
            )


def _group(group: Checked, nodes: tuple[str, ...], every: tuple[str, ...]) -> TrafficGroup:
    given = {host.text("name"): host.number("power") for host in hosts(group)}
    if not given:
        powers = tuple((node, 1) for node in nodes)
    else:
        powers = tuple((node, given.get(node, 0)) for node in nodes or given)
    rules = tuple(_rule(rule, every) for rule in group.all("rule") if rule.text("proto") != "arp")
    return TrafficGroup(group.text("name"), powers, rules)


def _rule(rule: Checked, every: tuple[str, ...]) -> TrafficRule:
    port = rule.text("port")
    return TrafficRule(
        rule_addresses(rule, every),
        0 if port == ANY else int(port),
        Proto(rule.text("proto")),
        ShareBy.PORT if rule.text("filter") == "on_port" else ShareBy.ADDR,
    )
