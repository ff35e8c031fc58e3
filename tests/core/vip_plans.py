"""Virtual IPs of many shapes with their golden files; run as a module it writes them anew."""

from pathlib import Path

from nodeagent.contract.config import Proto, ShareBy, TrafficGroup, TrafficRule, VirtualAddress, VirtualIp, VmacType
from nodeagent.core.slots import slot_plan
from nodeagent.core.vip_plan import Interface, VipPlan
from nodeagent.core.vip_rules import rule_set
from nodeagent.core.vip_sets import ModuleSets, SlotSets, update

GOLDEN = Path(__file__).parent / "golden" / "vip"
ETH0, ETH1 = Interface("eth0", "02:00:00:00:00:11"), Interface("eth1", "02:00:00:00:01:11")
MACS = {"n1": ETH0.mac, "n2": "02:00:00:00:00:12", "n3": "02:00:00:00:00:13"}
EQUAL = (("n1", 1), ("n2", 1), ("n3", 1))
INVISIBLE, DIRECTED = VmacType.INVISIBLE, VmacType.DIRECTED
TCP, UDP, ADDR, PORT = Proto.TCP, Proto.UDP, ShareBy.ADDR, ShareBy.PORT

V4 = VirtualAddress("10.77.0.100", INVISIBLE, "5a:fe:0a:4d:00:64")
V4_TOO = VirtualAddress("10.77.0.101", INVISIBLE, "5a:fe:0a:4d:00:65")
V6 = VirtualAddress("fd77::64", INVISIBLE, "5a:fe:00:00:00:64")
SINGLE = VirtualAddress("10.77.0.102", DIRECTED)


def _vip(addresses: tuple[VirtualAddress, ...], *groups: tuple[TrafficRule, ...]) -> VirtualIp:
    return VirtualIp(addresses, tuple(TrafficGroup(f"g{i}", EQUAL, rules) for i, rules in enumerate(groups)))


def _rule(addresses: tuple[VirtualAddress, ...], port: int, proto: Proto, by: ShareBy) -> TrafficRule:
    return TrafficRule(tuple(address.addr for address in addresses), port, proto, by)


def _plan(vip: VirtualIp, interface: Interface = ETH0, **others: Interface) -> VipPlan:
    places = {name.replace("_", ":"): link for name, link in others.items()}
    return VipPlan("web", vip, tuple((a.addr, places.get(a.addr, interface)) for a in vip.addresses))


def _plans() -> dict[str, VipPlan]:
    both, single = (V4, V6), (SINGLE,)
    return {
        "one_tcp_port": _plan(_vip((V4,), (_rule((V4,), 80, TCP, ADDR),))),
        "ipv6_only_by_port": _plan(_vip((V6,), (_rule((V6,), 443, TCP, PORT),))),
        "udp_only": _plan(_vip((V4,), (_rule((V4,), 53, UDP, PORT),))),
        "no_rule": _plan(_vip((V4,))),
        "any_port_beside_exact_ones": _plan(
            _vip(
                both,
                (_rule(both, 80, TCP, ADDR), _rule(both, 53, UDP, PORT)),
                (_rule(both, 0, TCP, PORT), _rule((V4,), 0, UDP, ADDR)),
            )
        ),
        "two_addresses_two_interfaces": _plan(
            _vip((V4, V6, V4_TOO), (_rule((V4, V6, V4_TOO), 80, TCP, ADDR),)), fd77__64=ETH1
        ),
        "directed": _plan(_vip(single, (_rule(single, 80, TCP, ADDR), _rule(single, 53, UDP, PORT)))),
        "directed_udp_only": _plan(_vip(single, (_rule(single, 53, UDP, ADDR),))),
        "both_ways": _plan(
            _vip(
                (V4, V6, SINGLE),
                (_rule((V4, V6, SINGLE), 80, TCP, ADDR),),
                (_rule((SINGLE,), 0, TCP, PORT), _rule((V6,), 53, UDP, PORT)),
            )
        ),
    }


PLANS = _plans()


def sets_of(plan: VipPlan, timeout: float | None = 0.8) -> ModuleSets:
    """What n1 of three writes: its slots, some of them quiet; with vmac_directed it is the director."""
    owners = slot_plan(EQUAL).owners({"n1", "n2", "n3"})
    mine = frozenset(slot for slot, owner in enumerate(owners) if owner == "n1")
    others = tuple((slot, MACS[owner]) for slot, owner in enumerate(owners) if owner and owner != "n1")
    slots = SlotSets(mine, mine, mine, frozenset(sorted(mine)[:3]), others)
    return ModuleSets(plan, (slots,) * len(plan.vip.groups), timeout, 5.0, True, (MACS["n2"], MACS["n3"]))


def golden() -> dict[str, str]:
    """The text of each golden file by name."""
    files = {f"{name}.nft": rule_set(plan) for name, plan in PLANS.items()}
    return files | {f"{name}.update.nft": update([sets_of(plan)]) for name, plan in PLANS.items() if plan.vip.groups}


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, text in golden().items():
        (GOLDEN / name).write_text(text)
