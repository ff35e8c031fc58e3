"""One node: the only place where membership, module lives and self-doubt meet.

Theory of operation. Whoever drives a Node calls `handle` for everything that happens and `tick`
when `next_deadline` has come, each with the present time of one monotonic clock; both return the
effects to carry out, in order. A call that comes much later than the deadline the Node gave means
that this node stood still: it then forgives everybody, doubts itself and says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count

from msgspec import structs

from nodeagent.contract.api import CauseLink
from nodeagent.contract.config import ClusterConfig
from nodeagent.contract.states import Action, LogType, Mode
from nodeagent.contract.status import ModuleStatus, PeerStatus, ResourceHistory
from nodeagent.contract.vip_status import VipStatus, VipWhere
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.farm_traffic import ALONE_WINDOW, FarmTraffic
from nodeagent.core.freeze import FreezeDetector
from nodeagent.core.heartbeat import ModuleBeat
from nodeagent.core.membership import Membership
from nodeagent.core.module_life import ModuleLife
from nodeagent.core.module_report import chain, module_status, resource_history, sentence
from nodeagent.core.order import Order
from nodeagent.core.orders import Verdict
from nodeagent.core.script_runs import agent_of_runs
from nodeagent.core.traffic_messages import (
    GateSet,
    LansBound,
    LinkSeen,
    ProbeReceived,
    SlotsSet,
    TrafficObserved,
    TrafficPrepared,
)
from nodeagent.core.view import Member, epoch_of, view_of
from nodeagent.core.vip_report import vip_status, where

_HEARD = (ev.DatagramReceived, ProbeReceived)
"""What mostly says once more what is known."""


class Node:
    """The decisions of one agent run, which `session` (16 random bytes) names."""

    def __init__(self, membership: Membership, session: bytes) -> None:
        self.membership = membership
        self._session = session
        self.me = ""
        self.freezes = FreezeDetector()
        self._lives: dict[str, ModuleLife] = {}
        self._cluster: ClusterConfig | None = None
        self._effects: list[do.Effect] = []
        numbers = count(1)
        self._run_names: Callable[[], str] = lambda: f"{agent_of_runs(session)}-{next(numbers)}"
        self._promised: float | None = None
        self._wall_offset = 0.0
        self._listened = False
        self._going_down = False
        self._views: dict[str, tuple[Member, ...]] = {}
        self._heard: tuple[object, ...] = ()
        """What the views were made of, as `Membership.living` names it."""
        self._stale = False
        """Whether the views and what peers are told must be made anew, whatever was heard."""
        self._shown: dict[str, tuple[object, ...]] = {}
        """What the views were made of, of each life here."""
        self._touched: set[str] = set()
        """Modules to whose lives something happened: their deadlines must be asked for again."""
        self._due: dict[str, float] = {}
        """When a life wants its tick."""
        self._soonest: float | None = None
        """The first of these times."""
        self.traffic = FarmTraffic(membership, session, self._emit)

    # --- driving ----------------------------------------------------------------------------

    def handle(self, event: ev.Event, now: float) -> list[do.Effect]:
        """Something happened; returns what is to be done, in order."""
        self._doubt(now)
        self._dispatch(event, now)
        fresh = any(isinstance(effect, do.PublishStatus) for effect in self._effects)
        return self._finish(now, fresh, news=not isinstance(event, _HEARD))

    def tick(self, now: float) -> list[do.Effect]:
        """A deadline has come (harmless when it has not)."""
        self._doubt(now)
        if not self._listened and now >= self.membership.listening_until():
            self._listened = True
            for life in self._all_lives():
                life.let_be_green(now)
        for name, life in self._lives.items():
            if name in self._touched or self._due.get(name, now + 1) <= now:
                self._touched.add(name)
                life.tick(now)
        self._effects += self.membership.tick(now)
        return self._finish(now, True, news=False)

    def next_deadline(self) -> float | None:
        """When `tick` must be called at the latest; None: only after an event."""
        return self._promised

    @property
    def window(self) -> float:
        """Seconds of silence after which a node is lost."""
        return self._cluster.window if self._cluster else ALONE_WINDOW

    # --- facts ------------------------------------------------------------------------------

    def modules(self, now: float) -> tuple[ModuleStatus, ...]:
        """The snapshot of every module, times as wall-clock times."""
        return tuple(self._status(life, now) for life in self._lives.values())

    def module(self, name: str, now: float) -> ModuleStatus | None:
        """The snapshot of one module; None when there is no such module."""
        life = self._lives.get(name)
        return self._status(life, now) if life else None

    def peers(self, now: float) -> tuple[PeerStatus, ...]:
        """The peers as this node sees them."""
        return self.membership.peers(now, self._wall_offset)

    def view(self, module: str, now: float) -> tuple[Member, ...]:
        """Who serves a module, as this node sees it; nobody for a module it does not have."""
        life = self._lives.get(module)
        return view_of(self._members(life, now)) if life else ()

    def why(self, module: str) -> tuple[str, float, tuple[CauseLink, ...]] | None:
        """(sentence, since, chain) of a module; None when there is no such module."""
        life = self._lives.get(module)
        if life is None:
            return None
        return sentence(life), life.since + self._wall_offset, chain(life, self._wall_offset)

    def resource_history(self, module: str) -> tuple[ResourceHistory, ...] | None:
        """What the resources of a module were; None when there is no such module."""
        life = self._lives.get(module)
        return None if life is None else resource_history(life, self._wall_offset)

    def vip(self, module: str, now: float) -> VipStatus | None:
        """The virtual IP of a module; None when it has none."""
        traffic = self.traffic.traffic_of(module)
        return vip_status(traffic, module, self._lives[module].config.nodes, now) if traffic else None

    def vip_where(self, module: str, client: str, port: int) -> tuple[VipWhere, ...] | None:
        """Who serves a client, by each rule; None without a virtual IP. Raises ValueError for no IP address."""
        traffic = self.traffic.traffic_of(module)
        return where(traffic, client, port) if traffic else None

    def alarms(self, now: float) -> tuple[str, ...]:
        """What needs a human now, in words."""
        return (*self.membership.alarms(now), *self.traffic.alarms(now))

    @property
    def at_rest(self) -> bool:
        """Whether no module keeps the machine from going down."""
        return all(life.at_rest for life in self._lives.values())

    # --- inside -----------------------------------------------------------------------------

    def _dispatch(self, event: ev.Event, now: float) -> None:
        match event:
            case ev.DatagramReceived():
                self._effects += self.membership.receive(event.lan, event.source, event.data, now)
            case ev.WallClockRead():
                self._wall_offset = event.offset
                self.membership.set_wall_offset(event.offset)
            case ev.ClusterConfigured():
                if self._cluster is None and event.config is not None:
                    self._listen()
                self._cluster, self.me = event.config, event.me
                if event.config is None:
                    self._effects += self.membership.leave(now)
                self.membership.configure(event.config, event.me, event.keys, now, confirmed=event.confirmed)
                self.traffic.configure(event.config, event.me, event.keys)
                self._stale = True
                self._effects.append(do.PublishStatus())
            case ev.ModuleConfigured():
                self._configure(event, now)
            case LansBound():
                self.traffic.bound(event.lans)
            case LinkSeen():
                self.traffic.link_seen(event, now)
            case ProbeReceived():
                self.traffic.probe_received(event, now)
            case ev.SystemStopping():
                self._going_down = True
                for life in self._all_lives():
                    life.shut_down(now)
            case ev.AgentStopping():
                self._effects += [do.SetHealth(name, False) for name in self._lives]
                self.traffic.leave()
                self._say_goodbye(now)
            case _:
                self._tell(event, now)

    def _tell(self, event: ev.ModuleEvent, now: float) -> None:
        life = self._lives.get(event.module)
        if life is None:
            if isinstance(event, ev.ActionOrdered | ev.RunWithoutOrdered):
                text = f"there is no module {event.module} on this node"
                self._effects.append(do.AnswerOrder(event.ticket, False, text))
            return
        self._touched.add(event.module)
        match event:
            case ev.ModuleRemoved():
                self._remove(event.module, life)
            case ev.ActionOrdered():
                self._answer(event.ticket, self._order(life, event, now))
            case ev.RunWithoutOrdered():
                self._answer(event.ticket, life.run_without(event.start, event.author, now))
            case ev.LoopCounted():
                life.loop_counted(event.author, event.text, now)
            case ev.LoopReset():
                life.loop_reset(event.author)
            case ev.ClassSwitched():
                life.class_switched(event.proc_class, event.on, event.author, now)
            case ev.CheckerResult():
                life.checker_looked(event, now)
            case ev.ScriptStarted():
                life.script_started(event)
            case ev.ScriptEnded():
                life.script_ended(event, now)
            case ev.ProcessesSeen():
                life.processes_seen(event, now)
            case ev.ProcessDied():
                life.process_died(event.process, now)
            case ev.StateSaved():
                life.state_saved(event.serial, event.error, now)
            case ev.Printed():
                life.printed(event.text, event.error, event.origin, now)
            case ev.ResourceSet():
                life.resource_set(event, now)
            case ev.SwitchSet():
                life.switch(event.switch, event.on, event.author, event.until, now)
            case TrafficPrepared() | SlotsSet() | TrafficObserved() | GateSet():
                self.traffic.event(event, now)
                self._say_goodbye(now)

    def _say_goodbye(self, now: float) -> None:
        """The agent ends, and all kernels are quiet before the others hear of it; from then on nothing is sent."""
        if self.traffic.left:
            self._effects += self.membership.leave(now)

    def _answer(self, ticket: int, verdict: Verdict) -> None:
        self._effects.append(do.AnswerOrder(ticket, verdict.accepted, verdict.text))

    def _order(self, life: ModuleLife, event: ev.ActionOrdered, now: float) -> Verdict:
        if self._going_down and event.action not in (Action.STOP, Action.FORCESTOP):
            return Verdict(False, "the system shuts down")
        return life.command(Order(event.action, event.author, event.identity), now)

    def _remove(self, name: str, life: ModuleLife) -> None:
        """Only a stopped module can be removed; whoever orders it sees to that."""
        if life.at_rest:
            del self._lives[name]
            self.traffic.removed(name)
            self._effects += [do.SetHealth(name, False), do.PublishStatus()]
        else:
            text = f"module {name} is not stopped: it cannot be removed"
            self._effects.append(do.RecordLine(LogType.CRITICAL, text, name))

    def _configure(self, event: ev.ModuleConfigured, now: float) -> None:
        name = event.config.name
        self._touched.add(name)
        if name in self._lives:
            self._lives[name].reconfigure(event, now)
            self.traffic.configured(self._lives[name])
            return
        life = self._lives[name] = ModuleLife(event, self._emit, self._run_names, now)
        if self._listened:
            life.let_be_green(now)
        self.traffic.configured(life)
        if event.record is None:
            life.remember()
        else:
            life.recover(event.record, event.boot_on, now)
            self.traffic.recovered(life)
        self._effects.append(do.PublishStatus())

    def _listen(self) -> None:
        """This node comes into a cluster: nothing turns green before it knows who is there."""
        self._listened = False
        for life in self._all_lives():
            life.may_be_green = False

    def _emit(self, effect: do.Effect) -> None:
        self._effects.append(effect)

    def _doubt(self, now: float) -> None:
        """Was this node frozen since it was last asked?"""
        frozen = self.freezes.observe(now, self._promised, self.window)
        paused = None if frozen is not None else self.membership.counters_jumped(now)
        if frozen is not None:
            text, seconds = f"this node was frozen for {frozen:.1f} s", frozen
        elif paused is not None:
            text, seconds = f"this node was paused for {paused:.1f} s, by the word of all its peers", paused
        else:
            return
        self._promised = None  # said once
        self._effects.append(do.RecordLine(LogType.ERROR, text, origin="membership"))
        self.membership.forgive(now)
        self.traffic.forgive(seconds, now)
        for life in self._all_lives():
            life.froze(seconds, now)

    def _finish(self, now: float, fresh: bool, *, news: bool) -> list[do.Effect]:
        changes = self.membership.changes()
        self._effects += [do.RecordLine(change.type, change.text, origin="membership") for change in changes]
        told = self._follow_traffic(now, news or bool(self._touched))
        self._stale = self._stale or told or any(map(self._alters_views, self._touched))
        if fresh or changes or told:
            self._tell_peers(now, bool(changes))
        self._promised = self._earliest(now)
        effects, self._effects = self._effects, []
        return effects

    def _follow_traffic(self, now: float, news: bool) -> bool:
        """Bring the virtual IPs to what has changed, before any script runs; True when peers must know of it."""
        before, self._effects = self._effects, []
        told = self.traffic.follow(now, news=news)
        first = next((at for at, effect in enumerate(before) if isinstance(effect, do.RunScript)), len(before))
        self._effects = before[:first] + self._effects + before[first:]
        return told

    def _status(self, life: ModuleLife, now: float) -> ModuleStatus:
        status = module_status(life, self.me, view_of(self._members(life, now)), now, self._wall_offset)
        traffic = self.traffic.traffic_of(life.config.name)
        return structs.replace(status, share=traffic.share(), share_by="slots") if traffic else status

    def _tell_peers(self, now: float, changed: bool) -> None:
        """Put what this node is into its heartbeats; publish when a view has changed."""
        farms = dict.fromkeys(life.config.farm for life in self._lives.values())
        heard = tuple(self.membership.living(farm, now) for farm in farms)
        if not (changed or self._stale) and heard == self._heard:
            return
        self._heard, self._stale = heard, False
        self._shown = {name: _shown(life) for name, life in self._lives.items()}
        views = {name: view_of(self._members(life, now)) for name, life in self._lives.items()}
        if views != self._views or changed:
            self._effects.append(do.PublishStatus())
        self._views = views
        self.membership.set_modules({name: self._beat(life, views[name]) for name, life in self._lives.items()})

    def _alters_views(self, name: str) -> bool:
        life = self._lives.get(name)
        return life is None or _shown(life) != self._shown.get(name)

    def _all_lives(self) -> Iterable[ModuleLife]:
        """Every life; something happens to all of them."""
        self._touched.update(self._lives)
        return self._lives.values()

    def _earliest(self, now: float) -> float | None:
        for name in self._touched:
            self._due.pop(name, None)
            if (life := self._lives.get(name)) and (due := life.next_deadline()) is not None:
                self._due[name] = due
        if self._touched:
            self._soonest = min(self._due.values(), default=None)
            self._touched.clear()
        times = [self.membership.next_deadline(), self.traffic.next_deadline(now), self._soonest]
        if not self._listened:
            times.append(max(now, self.membership.listening_until()))
        if self._lives:
            times.append(now + self.window / 2)  # an idle node, too, must notice that it stood still
        earliest = min((t for t in times if t is not None), default=None)
        return None if earliest is None else max(now, earliest)  # what is overdue is promised for now: late only once

    def _beat(self, life: ModuleLife, view: tuple[Member, ...]) -> ModuleBeat:
        if shared := self.traffic.beat(life.config.name):
            return shared
        return replace(_bare_beat(life), epoch=epoch_of([(node, 1) for node in life.config.nodes], "", view))

    def _members(self, life: ModuleLife, now: float) -> tuple[Member, ...]:
        """The living nodes of a module: this one by its own knowledge, peers by their heartbeats.

        A light module has no peers, wherever else it may run.
        """
        if life.config.mode is Mode.LIGHT:
            return (Member(self.me, self._session, _bare_beat(life)),)
        peers = [m for m in self.membership.module_view(life.config, now) if m.node != self.me]
        return (Member(self.me, self._session, _bare_beat(life)), *peers)


def _shown(life: ModuleLife) -> tuple[object, ...]:
    """What the views take from a life."""
    return life.config, life.state, life.status, life.restarting


def _bare_beat(life: ModuleLife) -> ModuleBeat:
    return ModuleBeat(life.state, life.status, life.config.mode, restarting=life.restarting)
