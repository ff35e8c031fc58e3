"""A machine with one module in virtual time, for the tests of a module's life."""

from nodeagent.contract.config import CheckerRule, ModuleConfig, Monitoring, ProcRule, UserScripts
from nodeagent.contract.states import Action, Mode, Script, State, Status
from nodeagent.contract.status import ModuleStatus
from tests.fakes.machine import FakeMachine, FakeScript, FakeWorld
from tests.fakes.sealer import FakeSealer

APP = ProcRule("app", "both", action=Action.RESTART)
FARM = ModuleConfig(
    "farm",
    Mode.FARM,
    user=UserScripts(nicestoptimeout=20, forcestoptimeout=10),
    monitoring=Monitoring(10.0, (APP,)),
)
ALL_SCRIPTS = frozenset({Script.PRESTART, Script.POSTSTOP, Script.TRANSITION, Script.START_BOTH, Script.STOP_BOTH})
UP_READY = (State.UP, Status.READY)
UP_TRANSIENT = (State.UP, Status.TRANSIENT)
STOPPED = (State.STOP, Status.NOT_READY)
HELD = (State.WAIT, Status.NOT_READY)
WAITING = (State.WAIT, Status.TRANSIENT)

SECOND = (("interval", "1"),)
WEB = CheckerRule("tcp", "web", "both", Action.RESTART, warmup=5.0, params=SECOND)
GW = CheckerRule("ping", "gw", "pre", Action.WAIT, warmup=5.0, params=SECOND)
DB = CheckerRule("custom", "db", "both", None, params=SECOND)


def machine(config: ModuleConfig = FARM, **scripts: FakeScript) -> FakeMachine:
    """A machine with one module; start_both starts `app`, stop_both ends it."""
    one = FakeMachine("n1", FakeWorld(), lambda sender, effect: None, FakeSealer())
    one.scripts = {
        Script.START_BOTH: FakeScript(starts=("app",)),
        Script.STOP_BOTH: FakeScript(stops=True),
        **{Script(name): behaviour for name, behaviour in scripts.items()},
    }
    one.start_agent()
    one.install(config, ALL_SCRIPTS)
    return one


def started(config: ModuleConfig = FARM, **scripts: FakeScript) -> FakeMachine:
    """The same, started and green."""
    one = machine(config, **scripts)
    one.order("farm", Action.START)
    one.world.advance(2)
    assert one.shown("farm") == UP_READY, one.why("farm")
    return one


def status(one: FakeMachine) -> ModuleStatus:
    """What the agent shows of the module."""
    assert one.agent is not None
    (module,) = one.agent.modules(one.world.now)
    return module


def starts(one: FakeMachine) -> int:
    """How often start_both ran."""
    return len([ran for ran in one.ran if ran[0] == "start_both"])
