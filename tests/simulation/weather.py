"""Brings faults over a farm: draws machines, ends what does not last, heals everything at last."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from nodeagent.contract.states import ResourceState, Script
from nodeagent.core.traffic_messages import LansBound
from tests.fakes.machine import FakeMachine, FakeScript
from tests.simulation.farm import CALM, Farm, good_scripts


@dataclass(frozen=True, slots=True)
class Ambush:
    """What somebody waits for, and does `delay` seconds after it."""

    node: str
    module: str
    phase: str
    delay: float
    then: Callable[[], None]


@dataclass
class Weather:
    """Brings faults over a farm; `touched` are the machines whose modules may be meddled with."""

    farm: Farm
    random: Random
    touched: tuple[str, ...]
    until: float
    """When everything will be healed; no freeze lasts much longer."""
    healed: bool = False
    said: Callable[[str, str], None] = lambda kind, text: None
    before_injection: Callable[[FakeMachine, bool], Callable[[], None]] | None = None
    stops: Callable[[str], None] = lambda node: None
    left: Callable[[str], None] = lambda node: None
    ambushes: list[Ambush] = field(default_factory=list)
    lossy: int = 0
    slow: int = 0
    turning: bool = False
    rotations: int = 0

    def entered(self, node: str, module: str, phase: str) -> None:
        """A module has got into a phase: somebody may have waited for that."""
        for ambush in [a for a in self.ambushes if (a.node, a.module, a.phase) == (node, module, phase)]:
            self.ambushes.remove(ambush)
            self.later(ambush.delay, ambush.then)

    def crash(self, machine: FakeMachine, power: bool = False) -> None:
        """The agent, or the whole machine, is gone for a moment."""
        if machine.agent is not None:
            self.kill(machine, power)
            self.later(0.05, lambda: self.revive(machine))

    def heal(self) -> None:
        """Nothing is wrong any more: network, machines, disks, scripts."""
        self.farm.before_change()
        self.healed = True
        self.farm.network.heal()
        self.farm.network.loss = self.farm.network.doubled = 0.0
        self.farm.network.delay = CALM
        for machine in self.farm.machines.values():
            machine.disk_error, machine.disk_delay = "", 0.002
            machine.scripts = good_scripts(self.random)
            machine.handler = FakeScript(starts=("app",))
            machine.looks_like.clear()
            machine.kernel.refuses = machine.kernel.refuses_slots = ""
            if machine.bound != frozenset(self.farm.lans):
                machine.bound = frozenset(self.farm.lans)
                machine.tell(LansBound(machine.bound))
            if machine.agent is None:
                machine.start_agent()
            for module in machine.modules:
                for _ in range(3):
                    machine.set_resource(module, "custom.db", ResourceState.UP, "dbcheck")
                if (vip := self.farm.modules[module].vip) and vip.scriptcontrol:
                    machine.turn_gate(module, True, "admin")

    # --- drawing ------------------------------------------------------------------------------

    def any_machine(self) -> FakeMachine:
        return self.farm.machines[self.random.choice(self.farm.cluster.nodes)]

    def touched_machine(self) -> FakeMachine | None:
        return self.farm.machines[self.random.choice(self.touched)] if self.touched else None

    def living(self) -> FakeMachine | None:
        """A machine that may be meddled with and whose agent lives."""
        machine = self.touched_machine()
        return machine if machine and machine.agent else None

    def module_of(self, machine: FakeMachine) -> str | None:
        """One of its modules."""
        return self.random.choice(sorted(machine.modules)) if machine.modules else None

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do it then, unless all was healed before."""
        self.farm.world.after(seconds, lambda: None if self.healed else action())

    def revive(self, machine: FakeMachine) -> None:
        """The agent comes up, unless it did already."""
        if machine.agent is None:
            self.farm.before_change()
            machine.start_agent()

    def kill(self, machine: FakeMachine, power: bool) -> None:
        """kill -9, or the whole machine."""
        self.farm.before_change()
        if power:
            machine.power_off()
        else:
            machine.kill_agent()

    def behave(self, machine: FakeMachine, script: Script, behaviour: FakeScript) -> None:
        """A script behaves so for some seconds."""
        good = machine.scripts[script]
        machine.scripts[script] = behaviour

        def again() -> None:
            if machine.scripts[script] is behaviour:
                machine.scripts[script] = good

        self.later(self.random.uniform(1.0, 8.0), again)
