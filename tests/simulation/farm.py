"""A whole farm in virtual time: FakeMachines with real Nodes, joined by a FakeNetwork, drawn from a seed."""

from collections.abc import Callable
from random import Random

from msgspec.structs import replace

from nodeagent.contract.config import (
    CheckerRule,
    ClusterConfig,
    Failover,
    FarmLans,
    Health,
    Lan,
    ModuleConfig,
    Monitoring,
    NodeAddress,
    ProcRule,
    UserScripts,
)
from nodeagent.contract.failover_rules import Comparison, Conjunction, FailoverRule
from nodeagent.contract.states import Action, Boot, Mode, ResourceState, Script
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from tests.fakes.machine import FakeMachine, FakeScript, FakeWorld
from tests.fakes.network import FakeNetwork
from tests.fakes.sealer import FakeSealer

SCRIPTS = frozenset({Script.PRESTART, Script.POSTSTOP, Script.TRANSITION, Script.START_BOTH, Script.STOP_BOTH})
CALM = 0.02
"""Delay of a network without a fault, seconds at most."""
HEARTBEATS = ((0.2, 8), (0.25, 6), (0.25, 8), (0.3, 5), (0.4, 5), (0.5, 4))
"""(pulse, slost_count): windows between 1.5 and 2.0 s."""


def good_scripts(random: Random) -> dict[Script, FakeScript]:
    """Scripts that do what they should, each in its own time."""
    return {
        Script.START_BOTH: FakeScript(random.uniform(0.02, 0.8), starts=("app",)),
        Script.STOP_BOTH: FakeScript(random.uniform(0.02, 0.8), stops=True),
        Script.PRESTART: FakeScript(random.uniform(0.01, 0.2)),
        Script.POSTSTOP: FakeScript(random.uniform(0.01, 0.2)),
        Script.TRANSITION: FakeScript(random.uniform(0.01, 0.1)),
    }


def drawn_cluster(random: Random) -> ClusterConfig:
    """Two to five nodes, one or two lans with every node on them, a pulse that keeps runs cheap."""
    names = [f"n{i}" for i in range(1, 1 + random.choice((2, 2, 3, 3, 3, 4, 5)))]
    pulse, count = (0.1, 10) if random.random() < 0.04 else random.choice(HEARTBEATS)
    lans = tuple(
        Lan(f"lan{k}", tuple(NodeAddress(name, f"10.0.{k}.{i}") for i, name in enumerate(names, 1)))
        for k in range(1, 2 + (random.random() < 0.35))
    )
    return ClusterConfig(lans, pulse=pulse, slost_count=count, signature="first")


def drawn_module(random: Random, name: str, cluster: ClusterConfig) -> ModuleConfig:
    """A farm module on all or some of the nodes, with small time-outs."""
    nodes = cluster.nodes
    if len(nodes) > 2 and random.random() < 0.3:
        chosen = random.sample(nodes, random.randint(2, len(nodes) - 1))
        nodes = tuple(node for node in nodes if node in chosen)
    lans = (random.choice(cluster.lans).name,) if random.random() < 0.4 else tuple(lan.name for lan in cluster.lans)
    own_window = (cluster.pulse, cluster.slost_count + 2) if random.random() < 0.15 else (0.0, 0)
    return ModuleConfig(
        name,
        Mode.FARM,
        nodes=nodes,
        boot=random.choice((Boot.ON, Boot.ON, Boot.AUTO, Boot.AUTO, Boot.OFF, Boot.IGNORE)),
        boot_delay=random.choice((0.0, 0.7)),
        maxloop=random.randint(1, 3),
        loop_interval=random.choice((86400.0, 86400.0, 5.0, 10.0)),
        restart_delay=random.choice((0.0, 0.3, 1.0)),
        restart_delay_max=4.0,
        farm=FarmLans(lans, *own_window),
        user=UserScripts(
            nicestoptimeout=random.uniform(1.0, 2.0),
            forcestoptimeout=random.uniform(0.5, 1.5),
            starttimeout=random.choice((0.0, 1.5, 2.5)),
            act_on_exitcode=random.random() < 0.5,
        ),
        monitoring=drawn_monitoring(random) if random.random() < 0.9 else None,
        checkers=drawn_checkers(random),
        failover=drawn_failover(random),
        automatic_reboot=random.random() < 0.05,
        health=Health(random.choice((0.0, 0.5, 1.0)), random.randint(1, 2)),
        signature="one",
    )


def drawn_monitoring(random: Random) -> Monitoring:
    """One watched process, which start_both starts."""
    action = random.choice((Action.RESTART, Action.RESTART, Action.STOPSTART, Action.STOPSTART, Action.STOP, None))
    handler = "repair" if action is Action.STOPSTART and random.random() < 0.5 else ""
    rule = ProcRule("app", "both", action=action, handler=handler, grace=random.choice((0.0, 0.0, 0.2)))
    return Monitoring(random.uniform(1.0, 3.0), (rule,))


def drawn_checkers(random: Random) -> tuple[CheckerRule, ...]:
    """Some of a tcp checker of the application, a ping that the module waits for, and a custom program."""

    def rule(kind: str, ident: str, when: str, action: Action | None) -> CheckerRule:
        return CheckerRule(
            kind,
            ident,
            when,
            action,
            fall=random.randint(1, 3),
            rise=random.randint(1, 2),
            warmup=random.choice((0.0, 1.0, 2.5)),
            params=(("interval", f"{random.uniform(0.3, 1.0):.2f}"),),
        )

    drawn = (
        rule("tcp", "web", "both", random.choice((Action.RESTART, Action.STOPSTART, None))),
        rule("ping", "gw", random.choice(("pre", "pre", "both")), Action.WAIT),
        rule("custom", "db", random.choice(("pre", "both")), random.choice((None, None, Action.RESTART))),
    )
    return tuple(one for one in drawn if random.random() < 0.6)


def drawn_failover(random: Random) -> Failover:
    """Sometimes a rule of the user's own, over what is set by command and what the scan says."""
    if random.random() < 0.5:
        return Failover()
    down = ResourceState.DOWN
    condition = random.choice(
        (
            Comparison("custom", "db", down),
            Comparison("custom", "*", down),
            Conjunction((Comparison("proc", "app", ResourceState.UP), Comparison("custom", "db", down))),
        )
    )
    action = random.choice((Action.WAIT, Action.RESTART, Action.STOPSTART))
    return Failover(handle_time=random.choice((0.0, 0.5, 2.0)), rules=(FailoverRule("own", condition, action),))


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
        self.before_change: Callable[[], None] = lambda: None
        """Called before anything about who can hear whom changes."""
        self.delivered: dict[str, list[tuple[str, int, bytes]]] = {}
        """Node → (lan, how often its agent was started, bytes) of the last datagrams it has read."""
        self._pump_at = float("inf")

    def _machine(self, name: str) -> FakeMachine:
        made = FakeMachine(name, self.world, self._send, FakeSealer(), self.cluster, self.keys)
        made.scripts = good_scripts(self.random)
        made.may_reboot = True
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

    # --- the network --------------------------------------------------------------------------

    def _send(self, sender: str, effect: do.SendDatagram) -> None:
        self.network.send(self.world.now, effect.lan, sender, effect.peer, effect.data)
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
            if self.runs(delivery.target):
                known = self.delivered.setdefault(delivery.target, [])
                known.append((delivery.lan, self.machines[delivery.target].starts, delivery.data))
                del known[:-20]
            source = self._address(delivery.lan, delivery.source)
            self.machines[delivery.target].tell(ev.DatagramReceived(delivery.lan, source, delivery.data))
        self._pump()

    def _address(self, lan: str, node: str) -> str:
        found = next(one for one in self.cluster.lans if one.name == lan).address_of(node)
        return found.addr if found else ""

    def carries(self, source: str, target: str, lan: str) -> bool:
        """Whether a direction of a lan is whole now, leaving the machines aside."""
        return not self.network.loss and self.network.delay <= CALM and (source, target, lan) not in self.network.cuts

    def joined(self, one: str, other: str, lans: tuple[str, ...] = ()) -> bool:
        """Whether two machines can hear each other both ways on one of the lans."""
        lans = lans or tuple(lan.name for lan in self.cluster.lans)
        return any(self.carries(one, other, lan) and self.carries(other, one, lan) for lan in lans)

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
        for machine in self.machines.values():
            self.world.after(self.random.uniform(0.0, 0.2), lambda m=machine: self._commit(m, cluster, keys))

    def _commit(self, machine: FakeMachine, cluster: ClusterConfig, keys: tuple[bytes, ...]) -> None:
        self.before_change()
        machine.cluster, machine.keys = cluster, keys
        machine.tell(ev.ClusterConfigured(cluster, machine.name, keys))
