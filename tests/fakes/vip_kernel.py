"""FakeKernel: the virtual IPs of a machine as its kernel holds them, elements with a time-out included."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nodeagent.core import events as ev
from nodeagent.core.handover import GroupSlots
from nodeagent.core.traffic_messages import (
    ObserveTraffic,
    PrepareTraffic,
    ProbeReceived,
    SendProbe,
    SetSlots,
    SlotsSet,
    TrafficEffect,
    TrafficObserved,
    TrafficPrepared,
    WithdrawTraffic,
)

INTERFACE = "eth0"


@dataclass
class FakeTable:
    """A module's table with its addresses."""

    groups: tuple[GroupSlots, ...] = ()
    expires: float = float("inf")
    addresses: bool = False
    filter: bool = True
    """False: somebody has flushed all rules of the machine; the addresses are left bare."""


@dataclass
class FakeKernel:
    """`tell` hands an event to the machine's agent after a delay; `send` puts a frame on the wire."""

    tell: Callable[[float, ev.Event], None]
    send: Callable[[SendProbe], None] = lambda effect: None
    tables: dict[str, FakeTable] = field(default_factory=dict)
    refuses: str = ""
    refuses_slots: str = ""

    def carry_out(self, effect: TrafficEffect, now: float) -> None:
        """What the real kernel would do."""
        match effect:
            case PrepareTraffic():
                if not self.refuses:
                    table = self.tables.setdefault(effect.module, FakeTable())
                    table.addresses = table.filter = True
                where = tuple((address.addr, INTERFACE) for address in effect.vip.addresses)
                held = self.tables.get(effect.module, FakeTable())
                reached = held.filter and (held.addresses or len(where) > 1)
                lasting = held.expires == float("inf") and any(group.mine for group in held.groups)
                self.tell(0.02, TrafficPrepared(effect.module, self.refuses, where, reached and lasting))
            case SetSlots():
                table_or_none = self.tables.get(effect.module)
                if table_or_none is None or not table_or_none.filter or self.refuses_slots:
                    self.tell(0.0, SlotsSet(effect.module, effect.epoch, self.refuses_slots or "no such table"))
                    return
                table_or_none.groups = effect.groups
                table_or_none.expires = float("inf") if effect.timeout is None else now + effect.timeout
                self.tell(0.0, SlotsSet(effect.module, effect.epoch, timeout=effect.timeout))
            case WithdrawTraffic():
                self.tables.pop(effect.module, None)
            case ObserveTraffic():
                table = self.tables.get(effect.module, FakeTable())
                missing = () if table.addresses else ("10.0.0.100",)
                present = effect.module in self.tables and table.filter
                self.tell(0.005, TrafficObserved(effect.module, present, missing))
            case SendProbe():
                self.send(effect)

    def slots(self, module: str, now: float) -> GroupSlots | None:
        """The first group of a module as it is in force now; None without a table."""
        return next(iter(self.groups(module, now)), None)

    def groups(self, module: str, now: float) -> tuple[GroupSlots, ...]:
        """All groups of a module as they are in force now."""
        table = self.tables.get(module)
        if table is None or not table.filter:
            return ()
        if now < table.expires:
            return table.groups
        return tuple(GroupSlots(group.group, quiet=group.quiet) for group in table.groups)

    def flush(self) -> None:
        """Somebody runs `nft flush ruleset`."""
        for table in self.tables.values():
            table.groups, table.filter = (), False


def probe_frame(effect: SendProbe, sender: str) -> ProbeReceived:
    """The frame as it arrives."""
    return ProbeReceived(effect.interface, f"02:00:00:00:00:{sender[-1]:0>2}", effect.data)
