"""Probes of several modules on one interface: each of their virtual MACs is judged by itself."""

from msgspec.structs import replace

from nodeagent.contract.config import VirtualAddress, VmacType
from nodeagent.contract.states import Action
from tests.core.test_farm_traffic import SCRIPTS, FakeSwitchedFarm, shop
from tests.fakes.vip_kernel import INTERFACE


def test_the_virtual_mac_of_one_module_does_not_hide_behind_that_of_another() -> None:
    farm, first = FakeSwitchedFarm(), shop()
    assert first.vip
    address = VirtualAddress("10.0.0.101", VmacType.INVISIBLE, "5a:fe:0a:00:00:65")
    second = replace(first, name="blog", vip=replace(first.vip, addresses=(address,)))
    farm.start(first)
    for machine in farm.machines.values():
        machine.install(second, frozenset(SCRIPTS))
        machine.order("blog", Action.START)
    farm.run(18.0)
    assert said(farm) == ()
    farm.learnt.add(address.vmac)
    farm.run(7.0)
    text = (
        f"do not reach n1 on {INTERFACE}: the switch blocks or has learnt the virtual MAC {address.vmac} of 10.0.0.101"
    )
    assert said(farm) == (f"blog: probes of n2 {text}", f"blog: probes of n3 {text}")
    farm.learnt = {first.vip.addresses[0].vmac}
    farm.run(7.0)
    assert [alarm.partition(":")[0] for alarm in said(farm)] == ["shop", "shop"]


def said(farm: FakeSwitchedFarm) -> tuple[str, ...]:
    return farm.machines["n1"].agent.traffic.alarms(farm.world.now)  # type: ignore[union-attr]
