"""A whole farm in virtual time: FakeMachines with real Nodes, joined by a FakeNetwork, drawn from a seed."""

from collections.abc import Callable
from random import Random

from msgspec.structs import replace

from nodeagent.contract.config import ClusterConfig, ModuleConfig, VirtualIp
from nodeagent.contract.states import Script
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from nodeagent.core.traffic_messages import LansBound, SendProbe
from tests.fakes.machine import FakeMachine, FakeScript, FakeWorld
from tests.fakes.network import FakeNetwork
from tests.fakes.sealer import FakeSealer
from tests.fakes.vip_kernel import INTERFACE, probe_frame

SCRIPTS = frozenset({Script.PRESTART, Script.POSTSTOP, Script.TRANSITION, Script.START_BOTH, Script.STOP_BOTH})
CALM = 0.02
"""Delay of a network without a fault, seconds at most."""
KEY_ID = slice(4, 12)
"""Where a heartbeat names its key."""
WIRE = "the wire"
"""What carries the probe frames, beside the lans of the heartbeats."""


def good_scripts(random: Random) -> dict[Script, FakeScript]:
    """Scripts that do what they should, each in its own time."""
    return {
        Script.START_BOTH: FakeScript(random.uniform(0.02, 0.8), starts=("app",), gate=True),
        Script.STOP_BOTH: FakeScript(random.uniform(0.02, 0.8), stops=True, gate=False),
        Script.PRESTART: FakeScript(random.uniform(0.01, 0.2)),
        Script.POSTSTOP: FakeScript(random.uniform(0.01, 0.2)),
        Script.TRANSITION: FakeScript(random.uniform(0.01, 0.1)),
    }


class Farm:
    """The machines, their network and what a fault can do to them."""

    def __init__(self, random: Random, cluster: ClusterConfig) -> None:
        self.random = random
        self.world = FakeWorld()
        self.network = FakeNetwork(random)
        self.network.delay = CALM
        self.cluster = cluster
        self.keys: tuple[bytes, ...] = (b"first key".ljust(32, b"."),)
        self.machines = {name: self._machine(name) for name in self.cluster.nodes}
        self.modules: dict[str, ModuleConfig] = {}
        self.former_vips: dict[str, VirtualIp] = {}
        """What a revision has taken away and another may bring back: two rule sets at once would be another story."""
        self.before_change: Callable[[], None] = lambda: None
        """Called before anything about who can hear whom changes."""
        self.delivered: dict[str, list[tuple[str, int, bytes]]] = {}
        """Node → (lan, how often its agent was started; bytes) of the last datagrams.

        0: it could not read it, or refused it, so that it need not know it when it comes again.
        """
        self._pump_at = float("inf")
        self._addresses = _addresses(cluster)
        self._commits = 0
        self._committed: dict[str, int] = {}

    def _machine(self, name: str) -> FakeMachine:
        made = FakeMachine(name, self.world, self._send, FakeSealer(), self.cluster, self.keys)
        made.scripts = good_scripts(self.random)
        made.may_reboot = True
        made.bound = frozenset(self.lans)
        made.kernel.send = lambda effect: self._send_frame(name, effect)
        return made

    def add_module(self, config: ModuleConfig) -> None:
        """Commit a module to its nodes."""
        self.modules[config.name] = config
        for node in config.nodes:
            self.machines[node].install(config, SCRIPTS)

    def members(self, module: str) -> list[FakeMachine]:
        """The machines that have it."""
        return [self.machines[node] for node in self.modules[module].nodes]

    def window(self, module: str) -> float:
        """Silence after which a module's node is lost, seconds."""
        farm = self.modules[module].farm
        own = (farm.pulse or self.cluster.pulse) * (farm.slost_count or self.cluster.slost_count)
        return max(own, self.cluster.window)

    @property
    def lans(self) -> tuple[str, ...]:
        """The lans of the cluster by name."""
        return tuple(lan.name for lan in self.cluster.lans)

    # --- the network --------------------------------------------------------------------------

    def _send(self, sender: str, effect: do.SendDatagram) -> None:
        self.network.send(self.world.now, effect.lan, sender, effect.peer, effect.data)
        self._pump()

    def _send_frame(self, sender: str, effect: SendProbe) -> None:
        """To everybody but the sender, as a switch floods it."""
        for name in self.cluster.nodes:
            if name != sender:
                self.network.send(self.world.now, WIRE, sender, name, effect.data)
        self._pump()

    def _pump(self) -> None:
        at = self.network.next_at
        if at is not None and at < self._pump_at:
            self._pump_at = at
            self.world.after(at - self.world.now, lambda: self._deliver(at))

    def _deliver(self, planned: float) -> None:
        if self._pump_at != planned:
            return
        self._pump_at = float("inf")
        for delivery in self.network.deliveries(self.world.now):
            if delivery.lan == WIRE:
                frame = probe_frame(SendProbe("", INTERFACE, "", delivery.data), delivery.source)
                self.machines[delivery.target].tell(frame)
                continue
            source = self._addresses[delivery.lan, delivery.source]
            machine, runs = self.machines[delivery.target], self.runs(delivery.target)
            readable = delivery.data[KEY_ID] in map(machine.sealer.key_id, machine.keys)
            starts, refused = machine.starts, machine.refusals
            machine.tell(ev.DatagramReceived(delivery.lan, source, delivery.data))
            if runs:
                known = self.delivered.setdefault(delivery.target, [])
                taken = readable and machine.refusals == refused
                known.append((delivery.lan, starts if taken else 0, delivery.data))
                del known[:-20]
        self._pump()

    def carries(self, source: str, target: str, lan: str) -> bool:
        """Whether a direction of a lan is whole now, leaving the machines aside."""
        return not self.network.loss and self.network.delay <= CALM and (source, target, lan) not in self.network.cuts

    def joined(self, one: str, other: str, lans: tuple[str, ...] = ()) -> bool:
        """Whether two machines can hear each other both ways on one of the lans."""
        names = lans or self._shared(one, other)
        return any(self.carries(one, other, lan) and self.carries(other, one, lan) for lan in names)

    def _shared(self, *nodes: str) -> set[str]:
        """The lans that both have: while a change is committed, one may have others than the other."""
        clusters = [cluster for node in nodes if (cluster := self.machines[node].cluster)]
        return set[str].intersection(*({lan.name for lan in cluster.lans} for cluster in clusters))

    def wired(self, one: str, other: str) -> bool:
        """Whether probe frames go both ways between two machines."""
        return self.carries(one, other, WIRE) and self.carries(other, one, WIRE)

    def runs(self, name: str) -> bool:
        """Whether the agent of this machine lives and is not frozen."""
        machine = self.machines[name]
        return machine.agent is not None and not machine.frozen

    # --- configuration ------------------------------------------------------------------------

    def change_module(self, name: str, **changes: object) -> None:
        """Commit another revision to all nodes of the module."""
        config = replace(self.modules[name], signature=f"{self.modules[name].signature}+", **changes)
        self.modules[name] = config
        for machine in self.members(name):
            machine.install(config, SCRIPTS)

    def configure(self, cluster: ClusterConfig, keys: tuple[bytes, ...]) -> None:
        """Commit cluster configuration and keys to all machines, one after the other."""
        self.before_change()
        self.cluster, self.keys = cluster, keys
        self._addresses |= _addresses(cluster)
        self._commits += 1
        number = self._commits
        for machine in self.machines.values():
            self.world.after(self.random.uniform(0.0, 0.2), lambda m=machine: self._commit(m, cluster, keys, number))

    def _commit(self, machine: FakeMachine, cluster: ClusterConfig, keys: tuple[bytes, ...], number: int) -> None:
        if number < self._committed.get(machine.name, 0):
            return  # a later one was faster
        self._committed[machine.name] = number
        self.before_change()
        before = machine.cluster
        machine.cluster, machine.keys = cluster, keys
        machine.tell(ev.ClusterConfigured(cluster, machine.name, keys))
        if machine.bound and before and before.lans != cluster.lans:
            machine.bound = frozenset(lan.name for lan in cluster.lans)
            machine.tell(LansBound(machine.bound))


def _addresses(cluster: ClusterConfig) -> dict[tuple[str, str], str]:
    return {(lan.name, node.node): node.addr for lan in cluster.lans for node in lan.nodes}
