"""Where a virtual IP goes on this node: which interface carries which address, or why none can. Blocks briefly."""

from collections.abc import Collection, Iterator

from nodeagent.adapters.vip import links
from nodeagent.contract.config import VirtualAddress, VirtualIp, VmacType
from nodeagent.core.vip_plan import Interface, VipPlan


def plan_here(module: str, vip: VirtualIp) -> tuple[VipPlan | None, tuple[str, ...]]:
    """The plan for this node; None with all reasons when there can be none."""
    macs, holders = links.macs(), links.holders()
    found: list[tuple[str, Interface]] = []
    problems: list[str] = []
    for address in vip.addresses:
        name, problem = _interface(address.addr, address.interface, macs)
        if address.addr in holders:
            held = f"{address.addr} is an address of this machine ({holders[address.addr]})"
            problems.append(f"{held}: a virtual address must be one that no machine has")
        elif problem:
            problems.append(problem)
        else:
            found.append((address.addr, Interface(name, macs[name])))
            problems += _mac_problem(address, macs)
    problems += _forwarding_problem(vip, dict(found))
    return (None if problems else VipPlan(module, vip, tuple(found))), tuple(dict.fromkeys(problems))


def interface_for(address: str, name: str) -> tuple[str, str]:
    """The interface of this node that would carry the address, named or found; else why none can, one sentence."""
    return _interface(address, name, links.macs())


def _interface(address: str, given: str, macs: Collection[str]) -> tuple[str, str]:
    name = given or links.interface_towards(address)
    if not name:
        return "", f"no interface of this node has the network of {address}: name it in <interface>"
    if name not in macs:
        return "", f'this node has no interface "{name}" for {address}: it has {", ".join(sorted(macs))}'
    return name, ""


def _mac_problem(address: VirtualAddress, macs: dict[str, str]) -> Iterator[str]:
    for name, mac in macs.items():
        if address.vmac == mac:
            yield f"the virtual MAC {mac} is that of this machine's {name}: it must be one that no machine has"


def _forwarding_problem(vip: VirtualIp, places: dict[str, Interface]) -> Iterator[str]:
    """Slots are forwarded to one MAC per node, which is that of one interface."""
    single = [a.addr for a in vip.addresses if a.type is VmacType.DIRECTED]
    names = list(dict.fromkeys(places[addr].name for addr in single if addr in places))
    if len(names) > 1:
        yield f"vmac_directed addresses of one module must be on one interface: they are on {' and '.join(names)}"
