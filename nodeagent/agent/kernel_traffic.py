"""Carries out what the core wants of the virtual IPs, in this machine's kernel."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from nodeagent.adapters.vip import NoVip, ProbeFrames, Vip
from nodeagent.contract.config import VmacType
from nodeagent.contract.states import LogType
from nodeagent.core.handover import GroupSlots
from nodeagent.core.traffic_messages import (
    LinkSeen,
    ObserveTraffic,
    PrepareTraffic,
    ProbeReceived,
    SendProbe,
    SetSlots,
    SlotsSet,
    TrafficObserved,
    TrafficPrepared,
    WithdrawTraffic,
)
from nodeagent.core.vip_facts import KernelFacts
from nodeagent.core.vip_plan import VipPlan, home_of
from nodeagent.core.vip_sets import ModuleSets, SlotSets
from nodeagent.engine.ports import Post

NOT_HERE: Final = "its filter is not in the kernel"

FRESH: Final = 2.0
"""Seconds that one look into the kernel serves for all modules, when nothing was changed since."""

QUIET_TIMEOUT: Final = 30.0
"""Seconds after which the kernel ends quiet by itself, when nobody sets it again any more."""


@dataclass(slots=True)
class _Module:
    """A module whose filter is in the kernel."""

    plan: VipPlan
    me: str
    forged: tuple[int, ...]
    """Frames from the virtual MAC by interface, as last seen."""
    director: bool = False


class KernelTraffic:
    """`Traffic` over the kernel's adapter, which `open_adapter` opens when a module first needs it (blocks).

    What takes its time is done by `run`, one after the other.
    """

    def __init__(self, open_adapter: Callable[[], Vip], post: Post, say: Callable[[LogType, str], None]) -> None:
        self._open, self._post, self._say = open_adapter, post, say
        self._adapter: Vip | None = None
        self._frames = ProbeFrames(self._heard)
        self._modules: dict[str, _Module] = {}
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._looked: tuple[float, KernelFacts] | None = None
        self._said: dict[str, str] = {}
        self._linked: dict[str, bool] = {}

    async def run(self) -> None:
        """Do what was asked for, until cancelled."""
        while True:
            job = await self._jobs.get()
            await job()

    def prepare(self, effect: PrepareTraffic) -> None:
        """See Traffic; for a repair, too."""
        self._jobs.put_nowait(lambda: self._prepare(effect))

    def set_slots(self, effects: Sequence[SetSlots]) -> None:
        """See Traffic. Takes well below a millisecond."""
        known = [(effect, self._modules.get(effect.module)) for effect in effects]
        sets = [_sets(effect, module) for effect, module in known if module]
        failed = self._adapter.update(sets) if self._adapter else {}
        if failed:
            self._looked = None  # the table may be gone
        for effect, module in known:
            error = failed.get(effect.module, "") if module else NOT_HERE
            if module and not error:
                self._direct(module, effect.director)
            self._post(SlotsSet(effect.module, effect.epoch, error, effect.timeout))

    def withdraw(self, effect: WithdrawTraffic) -> None:
        """See Traffic. The filter is closed at once."""
        self._close(effect.module)
        self._jobs.put_nowait(lambda: self._withdraw(effect))

    def observe(self, effect: ObserveTraffic) -> None:
        """See Traffic. A look serves all modules for `FRESH` seconds."""
        self._jobs.put_nowait(lambda: self._observe(effect.module))

    def probe(self, effect: SendProbe) -> None:
        """See Traffic. Looks at the interface's link, too."""
        linked = self._frames.has_link(effect.interface)
        if linked != self._linked.get(effect.interface, True):
            self._linked[effect.interface] = linked
            self._post(LinkSeen(effect.interface, linked))
        if effect.module in self._modules:
            self._say_once(f"probe {effect.interface}", self._frames.send(effect.interface, effect.to, effect.data))

    async def close(self) -> None:
        """See Traffic; `run` was cancelled before."""
        self._frames.close()
        if self._adapter:
            await asyncio.to_thread(self._adapter.close)
            self._adapter = None

    async def _opened(self) -> Vip:
        if self._adapter is None or isinstance(self._adapter, NoVip):  # what was missing may be here now
            self._adapter = await asyncio.to_thread(self._open)
        return self._adapter

    async def _prepare(self, effect: PrepareTraffic) -> None:
        adapter = await self._opened()
        self._looked = None
        plan, problems = await adapter.plan(effect.module, effect.vip)
        error = await adapter.prepare(plan) if plan else "; ".join(problems)
        facts = await adapter.observe()
        lasting = _lasting(effect, facts)
        if plan is None or error:
            self._post(TrafficPrepared(effect.module, error, lasting=lasting))
            return
        self._modules[effect.module] = _Module(plan, effect.me, _forged(plan, facts))
        self._listen()
        self._say_once("announce", await adapter.announce(plan, VmacType.INVISIBLE))
        places = tuple((address, link.name) for address, link in plan.interfaces)
        self._post(TrafficPrepared(effect.module, interfaces=places, lasting=lasting))

    def _direct(self, module: _Module, director: bool) -> None:
        """Who begins to answer for the addresses tells the network."""
        if director and not module.director:
            self._jobs.put_nowait(lambda: self._announce(module.plan))
        module.director = director

    async def _announce(self, plan: VipPlan) -> None:
        adapter = await self._opened()
        self._say_once("announce", await adapter.announce(plan, VmacType.DIRECTED))

    def _close(self, name: str) -> None:
        module = self._modules.pop(name, None)
        if module and self._adapter:
            self._adapter.update([ModuleSets(module.plan)])

    async def _withdraw(self, effect: WithdrawTraffic) -> None:
        adapter = await self._opened()
        self._close(effect.module)  # it may have come since
        self._looked = None
        if effect.reset:
            self._say_once("reset", await adapter.reset(effect.module))
        if problem := await adapter.withdraw(effect.module):
            self._say(LogType.CRITICAL, problem)
        self._listen()

    async def _observe(self, name: str) -> None:
        adapter = await self._opened()
        if self._looked is None or self._looked[0] + FRESH < time.monotonic():
            self._looked = time.monotonic(), await adapter.observe(slots=False)
        self._listen()
        module = self._modules.get(name)
        if module is None:
            self._post(TrafficObserved(name, filter_present=False, error=NOT_HERE))
            return
        self._post(_observed(module, self._looked[1]))

    def _listen(self) -> None:
        """Probes come on the interfaces of all modules; one that was away is opened again."""
        names = {link.name for module in self._modules.values() for link in module.plan.links()}
        self._say_once("listen", self._frames.listen(names))

    def _heard(self, interface: str, mac: str, data: bytes) -> None:
        self._post(ProbeReceived(interface, mac, data))

    def _say_once(self, subject: str, problem: str) -> None:
        """A problem that lasts is one line."""
        if problem and problem != self._said.get(subject):
            self._say(LogType.ERROR, f"virtual IP: {problem}")
        self._said[subject] = problem


def _sets(effect: SetSlots, module: _Module) -> ModuleSets:
    plan = module.plan
    single = [address for address in plan.vip.addresses if address.type is VmacType.DIRECTED]
    interface = plan.interface_of(single[0]).name if single else ""
    macs = {node: mac for where, node, mac in effect.macs if where == interface and node != module.me}
    slots = {group.group: group for group in effect.groups}
    owners = dict(effect.owners)
    return ModuleSets(
        plan,
        tuple(
            _slot_sets(slots.get(group.name, GroupSlots(group.name)), owners.get(group.name, ()), macs)
            for group in plan.vip.groups
        ),
        effect.timeout,
        None if effect.timeout is None else QUIET_TIMEOUT,
        effect.director,
        tuple(macs.values()),
    )


def _slot_sets(slots: GroupSlots, owners: Sequence[str | None], macs: Mapping[str, str]) -> SlotSets:
    others = tuple((slot, macs[owner]) for slot, owner in enumerate(owners) if owner and owner in macs)
    return SlotSets(slots.mine, slots.datagrams, slots.est, slots.quiet, others)


def _observed(module: _Module, facts: KernelFacts) -> TrafficObserved:
    plan, table = module.plan, facts.tables.get(module.plan.module)
    if facts.problem:
        return TrafficObserved(plan.module, error=facts.problem)
    missing = [
        address.addr
        for address in plan.vip.addresses
        if address.check
        and address.addr not in facts.addresses.get(home_of(address.addr, plan.interface_of(address).name), ())
    ]
    if table is None:
        return TrafficObserved(plan.module, filter_present=False, missing=tuple(missing))
    before, module.forged = module.forged, _forged(plan, facts)
    return TrafficObserved(
        plan.module,
        table.intact,
        tuple(missing),
        tuple(link.name for link, now, then in zip(plan.links(), module.forged, before, strict=True) if now > then),
        tuple((group.name, table.counters.get(f"taken_{g}", 0)) for g, group in enumerate(plan.vip.groups)),
    )


def _lasting(effect: PrepareTraffic, facts: KernelFacts) -> bool:
    table, here = facts.tables.get(effect.module), frozenset[str]().union(*facts.addresses.values())
    return table is not None and table.lasting and any(address.addr in here for address in effect.vip.addresses)


def _forged(plan: VipPlan, facts: KernelFacts) -> tuple[int, ...]:
    table = facts.tables.get(plan.module)
    return tuple(table.counters.get(f"forged_{number}", 0) if table else 0 for number in range(len(plan.links())))
