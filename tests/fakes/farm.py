"""Several Memberships over a FakeNetwork in virtual time, with deaths, freezes and VM pauses."""

import math
from dataclasses import dataclass, field
from random import Random

from nodeagent.contract.config import ClusterConfig, Lan, ModuleConfig, NodeAddress
from nodeagent.contract.states import Mode, State, Status
from nodeagent.core.effects import SendDatagram
from nodeagent.core.freeze import FreezeDetector
from nodeagent.core.heartbeat import ModuleBeat
from nodeagent.core.membership import Membership
from nodeagent.core.slots import slot_plan
from nodeagent.core.verdicts import PeerChange
from nodeagent.core.view import Member, epoch_of, view_of
from tests.fakes.network import FakeNetwork
from tests.fakes.sealer import FakeSealer

KEY = b"k" * 32
READY = ModuleBeat(State.UP, Status.READY)


def cluster(nodes: int, lans: int = 1, **changes: object) -> ClusterConfig:
    names = [f"node{n}" for n in range(1, nodes + 1)]
    return ClusterConfig(
        lans=tuple(
            Lan(f"lan{k}", tuple(NodeAddress(name, f"10.0.{k}.{i}") for i, name in enumerate(names, 1)))
            for k in range(1, lans + 1)
        ),
        signature="one",
        **changes,  # type: ignore[arg-type]
    )


@dataclass
class FakeAgent:
    """What an agent does around a Membership: sends, wakes up in time, doubts itself."""

    name: str
    membership: Membership
    session: bytes
    skew: float
    """Its core clock = virtual time + skew."""
    freezes: FreezeDetector = field(default_factory=FreezeDetector)
    stopped_until: float = 0.0
    keeps: bool = True
    """While it is stopped its sockets keep what arrives (a SIGSTOP), or lose it (a VM pause)."""
    waiting: list[tuple[str, str, bytes]] = field(default_factory=list)
    log: list[PeerChange] = field(default_factory=list)
    jumps: int = 0


class FakeFarm:
    def __init__(self, config: ClusterConfig, seed: int = 1) -> None:
        self.random = Random(seed)
        self.network = FakeNetwork(self.random)
        self.config = config
        self.module = ModuleConfig("web", Mode.FARM, nodes=config.nodes)
        self.now = 0.0
        self.agents: dict[str, FakeAgent] = {}

    def start(self, name: str, **changes: object) -> FakeAgent:
        options = {"uuid": f"uuid-{name}", "sealer": FakeSealer(), "version": "1", "ports": (9453, 9010)} | changes
        session = self.random.randbytes(16)
        agent = FakeAgent(name, Membership(session, **options), session, self.random.uniform(0, 1e6))  # type: ignore[arg-type]
        self.agents[name] = agent
        agent.membership.configure(self.config, name, (KEY,), self.now + agent.skew)
        agent.membership.set_modules({"web": READY})
        return agent

    def start_all(self) -> None:
        for name in self.config.nodes:
            self.start(name)
        self.run(self.config.window + 0.5)

    def kill(self, name: str) -> None:
        del self.agents[name]

    def freeze(self, name: str, seconds: float) -> None:
        """SIGSTOP: the clock runs on, datagrams wait in the socket."""
        self._stop(name, seconds, keeps=True)

    def pause(self, name: str, seconds: float) -> None:
        """A VM pause: its clock stands still too, what arrives is lost."""
        self._stop(name, seconds, keeps=False)
        self.agents[name].skew -= seconds

    def _stop(self, name: str, seconds: float, keeps: bool) -> None:
        agent = self.agents[name]
        agent.stopped_until, agent.keeps = self.now + seconds, keeps

    def leave(self, name: str) -> None:
        agent = self.agents[name]
        self._send(agent, agent.membership.leave(self.now + agent.skew))
        self.kill(name)

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        wakes = {name: self._wakes(agent) for name, agent in self.agents.items()}
        while True:
            due = min([*wakes.values(), self.network.next_at or math.inf])
            if due > end:
                break
            self.now = max(self.now, due)
            for delivery in self.network.deliveries(self.now):
                if agent := self.agents.get(delivery.target):
                    if agent.stopped_until <= self.now:
                        self._receive(agent, delivery.lan, delivery.source, delivery.data)
                    elif agent.keeps and len(agent.waiting) < 200:
                        agent.waiting.append((delivery.lan, delivery.source, delivery.data))
                    wakes[agent.name] = self._wakes(agent)
            for name, at in wakes.items():
                if at <= self.now:
                    self._wake(self.agents[name])
                    wakes[name] = self._wakes(self.agents[name])
        self.now = end

    def alive(self, name: str) -> set[str]:
        agent = self.agents[name]
        return {p.name for p in agent.membership.peers(self.now + agent.skew, 0.0) if p.alive}

    def view(self, name: str) -> tuple[Member, ...]:
        agent = self.agents[name]
        me = Member(name, agent.session, READY)
        return view_of((me, *agent.membership.module_view(self.module, self.now + agent.skew)))

    def epoch(self, name: str) -> int:
        return epoch_of([(node, 1) for node in self.config.nodes], "", self.view(name))

    def owners(self, name: str) -> tuple[str | None, ...]:
        plan = slot_plan(tuple((node, 1) for node in self.config.nodes))
        return plan.owners({member.node for member in self.view(name)})

    def said(self, name: str) -> list[str]:
        agent = self.agents[name]
        agent.log += agent.membership.changes()
        return [change.text for change in agent.log]

    def _wakes(self, agent: FakeAgent) -> float:
        deadline = agent.membership.next_deadline()
        if deadline is None:
            return math.inf
        return max(deadline - agent.skew, agent.stopped_until, self.now if agent.waiting else 0.0)

    def _wake(self, agent: FakeAgent) -> None:
        local = self.now + agent.skew
        if agent.freezes.observe(local, agent.membership.next_deadline(), self.config.window) is not None:
            agent.membership.forgive(local)
        waiting, agent.waiting = agent.waiting, []
        for lan, source, data in waiting:
            self._receive(agent, lan, source, data)
        self._send(agent, agent.membership.tick(local))

    def _receive(self, agent: FakeAgent, lan: str, source: str, data: bytes) -> None:
        local = self.now + agent.skew
        self._send(agent, agent.membership.receive(lan, source, data, local))
        if agent.membership.counters_jumped(local) is not None:
            agent.jumps += 1
            agent.membership.forgive(local)

    def _send(self, agent: FakeAgent, datagrams: list[SendDatagram]) -> None:
        for datagram in datagrams:
            self.network.send(self.now, datagram.lan, agent.name, datagram.peer, datagram.data)
