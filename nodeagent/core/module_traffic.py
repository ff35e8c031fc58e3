"""The virtual IP of one module on this node: when its addresses come and go, which slots the kernel holds.

`Node` tells it the phase of the module's life and the view; it answers with effects. Slots go into the
kernel only behind a filter that was prepared; while another node could take them they carry a time-out
just below the detection window and are set again every third pulse (the dead man's switch).
"""

from collections.abc import Callable, Mapping
from hashlib import sha256

import msgspec
from msgspec.structs import replace

from nodeagent.contract.config import ModuleConfig, TrafficGroup, VirtualIp
from nodeagent.contract.states import LogType
from nodeagent.core import effects as do
from nodeagent.core.handover import ALL, NOBODY, GroupSlots, Handover, Presence
from nodeagent.core.slot_table import NO_TABLE, Powers, SlotTable, slot_table
from nodeagent.core.surroundings import Surroundings
from nodeagent.core.traffic_messages import (
    ObserveTraffic,
    PrepareTraffic,
    SetSlots,
    SlotsSet,
    TrafficObserved,
    TrafficPrepared,
    WithdrawTraffic,
)
from nodeagent.core.view import Member
from nodeagent.core.wire import EVERYBODY

REARM_PULSES = 3
OBSERVE = 5.0
"""Seconds between two looks into the kernel."""

RETRY = 0.5
"""Seconds before slots are offered again to a kernel that has refused them."""

PREPARE_AGAIN = 1.0
"""Seconds before a kernel that has refused the filter or an address is asked again; it may hold slots for ever."""

DISAGREEMENT = 3.0
"""Seconds after which nodes that report another epoch are an alarm."""

LEAVING = 0.5
"""Seconds that an agent which ends leaves its slots in the kernel: by then its peers have heard its goodbye."""

_SIGNATURE = 8


class ModuleTraffic:
    """One module's virtual IP. Effects go to `emit` in the order they must be carried out."""

    def __init__(self, config: ModuleConfig, vip: VirtualIp, me: str, emit: Callable[[do.Effect], None]) -> None:
        self._config, self.vip, self.me, self._emit = config, vip, me, emit
        self._next: tuple[TrafficGroup, ...] = vip.groups
        self._next_signature = _signature_of(vip.groups)
        """The newest powers this node knows; in force when every UP node knows them."""
        self.handover = Handover(me)
        self.wanted = False
        """The addresses belong on this node now."""
        self.prepared = False
        self.places: tuple[tuple[str, str], ...] = ()
        """(virtual address, the network interface that carries it)."""
        self.interfaces: tuple[str, ...] = ()
        """The network interfaces that carry the addresses, each once."""
        self.targets: dict[tuple[str, str], tuple[str, ...]] = {}
        """(interface, MAC that probes go to) → the virtual addresses behind it."""
        self.problem = ""
        """Why the addresses or the slots cannot be put into the kernel, empty when they can."""
        self.gate = not vip.scriptcontrol
        self.seen = self.applied = 0
        """The epochs this node reports: its kernel is quiet for (0: it may hold any slot), has taken its slots of."""
        self.inherits = False
        """The kernel may yet hold what an earlier agent put there, or this one before an address was removed."""
        self._inherits_until: float | None = None
        self._held: tuple[GroupSlots, ...] = ()
        self._timeout: float | None = None
        self._set_at = self._retry_at = 0.0
        self._asked: list[int] = []
        """The epochs that the kernel was told of and has not answered for, in this order."""
        self._observe_at: float | None = None
        self.able = True
        """The kernel does what it is told, has refused for less than a window, or holds its slots for ever."""
        self._able_until = 0.0
        self._for_ever = False
        """The kernel holds slots without a time-out, until it takes others."""
        self._repaired: dict[str, float] = {}
        self._disagree_since: float | None = None
        self.observed: TrafficObserved | None = None
        self._last: Surroundings | None = None
        self._key: tuple[VirtualIp, tuple[tuple[str, bytes], ...]] | None = None
        self._known = NO_TABLE

    # --- configuration ------------------------------------------------------------------------

    @property
    def payload(self) -> bytes:
        """What heartbeats carry beside the applied epoch: the seen one, and the signature of the newest powers."""
        return self.seen.to_bytes(8, "big") + self._next_signature

    @property
    def groups(self) -> tuple[tuple[str, Powers], ...]:
        """The groups in force, with their powers."""
        return tuple((group.name, group.powers) for group in self.vip.groups)

    def reconfigure(self, config: ModuleConfig) -> None:
        """A new revision: of the virtual IP only the powers of groups that stay are taken live."""
        self._config = config
        powers = {group.name: group.powers for group in config.vip.groups} if config.vip else {}
        self._next = tuple(replace(group, powers=powers.get(group.name, group.powers)) for group in self.vip.groups)
        self._next_signature = _signature_of(self._next)

    # --- the module's life ----------------------------------------------------------------------

    def inherit(self) -> None:
        """An earlier agent has started the application, whose script has opened the traffic if it is to."""
        self.inherits = True
        self.come()
        self.gate = True

    def come(self) -> None:
        """The module is about to start its application: the addresses behind a closed filter."""
        if not self.wanted:
            self.wanted, self.gate = True, not self.vip.scriptcontrol
            self._prepare()

    def go(self) -> None:
        """The application is stopped: close, take the addresses away."""
        if self.wanted:
            self.wanted = self.prepared = self._for_ever = False
            self._held, self._timeout, self._observe_at, self.observed = (), None, None, None
            self._asked, self.problem = [], ""
            self._emit(WithdrawTraffic(self._config.name, self.vip.tcpreset))

    def leave(self) -> None:
        """The agent ends, the application goes on. The connections stay, the slots go when the others have them.

        Until then two nodes answer one client, so all is quiet; datagrams have no cure and are given up at once.
        """
        if self.prepared and self._last:
            slots = tuple(GroupSlots(group.group, group.mine, quiet=ALL) for group in self._held)
            self._emit(self._set_slots(self.handover.table, slots, LEAVING, self._last))

    def taken(self, event: TrafficPrepared, now: float) -> None:
        """The kernel has the filter and the addresses, or refused."""
        if not self.wanted:
            return
        self.prepared, self._observe_at = not event.error, now + (PREPARE_AGAIN if event.error else OBSERVE)
        self._held, self._asked, self._for_ever = (), [], self._for_ever or event.lasting
        self.places, self.targets = event.interfaces, _targets(self.vip, dict(event.interfaces))
        self.interfaces = tuple(dict.fromkeys(name for _, name in self.places))
        if event.error:
            self._trouble(f"the virtual IP cannot be put on this node: {event.error}")
        else:
            self.problem, self._retry_at = "", now
            self._emit(do.PublishStatus())

    def slots_set(self, event: SlotsSet, now: float) -> None:
        """The kernel holds an epoch, or refused."""
        if not self.wanted:
            return
        self._asked = self._asked[1:]
        if event.error:
            self._retry_at = now + RETRY
            self._trouble(f"the slots cannot be put into the kernel: {event.error}")
            self._emit(ObserveTraffic(self._config.name))  # somebody may have removed the filter
        else:
            self.seen, self.inherits, self.problem = event.epoch, False, ""
            self._for_ever = event.timeout is None
            self.applied = event.epoch if self.handover.taken_all(now) else self.applied

    # --- the table --------------------------------------------------------------------------------

    def _table(self, view: tuple[Member, ...]) -> SlotTable:
        """The table when these serve, made anew only when it is another one."""
        key = (self.vip, tuple((member.node, member.session) for member in view))
        if key != self._key:
            self._key, self._known = key, slot_table(self.groups, _rules_of(self.vip), view)
        return self._known

    def follow(self, around: Surroundings, now: float) -> bool:
        """Put what follows from the surroundings into the kernel, when it is not there or must be set again.

        True when it did: a probe must tell it.
        """
        self._last = around
        self._watch_ability(around, now)
        self._follow_powers(around)
        table = self._table(around.view)
        self.handover.follow(
            table, around.others, now, serving=around.serving, doubt=around.doubt, window=around.window
        )
        self._watch_agreement(now)
        if not self.prepared:
            self._report_without_filter(table, around, now)
            return False
        if not self.able:
            self.seen = self.applied = table.epoch  # what the kernel held has run out
        slots, timeout = self._wished(around, now)
        due = timeout is not None and now >= self._set_at + _rearm(timeout, around.pulse)
        late = self.seen != table.epoch or (self.applied != table.epoch and self.handover.taken_all(now))
        late |= bool(self.problem)  # what was refused is offered again, though nothing else has changed
        changed = slots != self._held or timeout != self._timeout or (late and table.epoch not in self._asked)
        if (changed and now >= self._retry_at) or due:
            self._held, self._timeout, self._set_at = slots, timeout, now
            self._emit(self._set_slots(table, slots, timeout, around))
            return True
        return False

    def next_deadline(self, now: float) -> float | None:
        """When `follow` or `tick` has something to do by time alone."""
        times = [self.handover.next_deadline(now), self._observe_at]
        if now < self._retry_at:
            times.append(self._retry_at)
        if self.prepared and self._timeout is not None and self._last:
            times.append(self._set_at + _rearm(self._timeout, self._last.pulse))
        return min((time for time in times if time is not None), default=None)

    @property
    def stuck(self) -> bool:
        """The kernel may hold slots that it does not give up when told; they run out within a window."""
        return self.inherits or (self.prepared and bool(self.problem) and self.able)

    @property
    def let_go(self) -> bool:
        """The kernel has done what it was told last, or holds nothing."""
        return not self._asked and not self.stuck

    @property
    def steady(self) -> bool:
        """Nothing but new words of the others, an event or a deadline has anything to change."""
        waits = self.problem or self.inherits or (self.wanted and not self.prepared)
        return not waits and self._last is not None and not self.wire_only and self.handover.steady

    @property
    def timeout(self) -> float | None:
        """Seconds the kernel keeps the slots without being told again; None: for ever."""
        return self._timeout

    def presence(self, node: str) -> Presence:
        """What was last known of another node."""
        return self._last.others.get(node, NOBODY) if self._last else NOBODY

    @property
    def wire_only(self) -> tuple[str, ...]:
        """The nodes that are silent on UDP and heard by their probes."""
        return self._last.wire_only if self._last else ()

    def share(self) -> float:
        """Percent of the slots of the first group that the kernel holds for this node."""
        return round(100 * len(self._held[0].mine) / 256, 1) if self._held else 0.0

    @property
    def held(self) -> tuple[GroupSlots, ...]:
        """What the kernel was last told to hold."""
        return self._held

    # --- looking after it -------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Look into the kernel every five seconds."""
        if self._observe_at is not None and now >= self._observe_at:
            self._observe_at = now + OBSERVE
            if self.wanted and not self.prepared:
                self._prepare()
            else:
                self._emit(ObserveTraffic(self._config.name))

    def looked(self, event: TrafficObserved, now: float) -> None:
        """The kernel was looked at: repair what somebody else has broken."""
        if not self.prepared:
            return
        self.observed = event
        broken = []
        if not event.filter_present:
            broken.append("the filter of the virtual IP was removed by somebody else")
        broken += [f"the virtual address {address} was removed by somebody else" for address in event.missing]
        if not broken:
            return
        for text in broken:
            self._log(LogType.CRITICAL, f"{text}: it is put back")
            self._repaired[text] = now
        self.prepared, self._held = False, ()
        # A filter stays with its slots, which no client reaches when all addresses are gone.
        self.inherits, self._inherits_until = event.filter_present, None
        self._for_ever &= event.filter_present and len(event.missing) < len(self.vip.addresses)
        self._prepare()

    def alarms(self, now: float) -> tuple[str, ...]:
        """What needs a human, in words."""
        name = self._config.name
        found = [f"{text} and put back" for text, at in self._repaired.items() if now - at < 60]
        if self.problem:
            found.append(self.problem)
        if self.observed:
            found += [
                f"a frame came from the virtual MAC on {interface}: the switch may have learnt it"
                for interface in self.observed.learnt
            ]
        if around := self._last:
            found += [
                f"{node} is alive on the wire, UDP {around.udp_port} between it and {self.me} is blocked"
                for node in around.wire_only
            ]
            found += [self._unheard(*unheard) for unheard in around.unheard]
            if not around.may_serve and self.wanted:
                found.append(f"{self.me} takes no traffic: its heartbeats cannot leave it")
        if self._disagree_since is not None and now - self._disagree_since >= DISAGREEMENT:
            found.append("the nodes have not agreed on one slot table for more than 3 s")
        return tuple(f"{name}: {text}" for text in found)

    # --- inside -----------------------------------------------------------------------------------

    def _watch_ability(self, around: Surroundings, now: float) -> None:
        if self.prepared and not self.problem:
            self._able_until = now + around.window
        self.able = not self.wanted or now < self._able_until or self._for_ever

    def _follow_powers(self, around: Surroundings) -> None:
        if self._next != self.vip.groups and all(staged == self._next_signature for staged in around.staged.values()):
            self.vip = replace(self.vip, groups=self._next)
            self._log(LogType.INFO, "new powers are in force: every node that serves has them")

    def _report_without_filter(self, table: SlotTable, around: Surroundings, now: float) -> None:
        """Nothing is in the kernel, so nothing contradicts it; but what it inherits dies only by time, if at all."""
        if self._inherits_until is None:
            self._inherits_until = now + around.window
        self.inherits &= self._for_ever or now < self._inherits_until
        if not self.inherits:
            self.seen = self.applied = table.epoch

    def _wished(self, around: Surroundings, now: float) -> tuple[tuple[GroupSlots, ...], float | None]:
        """What the kernel should hold now, and the time-out of it."""
        slots = self.handover.slots(now)
        if not self.gate or not around.may_serve:
            slots = tuple(GroupSlots(group.group, quiet=group.quiet) for group in slots)
        alone = not any(presence.alive for presence in around.others.values()) and not around.wire_only
        # A peer judges by this node's last sign of life, at most one pulse old now.
        timeout = None if alone else max(around.window - 2 * around.pulse, around.window / 2)
        return slots, timeout

    def _set_slots(
        self, table: SlotTable, slots: tuple[GroupSlots, ...], timeout: float | None, around: Surroundings
    ) -> SetSlots:
        self._asked.append(table.epoch)
        first = next((node for node in self._config.nodes if node in table.view), "")
        return SetSlots(self._config.name, table.epoch, slots, timeout, first == self.me, table.owners, around.macs)

    def _unheard(self, interface: str, to: str, node: str) -> str:
        start = f"probes of {node} do not reach {self.me} on {interface}: the switch blocks"
        if to == EVERYBODY:
            return f"{start} frames to everybody"
        return f"{start} or has learnt the virtual MAC {to} of {', '.join(self.targets.get((interface, to), ()))}"

    def _prepare(self) -> None:
        self._emit(PrepareTraffic(self._config, self.vip, self.me))

    def _watch_agreement(self, now: float) -> None:
        if not self.prepared or self.handover.agreed:
            self._disagree_since = None
        elif self._disagree_since is None:
            self._disagree_since = now

    def _trouble(self, text: str) -> None:
        if text != self.problem:
            self._log(LogType.CRITICAL, text)
        self.problem, self.seen = text, 0 if self._for_ever else self.seen
        self._emit(do.PublishStatus())

    def _log(self, type_: LogType, text: str) -> None:
        self._emit(do.RecordLine(type_, text, self._config.name, "vip"))


def _rearm(timeout: float, pulse: float) -> float:
    """Seconds until slots with this time-out are set again; a short window leaves no three pulses for it."""
    return min(REARM_PULSES * pulse, timeout / 2)


def _targets(vip: VirtualIp, places: Mapping[str, str]) -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for address in vip.addresses:
        if interface := places.get(address.addr):
            target = interface, address.vmac or EVERYBODY
            found[target] = (*found.get(target, ()), address.addr)
    return found


def _rules_of(vip: VirtualIp) -> str:
    """The signature of everything but the powers."""
    plain = replace(vip, groups=tuple(replace(group, powers=()) for group in vip.groups))
    return sha256(msgspec.json.encode(plain)).hexdigest()


def _signature_of(groups: tuple[TrafficGroup, ...]) -> bytes:
    powers = [(group.name, group.powers) for group in groups]
    return sha256(msgspec.json.encode(powers)).digest()[:_SIGNATURE]
