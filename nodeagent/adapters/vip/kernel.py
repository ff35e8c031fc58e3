"""The virtual IP of this node's modules in the kernel.

The order is what matters. A table is there, with no slot in it, before its address is; the address is gone
before the table is: without the table the kernel would answer ARP with the machine's own MAC and the whole
farm's traffic would come here. What takes milliseconds runs in one worker thread, in the order of the calls;
`update` alone runs in the caller's thread (well below a millisecond).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ParamSpec, TypeVar

from nodeagent.adapters.vip import links, record, tables
from nodeagent.adapters.vip.frames import gratuitous_arp, neighbour_advertisement
from nodeagent.adapters.vip.nft import Nft, NftError, open_nft
from nodeagent.adapters.vip.places import plan_here
from nodeagent.adapters.vip.probes import send_frames
from nodeagent.contract.config import Proto, VirtualIp, VmacType
from nodeagent.core.vip_facts import KernelFacts
from nodeagent.core.vip_plan import VipPlan, table_of
from nodeagent.core.vip_rules import fingerprint, removal, rule_set
from nodeagent.core.vip_sets import ModuleSets, update

P = ParamSpec("P")
T = TypeVar("T")
_Expected = (NftError, links.LinkError, OSError)


class LinuxVip:
    """The half for Linux. It works in the network namespace of the thread that makes it.

    What goes wrong comes back as one sentence, "" when all is well.
    """

    def __init__(self, remembered: Path) -> None:
        self._record = remembered
        self._changes = record.load(remembered)
        self._quick = open_nft()
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="virtual ip")
        # Begun here, so that it has this thread's namespace.
        self._nft: Nft = self._worker.submit(open_nft).result()

    async def plan(self, module: str, vip: VirtualIp) -> tuple[VipPlan | None, tuple[str, ...]]:
        """The plan for this node; None with all reasons when there can be none."""
        return await self._later(plan_here, module, vip)

    async def prepare(self, plan: VipPlan) -> str:
        """Table without slots, kernel settings, hardware filter, then the addresses.

        A table that was made from the same plan stays, with its slots and connections.
        """
        return await self._later(self._prepare, plan)

    def update(self, modules: Sequence[ModuleSets]) -> dict[str, str]:
        """Make the slots of all these modules so, in one transaction; (module: problem) where it failed.

        When one table is missing the others are still served, each by its own transaction.
        """
        if not modules:
            return {}
        try:
            self._quick.run(update(modules))
        except NftError as error:
            if len(modules) == 1:
                return {modules[0].plan.module: str(error)}
            return {module: why for sets in modules for module, why in self.update([sets]).items()}
        return {}

    async def reset(self, module: str) -> str:
        """End the TCP connections to the module's addresses, by a reset; those of other modules stay."""
        return await self._later(self._reset, module)

    async def withdraw(self, module: str) -> str:
        """Addresses off, then the table; then what no other module needs. Works for an earlier agent's module too."""
        return await self._later(self._withdraw, module)

    async def observe(self, *, slots: bool = True) -> KernelFacts:
        """Everything of ours that is in the kernel now; without `slots` tables have no groups, which is quicker."""
        return await self._later(self._observe, slots)

    async def announce(self, plan: VipPlan, kind: VmacType) -> str:
        """Tell the network where the addresses of this kind are, by gratuitous ARP and neighbour advertisements.

        With vmac_directed only the director may: the filter lets no other node's pass.
        """
        return await self._later(self._announce, plan, kind)

    async def connections(self, module: str) -> int:
        """How many connections the module's table remembers; slow with very many."""
        return await self._later(self._connections, module)

    def close(self) -> None:
        """End the worker. The kernel goes on as it is."""
        self._worker.submit(self._nft.close)
        self._worker.shutdown()
        self._quick.close()

    async def _later(self, work: Callable[P, T], *args: P.args, **_: P.kwargs) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work, *args)

    def _prepare(self, plan: VipPlan) -> str:
        pairs = [(address, plan.interface_of(address).name) for address in plan.vip.addresses]
        owned = record.Owned(
            tuple((address.addr, name) for address, name in pairs),
            tuple(dict.fromkeys((address.vmac, name) for address, name in pairs if address.vmac)),
            tuple(link.name for link in plan.links()),
            tuple(sorted(_tcp_ports(plan.vip))),
        )
        before = self._changes.modules.get(plan.module)
        if before and not before.same_places(owned) and (problem := self._withdraw(plan.module)):
            return problem
        try:
            owned.shape = self._table(plan)
            for interface in owned.interfaces:
                wanted = links.settings_for(interface)
                self._changes.settings = links.other_settings(wanted) | self._changes.settings
                # Remembered before it is done.
                self._remember(plan.module, owned)
                links.set_settings(wanted)
            for vmac, interface in owned.vmacs:
                links.receive_mac(vmac, interface)
            for address, interface in owned.addresses:
                links.add_address(address, interface)
        except _Expected as error:
            return f"the virtual IP of {plan.module} could not be set up: {error}"
        return ""

    def _table(self, plan: VipPlan) -> str:
        """Its shape, after it was made anew unless it is there already."""
        listed = tables.listings(self._nft).get(plan.table, "")
        known = self._changes.modules.get(plan.module, record.Owned()).shape
        same = tables.comment_of(listed) == (plan.module, fingerprint(plan)) and tables.shape(listed) == known
        if not same:
            self._nft.run(rule_set(plan))
            listed = tables.listings(self._nft).get(plan.table, "")
        return tables.shape(listed)

    def _reset(self, module: str) -> str:
        owned = self._changes.modules.get(module, record.Owned())
        others = [served for name, other in self._changes.modules.items() if name != module for served in other.served]
        try:
            for address, port in owned.served:
                links.end_connections(address, port, [other for where, other in others if where == address and other])
        except links.LinkError as error:
            return str(error)
        return ""

    def _withdraw(self, module: str) -> str:
        owned = self._changes.modules.get(module, record.Owned())
        others = [other for name, other in self._changes.modules.items() if name != module]
        try:
            for address, interface in owned.addresses:
                if not any((address, interface) in other.addresses for other in others):
                    links.remove_address(address, interface)
            self._nft.run(removal(table_of(module)))
            for vmac, interface in owned.vmacs:
                if not any((vmac, interface) in other.vmacs for other in others):
                    links.refuse_mac(vmac, interface)
            still = {name for other in others for name in other.interfaces}
            self._restore(still | {"all"} if still else still)
            self._remember(module, None)
        except _Expected as error:
            return f"the virtual IP of {module} could not be taken away: {error}"
        return ""

    def _restore(self, keep: set[str]) -> None:
        """Former settings of all interfaces but those to keep; one that is gone has none."""
        here = links.macs().keys() | {"all"}
        for name, value in list(self._changes.settings.items()):
            scope = name.partition("/")[0]
            if scope not in keep:
                if scope in here:
                    links.set_settings({name: value})
                del self._changes.settings[name]

    def _remember(self, module: str, owned: record.Owned | None) -> None:
        if owned is None:
            self._changes.modules.pop(module, None)
        else:
            self._changes.modules[module] = owned
        record.save(self._record, self._changes)

    def _observe(self, slots: bool) -> KernelFacts:
        shapes = {module: owned.shape for module, owned in self._changes.modules.items()}
        try:
            listed = tables.listings(self._nft)
            found = [tables.facts(self._nft, name, text, shapes, slots=slots) for name, text in listed.items()]
            return KernelFacts({facts.module: facts for facts in found}, links.addresses(), links.macs())
        except _Expected as error:
            return KernelFacts({}, {}, {}, f"the kernel's rules cannot be read: {error}")

    def _connections(self, module: str) -> int:
        try:
            return tables.connections(self._nft, table_of(module))
        except NftError:  # gone meanwhile, and they with it
            return 0

    def _announce(self, plan: VipPlan, kind: VmacType) -> str:
        problem = ""
        for address in [address for address in plan.vip.addresses if address.type is kind]:
            link = plan.interface_of(address)
            mac = address.vmac or link.mac
            if ":" in address.addr:
                frames = [neighbour_advertisement(address.addr, link.mac, mac)]
            else:
                frames = gratuitous_arp(address.addr, link.mac, mac)
            try:
                send_frames(link.name, frames)
            except OSError as error:
                problem = f"{address.addr} could not be announced on {link.name}: {error}"
        return problem


def _tcp_ports(vip: VirtualIp) -> set[tuple[str, int]]:
    rules = [rule for group in vip.groups for rule in group.rules if rule.proto is Proto.TCP]
    return {(address, rule.port) for rule in rules for address in rule.addresses}


def release_all() -> str:
    """Empties every table of ours: for the service manager's stop hook, when the agent itself cannot any more."""
    try:
        nft = open_nft()
    except FileNotFoundError:  # so no table is
        return ""
    try:
        for table, listed in tables.listings(nft).items():
            sets = tables.slot_sets(listed)
            nft.run("".join(f"flush {kind} netdev {table} {name}\n" for kind, name in sets))
    except NftError as error:
        return f"the slots could not be given up: {error}"
    finally:
        nft.close()
    return ""
