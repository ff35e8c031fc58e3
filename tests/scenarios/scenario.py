"""A scenario file: a story in plain words above a line of dashes, what came of it below.

    nodes a b c                     three machines, one module `web` on all (first line)
    config maxloop 3, drain 0.5, … what differs from the plain module (before `start`)
    start | stop | restart | stopstart | forcestop  [nodes]     an administrator's order
    advance 3                       seconds go by
    cut a b | part a | heal         a hears nothing of … ; a alone ; all links work
    kill-app b | kill-agent b | power-off b | start-agent b | stop-agent b
    freeze a 5 | clock b 31536000 | disk b full|good | key rotate
    config checks web gw db         checkers of these: tcp.web (both), ping.gw (pre, the module waits), custom.db
    config fall 2, rise 2           so many bad or good looks in a row, of all chosen checkers
    revise checks gw, fall 3        another revision of the module, on all nodes
    config own restart 3            a rule of the user's: custom.db down for 3 s → restart
    check b ping.gw bad|good|hangs|unknown     what a checker finds
    set b custom.db down | switch b checker off|on [5]     by command; for so many seconds only
    run-without b start|stop        an administrator's order
    script b start_both hangs|fails 3|stops-itself|takes 2|starts nothing|good
    status | why b                  what is shown

Every line of the outcome is a time, a node and what it did; a `>` line repeats the story.
"""

from random import Random

from msgspec.structs import replace

from nodeagent.contract.config import (
    CheckerRule,
    ClusterConfig,
    Failover,
    Health,
    Lan,
    ModuleConfig,
    Monitoring,
    NodeAddress,
    ProcRule,
    UserScripts,
)
from nodeagent.contract.failover_rules import Comparison, FailoverRule
from nodeagent.contract.states import Action, Boot, LogType, Mode, ResourceState, Script
from nodeagent.core import effects as do
from nodeagent.core import events as ev
from tests.fakes.machine import FakeMachine, FakeScript
from tests.simulation.farm import Farm

LINE = "-" * 78
MODULE = "web"
GOOD = {
    Script.START_BOTH: FakeScript(0.3, starts=("app",)),
    Script.STOP_BOTH: FakeScript(0.2, stops=True),
    Script.PRESTART: FakeScript(0.05),
    Script.POSTSTOP: FakeScript(0.05),
    Script.TRANSITION: FakeScript(0.05),
}
_EVERY_SECOND = (("interval", "1"),)
CHECKERS = {
    "web": CheckerRule("tcp", "web", "both", Action.RESTART, fall=2, warmup=5.0, params=_EVERY_SECOND),
    "gw": CheckerRule("ping", "gw", "pre", Action.WAIT, warmup=5.0, params=_EVERY_SECOND),
    "db": CheckerRule("custom", "db", "both", None, params=_EVERY_SECOND),
}


class Scenario:
    """Plays the lines of one story."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.farm = Farm(Random(1), ClusterConfig((Lan("default", ()),)))
        self.begin = self.farm.world.now
        self.config = ModuleConfig(
            MODULE,
            Mode.FARM,
            boot=Boot.IGNORE,
            user=UserScripts(nicestoptimeout=3.0, forcestoptimeout=2.0),
            monitoring=Monitoring(5.0, (ProcRule("app", "both", action=Action.RESTART),)),
        )

    def play(self, line: str) -> None:
        """One line of the story."""
        self.said.append(f"> {line}")
        verb, *words = line.split()
        getattr(self, f"_{verb.replace('-', '_')}")(*words)

    def _nodes(self, *names: str) -> None:
        lan = Lan("default", tuple(NodeAddress(name, f"10.0.0.{i}") for i, name in enumerate(names, 1)))
        self.farm = Farm(Random(1), ClusterConfig((lan,), pulse=0.1, slost_count=10, signature="one"))
        for machine in self.farm.machines.values():
            machine.scripts = dict(GOOD)
            machine.observe = self._observe

    def _config(self, *words: str) -> None:
        for change in " ".join(words).split(", ") if words else ():
            name, value, *_ = change.split()
            values = change.split()[1:]
            match name:
                case "drain":
                    self.config = replace(self.config, health=Health(drain=float(value)))
                case "process":
                    rule = ProcRule(value, "both", action=Action.RESTART)
                    self.config = replace(self.config, monitoring=Monitoring(5.0, (rule,)))
                case "maxloop":
                    self.config = replace(self.config, maxloop=int(value))
                case "boot":
                    self.config = replace(self.config, boot=Boot(value))
                case "polltimer":
                    assert self.config.monitoring is not None
                    self.config = replace(
                        self.config, monitoring=replace(self.config.monitoring, polltimer=float(value))
                    )
                case "action":
                    rule = ProcRule("app", "both", action=None if value == "noaction" else Action(value))
                    self.config = replace(self.config, monitoring=Monitoring(5.0, (rule,)))
                case "checks":
                    chosen = tuple(CHECKERS[one] for one in values)
                    self.config = replace(self.config, checkers=chosen)
                case "fall" | "rise":
                    counted = tuple(replace(one, **{name: int(value)}) for one in self.config.checkers)
                    self.config = replace(self.config, checkers=counted)
                case "own":
                    own = FailoverRule("own", Comparison("custom", "db", ResourceState.DOWN), Action(value))
                    self.config = replace(self.config, failover=Failover(handle_time=float(values[1]), rules=(own,)))
                case _:
                    raise LookupError(f"config knows no {name!r}")

    def _revise(self, *words: str) -> None:
        self._config(*words)
        self.farm.add_module(replace(self.config, nodes=self.farm.cluster.nodes))

    def _begin(self) -> None:
        if not self.farm.modules:
            self._revise()
            for machine in self.farm.machines.values():
                machine.start_agent()

    def _order(self, action: Action, names: tuple[str, ...]) -> None:
        self._begin()
        for name in names or self.farm.cluster.nodes:
            self.farm.machines[name].order(MODULE, action)

    def _start(self, *names: str) -> None:
        self._order(Action.START, names)

    def _stop(self, *names: str) -> None:
        self._order(Action.STOP, names)

    def _restart(self, *names: str) -> None:
        self._order(Action.RESTART, names)

    def _stopstart(self, *names: str) -> None:
        self._order(Action.STOPSTART, names)

    def _forcestop(self, *names: str) -> None:
        self._order(Action.FORCESTOP, names)

    def _advance(self, seconds: str) -> None:
        self._begin()
        self.farm.world.advance(float(seconds))

    def _check(self, name: str, checker: str, what: str) -> None:
        self._begin()
        self.farm.machines[name].looks_like[checker] = what

    def _set(self, name: str, resource: str, state: str) -> None:
        self.farm.machines[name].set_resource(MODULE, resource, ResourceState(state))

    def _switch(self, name: str, switch: str, how: str, seconds: str = "") -> None:
        until = self.farm.world.now + float(seconds) if seconds else None
        self.farm.machines[name].tell(ev.SwitchSet(MODULE, switch, how == "on", "admin", until))

    def _run_without(self, name: str, how: str) -> None:
        self._begin()
        self.farm.machines[name].tell(ev.RunWithoutOrdered(MODULE, how == "start", "admin"))

    def _cut(self, source: str, target: str) -> None:
        self.farm.network.cut(source, target, "default")

    def _part(self, *names: str) -> None:
        self.farm.network.part(set(names), set(self.farm.cluster.nodes) - set(names), "default")

    def _heal(self) -> None:
        self.farm.network.heal()

    def _kill_app(self, name: str) -> None:
        assert self.farm.machines[name].kill_process("app"), "nothing to kill"

    def _kill_agent(self, name: str) -> None:
        self.farm.machines[name].kill_agent()

    def _start_agent(self, name: str) -> None:
        self.farm.machines[name].start_agent()

    def _stop_agent(self, name: str) -> None:
        self.farm.machines[name].tell(ev.AgentStopping())
        self.farm.machines[name].kill_agent()

    def _power_off(self, name: str) -> None:
        self.farm.machines[name].power_off()

    def _freeze(self, name: str, seconds: str) -> None:
        self.farm.machines[name].freeze(float(seconds))

    def _clock(self, name: str, seconds: str) -> None:
        machine = self.farm.machines[name]
        machine.wall_offset += float(seconds)
        machine.tell(ev.WallClockRead(machine.wall_offset))

    def _disk(self, name: str, how: str) -> None:
        self.farm.machines[name].disk_error = {"full": "No space left on device", "good": ""}[how]

    def _key(self, _rotate: str) -> None:
        old, new = self.farm.keys[0], b"the new key".ljust(32, b".")
        for keys in ((old, new), (new, old), (new,)):
            self.farm.configure(self.farm.cluster, keys)
            self.farm.world.advance(0.5)

    def _script(self, name: str, script: str, how: str, value: str = "") -> None:
        good = GOOD[Script(script)]
        self.farm.machines[name].scripts[Script(script)] = {
            "hangs": lambda: FakeScript(hangs=True),
            "fails": lambda: FakeScript(0.1, exit_code=int(value), says="port 80 in use"),
            "stops-itself": lambda: FakeScript(0.1, orders=((Action.STOP, script),), says=f"{script} failed"),
            "takes": lambda: FakeScript(float(value), starts=good.starts, stops=good.stops),
            "starts": lambda: FakeScript(0.1),
            "good": lambda: good,
        }[how]()

    def _status(self) -> None:
        for machine in self.farm.machines.values():
            if machine.agent is None:
                self._tell(machine, "no agent")
                continue
            state, status = machine.shown(MODULE)
            view = " ".join(sorted(member.node for member in machine.agent.view(MODULE, self.farm.world.now)))
            answer = 200 if machine.health.get(MODULE) and not machine.frozen else 404
            self._tell(machine, f"is {state} {status}, ready.txt {answer}, served by: {view or 'nobody'}")

    def _why(self, name: str) -> None:
        machine = self.farm.machines[name]
        self._tell(machine, f"why: {machine.why(MODULE) or 'it is green'}")

    def _observe(self, machine: FakeMachine, effect: do.Effect) -> None:
        match effect:
            case do.RecordLine() if effect.type is not LogType.DEBUG:
                self._tell(machine, f"[{effect.type}] {effect.text}")
            case do.SetHealth():
                self._tell(machine, f"ready.txt {200 if effect.ready else 404}")
            case do.RunScript():
                self._tell(machine, f"runs {' '.join((effect.script, *effect.args))}")
            case do.KillScript():
                self._tell(machine, "kills the process tree of a script")
            case do.AnswerOrder() if not effect.accepted:
                self._tell(machine, f"refuses: {effect.text}")

    def _tell(self, machine: FakeMachine, text: str) -> None:
        self.said.append(f"{self.farm.world.now - self.begin:7.2f} {machine.name} {text}")


def play(text: str) -> str:
    """The whole file as it should be: the story, the line, the outcome."""
    story = text.split(LINE, 1)[0].rstrip("\n")
    scenario = Scenario()
    for line in story.splitlines():
        if line.strip() and not line.startswith("#"):
            scenario.play(line)
    return "\n".join([story, LINE, *scenario.said, ""])
