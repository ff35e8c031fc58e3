"""Many whole cores in virtual time: each gets what the agent around it would give it, and its CPU time is counted."""

import gc
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import inf
from random import Random
from time import thread_time_ns
from types import FunctionType, ModuleType

from nodeagent.contract.config import ClusterConfig, Lan, ModuleConfig, NodeAddress
from nodeagent.contract.states import Action, Mode
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.heartbeat import ModuleEntry, Page, Sealer
from nodeagent.core.membership import Membership
from nodeagent.core.node import Node
from nodeagent.core.outgoing import Outgoing
from nodeagent.core.view import Member
from tests.fakes.network import FakeNetwork

LAN = "default"
WEB = "web"
KEY = b"one key for everybody".ljust(32, b".")
DELAY = 0.005
"""Seconds that a datagram takes at most."""
LATE = 0.0001
"""Seconds by which a timer is late."""
HEARD, LOST, GOODBYE = "is heard", "lost", "said goodbye"


def names(count: int) -> tuple[str, ...]:
    return tuple(f"n{i}" for i in range(count))


def address(name: str) -> str:
    number = int(name[1:])
    return f"10.0.{number // 250}.{number % 250 + 1}"


def cluster(nodes: Collection[str], pulse: float) -> ClusterConfig:
    """All configurations are the same one for the heartbeats, whatever part of it a node is given."""
    lan = Lan(LAN, tuple(NodeAddress(name, address(name)) for name in nodes))
    return ClusterConfig((lan,), pulse=pulse, signature="one")


def in_clusters(nodes: Sequence[str], most: int, pulse: float) -> dict[str, ClusterConfig]:
    """Each node's configuration, when as many as possible are together, at most so many."""
    parts = [nodes[first : first + most] for first in range(0, len(nodes), most)]
    return {name: config for part in parts for config in [cluster(part, pulse)] for name in part}


def watched(nodes: Sequence[str], watchers: int, pulse: float) -> dict[str, ClusterConfig]:
    """The first few nodes hear all; each of the others, to save time, hears and is heard by these few alone."""
    few, whole = nodes[:watchers], cluster(nodes, pulse)
    return {name: whole if name in few else cluster((*few, name), pulse) for name in nodes}


class MasklessOutgoing(Outgoing):
    """Says nothing of whom this node hears, which has room for 64 nodes."""

    def _page_with(self, index: int, hears: Sequence[int], modules: list[ModuleEntry]) -> Page:
        return super()._page_with(index, (), modules)


class MasklessMembership(Membership):
    """A membership for more than 64 nodes."""

    def __init__(self, session: bytes, uuid: str, sealer: Sealer, version: str, ports: tuple[int, int]) -> None:
        super().__init__(session, uuid, sealer, version, ports)
        self._outgoing = MasklessOutgoing(session, uuid, sealer, version, ports, protocols=self._protocols)


@dataclass(slots=True)
class Spent:
    """What went through a core, and its CPU time in seconds."""

    received: int = 0
    sent: int = 0
    sent_bytes: int = 0
    receiving: float = 0.0
    ticking: float = 0.0
    """Sending, and judging who is silent."""


@dataclass(slots=True)
class Agent:
    """One core and what surrounds it."""

    name: str
    config: ClusterConfig
    node: Node
    skew: float
    """Its clock = virtual time + skew."""
    wake: float = inf
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True)
class Said:
    """A core's line for the log about a peer. `what`: HEARD, LOST or GOODBYE."""

    at: float
    by: str
    peer: str
    what: str


class Crowd:
    """Nodes on one network, `configs` by name. `web`: each has a farm module of that name, without scripts."""

    def __init__(
        self, configs: Mapping[str, ClusterConfig], sealer: Sealer, seed: int, *, web: bool, maskless: bool = False
    ) -> None:
        self.random = Random(seed)
        self.network = FakeNetwork(self.random)
        self.network.delay = DELAY
        self.now = 100.0
        self.agents: dict[str, Agent] = {}
        """Those that run."""
        self.said: list[Said] = []
        self._configs, self._sealer, self._web = configs, sealer, web
        self._membership = MasklessMembership if maskless else Membership
        self._wakes: list[tuple[float, int, Agent]] = []
        self._starts: list[tuple[float, str]] = []
        self._numbers = count()

    # --- what happens to nodes ------------------------------------------------------------------

    def start(self, names: Collection[str], within: float) -> None:
        """These agents start, each at its own chance moment within so many seconds from now."""
        for name in names:
            heappush(self._starts, (self.now + self.random.uniform(0.0, within), name))

    def kill(self, names: Collection[str]) -> None:
        """They are gone now, without a word."""
        for name in names:
            self.agents.pop(name).wake = inf

    def leave(self, names: Collection[str]) -> None:
        """They end as they should."""
        for name in names:
            self._handle(self.agents[name], ev.AgentStopping())
        self.kill(names)

    def run(self, seconds: float) -> None:
        """Let this much time pass."""
        end = self.now + seconds
        while (at := self._next()) <= end:
            self.now = max(self.now, at)
            while self._starts and self._starts[0][0] <= self.now:
                self._begin(heappop(self._starts)[1])
            for delivery in self.network.deliveries(self.now):
                if agent := self.agents.get(delivery.target):
                    self._receive(agent, ev.DatagramReceived(LAN, address(delivery.source), delivery.data))
            while self._wakes and self._wakes[0][0] <= self.now:
                planned, _, agent = heappop(self._wakes)
                if agent.wake == planned:
                    self._tick(agent)
        self.now = end

    # --- what is seen ---------------------------------------------------------------------------

    def all_hear_all(self) -> bool:
        """Whether every node counts as alive exactly those of its peers that run."""
        for agent in self.agents.values():
            peers = agent.node.peers(self.now + agent.skew)
            if {peer.name for peer in peers if peer.alive} != self._running(agent) - {agent.name}:
                return False
        return True

    def all_agree(self) -> bool:
        """Whether all nodes of a cluster have the same view of `web`, and it names those that run."""
        views: dict[int, set[frozenset[tuple[str, bytes]]]] = {}
        for agent in self.agents.values():
            view = self._view(agent)
            if {member.node for member in view} != self._running(agent):
                return False
            views.setdefault(id(agent.config), set()).add(frozenset((m.node, m.session) for m in view))
        return all(len(different) == 1 for different in views.values())

    def _running(self, agent: Agent) -> set[str]:
        return self.agents.keys() & set(agent.config.nodes)

    def _view(self, agent: Agent) -> tuple[Member, ...]:
        return agent.node.view(WEB, self.now + agent.skew)

    # --- inside ---------------------------------------------------------------------------------

    def _next(self) -> float:
        starts = self._starts[0][0] if self._starts else inf
        wakes = self._wakes[0][0] if self._wakes else inf
        arrival = self.network.next_at
        return min(starts, wakes, inf if arrival is None else arrival)

    def _begin(self, name: str) -> None:
        config, session = self._configs[name], self.random.randbytes(16)
        membership = self._membership(session, f"uuid-{name}", self._sealer, "1.0", (9453, 9010))
        agent = self.agents[name] = Agent(name, config, Node(membership, session), self.random.uniform(0.0, 1e6))
        self._handle(agent, ev.ClusterConfigured(config, name, (KEY,)))
        if self._web:
            module = ModuleConfig(WEB, Mode.FARM, config.nodes)
            self._handle(agent, ev.ModuleConfigured(module, 1, record=ev.ModuleRecord()))
            self._handle(agent, ev.ActionOrdered(WEB, Action.START, "admin", ticket=1))

    def _handle(self, agent: Agent, event: ev.Event) -> None:
        self._carry_out(agent, agent.node.handle(event, self.now + agent.skew))

    def _receive(self, agent: Agent, event: ev.DatagramReceived) -> None:
        began = thread_time_ns()
        effects = agent.node.handle(event, self.now + agent.skew)
        agent.spent.receiving += (thread_time_ns() - began) / 1e9
        agent.spent.received += 1
        self._carry_out(agent, effects)

    def _tick(self, agent: Agent) -> None:
        agent.wake = inf
        began = thread_time_ns()
        effects = agent.node.tick(self.now + agent.skew)
        agent.spent.ticking += (thread_time_ns() - began) / 1e9
        self._carry_out(agent, effects)

    def _carry_out(self, agent: Agent, effects: Sequence[do.Effect]) -> None:
        for effect in effects:
            match effect:
                case do.SendDatagram():
                    agent.spent.sent += 1
                    agent.spent.sent_bytes += len(effect.data)
                    self.network.send(self.now, effect.lan, agent.name, effect.peer, effect.data)
                case do.RecordLine(origin="membership"):
                    self._note(agent.name, effect.text)
                case do.SaveState():
                    self._handle(agent, ev.StateSaved(effect.module, effect.serial))
        self._arm(agent)

    def _note(self, by: str, text: str) -> None:
        peer, _, rest = text.partition(" ")
        if what := next((what for what in (HEARD, LOST, GOODBYE) if rest.startswith(what)), ""):
            self.said.append(Said(self.now, by, peer, what))

    def _arm(self, agent: Agent) -> None:
        deadline = agent.node.next_deadline()
        if deadline is None:
            return
        at = max(deadline - agent.skew, self.now) + LATE
        if at < agent.wake:
            agent.wake = at
            heappush(self._wakes, (at, next(self._numbers), agent))


def weight(root: object, shared: Collection[object] = ()) -> int:
    """Bytes of an object and of all that it alone leads to: no code, and nothing of what is `shared`."""
    seen = {id(one) for one in shared}
    waiting, total = [root], 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | FunctionType):
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        waiting += gc.get_referents(one)
    return total
