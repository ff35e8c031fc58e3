"""The virtual IPs of all modules of this node, and the probes that tell who is alive on the wire.

`Node` owns the lives and the membership; here is what connects them to `ModuleTraffic`: which phases have
the addresses, who serves as far as traffic is concerned (a node that is silent on UDP and alive on the wire
included), what goes into the heartbeats, and the probe frames every third pulse.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.states import State
from nodeagent.core import effects as do
from nodeagent.core.freeze import READING
from nodeagent.core.handover import Presence
from nodeagent.core.heartbeat import ModuleBeat, module_id
from nodeagent.core.membership import Membership
from nodeagent.core.module_life import ModuleLife
from nodeagent.core.module_traffic import ModuleTraffic
from nodeagent.core.phases import SERVING, WITH_ADDRESS
from nodeagent.core.surroundings import Surroundings
from nodeagent.core.traffic_messages import (
    GateSet,
    LinkSeen,
    ProbeReceived,
    SendProbe,
    SlotsSet,
    TrafficEvent,
    TrafficObserved,
    TrafficPrepared,
    WithdrawTraffic,
)
from nodeagent.core.view import Member, view_of
from nodeagent.core.wire import PROBE_PULSES, Wire

ALONE_WINDOW = 1.0
"""Detection window of a node without a cluster, seconds."""

PROBE_MEMORY = 5.0
"""Seconds within which a probe counts as having arrived."""


Living = tuple[tuple[str, bytes, int], ...]
"""Who lives, as `Membership.living` says it."""


@dataclass(slots=True)
class _Module:
    life: ModuleLife
    traffic: ModuleTraffic


class FarmTraffic:
    """All virtual IPs of one agent run. Effects go to `emit` in the order they must be carried out."""

    def __init__(self, membership: Membership, session: bytes, emit: Callable[[do.Effect], None]) -> None:
        self._membership, self._session, self._emit = membership, session, emit
        self.wire = Wire(session, membership.sealer)
        self._lives: dict[str, ModuleLife] = {}
        self._modules: dict[str, _Module] = {}
        """Those with a virtual IP; what they had when their application was started counts until it has stopped."""
        self._cluster: ClusterConfig | None = None
        self._me = ""
        self._bound: frozenset[str] | None = None
        """None: nobody has told yet."""
        self._thawed: float | None = None
        """When this node's last freeze ended; None once all living peers were heard since."""
        self._linkless: dict[str, float] = {}
        """Interface without a link → when it may carry traffic again: a window after it has its link back."""
        self._left = False
        self._next_probe = 0.0
        self._prepared_since: dict[str, float] = {}
        self._told: dict[str, ModuleBeat] = {}
        self._followed: tuple[bool, list[Living]] | None = None
        """Who lived, and what they had said, when it was followed last; None: anything is news."""
        self._by_udp: frozenset[str] = frozenset()
        """Who lives by the heartbeats of every module: its probes say nothing new."""
        self._due: float | None = None
        self._silent: set[str] = set()

    # --- what it is told ------------------------------------------------------------------------

    def configure(self, config: ClusterConfig | None, me: str, keys: tuple[bytes, ...]) -> None:
        """The cluster, this node's name in it, its keys."""
        self._cluster, self._me = config, me
        self.wire.configure(me, keys)

    def bound(self, lans: frozenset[str]) -> None:
        """The lans on which heartbeats can leave this node."""
        self._bound = lans

    def link_seen(self, event: LinkSeen, now: float) -> None:
        """An interface has lost its link, or has it again: the others have its clients until they are heard."""
        self._linkless[event.interface] = now + self._window if event.up else float("inf")

    def configured(self, life: ModuleLife) -> None:
        """A module is there, or has a new revision; one that waits for the next start brings no more than powers."""
        name = life.config.name
        self._lives[name] = life
        if not life.waiting and life.phase not in WITH_ADDRESS:
            self._renew(name, life)
        elif known := self._modules.get(name):
            known.traffic.reconfigure(life.waiting.config if life.waiting else life.config)

    def recovered(self, life: ModuleLife) -> None:
        """The agent has started; an earlier one may have left the addresses of a stopped module."""
        module = self._modules.get(life.config.name)
        if module and life.phase in WITH_ADDRESS:
            module.traffic.inherit()
        elif module:
            self._emit(WithdrawTraffic(life.config.name, False))

    def removed(self, module: str) -> None:
        """A module is gone."""
        self._lives.pop(module, None)
        if known := self._modules.pop(module, None):
            known.traffic.go()

    def event(self, event: TrafficEvent, now: float) -> None:
        """Something about one module's traffic; strangers are ignored."""
        known = self._modules.get(event.module)
        if known is None:
            return
        match event:
            case TrafficPrepared():
                known.traffic.taken(event, now)
                if known.traffic.prepared:
                    self._prepared_since.setdefault(event.module, now)
                known.life.addresses_taken(event.error, now)
            case SlotsSet():
                known.traffic.slots_set(event, now)
            case TrafficObserved():
                known.traffic.looked(event, now)
            case GateSet():
                known.traffic.gate = event.open

    def probe_received(self, event: ProbeReceived, now: float) -> bool:
        """A frame came in; True when it was believed."""
        sender = self.wire.receive(event.interface, event.mac, event.data, now, self._session_of)
        if sender not in self._by_udp:
            self._followed = None
        return bool(sender)

    def forgive(self, seconds: float, now: float) -> None:
        """This node stood still for so long; others may have its slots until it has heard them again."""
        self.wire.forgive(seconds)
        self._thawed, self._followed = now, None

    # --- what follows ---------------------------------------------------------------------------

    def follow(self, now: float, *, news: bool = True) -> bool:
        """Bring every module's addresses and slots to what the lives and the view ask for.

        True when what heartbeats carry of it has changed. `news` False: nothing but datagrams and probes has come
        since the last call, and most of them say once more what was followed then.
        """
        if self._left:
            return False
        for name, life in self._lives.items() if news else ():
            self._bring(name, life)
        if not (self._modules or self._told):
            self._due = None
            return False
        if not news and self._followed == self._living(now) and (self._due is None or now < self._due):
            return False
        self._linkless = {interface: until for interface, until in self._linkless.items() if now < until}
        if self._thawed is not None and now >= self._thawed + READING:
            over = now >= self._thawed + self._window or self._heard_all_since(self._thawed)
            self._thawed = None if over else self._thawed
        armed = False
        for module in self._modules.values():
            armed |= module.traffic.follow(self._surroundings(module, now), now)
            module.traffic.tick(now)
        before, self._silent = self._silent, {node for m in self._modules.values() for node in m.traffic.wire_only}
        if self._silent - before:  # it stays in the table, so nothing else tells it that it is not heard
            self._membership.send_soon()
        told, self._told = self._told, {name: self._own_beat(module) for name, module in self._modules.items()}
        if armed or told != self._told or now >= self._next_probe:
            self._probe(now)
        self._remember(now, told == self._told)
        return told != self._told

    def leave(self) -> None:
        """The agent ends and the applications go on: nothing of the kernel is changed after this."""
        self._left = True
        for module in self._modules.values():
            module.traffic.leave()

    @property
    def left(self) -> bool:
        """The agent ends, and the others may be told: they would take slots that a kernel does not give up."""
        return self._left and all(module.traffic.let_go for module in self._modules.values())

    def next_deadline(self, now: float) -> float | None:
        """When `follow` must be called at the latest."""
        if self._left:
            return None
        if self._cluster is None or not any(module.traffic.prepared for module in self._modules.values()):
            return self._due
        soon = now + self._cluster.pulse  # doubt comes by time alone
        return soon if self._due is None else min(soon, self._due)

    def beat(self, module: str) -> ModuleBeat | None:
        """The module's heartbeat with what traffic adds; None for a module without a virtual IP."""
        known = self._modules.get(module)
        return self._own_beat(known) if known else None

    def traffic_of(self, module: str) -> ModuleTraffic | None:
        """The traffic of a module with a virtual IP."""
        known = self._modules.get(module)
        return known.traffic if known else None

    def alarms(self, now: float) -> tuple[str, ...]:
        """What needs a human, of all modules."""
        return tuple(text for module in self._modules.values() for text in module.traffic.alarms(now))

    # --- inside -----------------------------------------------------------------------------------

    def _bring(self, name: str, life: ModuleLife) -> None:
        """The addresses come and go with the application."""
        module = self._modules.get(name)
        if life.phase in WITH_ADDRESS:
            if module:
                module.traffic.come()
            return
        if module and module.traffic.wanted:
            module.traffic.go()
            self._prepared_since.pop(name, None)
        if life.waiting:
            return
        if (module.traffic.vip, module.traffic.me) != (life.config.vip, self._me) if module else life.config.vip:
            self._renew(name, life)  # what had to wait for the stop

    def _renew(self, name: str, life: ModuleLife) -> None:
        if vip := life.config.vip:
            self._modules[name] = _Module(life, ModuleTraffic(life.config, vip, self._me, self._emit))
        else:
            self._modules.pop(name, None)

    def _heard_all_since(self, thaw: float) -> bool:
        """Every living peer was heard both ways since then: by its probes, where UDP is silent."""
        wire_only = all(self.wire.echoed(node) >= thaw for node in self._silent)
        return wire_only and self._membership.heard_all_since(thaw)

    def _living(self, now: float) -> tuple[bool, list[Living]]:
        """All that a datagram can change, unless something here waits for more than that."""
        farms = [self._membership.living(module.life.config.farm, now) for module in self._modules.values()]
        return self._membership.in_doubt(now), farms

    def _remember(self, now: float, same: bool) -> None:
        """What was followed now, and until when it holds if nobody says anything else.

        Not `same`: what this node itself says has just changed, and who serves follows from that, too.
        """
        times = [module.traffic.next_deadline(now) for module in self._modules.values()]
        times += [self._next_probe if self._interfaces() else None, *self._linkless.values()]
        self._due = min((time for time in times if time is not None), default=None)
        self._followed, self._by_udp = None, frozenset()
        if same and self._modules and self._thawed is None and all(m.traffic.steady for m in self._modules.values()):
            self._followed = self._living(now)
            self._by_udp = frozenset.intersection(
                *[frozenset([name for name, _, _ in farm]) for farm in self._followed[1]]
            )

    def _surroundings(self, module: _Module, now: float) -> Surroundings:
        life, traffic = module.life, module.traffic
        window = self._window
        pulse = self._cluster.pulse if self._cluster else 0.1
        peers = {m.node: m for m in self._membership.module_view(life.config, now) if m.node != self._me}
        wire_only = {}
        echoed = {node: session.echoed / 1e6 for node in peers if (session := self._membership.session(node))}
        for node in life.config.nodes:
            if node not in peers and node != self._me and (found := self._on_wire(node, life, window - pulse, now)):
                wire_only[node], echoed[node] = found
        members = {**peers, **wire_only}
        own = self._own_beat(module)
        everybody = Member(self._me, self._session, own), *members.values()
        serving = [member for member in everybody if member.beat.power and member.beat.with_vip]
        others = {
            node: self._presence(node, life.config.name, members.get(node), echoed.get(node, 0.0))
            for node in life.config.nodes
            if node != self._me
        }
        staged = {
            node: member.beat.payload[8:]
            for node, member in members.items()
            if member.beat.state is State.UP and len(member.beat.payload) > 8
        }
        return Surroundings(
            view=view_of(serving),
            serving=life.phase in SERVING,
            others=others,
            staged=staged,
            window=window,
            pulse=pulse,
            doubt=self._membership.in_doubt(now),
            may_serve=self._may_serve(life),
            macs=tuple(
                (interface, node, mac)
                for interface in traffic.interfaces
                for node in life.config.nodes
                if (mac := self.wire.mac(interface, node))
            ),
            unheard=self._unheard(module, peers, now),
            wire_only=tuple(wire_only),
            udp_port=self._cluster.port if self._cluster else 0,
        )

    @property
    def _window(self) -> float:
        return self._cluster.window if self._cluster else ALONE_WINDOW

    def _own_beat(self, module: _Module) -> ModuleBeat:
        life, traffic = module.life, module.traffic
        power = int(traffic.gate and traffic.able and self._may_serve(life))
        mode, applied, payload = life.config.mode, traffic.applied, traffic.payload
        return ModuleBeat(life.state, life.status, mode, power, applied, payload, life.restarting)

    def _on_wire(self, node: str, life: ModuleLife, window: float, now: float) -> tuple[Member, float] | None:
        """A node that is silent on UDP and whose probes come in: what it says of the module, after having heard what.

        `window` is a pulse less than that of heartbeats: a last probe, sent behind the last heartbeat, must not keep
        a dead node in the table. It is still longer than its kernel holds its slots.
        """
        session = self._session_of(node)
        if session is None or self._membership.said_goodbye(node, module_id(life.config.name)):
            return None
        for heard in self.wire.heard(node, window, now):
            if heard.session == session and (beat := heard.modules.get(module_id(life.config.name))):
                return Member(node, session, beat), heard.echoed
        return None

    def _session_of(self, node: str) -> bytes | None:
        session = self._membership.session(node)
        return session.id if session else None

    def _presence(self, node: str, module: str, member: Member | None, heard: float) -> Presence:
        if member is None:
            return Presence(goodbye=self._membership.said_goodbye(node, module_id(module)))
        seen, inherits = int.from_bytes(member.beat.payload[:8], "big"), member.beat.payload[:8] == bytes(8)
        up = member.beat.state is State.UP and member.beat.with_vip
        return Presence(True, up, False, seen, member.beat.epoch, heard, inherits)

    def _may_serve(self, life: ModuleLife) -> bool:
        """Alone in its cluster, or with a link, a heartbeat socket on one of the module's lans, fresh news of peers."""
        if self._thawed is not None:
            return False
        if self._cluster is None or len(life.config.nodes) < 2:
            return True
        interfaces = self._modules[life.config.name].traffic.interfaces
        if interfaces and self._linkless.keys() >= set(interfaces):
            return False
        if self._bound is None:
            return True
        lans = life.config.farm.lans or tuple(lan.name for lan in self._cluster.lans)
        return bool(self._bound.intersection(lans))

    def _unheard(self, module: _Module, peers: Mapping[str, Member], now: float) -> tuple[tuple[str, str, str], ...]:
        """(interface, MAC, node) where a node that serves should be heard and is not."""
        since = self._prepared_since.get(module.life.config.name)
        if since is None or now < since + 2 * PROBE_MEMORY or not module.traffic.prepared:
            return ()
        serving = [member.node for member in view_of(m for m in peers.values() if m.beat.with_vip)]
        return tuple(
            (interface, to, node)
            for node in serving
            for interface, to in module.traffic.targets
            if not self.wire.arrives(node, interface, to, PROBE_MEMORY, now)
        )

    def _interfaces(self) -> dict[str, str]:
        """Interface → a module whose virtual IP is on it."""
        return {
            interface: name
            for name, module in self._modules.items()
            if module.traffic.prepared
            for interface in module.traffic.interfaces
        }

    def _probe(self, now: float) -> None:
        """To every virtual MAC on every interface: every third pulse, and with every word that changes.

        Whenever slots are set again, too: a peer that judges by probes must not lose this node before they expire.
        """
        if self._cluster is None:
            return
        self._next_probe = now + PROBE_PULSES * self._cluster.pulse
        targets = {
            target: name
            for name, module in self._modules.items()
            if module.traffic.prepared
            for target in module.traffic.targets
        }
        beats: dict[str, dict[str, ModuleBeat]] = {interface: {} for interface, _ in targets}
        for name, module in self._modules.items():
            for interface in beats.keys() & {*module.traffic.interfaces}:
                beats[interface][name] = self._own_beat(module)
        for (interface, to), name in targets.items():
            for data in self.wire.probes(to, beats[interface], now):
                self._emit(SendProbe(name, interface, to, data))
